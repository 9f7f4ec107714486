"""JAX as a neighbour: functions of ours inside its transforms, and its functions inside ours."""

import doctest
from collections import namedtuple

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import Tensor
from tensorgrad.interop import from_jax, to_jax

jax = pytest.importorskip("jax")
jnp = jax.numpy


@pytest.fixture(autouse=True)
def double(request):
    """Doubles, as NumPy has; but for the tests of what JAX does by itself."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", "float32" not in request.node.name and "docstrings" not in request.node.name)
    yield
    jax.config.update("jax_enable_x64", before)


def close(a, b, rtol=1e-12):
    a, b = jax.tree.leaves(a), jax.tree.leaves(b)
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        x, y = (np.asarray(getattr(v, "data", v) if isinstance(v, Tensor) else v) for v in (x, y))
        assert x.dtype == y.dtype and x.shape == y.shape
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol * np.max(np.abs(y), initial=0))


def test_docstrings():
    finder = doctest.DocTestFinder()
    for function in (to_jax, from_jax):
        (found,) = finder.find(function, function.__name__, globs={})
        assert doctest.DocTestRunner().run(found).failed == 0 < len(found.examples)


# A function of real numbers, for either library, and the shapes of its arguments --------------------------------------

FUNCTIONS = {
    "product": (lambda np, x, w: np.sin(x) @ w, [(3, 4), (4, 2)]),
    "number": (lambda np, x: np.sum(x**3) * np.mean(x), [(3, 2)]),
    "0-d": (lambda np, x: np.exp(x) * x, [()]),
    "linear": (lambda np, x: 3 * x.T, [(2, 3)]),
    "itself": (lambda np, x: x, [(3,)]),
    "broadcast": (lambda np, x, y: x * y + x, [(2, 1), (3,)]),
    "several": (lambda np, x, y: {"a": (x * y, x**2), "b": [np.cumsum(y)]}, [(3,), (3,)]),
    "unused": (lambda np, x, y: x**2, [(3,), (2,)]),
    "solve": (lambda np, a, b: np.linalg.solve(a + 5 * np.eye(3), b), [(3, 3), (3, 1)]),
}


# JAX compiles each operation, which takes its time
CASES = [name if name == "0-d" else pytest.param(name, marks=pytest.mark.slow) for name in FUNCTIONS]


def of_case(name, rng):
    f, shapes = FUNCTIONS[name]
    return (lambda *x: f(np, *x)), (lambda *x: f(jnp, *x)), [rng.normal(size=shape) for shape in shapes]


def total(f):
    """A number made of what f returns; the gradient that arrives at f depends on its arguments."""
    return lambda *args: sum((y * (1 + y / 4)).sum() for y in jax.tree.leaves(f(*args)))


@pytest.mark.parametrize("name", CASES)
def test_to_jax_goes_through_the_transforms_of_jax(name, rng):
    ours, theirs, args = of_case(name, rng)
    args, places = [jnp.array(a) for a in args], tuple(range(len(args)))
    f, several = to_jax(ours), [jnp.stack([a, 2 * jnp.array(a)]) for a in args]
    transforms = [
        lambda f: f,
        lambda f: jax.jit(f),
        lambda f: jax.grad(total(f), places),
        lambda f: jax.jit(jax.grad(lambda *a: (jax.grad(total(f))(*a) ** 3).sum())),
    ]
    for transform in transforms:
        close(transform(f)(*args), transform(theirs)(*args))
    close(jax.jit(jax.vmap(jax.grad(total(f))))(*several), jax.vmap(jax.grad(total(theirs)))(*several))
    if name == "product":
        close(jax.jacrev(jax.grad(total(f)))(*args), jax.hessian(total(theirs))(*args))


@pytest.mark.parametrize("name", CASES)
def test_from_jax_goes_through_our_transforms(name, rng):
    ours, theirs, args = of_case(name, rng)
    leaves = lambda y: list(map(np.asarray, jax.tree.leaves(y)))  # noqa: E731
    for f in (from_jax(theirs), from_jax(jax.jit(theirs)))[: 2 if name == "product" else 1]:
        close(leaves(jax.tree.map(lambda y: y.data if isinstance(y, Tensor) else y, f(*args))), leaves(theirs(*args)))
        tg.check_grads(total(f), *args, order=2)
        number, plain = total(f), total(ours)
        close(tg.grad(number)(*args), tg.grad(plain)(*args))
        close(tg.hessian(number)(*args), tg.hessian(plain)(*args))
        close(tg.jvp(number, args, args), tg.jvp(plain, args, args))
        close(tg.grad(tg.checkpoint(number))(*args), tg.grad(plain)(*args))
        several = [np.stack([a, 2 * a]) for a in args]
        close(tg.vmap(tg.grad(number))(*several), tg.vmap(tg.grad(plain))(*several))
        tensors = [Tensor(a) for a in args]
        number(*tensors).backward()
        close([t.grad for t in tensors], list(tg.grad(plain, argnum=tuple(range(len(args))))(*args)))


def test_complex_numbers_follow_the_convention_of_each(rng):
    z = rng.normal(size=3) + 1j * rng.normal(size=3)
    ours = lambda z: np.sum(np.abs(z) ** 2 * np.real(z) + np.imag(z * z * z))  # noqa: E731
    theirs = lambda z: jnp.sum(jnp.abs(z) ** 2 * jnp.real(z) + jnp.imag(z * z * z))  # noqa: E731
    close(jax.grad(to_jax(ours))(jnp.array(z)), jax.grad(theirs)(jnp.array(z)))
    close(tg.grad(from_jax(theirs))(z), tg.grad(ours)(z))
    second = lambda f: lambda z: jnp.sum(jnp.abs(jax.grad(f)(z)) ** 2)  # noqa: E731
    close(jax.grad(second(to_jax(ours)))(jnp.array(z)), jax.grad(second(theirs))(jnp.array(z)))
    tg.check_grads(from_jax(lambda z: z * jnp.conj(z) * z), z, order=2)


# Arguments and results ------------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", "first second")


def several(np, data, index, *, scale, mode="sum", mask=None):
    x, y = data["x"], data["list"][0]
    assert mode == "sum" and index.dtype == "int64" and mask.dtype == bool
    chosen = np.where(mask, x[index], 0.0) * scale
    return {"sum": np.sum(chosen * y), "rest": Pair(chosen, (np.argmax(x), None))}


def test_both_take_and_give_structures(rng):
    x, y = np.array([3.0, 5.0, 2.0]), rng.normal(size=4)
    index, mask = np.array([0, 2, 2, 1]), np.array([True, True, True, False])

    def loss(f, arrays, x, y, scale):
        result = f({"x": x, "list": [y]}, arrays(index), scale=scale, mask=arrays(mask))
        assert sorted(result) == ["rest", "sum"] and type(result["rest"]) is Pair and result["rest"].second[1] is None
        assert result["rest"].second[0].dtype == "int64"
        return result["sum"] + (result["rest"].first ** 2).sum()

    theirs, ours = (lambda *a, np=np, **k: several(np, *a, **k) for np in (jnp, np))
    places = (0, 1, 2)
    expected = jax.grad(lambda *a: loss(theirs, jnp.array, *a), places)(jnp.array(x), jnp.array(y), 0.7)
    gradient = jax.jit(jax.grad(lambda *a: loss(to_jax(ours), jnp.array, *a), places))
    close(gradient(jnp.array(x), jnp.array(y), 0.7), expected)
    found = tg.grad(lambda *a: loss(from_jax(theirs), np.array, *a), places)(x, y, 0.7)
    close(found, [np.asarray(g) for g in expected])


def test_numbers_that_a_function_of_ours_returns_are_computed_each_time():
    f = to_jax(lambda x: (np.sum(x), float(np.sum(x).data), 3))
    for k in (1.0, 2.0):
        assert [float(y) for y in jax.jit(f)(jnp.ones(2) * k)] == [2 * k, 2 * k, 3]


def test_what_is_returned_can_be_told():
    a, struct = jnp.eye(3) * 4, jax.ShapeDtypeStruct((3, 3), float)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite") as raised:
        to_jax(np.linalg.cholesky)(a)
    assert "pass result=" in raised.value.__notes__[-1]
    f = to_jax(np.linalg.cholesky, result=struct)
    close(f(a), jnp.eye(3) * 2)
    close(jax.jit(jax.grad(lambda a: f(a).trace()))(a), jnp.eye(3) / 4)
    calls = []
    g = to_jax(lambda x: calls.append(1) or {"y": x * 2}, result={"y": jnp.ones(3)})
    assert list(g(jnp.ones(3))) == ["y"] and len(calls) == 1
    with pytest.raises(Exception, match=r"to_jax: the function returned arrays of shapes \[\(2,\)\], and \[\(3,\)\]"):
        jax.block_until_ready(g(jnp.ones(2)))


def test_our_network_trains_in_jax_with_its_parameters_as_arguments(rng):
    model = tg.MLP(2, [4, 1], activation="tanh", rng=0, dtype=np.float64)
    X, y = rng.normal(size=(10, 2)), rng.normal(size=(10, 1))
    loss = lambda params, X: tg.mse_loss(model.with_parameters(params)(X), y)  # noqa: E731
    step = jax.jit(jax.value_and_grad(to_jax(loss)))
    params = {name: jnp.array(p.data) for name, p in model.named_parameters()}
    theirs = []
    for _ in range(5):
        value, grads = step(params, jnp.array(X))
        params = jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)
        theirs.append(float(value))
    optimiser, ours = tg.SGD(model.parameters(), 0.1), []
    for _ in range(5):
        value = tg.mse_loss(model(X), y)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        ours.append(value.item())
    np.testing.assert_allclose(theirs, ours, rtol=1e-10)


# What can't be done ---------------------------------------------------------------------------------------------------


def test_closures_over_our_tensors_are_an_error():
    w = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"to_jax: the function closes over a Tensor of shape \(2,\).*detach"):
        to_jax(lambda x: x * w)(jnp.ones(2))
    f = to_jax(lambda x: x * w, result=jnp.ones(2))
    with pytest.raises(Exception, match=r"to_jax: the function closes over a Tensor of shape \(2,\)"):
        jax.block_until_ready(f(jnp.ones(2)))
    close(to_jax(lambda x: x * w.detach())(jnp.ones(2)), jnp.array([1.0, 2.0]))


def test_forward_mode_is_an_error():
    f = to_jax(lambda x: np.sum(x**2))
    for transform in (jax.hessian, jax.jacfwd):
        with pytest.raises(TypeError, match="forward-mode"):
            transform(f)(jnp.ones(2))


def test_float32_is_what_jax_makes_of_doubles_which_from_jax_does_not_do_in_silence():
    with pytest.raises(TypeError, match=r"from_jax: JAX would make float32 of float64; .*jax_enable_x64"):
        from_jax(jnp.sin)(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"from_jax: JAX would make int32 of int64"):
        from_jax(jnp.abs)(np.array([2**40]))
    assert from_jax(jnp.abs)(np.array([-3])).tolist() == [3]
    t = Tensor(np.array([1.0, 2.0], np.float32))
    y = from_jax(jnp.square)(t)
    y.sum().backward()
    assert y.dtype == t.grad.dtype == np.float32
    g = jax.grad(to_jax(lambda x: np.sum(x.astype(np.float64) ** 2)))(jnp.ones(2))
    assert g.dtype == np.float32 and g.tolist() == [2, 2]


def test_tracers_that_from_jax_is_given_are_errors():
    f = from_jax(lambda x: x * 2)
    with pytest.raises(Exception, match="traced array"):
        jax.grad(lambda x: jnp.sum(jnp.asarray(f(x).data)))(jnp.ones(2))


def test_a_compiled_step_of_ours_is_an_error():
    f = from_jax(jnp.sin)
    step = tg.compile(lambda x: np.sum(f(x)))
    with pytest.raises(tg.CompileError, match="from_jax: what JAX computes can't be part of a compiled step"):
        for _ in range(3):
            step(np.ones(2))


def test_what_returns_no_numbers_is_an_error():
    with pytest.raises(TypeError, match=r"to_jax: the function returned str 'text'; it must return Tensors"):
        to_jax(lambda x: "text")(jnp.ones(2))


def test_memory_is_never_shared():
    a = np.ones(4096)
    t = Tensor(a)
    y = from_jax(lambda x: x**2)(t * 1)
    y.data[:] = 7.0
    kept = []
    from_jax(lambda x: kept.append(x) or x)(a)
    a[:] = 5.0
    assert kept[0].sum() == 4096
    assert from_jax(lambda x: x)(np.ones(2)).data.flags.writeable


def test_constants_go_by_dlpack():
    constant = Tensor(np.arange(3.0), requires_grad=False)
    close(jnp.from_dlpack(constant), jnp.arange(3.0))
    with pytest.raises(TypeError, match="its gradient would be lost"):
        jnp.from_dlpack(Tensor([1.0]))
    for take in (Tensor, tg.array_api.from_dlpack):
        close(take(jnp.arange(3.0)).data, np.arange(3.0))
    with pytest.raises(TypeError, match="traced array"):
        jax.grad(lambda x: Tensor(x).sum())(jnp.ones(2))


def test_no_grad_holds():
    t = Tensor([1.0, 2.0])
    with tg.no_grad():
        assert not from_jax(jnp.sin)(t).requires_grad
    assert not from_jax(jnp.sin)(t.detach()).requires_grad and from_jax(jnp.sin)(t).requires_grad


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float8_e4m3fn])
def test_floats_that_numpy_has_not_are_an_error_and_not_constants(dtype):
    few = jnp.ones(3, dtype)
    for call in (
        lambda: jax.grad(to_jax(np.sum))(few),
        lambda: to_jax(np.exp, result=jax.ShapeDtypeStruct((3,), dtype))(jnp.ones(3)),
        lambda: from_jax(lambda x: x.astype(dtype))(Tensor(np.ones(3, np.float32))),
        lambda: from_jax(lambda x: (x, x.astype(dtype)))(Tensor(np.ones(3, np.float32))),
        lambda: from_jax(lambda x: x.astype(dtype))(np.ones(3, np.float32)),
    ):
        with pytest.raises(TypeError, match=f"NumPy has no {np.dtype(dtype)}; pass or return x.astype"):
            call()
    inside = from_jax(lambda x: x.astype(dtype).astype(np.float32))
    close(tg.grad(lambda x: np.sum(inside(x)))(np.ones(3, np.float32)), np.ones(3, np.float32))


def test_a_key_is_an_error():
    with pytest.raises(TypeError, match="to_jax: NumPy has no key"):
        to_jax(lambda k: 1.0)(jax.random.key(0))


def test_ints_of_a_tensor_are_arrays_of_numpys():
    i, (j, positive) = from_jax(lambda x: (jnp.argsort(x), (jnp.argmax(x), x > 1)))(Tensor(np.float32([2, 0, 3])))
    assert {type(y) for y in (i, j, positive)} == {np.ndarray}
    assert i.tolist() == [1, 0, 2] and j == 2 and positive.tolist() == [True, False, True]


def test_arrays_of_other_bytes_are_copied_and_of_other_dtypes_an_error():
    gradient = tg.grad(lambda x: np.sum(from_jax(jnp.square)(x)))(np.arange(3, dtype=">f4"))
    np.testing.assert_array_equal(gradient, [0, 2, 4])
    if np.longdouble != np.float64:
        with pytest.raises(TypeError, match=f"from_jax: .* of {np.dtype(np.longdouble)}"):
            from_jax(jnp.square)(Tensor(np.ones(2, np.longdouble)))


def test_a_function_of_jaxs_inside_of_ours_inside_of_jit():
    f = to_jax(lambda x: np.sum(from_jax(jnp.sin)(x) * x))
    x = jnp.array([0.5, 2.0])
    close(jax.jit(jax.grad(f))(x), jnp.sin(x) + x * jnp.cos(x))


def test_functions_show_what_they_compute():
    assert to_jax(np.sin).__name__ == "to_jax(sin)" and from_jax(jnp.dot).__name__ == "from_jax(dot)"
