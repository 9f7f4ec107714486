"""PyTorch as a neighbour: functions of ours inside its training, and its functions inside ours."""

import doctest
import gc
import threading
import weakref
from collections import namedtuple

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor, interop
from tensorgrad.gradients import elsewhere
from tensorgrad.interop import from_torch, to_torch
from tensorgrad.interop.pytorch import _stand_ins

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch.func.jvp uses it itself

F64 = torch.float64


@pytest.fixture(autouse=True)
def one_thread():
    torch.manual_seed(0)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def leaf(*shape, dtype=F64):
    return torch.randn(shape, dtype=dtype, requires_grad=True)


def close(a, b, rtol=1e-12):
    a, b = (
        np.asarray(v.detach().resolve_conj().resolve_neg() if isinstance(v, torch.Tensor) else getattr(v, "data", v))
        for v in (a, b)
    )
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.max(np.abs(b), initial=0))


def test_docstrings():
    finder = doctest.DocTestFinder()
    for function in (to_torch, from_torch):
        (found,) = finder.find(function, function.__name__, globs={})
        assert doctest.DocTestRunner().run(found).failed == 0 < len(found.examples)


# The same function in both libraries, and its arguments ---------------------------------------------------------------

FUNCTIONS = {
    "product": (lambda x, w: np.sin(x) @ w, lambda x, w: torch.sin(x) @ w, [(3, 4), (4, 2)], F64),
    "number": (lambda x: np.sum(x**3) * np.mean(x), lambda x: (x**3).sum() * x.mean(), [(3, 2)], F64),
    "0-d": (lambda x: np.exp(x) * x, lambda x: torch.exp(x) * x, [()], F64),
    "linear": (lambda x: 3 * x.T, lambda x: 3 * x.T, [(2, 3)], F64),
    "itself": (lambda x: x, lambda x: x, [(3,)], F64),
    "view": (lambda x: x[::-1][:2], lambda x: x.flip(0)[:2], [(3,)], F64),
    "broadcast": (lambda x, y: x * y + x, lambda x, y: x * y + x, [(2, 1), (3,)], F64),
    "empty": (lambda x: np.sum(x * x, axis=0), lambda x: (x * x).sum(0), [(0, 2)], F64),
    "softmax": (lambda x: tg.softmax(x, axis=-1), lambda x: torch.softmax(x, -1), [(2, 5)], F64),
    "complex": (lambda z: z * np.conj(z) * z, lambda z: z * z.conj() * z, [(3,)], torch.complex128),
    "complex to real": (lambda z: np.abs(z) * np.real(z), lambda z: z.abs() * z.real, [(2,)], torch.complex128),
    "complex 0-d": (lambda z: z**3, lambda z: z**3, [()], torch.complex128),
}  # fmt: skip


def of_case(name):
    ours, theirs, shapes, dtype = FUNCTIONS[name]
    return ours, theirs, [leaf(*shape, dtype=dtype) for shape in shapes]


def torch_derivatives(f, args):
    """The value, the gradients of a loss, and those of a loss of these."""
    total = lambda y: (y * y.conj() * (1 + y.real)).real.sum()  # noqa: E731
    y = f(*args)
    first = torch.autograd.grad(total(y), args, create_graph=True)
    second = torch.autograd.grad(sum(map(total, first)), args, create_graph=True)
    third = torch.autograd.grad(sum(map(total, second)), args, allow_unused=True, materialize_grads=True)
    return [y, *first, *second, *third]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_to_torch_gives_pytorchs_numbers_to_the_third_order(name):
    ours, theirs, args = of_case(name)
    for a, b in zip(torch_derivatives(to_torch(ours), args), torch_derivatives(theirs, args), strict=True):
        close(a, b)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_pytorchs_own_checks_of_gradients_pass_on_to_torch(name):
    ours, _, args = of_case(name)
    assert torch.autograd.gradcheck(to_torch(ours), args)
    assert torch.autograd.gradgradcheck(to_torch(ours), args)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_our_check_of_gradients_passes_on_from_torch(name):
    _, theirs, args = of_case(name)
    tg.check_grads(from_torch(theirs), *[a.detach().numpy() for a in args], order=2)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "empty"])
