"""What transforms are called with: argnum and argnums, has_aux, and calls that can't be right."""

import dataclasses
import gc
import inspect
import math
import weakref

import numpy as np
import pytest
from helpers import close, is_array

import tensorgrad as tg
from tensorgrad import (
    MLP,
    Module,
    Tensor,
    check_grads,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    laplacian,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)

X = np.array([1.0, 2.0])
MADE = {  # transforms of a function that give a function, and how that is called with f's arguments
    "grad": (grad, lambda g, *args: g(*args)),
    "value_and_grad": (value_and_grad, lambda g, *args: g(*args)),
    "jacobian": (jacobian, lambda g, *args: g(*args)),
    "hessian": (hessian, lambda g, *args: g(*args)),
    "hvp": (hvp, lambda g, *args: g(*args, args[0])),
    "laplacian": (laplacian, lambda g, *args: g(*args)),
}
CALLED = {  # those that are given f and its arguments at once
    "vjp": lambda f, *args, **kwargs: vjp(f, *args, **kwargs),
    "jvp": lambda f, *args, **kwargs: jvp(f, args, args, **kwargs),
    "check_grads": lambda f, *args, **kwargs: check_grads(f, *args, **kwargs),
}
EVERY = {
    **{name: lambda f, *args, make=make, call=call: call(make(f), *args) for name, (make, call) in MADE.items()},
    **CALLED,
}


def total(x):
    return (x**2).sum()


def says(*parts):
    """A pattern for a text that has all these parts in it."""
    return "(?s)" + "".join(f"(?=.*{part})" for part in parts)


# argnum, and argnums as JAX calls it ----------------------------------------------------------------------------------


def product(a, b, c):
    return (a * b**2 * c**3).sum()


A, B, C = np.array([1.0, 2.0]), np.array([3.0, 0.5]), np.array([0.7, 1.1])
PARTS = [B**2 * C**3, 2 * A * B * C**3, 3 * A * B**2 * C**2]  # the gradients of product


@pytest.mark.parametrize("form", [int, np.int64, np.uint8, np.array, lambda i: i - 3, lambda i: np.int8(i - 3)])
def test_argnum_is_any_int_also_from_the_end(form):
    for i in range(3):
        for g in (
            grad(product, form(i)),
            grad(product, argnum=form(i)),
            grad(product, argnums=form(i)),
            lambda *args, i=i: value_and_grad(product, argnums=form(i))(*args)[1],
            lambda *args, i=i: jacobian(product, argnums=form(i))(*args),
        ):
            close(g(A, B, C), PARTS[i])


@pytest.mark.parametrize(
    "form", [tuple, list, lambda numbers: np.array(numbers).tolist(), lambda n: tuple(map(np.int64, n))]
)
def test_several_arguments_give_a_tuple(form):
    for chosen in ((0,), (2, 0), (-1, 1, 0)):
        for name in ("argnum", "argnums"):
            found = grad(product, **{name: form(chosen)})(A, B, C)
            assert type(found) is tuple
            for g, i in zip(found, chosen, strict=True):
                close(g, PARTS[i])


def test_argnums_means_the_same_in_every_transform():
    f = lambda a, x: ((a * x) ** 2).sum(axis=-1)  # noqa: E731
    for name, (make, _) in MADE.items():
        call = (lambda g: g(3.0, X, X)) if name == "hvp" else (lambda g: g(3.0, X))
        one, other = call(make(f, 1)), call(make(f, argnums=1))
        for a, b in zip(*((r if type(r) is tuple else (r,)) for r in (one, other)), strict=True):
            close(a, b), close(np.shape(a), np.shape(b))


def test_the_signature_shows_what_is_meant():
    for make, _ in MADE.values():
        parameters = inspect.signature(make).parameters
        assert repr(parameters["argnum"].default) == repr(parameters["argnums"].default) == "0"


