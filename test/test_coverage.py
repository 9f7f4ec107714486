"""Every function that NumPy dispatches is in exactly one list, every function of tensorgrad.scipy is tested, and
docs/functions.md says the same."""

import importlib
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from cases import CASES

from tensorgrad import Tensor
from tensorgrad.coverage import MODULES, distributions, functions, kinds, of_scipy, others_of_scipy, page
from tensorgrad.derivatives import CONSTANT, NON_DIFFERENTIABLE, TABLE

EVERY = {f"{module}.{name}": f for module, members in MODULES.items() for name, f in functions(members).items()}


def test_functions_are_found():
    assert len(EVERY) > 350
    for name in ("numpy.add", "numpy.where", "numpy.median", "numpy.linalg.solve", "numpy.fft.irfft"):
        assert name in EVERY


def test_every_function_is_in_exactly_one_list():
    homes = {name: kinds(func) for name, func in EVERY.items()}
    assert not {name for name, found in homes.items() if not found}, (
        "in no list: give rules, or say constant or non_differentiable"
    )
    assert not {name: found for name, found in homes.items() if len(found) > 1}, "in more than one list"


def test_how_many_are_differentiable():
    differentiable = [name for name, func in EVERY.items() if kinds(func) == ["differentiable"]]
    assert len(differentiable) >= 236
    assert len(set(NON_DIFFERENTIABLE) & set(EVERY.values())) < 45


def test_a_new_function_would_show_up():
    """A function that is in no list (here one taken out of its list) raises, and names itself."""
    rules = TABLE.pop(np.sin)
    try:
        assert kinds(np.sin) == []
        with pytest.raises(TypeError, match="sin has no derivative in tensorgrad"):
            np.sin(Tensor(1.0))
    finally:
        TABLE[np.sin] = rules


# What has no derivative, and what gives plain values ------------------------------------------------------------------

t = Tensor([1.0, 2.0, 3.0])
day = np.array(["2024-01-01"], "M8[D]")

NON_DIFFERENTIABLE_CALLS = {
    "unique": lambda: np.unique(t),
    "union1d": lambda: np.union1d(t, t),
    "setdiff1d": lambda: np.setdiff1d(t, [1.0]),
    "histogram": lambda: np.histogram(t),
    "histogram2d": lambda: np.histogram2d(t, t),
    "save": lambda: np.save("/nowhere/file.npy", t),
    "savetxt": lambda: np.savetxt("/nowhere/file.txt", t),
    "bitwise_and": lambda: np.bitwise_and(t, t),
    "gcd": lambda: np.gcd(t, 2),
    "packbits": lambda: np.packbits(t),
    "isnat": lambda: np.isnat(t),
    "busday_offset": lambda: np.busday_offset(day, t),
}


@pytest.mark.parametrize("name", NON_DIFFERENTIABLE_CALLS)
def test_without_a_derivative(name):
    with pytest.raises(TypeError, match=rf"{re.escape(name)} has no derivative in tensorgrad: .+\. Pass tensor\.data"):
        NON_DIFFERENTIABLE_CALLS[name]()


CONSTANT_CALLS = [
    (np.argsort, t), (np.searchsorted, t, 1.5), (np.lexsort, (t, t)), (np.floor, t),
    (np.isin, t, [1.0]), (np.array2string, t), (np.array_repr, t), (np.array_str, t), (np.einsum_path, "i,i->", t, t),
    (np.floor_divide, t, 2.0), (np.count_nonzero, t), (np.digitize, t, [1.5]), (np.spacing, t),
]  # fmt: skip


@pytest.mark.parametrize("func, args", [(f, args) for f, *args in CONSTANT_CALLS])
def test_constant_gives_plain_values(func, args):
    assert func in CONSTANT
    plain = [a.data if isinstance(a, Tensor) else (t.data, t.data) if isinstance(a, tuple) else a for a in args]
    ours, theirs = func(*args), func(*plain)
    assert type(ours) is type(theirs)
    np.testing.assert_equal(ours, theirs)


# out= and what else can't be honoured --------------------------------------------------------------------------------