def test_all_transforms_go_through_from_torch(name):
    ours, theirs, args = of_case(name)
    args = [a.detach().numpy() for a in args]
    f = from_torch(theirs)
    number = lambda f: lambda *args: np.sum(np.abs(f(*args)) ** 2)  # noqa: E731
    transforms = [
        lambda f: f(*args),
        lambda f: tg.grad(number(f))(*args),
        lambda f: tg.jvp(f, args, args)[1],
        lambda f: tg.vjp(f, *args)[1](f(*args))[0],
        lambda f: tg.grad(number(tg.checkpoint(f)))(*args),
        lambda f: tg.vmap(f)(*[np.stack([a, 2 * a]) for a in args]),
        lambda f: tg.vmap(tg.grad(number(f)))(*[np.stack([a, 2 * a]) for a in args]),
    ]
    if args[0].dtype.kind == "f":
        transforms += [
            lambda f: tg.jacobian(f)(*args),
            lambda f: tg.hessian(number(f))(*args),
            lambda f: tg.hvp(number(f))(*args, args[0]) if len(args) == 1 else 0.0,
            lambda f: tg.grad(lambda *a: np.sum(tg.grad(number(f))(*a) ** 3))(*args),
        ]
    for transform in transforms:
        close(transform(f), transform(ours))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, F64, torch.complex64, torch.complex128])
def test_dtypes_stay(dtype):
    x = leaf(3, dtype=dtype)
    y = to_torch(lambda x: x * 2)(x)
    y.abs().sum().backward()
    assert y.dtype == x.grad.dtype == dtype
    t = Tensor(x.detach().numpy())
    y = from_torch(lambda x: x * 2)(t)
    np.sum(np.abs(y)).backward()
    assert y.dtype == t.grad.dtype == t.dtype


# Arguments and results ------------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", "first second")


def several_of_ours(data, index, *, scale, mode="sum", mask=None):
    x, y = data["x"], data["list"][0]
    assert mode == "sum" and isinstance(x, Tensor)
    assert type(index) is np.ndarray and index.dtype == np.int64 and mask.dtype == bool
    chosen = np.where(mask, x[index], 0.0) * scale
    return {"sum": np.sum(chosen * y), "rest": Pair(chosen, (np.argmax(x), None, "text"))}


def several_of_torch(data, index, *, scale, mode="sum", mask=None):
    x, y = data["x"], data["list"][0]
    assert mode == "sum" and isinstance(x, torch.Tensor)
    assert index.dtype == torch.int64 and mask.dtype == torch.bool
    chosen = torch.where(mask, x[index], torch.zeros((), dtype=F64)) * scale
    return {"sum": (chosen * y).sum(), "rest": Pair(chosen, (torch.argmax(x), None, "text"))}


@pytest.mark.parametrize("f", [to_torch(several_of_ours), several_of_torch], ids=["to_torch", "PyTorch"])
def test_to_torch_takes_and_gives_structures(f):
    x, y, scale = torch.tensor([3.0, 5.0, 2.0], dtype=F64, requires_grad=True), leaf(4), leaf()
    result = f(
        {"x": x, "list": [y]}, torch.tensor([0, 2, 2, 1]), scale=scale, mask=torch.tensor([True, True, True, False])
    )
    assert list(result) == ["sum", "rest"] and type(result["rest"]) is Pair
    assert result["rest"].second[1:] == (None, "text") and result["rest"].second[0].dtype == torch.int64
    assert int(result["rest"].second[0]) == 1 and not result["rest"].second[0].requires_grad
    (result["sum"] + (result["rest"].first ** 2).sum()).backward()
    c, s = torch.tensor([3.0, 2.0, 2.0, 0.0], dtype=F64), scale.detach()
    close(y.grad, c * s)
    d = (y.detach() * s + 2 * c * s**2) * torch.tensor([1, 1, 1, 0])
    close(x.grad, torch.stack([d[0], torch.zeros((), dtype=F64), d[1] + d[2]]))
    close(scale.grad, (c * y.detach()).sum() + 2 * (c**2).sum() * s)


def test_from_torch_takes_and_gives_structures(rng):
    x, y, scale = np.array([3.0, 5.0, 2.0]), rng.normal(size=4), rng.normal()
    index, mask = np.array([0, 2, 2, 1]), np.array([True, True, True, False])

    def loss(f, x, y, scale):
        result = f({"x": x, "list": [y]}, index, scale=scale, mask=mask)
        assert list(result) == ["sum", "rest"] and type(result["rest"]) is Pair
        assert result["rest"].second[0] == 1 and result["rest"].second[1:] == (None, "text")
        assert not isinstance(result["rest"].second[0], Tensor)
        return result["sum"] + np.sum(result["rest"].first ** 2)

    for a, b in zip(*[tg.grad(lambda *args, f=f: loss(f, *args), argnum=(0, 1, 2))(x, y, scale)
                      for f in (from_torch(several_of_torch), several_of_ours)], strict=True):  # fmt: skip
        close(a, b)


