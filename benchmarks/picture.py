"""The picture of a run."""

import statistics

import numpy as np
from contenders import CONTENDERS
from tuning import ALL

COLORS = {
    "tensorgrad": "#d1495b", "compiled": "#d1495b", "numpy_out": "#222222", "pytorch": "#2e6f95",
    "torch_compile": "#2e6f95", "jax": "#4d9f70", "mygrad": "#8d6bb8", "autograd": "#c08a2b", "micrograd": "#7a7a7a",
}  # fmt: skip
MARKERS = {
    "tensorgrad": "D", "compiled": "D", "numpy_out": "X", "pytorch": "o", "torch_compile": "o", "jax": "s",
    "mygrad": "^", "autograd": "v", "micrograd": "P",
}  # fmt: skip
HOLLOW = ("tensorgrad", "pytorch")  # beside what compiles the same


def draw(results, heading, path):
    """One line a workload, one mark a contender, on a logarithmic axis."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    names = [name for name in COLORS if any(name in seconds for seconds, _ in results.values())]
    figure = Figure(figsize=(8.4, 1.4 + 0.36 * len(results)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(1, color="#222222", linewidth=1.2, zorder=1)
    for y, (seconds, _) in enumerate(results.values()):
        axes.axhline(y, color="#e6e6e6", linewidth=0.8, zorder=0)
        for name in reversed(names):  # tensorgrad on top
            if name in seconds:
                ratio = statistics.median(np.array(seconds[name]) / seconds["numpy"])
                axes.plot(ratio, y, **style(name), zorder=3)
    axes.set_xscale("log")
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(results)), [ALL[name].title.replace("`", "") for name in results])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel(f"time of a step, as a multiple of hand-written NumPy's ({heading})")
    handles = [Line2D([], [], **style(name), label=CONTENDERS[name]) for name in names]
    figure.legend(
        handles=handles,
        ncols=min(len(names), 5),
        loc="outside upper center",
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.4,
    )
    figure.savefig(path, dpi=150)


def style(name):
    """How a contender's mark looks."""
    return {
        "marker": MARKERS[name], "linestyle": "none", "markersize": 9 if MARKERS[name] == "D" else 7,
        "color": "white" if name in HOLLOW else COLORS[name],
        "markeredgecolor": COLORS[name] if name in HOLLOW else "white",
        "markeredgewidth": 1.4 if name in HOLLOW else 0.7,
    }  # fmt: skip
