"""Train a network to read handwritten digits, with softmax cross-entropy, Adam and batches.

Prints how many unseen digits it reads rightly, and draws those that it doesn't in train_digits.png.
"""

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tensorgrad import MLP, Adam, no_grad, softmax_cross_entropy

images, labels = load_digits(return_X_y=True)  # 1797 images of 8 x 8, from 0 to 16
images, new_images, labels, new_labels = train_test_split(images / 16, labels, test_size=500, random_state=0)

rng = np.random.default_rng(0)
model = MLP(64, [64, 10], rng=rng)
optimizer = Adam(model.parameters(), lr=0.01)
for epoch in range(20):
    losses = []
    for batch in np.array_split(rng.permutation(len(images)), 20):
        loss = softmax_cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        losses.append(loss.item())
    optimizer.lr *= 0.9
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")

with no_grad():
    probabilities = model(new_images).softmax()
answers = probabilities.argmax(axis=-1)
wrong = np.flatnonzero(answers != new_labels)
print(f"{len(new_labels) - len(wrong)} of {len(new_labels)} unseen digits read rightly")

figure = Figure(figsize=(8, 3.6), layout="constrained")
for axes, i in zip(figure.subplots(2, 6).flat, wrong, strict=False):
    axes.imshow(new_images[i].reshape(8, 8), cmap="gray_r")
    axes.set_title(f"a {new_labels[i]}, read as {answers[i]}\nwith p = {probabilities.data[i].max():.2f}", fontsize=9)
for axes in figure.axes:
    axes.axis("off")
figure.savefig("train_digits.png", dpi=120)
