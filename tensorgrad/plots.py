"""Plots of a training, with matplotlib: its history, what was learnt, weights and gradients, and all of it moving.

Each takes the Axes to draw on (or makes some), and returns it; none shows or saves anything. What a plot would leave
out, such as nan, a label that is no class, or an accuracy above 1, is an error.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, ValuesView
from typing import TYPE_CHECKING, Any

import numpy as np

from .arguments import is_int, non_negative, positive_int, yes_or_no
from .calls import described
from .derivatives.arrays import require_no_subclass
from .errors import imported
from .files import replacing
from .functions import sigmoid, softmax
from .grad_mode import no_grad
from .network import Module
from .tensor import data_of

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes

__all__ = ["animate_training", "plot_decision_boundary", "plot_histograms", "plot_history"]

# Colours that the colour-blind tell apart (Wong, Points of view: Color blindness, Nature Methods 8, 2011), each class
# with a marker of its own.
COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a6a00", "#444444"]
MARKERS = ["o", "^", "s", "D", "v", "P", "X", "*"]
INK, FAINT = "#222222", "#8a8a8a"
_NO_CURVES = (str, bytes, Mapping, Set, Iterator, ValuesView, np.ma.MaskedArray)


def _matplotlib(module: str) -> Any:
    """A module of matplotlib."""
    return imported("a plot", f"matplotlib.{module}", "matplotlib")


def _axes(ax: Axes | None, **size: Any) -> Axes:
    return _matplotlib("pyplot").subplots(layout="constrained", **size)[1] if ax is None else ax


def _require_axes(name: str, ax: Any) -> None:
    if ax is not None and not isinstance(ax, _matplotlib("axes").Axes):
        raise TypeError(f"{name}: ax must be one Axes of matplotlib, not {described(ax)}")


def _plain(where: str, values: Any) -> np.ndarray:
    """Numbers, or Tensors of one each, as an array; all of them finite."""
    try:
        if isinstance(values, _NO_CURVES) or getattr(getattr(values, "dtype", None), "kind", "") == "O":
            raise TypeError("no sequence of numbers")
        array = np.asarray([float(v + 0.0) for v in values])  # text has a float, but no sum
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where} must be a sequence of numbers, one a step, not {described(values)}") from error
    if not array.size:
        raise ValueError(f"{where} is empty; pass one number a step, as [1.0, 0.5]")
    i = int(np.argmin(np.isfinite(array)))
    if not np.isfinite(array[i]):
        raise ValueError(f"{where} is {array[i]} at step {i}, which can't be drawn; draw the steps before it")
    return array


def plot_history(
    history: Mapping[str, Sequence[float]] | Sequence[float], ax: Axes | None = None, log: bool = False
) -> Axes:
    """Draw how numbers went from step to step.

    Args:
        history: one number a step; or a dict of such lists by name, as {'loss': [...], 'accuracy': [...]}. Names that
            contain 'accuracy' get an axis of their own at the right, in percent.
        ax: where to draw.
        log: a logarithmic axis, for a loss that falls by orders of magnitude.

    Returns:
        the Axes. (That of the accuracy is `ax.figure.axes[-1]`.)

    Raises:
        TypeError: the history isn't made of numbers.
        ValueError: there is nothing to draw, nan or inf, an accuracy not between 0 and 1, or with log one not above 0.

    >>> plot_history({"loss": [1.0, 0.5, 0.25]}).get_xlabel()
    'step'
    """
    yes_or_no("plot_history: log", log)
    _require_axes("plot_history", ax)
    curves = _curves(history, log)
    ax = _axes(ax, figsize=(6.4, 3.6))
    right = None
    for i, (name, values) in enumerate(curves.items()):
        percent = "accuracy" in name
        if percent and right is None:
            right = ax.twinx()
            right.set(ylabel="accuracy", ylim=(0, 1.02))
            right.yaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
            right.spines[["top", "left"]].set_visible(False)
        (right if percent and right else ax).plot(
            values, color=COLORS[i % len(COLORS)], linestyle="--" if percent else "-", label=name, linewidth=1.8
        )
    main = [name for name in curves if "accuracy" not in name]
    ax.set(xlabel="step", ylabel=" and ".join(main) if len(main) < 3 else "")
    if log:
        ax.set_yscale("log")
    ax.spines[["top"] if right else ["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)
    if len(curves) > 1:
        lines = [line for axis in (ax, right) if axis is not None for line in axis.lines]
        ax.legend(lines, [str(line.get_label()) for line in lines], frameon=False, loc="center right")
    return ax


def _curves(history: Any, log: bool) -> dict[str, np.ndarray]:
    """The curves of a history by name; an error for what couldn't be seen on the axis that it gets."""
    named = history if isinstance(history, Mapping) else {"loss": history}
    if not all(isinstance(name, str) for name in named):
        raise TypeError(f"plot_history: the names of a history must be text, not {described(list(named))}")
    curves = {name: _plain(f"plot_history: {name}", values) for name, values in named.items()}
    if not curves:
        raise ValueError("plot_history: the history is empty; pass one number a step, as {'loss': [...]}")
    for name, values in curves.items():
        low, high = values.min(), values.max()
        if "accuracy" in name and not 0 <= low <= high <= 1:
            raise ValueError(f"plot_history: {name} must be between 0 and 1, not from {low:g} to {high:g}")
        if log and "accuracy" not in name and low <= 0:
            raise ValueError(f"plot_history: {name} is down to {low:g}, which has no place on a logarithmic axis")
    return curves


