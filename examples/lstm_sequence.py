"""Why an LSTM remembers: it adds two numbers that it saw many steps apart, which a plain RNN never learns.

The task is that of Hochreiter and Schmidhuber (Long short-term memory, 1997): of 40 numbers two are marked, one in each
half, and the answer at the end is their sum. Both networks are as wide, see the same sequences and train alike. Beside
their losses the picture shows why they part: how much of the gradient of the loss arrives at each step before the end
(Bengio, Simard and Frasconi, Learning long-term dependencies with gradient descent is difficult, 1994). Takes half a
minute, prints how many new sums are right, and draws lstm_sequence.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import Module, Tensor, mse_loss, nn, no_grad, optim

LENGTH, WIDTH, BATCH, STEPS = 40, 32, 32, 1500
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
models["LSTM"].layer.bias_ih_l0.data[WIDTH : 2 * WIDTH] = 1.5

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

figure = Figure(figsize=(10, 4), layout="constrained")
left, right = figure.subplots(1, 2)
left.axhline(1 / 6, color="#777777", linestyle=":")
left.annotate("always answering 1", (0, 1 / 6), (4, 5), textcoords="offset points", color="#777777")
for name, values in losses.items():
    smooth = np.convolve(values, np.ones(25) / 25, "valid")
    left.semilogy(np.arange(len(smooth)) + 24, smooth, color=COLORS[name])
    left.annotate(name, (STEPS, smooth[-1]), (4, 0), textcoords="offset points", color=COLORS[name], va="center")
left.set(xlabel="training step", ylabel="mean squared error")
left.set_title("Only the LSTM learns to add", loc="left")
back = np.arange(LENGTH)[::-1]
for name in models:
    for gradient, style, when in ((before[name], "-", "before training"), (after[name], "--", "after")):
        right.semilogy(back, gradient, style, color=COLORS[name])
        place = (back[0], gradient[0])
        right.annotate(f"{name}, {when}", place, (4, 0), textcoords="offset points", color=COLORS[name], va="center")
right.set(xlabel="steps before the end", ylabel="norm of the loss's gradient by the input")
right.set_title("The RNN's gradient vanishes on the way back", loc="left")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
figure.savefig("lstm_sequence.png", dpi=120)
