"""Plots of a training, with matplotlib: its history, what was learnt, weights and gradients, and all of it moving.

Each takes the Axes to draw on (or makes some), and returns it; none shows or saves anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

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


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install -e ".[demo]"') from error
    return plt


def _axes(ax: Axes | None, **size: Any) -> Axes:
    return _pyplot().subplots(layout="constrained", **size)[1] if ax is None else ax


def _plain(values: Any) -> np.ndarray:
    return np.asarray([float(v) for v in values])


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
        ValueError: nothing to draw.

    >>> plot_history({"loss": [1.0, 0.5, 0.25]}).get_xlabel()
    'step'
    """
    curves = dict(history) if isinstance(history, Mapping) else {"loss": history}
    if not curves or not all(len(values) for values in curves.values()):
        raise ValueError("plot_history: the history is empty; pass one number a step, as {'loss': [...]}")
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
            _plain(values), color=COLORS[i % len(COLORS)], linestyle="--" if percent else "-", label=name, linewidth=1.8
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


def _probabilities(model: Callable, points: np.ndarray) -> np.ndarray:
    """(..., classes) from logits of the shape (...), (..., 1) or (..., classes)."""
    with no_grad():
        logits = model(points)
    logits = np.asarray(data_of(logits))
    if logits.shape == points.shape[:-1]:
        logits = logits[..., None]
    if logits.ndim != points.ndim or logits.shape[:-1] != points.shape[:-1]:
        raise ValueError(
            f"plot_decision_boundary: for points of shape {points.shape} the model gave {logits.shape}, not "
            f"logits of shape {points.shape[:-1]}, (..., 1), or (..., classes)"
        )
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
        ValueError: shapes that don't fit.

    >>> ax = plot_decision_boundary(lambda x: x[..., 0], [[-1, 0], [1, 0]], [0, 1], resolution=20)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['class 0', 'class 1', 'boundary']
    """
    X, labels = np.asarray(X, float), np.asarray(labels)
    if X.ndim != 2 or X.shape[1] != 2 or labels.shape != X.shape[:1]:
        raise ValueError(f"plot_decision_boundary: X must be (n, 2) and labels (n,), not {X.shape} and {labels.shape}")
    ax = _axes(ax, figsize=(6.4, 4.4))
    points, extent = _grid(X, margin, resolution)
    p = _probabilities(model, points)
    ax.imshow(_shading(p), origin="lower", extent=extent, interpolation="bilinear")
    for k in range(p.shape[-1]):
        color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
        label = names[k] if names is not None else f"class {k}"
        ax.scatter(
            X[labels == k, 0],
            X[labels == k, 1],
            s=36,
            c=color,
            marker=marker,
            edgecolors="white",
            linewidths=0.8,
            label=label,
        )
    _boundaries(ax, points, p)
    ax.plot([], [], color=INK, linewidth=1.6, label="boundary")
    ax.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
    ax.legend(loc="best", framealpha=0.92)
    return ax


def _grid(X: np.ndarray, margin: float, resolution: int) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Places (resolution, resolution, 2) over the points and somewhat beyond, and from where to where they reach."""
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
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
    from matplotlib.colors import to_rgb

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
        ValueError: another `of`, or a model without parameters.

    >>> from tensorgrad import MLP
    >>> ax = plot_histograms(MLP(2, [16, 1], rng=0))
    >>> [label.get_text() for label in ax.get_yticklabels()][:2]
    ['layers.1.bias', 'layers.1.weight']
    """
    if of not in ("data", "grad"):
        raise ValueError(f"plot_histograms: of must be 'data' or 'grad', not {of!r}")
    rows = [(name, np.ravel(np.real(getattr(p, of)))) for name, p in model.named_parameters()][::-1]
    if not rows:
        raise ValueError("plot_histograms: the model has no parameters")
    ax = _axes(ax, figsize=(6.4, 0.55 * len(rows) + 1.2))
    everything = np.concatenate([values[np.isfinite(values)] for _, values in rows])
    edges = np.histogram_bin_edges(everything, bins)
    for height, (_, values) in enumerate(rows):
        finite = values[np.isfinite(values)]
        counts = np.histogram(finite, edges)[0]
        ax.bar(
            edges[:-1],
            0.8 * counts / max(counts.max(), 1),
            np.diff(edges),
            height,
            align="edge",
            color=COLORS[height % 2],
        )
        if finite.size:
            ax.plot([finite.mean()] * 2, [height, height + 0.8], color=INK, linewidth=1)
            note = f"std {finite.std():.2g}" + ("" if finite.size == values.size else ", nan or inf")
            ax.annotate(note, (1.01, height + 0.2), xycoords=("axes fraction", "data"), color=FAINT, fontsize="small")
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
        ValueError: no states or no losses, or not one place for each state.
    """
    from matplotlib.animation import FuncAnimation

    if not states or not len(losses):
        raise ValueError("animate_training: pass at least one state_dict and one loss")
    values = _plain(losses)
    steps = np.linspace(0, len(values) - 1, len(states)).astype(int) if at is None else np.asarray(at)
    if steps.shape != (len(states),):
        raise ValueError(f"animate_training: {len(states)} states need as many places in at, not {steps.size}")
    figure, (left, right) = _pyplot().subplots(1, 2, figsize=(9, 3.8), width_ratios=[1.25, 1], layout="constrained")
    plot_decision_boundary(function or model, X, labels, left, resolution=resolution)
    left.get_legend().remove()
    left.set(xticks=[], yticks=[], title=" ")
    plot_history(list(values), right, log=bool(values.min() > 0)).set(title=" ")
    right.lines[0].set_alpha(0.2)
    (curve,) = right.plot([], [], color=COLORS[0], linewidth=1.8)
    (tip,) = right.plot([], [], "o", color=COLORS[0])
    figure.canvas.draw()
    figure.set_layout_engine("none")  # laid out once, not in every frame
    points, _ = _grid(np.asarray(X, float), 0.4, resolution)
    contours = [c for c in left.collections if type(c).__name__ == "QuadContourSet"]

    def draw(frame: int) -> list:
        before = model.state_dict()
        model.load_state_dict(states[frame])
        p = _probabilities(function or model, points)
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

    return FuncAnimation(figure, draw, frames=len(states), interval=interval, init_func=lambda: [])