def _probabilities(name: str, model: Callable, points: np.ndarray) -> np.ndarray:
    """(..., classes) from logits of the shape (...), (..., 1) or (..., classes)."""
    if not callable(model):
        raise TypeError(f"{name}: the model must be a function from points to logits, not {described(model)}")
    with no_grad():
        output = data_of(model(points))
    logits = np.asarray(output)
    if logits.shape == points.shape[:-1]:
        logits = logits[..., None]
    if logits.ndim != points.ndim or logits.shape[:-1] != points.shape[:-1] or not logits.shape[-1]:
        got = logits.shape if hasattr(output, "shape") else described(output)
        raise ValueError(
            f"{name}: for points of shape {points.shape} the model gave {got}, not "
            f"logits of shape {points.shape[:-1]}, (..., 1), or (..., classes)"
        )
    if logits.dtype.kind not in "iuf":
        raise TypeError(f"{name}: the logits of the model must be real numbers, not {logits.dtype}")
    if broken := np.count_nonzero(~np.isfinite(logits)):
        raise ValueError(f"{name}: {broken:,} of the {logits.size:,} logits of the model are nan or inf")
    if logits.shape[-1] > 1:
        return softmax(logits)
    p = sigmoid(logits)
    return np.concatenate([1 - p, p], axis=-1)


def plot_decision_boundary(
    model: Callable,
    X: Any,
    labels: Any,
    ax: Axes | None = None,
    *,
    names: Sequence[str] | None = None,
    resolution: int = 300,
    margin: float = 0.4,
) -> Axes:
    """Draw the points, the probability that the model gives to each class as shading, and the boundary between them.

    Args:
        model: a function from points (n, 2) to logits: (n,) or (n, 1) for two classes, (n, classes) for more.
        X: (n, 2) points.
        labels: (n,) class numbers from 0.
        ax: where to draw.
        names: of the classes, for the legend.
        resolution: how many places along each axis the model is asked at.
        margin: how far the picture reaches beyond the points.

    Raises:
        TypeError: the model can't be called, or points, labels or logits aren't numbers.
        ValueError: shapes that don't fit, labels that are no classes of the model, nan or inf, or not a name each.

    >>> ax = plot_decision_boundary(lambda x: x[..., 0], [[-1, 0], [1, 0]], [0, 1], resolution=20)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 0', 'class 1', 'boundary']
    """
    _require_axes("plot_decision_boundary", ax)
    return _decision_boundary("plot_decision_boundary", model, X, labels, ax, names, resolution, margin)