@pytest.mark.parametrize(
    "wrong", ["a", "0", 1.0, 1.5, True, np.True_, None, b"0", {0}, {0: 1}, [0.0], ("a",), [True], [None], [[0]], 1j]
)
@pytest.mark.parametrize("name", MADE)
def test_what_is_no_number_of_an_argument(name, wrong):
    for keyword in ("argnum", "argnums"):
        with pytest.raises(TypeError, match=says(f"^{name}: {keyword} must be an int or a tuple of ints", "from 0")):
            MADE[name][0](total, **{keyword: wrong})


@pytest.mark.parametrize("name", MADE)
def test_numbers_that_no_argument_has(name):
    make, call = MADE[name]
    for n, several in ((1, "there is 1 positional argument"), (2, "there are 2 positional arguments")):
        for wrong in (n, n + 5, -n - 1):
            with pytest.raises(TypeError, match=says(f"^{name}: argnum is {wrong}", several)):
                call(make(lambda *args: total(args[0]), wrong), *[X] * n)
    if name != "hvp":
        with pytest.raises(TypeError, match=says(f"^{name}: argnum is 0", "0 positional arguments", "not by name")):
            make(total)(x=X)


@pytest.mark.parametrize("name", [name for name in MADE if name != "laplacian"])
def test_several_numbers_that_can_not_be(name):
    make, call = MADE[name]
    with pytest.raises(ValueError, match=rf"^{name}: argnum is empty"):
        make(total, ())
    for twice in ((0, 0), (1, -1), [0, 1, -2]):
        with pytest.raises(ValueError, match=says(f"^{name}: argnum", "2 positional arguments twice")):
            call(make(lambda x, y: total(x), twice), X, X)
    with pytest.raises(TypeError, match=rf"^{name}: argnum is \(0, 2\), but there are 2"):
        call(make(lambda x, y: total(x), (0, 2)), X, X)


def test_both_names_are_one_too_many():
    for name, (make, _) in MADE.items():
        with pytest.raises(TypeError, match=rf"^{name}: argnum is 0 and argnums 0, two names"):
            make(total, 0, argnums=0)


# has_aux --------------------------------------------------------------------------------------------------------------


def with_aux(x):
    y = x**3
    return y.sum(), {"cubes": y, "shape": x.shape, "nothing": None, "list": [x * 2, 3.0], "text": "aux"}


def assert_aux(aux, x, kind=np.ndarray):
    assert type(aux["cubes"]) is kind and type(aux["list"][0]) is kind
    close(tg.tensor.data_of(aux["cubes"]), x**3), close(tg.tensor.data_of(aux["list"][0]), 2 * x)
    assert aux["shape"] == x.shape and aux["nothing"] is None and aux["list"][1] == 3.0 and aux["text"] == "aux"


def test_has_aux_gives_what_jax_gives():
    """(gradient, aux), ((value, aux), gradient), (jacobian, aux), (hessian, aux), (y, pullback, aux), (y, dy, aux)."""
    g, aux = grad(with_aux, has_aux=True)(X)
    close(g, 3 * X**2), assert_aux(aux, X)
    g, aux = grad(with_aux, 0, True)(X)
    close(g, 3 * X**2), assert_aux(aux, X)
    (value, aux), g = value_and_grad(with_aux, has_aux=True)(X)
    close(value, 9.0), close(g, 3 * X**2), assert_aux(aux, X)
    found, aux = jacobian(with_aux, has_aux=True)(X)
    close(found, 3 * X**2), assert_aux(aux, X)
    found, aux = hessian(with_aux, has_aux=True)(X)
    close(found, np.diag(6 * X)), assert_aux(aux, X)
    y, pullback, aux = vjp(with_aux, X, has_aux=True)
    close(y, 9.0), close(pullback(2.0)[0], 6 * X**2), assert_aux(aux, X)
    y, dy, aux = jvp(with_aux, (X,), (np.ones(2),), has_aux=True)
    close(y, 9.0), close(dy, 15.0), assert_aux(aux, X)
    found, aux = hvp(with_aux, has_aux=True)(X, np.ones(2))
    close(found, 6 * X), assert_aux(aux, X)
    found, aux = laplacian(with_aux, has_aux=True)(X)
    close(found, 18.0), assert_aux(aux, X)


