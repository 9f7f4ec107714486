"""Why an LSTM remembers: it adds two numbers that it saw many steps apart, which a plain RNN does not learn.

The task is that of Hochreiter and Schmidhuber (Long short-term memory, 1997): of 50 numbers two are marked, one in each
half, and the answer at the end is their sum. Both networks are as wide, see the same sequences and train alike. Beside
their losses the picture shows why they part: how much of the gradient of the loss arrives at each step before the end
(Bengio, Simard and Frasconi, Learning long-term dependencies with gradient descent is difficult, 1994). Prints how
many new sums are right, and draws lstm_sequence.png; dashed is the gradient after training. It takes 40 seconds.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import Module, Tensor, mse_loss, nn, no_grad, optim

LENGTH, WIDTH, BATCH, STEPS = 50, 32, 16, 3000
COLORS = {"LSTM": "#0b4f8a", "RNN": "#b34700"}


class Adder(Module):
    """A recurrent layer that reads a sequence, and a linear one that makes a number of its last state."""

    def __init__(self, layer, rng):
        self.layer, self.top = layer, nn.Linear(WIDTH, 1, rng=rng)

    def forward(self, x):
        states, _ = self.layer(x)
        return self.top(states[-1])[:, 0]


def examples(rng, count):
    """Sequences of (number, mark), (LENGTH, count, 2); and the sum of the two numbers whose mark is 1."""
    numbers, marks = rng.random((LENGTH, count)), np.zeros((LENGTH, count))
    for start in (0, LENGTH // 2):
        marks[start + rng.integers(0, LENGTH // 2, count), np.arange(count)] = 1
    return np.stack([numbers, marks], axis=-1), np.sum(numbers * marks, axis=0)


def gradient_by_step(model, x, y):
    """The norm of the gradient of the loss by what is read at each step, the mean over sequences."""
    x = Tensor(x)
    mse_loss(model(x), y).backward()
    return np.linalg.norm(x.grad, axis=-1).mean(axis=-1)


def train(model, rng):
    optimizer, losses = optim.Adam(model.parameters(), lr=0.01), []
    schedule = optim.LinearLR(optimizer, 1, 0.05, total_iters=STEPS)
    for _ in range(STEPS):
        x, y = examples(rng, BATCH)
        loss = mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


models = {"LSTM": Adder(nn.LSTM(2, WIDTH, rng=0), rng=1), "RNN": Adder(nn.RNN(2, WIDTH, rng=0), rng=1)}
# The forget gates begin open (Gers, Schmidhuber and Cummins, Learning to forget, 2000)
models["LSTM"].layer.bias_ih_l0.data[WIDTH : 2 * WIDTH] = 2.0

some, new = examples(np.random.default_rng(2), 256), examples(np.random.default_rng(3), 1000)
losses, before, after = {}, {}, {}
for name, model in models.items():
    before[name] = gradient_by_step(model, *some)
    losses[name] = train(model, np.random.default_rng(4))
    after[name] = gradient_by_step(model, *some)
    with no_grad():
        errors = np.asarray(model(new[0])) - new[1]
    reached = before[name][0] / before[name][-1]
    print(
        f"{name:4} {np.mean(np.abs(errors) < 0.1):4.0%} of 1,000 new sums right to 0.1, mean squared error "
        f"{np.mean(errors**2):.4f}; before training {reached:.0e} of the gradient reached the first step"
    )
print(f"who always answers 1 has a mean squared error of {np.mean((1 - new[1]) ** 2):.4f}")

figure = Figure(figsize=(11, 4.2), layout="constrained")
left, right = figure.subplots(1, 2)


def label(axes, text, x, y, color, offset=(5, 0), **place):
    axes.annotate(text, (x, y), offset, textcoords="offset points", color=color, **{"va": "center"} | place)


left.plot([0, STEPS], [1 / 6, 1 / 6], ":", color="#777777")
label(left, "always answering 1", 100, 1 / 6, "#777777", (0, -12))
for name, values in losses.items():
    smooth = np.convolve(values, np.ones(50) / 50, "valid")
    left.semilogy(np.arange(49, STEPS), smooth, color=COLORS[name])
    label(left, name, STEPS, smooth[-1], COLORS[name])
left.set(xlabel="training step", ylabel="mean squared error")
left.set_title("Only the LSTM learns to add", loc="left")
back = np.arange(LENGTH)[::-1]
for name in models:
    right.semilogy(back, before[name], color=COLORS[name])
    right.semilogy(back, after[name], color=COLORS[name], linestyle="--")
    label(right, f"{name} before training", back[0], before[name][0], COLORS[name], (5, -6))
    label(right, f"{name} after", back[0], after[name][0], COLORS[name], (5, 6))
right.set(xlabel="steps before the end", ylabel="gradient by the input of a step (norm)")
right.set_title("The RNN's gradient vanishes on the way back", loc="left")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
figure.savefig("lstm_sequence.png", dpi=120)
