"""Train a transformer of 4 layers and 4 heads to write Python, character by character, on the standard library.

Prints what it writes before and after, and draws the loss in char_transformer.png. It takes about three minutes;
python char_transformer.py 100 trains it for 100 steps only.
"""

import sys
import sysconfig
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tensorgrad import nn, no_grad, optim, softmax_cross_entropy

BLUE, ORANGE = "#0b4f8a", "#b34700"


class CharTransformer(nn.Module):
    """Scores for the character that comes next, at each place of a text: (N, L) ints -> (N, L, characters)."""

    def __init__(self, characters, width=64, context=64, layers=4, heads=4, dropout=0.0, rng=None, dtype=np.float64):
        rng = np.random.default_rng(rng)
        self.context = context
        self.character = nn.Embedding(characters, width, rng=rng, dtype=dtype)
        self.place = nn.Embedding(context, width, rng=rng, dtype=dtype)
        for table in (self.character, self.place):
            nn.init.normal_(table.weight, std=0.2, rng=rng)
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, batch_first=True, norm_first=True, rng=rng, dtype=dtype
        )
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width, dtype=dtype))
        self.head = nn.Linear(width, characters, rng=rng, dtype=dtype)

    def forward(self, text):
        x = self.character(text) + self.place(np.arange(text.shape[1]))
        return self.head(self.encoder(x, is_causal=True))  # each place sees itself and those before


def batch_of(text, size, context, rng):
    """Pieces of a text, and for each of their characters the one that comes next."""
    starts = rng.integers(0, len(text) - context, (size, 1))
    pieces = text[starts + np.arange(context + 1)]
    return pieces[:, :-1], pieces[:, 1:]


def training(model, text, steps, batch=16, lr=5e-3, max_norm=1.0, rng=None):
    """Train the model, and after each step give the loss, the learning rate and the norm that the gradient had."""
    rng = np.random.default_rng(rng)
    optimizer = optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)
    schedule = optim.OneCycleLR(optimizer, max_lr=lr, total_steps=steps, pct_start=0.1)
    for _ in range(steps):
        X, Y = batch_of(text, batch, model.context, rng)
        loss = softmax_cross_entropy(model(X), Y)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        norm = optim.clip_grad_norm_(model.parameters(), max_norm)
        rate = optimizer.lr
        optimizer.step()
        schedule.step()
        yield loss.item(), rate, float(norm)


def loss_on(model, text, batches=8):
    """The mean loss on pieces of a text that are the same each time."""
    rng, model = np.random.default_rng(1), model.eval()
    with no_grad():
        pieces = [batch_of(text, 16, model.context, rng) for _ in range(batches)]
        losses = [softmax_cross_entropy(model(X), Y).item() for X, Y in pieces]
    model.train()
    return float(np.mean(losses))


def written(model, alphabet, start, length, temperature=0.7, rng=None):
    """What the model writes after a start. (The largest of scores with Gumbel noise is a draw from their softmax.)"""
    rng, model = np.random.default_rng(rng), model.eval()
    text = [alphabet.index(c) for c in start]
    with no_grad():
        for _ in range(length):
            scores = model(np.array([text[-model.context :]]))[0, -1].data
            text.append(int(np.argmax(scores / temperature + rng.gumbel(size=scores.size))))
    model.train()
    return "".join(alphabet[i] for i in text)


def sources():
    """The sources of Python's standard library, as numbers of characters, and the alphabet."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    text = text.encode("ascii", "ignore").decode().replace("\t", "    ")
    alphabet = sorted(set(text))
    numbers = np.zeros(128, np.intp)
    numbers[[ord(c) for c in alphabet]] = np.arange(len(alphabet))
    return numbers[np.frombuffer(text.encode(), np.uint8)], alphabet


def cross_entropies(text, characters):
    """The loss of predictions by how often each character is there, and how often it is there after another."""
    pairs = np.bincount(text[:-1] * characters + text[1:], minlength=characters**2) / (len(text) - 1)
    first, both = (-np.sum(p[p > 0] * np.log(p[p > 0])) for p in (pairs.reshape(characters, -1).sum(axis=1), pairs))
    return {"frequencies of characters": first, "frequencies of pairs": both - first}


def drawn(history, checks, levels):
    """The loss, with what it would be for who knows less; below it the learning rate."""
    losses, rates, _ = np.transpose(history)
    steps, window = np.arange(1, len(losses) + 1), max(1, len(losses) // 40)
    means = np.convolve(losses, np.ones(window) / window, "valid")
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    top.plot(steps, losses, color=BLUE, alpha=0.25, linewidth=0.8)
    top.plot(steps[window // 2 :][: len(means)], means, color=BLUE)
    top.plot(*np.transpose(checks), "o", color=ORANGE, markersize=5)
    top.text(steps[-1], means[-1] - 0.3, "sources that it learns from", color=BLUE, ha="right", va="top")
    top.text(steps[-1], checks[-1][1] + 0.3, "other sources", color=ORANGE, ha="right", va="bottom")
    for name, level in levels.items():
        top.axhline(level, color="gray", linewidth=0.8, linestyle="--")
        top.text(steps[-1], level, f"knowing the {name}: {level:.2f}", ha="right", va="bottom", color="dimgray")
    top.set(ylabel="loss, nats a character", ylim=(0.8, 4.8))
    top.set_title(f"Its loss on Python that it hasn't seen falls to {checks[-1][1]:.2f} nats a character", loc="left")
    bottom.plot(steps, rates, color=BLUE)
    bottom.set(xlabel="step", ylabel="learning\nrate", ylim=(0, None))
    for axes in (top, bottom):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig("char_transformer.png", dpi=120)


def main(steps):
    text, alphabet = sources()
    split = len(text) * 9 // 10
    text, other = text[:split], text[split:]
    model = CharTransformer(len(alphabet), rng=0, dtype=np.float32)
    print(
        f"{len(text):,} characters, {len(alphabet)} different ones; {sum(p.size for p in model.parameters()):,} numbers"
    )
    print(f"--- before:\n{written(model, alphabet, 'import ', 200, rng=0)!r}")

    history, checks = [], [(0, loss_on(model, other))]
    for step, values in enumerate(training(model, text, steps, rng=0), 1):
        history.append(values)
        if step % max(1, steps // 10) == 0:
            checks.append((step, loss_on(model, other)))
            loss = np.mean([loss for loss, *_ in history[-50:]])
            print(f"step {step}: loss {loss:.3f}, on other sources {checks[-1][1]:.3f}", flush=True)
    print(f"--- after:\n{written(model, alphabet, 'import ', 280, rng=0)}")
    drawn(history, checks, cross_entropies(text, len(alphabet)))


if __name__ == "__main__":
    main(steps=int(sys.argv[1]) if len(sys.argv) > 1 else 1500)
