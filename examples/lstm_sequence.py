"""Why an LSTM remembers: it has to name, at the end of a sequence, the symbol that it began with.

A plain RNN of the same width gets the same examples and as many steps. Beside the two training curves the picture shows
why they part: how much of the gradient of the loss at the end arrives at each step before it (Hochreiter and
Schmidhuber, Long short-term memory, 1997; Bengio, Simard and Frasconi, Learning long-term dependencies with gradient
descent is difficult, 1994). Ends in the accuracies on new sequences, and lstm_sequence.png.
"""

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import Adam, Module, Tensor, no_grad, softmax_cross_entropy
from tensorgrad.nn import LSTM, RNN, Linear

LENGTH, SYMBOLS, OTHERS, WIDTH, BATCH, STEPS = 60, 8, 4, 32, 32, 500
COLORS = {"LSTM": "#0b4f8a", "RNN": "#b34700"}


class Recall(Module):
    """A recurrent layer that reads a sequence, and a linear one that names a symbol from its last state."""

    def __init__(self, layer, rng):
        self.layer, self.top = layer, Linear(WIDTH, SYMBOLS, rng=rng)

    def forward(self, x):
        output, _ = self.layer(x)
        return self.top(output[-1])


def examples(rng, count):
    """A symbol and then random others, one-hot (LENGTH, count, SYMBOLS + OTHERS); and the number of the first."""
    first = rng.integers(0, SYMBOLS, count)
    others = rng.integers(SYMBOLS, SYMBOLS + OTHERS, (LENGTH - 1, count))
    return np.eye(SYMBOLS + OTHERS)[np.concatenate([first[None], others])], first


def reach(model, x, y):
    """The norm of the gradient of the loss by the input of each step, the mean over sequences."""
    x = Tensor(x)
    softmax_cross_entropy(model(x), y, reduction="sum").backward()
    return np.linalg.norm(x.grad, axis=-1).mean(axis=-1)


models = {
    "LSTM": Recall(LSTM(SYMBOLS + OTHERS, WIDTH, rng=0), rng=1),
    "RNN": Recall(RNN(SYMBOLS + OTHERS, WIDTH, rng=0), rng=1),
}
# The forget gates begin almost open (Gers, Schmidhuber and Cummins, Learning to forget, 2000)
models["LSTM"].layer.bias_ih_l0.data[WIDTH : 2 * WIDTH] = 3.0

some = examples(np.random.default_rng(2), 64)
losses, before, after = {}, {}, {}
for name, model in models.items():
    before[name] = reach(model, *some)
    optimizer, rng, losses[name] = Adam(model.parameters(), lr=0.003), np.random.default_rng(3), []
    for _ in range(STEPS):
        x, y = examples(rng, BATCH)
        loss = softmax_cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        losses[name].append(loss.item())
    after[name] = reach(model, *some)
    with no_grad():
        x, y = examples(np.random.default_rng(4), 1000)
        right = np.mean(model(x).data.argmax(axis=-1) == y)
    print(
        f"{name:5}{right:6.1%} of 1,000 new sequences recalled; at first {before[name][0] / before[name][-1]:.0e} of "
        f"the last step's gradient arrived at the first step"
    )

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
for name, values in losses.items():
    smooth = np.convolve(values, np.ones(10) / 10, "valid")
    left.plot(np.arange(len(smooth)) + 9, smooth, color=COLORS[name])
    left.annotate(name, (STEPS, smooth[-1]), (-4, 7), textcoords="offset points", color=COLORS[name], ha="right")
left.axhline(np.log(SYMBOLS), color="#999999", linestyle=":")
left.annotate("guessing", (0, np.log(SYMBOLS)), (2, 4), textcoords="offset points", color="#777777")
left.set(xlabel="training step", ylabel="cross-entropy", ylim=(0, 2.4), title="naming the first symbol")
back = np.arange(LENGTH)[::-1]
for name in models:
    right.semilogy(back, before[name], color=COLORS[name], label=f"{name}, at first")
    right.semilogy(back, after[name], color=COLORS[name], linestyle="--", label=f"{name}, trained")
right.set(xlabel="steps back from the end", ylabel="norm of the gradient", title="what reaches each step")
right.legend()
figure.savefig("lstm_sequence.png", dpi=120)
