"""Take weights that PyTorch wrote, reproduce its outputs, train on here, and hand the weights back.

data/pytorch_digits.safetensors holds a small convolutional network that PyTorch has trained for two epochs on
scikit-learn's digits, and what it said of 32 test images (data/make_pytorch_digits.py made it). Here the same network
gives the same outputs, and is trained further, its convolutions first frozen and then not. The result is written as
digits.safetensors, which PyTorch reads; where it is installed, it gives the outputs that we give. PyTorch itself isn't
needed, but the package safetensors: pip install safetensors
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from tensorgrad import batches, nn, no_grad, optim, softmax_cross_entropy

images, labels = load_digits(return_X_y=True)
images = images.reshape(-1, 1, 8, 8).astype(np.float32) / 16
X, test_X, y, test_y = train_test_split(images, labels, test_size=500, random_state=0)


def network(nn, **dtype):
    """The network, of tensorgrad's layers or of PyTorch's: they have the same names and arguments."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False, **dtype), nn.BatchNorm2d(8, **dtype), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, bias=False, **dtype), nn.BatchNorm2d(16, **dtype), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64, 10, **dtype),
    )  # fmt: skip


def outputs_of(model):
    model.eval()
    with no_grad():
        return np.asarray(model(test_X))


def accuracy(outputs):
    return np.mean(outputs.argmax(axis=-1) == test_y)


def train(model, epochs, lr, rng):
    """Train what isn't frozen, at a rate that falls to 0."""
    optimizer = optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=lr)
    schedule = optim.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(epochs):
        model.train()
        losses = []
        for inputs, targets in batches(X, y, 32, rng=rng):
            loss = softmax_cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.step()
            losses.append(loss.item())
        schedule.step()
        print(f"  epoch {epoch + 1}: loss {np.mean(losses):.4f}, test accuracy {accuracy(outputs_of(model)):.1%}")


state = load_file(Path(__file__).parent / "data" / "pytorch_digits.safetensors")
their_outputs = state.pop("outputs")
model = network(nn, dtype=np.float32)
model.load_state_dict(state)
outputs = outputs_of(model)
apart = np.max(np.abs(outputs[:32] - their_outputs))
assert apart < 1e-4
print(f"PyTorch's outputs, from its weights: {apart:.0e} apart at most; test accuracy {accuracy(outputs):.1%}")

rng = np.random.default_rng(0)
print("train the last layer alone")
model.freeze()
model[-1].requires_grad_()
train(model, epochs=3, lr=3e-3, rng=rng)
print("train all of it")
model.requires_grad_()
train(model, epochs=8, lr=3e-3, rng=rng)

model.save("digits.safetensors")
outputs = outputs_of(model)
if find_spec("torch"):
    import torch
    from safetensors.torch import load_file as load_for_torch

    theirs = network(torch.nn)
    theirs.load_state_dict(load_for_torch("digits.safetensors"))
    theirs.eval()
    with torch.no_grad():
        apart = np.max(np.abs(theirs(torch.tensor(test_X)).numpy() - outputs))
    assert apart < 1e-4
    print(f"PyTorch with our weights: {apart:.0e} apart at most")
print(f"test accuracy {accuracy(outputs):.1%}")
