"""compile: a step recorded once and replayed."""

from __future__ import annotations

import functools
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from types import MethodType
from typing import Any, overload

from ..derivatives.table import ENTERED, OBSERVERS
from ..errors import CompileError
from ..grad_mode import is_grad_enabled
from ..tensor import Tensor
from .arguments import Unknown, flatten
from .comparing import Difference, compare
from .guards import replaced
from .history import History, Text, explanation, structure_told
from .passes import chosen
from .program import Line
from .recording import current
from .replaying import BAIL, Held, Replay
from .saved import save
from .surroundings import NEXT, Watch
from .tracing import Trace

MOST = 8  # kinds of arguments whose programs are kept, and programs for one kind
recording_lock = threading.RLock()  # while a call is recorded, Recorders stand where other threads may read


@overload
def compile(function: Callable[..., Any], *, passes: Iterable[str] | None = None) -> Compiled: ...


@overload
def compile(
    function: None = None, *, passes: Iterable[str] | None = None
) -> Callable[[Callable[..., Any]], Compiled]: ...


def compile(function: Callable[..., Any] | None = None, *, passes: Iterable[str] | None = None) -> Any:
    """The same function, recorded as a program of NumPy's calls, which is replayed from then on: the same numbers to
    the last bit, without what stands between these calls. A decorator, too: `@compile`, or `@compile(passes=...)`.

    The first call of a kind runs as it is, and is watched; the next two are recorded, and must do the same; later ones
    are replays. At the powers of two a call is recorded again, to see that it still does the same.

    Args:
        function: any function of arrays, Tensors, numbers and lists, tuples and dicts of them: one that trains
            (forward, backward, zero_grad, optimizer.step), a model, the gradient of something. Each kind of arguments,
            of other shapes, dtypes, structure, or with other numbers and strings in it, has programs of its own. A call
            with a Tensor that requires a gradient is never replayed: pass arrays, or Tensors without requires_grad.
        passes: the names of those passes that are done, in a list, of those that make the program faster; None for
            all. With `()` the program reads as one would write it by hand. The guide on compile lists them.

    Returns:
        A function that is called as `function` is. Its `source` is the text of the program that runs, `explain()`
        tells what was recorded and what became of it, `save("step.py")` writes a module that needs NumPy only. What it
        returns holds no graph, and its `backward` is an error: gradients are computed inside, by `backward` or `grad`.
        (The first call of a kind, and others that run as they are, return what `function` does, with a graph.)

    What else the function reads, variables, attributes of modules and optimisers, is looked at before each replay;
    where it has changed the call is recorded again. `lr` and other floats of an optimiser and generators of random
    numbers are read anew each time. Where a condition on computed values comes out otherwise, the call runs as it is,
    and is recorded as a further way. What can't be replayed, such as `x[x > 0]`, runs as it is.

    Raises:
        CompileError: a TypeError, raised by a call: the function looks at values (`float(x)`, `print(x)`,
            `np.asarray(x)`), changes variables that a replay wouldn't change, or doesn't do the same in two calls in a
            row. The message names the line and the way out.
        TypeError: `function` can't be called.
        ValueError: there is no pass of that name.
        TypeError: passes are no names.

    >>> import numpy as np
    >>> from tensorgrad import SGD, Tensor, compile
    >>> w = Tensor(np.zeros(2))
    >>> optimizer = SGD([w], lr=0.25)
    >>> @compile
    ... def step(x, y):
    ...     loss = ((x @ w - y) ** 2).mean()
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([1.0, 3.0])
    >>> for _ in range(200):
    ...     loss = step(x, y)
    >>> w.data.round(3)
    array([1., 2.])
    >>> print(step.explain())  # doctest: +ELLIPSIS
    step(float64[2,2], float64[2])
      200 calls: 191 replayed, 8 recorded, 1 watched
    ...
    """
    if function is None:
        return lambda func: compile(func, passes=passes)
    if not callable(function):
        raise TypeError(f"compile: {function!r} is not a function")
    return Compiled(function, chosen(passes))