def test_aux_and_several_arguments():
    (gx, gy), aux = grad(lambda x, y: [(x * y).sum(), y + 1], argnums=(0, 1), has_aux=True)(X, 2 * X)
    close(gx, 2 * X), close(gy, X), close(aux, 2 * X + 1)
    assert is_array(aux)


class Opaque:
    def __init__(self, tensor):
        self.tensor = tensor


@dataclasses.dataclass
class Parts:
    hidden: object
    name: str


def test_aux_may_be_anything():
    given = [None, 3, "text", object(), print, X, {1, 2}, [], {"a": (1, [2])}, lambda x: x, float("nan"), ...]
    for aux in given:
        assert grad(lambda x: (total(x), aux), has_aux=True)(X)[1] is aux  # noqa: B023
    found = grad(lambda x: (total(x), Parts(x * 2, "p")), has_aux=True)(X)[1]
    assert isinstance(found, Parts) and is_array(found.hidden) and found.name == "p"
    opaque = grad(lambda x: (total(x), Opaque(x * 2)), has_aux=True)(X)[1]
    close(opaque.tensor.data, 2 * X)  # what is no structure isn't looked into, but its data is there
    constants = grad(lambda x: (total(x), (np.sign(x), x > 1, x.data)), has_aux=True)(X)[1]
    assert [a.dtype.kind for a in constants] == ["f", "b", "f"]


def test_aux_of_tensors_is_a_tensor_that_is_differentiated_again():
    t = Tensor(X)
    for result in (
        grad(with_aux, has_aux=True)(t)[1],
        value_and_grad(with_aux, has_aux=True)(t)[0][1],
        vjp(with_aux, t, has_aux=True)[2],
        jvp(with_aux, (t,), (X,), has_aux=True)[2],
        hessian(with_aux, has_aux=True)(t)[1],
        hvp(with_aux, has_aux=True)(t, X)[1],
    ):
        assert_aux(result, X, Tensor)
        t.zero_grad()
        result["cubes"].sum().backward()
        close(t.grad, 3 * X**2)


def test_aux_of_constant_tensors_and_inside_no_grad():
    for make in (lambda: Tensor(X, requires_grad=False), lambda: Tensor(X)):
        with no_grad():
            aux = grad(with_aux, has_aux=True)(make())[1]
            assert_aux(aux, X, Tensor)
            assert not aux["cubes"].requires_grad
    aux = grad(with_aux, has_aux=True)(Tensor(X, requires_grad=False))[1]
    assert_aux(aux, X, Tensor)
    assert not aux["cubes"].requires_grad


def test_aux_that_leads_to_a_closed_over_tensor_though_the_output_does_not():
    w = Tensor(3.0)

    def f(x):
        h = x * 2
        return (h * h).sum(), h * w

    g, aux = grad(f, has_aux=True)(X)
    assert is_array(g) and type(aux) is Tensor
    close(g, 8 * X)
    aux.sum().backward()
    close(w.grad, 6.0)
    with no_grad():
        aux = grad(f, has_aux=True)(X)[1]
    assert type(aux) is Tensor and not aux.requires_grad


def test_output_that_leads_to_a_closed_over_tensor_though_aux_does_not():
    w = Tensor(3.0)
    (value, aux), g = value_and_grad(lambda x: ((x * w).sum(), x * 2), has_aux=True)(X)
    assert type(value) is type(g) is type(aux) is Tensor
    close(aux.data, 2 * X)


@pytest.mark.parametrize(
    "outer", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1], jacobian, lambda f: grad(lambda x: f(x))]
)
def test_aux_of_an_inner_transform_is_differentiated_by_the_outer_one(outer):
    """d/dx of (d/dy of y^3 x at y = x^2) + y^2: 3 x^5 and x^4."""

    def f(x):
        g, aux = grad(lambda y: (y**3 * x, y * y), has_aux=True)(x * x)
        return g + aux

    close(outer(f)(1.5), 15 * 1.5**4 + 4 * 1.5**3)

    def aux_alone(x):
        return value_and_grad(lambda y: (y * 2, x * y), has_aux=True)(x)[0][1]

    close(outer(aux_alone)(1.5), 3.0)