def _decision_boundary(
    name: str, model: Callable, X: Any, labels: Any, ax: Any, names: Any, resolution: int, margin: float
) -> Axes:
    X, labels = _points(name, X, labels)
    points, extent = _grid(name, X, margin, resolution)
    p = _probabilities(name, model, points)
    names = _class_names(name, labels, p.shape[-1], names)
    ax = _axes(ax, figsize=(6.4, 4.4))
    ax.imshow(_shading(p), origin="lower", extent=extent, interpolation="bilinear")
    for k, label in enumerate(names):
        color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
        x, y = X[labels == k].T
        ax.scatter(x, y, s=36, c=color, marker=marker, edgecolors="white", linewidths=0.8, label=label)
    _boundaries(ax, points, p)
    ax.plot([], [], color=INK, linewidth=1.6, label="boundary")
    ax.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
    ax.legend(loc="best", framealpha=0.92)
    return ax


def _points(name: str, X: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) and labels (n,) as arrays."""
    for what, values in (("X", X), ("labels", labels)):
        require_no_subclass(type(values), f"{name}: {what}")
    try:
        X, labels = np.asarray(data_of(X)), np.asarray(data_of(labels))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: X must be an array (n, 2), and labels (n,): {error}") from error
    if X.ndim != 2 or X.shape[1] != 2 or labels.shape != X.shape[:1] or not len(X):
        raise ValueError(f"{name}: X must be (n, 2), n > 0, and labels (n,), not {X.shape} and {labels.shape}")
    for what, array in (("X", X), ("labels", labels)):
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name}: {what} must be real numbers, not {array.dtype}")
    if not np.isfinite(X).all():
        raise ValueError(f"{name}: X holds nan or inf, which have no place in the picture")
    return X.astype(float), labels


def _class_names(name: str, labels: np.ndarray, classes: int, names: Any) -> list[str]:
    """A name for each class; an error for labels of which there is no class, since their points wouldn't be drawn."""
    others = labels[~np.isin(labels, np.arange(classes))]
    if others.size:
        hint = "; for labels -1 and 1 pass (labels + 1) / 2" if (others == -1).all() else ""
        text = f"the model has {classes} classes, so labels must be from 0 to {classes - 1}; there is {others[0]}"
        raise ValueError(f"{name}: {text}{hint}")
    if names is None:
        return [f"class {k}" for k in range(classes)]
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(n, str) for n in names):
        raise TypeError(f"{name}: names must be a list with the name of each class, not {described(names)}")
    if len(names) != classes:
        raise ValueError(f"{name}: the model has {classes} classes, but there are {len(names)} names")
    return list(names)


def _grid(name: str, X: np.ndarray, margin: float, resolution: int) -> tuple[np.ndarray, Any]:
    """Places (resolution, resolution, 2) over the points and somewhat beyond, and from where to where they reach."""
    margin = non_negative(f"{name}: margin", margin)
    if positive_int(f"{name}: resolution", resolution) < 2:
        raise ValueError(f"{name}: resolution must be at least 2, not {resolution}")
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
    if left == right or bottom == top:
        raise ValueError(f"{name}: margin must be above 0 where all points lie on one line along an axis")
    x, y = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    return np.stack([x, y], axis=-1), (left, right, bottom, top)


def _boundaries(ax: Axes, points: np.ndarray, p: np.ndarray) -> list:
    """Draw where each class stops being ahead of all others."""
    drawn = []
    for k in range(0 if p.shape[-1] > 2 else 1, p.shape[-1]):
        lead = p[..., k] - np.delete(p, k, axis=-1).max(axis=-1)
        if lead.min() < 0 < lead.max():
            drawn.append(ax.contour(*np.moveaxis(points, -1, 0), lead, levels=[0], colors=INK, linewidths=1.6))
    return drawn


