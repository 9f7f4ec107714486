"""Random NumPy programs that assign, and what is asked of Tensors that run them.

    python test/assigning.py 1000        tries 1,000 programs, and prints those that fail, as short as they can be made
    python test/assigning.py 1000 7      the 1,000 from number 7 on

A program is text, and runs as it stands on arrays, on Tensors and on complex numbers. `work` makes what it writes into:
an array as it is, or a constant Tensor of it. It returns all that it still has names for. Every function in it is
analytic where it is taken (guards keep maxima, sorts and comparisons away from ties), so an imaginary step of 1e-20
gives the gradient to the last digits, with NumPy alone: Squire and Trapp, SIAM Review 40(1), 1998.
"""

import ast
import gc
import random
import re
import sys
import textwrap
import time
import warnings
import weakref
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tensorgrad import Tensor, enable_grad, grad, hvp, jacobian, jvp, no_grad

# Programs ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    inputs: dict[str, str]  # the name of each, and how it is made; D is its dtype
    statements: tuple[tuple[str, str], ...] = ()  # each with a condition that must hold before it
    outputs: tuple[str, ...] = ()

    @cached_property
    def function(self):
        lines = [text for text, _ in self.statements] + [f"return [{', '.join(self.outputs)}]"]
        return f"def program({', '.join(self.inputs)}):\n" + textwrap.indent("\n".join(lines), "    ")

    @cached_property
    def code(self):
        return compile(self.function, "<program>", "exec")

    @cached_property
    def inputs_code(self):
        return compile("".join(f"{text}, " for text in self.inputs.values()), "<inputs>", "eval")

    def __str__(self):
        made = [f"{name} = {text.replace(', D)', ')')}" for name, text in self.inputs.items()]
        return "\n".join(["work = lambda a: Tensor(a, requires_grad=False)", *made, self.function])

    def arrays(self, steps=None, dtype=float):
        """The inputs, read-only, each with a step added in place: the layout of their memory matters."""
        arrays = list(eval(self.inputs_code, {"np": np, "D": dtype}))
        for i, a in enumerate(arrays):
            if steps is not None:
                a += steps[i]
            a.flags.writeable = False
        return arrays

    def run(self, inputs, work):
        """What it returns."""
        namespace = {"np": np, "work": work}
        exec(self.code, namespace)
        return namespace["program"](*inputs)

    def run_on(self, program, inputs, work):
        """A generator: what it returns, and then what the program returns of which it is the first part."""
        rest = replace(program, statements=program.statements[len(self.statements) :]).function.partition("\n")[2]
        namespace = {"np": np, "work": work}
        exec(f"{self.function}\n{rest}".replace("    return [", "    yield ["), namespace)
        return namespace["program"](*inputs)

    @cached_property
    def gradients(self):
        """Those of the total, by imaginary steps."""
        return self.gradients_at()

    def gradients_at(self, steps=None):
        """The same where the inputs are changed by steps."""
        gradients = [np.zeros(a.shape) for a in self.arrays()]
        for k, gradient in enumerate(gradients):
            for i in np.ndindex(gradient.shape):
                step = [np.array(s, complex) for s in steps or map(np.zeros_like, gradients)]
                step[k][i] += 1e-20j
                inputs = self.arrays(step, complex)
                gradient[i] = np.imag(total(inputs, self.run(inputs, unchanged))) * 1e20
        return gradients


def unchanged(array):
    return array


def constant(array):
    return Tensor(array, requires_grad=False)


def weights(shape):
    return (np.arange(np.prod(shape, dtype=int)) % 7 + 1).reshape(shape) / 4


def total(inputs, outputs):
    """A number that depends on all of them, smoothly."""
    pairs = [*enumerate(outputs), *((9, x) for x in inputs)]
    return sum(np.sum(np.sin(v * 0.7 + k) * weights(np.shape(v))) for k, v in pairs)


def apart(*arrays):
    """Whether no two elements are nearly equal. Equal they may be: then they are copies of one another."""
    elements = np.sort(np.real(np.concatenate([np.ravel(a) for a in arrays])))
    gaps = np.diff(elements)
    return not np.any((gaps > 0) & (gaps < 1e-3))


def is_number(v):
    return isinstance(v, np.ndarray | np.generic) and v.dtype.kind in "fc"


def is_good(v, limit=30):
    return bool((abs(v) < limit).all())  # nan isn't


class numpy_is_strict:
    """Warnings, and what NumPy reports about numbers, are errors inside; underflow isn't."""

    def __enter__(self):
        self.caught = warnings.catch_warnings(), np.errstate(all="raise", under="ignore")
        for manager in self.caught:
            manager.__enter__()
        warnings.simplefilter("error")

    def __exit__(self, *error):
        for manager in reversed(self.caught):
            manager.__exit__(*error)


NAME = re.compile(r"[A-Za-z]\d+|x|y")
REFUSED = (ValueError, TypeError, IndexError, FloatingPointError, AttributeError, ZeroDivisionError, OverflowError,
           NameError, SyntaxError, Warning)  # fmt: skip


class State:
    """A program that runs on arrays, statement by statement."""

    def __init__(self, program):
        self.program = replace(program, statements=())
        inputs = dict(zip(program.inputs, program.arrays(), strict=True))
        self.inputs = {name: a.copy() for name, a in inputs.items()}
        self.variables = {"np": np, "work": unchanged, "apart": apart, **inputs}
        self.live = self.numbers()
        for text, guard in program.statements:
            self.run(text, guard)

    def run(self, text, guard=""):
        """Run a statement, and add it; an error if it isn't one that a program may have."""
        if guard and not eval(guard, self.variables):
            raise ValueError(f"not: {guard}")
        exec(text, self.variables)
        if any(not same_bits(a, self.variables[name]) for name, a in self.inputs.items()):
            raise ValueError("np.add.at writes into what is read-only, too")
        self.live = self.numbers()
        if not all(map(is_good, self.live.values())):
            raise ValueError("large numbers")
        self.program = replace(self.program, statements=(*self.program.statements, (text, guard)))

    def peek(self, text):
        """The value of an expression, or None where it has none that is made of numbers of a moderate size."""
        if text in self.variables:
            return self.variables[text]
        try:
            value = eval(text, self.variables)
        except REFUSED:
            return None
        return value if is_number(value) and is_good(value) else None

    def numbers(self):
        """What the program has names for: numbers, and those in lists."""
        found = {}
        for name, value in self.variables.items():
            if not NAME.fullmatch(name):
                continue
            if isinstance(value, list):
                found |= {f"{name}[{i}]": v for i, v in enumerate(value) if is_number(v)}
            elif is_number(value):
                found[name] = value
        return found