def test_aux_of_a_constant_of_the_outer_transform_is_an_array():
    seen = []

    def f(x):
        _, aux = grad(lambda y: (y**2, y * 3), has_aux=True)(2.0)
        seen.append(aux)
        return x * aux

    close(grad(f)(5.0), 6.0)
    assert is_array(seen[0])


def test_hessian_and_jacobian_of_a_gradient_with_aux():
    close(jacobian(lambda x: grad(with_aux, has_aux=True)(x)[0])(X), np.diag(6 * X))
    found, aux = jacobian(grad(with_aux, has_aux=True), has_aux=True)(X)
    close(found, np.diag(6 * X)), assert_aux(aux, X)


def test_aux_of_a_module():
    model = MLP(2, [3, 1], rng=0)
    inputs = np.random.default_rng(0).normal(size=(4, 2))

    def loss(model):
        logits = model(inputs)
        return (logits**2).mean(), {"logits": logits, "model": model}

    (_, aux), g = value_and_grad(loss, has_aux=True)(model)
    close(aux["logits"].data, model(inputs).data)
    assert isinstance(aux["model"], MLP) and g.keys() == dict(model.named_parameters()).keys()
    (aux["logits"] ** 2).mean().backward()
    for name, p in model.named_parameters():
        close(p.grad, g[name].data)


def test_aux_that_was_run_backward_inside():
    def f(x):
        inner = Tensor(2.0)
        loss = inner * inner
        loss.backward(retain_graph=False)
        return x * float(inner.grad), loss

    g, aux = grad(f, has_aux=True)(3.0)
    close(g, 4.0), close(aux, 4.0)


def test_no_graph_is_kept_by_an_aux_of_arrays(no_collector):
    recorded = []

    def f(x):
        y = x * 2
        recorded.append(weakref.ref(y))
        return (y * y).sum(), [y, y * 3]

    kept = [grad(f, has_aux=True)(X), hessian(f, has_aux=True)(X), jvp(f, (X,), (X,), has_aux=True)]
    gc.collect()
    assert kept and all(ref() is None for ref in recorded)


@pytest.mark.parametrize(
    "output, got",
    [(1.0, "float 1.0"), (None, "None"), ((1, 2, 3), "3 values"), ([1.0], "list"), ({"a": 1, "b": 2}, "dict")],
)
def test_has_aux_without_a_pair(output, got):
    for name, make in {**{name: make for name, (make, _) in MADE.items()}}.items():
        call = MADE[name][1]
        with pytest.raises(TypeError, match=says(f"^{name}: with has_aux=True", r"a pair \(output, aux\), not", got)):
            call(make(lambda x: output, has_aux=True), X)
    for name in ("vjp", "jvp"):
        with pytest.raises(TypeError, match=says(f"^{name}: with has_aux=True", got)):
            CALLED[name](lambda x: output, X, has_aux=True)
    with pytest.raises(TypeError, match="Tensor of shape"):
        grad(lambda x: x, has_aux=True)(X)


@pytest.mark.parametrize("wrong", [1, 0, "yes", None, [True]])
def test_has_aux_that_is_no_bool(wrong):
    for name, (make, _) in MADE.items():
        with pytest.raises(TypeError, match=rf"^{name}: has_aux must be True or False"):
            make(with_aux, has_aux=wrong)
    for name in ("vjp", "jvp"):
        with pytest.raises(TypeError, match=rf"^{name}: has_aux must be True or False"):
            CALLED[name](with_aux, X, has_aux=wrong)


def test_a_pair_without_has_aux_says_so_by_what_it_is():
    with pytest.raises(TypeError, match=r"^grad: the function must return one real number, not a tuple"):
        grad(lambda x: (total(x), x))(X)


