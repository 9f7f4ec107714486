"""What a type checker knows about the public names: mypy reads these lines, and pytest runs them."""

from typing import Any, assert_type

import numpy as np

import tensorgrad as tg
from tensorgrad import MLP, SGD, Layer, Module, Tensor, derivative, no_grad


def test_operators_give_tensors() -> None:
    t, array = Tensor([1.0, 2.0], name="t", requires_grad=True), np.ones(2)
    tensors = [
        assert_type(t + 1, Tensor),
        assert_type(1 + t, Tensor),
        assert_type(t - array, Tensor),
        assert_type(2.0 * t, Tensor),
        assert_type(t / [1.0, 2.0], Tensor),
        assert_type(t**2, Tensor),
        assert_type(2**t, Tensor),
        assert_type(t % 2, Tensor),
        assert_type(t @ t, Tensor),
        assert_type(-t, Tensor),
        assert_type(+t, Tensor),
        assert_type(abs(t), Tensor),
        assert_type(t[0], Tensor),
        assert_type(t[1:, None], Tensor),
    ]
    for row in t:
        tensors.append(assert_type(row, Tensor))
    assert all(type(x) is Tensor for x in tensors)


def test_methods_give_tensors() -> None:
    t = Tensor(np.ones((2, 3)))
    tensors = [
        assert_type(t.exp(), Tensor),
        assert_type(t.sum(axis=0, keepdims=True), Tensor),
        assert_type(t.mean(), Tensor),
        assert_type(t.reshape(3, 2), Tensor),
        assert_type(t.transpose(1, 0), Tensor),
        assert_type(t.T, Tensor),
        assert_type(t.mT, Tensor),
        assert_type(t.astype(np.float32), Tensor),
        assert_type(t.detach(), Tensor),
        assert_type(t.relu(), Tensor),
        assert_type(t.log_softmax(axis=0), Tensor),
    ]
    assert all(type(x) is Tensor for x in tensors)


def test_attributes() -> None:
    t = Tensor(3.0)
    assert assert_type(t.shape, tuple[int, ...]) == ()
    assert assert_type(t.ndim, int) == 0
    assert assert_type(t.size, int) == 1
    assert assert_type(t.dtype, np.dtype) == np.float64
    assert assert_type(t.name, str) == ""
    assert assert_type(t.requires_grad, bool)
    assert assert_type(t.parents, tuple[Tensor, ...]) == ()
    assert assert_type(float(t), float) == 3.0
    assert assert_type(len(Tensor([1.0])), int) == 1
    t.data -= 0.5
    t.data = np.array(2.0)
    t.grad *= 2
    t.grad = None
    assert_type(t.backward(), None)
    t.backward([1.0][0], retain_graph=False)
    y: Any = t.numpy()
    assert y == 2.0


def test_modules_and_optimisers() -> None:
    class Twice(Module):
        def __init__(self) -> None:
            self.layer = Layer(2, 2, activation=np.tanh, rng=0)

        def __call__(self, x: Tensor) -> Any:
            return self.layer(self.layer(x))

    model = MLP(2, [3, 1], activation="relu", rng=np.random.default_rng(0), dtype=np.float32)
    assert assert_type(model.parameters(), list[Tensor])[0].dtype == np.float32
    assert_type(model.state_dict(), dict[str, np.ndarray])
    assert Twice()(Tensor(np.ones((4, 2)))).shape == (4, 2)
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    optimizer.lr = 0.01
    optimizer.zero_grad()
    optimizer.step()


@no_grad()
def predict(model: Module, x: np.ndarray) -> bool:
    return bool((model(x) > 0).all())


def test_decorators_keep_the_signature() -> None:
    assert isinstance(assert_type(predict(MLP(2, [1]), np.ones((1, 2))), bool), bool)

    def half(x: Tensor, by: float = 2.0) -> Tensor:
        return x / by

    halve = derivative(half, lambda g, y, x, by=2.0: g / by)
    assert assert_type(halve(Tensor([2.0]), by=4.0), Tensor).tolist() == [0.5]


def test_losses_and_functions_take_tensors_and_arrays() -> None:
    t, array = Tensor([[1.0, 2.0]]), np.ones((1, 2))
    for loss in (
        tg.mse_loss(t, array),
        tg.sigmoid_cross_entropy(t, [[1, 0]]),
        tg.softmax_cross_entropy(t, [1], reduction="sum"),
    ):
        assert loss.shape == ()
    assert tg.relu(t).shape == tg.relu(array).shape == (1, 2)
    assert tg.grad(lambda x: (x**2).sum())(array).shape == (1, 2)