OUT = {
    "sin": lambda: np.sin(t, out=np.zeros(3)),
    "sum": lambda: np.sum(t, out=np.zeros(())),
    "take": lambda: np.take(t, [0], out=np.zeros(1)),
    "take, by place": lambda: np.take(t, [0], None, np.zeros(1)),
    "median": lambda: np.median(t, out=np.zeros(())),
    "median, by place": lambda: np.median(t, None, np.zeros(())),
    "quantile": lambda: np.quantile(t, 0.5, out=np.zeros(())),
    "nansum": lambda: np.nansum(t, out=np.zeros(())),
    "choose": lambda: np.choose([0, 0, 0], [t], out=np.zeros(3)),
    "ptp": lambda: np.ptp(t, out=np.zeros(())),
    "concatenate": lambda: np.concatenate([t, t], out=np.zeros(6)),
    "stack": lambda: np.stack([t], out=np.zeros((1, 3))),
    "dot": lambda: np.dot(t, t, out=np.zeros(())),
    "add.reduce": lambda: np.add.reduce(t, out=np.zeros(())),
    "clip": lambda: np.clip(t, 0, 1, out=np.zeros(3)),
}


@pytest.mark.parametrize("name", OUT)
def test_out_is_an_error(name):
    with pytest.raises(TypeError, match=rf"{name.split(',')[0]}: .*(overwrite|writing into) "):
        OUT[name]()


# What writes into its first argument: that is a Tensor that may be assigned into --------------------------------------