# Calls that can't be right --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [5, None, "f", X, Tensor(1.0), [total], {"f": total}])
@pytest.mark.parametrize("name", EVERY)
def test_what_is_no_function(name, wrong):
    with pytest.raises(
        TypeError, match=rf"^{name}: f must be a function, not {'None' if wrong is None else type(wrong).__name__}"
    ):
        EVERY[name](wrong, X)
    if name in MADE:  # before it is called
        with pytest.raises(TypeError, match=rf"^{name}: f must be a function"):
            MADE[name][0](wrong)


def test_a_gradient_of_a_value_says_where_the_brackets_go():
    with pytest.raises(TypeError, match=r"write grad\(f\)\(x\), not grad\(f\(x\)\)"):
        grad(total(Tensor(X)))


@pytest.mark.parametrize("name", EVERY)
def test_errors_name_the_transform_that_was_called(name):
    call = EVERY[name]
    for returned in (3.0, "text", None, X.tolist(), np.sign(X)):
        with pytest.raises(TypeError, match=rf"^{name}: the function returned"):
            call(lambda x: returned, X)  # noqa: B023
    for wrong in (object(), np.array(["a"]), np.array([None]), np.datetime64("2020-01-01")):
        if name != "laplacian":
            with pytest.raises(TypeError, match=says(f"^{name}: ", "of which no Tensor can be made")):
                call(total, wrong)
    if name in ("grad", "value_and_grad", "hessian", "hvp"):
        with pytest.raises(TypeError, match=says(f"^{name}: the function must return one real number", r"\(2,\)")):
            call(lambda x: x, X)


@pytest.mark.parametrize("wrong", [X, Tensor(X), 2.0, None, "x", {"x": X}, {1.0}, np.array([[1.0]]), iter([X])])
def test_jvp_wants_tuples(wrong):
    with pytest.raises(TypeError, match=says("^jvp: args must be a tuple", r"jvp\(f, \(x,\), \(v,\)\)")):
        jvp(total, wrong, (X,))
    with pytest.raises(TypeError, match=says("^jvp: tangents must be a tuple", r"jvp\(f, \(x,\), \(v,\)\)")):
        jvp(total, (X,), wrong)


def test_jvp_takes_lists_as_jax_does():
    close(jvp(lambda x, y: (x * y).sum(), [X, X], [X, np.ones(2)])[1], 8.0)


def test_tangents_that_do_not_fit():
    with pytest.raises(ValueError, match=r"^jvp: args and tangents must be as many; there are 2 args, and 1 tangents"):
        jvp(lambda x, y: x, (X, X), (X,))
    for wrong, said in [
        (None, r"none is at \[0\]"),
        ("text", r"none is at \[0\]"),
        ([1.0, 2.0], r"none is at \[0\] and one too many at \[0\]\[0\]"),
        ({"a": X}, r"\[0\]\['a'\]"),
        (np.ones(3), r"has shape \(3,\)"),
        (1.0, r"has shape \(\)"),
        (1j * X, "complex128"),
        (np.array(["a", "b"]), "dtype <U1"),
        (object(), "dtype object"),
        (np.ma.array(X), "MaskedArray"),
    ]:
        with pytest.raises((ValueError, TypeError), match=says("^jvp: the tangent", said)):
            jvp(total, (X,), (wrong,))


def test_gradients_of_a_pullback_that_do_not_fit():
    pullback = vjp(lambda x: (x * 2, {"a": x.sum()}), X)[1]
    for wrong, said in [
        (None, r"with an array at each of \[0\], \[1\]\['a'\]"),
        (X, r"none is at \[0\], \[1\]\['a'\]"),
        ((X,), r"none is at \[1\]\['a'\]"),
        ((X, {"b": 1.0}), r"none is at \[1\]\['a'\] and one too many at \[1\]\['b'\]"),
        ((X, {"a": X}), r"\[1\]\['a'\] has shape \(2,\)"),
        ((X, {"a": 1.0}, 1.0), r"one too many at \[2\]"),
        ((X, {"a": 1j}), "complex128"),
        ((X, {"a": "1"}), r"none is at \[1\]\['a'\]"),
    ]:
        with pytest.raises((ValueError, TypeError), match=says("^pullback of vjp: the gradient", said)):
            pullback(wrong)
    with pytest.raises(ValueError, match=says("one array of shape", "not list", "np.array makes an array of it")):
        vjp(lambda x: x * 2, X)[1]([1.0, 2.0])
    with pytest.raises(TypeError, match="MaskedArray"):
        vjp(lambda x: x * 2, X)[1](np.ma.array(X))