def _shading(p: np.ndarray) -> np.ndarray:
    """An image of the shape (..., 3): the classes' colours, the paler the less certain."""
    to_rgb = _matplotlib("colors").to_rgb
    colors = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(p.shape[-1])])
    certain = (p.max(axis=-1, keepdims=True) - 1 / p.shape[-1]) / (1 - 1 / p.shape[-1])
    return 1 - 0.62 * certain * (1 - colors[p.argmax(axis=-1)])


def plot_histograms(model: Module, of: str = "data", ax: Axes | None = None, bins: int = 60) -> Axes:
    """Draw how the weights of each parameter are distributed, or their gradients, one row for each parameter.

    Rows share the axis of values, but not that of counts, so that layers of different size can be compared. The mark is
    the mean, and the number at the right the standard deviation.

    Args:
        model: a Module.
        of: 'data' for the weights, 'grad' for their gradients.
        ax: where to draw.
        bins: how many bars.

    Raises:
        TypeError: model is no Module.
        ValueError: another `of`, bins that are no positive int, or a model without parameters.

    >>> from tensorgrad import MLP
    >>> ax = plot_histograms(MLP(2, [16, 1], rng=0))
    >>> [label.get_text() for label in ax.get_yticklabels()][:2]
    ['layers.1.bias', 'layers.1.weight']
    """
    if not isinstance(model, Module):
        raise TypeError(f"plot_histograms: model must be a Module, not {described(model)}")
    if not isinstance(of, str) or of not in ("data", "grad"):
        raise ValueError(f"plot_histograms: of must be 'data' or 'grad', not {of!r}")
    _require_axes("plot_histograms", ax)
    bins = positive_int("plot_histograms: bins", bins)
    rows = [(name, np.ravel(np.real(getattr(p, of)))) for name, p in model.named_parameters()][::-1]
    if not rows:
        raise ValueError("plot_histograms: the model has no parameters")
    ax = _axes(ax, figsize=(6.4, 0.55 * len(rows) + 1.2))
    everything = np.concatenate([values[np.isfinite(values)] for _, values in rows])
    edges = np.histogram_bin_edges(everything, bins)
    for height, (_, values) in enumerate(rows):
        finite = values[np.isfinite(values)]
        counts = np.histogram(finite, edges)[0]
        heights = 0.8 * counts / max(counts.max(), 1)
        ax.bar(edges[:-1], heights, np.diff(edges), height, align="edge", color=COLORS[height % 2])
        if finite.size:
            ax.plot([finite.mean()] * 2, [height, height + 0.8], color=INK, linewidth=1)
        notes = [f"std {finite.std():.2g}"] if finite.size else []
        notes += ["nan or inf"] if finite.size < values.size else []
        place = (1.01, height + 0.2)
        ax.annotate(", ".join(notes), place, xycoords=("axes fraction", "data"), color=FAINT, fontsize="small")
    ax.set_yticks(np.arange(len(rows)) + 0.3, [name for name, _ in rows])
    ax.set(xlabel="weight" if of == "data" else "gradient", ylim=(-0.1, len(rows)))
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def animate_training(
    model: Module,
    states: Sequence[Mapping[str, Any]],
    losses: Sequence[float],
    X: Any,
    labels: Any,
    *,
    at: Sequence[int] | None = None,
    function: Callable | None = None,
    resolution: int = 120,
    interval: int = 80,
) -> FuncAnimation:
    """The decision boundary and the loss as a training went on: an animation, which saves itself as a GIF or a page.

    `animation.save("training.gif", writer="pillow")` needs no other program; `animation.to_jshtml()` is for notebooks.

    Args:
        model: the Module; its parameters are put back as they were.
        states: a `model.state_dict()` for each frame, taken while it was trained.
        losses: all losses of the training.
        X, labels: as in plot_decision_boundary.
        at: which of the losses belongs to each frame; by default the frames divide them evenly.
        function: from points to logits, if that isn't the model itself.
        resolution, interval: of the boundary; and how long a frame is shown, in milliseconds.

    Raises:
        TypeError: model is no Module, states no dicts of arrays, or losses no numbers.
        ValueError, KeyError: no states or losses, the state of another model, or what `plot_decision_boundary` refuses.
    """
    name = "animate_training"
    if not isinstance(model, Module):
        raise TypeError(f"{name}: model must be a Module, not {described(model)}")
    function = model if function is None else function
    _require_states(model, states)
    values = _plain(f"{name}: losses", losses)
    steps = _steps(at, len(states), len(values))
    if not non_negative(f"{name}: interval", interval):
        raise ValueError(f"{name}: interval must be above 0, in milliseconds")
    plt, animation = _matplotlib("pyplot"), _animation()
    points, _ = _grid(name, _points(name, X, labels)[0], 0.4, resolution)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), width_ratios=[1.25, 1], layout="constrained")
    with contextlib.ExitStack() as undo:
        undo.callback(plt.close, figure)
        _decision_boundary(name, function, X, labels, left, None, resolution, 0.4)
        undo.pop_all()
    left.get_legend().remove()
    left.set(xticks=[], yticks=[], title=" ")
    plot_history(list(values), right, log=bool(values.min() > 0)).set(title=" ")
    right.lines[0].set_alpha(0.2)
    (curve,) = right.plot([], [], color=COLORS[0], linewidth=1.8)
    (tip,) = right.plot([], [], "o", color=COLORS[0])
    figure.canvas.draw()
    figure.set_layout_engine("none")  # laid out once, not in every frame
    contours = [c for c in left.collections if type(c).__name__ == "QuadContourSet"]

    def draw(frame: int) -> list:
        before = model.state_dict()
        try:
            model.load_state_dict(states[frame])
            p = _probabilities(name, function, points)
        finally:
            model.load_state_dict(before)
        left.images[0].set_data(_shading(p))
        while contours:
            contours.pop().remove()
        contours.extend(_boundaries(left, points, p))
        step = steps[frame]
        curve.set_data(np.arange(step + 1), values[: step + 1])
        tip.set_data([step], [values[step]])
        left.set_title(f"step {step}")
        right.set_title(f"loss {values[step]:.3g}")
        return []

    return animation(figure, draw, frames=len(states), interval=interval, init_func=lambda: [])