def is_valid(program):
    """Whether NumPy runs it without a complaint, and with numbers of a moderate size."""
    try:
        with numpy_is_strict():
            State(program)
        return has_moderate_gradients(program)
    except Exception:  # a shortened program may be any nonsense
        return False


def has_moderate_gradients(program):
    try:
        with numpy_is_strict():
            return all(is_good(g, 300) for g in program.gradients)
    except REFUSED:  # complex numbers overflow earlier
        return False


# Writing programs -----------------------------------------------------------------------------------------------------


class Writer:
    """Draws a program. Every statement is tried on arrays as it is drawn; what NumPy refuses is drawn anew.

    portable: only what PyTorch has, too, and by the same names.
    """

    def __init__(self, seed, portable=False):
        self.rng = random.Random(seed)
        self.portable = portable

    def program(self):
        """A program, with a gradient of a moderate size."""
        while True:
            with numpy_is_strict():
                program = self.draft()
            if program.outputs and has_moderate_gradients(program):
                return program

    def draft(self):
        self.state = State(Program(self.inputs()))
        length = self.integer(5, 25)
        while len(self.state.program.statements) < length:
            before = self.state.program
            writers = self.beginnings() if len(self.state.live) < 4 else self.kinds()
            try:
                text, guard = self.pick(writers)()
            except REFUSED:
                continue
            try:
                self.state.run(text, guard)
                if self.portable and any(isinstance(v, np.generic) for v in self.state.live.values()):
                    raise TypeError("PyTorch has no scalars that aren't arrays")
            except REFUSED:  # it may have run in part
                self.state = State(before)
        names = [name for name in self.state.live if name not in self.state.program.inputs]
        if self.chance(0.3):
            names = [name for name in names if self.chance(0.6)]
        return replace(self.state.program, outputs=tuple(names))

    def beginnings(self):
        return [self.new_array] * 3 + [self.new_view, self.assign, self.assign, self.update]

    def kinds(self):
        """The kinds of statements, each as often as it is to be drawn."""
        often = [self.assign] * 10 + [self.update] * 6 + [self.update_name] * 5 + [self.new_view] * 6 + [self.read] * 4
        often += [self.new_array] * 2 + [self.alias, self.new_copy, self.swap, self.forget]
        if self.portable:
            return often
        often += [self.out] * 4 + [self.write] * 2 + [self.at] * 2
        return [*often, self.sort, self.loop, self.several_targets, self.lists]

    # Drawing

    def pick(self, options):
        return options[int(self.rng.random() * len(options))]

    def chance(self, p):
        return self.rng.random() < p

    def integer(self, low, high):
        """One of low, ..., high."""
        return low + int(self.rng.random() * (high + 1 - low))

    def number(self, low=-1.5, high=1.5):
        return f"{self.rng.uniform(low, high):.2f}"

    def nested(self, shape, draw):
        """A literal of that shape: nested lists."""
        return f"[{', '.join(self.nested(shape[1:], draw) for _ in range(shape[0]))}]" if shape else str(draw())

    def numbers(self, shape):
        return self.nested(shape, self.number)

    def bools(self, shape):
        return f"np.zeros({shape}, bool)" if 0 in shape else f"np.array({self.nested(shape, lambda: self.chance(0.5))})"

    def shape(self):
        shape = tuple(self.integer(1, 4) for _ in range(self.pick([1, 1, 2, 2, 2, 3])))
        return shape if np.prod(shape) <= 12 else shape[:1]

    def layout(self, shape, start):
        """How an array of that shape is made, in one of several layouts of memory."""
        kind = self.pick(["C", "C", "C", "F", "strided", "reversed", "transposed"])
        if self.portable or kind == "C" or not shape:
            return start(shape)
        if kind == "F":
            return f"np.asfortranarray({start(shape)})"
        if kind == "strided":
            return f"{start((*shape[:-1], 2 * shape[-1]))}[..., ::2]"
        return f"{start(shape)}[::-1]" if kind == "reversed" else f"{start(shape[::-1])}.T"

    def inputs(self):
        sizes = iter(self.rng.sample(range(1, 150), 60))  # all different, and no sums of them are equal by accident

        def number():
            return f"{(next(sizes) + self.rng.uniform(-0.3, 0.3)) * self.pick([1, -1]) / 100:.6f}"

        def drawn(shape):
            return f"np.array({self.nested(shape, number)}, D)"

        made = {"x": self.layout(self.shape(), drawn)}
        if self.chance(0.6):
            made["y"] = self.layout(self.pick([self.shape(), self.shape(), ()]), drawn)
        return made

    def new(self, kind):
        """A name that isn't taken."""
        self.taken = getattr(self, "taken", 0) + 1
        return f"{kind}{self.taken}"

    # Expressions

    def name(self, can=lambda v: True):
        """A name whose value can do something; the newest more often."""
        names = [name for name, value in self.state.live.items() if can(value)]
        if not names:
            raise NameError("nothing of that kind")
        return self.pick(names[-4:] if self.chance(0.5) else names)

    def part(self, n):
        """A basic index of one axis."""
        if n and self.chance(0.4):
            return str(self.integer(-n, n - 1))
        options = [":", ":", "1:", ":-1", "::2", "1::2", f"{self.integer(0, n)}:", f":{self.integer(0, n)}"]
        if not self.portable:
            options += ["::-1", "::-2", "-2::-1", f"{self.integer(0, n)}:{self.integer(0, n)}"]
        return self.pick(options)

    def basic(self, shape):
        """What stands in brackets: integers, slices, Ellipsis, None."""
        parts = [self.part(n) for n in shape]
        if self.chance(0.3):
            parts = ["...", *parts[len(parts) // 2 :]] if self.chance(0.5) else [*parts[: len(parts) // 2], "..."]
        parts = parts[: self.integer(1, len(parts))] if parts and self.chance(0.3) else parts
        if self.chance(0.08):
            parts.insert(self.integer(0, len(parts)), "None")
        return ", ".join(parts) or "..."

    def places(self, n, shape):
        """An array of integers that index an axis, or a list; often with repeated ones."""
        if self.portable:
            places = self.rng.sample(range(n), self.integer(1, n))
        else:
            places = self.nested(shape, lambda: self.integer(-n, n - 1))
        return f"np.array({places})" if self.chance(0.5) or not shape else str(places)

    def advanced(self, text, shape):
        """The same with arrays of integers or bools."""
        if not shape:
            return self.pick(["...", "()"])
        n, rest = shape[0], [self.part(n) for n in shape[1:]]
        size = self.integer(1, 4)
        kinds = [
            lambda: self.bools(shape),
            lambda: self.bools(shape[:1]),
            lambda: f"{text} > {self.number()}2",
            lambda: self.places(n, (size,)),
            lambda: ", ".join([self.places(n, (size,)), *rest]),
            lambda: ", ".join([self.part(n), *[self.places(m, (size,)) for m in shape[1:]][:1]]),
            lambda: f"..., {self.places(shape[-1], (size,))}",
        ]
        if not self.portable:
            kinds += [
                lambda: self.places(n, self.pick([(2, size), (size, 1), ()])),
                lambda: ", ".join(self.places(m, (size,)) for m in shape),
                lambda: ", ".join([self.places(n, (2, 1)), *[self.places(m, (size,)) for m in shape[1:]]]),
                lambda: ", ".join([self.places(n, (size,)), *rest[:1], *[self.places(m, (size,)) for m in shape[2:]]]),
                lambda: ", ".join(["None", self.places(n, (size,))]),
                lambda: "np.ix_(" + ", ".join(self.places(m, (self.integer(1, 2),)) for m in shape) + ")",
                lambda: ", ".join([self.places(n, (size,)), *[self.bools((m,)) for m in shape[1:2]]]),
                lambda: self.pick(["True", "False"]),
                lambda: f"np.argsort({text}{'[:, 0]' if len(shape) > 1 else ''}, kind='stable')",
            ]
        return self.pick(kinds)()

    def view(self, text, shape):
        """An expression for a view, or what is one for some layouts of memory."""
        if self.chance(0.25):
            return f"{text}[{self.basic(shape)}]"
        ndim, (flat,) = len(shape), [int(np.prod(shape))]
        kinds = [f"{text}.reshape(-1)", f"{text}.ravel()", f"{text}[None]"]
        kinds += [f"{text}[...]", f"{text}.squeeze()"]
        if ndim == 2:
            kinds += [f"{text}.T"] * 2 + [f"{text}.reshape({shape[1]}, {shape[0]})"]
        if ndim > 1:
            a, b = self.integer(-ndim, ndim - 1), self.integer(0, ndim - 1)
            kinds += [f"np.swapaxes({text}, {a}, {b})", f"np.moveaxis({text}, {a}, {b})", f"{text}.mT"]
            kinds += [f"np.diagonal({text}, {self.integer(-1, 1)})"]
        if self.portable:
            return self.pick(kinds)
        divisors = [k for k in range(1, flat + 1) if flat % k == 0] or [1]
        k = self.pick(divisors)
        kinds += [f"{text}.T", f"np.reshape({text}, ({k}, {flat // k}))"]
        kinds += [f"np.ravel({text}, order='{self.pick('CFAK')}')"]
        kinds += [f"{text}.reshape({k}, -1, order='F')", f"{text}.reshape(1, -1)[0]", f"np.squeeze({text})"]
        kinds += [f"np.expand_dims({text}, {self.integer(0, ndim)})", f"np.atleast_{self.integer(1, 3)}d({text})"]
        kinds += [f"np.flip({text})", f"np.transpose({text})", f"{text}.transpose()", f"np.reshape({text}, -1)"]
        kinds += [f"np.broadcast_to({text}, {(2, *shape)})", f"{text}[()]", f"np.reshape({text}, {shape[::-1]})"]
        if ndim:
            n, axis = shape[0], self.integer(0, ndim - 1)
            kinds += [f"np.array_split({text}, 2)[{self.integer(0, 1)}]", f"list({text})[{self.integer(-n, n - 1)}]"]
            kinds += [f"np.split({text}, {shape[axis]}, {axis})[-1]", f"np.flip({text}, {axis})", f"np.flipud({text})"]
            kinds += [f"np.lib.stride_tricks.sliding_window_view({text}, {self.integer(1, n)}, 0)"]
            kinds += [f"np.hsplit({text}, [1])[{self.integer(0, 1)}]"]
        if ndim > 1:
            order = self.rng.sample(range(ndim), ndim)
            letters = "ijk"[:ndim]
            turned = "".join(letters[i] for i in order)
            kinds += [f"np.transpose({text}, {order})", f"{text}.transpose({', '.join(map(str, order))})"]
            kinds += [f"np.rot90({text}, {self.integer(0, 3)})", f"np.fliplr({text})", f"np.rollaxis({text}, {a})"]
            kinds += [f"np.einsum('{letters}->{turned}', {text})", f"np.matrix_transpose({text})"]
            kinds += [f"{text}.swapaxes({a}, {b})", f"np.diagonal({text})", f"np.vsplit({text}, [1])[-1]"]
            kinds += [f"np.einsum('ii...->i...', {text})"] * 6 if shape[0] == shape[1] else []
            kinds += [f"np.diag({text})"] if ndim == 2 else []
        return self.pick(kinds)

    def leaf(self):
        text = self.name()
        shape = np.shape(self.state.peek(text))
        if self.chance(0.25):
            text = self.view(text, shape)
            value = self.state.peek(text)
            if value is None:
                raise ValueError(text)
            shape = value.shape
        if self.chance(0.4):
            text += f"[{self.advanced(text, shape) if self.chance(0.3) else self.basic(shape)}]"
        return text

    def expression(self, depth=None):
        depth = self.pick([0, 1, 1, 2]) if depth is None else depth
        if not depth:
            return self.leaf()
        a, b, c = self.expression(depth - 1), self.expression(0), self.number()
        kinds = [f"np.tanh({a})", f"np.sin({a})", f"np.cos({a})", f"({a} * {c})", f"({c} - {a})", f"({a} ** 2)"]
        kinds += [f"(-{a})"]
        kinds += [f"np.exp(-{a} ** 2)", f"np.sqrt(1.5 + np.sin({a}))", f"({a} + {b})", f"({a} * {b})", f"({a} * {b})"]
        kinds += [f"np.sin({a} - {b})", f"({a} / (2 + np.sin({b})))", f"np.sum({a})", f"np.mean({a})", f"{a}.sum()"]
        if not self.portable:
            kinds += [f"np.arctan({a})", f"np.log(2 + np.sin({a}))", f"np.square({a})", f"np.sum({a}, axis=0)"]
            kinds += [f"{a}.T", f"np.mean({a}, axis=-1)", f"np.cumsum({a}, axis=0)", f"{a}.copy()", f"np.roll({a}, 1)"]
            kinds += [f"np.concatenate([{a}, {a}])", f"np.stack([{a}, {a}])", f"np.outer({a}, {b})", f"({a} @ {b})"]
            kinds += [f"np.flip({a})", f"np.cumprod(np.cos({a}))", f"np.prod(np.cos({a}), axis=-1)", f"{a}.reshape(-1)"]
        return self.pick(kinds)

    def fitting(self, shape):
        """An expression that broadcasts to a shape."""
        for _ in range(6):
            text = self.expression()
            value = self.state.peek(text)
            if value is not None and self.broadcasts(value.shape, shape):
                return text
        if self.portable:
            return f"np.sum(np.sin({text}))"
        return self.pick([f"np.resize({text}, {shape})", f"np.resize({text}, {shape})", f"np.mean({text})"])

    @staticmethod
    def broadcasts(shape, to):
        try:
            return np.broadcast_shapes(shape, to) == to
        except ValueError:
            return False

    def values(self, shape):
        """What can be assigned to a place of that shape."""
        kind = self.rng.random()
        if kind < 0.08:
            return self.number()
        if kind < 0.16 and 0 not in shape:
            literal = self.numbers(shape)
            return f"np.array({literal})" if self.portable or self.chance(0.5) else literal
        if kind < 0.2 and len(shape) == 1 and not self.portable:
            # Copies: NumPy writes one element after another, so a view would show what was just written
            return "[" + ", ".join(f"1 * {self.fitting(())}" for _ in range(shape[0])) + "]"
        return self.fitting(shape)

    # Places to write to

    def can_be_written(self, v):
        return isinstance(v, np.ndarray) and v.flags.writeable

    def target(self, whole=False):
        """An expression for a part of an array (or whole: an array) that can be written to, its value and a guard."""
        text = self.name(self.can_be_written)
        for _ in range(self.pick([0, 0, 0, 1, 1, 2])):
            text = self.view(text, np.shape(self.state.peek(text)))
        value = self.state.peek(text)
        if value is None or not self.can_be_written(value):
            raise ValueError("it can't be written to")
        guard = ""
        if not whole:
            index = self.advanced(text, value.shape) if self.chance(0.4) else self.basic(value.shape)
            guard, text = self.guard(text, index), f"{text}[{index}]"
            value = self.state.peek(text)
            if value is None:
                raise ValueError("no such place")
        return text, value, guard

    # Statements: each a text and a guard

    def new_array(self):
        name, x = self.new("A"), self.pick([name for name in ("x", "y") if name in self.state.variables])
        shape = self.pick([self.shape(), np.shape(self.state.variables[x]), np.shape(self.state.variables[x])])
        kinds = [
            lambda: f"work({self.layout(shape, lambda s: f'np.zeros({s}, {x}.dtype)')})",
            lambda: f"work({self.layout(shape, lambda s: f'np.zeros({s}, {x}.dtype)')})",
            lambda: f"work({self.layout(shape, lambda s: f'np.array({self.numbers(s)}, {x}.dtype)')})",
            lambda: f"{x} * 1.0",
            lambda: f"np.zeros_like({x})",
            lambda: f"np.sin({self.expression()})",
        ]
        if not self.portable:
            kinds += [
                lambda: f"+{x}",
                lambda: f"{x}.copy()",
                lambda: f"np.copy({x})",
                lambda: f"np.full_like({x}, {self.number()})",
                lambda: f"np.ones({shape}, {x}.dtype, like={x})",
                lambda: f"np.stack([{x}, {x}])",
                lambda: f"np.tanh({x}.T)",
                lambda: f"np.cos({x}[::-1])",
                lambda: f"{x} - {self.fitting(np.shape(self.state.variables[x]))}",
            ]
        return f"{name} = {self.pick(kinds)()}", ""

    def assign(self):
        place, value, guard = self.target()
        return f"{place} = {self.apart_from(place, self.values(value.shape))}", guard

    def apart_from(self, place, values):
        """Values for a place; a copy where that is a mask, for NumPy then reads what it has just written."""
        a_mask = re.search(r"True|False| > |bool", place)
        return f"1 * {values}" if a_mask and isinstance(self.state.peek(values), np.ndarray) else values

    def operation(self, place, value):
        """An operation in place on what stands there."""
        op = self.pick(["+", "+", "-", "*", "*", "/", "**"] + ["@"] * (value.ndim > 0 and not self.portable))
        values, guard = self.values(value.shape), ""
        if op == "*" and self.chance(0.5):
            values = self.number(0.5, 1.2)
        if op == "/":
            values = f"(2 + np.sin({self.fitting(value.shape)}))" if self.chance(0.7) else self.number(0.8, 2)
        if op == "**":
            positive = self.chance(0.3)
            values, guard = (values, f"np.all({place} > 0.1)") if positive else (self.pick(["2", "3", "2.0"]), "")
        if op == "@":
            values = f"np.resize(np.sin({self.expression()}), {(value.shape[-1],) * 2})"
        return f"{place} {op}= {values}", guard

    def update(self):
        place, value, guard = self.target()
        text, more = self.operation(place, value)
        return text, " and ".join(filter(None, [guard, more]))

    def update_name(self):
        name = self.name(lambda v: self.can_be_written(v) or isinstance(v, np.generic))
        return self.operation(name, self.state.peek(name))

    def new_view(self):
        text = self.name()
        for _ in range(self.pick([1, 1, 2])):
            value = self.state.peek(text)
            text = self.view(text, np.shape(value))
        return f"{self.new('v')} = {text}", ""

    def alias(self):
        return f"{self.new('B')} = {self.name(lambda v: not isinstance(v, np.generic))}", ""

    def new_copy(self):
        text = self.name()
        shape = np.shape(self.state.peek(text))
        kinds = [f"{text} * 1"]
        if not self.portable:
            kinds += [f"{text}.copy()", f"{text} + 0.5", f"np.copy({text})", f"{text}.flatten()"]
            if shape:
                kinds += [f"{text}[{self.advanced(text, shape)}]", f"np.take({text}, [0, -1], axis=0)"]
        return f"{self.new('c')} = {self.pick(kinds)}", ""

    def read(self):
        if self.portable or self.chance(0.7):
            return f"{self.new('r')} = {self.expression()}", ""
        a, b, c = self.expression(), self.expression(), self.number() + "2"  # that nothing else is equal to
        return self.pick([
            (f"{self.new('r')} = np.maximum({a}, {b})", f"apart({a}, {b})"),
            (f"{self.new('r')} = np.where({a} > {c}, {a}, {b})", f"apart({a}, {c})"),
            (f"{self.new('r')} = np.max({a}, axis=0)", f"apart({a})"),
            (f"{self.new('r')} = np.sort({a})", f"apart({a})"),
        ])  # fmt: skip

    def forget(self):
        names = [name for name in self.state.live if NAME.fullmatch(name) and name not in ("x", "y")]
        return f"del {self.pick(names)}", ""

    def lists(self):
        a, b = self.name(), self.leaf()
        if self.chance(0.3):
            return f"{self.new('L')} = list({self.name(lambda v: np.ndim(v) > 0)})", ""
        return f"{self.new('L')} = [{a}, {b}]", ""

    def swap(self):
        text, value, _ = self.target(whole=True)
        n = len(value)
        i, j = self.integer(0, n - 1), self.integer(0, n - 1)
        if self.portable:
            return f"{text}[[{i}, {j}]] = {text}[[{j}, {i}]]", f"{i} != {j}"
        copied = f"{text}[{i}], {text}[{j}] = {text}[{j}].copy(), {text}[{i}].copy()"
        return self.pick([
            f"{text}[[{i}, {j}]] = {text}[[{j}, {i}]]", copied, f"{text}[{i}], {text}[{j}] = {text}[{j}], {text}[{i}]",
        ]), ""  # fmt: skip

    def several_targets(self):
        (a, value, guard), (b, _, more) = self.target(), self.target()
        if self.chance(0.5):
            values = self.apart_from(a + b, self.values(value.shape))
            return f"{a} = {b} = {values}", " and ".join(filter(None, [guard, more]))
        text = self.name(lambda v: np.ndim(v) > 0 and len(v) in (1, 2, 3))
        return ", ".join(self.new("v") for _ in self.state.peek(text)) + f", = {text}", ""

    def loop(self):
        text, value, _ = self.target(whole=True)
        row = value[0]
        kinds = [
            f"for row in {text}:\n    row *= {self.fitting(())}",
            f"for row in {text}:\n    row += {self.fitting(row.shape)}",
            f"for i in range(1, len({text})):\n    {text}[i] = np.sin({text}[i - 1]) + {self.fitting(row.shape)}",
            f"for i in range(len({text})):\n    {text}[i] *= {self.fitting(row.shape)}",
        ]
        if row.ndim:
            kinds += [f"for row in {text}:\n    row[{self.basic(row.shape)}] = {self.fitting(())}"]
        if not self.portable:
            kinds += [f"for i, row in enumerate({text}):\n    {text}[-1 - i] += row * {self.number()}"]
        return self.pick(kinds), ""

    def at(self):
        """ufunc.at."""
        text, value, _ = self.target(whole=True)
        index = self.advanced(text, value.shape) if self.chance(0.8) else self.basic(value.shape)
        place = self.state.peek(f"{text}[{index}]")
        ufunc = self.pick(["add", "add", "subtract", "multiply", "maximum", "minimum", "divide"])
        values = f"(2 + np.sin({self.fitting(place.shape)}))" if ufunc == "divide" else self.values(np.shape(place))
        if 0 < np.ndim(self.state.peek(values)) < np.ndim(place):  # NumPy reads past the end of such values
            values = f"np.broadcast_to({values}, {place.shape})"
        guards = [f"apart({text}, {values})"] if ufunc in ("maximum", "minimum") else []
        guards += [self.guard(text, index)] if self.guard(text, index) else []
        return f"np.{ufunc}.at({text}, {self.as_argument(index)}, {values})", " and ".join(guards)

    @staticmethod
    def guard(text, index):
        """That what an index depends on is no tie."""
        if " > " in index:
            return f"apart({text}, {index.split(' > ')[1]})"
        return f"apart({text})" if "argsort" in index else ""

    @staticmethod
    def as_argument(index):
        """What stands in brackets, as an argument of a function."""
        try:
            return f"({index})" if isinstance(ast.parse(index, mode="eval").body, ast.Tuple) else index
        except SyntaxError:
            return f"np.s_[{index}]"

    def write(self):
        """The functions that write into their first argument."""
        text, value, _ = self.target(whole=True)
        shape, n = value.shape, self.integer(1, 4)
        some = f"np.resize({self.expression()}, {n})"
        kinds = [
            lambda: f"np.copyto({text}, {self.values(shape)})",
            lambda: f"np.copyto({text}, {self.values(shape)}, where={self.bools(shape)})",
            lambda: f"np.put({text}, {self.places(value.size, (n,))}, {self.pick([some, self.number()])})",
            lambda: f"np.put({text}, {self.places(2 * value.size, (n,))}, {some}, mode='wrap')",
            lambda: f"np.put({text}, {self.places(2 * value.size, (n,))}, {some}, mode='clip')",
            lambda: f"np.place({text}, {self.bools(shape)}, {some})",
            lambda: f"np.putmask({text}, {self.bools(shape)}, {self.pick([some, self.values(shape)])})",
            *[lambda: f"np.fill_diagonal({text}, {self.pick([some, self.fitting(())])}, wrap={self.chance(0.5)})"] * 2,
            lambda: f"{text}.fill({self.fitting(())})",
            lambda: self.put_along_axis(text, shape),
        ]
        return self.pick(kinds)(), ""

    def put_along_axis(self, text, shape):
        axis = self.integer(-len(shape), len(shape) - 1)
        some = [self.integer(1, 2) if i == axis % len(shape) else n for i, n in enumerate(shape)]
        places = self.nested(some, lambda: self.integer(0, shape[axis] - 1))
        return f"np.put_along_axis({text}, np.array({places}), {self.values(tuple(some))}, {axis})"

    def sort(self):
        text, value, _ = self.target(whole=True)
        axis = self.pick(["", str(self.integer(-value.ndim, value.ndim - 1))])
        return f"{text}.sort({axis})", f"apart({text})"

    def out(self):
        """A function with out=."""
        text, value, _ = self.target(whole=True)
        shape, guard = value.shape, ""
        a, b = self.fitting(shape), self.fitting(shape)
        into = self.pick([f"out={text}", f"out={text}", f"out=({text},)", f"out={text}, where={self.bools(shape)}"])
        kind = self.rng.random()
        if kind < 0.3:
            call = f"np.{self.pick(['sin', 'tanh', 'cos', 'negative', 'square', 'positive'])}({a}, {into})"
        elif kind < 0.55:
            call = f"np.{self.pick(['add', 'subtract', 'multiply'])}({a}, {b}, {into})"
        elif kind < 0.6:
            call, guard = f"np.maximum({a}, {b}, {into})", f"apart({a}, {b})"
        elif kind < 0.65:
            call = f"np.divide({a}, 2 + np.sin({b}), {into})"
        elif kind < 0.7 and shape:
            call = f"np.{self.pick(['cumsum', 'cumprod'])}(np.resize({a}, {shape}), axis=0, out={text})"
        elif kind < 0.9:
            call, guard = self.reduction(text, shape)
        else:
            call = self.joined(text, shape)
        return (f"{self.new('o')} = {call}" if self.chance(0.3) else call), guard

    def reduction(self, text, shape):
        axis = self.integer(0, len(shape))
        longer = (*shape[:axis], self.integer(1, 3), *shape[axis:])
        a = f"np.resize({self.expression()}, {longer})"
        options = self.pick(["", "", f", where={self.bools(longer)}"])
        return self.pick([
            (f"np.sum({a}, axis={axis}, out={text}{options})", ""),
            (f"np.mean({a}, axis={axis}, out={text})", ""),
            (f"np.prod({a}, axis={axis}, out={text}{options})", ""),
            (f"np.add.reduce({a}, axis={axis}, out={text})", ""),
            (f"np.max({a}, axis={axis}, out={text})", f"apart({a})"),
            (f"{a}.sum({axis}, out={text})", ""),
        ])  # fmt: skip

    def joined(self, text, shape):
        a, b = self.expression(), self.expression()
        if not shape or 0 in shape:
            raise ValueError("nothing to join")
        kinds = [f"np.take({a}, {self.nested(shape, lambda: self.integer(0, 1))}, out={text}, mode='wrap')"]
        parts = ", ".join(f"1 * {self.fitting(shape[1:])}" for _ in range(shape[0]))  # which out doesn't overlap
        kinds += [f"np.stack([{parts}], out={text})"]
        kinds += [f"np.concatenate([1 * np.resize({a}, {shape})[:1], np.resize({b}, {shape})[1:] * 1], out={text})"]
        if len(shape) == 2:
            factors = f"np.resize({a}, {(shape[0], 2)}), np.resize({b}, {(2, shape[1])})"
            kinds += [f"np.matmul({factors}, out={text})", f"np.einsum('ij,jk', {factors}, out={text})"]
            kinds += [f"np.dot({factors}, out={text})"]
            kinds += [f"np.outer(np.resize({a}, {shape[0]}), np.resize({b}, {shape[1]}), out={text})"]
        return self.pick(kinds)


# What is asked of Tensors ---------------------------------------------------------------------------------------------


class Failed(AssertionError):
    """What is wrong, with a word for its kind."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


def is_close(a, b, rtol, scale=1):
    return np.shape(a) == np.shape(b) and bool(np.all(np.abs(a - b) <= rtol * np.maximum(np.abs(b), scale)))


def require_close(kind, got, want, rtol):
    scale = max(np.max(np.abs(w), initial=1) for w in want)
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        if not is_close(a, b, rtol, scale):
            raise Failed(kind, f"of number {k} it gives\n{a}\nand not\n{b}")


def same_bits(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


IN_PLACE_DIFFERS = re.compile(r"\*\*=|@|out=")  # in the last bit, in NumPy's own loops

MODES = [  # dtype, whether the inputs require a gradient, whether it is recorded
    (float, True, True), (float, False, True), (float, True, False), (np.float32, True, True), (complex, True, True),
]  # fmt: skip


class Check:
    """The checks of one program, which share what they compare with."""

    def __init__(self, program):
        self.program = program
        self.rng = np.random.default_rng(0)
        self.inputs = program.arrays()

    @cached_property
    def directions(self):
        return [self.rng.normal(size=a.shape) for a in self.inputs]

    def f(self, inputs):
        return total(inputs, self.program.run(inputs, constant))

    def vector(self, inputs):
        """All that it returns, in one row."""
        return np.concatenate([np.ravel(v) for v in [inputs[0], *self.program.run(inputs, constant)]])

    def values(self):
        """Bit for bit those of NumPy, in the same places of memory, of inputs that require a gradient and of others."""
        exact = not IN_PLACE_DIFFERS.search(self.program.function)
        for dtype, requires_grad, recorded in (MODES[0], MODES[1 + len(self.program.function) % (len(MODES) - 1)]):
            inputs = self.program.arrays(dtype=dtype)
            try:
                with numpy_is_strict():
                    want = self.program.run(inputs, unchanged)
            except REFUSED:  # not in every dtype
                continue
            with enable_grad() if recorded else no_grad():
                got = self.program.run([Tensor(a, requires_grad=requires_grad) for a in inputs], constant)
            self.compare(got, want, None if exact else 1e-5 if dtype == np.float32 else 1e-13)

    def compare(self, got, want, rtol):
        """The bits of arrays (or, given rtol, nearly their values), and memory that is shared as theirs is."""
        for name, t, a in zip(self.program.outputs, got, want, strict=True):
            if not same_bits(t.data, np.asarray(a)) and (rtol is None or not is_close(t.data, a, rtol)):
                raise Failed("values", f"{name} is\n{t.data!r}\nand not\n{a!r}")
        for i, a in enumerate(want):
            for j, b in enumerate(want[:i]):
                if got[i] is got[j] and isinstance(a, np.generic):
                    continue  # two names for what can't be changed
                if np.shares_memory(a, b) != np.shares_memory(got[i].data, got[j].data):
                    names = f"{self.program.outputs[i]} and {self.program.outputs[j]}"
                    raise Failed("sharing", f"that {names} share memory is {np.shares_memory(a, b)} in NumPy")

    def first(self):
        """The gradient by grad, and by backward, which may be called twice or free the graph; and jvp along a line."""
        require_close("grad", grad(self.f)(self.inputs), self.program.gradients, 1e-9)
        tensors = [Tensor(a) for a in self.inputs]
        y = self.f(tensors)
        y.backward()
        require_close("backward", [t.grad for t in tensors], self.program.gradients, 1e-9)
        y.backward(retain_graph=False)
        require_close("backward twice", [t.grad for t in tensors], [2 * g for g in self.program.gradients], 1e-9)
        _, dy = jvp(self.f, (self.inputs,), (self.directions,))
        want = sum(np.sum(g * v) for g, v in zip(self.program.gradients, self.directions, strict=True))
        require_close("jvp", [dy], [want], 1e-9)

    def second(self):
        """The product of Hessian and vector, in two of three ways, against differences of NumPy's gradient."""
        v, h = self.directions, 1e-6
        up, down = (self.program.gradients_at([s * h * d for d in v]) for s in (1, -1))
        want = [(a - b) / (2 * h) for a, b in zip(up, down, strict=True)]
        got = hvp(self.f)(self.inputs, v)
        require_close("hvp", got, want, 1e-5)
        if len(self.program.statements) % 2:
            _, again = jvp(grad(self.f), (self.inputs,), (v,))
            return require_close("jvp of grad", again, got, 1e-9)
        tensors = [Tensor(a) for a in self.inputs]
        self.f(tensors).backward(create_graph=True)
        products, gradients = [t.grad * d for t, d in zip(tensors, v, strict=True)], [t.grad for t in tensors]
        require_close("backward with create_graph", [g.data for g in gradients], self.program.gradients, 1e-9)
        for t in tensors:
            t.grad = None
        sum(np.sum(p) for p in products).backward()
        return require_close("backward of gradients", [t.grad for t in tensors], got, 1e-9)

    def jacobians(self):
        """The Jacobian of all that it returns, against that of NumPy column by column. (One program in four.)"""
        if len(self.program.function) % 4:
            return
        columns = []
        for k, a in enumerate(self.inputs):
            for i in np.ndindex(a.shape):
                step = [np.zeros(b.shape, complex) for b in self.inputs]
                step[k][i] = 1e-20j
                inputs = self.program.arrays(step, complex)
                values = [inputs[0], *self.program.run(inputs, unchanged)]
                columns.append(np.concatenate([np.imag(np.ravel(v)) for v in values]) * 1e20)
        got = jacobian(self.vector)(self.inputs)
        got = np.concatenate([np.reshape(j, (len(j), -1)) for j in got], axis=1)
        require_close("jacobian", [got.T], [columns], 1e-9)

    def continued(self):
        """The gradient of what the first half gives, before and after the other half has run. (For a third.)"""
        if len(self.program.function) % 3:
            return
        half = first_half(self.program)
        tensors = [Tensor(a) for a in self.inputs]
        running = half.run_on(self.program, tensors, constant)
        early = total(tensors, next(running))
        early.backward()
        require_close("backward in the middle", [t.grad for t in tensors], half.gradients, 1e-9)
        late = total(tensors, next(running))
        for y, want in ((late, self.program.gradients), (early, half.gradients)):
            for t in tensors:
                t.grad = None
            y.backward()
            require_close("backward after the middle", [t.grad for t in tensors], want, 1e-9)
        for t in tensors:
            t.grad = None
        early.backward(create_graph=True)
        slope = sum(np.sum(t.grad * v) for t, v in zip(tensors, self.directions, strict=True))
        for t in tensors:
            t.grad = None
        slope.backward()
        got = hvp(lambda inputs: total(inputs, half.run(inputs, constant)))(self.inputs, self.directions)
        require_close("backward of gradients after the middle", [t.grad for t in tensors], got, 1e-9)

    def freed(self):
        """Nothing outlives its last name, with the garbage collector switched off. (For another third.)"""
        if len(self.program.function) % 3 != 1:
            return
        enabled = gc.isenabled()
        gc.disable()
        try:
            inputs = [Tensor(a) for a in self.inputs]
            outputs = self.program.run(inputs, constant)
            y = total(inputs, outputs)
            y.backward()
            left = [weakref.ref(t) for t in [*outputs, *inputs, y]]
            left += [weakref.ref(t.data) for t in outputs if not any(t.data is a for a in self.inputs)]
            del inputs, outputs, y
            if any(ref() is not None for ref in left):
                raise Failed("freed", "something is left")
        finally:
            if enabled:
                gc.enable()


ALL = ("values", "first", "second", "jacobians", "continued", "freed")


def first_half(program):
    half = replace(program, statements=program.statements[: len(program.statements) // 2])
    with numpy_is_strict():
        return replace(half, outputs=tuple(name for name in State(half).live if name not in program.inputs))


def failure(program, checks=ALL):
    """What is wrong with it, or None."""
    check = Check(program)
    for name in checks:
        try:
            getattr(check, name)()
        except Failed as error:
            return error
        except Exception as error:  # of the program, which is the library's user
            place = error.__traceback__
            while place.tb_next:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename.rpartition('/')[2]}:{place.tb_frame.f_code.co_name}"
            return Failed(f"{name}, {type(error).__name__} in {where}", str(error))
    return None


def shrunk(program, error, checks=ALL):
    """The program with all left out that needn't be there for an error of that kind."""

    def fails(candidate):
        found = failure(candidate, checks) if is_valid(candidate) else None
        return found if found is not None and found.kind == error.kind else None

    smaller = True
    while smaller:
        smaller = False
        for candidate in shorter(program):
            if found := fails(candidate):
                program, error, smaller = candidate, found, True
                break
    return program, error


def shorter(program):
    """Programs with a statement less, from the last on; with an output less; with a simpler value in a statement."""
    statements, outputs = program.statements, program.outputs
    for i in reversed(range(len(statements))):
        yield replace(program, statements=statements[:i] + statements[i + 1 :])
        if match := re.fullmatch(r"del (\w+)", statements[i][0]):
            yield replace(program, outputs=tuple(name for name in outputs if not name.startswith(match[1])))
    for i in range(len(outputs)):
        yield replace(program, outputs=outputs[:i] + outputs[i + 1 :])
    for i in reversed(range(len(statements))):
        text, guard = statements[i]
        for simpler in simpler_texts(text):
            yield replace(program, statements=(*statements[:i], (simpler, guard), *statements[i + 1 :]))


def simpler_texts(text):
    """A statement with one of its expressions replaced by a part of that."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call | ast.BinOp | ast.UnaryOp | ast.Subscript | ast.Attribute) or "\n" in text:
            continue
        whole = ast.get_source_segment(text, node)
        for child in ast.iter_child_nodes(node):
            part = ast.get_source_segment(text, child) if isinstance(child, ast.expr) else None
            if part and part not in ("np", "0.5") and (isinstance(child, ast.Call) or not part.startswith("np.")):
                yield text[: node.col_offset] + part + text[node.col_offset + len(whole) :]
        if isinstance(node, ast.BinOp | ast.Call) and len(whole) > 3:
            yield text[: node.col_offset] + "0.5" + text[node.col_offset + len(whole) :]


TORCH = {
    r"np\.zeros\((\([\d, ]*\)), bool\)": r"torch.zeros(\1, dtype=torch.bool)",
    r"np\.zeros\((\([\d, ]*\)), (\w)\.dtype\)": r"torch.zeros(\1, dtype=\2.dtype)",
    r"np\.array\(([^()]*), (\w)\.dtype\)": r"torch.tensor(\1, dtype=\2.dtype)",
    r"np\.array\(": "torch.tensor(",
    r"work\((.*)\)$": r"\1",
    r"^(.*\] =|[^=]* \S+=) (.*)$": r"\1 1 * (\2)",  # a copy, as PyTorch wants one where memory overlaps
    r"np\.": "torch.",
}


def in_torch(program):
    """A portable program as PyTorch code, of functions of the same names: a copy of it, with text that PyTorch runs."""
    statements = []
    for text, guard in program.statements:
        for pattern, replacement in TORCH.items():
            text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        statements.append((text, guard))
    return replace(program, statements=tuple(statements))


def main(count, first=0):
    """Try programs, and say how many failed; of each kind of failure, the first three programs are shown."""
    start, kinds = time.time(), {}
    for seed in range(first, first + count):
        program = Writer(seed).program()
        error = failure(program)
        if error is not None:
            kinds[error.kind] = kinds.get(error.kind, 0) + 1
            if kinds[error.kind] <= 3:
                print(f"number {seed}:", *reversed(shrunk(program, error)), sep="\n", end="\n\n", flush=True)
    print(f"{count} programs tried in {time.time() - start:.0f} s, {sum(kinds.values())} failed: {kinds}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
