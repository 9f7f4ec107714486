"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..arguments import non_negative, number_of, one_of, positive_int
from ..derivatives.arrays import is_chunked, largest
from ..derivatives.locks import locked
from ..errors import CompileError
from ..grad_mode import enable_grad
from ..gradients import accumulating
from ..memory import changes
from ..node import orders
from ..tensor import Tensor
from .line_search import Point, strong_wolfe
from .optimizer import Optimizer
from .settings import Group, Setting
from .state import loaded_array, loaded_number


def _line_search(where: str, value: Any) -> str | None:
    return None if value is None else one_of(where, value, ("strong_wolfe",))


class LBFGS(Optimizer):
    """L-BFGS (Liu and Nocedal, 1989, "On the limited memory BFGS method for large scale optimization"): Newton's
    method, with the inverse H of the Hessian from the last steps s and changes of the gradient y. A step is up to
    max_iter of

        data -= t * H @ grad        where H grows by, for each (s, y), with r = 1 / (y @ s):
        H = (I - r s y^T) H (I - r y s^T) + r s s^T,        at first H = (y @ s) / (y @ y) of the last

    Args:
        params: parameters, in one group.
        lr: t; in the first of all iterations lr * min(1, 1 / sum |grad|). With a line search, what it tries first.
        max_iter: how many iterations in a step, at most.
        max_eval: how many calls of the closure in a step, at most; by default max_iter * 5 // 4.
        tolerance_grad: a step ends when no number of the gradient is larger.
        tolerance_change: a step ends when neither the data nor the loss changes by more.
        history_size: how many (s, y) are kept.
        line_search_fn: None, or "strong_wolfe" for a t that meets the strong Wolfe conditions.

    All is one vector: there is one state, that of the first parameter. A complex number is two real ones.

    Raises:
        TypeError: a parameter isn't a Tensor, or not a leaf that requires a gradient.
        ValueError: no parameters, or several groups; a number is none, negative or not finite.

    >>> from tensorgrad import Tensor
    >>> w = Tensor([-1.0, 2.0])
    >>> optimizer = LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> w.data.round(4)
    array([1., 1.])
    """

    max_iter = Setting(positive_int)
    max_eval = Setting(positive_int)
    tolerance_grad = Setting(non_negative)
    tolerance_change = Setting(non_negative)
    history_size = Setting(positive_int)
    line_search_fn = Setting(_line_search)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ):
        max_iter = positive_int("LBFGS: max_iter", max_iter)
        settings = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, settings)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Not after the first group.

        Raises:
            ValueError: always but for the first, for all parameters are one vector, with the same settings.
        """
        if self.param_groups:
            raise ValueError(
                "LBFGS: params must be one group, since all parameters are one vector; not a param_group more"
            )
        super().add_param_group(param_group)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters, by several iterations.

        Args:
            closure: a function without arguments that clears the gradients, computes them anew, and gives the loss; it
                is called several times.

        Returns:
            What the closure gives first.

        Raises:
            TypeError: closure is no function, or what it gives is no number.
        """
        if not callable(closure):
            raise TypeError(f"LBFGS.step: closure must be a function that computes the loss, not {closure!r}")
        if any(is_chunked(p._data) for p in self.parameters):
            raise TypeError("LBFGS.step: it looks at numbers at each turn, so not at arrays that are computed later")
        if any(hasattr(p._data, "record_call") for p in self.parameters):
            raise CompileError(
                "compile: LBFGS.step goes by the numbers that it finds, so it can't be part of a compiled step; "
                "compile the closure, with model.zero_grad() in it, and call optimizer.step(closure) outside"
            )
        group = self.param_groups[0]
        first_loss = self._call(closure)
        here = Point(0.0, _number(first_loss), self._gradient(), 0.0)
        state = self.state.setdefault(self.parameters[0], {"func_evals": 0, "n_iter": 0})
        state["func_evals"] += 1
        calls = 1
        if largest(np.abs(here.grad)) <= group["tolerance_grad"]:
            return first_loss
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = state["d"] = self._direction_of(state, here.grad, group["history_size"])
            state["prev_flat_grad"], state["prev_loss"] = here.grad, here.loss
            t = group["lr"]
            if state["n_iter"] == 1:
                t = min(1.0, 1.0 / np.sum(np.abs(here.grad))) * t
            state["t"] = t
            slope = np.dot(here.grad, direction)
            if slope > -group["tolerance_change"]:
                break
            length = np.max(np.abs(direction))
            before = here._replace(t=0.0, slope=slope)
            if group["line_search_fn"] is not None:
                places = [np.copy(p._data) for p in self.parameters]
                at, most = partial(self._look, closure, places, direction), group["max_eval"] - calls
                here, tries = strong_wolfe(at, t, before, length, group["tolerance_change"], most)
                state["t"] = here.t
                self._move(here.t, direction)
            else:
                self._move(t, direction)
                if iteration == group["max_iter"]:
                    break
                here, tries = Point(t, _number(self._call(closure)), self._gradient(), 0.0), 1
            calls += tries
            state["func_evals"] += tries
            if (
                calls >= group["max_eval"]
                or np.max(np.abs(here.grad)) <= group["tolerance_grad"]
                or length * state["t"] <= group["tolerance_change"]
                or abs(here.loss - before.loss) < group["tolerance_change"]
            ):
                break
        return first_loss

    def _direction_of(self, state: dict[str, Any], grad: Any, history_size: int) -> Any:
        """-H @ grad, from the last steps and changes of the gradient, which are brought up to date."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -grad
        turns, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        y, s = grad - state["prev_flat_grad"], state["d"] * state["t"]
        ys = np.dot(y, s)
        if ys > 1e-10:
            surplus = max(0, len(steps) + 1 - history_size)
            for kept, new in ((turns, y), (steps, s), (ro, 1.0 / ys)):
                del kept[:surplus]
                kept.append(new)
            state["H_diag"] = ys / np.dot(y, y)
        q = -grad
        shares = []
        for y, s, r in zip(reversed(turns), reversed(steps), reversed(ro), strict=True):
            shares.append(np.dot(s, q) * r)
            q -= shares[-1] * y
        q *= state["H_diag"]
        for y, s, r in zip(turns, steps, ro, strict=True):
            q += (shares.pop() - np.dot(y, q) * r) * s
        return q

    def _call(self, closure: Callable[[], Any]) -> Any:
        with enable_grad():
            return closure()

    def _look(self, closure: Callable[[], Any], places: list[Any], direction: Any, t: float) -> Point:
        """What the loss and the gradient are at this distance."""
        try:
            self._move(t, direction)
            loss, grad = _number(self._call(closure)), self._gradient()
        finally:
            locked(accumulating, self._put, places)
        return Point(t, loss, grad, np.dot(grad, direction))

    def _gradient(self) -> Any:
        """All gradients as one vector, zeros where there is none."""
        parts = []
        for p in self.parameters:
            grad = p._grad._data if isinstance(p._grad, Tensor) else p._grad
            grad = np.zeros_like(p._data) if grad is None else grad
            grad = np.stack([grad.real, grad.imag], axis=-1) if p.dtype.kind == "c" else grad
            parts.append(np.ravel(grad))
        return np.concatenate(parts)

    def _move(self, t: float, direction: Any) -> None:
        """data += t * direction"""
        locked(accumulating, self._add, t * direction)

    def _add(self, change: Any) -> None:
        start = 0
        for p in self.parameters:
            size = p.size * (2 if p.dtype.kind == "c" else 1)
            part = change[start : start + size]
            part = part[::2] + 1j * part[1::2] if p.dtype.kind == "c" else part
            self._note(p)
            data = p._data
            data += np.reshape(part, p.shape)
            start += size

    def _put(self, places: list[Any]) -> None:
        for p, place in zip(self.parameters, places, strict=True):
            self._note(p)
            p._data[...] = place

    def _note(self, p: Tensor) -> None:
        """A graph that has used the parameter can't go backward any more."""
        p._order = next(orders)
        changes.note(p._data, (p._order, "", None))

    # State

    def _saved_state(self, kept: dict[str, Any]) -> dict[str, Any]:
        return {name: _copied(value) for name, value in kept.items()}

    def _loaded_state(self, where: str, group: Group, p: Tensor, kept: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in kept.items() if name != "al" and value is not None}
        wanted = {"func_evals", "n_iter"} | (_AFTER_A_STEP if len(kept) > 2 else set())
        if kept.keys() != wanted:
            raise KeyError(
                f"{where}: there must be {sorted(wanted)}, not {sorted(kept)}; was it saved by another optimiser?"
            )
        like = self._gradient()
        return {name: _read(f"{where}: {name}", name, value, like) for name, value in kept.items()}


_AFTER_A_STEP = {"d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss"}


def _copied(value: Any) -> Any:
    return [_copied(part) for part in value] if isinstance(value, list) else np.copy(value) if np.ndim(value) else value


def _read(where: str, name: str, value: Any, like: Any) -> Any:
    if name in ("old_dirs", "old_stps", "ro"):
        if not isinstance(value, list | tuple):
            raise TypeError(f"{where} must be a list, not {value!r}")
        return [_read(where, "t" if name == "ro" else "d", part, like) for part in value]
    if name in ("d", "prev_flat_grad"):
        return loaded_array(where, like, value)
    return loaded_number(where, 0 if name in ("func_evals", "n_iter") else 0.0, value)


def _number(loss: Any) -> float:
    return number_of("LBFGS.step: what closure gives, the loss,", loss)