def test_what_has_no_part_in_the_result_has_no_gradient():
    x, y = leaf(3), leaf(3)
    for f in (to_torch(lambda x, y: x * 2), lambda x, y: x * 2):
        assert torch.autograd.grad(f(x, y).sum(), [x, y], allow_unused=True)[1] is None
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    from_torch(lambda x, y: x * 2)(a, b).sum().backward()
    np.testing.assert_array_equal(b.grad, [0, 0])
    _, second = from_torch(lambda x: (x * 2, x**2))(a)
    a.grad = None
    second.sum().backward()  # the other output gets none
    np.testing.assert_array_equal(a.grad, [2, 4])
    _, q = to_torch(lambda x: (x * 2, x**2))(x)
    q.sum().backward()
    close(x.grad, 2 * x)


def test_what_requires_no_gradient_gets_none_and_costs_none():
    x, c = leaf(3), torch.ones(3, dtype=F64)
    f = to_torch(lambda x, c: (x * c, c * 2, c > 0))
    y, constant, mask = f(x, c)
    assert y.requires_grad and not constant.requires_grad and mask.dtype == torch.bool
    y.sum().backward()
    assert c.grad is None
    g = from_torch(lambda x, c: (x * c, c * 2, c > 0))
    t = Tensor([1.0, 2.0, 3.0])
    y, constant, mask = g(t, np.ones(3))
    assert y.requires_grad and not constant.requires_grad and mask.dtype == bool
    assert not g(t.detach(), np.ones(3))[0].requires_grad


# No gradients ---------------------------------------------------------------------------------------------------------


def test_no_grad_of_either_library_holds():
    x, w, t, p = leaf(3), Tensor([1.0, 2.0, 3.0]), Tensor([1.0, 2.0, 3.0]), leaf(3)
    f, g = to_torch(lambda x: x * w), from_torch(lambda x: x * p)
    with torch.no_grad():
        assert not f(x).requires_grad
        y = g(t)  # what PyTorch shouldn't record is the share of its own leaves
        y.sum().backward()
        assert p.grad is None
        np.testing.assert_array_equal(t.grad, p.detach().numpy())
        assert not g(t.detach()).requires_grad
    with tg.no_grad():
        assert not g(t).requires_grad
        y = f(x)  # and what we shouldn't that of ours
        y.sum().backward()
        assert w._grad is None
        close(x.grad, torch.tensor(w.data))
        assert not f(x.detach()).requires_grad
    assert f(x.detach()).requires_grad and g(t.detach()).requires_grad


def test_inference_mode_of_pytorch_does_not_lose_our_gradients():
    t = Tensor([1.0, 2.0])
    with torch.inference_mode():
        y = from_torch(lambda x: x**2)(t)
    y.sum().backward()
    np.testing.assert_array_equal(t.grad, [2, 4])


def test_a_function_that_enters_no_grad_is_an_error_as_in_checkpoint():
    def f(x):
        with tg.no_grad():
            return x * 2

    with pytest.raises(TypeError, match=r"to_torch: what the function returned depends on nothing.*no_grad"):
        to_torch(f)(leaf(3))


# Closures -------------------------------------------------------------------------------------------------------------


def penalty(loss, x):
    """The square of the gradient of a loss, whose gradient is of second order."""
    (g,) = torch.autograd.grad(loss(x), x, create_graph=True)
    return (g**2).sum()


def test_parameters_of_ours_get_their_gradients_from_pytorchs_backward():
    model = tg.MLP(4, [5, 1], activation="tanh", rng=0, dtype=np.float64)
    x, t = leaf(3, 4), None
    f = to_torch(model)
    t = Tensor(x.detach().numpy())
    (f(x) ** 2).sum().backward()
    (f(x) ** 2).sum().backward()  # adds up
    found = [p.grad.copy() for p in model.parameters()]
    model.zero_grad()
    (2 * (model(t) ** 2).sum()).backward()
    for a, p in zip(found, model.parameters(), strict=True):
        close(a, p.grad)
    close(x.grad, torch.tensor(t.grad))
    model.zero_grad()
    penalty(lambda x: (f(x) ** 2).sum(), x).backward()
    found = [p.grad.copy() for p in model.parameters()]
    model.zero_grad()
    (tg.grad(lambda x: (model(x) ** 2).sum())(t) ** 2).sum().backward()
    for a, p in zip(found, model.parameters(), strict=True):
        close(a, p.grad)