def _require_states(model: Module, states: Any) -> None:
    """An error, if a state can't be loaded. The model is left as it was."""
    if not isinstance(states, Sequence) or not all(isinstance(state, Mapping) for state in states):
        raise TypeError(f"animate_training: states must be a list of state_dicts, not {described(states)}")
    if not states:
        raise ValueError("animate_training: states is empty; pass at least one state_dict")
    before = model.state_dict()
    try:
        for i, state in enumerate(states):
            try:
                model.load_state_dict(state)
            except (KeyError, TypeError, ValueError) as error:
                kind = next(kind for kind in (KeyError, TypeError, ValueError) if isinstance(error, kind))
                raise kind(f"animate_training: states[{i}] doesn't fit the model: {error.args[0]}") from error
    finally:
        model.load_state_dict(before)


def _steps(at: Any, frames: int, losses: int) -> np.ndarray:
    """Which loss belongs to each frame."""
    if at is None:
        return np.linspace(0, losses - 1, frames).astype(int)
    steps = list(at) if np.iterable(at) else []
    if len(steps) != frames:
        raise ValueError(f"animate_training: {frames} states need as many places in at, not {described(at)}")
    if not all(is_int(i) and 0 <= i < losses for i in steps):
        raise ValueError(f"animate_training: at must be ints from 0 to {losses - 1}, which losses belong to the frames")
    return np.array(steps, int)


@functools.cache
def _animation() -> Any:
    """The class of animations: made when matplotlib, which has its base, is there."""
    base = _matplotlib("animation").FuncAnimation

    class Animation(base):  # type: ignore[misc, valid-type]
        """A FuncAnimation that writes a file as a whole or not at all."""

        def save(self, filename: Any, *args: Any, **options: Any) -> None:
            """Draw all frames and write them; an old file is replaced when the new one is complete."""
            with replacing("save", filename) as draft:
                super().save(str(draft), *args, **options)

    return Animation
