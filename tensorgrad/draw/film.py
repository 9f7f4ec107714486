"""The walk through a graph as a film, a GIF or an MP4: at each step the picture as far as it is, and a caption."""

from __future__ import annotations

import importlib
import io
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree import ElementTree

SUFFIXES = (".gif", ".mp4")
_WIDTH, _CAPTION, _DPI = 12.8, 1.9, 100  # inches, of the figure and of the captions below the picture
_LEAST, _MOST = 2.0, 6.0  # inches, of the picture's height
_NOW = "#ffb000"


def write_film(page: Any, path: Path, seconds: float) -> None:
    """Write the steps of a page, a Walkthrough, into a file, each shown for so many seconds.

    Raises:
        ImportError: matplotlib isn't installed.
        RuntimeError: it is to be an MP4, and there is no ffmpeg.
    """
    animation, pyplot = _matplotlib("animation"), _matplotlib("pyplot")
    if path.suffix.lower() == ".mp4" and not animation.FFMpegWriter.isAvailable():
        raise RuntimeError(
            "save: an MP4 is written by the program ffmpeg, which isn't here; install it "
            "(apt install ffmpeg, brew install ffmpeg), or save the walk as a .gif"
        )
    kind = animation.FFMpegWriter if path.suffix.lower() == ".mp4" else animation.PillowWriter
    writer = kind(fps=1 / seconds)
    width, height, _ = boxes_in(page.picture("svg").decode())
    tall = round(min(max(_WIDTH * height / width, _LEAST), _MOST) + _CAPTION, 2)
    figure = pyplot.figure(figsize=(_WIDTH, tall), dpi=_DPI, facecolor="white")
    try:
        with writer.saving(figure, str(path), _DPI):
            for _ in _frames(page, figure, pyplot):
                writer.grab_frame()
    finally:
        pyplot.close(figure)


def _matplotlib(module: str) -> Any:
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError("save: a film needs matplotlib; run: pip install matplotlib") from error


class Box(NamedTuple):
    """Where a node stands in the picture, in points, from the left and from the top."""

    left: float
    top: float
    right: float
    bottom: float
    gradient: float | None  # where the part of a card begins that is about the gradient
    fill: str


def boxes_in(svg: str) -> tuple[float, float, dict[str, Box]]:
    """Width and height of a picture by Graphviz, and where its nodes stand, by name."""
    from xml.etree import ElementTree  # here, since only films need it

    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    graph = next(e for e in root.iter() if e.get("class") == "graph")
    dx, dy = map(float, re.findall(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", graph.attrib["transform"])[0])
    found = {}
    for node in root.iter():
        if "node" in (node.get("class") or "").split():
            name = next(e.text for e in node.iter() if e.tag.endswith("title"))
            found[str(name)] = _box(node, dx, dy)
    return width, height, found


def _box(node: ElementTree.Element, dx: float, dy: float) -> Box:
    numbers: list[tuple[float, float]] = []
    fill, gradient = "white", None
    for e in node.iter():
        shape = e.get("points") or e.get("d")
        if e.tag.endswith("ellipse"):
            x, y, rx, ry = (float(e.attrib[key]) for key in ("cx", "cy", "rx", "ry"))
            numbers += [(x - rx, y - ry), (x + rx, y + ry)]
        elif shape:
            pairs = re.findall(r"([-\d.]+),([-\d.]+)", shape)
            numbers += [(float(x), float(y)) for x, y in pairs]
        if fill == "white" and (e.get("fill") or "none") != "none" and not e.tag.endswith("text"):
            fill = str(e.get("fill"))
        if e.tag.endswith("text") and (e.text or "").strip() == "grad":
            gradient = float(e.attrib["y"]) - 9 + dy
    xs, ys = zip(*numbers, strict=True)
    return Box(min(xs) + dx, min(ys) + dy, max(xs) + dx, max(ys) + dy, gradient, fill)


def _frames(page: Any, figure: Any, pyplot: Any) -> Iterator[None]:
    """The figure, drawn anew for each step."""
    width, height, boxes = boxes_in(page.picture("svg").decode())
    image = pyplot.imread(io.BytesIO(page.picture("png")), format="png")
    tall = figure.get_figheight()
    axes = figure.add_axes((0, _CAPTION / tall, 1, 1 - _CAPTION / tall))
    axes.set_axis_off()
    axes.imshow(image, extent=(0, width, height, 0), interpolation="antialiased")
    shape = (_WIDTH, tall - _CAPTION)
    scale = min(max(width / shape[0], height / shape[1], 50), 130)  # points to an inch: all of it, where it can be read
    text = figure.text(0.03, (_CAPTION - 0.2) / tall, "", va="top", fontsize=13, linespacing=1.5, family="DejaVu Sans")
    made = {name for step in page.steps if step["phase"] == "forward" for name in page.cards_of(step)}
    done: set[str] = set()
    reached: set[str] = set()
    for i, step in enumerate(page.steps):
        cards = page.cards_of(step)
        (done if step["phase"] == "forward" else reached).update(cards)
        marks = []
        for name, box in boxes.items():
            if name in made and name not in done:
                marks.append(_cover(pyplot, box, box.top, "white", 0.85))
            elif box.gradient is not None and name not in reached:
                marks.append(_cover(pyplot, box, box.gradient, box.fill, 1))
        now = [boxes[name] for name in cards if name in boxes]
        marks += [_frame(pyplot, box) for box in now]
        for mark in marks:
            axes.add_patch(mark)
        _look_at(axes, now, (width, height), (scale * shape[0], scale * shape[1]))
        text.set_text("\n".join([f"{i + 1} / {len(page.steps)}   {step['title']}", *_wrapped(page.captions(step))]))
        yield
        for mark in marks:
            mark.remove()


def _wrapped(lines: Iterable[str]) -> list[str]:
    wrapped = [part for line in lines for part in textwrap.wrap(line, 130)]
    return wrapped if len(wrapped) <= 5 else [*wrapped[:4], "…"]


def _cover(pyplot: Any, box: Box, top: float, colour: str, alpha: float) -> Any:
    inset = 5 if top > box.top else -1  # within the borders of a card, or over them
    return pyplot.Rectangle(
        (box.left + inset, top),
        box.right - box.left - 2 * inset,
        box.bottom - top - inset,
        color=colour,
        alpha=alpha,
        lw=0,
    )


def _frame(pyplot: Any, box: Box) -> Any:
    return pyplot.Rectangle(
        (box.left - 2, box.top - 2), box.right - box.left + 4, box.bottom - box.top + 4, fill=False, ec=_NOW, lw=3
    )


def _look_at(axes: Any, now: list[Box], size: tuple[float, float], window: tuple[float, float]) -> None:
    """Show all of the picture where there is room, else the part around what is at work."""
    limits = []
    for low, high, whole, seen in (("left", "right", size[0], window[0]), ("top", "bottom", size[1], window[1])):
        middle = whole / 2
        if whole > seen and now:
            middle = sum(getattr(box, low) + getattr(box, high) for box in now) / 2 / len(now)
            middle = min(max(middle, seen / 2), whole - seen / 2)
        limits.append((middle - seen / 2, middle + seen / 2))
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1][::-1])