def test_gradients_for_others_leave_those_of_closures_alone():
    w, x = Tensor([1.0, 2.0]), leaf(2)
    torch.autograd.grad(to_torch(lambda x: x * w)(x).sum(), x)
    assert w._grad is None
    p, t = leaf(2), np.array([1.0, 2.0])
    tg.grad(lambda t: from_torch(lambda x: x * p)(t).sum())(t)
    assert p.grad is None


def test_gradients_go_on_through_what_a_closed_over_tensor_was_computed_from():
    w = Tensor([1.0, 2.0])
    square = w**2
    to_torch(lambda x: x * square)(torch.ones(2, dtype=F64)).sum().backward()
    np.testing.assert_array_equal(w.grad, [2, 4])
    np.testing.assert_array_equal(square.grad, [1, 1])
    p = torch.tensor([1.0, 2.0], requires_grad=True)
    squared = p**2
    from_torch(lambda x: x * squared)(np.ones(2, np.float32)).sum().backward()
    close(p.grad, torch.tensor([2.0, 4.0]))


def test_parameters_of_pytorchs_get_their_gradients_from_our_backward():
    net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
    x = leaf(3, 4)
    f, t = from_torch(net), Tensor(x.detach().numpy())
    net[0].weight.register_hook(lambda g: 3 * g)  # which PyTorch calls
    pairs = [
        (lambda: (f(t) ** 2).sum(), lambda: (net(x) ** 2).sum()),
        (
            lambda: (tg.grad(lambda x: (f(x) ** 2).sum())(t) ** 2).sum(),
            lambda: penalty(lambda x: (net(x) ** 2).sum(), x),
        ),
    ]
    for ours, theirs in pairs:
        net.zero_grad()
        ours().backward()
        ours().backward()  # adds up
        found = [p.grad for p in net.parameters()]
        net.zero_grad()
        (2 * theirs()).backward()
        for a, p in zip(found, net.parameters(), strict=True):
            assert (a is None) == (p.grad is None)
            if a is not None:
                close(a, p.grad)


def test_gradients_of_pytorchs_parameters_to_any_order_are_those_of_arguments(rng):
    net = torch.nn.Linear(2, 1).double()
    params = {name: p.detach().numpy() for name, p in net.named_parameters()}
    x = rng.normal(size=(3, 2))
    f = from_torch(lambda params, x: torch.func.functional_call(net, params, (x,)))
    gradient = tg.grad(lambda p: np.sum(f(p, x) ** 2))(params)
    residual = x @ params["weight"].T + params["bias"]
    close(gradient["weight"], 2 * residual.T @ x)
    tg.check_grads(lambda p: f(p, x), params, order=2)
    assert net.weight.grad is None


