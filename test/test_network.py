"""The moons: a network learns to tell two interleaved half circles apart.

python test/test_network.py            trains it, and draws what it has learnt and the graph of its loss
python -m pytest test/test_network.py  checks what that claims, and two more trainings on real data
"""

from pathlib import Path

import numpy as np

from tensorgrad import MLP, SGD, Adam, Layer, Tensor, mse_loss, no_grad, sigmoid_cross_entropy, softmax_cross_entropy
from tensorgrad.graph_utils import draw_dot_tensor
from tensorgrad.plots import plot_decision_boundary

ROOT = Path(__file__).resolve().parent.parent


def moons(seed=0):
    """100 points (x, y), and for each the moon that it lies on, 0 or 1."""
    from sklearn.datasets import make_moons

    return make_moons(100, noise=0.1, random_state=seed)


def train(model, X, labels, steps):
    """Descend the loss of all points at once; gives each step's loss and accuracy, as they were before it."""
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=3e-3)
    for _ in range(steps):
        logits = model(X)[:, 0]
        loss = sigmoid_cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        yield loss.item(), np.mean((logits > 0) == labels)


def draw_boundary(model, X, labels, path):
    """Save a picture of the probability that the model gives to each point, and of where it is one half."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = plot_decision_boundary(model, X, labels, figure.subplots(), names=["moon 0", "moon 1"], resolution=500)
    axes.set(xlabel="x", ylabel="y")
    figure.savefig(path, dpi=130, bbox_inches="tight")


def draw_loss(model, X, labels, path):
    """Save a picture of the graph of the loss: every operation, from the points to the one number."""
    X, labels = Tensor(X, name="X", requires_grad=False), Tensor(labels, name="labels", requires_grad=False)
    loss = sigmoid_cross_entropy(model(X)[:, 0], labels)
    loss.name = "loss"
    model.zero_grad()
    loss.backward()
    draw_dot_tensor(loss, rankdir="TB", model=model, show_data=False).render(outfile=path, cleanup=True)


def main():
    from tqdm import tqdm

    X, labels = moons()
    model = MLP(2, [16, 16, 1], activation="tanh", rng=0)
    print(model)
    progress = tqdm(train(model, X, labels, steps=300), total=300)
    for loss, accuracy in progress:
        progress.set_postfix(loss=f"{loss:.4f}", accuracy=f"{accuracy:.0%}", refresh=False)
    print(f"loss {loss:.4f}, accuracy {accuracy:.0%}")

    draw_boundary(model, X, labels, ROOT / "mlp_sigmoid_cross_entropy.png")
    draw_loss(model, X, labels, ROOT / "tensor_graph.svg")
    print("decision boundary: mlp_sigmoid_cross_entropy.png")
    print("graph of the loss: tensor_graph.svg")


# What the demo claims. (pytest is imported where it is needed: the demo runs without it.)


def test_five_seeds_reach_99_percent_and_the_loss_falls():
    for seed in range(5):
        X, labels = moons(seed)
        model = MLP(2, [16, 16, 1], activation="tanh", rng=seed)
        losses, accuracies = np.array(list(train(model, X, labels, steps=300))).T
        assert accuracies[-1] >= 0.99, f"seed {seed}"
        by_30 = losses.reshape(10, 30).mean(axis=1)
        assert np.all(np.diff(by_30) < 0), f"seed {seed}: {by_30}"
        assert losses[-1] < 0.05 * losses[0]
        with no_grad():
            assert np.mean((model(X)[:, 0] > 0) == labels) >= 0.99


def test_new_points_of_the_moons_are_told_apart_too():
    X, labels = moons(0)
    model = MLP(2, [16, 16, 1], activation="tanh", rng=0)
    for _ in train(model, X, labels, steps=300):
        pass
    new_X, new_labels = moons(1)
    assert np.mean((model(new_X)[:, 0] > 0) == new_labels) >= 0.97


def test_training_is_pytorchs_step_by_step():
    import pytest

    torch = pytest.importorskip("torch")
    X, labels = moons()
    for activation, torch_activation in (("tanh", torch.nn.Tanh), ("relu", torch.nn.ReLU)):
        model = MLP(2, [16, 16, 1], activation=activation, rng=0)
        linears = [torch.nn.Linear(*layer.weight.shape, dtype=torch.float64) for layer in model.layers]
        with torch.no_grad():
            for theirs, ours in zip(linears, model.layers, strict=True):
                theirs.weight.copy_(torch.tensor(ours.weight.data.T))
                theirs.bias.copy_(torch.tensor(ours.bias.data))
        theirs = torch.nn.Sequential(linears[0], torch_activation(), linears[1], torch_activation(), linears[2])
        optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, weight_decay=3e-3)
        for loss, _ in train(model, X, labels, steps=50):
            logits = theirs(torch.tensor(X))[:, 0]
            expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(labels * 1.0))
            optimizer.zero_grad()
            expected.backward()
            optimizer.step()
            np.testing.assert_allclose(loss, expected.item(), rtol=1e-9)
            for linear, layer in zip(linears, model.layers, strict=True):
                np.testing.assert_allclose(layer.weight.grad, linear.weight.grad.numpy().T, rtol=1e-7, atol=1e-12)
                np.testing.assert_allclose(layer.bias.grad, linear.bias.grad.numpy(), rtol=1e-7, atol=1e-12)


def test_both_pictures_are_drawn(tmp_path):
    X, labels = moons()
    model = MLP(2, [16, 16, 1], activation="tanh", rng=0)
    draw_boundary(model, X, labels, tmp_path / "boundary.png")
    assert (tmp_path / "boundary.png").read_bytes().startswith(b"\x89PNG")
    draw_loss(model, X, labels, tmp_path / "graph.svg")
    svg = (tmp_path / "graph.svg").read_text()
    assert "<svg" in svg
    for text in ("loss", "X", "labels", "layers.0.weight", "layers.2.bias", "linear", "tanh", "(100, 16)"):
        assert text in svg, text


# Softmax cross-entropy and mean squared error, on real data


def standardized(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def descend(loss_of, model, steps, lr):
    """The loss at each step of Adam."""
    optimizer = Adam(model.parameters(), lr=lr)
    losses = []
    for step in range(steps):
        optimizer.lr = lr * (1 - step / steps)
        loss = loss_of(model)
        optimizer.zero_grad()
        loss.backward(retain_graph=False)
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_one_layer_on_iris_is_logistic_regression():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    X, labels = load_iris(return_X_y=True)
    X = standardized(X)
    reference = LogisticRegression(C=1.0, solver="newton-cg", tol=1e-10, max_iter=1000).fit(X, labels)

    def regularized(model):  # what LogisticRegression minimises, over the number of flowers
        return softmax_cross_entropy(model(X), labels) + (model.weight**2).sum() / (2 * len(X))

    model = Layer(4, 3, rng=0)
    descend(regularized, model, steps=1500, lr=0.1)
    np.testing.assert_allclose(model(X).softmax().data, reference.predict_proba(X), atol=1e-4)
    np.testing.assert_allclose(model.weight.data, reference.coef_.T, atol=1e-3)


def test_a_network_on_iris_is_right_about_flowers_that_it_has_not_seen():
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    X, labels = load_iris(return_X_y=True)
    X, new_X, labels, new_labels = train_test_split(standardized(X), labels, test_size=50, random_state=0)
    model = MLP(4, [16, 3], rng=0)
    losses = descend(lambda model: softmax_cross_entropy(model(X), labels), model, steps=150, lr=0.02)
    assert losses[-1] < 0.1 < 0.8 < losses[0]
    assert np.mean(model(new_X).argmax(axis=-1) == new_labels) >= 0.92


def test_one_layer_on_diabetes_is_least_squares():
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    X, y = standardized(X), standardized(y)
    coefficients, residual = np.linalg.lstsq(X, y)[:2]
    model = Layer(10, 1, rng=0)
    losses = descend(lambda model: mse_loss(model(X)[:, 0], y), model, steps=3000, lr=0.05)
    np.testing.assert_allclose(losses[-1], residual[0] / len(y), rtol=1e-6)
    np.testing.assert_allclose(model.weight.data[:, 0], coefficients, atol=1e-3)


def test_a_network_fits_diabetes_closer_than_a_line_can():
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    X, y = standardized(X), standardized(y)
    line = np.linalg.lstsq(X, y)[1][0] / len(y)
    losses = descend(lambda model: mse_loss(model(X)[:, 0], y), MLP(10, [16, 1], rng=0), steps=300, lr=0.02)
    assert losses[-1] < 0.9 * line < line < losses[0]


if __name__ == "__main__":
    main()