def test_structures_that_hold_themselves():
    circle = [1.0]
    circle.append(circle)
    with pytest.raises(ValueError, match=r"^grad: argument 0 holds itself"):
        grad(lambda x: x[0])(circle)
    with pytest.raises(ValueError, match=r"^pullback of vjp: the gradient holds itself"):
        vjp(lambda x: [x, x], X)[1](circle)


def test_hvp_needs_a_vector():
    with pytest.raises(
        TypeError, match=r"^hvp: after the arguments of f the vector is needed, as in hvp\(f\)\(x, v\); got 1"
    ):
        hvp(total)(X)
    with pytest.raises(TypeError, match=r"^hvp: after the arguments"):
        hvp(total)()
    for wrong in (None, np.ones(3), "v", 1j * X, [1.0, 2.0]):
        with pytest.raises((ValueError, TypeError), match=r"^hvp: the vector"):
            hvp(total)(X, wrong)


class Points(Module):
    def __init__(self):
        self.points = Tensor(X)


@pytest.mark.parametrize("wrong", [2.0, np.array(2.0), Tensor(2.0), {"x": X}, [1.0, 2.0], (X,), None, "x", Points()])
def test_laplacian_needs_points(wrong):
    with pytest.raises(
        TypeError,
        match=says(
            "^laplacian: argument 0 must be an array of points", "None" if wrong is None else type(wrong).__name__
        ),
    ):
        laplacian(total)(wrong)


def test_laplacian_of_several_arguments_or_outputs():
    for several in ((0, 1), (0,), [1]):
        with pytest.raises(TypeError, match=r"^laplacian: argnum must be one int"):
            laplacian(product, several)
    for f in (lambda x: x, lambda x: (total(x), total(x)), lambda x: total(x) * 1j, lambda x: x.reshape(2, 1)):
        with pytest.raises(ValueError, match=r"^laplacian: for points of shape"):
            laplacian(f)(X)


def test_check_grads_that_could_not_fail():
    for order in (0, -1, 1.5, "a", None, True, np.float64(2)):
        with pytest.raises(ValueError, match=r"^check_grads: order must be a positive int"):
            check_grads(total, X, order=order)
    check_grads(total, X, order=np.int64(2))
    for wrong in (-1e-5, np.nan, np.inf, "a", None, [1e-5], 1j):
        for name in ("rtol", "atol"):
            with pytest.raises(ValueError, match=rf"^check_grads: {name} must be a finite number"):
                check_grads(total, X, **{name: wrong})
    with pytest.raises(ValueError, match=r"^check_grads: rtol must be below 1"):
        check_grads(total, X, rtol=1.0)
    with pytest.raises(TypeError, match=r"^check_grads: no argument was given"):
        check_grads(total)
    for nan in (np.nan, [1.0, np.inf], {"x": np.array([np.nan, 1.0])}):
        with pytest.raises(ValueError, match=r"^check_grads: args hold nan or inf"):
            check_grads(lambda x: total(x), nan)
    with pytest.raises(TypeError, match=r"^check_grads: the function returned ndarray"):
        check_grads(lambda x: (x**2, np.sign(x)), X)


def test_vjp_and_jvp_without_arguments():
    with pytest.raises(TypeError, match=r"^vjp: no argument was given"):
        vjp(total)
    with pytest.raises(TypeError, match=r"^jvp: "):
        jvp(total, (), ())


# Lists where an array is meant ----------------------------------------------------------------------------------------