def test_our_parameters_as_arguments_are_trained_by_an_optimiser_of_pytorchs():
    model = tg.Layer(2, 1, rng=0, dtype=np.float64)
    params = {name: torch.tensor(p.data, requires_grad=True) for name, p in model.named_parameters()}
    f = to_torch(lambda params, x: model.with_parameters(params)(x))
    x = torch.randn(5, 2, dtype=F64)
    optimiser = torch.optim.SGD(params.values(), 0.1)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = ((f(params, x) - x[:, :1]) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_a_gradient_that_the_other_library_could_not_differentiate_again_is_an_error():
    w, x = Tensor([1.0, 2.0]), leaf(2)
    loss = to_torch(lambda x: x * w**2)(x).sum()
    with pytest.raises(RuntimeError, match=r"to_torch: with create_graph=True.*pass it as an argument"):
        loss.backward(create_graph=True)
    p, t = leaf(2), Tensor([1.0, 2.0])
    loss = from_torch(lambda x: x * p**2)(t).sum()
    with pytest.raises(RuntimeError, match=r"backward: with create_graph=True.*as arguments"):
        loss.backward(create_graph=True)
    assert p.grad is None and t._grad is None


def test_each_may_stand_inside_the_other(rng):
    w, p = Tensor(rng.normal(size=3)), leaf(3)
    W, x = torch.tensor(w.data, requires_grad=True), rng.normal(size=3)
    inner = to_torch(lambda x: np.sin(x) * w)
    f = from_torch(lambda x: inner(x * p) ** 2 * p)
    tg.check_grads(f, x, order=2)
    direct = lambda x: (torch.sin(x * p) * W) ** 2 * p  # noqa: E731
    for order in (1, 2):
        w.grad = p.grad = W.grad = None
        t, T = Tensor(x), torch.tensor(x, requires_grad=True)
        loss, Loss = np.sum(f(t)), direct(T).sum()
        if order == 2:
            loss = np.sum(tg.grad(lambda t: np.sum(f(t)))(t) ** 2)
            Loss = (torch.autograd.grad(Loss, T, create_graph=True)[0] ** 2).sum()
        loss.backward()
        found, found_w, p.grad = p.grad, w.grad, None
        Loss.backward()
        close(found, p.grad)
        close(found_w, W.grad)
        close(t.grad, T.grad)

    other = from_torch(lambda x: torch.sin(x) * p)
    g = to_torch(lambda x: other(x * w) ** 2 * w)
    T = torch.tensor(x, requires_grad=True)
    assert torch.autograd.gradcheck(g, (T,)) and torch.autograd.gradgradcheck(g, (T,))
    direct = lambda x: (torch.sin(x * W) * p) ** 2 * W  # noqa: E731
    for make in (lambda f: f(T).sum(), lambda f: penalty(lambda x: f(x).sum(), T)):
        results = []
        for f in (g, direct):
            w.grad = p.grad = W.grad = T.grad = None
            make(f).backward()
            results.append((p.grad, T.grad, torch.tensor(w.grad) if f is g else W.grad))
        for a, b in zip(*results, strict=True):
            close(a, b)


# Memory ---------------------------------------------------------------------------------------------------------------


def test_inputs_share_memory_and_results_have_their_own():
    seen = []
    x = leaf(2, 3)
    y = to_torch(lambda x: seen.append(x.data) or x)(x)
    assert np.shares_memory(seen[0], x.detach().numpy())
    with torch.no_grad():
        y += 1  # of results, nobody else needs the memory
    assert not np.shares_memory(y.detach().numpy(), x.detach().numpy())
    y.sum().backward()
    close(x.grad, torch.ones(2, 3, dtype=F64))
    t = Tensor(np.ones((2, 3)))
    y = from_torch(lambda x: seen.append(x) or x)(t)
    assert np.shares_memory(seen[1].detach().numpy(), t.data) and not np.shares_memory(y.data, t.data)


@pytest.mark.parametrize("array", [
    np.arange(6.0).reshape(2, 3).T, np.arange(6.0)[::2], np.arange(6.0)[::-1], np.broadcast_to(2.0, (2, 3)),
    np.arange(3.0).astype(">f8"), np.zeros((0, 2)), np.float64(2.0),
])  # fmt: skip
def test_any_layout_of_memory_is_taken(array):
    t = Tensor(array)
    from_torch(lambda x: (x**2).sum())(t).backward()
    np.testing.assert_array_equal(t.grad, 2 * np.asarray(array))
    assert from_torch(lambda x: x.shape)(array) == np.shape(array)


def test_views_and_conjugates_of_pytorch_are_taken():
    x = leaf(4, 3)
    z = leaf(3, dtype=torch.complex128)
    for argument in (x.T, x[::2], x.expand(2, 4, 3), x[:, 0], z.conj(), z.conj().imag):
        close(to_torch(lambda x: x * 1)(argument), argument)
    (g,) = torch.autograd.grad((to_torch(lambda z: z * z)(z.conj())).real.sum(), z)
    (h,) = torch.autograd.grad((z.conj() ** 2).real.sum(), z)
    close(g, h)


def test_a_tensor_that_is_changed_before_backward_is_an_error():
    x, p, w, t = leaf(3), leaf(3), Tensor([1.0, 2.0, 3.0]), Tensor([1.0, 2.0, 3.0])
    losses = [to_torch(lambda x: x * w)(x).sum(), to_torch(lambda x: x**2)(x).sum()]
    ours = [from_torch(lambda x: x**2 * p)(t).sum(), from_torch(lambda x: x**2)(t).sum()]
    second = from_torch(lambda x: x * p**2)(t).sum()
    with torch.no_grad():
        x += 1
        p += 1
    for loss in losses:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
    for loss in (ours[0], second):
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
    losses = [to_torch(lambda x: x * w)(x).sum() for _ in range(2)]
    w.data += 1
    t.data += 1
    with pytest.raises(RuntimeError, match="was changed after"):
        losses[0].backward()
    with pytest.raises(RuntimeError, match="was changed after"):
        torch.autograd.grad(losses[1], x, create_graph=True)
    with pytest.raises(RuntimeError, match="was changed after"):
        ours[1].backward()


def test_assignment_never_gives_a_wrong_gradient():
    def changed(f, read_first):
        """The gradient of a program that assigns into what f was given, after it."""
        x = Tensor([1.0, 2.0])
        a = x * 1
        if read_first:
            a[1] = x[0] * 3
        y = f(a)
        a[0] = 5.0
        y[0] = 7.0
        np.sum(y * a).backward()
        return x.grad

    close(changed(from_torch(lambda x: x**3), True), changed(lambda x: x**3, True))
    with pytest.raises(RuntimeError, match=r"was changed after|has been changed"):
        changed(from_torch(lambda x: x**3), False)


def test_a_function_that_changes_its_argument_is_an_error():
    with pytest.raises(TypeError, match="from_torch: the function changes an argument in place"):
        from_torch(lambda x: x.add_(1))(np.ones(3))
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        from_torch(lambda x: x.add_(1))(Tensor(np.ones(3)))

    def assigns(x):
        x[0] = 1
        return x * 1

    with pytest.raises((TypeError, ValueError)):
        to_torch(assigns)(leaf(3))
    with pytest.raises(ValueError, match="read-only"):
        to_torch(assigns)(torch.tensor([1, 2]))


@pytest.mark.usefixtures("no_collector")
def test_memory_is_freed_with_the_graph():
    w, x = Tensor(np.ones(3)), leaf(3)
    arrays, leaves = [], [leaf(3)]

    def ours(x):
        y = x * w
        arrays.append(weakref.ref(y._data))
        return y**2

    def theirs(x):
        y = x * leaves[0]
        arrays.append(weakref.ref(y))
        return y**2

    stand_ins = len(_stand_ins())
    loss = to_torch(ours)(x).sum()
    loss.backward()
    del loss
    t = Tensor(np.ones(3))
    loss = from_torch(theirs)(t).sum()
    loss.backward()
    del loss
    assert [ref() for ref in arrays] == [None, None]
    assert len(_stand_ins()) == stand_ins + 1  # that of PyTorch's leaf
    before = len(elsewhere)
    leaves.clear()
    gc.collect()
    assert len(_stand_ins()) == stand_ins and len(elsewhere) == before - 1


# Training -------------------------------------------------------------------------------------------------------------


def trained(mixed):
    """The losses of a network of which the middle is ours or PyTorch's, and the rest PyTorch's, with Adam."""
    torch.manual_seed(0)
    first, last = torch.nn.Linear(2, 8), torch.nn.Linear(8, 1)
    middle = torch.nn.Linear(8, 8)
    weight, bias = Tensor(middle.weight.detach().numpy().copy()), Tensor(middle.bias.detach().numpy().copy())
    ours = to_torch(lambda x: tg.relu(tg.linear(x, weight.T, bias)))
    optimisers = [torch.optim.Adam([*first.parameters(), *last.parameters(), *middle.parameters()], 0.01)]
    if mixed:
        optimisers.append(tg.Adam([weight, bias], 0.01))
    X = torch.randn(20, 2)
    y = (X[:, :1] * X[:, 1:] > 0).float()
    losses = []
    for _ in range(30):
        for optimiser in optimisers:
            optimiser.zero_grad()
        hidden = torch.tanh(first(X))
        hidden = ours(hidden) if mixed else torch.relu(middle(hidden))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(last(hidden), y)
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def test_a_layer_of_ours_trains_inside_a_network_of_pytorchs():
    mixed, alone = trained(True), trained(False)
    np.testing.assert_allclose(mixed, alone, rtol=1e-4)
    assert mixed[-1] < 0.9 * mixed[0]


def test_a_layer_of_pytorchs_trains_inside_a_network_of_ours(rng):
    X, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
    results = []
    for mixed in (True, False):
        torch.manual_seed(0)
        net = torch.nn.Linear(8, 8).double()
        first, last = (tg.Layer(n, m, rng=0, dtype=np.float64) for n, m in ((2, 8), (8, 1)))
        if mixed:
            middle, optimisers = from_torch(net), [torch.optim.SGD(net.parameters(), 0.1)]
        else:
            weight, bias = (Tensor(p.detach().numpy().copy()) for p in net.parameters())
            middle, optimisers = (lambda x, w=weight, b=bias: x @ w.T + b), [tg.SGD([weight, bias], 0.1)]
        optimisers.append(tg.SGD([*first.parameters(), *last.parameters()], 0.1))
        losses = []
        for _ in range(20):
            loss = tg.mse_loss(last(np.tanh(middle(first(X)))), y)
            for optimiser in optimisers:
                optimiser.zero_grad()
            loss.backward(retain_graph=False)
            for optimiser in optimisers:
                optimiser.step()
            losses.append(loss.item())
        results.append(losses)
    np.testing.assert_allclose(*results, rtol=1e-10)
    assert results[0][-1] < results[0][0]


def test_random_functions_are_called_once_for_derivatives_of_any_order():
    x, calls = leaf(50), []

    def ours(x):
        calls.append(1)
        return x**2 * (np.random.default_rng(len(calls)).random(50) > 0.5)

    y = to_torch(ours)(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    close(g, h * x)
    assert 5 < np.count_nonzero(h) < 45 and len(calls) == 1
    f = from_torch(lambda x: torch.nn.functional.dropout(x**2, 0.5))
    t = Tensor(x.detach().numpy())
    y = f(t)
    np.sum(y).backward(create_graph=True)
    g, t.grad = t.grad, None
    np.sum(g).backward()
    close(g.data, t.grad * t.data)
    close(y.data * 2, g.data * t.data)


def test_threads_go_backward_at_once():
    w, p = Tensor(np.ones(100)), torch.ones(100, dtype=F64, requires_grad=True)
    f, g = to_torch(lambda x: x * w), from_torch(lambda x: x * p)
    errors = []

    def work(k):
        try:
            for _ in range(20):
                x = torch.full((100,), float(k), dtype=F64, requires_grad=True)
                f(x).sum().backward()
                g(Tensor(np.full(100, float(k)))).sum().backward()
                assert x.grad.eq(1).all()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    with tg.no_grad():  # of this thread alone
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not errors
    np.testing.assert_array_equal(w.grad, np.full(100, 200.0))
    close(p.grad, torch.full((100,), 200.0, dtype=F64))


def test_backward_twice_and_with_the_graph_freed():
    x, w = leaf(3), Tensor([1.0, 2.0, 3.0])
    loss = to_torch(lambda x: x**2 * w)(x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    close(x.grad, 4 * x * torch.tensor(w.data))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()
    t = Tensor([1.0, 2.0])
    loss = from_torch(lambda x: x**2)(t).sum()
    loss.backward()
    loss.backward(retain_graph=False)
    np.testing.assert_array_equal(t.grad, [4, 8])
    with pytest.raises(RuntimeError, match="retain_graph"):
        loss.backward()


# DLPack ---------------------------------------------------------------------------------------------------------------

LIBRARIES = {"NumPy": np.from_dlpack, "PyTorch": torch.from_dlpack, "tensorgrad": tg.array_api.from_dlpack}


@pytest.mark.parametrize("name", LIBRARIES)
def test_constants_share_their_memory_by_dlpack(name):
    take = LIBRARIES[name]
    for dtype in (np.float32, np.float64, np.complex128):
        for array in (np.arange(6).astype(dtype).reshape(2, 3), np.ones((4, 4), dtype).T[::2], np.ones((), dtype)):
            constant = Tensor(array, requires_grad=False)
            taken = take(constant)
            close(taken, array)
            array[...] = 7
            close(taken, array)
            assert constant.__dlpack_device__() == (1, 0)
    copy = take(constant, copy=True)
    array[...] = 3
    assert copy == 7
    constant = Tensor(np.zeros(3), requires_grad=False)
    constant[1] = 2.0
    close(take(constant), np.array([0.0, 2.0, 0.0]))


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_requires_a_gradient_is_not_given_away(name):
    x = Tensor([1.0, 2.0])
    for t in (x, x * 2):
        with pytest.raises(TypeError, match="its gradient would be lost"):
            LIBRARIES[name](t)
        with tg.no_grad():
            close(LIBRARIES[name](t), t.data)
        close(LIBRARIES[name](t.detach()), t.data)


def test_the_keywords_of_dlpack_are_numpys():
    array = np.ones(2)
    constant = Tensor(array, requires_grad=False)
    for options in ({"max_version": (1, 0)}, {"copy": True}, {"dl_device": (1, 0)}, {"stream": None}):
        assert repr(constant.__dlpack__(**options))[:25] == repr(array.__dlpack__(**options))[:25]
    with pytest.raises(BufferError):
        constant.__dlpack__(dl_device=(2, 0))
    array.flags.writeable = False
    close(np.from_dlpack(constant), array)
    assert not np.from_dlpack(constant).flags.writeable
    with pytest.raises(BufferError, match="readonly"):
        constant.__dlpack__()


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # PyTorch's
def test_tensors_of_pytorchs_become_ours():
    x = torch.ones(3)
    t = Tensor(x)
    x[0] = 5
    assert t.dtype == np.float32 and t.data[0] == 5
    for take in (Tensor, tg.array_api.from_dlpack):
        with pytest.raises((RuntimeError, BufferError), match=r"requires? grad"):
            take(leaf(3))
    with pytest.raises(TypeError, match=r"multiply: a torch\.Tensor and a Tensor aren't of one kind"):
        np.multiply(Tensor([1.0, 2.0, 3.0]), x)
    with pytest.raises(TypeError, match="unsupported operand"):
        Tensor([1.0, 2.0, 3.0]) * x
    with pytest.raises(RuntimeError, match="requires grad"):
        np.multiply(Tensor([1.0, 2.0, 3.0]), leaf(3))


# What can't be done ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tensor, message", [
    (lambda: torch.empty(3, device="meta"), "to_torch: a tensor on the device 'meta'.*pass tensor.cpu"),
    (lambda: torch.eye(3).to_sparse(), r"to_torch: .* layout torch.sparse_coo.*to_dense\(\)"),
    (lambda: torch.ones(3, dtype=torch.bfloat16), "to_torch: NumPy has no torch.bfloat16; pass tensor.float"),
])  # fmt: skip
def test_tensors_that_are_no_arrays_are_errors(tensor, message):
    with pytest.raises(TypeError, match=message):
        to_torch(lambda x: x * 2)(tensor())


@pytest.mark.parametrize("call", [
    lambda f, x: torch.func.grad(f)(x), lambda f, x: torch.func.vmap(f)(x), lambda f, x: torch.func.jacrev(f)(x),
    lambda f, x: torch.func.jvp(f, (x,), (x,)),
])  # fmt: skip
def test_transforms_of_pytorch_are_errors(call):
    with pytest.raises(TypeError, match=r"to_torch: .*(torch.func|forward mode)"):
        call(to_torch(lambda x: np.sum(x**2)), torch.ones(2, 2))


def test_forward_mode_of_pytorch_is_an_error():
    forward = torch.autograd.forward_ad
    with forward.dual_level(), pytest.raises(TypeError, match=r"to_torch: .*forward mode"):
        to_torch(lambda x: x * 2)(forward.make_dual(torch.ones(2), torch.ones(2)))


def test_what_pytorch_cannot_take_is_an_error():
    f = from_torch(lambda x: x)
    with pytest.raises(TypeError, match=r"from_torch: no tensor can be made of an array of longdouble|float128"):
        f(np.ones(2, np.longdouble))
    with pytest.raises(TypeError, match="from_torch: no tensor can be made of an array of <U1"):
        f(np.array(["a"]))
    with pytest.raises(TypeError, match="from_torch: PyTorch is given arrays of NumPy's own alone, not MaskedArray"):
        f(np.ma.ones(2))
    step = tg.compile(lambda x: np.sum(f(x)))
    with pytest.raises(tg.CompileError, match="from_torch: what PyTorch computes can't be part of a compiled step"):
        for _ in range(3):
            step(np.ones(2))


def test_functions_show_what_they_compute():
    assert to_torch(np.sin).__name__ == "to_torch(sin)"
    assert from_torch(torch.nn.Linear(1, 1)).__name__ == "from_torch(Linear)"
    assert interop.__all__[:2] == ["to_torch", "from_torch"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # of PyTorch's compiler
def test_what_pytorch_compiles_may_call_what_it_does_not_look_into():
    f = torch.compiler.disable(to_torch(lambda x: np.sum(x**2)))
    compiled = torch.compile(lambda x: f(x * 2) * 3, backend="eager")
    for _ in range(2):
        x = leaf(3)
        compiled(x).backward()
        close(x.grad, 24 * x)
