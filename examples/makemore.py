"""A network learns to make names: from counted pairs of letters to a tree of convolutions, makemore in numbers.

It goes the way of Andrej Karpathy's lectures (makemore, 2022, after Bengio et al., A neural probabilistic language
model, 2003), on the American first names of the package `names` (pip install names). Each model says how likely each
letter is to come next. Printed are its losses, of the names it learned from and of others, and names that it makes.

1. Pairs of letters, counted; and one layer, trained, which finds the same numbers.
2. Three letters give the next: an embedding, a hidden layer, BatchNorm.
3. The gradients of that network's step, derived by hand for each line of it, beside those of `backward`.
4. Eight letters, joined two by two and again, as in WaveNet (van den Oord et al., 2016, arXiv:1609.03499).

python examples/makemore.py 100 trains for so many steps, and not for 3000. It ends in the losses of all models.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

from tensorgrad import SGD, AdamW, Tensor, batches, log_softmax, nn, no_grad
from tensorgrad.losses import cross_entropy

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot stands at both ends of a name
rng = np.random.default_rng(0)


# The names ------------------------------------------------------------------------------------------------------------


def first_names():
    """The names of the census of 1990, in an order drawn at random."""
    found = importlib.util.find_spec("names")
    if found is None:
        raise SystemExit("this example needs a list of names: pip install names")
    files = [Path(found.origin).parent / f"dist.{sex}.first" for sex in ("female", "male")]
    names = {line.split()[0].lower() for path in files for line in path.read_text().splitlines()}
    return rng.permutation(sorted(names))


def examples(names, context):
    """For each letter of each name, and the dot behind it: the letters before, so many, and the letter."""
    X, y = [], []
    for name in names:
        numbers = [0] * context + [LETTERS.index(letter) for letter in name] + [0]
        for i in range(len(name) + 1):
            X.append(numbers[i : i + context])
            y.append(numbers[i + context])
    return np.array(X), np.array(y)


names = first_names()
train_names, other_names = np.split(names, [len(names) * 9 // 10])
results = {}


def report(title, loss, sample):
    """Print the losses of a model, and names that it makes.

    loss(names) is that of some names; sample(letters) gives the probabilities of the next letter.
    """
    results[title] = loss(train_names), loss(other_names)
    made = []
    for _ in range(10):
        numbers = [0]
        while numbers[-1] or len(numbers) == 1:
            numbers.append(rng.choice(27, p=sample(numbers)))
        made.append("".join(LETTERS[i] for i in numbers[1:-1]))
    print(f"{title}: loss {results[title][0]:.4f} on the names learned from, {results[title][1]:.4f} on others")
    print(f"  makes: {', '.join(made)}\n", flush=True)


# 1. Pairs of letters --------------------------------------------------------------------------------------------------


def count_pairs(names):
    """How often each letter follows each."""
    X, y = examples(names, 1)
    counts = np.zeros((27, 27))
    np.add.at(counts, (X[:, 0], y), 1)
    return counts


def loss_of_pairs(counts, log_probabilities):
    """The mean of -log p over all pairs, each as often as it is."""
    return -(counts * log_probabilities).sum() / counts.sum()


counts = count_pairs(train_names) + 0.1  # no pair is impossible
table = counts / counts.sum(axis=1, keepdims=True)
report(
    "pairs, counted",
    lambda names: loss_of_pairs(count_pairs(names), np.log(table)),
    lambda letters: table[letters[-1]],
)

layer = Tensor(np.zeros((27, 27)), name="logits")  # of the next letter, in the row of the last
optimizer = SGD([layer], lr=50.0, momentum=0.9)
for _ in range(1000):
    loss = loss_of_pairs(counts, log_softmax(layer))
    optimizer.zero_grad()
    loss.backward(retain_graph=False)
    optimizer.step()
learned = log_softmax(layer).data
report(
    "pairs, learned",
    lambda names: loss_of_pairs(count_pairs(names), learned),
    lambda letters: np.exp(learned[letters[-1]]),
)


# 2. A network that looks at three letters -----------------------------------------------------------------------------


def train(model, context):
    """Train on batches of 64, with a rate that falls to 0."""
    X, y = examples(train_names, context)
    optimizer = AdamW(model.parameters(), lr=0.01)
    step = 0
    while step < STEPS:
        for letters, following in batches(X, y, 64, rng=rng):
            loss = cross_entropy(model(letters), following)
            optimizer.zero_grad()
            loss.backward(retain_graph=False)
            optimizer.lr = 0.01 * (1 - step / STEPS)
            optimizer.step()
            step += 1
            if step == STEPS:
                break


def report_network(title, model, context):
    def loss(names):
        X, y = examples(names, context)
        return cross_entropy(model(X), y).item()

    def sample(letters):
        return model(np.array([([0] * context + letters)[-context:]])).softmax().data[0]

    model.eval()
    with no_grad():
        report(f"{title}, {sum(p.size for p in model.parameters())} parameters", loss, sample)


def three_letters(hidden=200, width=10):
    return nn.Sequential(
        nn.Embedding(27, width, rng=rng),
        nn.Flatten(),
        nn.Linear(3 * width, hidden, bias=False, rng=rng),
        nn.BatchNorm1d(hidden),
        nn.Tanh(),
        nn.Linear(hidden, 27, rng=rng),
    )


model = three_letters()
train(model, 3)
report_network("three letters", model, 3)


# 3. Its gradients by hand ---------------------------------------------------------------------------------------------


def by_hand(model, X, y, eps=1e-5):
    """The loss of a training step, written line by line; and the gradient of each line, derived by hand.

    Returns two dicts by name: of Tensors, and of gradients.
    """
    n = len(X)
    C, W1, W2, b2 = model[0].weight, model[2].weight, model[5].weight, model[5].bias
    gain, shift = model[3].weight, model[3].bias

    emb = C[X]
    flat = emb.reshape(n, -1)
    before = flat @ W1.T
    mean = before.sum(axis=0) / n
    diff = before - mean
    diff2 = diff**2
    var = diff2.sum(axis=0) / n
    var_inv = (var + eps) ** -0.5
    normal = diff * var_inv
    active = gain * normal + shift
    h = np.tanh(active)
    logits = h @ W2.T + b2
    largest = logits.max(axis=1, keepdims=True)
    shifted = logits - largest
    exps = np.exp(shifted)
    total = exps.sum(axis=1, keepdims=True)
    total_inv = total**-1
    probs = exps * total_inv
    logprobs = np.log(probs)
    loss = -logprobs[np.arange(n), y].mean()
    lines = {name: t for name, t in locals().items() if isinstance(t, Tensor)}
    loss.backward()

    v = {name: t.data for name, t in lines.items()}  # the numbers of each line; d is the gradient of each
    d = {"loss": np.ones(()), "logprobs": np.zeros((n, 27))}
    d["logprobs"][np.arange(n), y] = -1 / n
    d["probs"] = d["logprobs"] / v["probs"]
    d["total_inv"] = (d["probs"] * v["exps"]).sum(axis=1, keepdims=True)
    d["total"] = -d["total_inv"] * v["total"] ** -2
    d["exps"] = d["probs"] * v["total_inv"] + d["total"]
    d["shifted"] = d["exps"] * v["exps"]
    d["largest"] = -d["shifted"].sum(axis=1, keepdims=True)
    d["logits"] = d["shifted"] + (v["logits"] == v["largest"]) * d["largest"]
    d["b2"] = d["logits"].sum(axis=0)
    d["W2"] = d["logits"].T @ v["h"]
    d["h"] = d["logits"] @ v["W2"]
    d["active"] = d["h"] * (1 - v["h"] ** 2)
    d["shift"] = d["active"].sum(axis=0)
    d["gain"] = (d["active"] * v["normal"]).sum(axis=0)
    d["normal"] = d["active"] * v["gain"]
    d["var_inv"] = (d["normal"] * v["diff"]).sum(axis=0)
    d["var"] = -0.5 * d["var_inv"] * (v["var"] + eps) ** -1.5
    d["diff2"] = np.broadcast_to(d["var"] / n, v["diff2"].shape)
    d["diff"] = d["normal"] * v["var_inv"] + 2 * v["diff"] * d["diff2"]
    d["mean"] = -d["diff"].sum(axis=0)
    d["before"] = d["diff"] + d["mean"] / n
    d["W1"] = d["before"].T @ v["flat"]
    d["flat"] = d["before"] @ v["W1"]
    d["emb"] = d["flat"].reshape(v["emb"].shape)
    d["C"] = np.zeros_like(v["C"])
    np.add.at(d["C"], X, d["emb"])
    return lines, d


def in_one(model, X, y, lines, d):
    """The same of whole layers: cross entropy and BatchNorm each have a gradient of one line."""
    n, v = len(X), {name: t.data for name, t in lines.items()}
    logits = (v["probs"] - np.eye(27)[y]) / n
    sums = d["active"].sum(axis=0) + v["normal"] * (d["active"] * v["normal"]).sum(axis=0)
    return {"logits": logits, "before": v["gain"] * v["var_inv"] * (d["active"] - sums / n)}


def difference(a, b):
    return np.max(np.abs(a - b)) / max(1, np.max(np.abs(b)))


X, y = examples(train_names[:10], 3)
model = three_letters().train()
lines, d = by_hand(model, X, y)
assert lines.keys() == d.keys()
apart = {name: difference(d[name], lines[name].grad) for name in lines}
apart |= {f"{name} in one": difference(g, lines[name].grad) for name, g in in_one(model, X, y, lines, d).items()}
of_lines = [np.copy(p.grad) for p in model.parameters()]
model.zero_grad()
cross_entropy(model(X), y).backward()
for (name, p), grad in zip(model.named_parameters(), of_lines, strict=True):
    apart[f"{name} of the layers"] = difference(grad, p.grad)
print("gradients by hand of the three letters' network, and how far they are from those of backward")
for name, distance in apart.items():
    print(f"  {name:28} {distance:.0e}")
print(f"  {f'all {len(apart)}, at most':28} {max(apart.values()):.0e}\n", flush=True)
assert max(apart.values()) < 1e-12


# 4. Eight letters, two by two -----------------------------------------------------------------------------------------


class Tree(nn.Module):
    """Eight letters become four pairs, these two fours, and those one: each time by a convolution over two, which are
    not looked at again."""

    def __init__(self, hidden=64, width=16):
        self.embedding = nn.Embedding(27, width, rng=rng)
        self.join = nn.ModuleList(
            [nn.Conv1d(n, hidden, 2, stride=2, bias=False, rng=rng) for n in (width, hidden, hidden)]
        )
        self.norm = nn.ModuleList([nn.BatchNorm1d(hidden) for _ in self.join])
        self.output = nn.Linear(hidden, 27, rng=rng)

    def forward(self, letters):
        x = self.embedding(letters).swapaxes(1, 2)  # (batch, channels, letters)
        for join, norm in zip(self.join, self.norm, strict=True):
            x = np.tanh(norm(join(x)))
        return self.output(x[:, :, 0])


tree = Tree()
train(tree, 8)
report_network("eight letters", tree, 8)

print("losses on the names learned from, and on others")
for title, (loss, other) in results.items():
    print(f"  {loss:.4f}  {other:.4f}  {title}")