LISTS = says("argument 0 is a list of numbers", "a list of Tensors", r"pass np\.array\(\[1\.0, 2\.0\]\)")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x**2,
        lambda x: x.sum(),
        lambda x: np.sum(x),
        lambda x: np.exp(x).sum(),
        lambda x: x,
        lambda x: -x,
        lambda x: np.ones(2) @ x,
        lambda x: x[:, 0],
        lambda x: x.T,
        lambda x: np.linalg.norm(x),
        lambda x: (x - 1).sum(),
    ],
)
@pytest.mark.parametrize("name", ["grad", "value_and_grad", "hessian", "hvp"])
def test_a_function_that_fails_on_a_list_of_numbers(name, f):
    with pytest.raises(TypeError, match=says(f"^{name}: ", LISTS[4:])):
        EVERY[name](f, [1.0, 2.0])


def test_the_list_is_named_wherever_it_is():
    for name in ("vjp", "jvp", "jacobian", "check_grads"):
        with pytest.raises(TypeError, match=says(f"^{name}: ", LISTS[4:])):
            EVERY[name](lambda x: x.sum(), [1.0, 2.0])
    with pytest.raises(TypeError, match=says("argument 1 is a tuple of numbers", r"np\.array\(\(1, 2\)\)")):
        grad(lambda x, y: (x * y.mean()).sum(), 1)(X, (1, 2))
    with pytest.raises(TypeError, match=says(r"argument 0\['w'\] is a list of numbers", "np.array of that list")):
        grad(lambda p: (p["w"] @ X).sum())({"w": [1.0, 2.0, 3.0, 4.0, 5.0]})
    with pytest.raises(TypeError, match=r"argument 0\[0\] is a list of numbers"):
        grad(lambda p: p[0].sum() * p[1].sum())([[1.0, 2.0], X])
    with pytest.raises(TypeError, match=r"pass np\.array\(\[\[1.0, 2.0\], \[3.0, 4.0\]\]\)"):
        grad(lambda p: p.sum())([[1.0, 2.0], [3.0, 4.0]])


def test_lists_that_are_meant():
    g = grad(lambda p: p[0] * p[1])([1.0, 2.0])
    assert type(g) is list and g == [2.0, 1.0]
    close(grad(lambda p: np.stack(p).sum())([1.0, 2.0]), [1.0, 1.0])
    with pytest.raises(
        AttributeError
    ) as error:  # of a list of arrays, or one that isn't differentiated, nothing is said
        grad(lambda p, q: q.sum(), 0)([X, X], [1.0, 2.0])
    assert not hasattr(error.value, "__notes__")


