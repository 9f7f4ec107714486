"""What a derivative rule is, and the table that the rules are entered in. Knows NumPy, knows no Tensor.

A rule says how the gradient flows back through one argument of one function:

    derivative(np.multiply, lambda g, y, a, b: g * b,
                            lambda g, y, a, b: g * a)

`g` is the gradient that arrives at the output, `y` the output; then come the function's own arguments, under NumPy's
names. There is one rule per positional argument; an argument whose rule is None, or that has none, is a constant. A
rule is written in NumPy's functions and operators alone. Fed arrays it gives arrays; fed Tensors it records itself, and
so can be differentiated again. It need not undo broadcasting, nor look after the dtype: the engine does both, once.

A complex gradient is kept as the plain (not conjugated) linear form: `dL = Re(g * dy)`. So the rule of a function that
is holomorphic is the usual one; the engine conjugates at its two ends, and `.grad` is what PyTorch gives.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .locks import fork_safe_lock, locked
from .signatures import Signature, dispatches

Function = TypeVar("Function", bound=Callable[..., Any])
Rule = Callable[..., Any]

TABLE: dict[Callable, Primitive] = {}  # NumPy's functions that have rules
OWN: weakref.WeakKeyDictionary[Callable, Primitive] = weakref.WeakKeyDictionary()  # others, as long as they live
COMPOSED: dict[Callable, Callable] = {}  # functions written in terms of others
CONSTANT: set[Callable] = set()  # constant almost everywhere, or a question: they give plain values
CREATION: dict[Callable, Callable] = {}  # functions that make arrays, see creation.py
NON_DIFFERENTIABLE: dict[Callable, str] = {}  # no derivative here, and the reason why
ENTERED: list[Callable] = []  # NumPy's functions, as often as they got rules

_LIBRARY = f"{__package__}".partition(".")[0] + "."
MAY_SHOW = 2  # is_view of a function of a user's: its output may show memory of its first argument, by rules of its own

CHANGING = fork_safe_lock()  # held while entries are made, or changed by observers
OBSERVERS: list[Callable] = []  # what functions and rules are called through, see observers.py
OBSERVED: set[Primitive] = set()  # those of which some are

# What changes how a result is computed but not what it is: the function gets them, its rules do not.
FORWARD_ONLY = frozenset({"dtype", "casting", "subok", "optimize", "signature", "order"})


class each:
    """Marks the rule for all further arguments, `each(lambda i, g, y, *args: ...)`: `i` counts from the marked one."""

    def __init__(self, rule: Callable):
        self.rule = rule


class Primitive:
    """A function together with its rules: what a graph is made of.

    `func` computes the output (with `saves`, the output and what its rules may use), `rules` are those of the first
    arguments, `rest` is the rule of all further ones, rest(i, g, y, *args). The engine reads them anew at each call:
    when they are replaced, operators, methods and recorded graphs go by the new ones.
    """

    __slots__ = (
        "func", "rules", "rest", "saves", "name", "arity", "complete", "is_view", "_func", "_rules", "_rest",
        "_rest_rules", "_called", "_signature",
    )  # fmt: skip
    _rest_rules: tuple[Rule, ...]
    _signature: Signature | None

    def __init__(self, func: Callable, rules: Sequence[Rule | each | None], saves: bool = False):
        self.name = getattr(func, "__name__", repr(func)).lstrip("_")
        self.saves = saves
        self.is_view: int = False
        self._func = func
        self.define(func, rules)

    def define(self, func: Callable, rules: Sequence[Rule | each | None]) -> None:
        """Set all rules. func is what users call: its signature tells which keyword arguments there are."""
        rest = rules[-1].rule if rules and isinstance(rules[-1], each) else None
        own: Any = tuple(rules[:-1] if rest else rules)
        if not rest:
            own += (None,) * (getattr(func, "nin", 0) - len(own))  # an argument of a ufunc without a rule is a constant
        self._rules, self._rest = own, rest
        self.arity = -1 if rest else len(own)
        self.complete = None not in own
        self._called, self._signature = func, None
        self.renew()

    @property
    def signature(self) -> Signature:
        """How the function is called: read when it is first asked for, since to read all at import would take long."""
        if self._signature is None:
            self._signature = Signature(self._called, self._rules, self._rest)
        return self._signature

    def renew(self) -> None:
        """Have the function and the rules called as they were defined, through the observers that there are."""
        func, rules, rest = self._func, self._rules, self._rest
        OBSERVED.update([self] if OBSERVERS else [])
        for wrap in OBSERVERS:
            rules = tuple([rule and wrap(self, rule, 2) for rule in rules])
            func, rest = wrap(self, func, 0), rest and wrap(self, rest, 3)
        self.func, self.rules, self.rest, self._rest_rules = func, rules, rest, ()

    def rules_for(self, n: int) -> tuple[Rule | None, ...]:
        """The rules of n arguments; those after the last that has a rule are left out."""
        rest, n = self.rest, n - len(self.rules)
        if rest is None or n <= 0:
            return self.rules
        if len(self._rest_rules) < n:
            self._rest_rules = tuple([functools.partial(rest, i) for i in range(2 * n)])
        return self.rules + self._rest_rules[:n]

    def output(self, *args: Any, **kwargs: Any) -> Any:
        """The function's output alone, without what it saves."""
        result = self.func(*args, **kwargs)
        return self.output_and_saved(result)[0] if self.saves else result

    def output_and_saved(self, result: Any) -> tuple:
        """What a function that saves something returned, or an error if it isn't a pair."""
        if type(result) is not tuple or len(result) != 2:
            what = f"{len(result)} values" if type(result) is tuple else f"a {type(result).__name__}"
            raise TypeError(f"{self.name}: with saves=True the function must return (output, saved), not {what}")
        return result

    def bind(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Move keyword arguments that have a rule to their place; an error for what no rule honours."""
        signature = self.signature
        if signature.out is not None and len(args) > signature.out:
            require_no_out(self.name, args[signature.out])
        if kwargs.keys() <= signature.settings:
            return args, kwargs
        given, kwargs = list(args), dict(kwargs)
        while len(given) < len(self.rules) and len(given) < len(signature.parameters):
            name = signature.parameters[len(given)]
            if name not in kwargs:
                break
            given.append(kwargs.pop(name))
        require_no_out(self.name, kwargs.pop("out", None))
        if not signature.open:
            for name, value in kwargs.items():
                everywhere = name == "where" and value is True
                if name not in signature.keywords and name not in FORWARD_ONLY and not everywhere:
                    known = ", ".join(sorted(signature.keywords)) or "none"
                    raise TypeError(f"{self.name}: no derivative with the argument {name}=; its rules know: {known}")
        return tuple(given), kwargs

    def known_kwargs(self, kwargs: dict) -> dict:
        """Those of a call's keyword arguments that the rules know."""
        signature = self.signature
        if signature.open or kwargs.keys() <= signature.keywords:
            return kwargs
        return {name: value for name, value in kwargs.items() if name in signature.keywords}

    def __repr__(self) -> str:
        return f"<{self.name} and its rules>"


def derivative(func: Function, *rules: Callable | each | None, saves: bool = False) -> Function:
    """Give a function its derivative rules, and get back the function that records.

    Args:
        func: a NumPy function, a ufunc, or a function of your own that takes arrays (or scalars) and returns an array
            or a tuple of arrays. A NumPy function that has rules already gets these in their place, for operators and
            methods of Tensors too.
        *rules: one per positional argument, `rule(g, y, *args, **kwargs)`: `g` the gradient that arrives at the output
            (shape and dtype of `y`), `y` the output, then the arguments as func got them. It returns the gradient of
            that argument, of a shape that reduces to the argument's by undoing broadcasting. None: a constant.
            Where func returns a tuple, `g` and `y` are tuples.
        saves: func returns `(y, saved)`, and rules get `saved=`: what the forward pass computed anyway, and the rules
            can use. It is None while a rule is itself recorded, to be differentiated again: then the rule starts from
            its arguments, which are Tensors.

    Returns:
        func itself where NumPy dispatches it; else a function that computes func, and records it for Tensors.

    Raises:
        TypeError: func or a rule can't be called, or a NumPy function is said to save something.

    >>> import numpy as np
    >>> from tensorgrad import Tensor, derivative
    >>> cube = derivative(lambda x: x * x * x, lambda g, y, x: g * 3 * x * x)
    >>> x = Tensor([1.0, 2.0])
    >>> cube(x).backward()
    >>> x.grad
    array([ 3., 12.])

    >>> slope = lambda g, y, x, saved=None: g * (0.5 / y if saved is None else saved)
    >>> root = derivative(lambda x: (y := np.sqrt(x), 0.5 / y), slope, saves=True)
    >>> root(Tensor(4.0))
    Tensor(2.)
    """
    for i, what in enumerate((func, *rules)):
        if not callable(what) and not (i and (what is None or isinstance(what, each))):
            raise TypeError(f"derivative: {what!r} is not a function")
    if type(saves) is not bool:
        raise TypeError(f"derivative: saves must be True or False, not {saves!r}")
    if saves:
        _require_saved(func, rules)
    if dispatches(func):
        if saves:
            raise TypeError(f"derivative: {func.__name__} is NumPy's, and returns its output alone; it saves nothing")
        locked(CHANGING, _enter, func, rules)
        return func

    @functools.wraps(func)
    def dispatching(*args: Any, **kwargs: Any) -> Any:
        for arg in args if not kwargs else (*args, *kwargs.values()):
            record = getattr(arg, "__record__", None)
            if record is not None:
                return record(primitive, args, kwargs)
        return primitive.output_and_saved(func(*args, **kwargs))[0] if saves else func(*args, **kwargs)

    primitive = locked(CHANGING, _enter_own, dispatching, func, rules, saves)
    return dispatching  # type: ignore[return-value]


def _enter(func: Callable, rules: Sequence[Callable | each | None]) -> None:
    ENTERED.append(func)
    if func in TABLE:
        TABLE[func].define(func, rules)
    else:
        TABLE[func] = Primitive(func, rules)


def _enter_own(dispatching: Callable, func: Callable, rules: Sequence, saves: bool) -> Primitive:
    primitive = OWN[dispatching] = Primitive(func, rules, saves)
    if not saves and not (getattr(func, "__module__", None) or "").startswith(_LIBRARY):
        primitive.is_view = MAY_SHOW
    return primitive


def _require_saved(func: Callable, rules: Sequence[Callable | each | None]) -> None:
    """An error, if rules can't be given `saved=`, or the function has an argument of that name itself."""
    with contextlib.suppress(ValueError):  # a builtin without a signature
        if "saved" in inspect.signature(func).parameters:
            raise TypeError(f"derivative: with saves=True, {func!r} has an argument saved= of its own")
    for rule in [rule.rule if isinstance(rule, each) else rule for rule in rules if rule is not None]:
        with contextlib.suppress(ValueError):
            parameters = inspect.signature(rule).parameters
            if "saved" not in parameters and all(p.kind is not p.VAR_KEYWORD for p in parameters.values()):
                raise TypeError(f"derivative: with saves=True, {rule!r} doesn't take saved=, as a rule must")


def with_rules(*rules: Callable | each | None, saves: bool = False) -> Callable[[Function], Function]:
    """`derivative` as a decorator of the function."""
    return lambda func: derivative(func, *rules, saves=saves)


def computed_by(func: Callable) -> Callable[[Function], Function]:
    """Decorator: for Tensors, a function of the table is computed by this one, which gives the same numbers."""

    def enter(implementation: Function) -> Function:
        TABLE[func]._func = implementation
        TABLE[func].renew()
        return implementation

    return enter


def composed(*funcs: Callable) -> Callable:
    """Decorator: Tensors given to these functions of NumPy go through this one, written in functions with rules."""

    def enter(implementation: Callable) -> Callable:
        for func in funcs:
            COMPOSED[func] = implementation
        return implementation

    return enter


def require_no_out(name: str, out: Any) -> None:
    """An error, if a function is given an array to write its result into."""
    if out is not None:
        raise TypeError(
            f"{name}: out=, or an in-place operator such as array += tensor, would overwrite an array, which the graph "
            f"can't follow; use the result, as in array = array + tensor, write into a Tensor in its place, "
            f"Tensor(array, requires_grad=False), or take tensor.data to leave the graph"
        )


def constant(*funcs: Callable) -> None:
    """Functions that are constant almost everywhere, or ask about their argument: of Tensors they give plain values."""
    CONSTANT.update(funcs)


def views(*funcs: Callable) -> None:
    """Functions that give a view of their first argument, if its memory allows that: an assignment shows in both."""
    for func in funcs:
        (TABLE.get(func) or OWN[func]).is_view = True


def non_differentiable(reason: str, *funcs: Callable) -> None:
    """Functions without a derivative here, and why."""
    NON_DIFFERENTIABLE.update(dict.fromkeys(funcs, reason))