IN_PLACE = {
    "copyto": lambda a, v: np.copyto(a, v),
    "put": lambda a, v: np.put(a, [0], v),
    "put_along_axis": lambda a, v: np.put_along_axis(a, np.array([[0], [1], [2]]), v[:, None], 1),
    "place": lambda a, v: np.place(a, np.eye(3) > 0, v),
    "putmask": lambda a, v: np.putmask(a, np.eye(3) > 0, v),
    "add.at": lambda a, v: np.add.at(a, [0], v),
    "multiply.at": lambda a, v: np.multiply.at(a, [0], v),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_a_plain_array_is_not_written_into(name):
    array = np.ones((3, 3))
    with pytest.raises(TypeError, match=rf"{re.escape(name)}: would overwrite an array .*, or pass tensor\.data"):
        IN_PLACE[name](array, t)
    assert (array == 1).all()


OF_ARRAYS_ALONE = {
    "fill_diagonal": lambda a, v: np.fill_diagonal(a, v),
    "nan_to_num": lambda a, v: np.nan_to_num(a, copy=False),
}


@pytest.mark.parametrize("name", IN_PLACE | OF_ARRAYS_ALONE)
def test_a_leaf_that_requires_a_gradient_is_not_written_into(name):
    leaf = Tensor(np.eye(3))
    with pytest.raises(TypeError, match=rf"{re.escape(name)}.*: a leaf that requires a gradient can't be assigned"):
        (IN_PLACE | OF_ARRAYS_ALONE)[name](leaf, t.data)
    assert (leaf.data == np.eye(3)).all()


UNFIT = {
    "sin: .*where": lambda: np.sin(t, where=np.array([True, False, True])),
    "pad: a function": lambda: np.pad(t, 1, lambda row, width, axis, options: None),
    "pad: mode must": lambda: np.pad(t, 1, "mirror"),
    "pad: mode 'edge' takes no": lambda: np.pad(t, 1, "edge", constant_values=1.0),
    "average: the weights add up to zero": lambda: np.average(t, weights=[1.0, -1.0, 0.0]),
    "give their axis": lambda: np.average(Tensor(np.ones((2, 3))), weights=t),
    "select: ": lambda: np.select([[1, 0, 1]], [t]),
    "choose: there are": lambda: np.choose([2, 0, 0], [t]),
    "piecewise: ": lambda: np.piecewise(t, [t > 1], [1.0, 2.0, 3.0]),
    "gradient: ": lambda: np.gradient(t[:2], edge_order=2),
    "interp: ": lambda: np.interp(t, [1.0, 2.0], [1.0]),
    "not reorderable": lambda: np.subtract.reduce(Tensor(np.ones((2, 2))), axis=(0, 1)),
    "binary functions": lambda: np.sin.reduce(t),
    "block: ": lambda: np.block([[t], t]),
    "meshgrid: ": lambda: np.meshgrid(t, t, indexing="yx"),
    "polyfit: ": lambda: np.polyfit(t, t[:2], 1),
}


@pytest.mark.parametrize("message", UNFIT)
def test_what_cannot_be_honoured_is_an_error(message):
    with pytest.raises((TypeError, ValueError, ZeroDivisionError), match=message):
        UNFIT[message]()


# SciPy --------------------------------------------------------------------------------------------------------------

HERE = Path(__file__).parent
needs_scipy = pytest.mark.skipif(find_spec("scipy") is None, reason="SciPy isn't installed")

# What takes functions of the user's, and so isn't in the table of cases: where it is tested
TESTED_IN = {
    "test_scipy_integrate.py": {"scipy.integrate.odeint", "scipy.integrate.quad", "scipy.integrate.solve_ivp"},
    "test_scipy_optimize.py": {
        "scipy.optimize.bisect", "scipy.optimize.brentq", "scipy.optimize.fixed_point", "scipy.optimize.least_squares",
        "scipy.optimize.minimize", "scipy.optimize.minimize_scalar", "scipy.optimize.newton", "scipy.optimize.root",
        "scipy.optimize.root_scalar",
    },
}  # fmt: skip


def every_function_of_scipy():
    """What tensorgrad.scipy has, by SciPy's name: functions, classes, and the functions of distributions."""
    of_stats, every = distributions(), {}
    for module, members in of_scipy().items():
        for name, member in members.items():
            if module == "scipy.stats" and name in of_stats:
                every.update({f"{module}.{name}.{method}": getattr(member, method) for method in of_stats[name]})
            else:
                every[f"{module}.{name}"] = member
    return every


@needs_scipy
def test_every_function_of_scipy_is_tested():
    for path in sorted(HERE.glob("cases_*.py")):
        importlib.import_module(path.stem)
    tried = {id(case.func) for case in CASES}
    without_case = {name for name, function in every_function_of_scipy().items() if id(function) not in tried}
    assert without_case == set().union(*TESTED_IN.values()), "write a case, in test/cases_scipy_*.py"
    for file, names in TESTED_IN.items():
        text = (HERE / file).read_text(encoding="utf-8")
        for name in names:
            assert re.search(rf"\b{name.rpartition('.')[2]}\(", text), f"{name} isn't called in {file}"


@needs_scipy
def test_functions_of_scipy_are_found():
    found = of_scipy()
    assert {"scipy.linalg", "scipy.stats", "scipy.signal", "scipy.special", "scipy.integrate"} <= found.keys()
    for module, members in found.items():
        theirs = importlib.import_module(module)
        assert all(hasattr(theirs, name) for name in members)
        assert others_of_scipy(module) and not members.keys() & set(others_of_scipy(module))
    assert "LinAlgError" not in found["scipy.linalg"]
    assert sum(map(len, found.values())) > 300


@needs_scipy
def test_functions_of_distributions_are_found():
    """They are all that are set on one."""
    stats = importlib.import_module("tensorgrad.scipy.stats")
    found = distributions()
    assert found.keys() == set(stats.__all__)
    for name, methods in found.items():
        own = {n for n, member in vars(getattr(stats, name)).items() if callable(member) and not n.startswith("_")}
        assert methods.keys() == own
        assert all(methods.values())
    assert found["norm"]["cdf"] == ["x", "loc", "scale"]
    assert found["binom"]["pmf"] == ["p"]
    with pytest.raises(TypeError, match="the argument n has no derivative"):
        stats.binom.pmf(1, Tensor(3.0), 0.5)


def test_the_page_is_all_that_needs_scipy():
    program = """
import sys
sys.modules["scipy"] = None
import numpy as np
from tensorgrad.coverage import kinds, page
assert kinds(np.sin) == ["differentiable"]
try:
    page()
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "tensorgrad.scipy needs SciPy: pip install scipy\n"


# The page ------------------------------------------------------------------------------------------------------------


@needs_scipy
def test_the_page_is_up_to_date():
    """With the NumPy and SciPy that the page was made with, word for word; with others, for the functions of both."""
    written = Path(__file__).parent.parent.joinpath("docs/functions.md").read_text()
    made = page()
    versions = [re.findall(r"(?:NumPy|SciPy) [\d.]+", text)[:2] for text in (written, made)]
    if versions[0] == versions[1]:
        assert written == made, "python -m tensorgrad.coverage > docs/functions.md"

    def listed(text):
        module, places = "", {}
        for line in text.splitlines():
            if line.startswith("## "):
                module = line[3:]
            elif line.startswith("**"):
                kind, names = line.split("**: ")
                places.update({f"{module}.{name}": kind for name in re.findall(r"`(\w+)`", names)})
            elif line.startswith("| `"):
                name, functions = re.fullmatch(r"\| `(\w+)` \| (.*) \|", line).groups()
                places[f"{module}.{name}"] = functions
        return places

    before, now = listed(written), listed(made)
    every = {f"{module}.{name}" for module, members in of_scipy().items() for name in members}
    assert now.keys() == EVERY.keys() | every
    assert {name: before[name] for name in before.keys() & now.keys()} == {
        name: now[name] for name in before.keys() & now.keys()
    }