class Own(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


class OwnTypeError(TypeError):
    pass


@pytest.mark.parametrize(
    "error", [Own(1, 2), OwnTypeError("mine"), ValueError("mine"), ZeroDivisionError(), KeyError("k")]
)
def test_errors_of_the_users_own_come_through_with_a_note(error):
    def f(x):
        raise error

    for name, call in EVERY.items():
        with pytest.raises(type(error)) as found:
            call(f, X)
        assert found.value is error and not getattr(error, "__notes__", None), name
    with pytest.raises(type(error)) as found:
        grad(f)([1.0, 2.0])
    assert found.value is error
    (note,) = error.__notes__
    assert "grad: argument 0 is a list of numbers" in note
    del error.__notes__


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_error_comes_through_as_it_is(stop):
    def f(x):
        raise stop

    with pytest.raises(stop) as found:
        grad(f)([1.0, 2.0])
    assert not hasattr(found.value, "__notes__")


# What left the graph --------------------------------------------------------------------------------------------------

LEFT = {
    "float": lambda x: float(x.sum()) ** 2,
    "item": lambda x: x.sum().item() * 2,
    "data": lambda x: (x.data**2).sum(),
    "numpy": lambda x: np.sum(x.numpy() ** 2),
    "tolist": lambda x: sum(x.tolist()),
    "math.exp": lambda x: math.exp(x.sum()),
    "a list of numbers": lambda x: [float(v) for v in x],
    "a bool": lambda x: x.sum() > 0,
    "a constant function": lambda x: np.sign(x),
}


@pytest.mark.parametrize("f", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("name", [name for name in EVERY if name != "check_grads"])
def test_a_result_that_left_the_graph(name, f):
    with pytest.raises(
        TypeError, match=says(f"^{name}: the function returned", r"\.item\(\)", r"np\.array\(\[t, u\]\)", "np.exp")
    ):
        EVERY[name](f, X)


MADE_INSIDE = {
    "of a number": lambda x: Tensor(float(x.sum())),
    "of data": lambda x: Tensor(x.data).sum(),
    "computed": lambda x: (Tensor(x.data * 2) ** 2).sum() + 1.0,
    "a parameter": lambda x: MLP(2, [1], rng=0)(x.data).sum(),
}


@pytest.mark.parametrize("f", MADE_INSIDE.values(), ids=MADE_INSIDE)
@pytest.mark.parametrize("name", EVERY)
def test_a_result_of_a_tensor_that_the_function_made_itself(name, f):
    with pytest.raises(
        TypeError,
        match=says(
            f"^{name}: the function returned a Tensor that depends on none", r"Tensor\(value, requires_grad=False\)"
        ),
    ):
        EVERY[name](f, X)


def test_one_of_several_results():
    with pytest.raises(TypeError, match="depends on none"):
        vjp(lambda x: (x * 2, Tensor(x.data)), X)
    with pytest.raises(TypeError, match="depends on none"):
        jacobian(lambda x: {"a": x, "b": Tensor(1.0) * 2})(X)


def test_results_that_are_constant_on_purpose():
    w, zero = Tensor(3.0), np.zeros(2)
    for f in (
        lambda x: Tensor(5.0, requires_grad=False),
        lambda x: np.sign(x).sum() * Tensor(2.0, requires_grad=False),
        lambda x: stop_gradient(x).sum() ** 2,
        lambda x: x.detach().sum() * 2,
        lambda x: (x * 0).sum(),
        lambda x: x.sum() * 0 + Tensor(1.0),
    ):
        close(grad(f)(X), zero)
        close(hessian(f)(X), np.zeros((2, 2)))
        close(jvp(f, (X,), (X,))[1], 0.0)
    close(grad(lambda x: w * 2)(X).data, zero)  # a Tensor of the caller's, as an argument that isn't used
    close(grad(lambda x: w)(X).data, zero)
    close(grad(lambda x, y: (y * 2).sum(), 0)(X, Tensor(X)).data, zero)
    close(grad(lambda x, y: (y * 2).sum(), (0, 1))(X, X)[0], zero)


def test_a_linear_function_of_a_tensor_that_it_made_has_a_hessian_of_zeros():
    close(hessian(lambda x: (x * Tensor([2.0, 3.0])).sum())(X), np.zeros((2, 2)))
    close(grad(lambda x: (x * Tensor([2.0, 3.0])).sum())(X), [2.0, 3.0])


# Functions that record nothing ----------------------------------------------------------------------------------------


def test_a_function_that_enters_no_grad_and_returns_what_depends_on_nothing():
    decorated = tg.no_grad()(lambda x: x * x)

    def partly(x):
        with tg.no_grad():
            scale = x.sum()
        return (x * scale).sum()

    def wholly(x):
        with tg.no_grad():
            return (x * x).sum()

    x = np.array([1.0, 2.0])
    for call in (
        lambda: tg.grad(lambda x: decorated(x).sum())(x),
        lambda: tg.grad(wholly)(x),
        lambda: tg.value_and_grad(wholly)(x),
        lambda: tg.jacobian(decorated)(x),
        lambda: tg.hessian(wholly)(x),
        lambda: tg.vjp(decorated, x),
        lambda: tg.jvp(decorated, (x,), (x,)),
    ):
        with pytest.raises(TypeError, match=r"entered no_grad\(\).*stop_gradient"):
            call()
    np.testing.assert_array_equal(tg.grad(partly)(x), [3, 3])
    np.testing.assert_array_equal(tg.grad(lambda x: tg.stop_gradient((x * x).sum()))(x), [0, 0])
    np.testing.assert_array_equal(tg.grad(lambda x: Tensor(1.0, requires_grad=False))(x), [0, 0])
    with tg.no_grad():
        np.testing.assert_array_equal(tg.grad(lambda x: (x * x).sum())(x), [2, 4])
