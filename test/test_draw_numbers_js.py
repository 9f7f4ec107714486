"""Numbers as the backward page writes them, in a headless browser: beside Python's and NumPy's own formats."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import tensorgrad

SOURCE = (Path(tensorgrad.__file__).parent / "draw" / "web" / "numbers.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page()
    tab.add_script_tag(content=SOURCE)
    yield tab
    tab.close()


def array(a):
    return {"shape": list(a.shape), "data": a.ravel().tolist(), "bool": a.dtype == bool}


def all_sizes(n, rng, low=-320, high=308):
    return rng.choice([-1.0, 1.0], n) * rng.uniform(1, 10, n) * 10.0 ** rng.integers(low, high, n)


def value(text):
    """The number that a text stands for, exactly."""
    return Fraction(text.replace("−", "-"))


def places_and_power(text):
    """How many digits stand behind the point, and the power of ten."""
    digits, _, power = text.partition("e")
    return len(digits.partition(".")[2]), int(power or 0)


# One number -----------------------------------------------------------------------------------------------------------


def python_number(x):
    if x == int(x) and abs(x) < 1e6:
        return str(int(x)).replace("-", "−")
    digits, _, power = f"{x:.4g}".partition("e")
    return digits.replace("-", "−") + (f"e{int(power)}" if power else "")


def test_a_number_has_four_digits(tab, rng):
    halves = rng.integers(-(10**6), 10**6, 3000) / 2.0 ** rng.integers(0, 24, 3000)  # many lie between two texts
    near = np.concatenate([10.0**k * np.array([0.99995, 0.999949, 0.99994999, 1, 1.0005]) for k in range(-8, 9)])
    numbers = [*all_sizes(3000, rng), *all_sizes(3000, rng, -8, 8), *halves, *near, *range(-20, 20), 12350.0, 5e-324]
    texts = tab.evaluate("numbers => numbers.map(formatNumber)", [float(x) for x in numbers])
    assert texts == [python_number(x) for x in numbers]


def test_some_numbers(tab):
    numbers = {
        1 / 3: "0.3333", 1234: "1234", 12350: "12350", 999999: "999999", 12345.6: "1.235e4", 1.2345e7: "1.234e7",
        1.2345e-5: "1.234e-5", 0.00012345: "0.0001234", -2.5: "−2.5", 0.15625: "0.1562", 100000.5: "1e5",
        float("nan"): "nan", float("inf"): "inf", float("-inf"): "−inf", -0.0: "0", 1e6: "1e6",
    }  # fmt: skip
    assert tab.evaluate("numbers => numbers.map(formatNumber)", list(numbers)) == list(numbers.values())


# Sums -----------------------------------------------------------------------------------------------------------------

SUMS = {
    "−8 3 −5": [-8, 3, -5],
    "0.3333 0.0012 0.3346": [1 / 3, 0.0012345, 1 / 3 + 0.0012345],
    "0.50 0.25 0.75": [0.5, 0.25, 0.75],
    "1000.1234 −1000.0000 0.1234": [1000.1234, -1000, 0.1234],  # the sum has four digits, too
    "0.1 0.2 −0.3": [0.1, 0.2, -0.3],  # whose sum is 5.6e-17
    "12350.0 0.5 12350.5": [12350, 0.5, 12350.5],
    "1.0000e7 0.0003e7": [1e7, 2.6e3],  # no term is shown as 0
    "1.0000e-7 −0.0333e-7": [1e-7, -1 / 3e8],
    "nan 1.25 −inf": [np.nan, 1.25, -np.inf],
    "1e300 1e300 2e300": [1e300, 1e300, 2e300],
    "0.0 0.5": [0.0, 0.5],
    "1 0": [1.000000001, 1e-13],
    "nan": [np.nan],
    "": [],
}


@pytest.mark.parametrize("text", SUMS)
def test_some_sums(text, tab):
    assert " ".join(tab.evaluate("formatSum", SUMS[text])) == text


@pytest.mark.parametrize("spread", [0, 1, 3, 6, 20])
def test_what_is_shown_of_a_sum_adds_up(spread, tab, rng):
    sums = []
    for _ in range(400):
        size = rng.integers(-12, 12)
        terms = all_sizes(rng.integers(1, 6), rng, size, size + spread + 1)
        if rng.random() < 0.3:
            terms = np.append(terms, -terms[0] * (1 + rng.choice([1e-2, 1e-4, 1e-7, 1e-14])))
        if rng.random() < 0.2:
            terms = np.round(terms, 2)
        sums.append([*terms.tolist(), float(terms.sum())])
    for numbers, texts in zip(sums, tab.evaluate("sums => sums.map(formatSum)", sums), strict=True):
        shown = [text for text, x in zip(texts, numbers, strict=True) if x or "e" in texts[0]]
        assert len({places_and_power(text) for text in shown}) <= 1, "one notation"
        places, power = places_and_power(max(texts, key=len))
        last = Fraction(10) ** (power - places)
        for x, text in zip(numbers, texts, strict=True):
            assert abs(value(text) - Fraction(x)) <= last / 2 * (1 + Fraction(1, 10**9))
            assert not re.match("−0[.0]*(e|$)", text)
        *terms, total = map(value, texts)
        largest = max(map(abs, numbers))
        noise = Fraction(largest) / 10**12
        assert abs(sum(terms) - total) <= (len(terms) + 1) * last / 2 + noise
        for x, text in zip(numbers, texts, strict=True):  # to four digits of the largest, of which zeros are left out
            assert abs(value(text) - Fraction(x)) <= Fraction(largest) / 2000 + noise
        assert len(max(texts, key=len).strip("−").partition("e")[0]) <= 13  # such as 0.00012345678
        if (
            numbers[-1] and abs(numbers[-1]) >= 1e-4 * largest
        ):  # where terms almost cancel, the sum has four digits, too
            assert abs(total / Fraction(numbers[-1]) - 1) <= Fraction(1, 1999)


# Arrays ---------------------------------------------------------------------------------------------------------------

SHAPES = [
    (1,),
    (5,),
    (40,),
    (2, 3),
    (3, 30),
    (1, 1),
    (2, 3, 4),
    (2, 1, 2, 3),
    (2, 2, 25, 2),
    (2000,),
    (0,),
    (2, 0, 3),
    (),
]
LARGE = [(2001,), (7, 300), (3000, 1), (50, 50), (20, 10, 20), (7, 7, 7, 7)]


def as_numpy(a, **kwargs):
    text = np.array2string(a, threshold=2000, max_line_width=100, **kwargs)
    return re.sub("(?<!e)-", "−", text).replace("...", "…")


@pytest.mark.parametrize("shape", SHAPES + LARGE, ids=str)
@pytest.mark.parametrize("most", [2, 10, 99999])
def test_whole_numbers_stand_as_numpy_prints_them(shape, most, tab, rng):
    a = rng.integers(-most, most, shape)
    assert tab.evaluate("formatArray", array(a.astype(float))) == as_numpy(a)
    b = a > 0
    if b.size != 1:  # of which NumPy aligns True, too
        assert tab.evaluate("formatArray", array(b)) == as_numpy(b)


def words(text):
    return re.findall(r"[^\s\[\]…]+", text)


@pytest.mark.parametrize("shape", SHAPES[1:-3] + LARGE, ids=str)
@pytest.mark.parametrize("spread", [1, 3, 5, 9])
def test_numbers_stand_in_columns_of_one_notation(shape, spread, tab, rng):
    for low in (-9, -2, 0, 4):
        a = all_sizes(np.prod(shape), rng, low, low + spread).reshape(shape)
        a.ravel()[:: 1 + a.size // 3] = rng.choice([0, np.nan, np.inf, 1])
        text = tab.evaluate("formatArray", array(a))
        found = words(text)
        finite = [w for w in found if w.strip("−") not in ("nan", "inf")]
        assert len({places_and_power(w)[0] for w in finite}) <= 1
        assert text == as_numpy(a, formatter={"all": written(found)})


def written(found):
    """A format by the notation of these words, of the same width."""
    width = max(map(len, found))
    digits = max(places_and_power(w)[0] for w in found)
    kind = "e" if any("e" in w for w in found) else "f"

    def write(x):
        text = f"{x:.{digits}{kind if x else 'f'}}"
        return re.sub(r"e([+-])0*(\d+)", lambda e: "e" + e[1].strip("+") + e[2], text).rjust(width)

    return write


ARRAYS = {
    "[0.3333 0.5000]": [1 / 3, 0.5],
    "[0.50 0.25]": [0.5, 0.25],
    "[ 1.0  −2.5]": [1.0, -2.5],
    "[ 1 −2  3]": [1.0, -2.0, 3.0],
    "[1000.5000    0.3333]": [1000.5, 1 / 3],
    "[12345.600     0.333]": [12345.6, 1 / 3],
    "[0.9123 0.0123]": [0.91234, 0.01234],
    "[0.50000 0.00012]": [0.5, 0.000123],
    "[5.000e-1 1.234e-7]": [0.5, 1.2341e-7],
    "[1.235e7 1.000e0 0.000]": [1.2345678e7, 1.0, 0.0],
    "[nan inf   0]": [np.nan, np.inf, 0.0],
    "[nan  0.5]": [np.nan, 0.5],
    "[0.3333]": [1 / 3],
}


@pytest.mark.parametrize("text", ARRAYS)
def test_some_arrays(text, tab):
    assert " ".join(words(tab.evaluate("formatArray", array(np.array(ARRAYS[text]))))) == " ".join(words(text))


def test_an_array_of_no_axes_is_a_number(tab):
    assert tab.evaluate("formatArray", array(np.array(1 / 3))) == "0.3333"
    assert tab.evaluate("formatArray", array(np.array(-12345.6))) == "−1.235e4"
    assert tab.evaluate("formatArray", array(np.array(True))) == "True"


def test_several_arrays_share_a_notation(tab):
    a, b, c = np.array([0.5, 2.0]), np.array([[1 / 3], [10.0]]), np.array(7.0)
    assert tab.evaluate("formatArrays", [array(x) for x in (a, b, c)]) == [
        "[0.5000 2.0000]", "[[ 0.3333]\n [10.0000]]", "7.0000",
    ]  # fmt: skip
    assert tab.evaluate("formatArrays", [array(a), array(a > 1)]) == ["[0.5 2.0]", "[False  True]"]