class Compiled:
    """A function whose calls are recorded, and then replayed. See `compile`."""

    is_compiled = True

    def __init__(self, function: Callable[..., Any], passes: Sequence[Callable[..., Any]] = ()):
        functools.update_wrapper(self, function, updated=())
        self.function, self.passes = function, passes
        self.name = getattr(function, "__name__", type(function).__name__)
        self.aside: Counter[str] = Counter()  # calls that were neither recorded nor replayed, and why
        self._lock = threading.Lock()
        self._kinds: dict[Any, Kind] = {}
        self._has_warned = self._has_told = False
        self._latest: Kind | None = None
        self._fast: Replay | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        replay = self._fast  # the one that was replayed last, which most calls go by
        if replay is not None and not kwargs and replay.takes(args) and self._lock.acquire(blocking=False):
            try:
                values = replay.next(args)
            finally:
                self._lock.release()
            if values is not BAIL:
                return replay.finish(values)
        return self._otherwise(args, kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A method, where it stands in a class."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        """A copy, or what comes back from a file, is compiled anew."""
        return type(self), (self.function, self.passes)

    def _otherwise(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that isn't like the one before."""
        if current.recording is not None or OBSERVERS:  # it becomes part of what is recorded; or is to be observed
            return self._aside("inside of another recorded function, or while operations are observed", args, kwargs)
        leaves: list[Any] = []
        try:
            structure = flatten((args, kwargs), leaves)
        except Unknown as unknown:
            return self._aside(f"with {unknown}", args, kwargs)
        with recording_lock:  # waits until no other thread records
            pass
        if not self._lock.acquire(blocking=False):  # another thread is in here, or the step has called itself
            with recording_lock:  # what the other one records it must not find on its way
                return self._aside("while another call of it went on", args, kwargs)
        try:
            kind = self._kind((structure, is_grad_enabled(), len(ENTERED)))
            self._latest = kind
            result = kind.call(args, kwargs, [leaf._data if type(leaf) is Tensor else leaf for leaf in leaves])
            self._fast = kind.replays[0] if kind.replays and kind.replays[0].is_plain else None
            return result
        finally:
            self._lock.release()

    def _aside(self, why: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of the function as it is."""
        self.aside[why] += 1
        return self.function(*args, **kwargs)

    def warn_of(self, watch: Watch) -> None:
        """Say once what a call does that a replay doesn't do, but may well be left out."""
        told = [f"{deed}{Line(*where).told}" for deed, where in watch.deeds.items() if deed != NEXT]
        if told and not self._has_told:
            self._has_told = True
            warnings.warn(
                f"compile: {self.name} {', '.join(told)}, which isn't repeated when it is replayed: do that outside",
                stacklevel=6,
            )

    @property
    def source(self) -> str:
        """The program that was replayed last, as the text of the NumPy program that runs."""
        kind = self._latest
        if kind is None or not kind.replays:
            return f"# {self.name}: nothing is replayed yet; see explain()\n"
        return kind.replays[0].source

    def save(self, path: Any) -> None:
        """Write the program that was replayed last as a module, `save("step.py")`, which needs NumPy only (and SciPy or
        this library, where the step calls functions of theirs that aren't written in NumPy's). Its function `step`
        takes the arrays among the arguments, in their order. What the step reads beside them is saved as it is now,
        arrays in a file beside it, "step.npz"; what it sets it sets in variables of the module.

        Raises:
            CompileError: nothing is replayed yet, what the step reads has changed since, or something can't be saved.
            ValueError: path doesn't end in .py.
            TypeError: it is no path.
            OSError: nothing can be written there.
        """
        kind = self._latest
        if kind is None or not kind.replays or not kind.replays[0].holds():
            raise CompileError(f"save: {self.name} has no program to save; call it three times, as explain() says")
        save(kind.replays[0], path)

    def explain(self) -> Text:
        """What was recorded, and what became of it: the programs, what each pass did to them, what is looked at before
        each replay, how often each was replayed, and why something was recorded again or can't be."""
        kinds = [(structure_told(key), kind.history, kind.replays) for key, kind in self._kinds.items()]
        return explanation(self.name, kinds, self.aside)

    def _kind(self, key: Any) -> Kind:
        if key not in self._kinds:
            if len(self._kinds) == MOST and not self._has_warned:
                self._has_warned = True
                warnings.warn(
                    f"compile: {self.name} has been called with more than {MOST} kinds of arguments, each of which is "
                    f"recorded anew: other shapes or dtypes, or plain numbers and strings that change. Pass a number "
                    f"that changes as an array, np.asarray(x); the programs for the oldest kind are given up",
                    stacklevel=5,
                )
            if len(self._kinds) >= MOST:
                del self._kinds[next(iter(self._kinds))]
            self._kinds[key] = Kind(self)
        return self._kinds[key]


class Kind:
    """Calls whose arguments are alike, and the programs for them: one for each state of what the step reads beside
    them, and for each way that its conditions come out."""

    def __init__(self, step: Compiled):
        self.step, self.function = step, step.function
        self.replays: list[Replay] = []  # of calls that were recorded twice; the latest first
        self.traces: list[Held] = []  # of calls that were recorded once
        self.history = History()
        self.is_given_up = False  # whether no further ways are recorded
        self._is_watched = False  # the call before was, and so the next can be recorded
        self._changes = 0  # how often something had changed after a few replays only
        self._replayed = 0  # how many calls had been replayed when something had changed last
        self._replaced: Counter[Any] = Counter()  # how often there were other arrays at these places
        self._watch = Watch()

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: Sequence[Any]) -> Any:
        """What the step gives."""
        history = self.history
        history.calls += 1
        if not history.is_due:
            for replay in self.replays:
                if replay.holds() and replay.is_apart(leaves):
                    values = replay.run(leaves)
                    if values is not BAIL:
                        if replay is not self.replays[0]:
                            self.replays.remove(replay)
                            self.replays.insert(0, replay)
                        return replay.finish(values)
                    history.bailed += 1
        if history.unsuited or self.is_given_up:
            return self._eager(args, kwargs)
        return self._record(args, kwargs, leaves)

    def _eager(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of the function as it is."""
        self.history.eager += 1
        return self.function(*args, **kwargs)

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: Sequence[Any]) -> Any:
        """A call of the function itself. Where something has changed it is watched; the next two are recorded, and must
        do the same."""
        replays = [replay for replay in self.replays if replay.holds()]
        if not all(replay.is_apart(leaves) for replay in replays):
            return self._eager(args, kwargs)
        traces = [trace for trace in self.traces if trace.holds()]
        if not (replays or traces or self._is_watched):
            return self._watched(args, kwargs)
        self._is_watched = False
        self.history.recorded += 1
        with recording_lock:
            is_check = bool(replays) and self.history.is_due
            trace = Trace(self.function, args, kwargs, self._watch, self._often_replaced(), is_check)
        if not is_check:
            self._watch.add(trace.watch)
            self.step.warn_of(trace.watch)
        if trace.recording.unsuited is not None and not is_check:
            reason, line = trace.recording.unsuited
            self.history.unsuited = f"{reason}{line.told}"
        else:
            self._enter(trace, replays, [] if is_check else traces, is_check)
        return trace.result

    def _watched(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.replays or self.traces:
            held = (*[replay.held for replay in self.replays], *self.traces)[0]
            if self._changes_too_often(held.first_change()):
                return self._eager(args, kwargs)
            self._replaced.update(replaced(held.trace))
        self.history.watched += 1
        watch = Watch()
        with watch.watching():
            result = self.function(*args, **kwargs)
        self._watch.add(watch)
        self._is_watched = True
        return result

    def _changes_too_often(self, reason: str) -> bool:
        """Whether what the step reads has changed after a few replays again and again, at last for this reason."""
        history = self.history
        history.again.append(f"call {history.calls}: {reason}")
        del history.again[:-100]
        self._changes = self._changes + 1 if history.replayed - self._replayed < MOST else 1
        self._replayed = history.replayed
        if self._changes == MOST:
            warnings.warn(
                f"compile: {self.step.name} has been recorded again {MOST} times and hardly ever replayed, since what "
                f"it reads changes from call to call: {reason}. Pass it as an argument; from now on such calls run as "
                f"they are",
                stacklevel=7,
            )
        return self._changes >= MOST

    def _often_replaced(self) -> set[Any]:
        """The places whose arrays are read anew at each step. One that was replaced once, as by load_state_dict, isn't
        among them: what is known to stay where it is can be computed faster."""
        return {place for place, count in self._replaced.items() if count > 1}

    def _enter(self, trace: Trace, replays: list[Replay], traces: list[Held], is_check: bool) -> None:
        """Keep what was recorded, if it is what was recorded before, or another branch."""
        for replay in replays:
            difference = compare(replay.trace.program, trace.program)
            if difference is None:
                return
            self._require_branch(difference, f"of call {self.history.calls} and of what has been replayed")
        for known in traces:
            difference = compare(known.trace.program, trace.program)
            if difference is None:
                self.traces.remove(known)
                known.forget()
                traces.clear()
                del known  # so that no array is held that the step may have for itself
                replay = Replay(trace, self.step.passes, self.history)
                self.replays.insert(0, replay)
                del self.replays[MOST:]
                return
            self._require_branch(difference, "of two calls in a row")
        if is_check:  # it has gone another way, which is recorded when it is gone again
            return
        self.traces.insert(0, Held(trace))
        del self.traces[MOST + 1 :]
        if 1 + len(traces) + len(replays) > MOST:
            self._give_up(trace)

    def _give_up(self, trace: Trace) -> None:
        """Conditions come out otherwise too often."""
        difference = next((d for t in self.traces[1:] if (d := compare(t.trace.program, trace.program))), None)
        why = f": {difference.text}{difference.line.told}" if difference else ""
        self.traces, self.is_given_up = [], True
        self.history.unsuited = "" if self.replays else f"its conditions come out otherwise at each call{why}"
        warnings.warn(
            f"compile: {self.step.name} has taken more than {MOST} ways, of which each is recorded anew{why}. Write "
            f"np.where(condition, a, b) in place of an if, or leave such a loop out of the step; the other ways run as "
            f"they are",
            stacklevel=6,
        )

    def _require_branch(self, difference: Difference, which: str) -> None:
        if not difference.branch:
            self.replays, self.traces = [], []
            raise CompileError(
                f"compile: the recordings {which} did not do the same: {difference.text}{difference.line.told}. Pass "
                f"what changes from call to call as an argument; draw random numbers from a np.random.Generator that "
                f"the step finds in a variable or an attribute"
            )
