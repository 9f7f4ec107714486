"""A small ConvNet with batch normalization and dropout reads handwritten digits.

Prints how many unseen digits it reads rightly, at least 98.5 %, and draws in digits_convnet.png which digit is read as
which, the filters of the first layer, and what each of them finds in a digit.
"""

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tensorgrad import Adam, nn, no_grad, relu, softmax_cross_entropy
from tensorgrad.data import batches

EPOCHS = 25

images, labels = load_digits(return_X_y=True)  # 1797 images of 8 x 8, from 0 to 16
images = images.reshape(-1, 1, 8, 8) / 16
images, new_images, labels, new_labels = train_test_split(images, labels, test_size=500, random_state=0)

rng = np.random.default_rng(0)
first = nn.Conv2d(1, 16, 3, padding=1, rng=rng)
model = nn.Sequential(
    first, nn.BatchNorm2d(16), relu,
    nn.Conv2d(16, 32, 3, padding=1, rng=rng), nn.BatchNorm2d(32), relu, nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1, rng=rng), nn.BatchNorm2d(64), relu, nn.MaxPool2d(2),
    lambda x: x.reshape(len(x), -1), nn.Dropout(0.5, rng=rng), nn.Linear(64 * 2 * 2, 10, rng=rng),
)  # fmt: skip
print(f"{sum(p.size for p in model.parameters())} parameters, {len(images)} images to learn from")

optimizer = Adam(model.parameters(), lr=3e-3)
for epoch in range(EPOCHS):
    losses = []
    for x, y in batches(images, labels, 64, rng):
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
    found = relu(model[1](first(shown))).data[0]
right = np.sum(answers == new_labels)
print(f"{right} of {len(new_labels)} unseen digits read rightly, {right / len(new_labels):.1%}")
assert right / len(new_labels) >= 0.985

confusion = np.zeros((10, 10), int)
np.add.at(confusion, (new_labels, answers), 1)

# The picture: on the left which digit is read as which, on the right the first layer
figure = Figure(figsize=(11, 5))
left, right_half = figure.add_gridspec(
    1, 2, width_ratios=[1, 1.35], left=0.05, right=0.985, top=0.87, bottom=0.11, wspace=0.1
)
axes = figure.add_subplot(left)
rate = confusion / confusion.sum(axis=1, keepdims=True)
signed = np.where(np.eye(10, dtype=bool), rate, -20 * rate)  # errors are few: a paler colour wouldn't be seen
axes.imshow(np.where(confusion > 0, signed, np.nan), cmap="RdBu", vmin=-1.3, vmax=1.3)
for i, j in zip(*np.nonzero(confusion), strict=True):
    axes.text(j, i, confusion[i, j], ha="center", va="center", color="white" if i == j else "#222222")
axes.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="digit")
axes.set_title(f"{right} of {len(new_labels)} unseen digits read rightly", pad=12, size=11)

largest = np.abs(first.weight.data).max()
for place, kernel, map_ in zip(right_half.subgridspec(4, 4, wspace=0.15), first.weight.data[:, 0], found, strict=True):
    filter_axes, map_axes = place.subgridspec(1, 2, wspace=0.06).subplots()
    filter_axes.imshow(kernel, cmap="RdBu", vmin=-largest, vmax=largest)
    map_axes.imshow(map_, cmap="gray_r", vmin=0, vmax=0.7 * found.max())
digit_axes = figure.add_axes((0.945, 0.885, 0.04, 0.088))
digit_axes.imshow(shown[0, 0], cmap="gray_r")
for axes in figure.axes[1:]:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color("#bbbbbb")
figure.text(
    0.935, 0.915, "Filters of the first layer (blue: positive), and what each finds in this 3:", ha="right", size=12
)
figure.savefig("digits_convnet.png", dpi=120)
