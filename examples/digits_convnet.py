"""A small ConvNet with batch normalization and dropout reads handwritten digits.

Prints how many unseen digits it reads correctly, at least 98.5 %, and draws in digits_convnet.png which digit is read
as which, the filters of the first layer, and what each of them finds in a digit.
"""

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tensorgrad import Adam, nn, no_grad, softmax_cross_entropy
from tensorgrad.data import batches

EPOCHS = 25

images, labels = load_digits(return_X_y=True)  # 1797 images of 8 x 8, from 0 to 16
images = images.reshape(-1, 1, 8, 8) / 16
images, new_images, labels, new_labels = train_test_split(images, labels, test_size=500, random_state=0)

rng = np.random.default_rng(0)
first = nn.Conv2d(1, 16, 3, padding=1, rng=rng)
model = nn.Sequential(
    first, nn.BatchNorm2d(16), nn.ReLU(),
    nn.Conv2d(16, 32, 3, padding=1, rng=rng), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1, rng=rng), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.5, rng=rng), nn.Linear(64 * 2 * 2, 10, rng=rng),
)  # fmt: skip
print(f"{sum(p.size for p in model.parameters())} parameters, {len(images)} images to learn from")

optimizer = Adam(model.parameters(), lr=3e-3)
for epoch in range(EPOCHS):
    losses = []
    for x, y in batches(images, labels, 64, rng=rng):
        loss = softmax_cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        losses.append(loss.item())
    optimizer.lr *= 0.88
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")

model.eval()  # from now on with the means and variances of all batches, and without dropout
with no_grad():
    answers = model(new_images).data.argmax(axis=1)
    shown = new_images[np.flatnonzero(new_labels == 3)[:1]]
    found = model[:3](shown).data[0]
right = np.sum(answers == new_labels)
print(f"{right} of {len(new_labels)} unseen digits read correctly, {right / len(new_labels):.1%}")
assert right / len(new_labels) >= 0.985

# The picture: which digit is read as which, and the first layer
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (new_labels, answers), 1)
figure = Figure(figsize=(12, 4.7))
axes = figure.add_axes((0.045, 0.11, 0.33, 0.78))
sign = np.where(np.eye(10, dtype=bool), 1, -0.5) * (confusion > 0)
axes.pcolormesh(sign, cmap="RdBu", vmin=-1.2, vmax=1.2, edgecolors="white", linewidth=1)
for i, j in zip(*np.nonzero(confusion), strict=True):
    axes.text(j + 0.5, i + 0.5, confusion[i, j], ha="center", va="center", color="white" if i == j else "black")
axes.set(xlabel="read as", ylabel="digit", ylim=(10, 0), aspect="equal")
axes.set(xticks=np.arange(10) + 0.5, xticklabels=range(10), yticks=np.arange(10) + 0.5, yticklabels=range(10))
axes.tick_params(length=0)
axes.spines[:].set_visible(False)
axes.set_title(f"{right} of {len(new_labels)} unseen digits read correctly", loc="left", size=12)

cells = figure.add_gridspec(4, 4, left=0.42, right=0.99, bottom=0.04, top=0.86, wspace=0.12, hspace=0.12)
largest = np.abs(first.weight.data).max()
for cell, kernel, map_ in zip(cells, first.weight.data[:, 0], found, strict=True):
    filter_axes, map_axes = cell.subgridspec(1, 2, wspace=0.04).subplots()
    filter_axes.imshow(kernel, cmap="RdBu", vmin=-largest, vmax=largest)
    map_axes.imshow(map_, cmap="gray_r", vmin=0, vmax=0.7 * found.max())
figure.text(
    0.42, 0.91, "Filters of the first layer (blue adds, red subtracts), and what each finds in this 3:", size=11
)
figure.add_axes((0.955, 0.885, 0.035, 0.0895)).imshow(shown[0, 0], cmap="gray_r")
for axes in figure.axes[1:]:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#bbbbbb")
figure.savefig("digits_convnet.png", dpi=120)
