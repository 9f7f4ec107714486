"""Trains a small network in PyTorch on scikit-learn's digits, and writes what examples/pytorch_weights.py starts from:
pytorch_digits.safetensors, beside this file, with the weights and the network's outputs for the first test images.

It needs torch, safetensors and scikit-learn: python examples/data/make_pytorch_digits.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(0)
images, labels = load_digits(return_X_y=True)
images, test_images, labels, test_labels = train_test_split(images, labels, test_size=500, random_state=0)
X, test_X = (torch.tensor(x.reshape(-1, 1, 8, 8) / 16, dtype=torch.float32) for x in (images, test_images))
y, test_y = torch.tensor(labels), torch.tensor(test_labels)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64, 10),
)  # fmt: skip
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for _ in range(2):  # not for long: what is left is done here
    for batch in torch.randperm(len(X)).split(64):
        loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    outputs = model(test_X)
print(f"{(outputs.argmax(1) == test_y).float().mean():.1%} of the test images read rightly")
path = Path(__file__).with_name("pytorch_digits.safetensors")
save_file({**model.state_dict(), "outputs": outputs[:32]}, path)
