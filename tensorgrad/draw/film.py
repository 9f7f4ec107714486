"""The walk through a graph as a film, a GIF or an MP4: at each step the picture as far as it is, and a caption."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import imported
from .captions import captions_of

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
    animation, pyplot = (imported("save: a film", f"matplotlib.{m}", "matplotlib") for m in ("animation", "pyplot"))
    if path.suffix.lower() == ".mp4" and not animation.FFMpegWriter.isAvailable():
        raise RuntimeError(
            "save: an MP4 is written by the program ffmpeg, which isn't here; install it "
            "(apt install ffmpeg, brew install ffmpeg), or save the walk as a .gif"
        )
    kind = animation.FFMpegWriter if path.suffix.lower() == ".mp4" else animation.PillowWriter
    writer = kind(fps=1 / seconds)
    layout = width, height, _ = boxes_in(page.picture("svg").decode())
    tall = round(min(max(height / _scale(width), _LEAST), _MOST) + _CAPTION, 2)
    figure = pyplot.figure(figsize=(_WIDTH, tall), dpi=_DPI, facecolor="white")
    try:
        with writer.saving(figure, str(path), _DPI):
            for _ in _frames(page, layout, figure, pyplot):
                writer.grab_frame()
    finally:
        pyplot.close(figure)


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


def _scale(width: float) -> float:
    """Points to an inch of the figure: such that all the width is seen, where it can be read then."""
    return min(max(width / _WIDTH, 50), 130)


def _frames(page: Any, layout: tuple, figure: Any, pyplot: Any) -> Iterator[None]:
    """The figure, drawn anew for each step; layout is that of the picture, as `boxes_in` has it."""
    width, height, boxes = layout
    tall = figure.get_figheight()
    axes = figure.add_axes((0, _CAPTION / tall, 1, 1 - _CAPTION / tall))
    axes.set_axis_off()
    shape = (_WIDTH, tall - _CAPTION)
    scale = max(_scale(width), min(height / shape[1], 130))
    image = pyplot.imread(io.BytesIO(page.picture("png", dpi=round(72 * _DPI / scale))), format="png")
    view = _View(axes, (255 * image[..., :3]).astype("uint8"), (width, height), (scale * shape[0], scale * shape[1]))
    text = figure.text(0.03, (_CAPTION - 0.2) / tall, "", va="top", fontsize=13, linespacing=1.5, family="DejaVu Sans")
    made = {name for step in page.steps if step["phase"] == "forward" for name in page.cards_of(step)}
    done: set[str] = set()
    reached: set[str] = set()
    for i, step in enumerate(page.steps):
        cards = page.cards_of(step)
        (done if step["phase"] == "forward" else reached).update(cards)
        now = [boxes[name] for name in cards if name in boxes]
        view.look_at(now)
        marks = [_frame(pyplot, box) for box in now]
        for name, box in boxes.items():
            if not view.shows(box):
                continue
            if name in made and name not in done:
                marks.append(_cover(pyplot, box, box.top, "white", 0.85))
            elif box.gradient is not None and name not in reached:
                marks.append(_cover(pyplot, box, box.gradient, box.fill, 1))
        for mark in marks:
            axes.add_patch(mark)
        lines = [f"{i + 1} / {len(page.steps)}   {step['title']}", *_wrapped(captions_of(page, step))]
        text.set_text("\n".join(lines))
        yield
        for mark in marks:
            mark.remove()


class _View:
    """The part of a picture that a frame shows: all of it where there is room, else that around what is at work.

    size is that of the picture and window that of the part, in points.
    """

    def __init__(self, axes: Any, image: Any, size: tuple[float, float], window: tuple[float, float]):
        self._axes, self._image, self._size, self._window = axes, image, size, window
        self._shown = axes.imshow(image[:1, :1], aspect="auto", interpolation="antialiased")
        self._ends = ((0.0, 0.0), (0.0, 0.0))

    def look_at(self, now: list[Box]) -> None:
        """Show what is at work."""
        left_right = self._range(0, [(box.left + box.right) / 2 for box in now])
        top_bottom = self._range(1, [(box.top + box.bottom) / 2 for box in now])
        self._ends = left_right, top_bottom
        rows, columns = (
            slice(max(int(low * n / whole) - 1, 0), int(high * n / whole) + 2)
            for n, whole, (low, high) in zip(
                self._image.shape, self._size[::-1], (top_bottom, left_right), strict=False
            )
        )
        part = self._image[rows, columns]
        (h, w), (width, height) = self._image.shape[:2], self._size
        self._shown.set_data(part)
        self._shown.set_extent(
            (columns.start * width / w, (columns.start + part.shape[1]) * width / w,
             (rows.start + part.shape[0]) * height / h, rows.start * height / h)
        )  # fmt: skip
        self._axes.set_xlim(*left_right)
        self._axes.set_ylim(*top_bottom[::-1])

    def _range(self, axis: int, middles: list[float]) -> tuple[float, float]:
        whole, seen = self._size[axis], self._window[axis]
        middle = whole / 2
        if whole > seen and middles:
            middle = min(max(sum(middles) / len(middles), seen / 2), whole - seen / 2)
        return middle - seen / 2, middle + seen / 2

    def shows(self, box: Box) -> bool:
        """Whether a node is in the part."""
        (left, right), (top, bottom) = self._ends
        return box.right > left and box.left < right and box.bottom > top and box.top < bottom


def _wrapped(lines: Iterable[str]) -> list[str]:
    wrapped = [part for line in lines for part in textwrap.wrap(line, 130)]
    return wrapped if len(wrapped) <= 5 else [*wrapped[:4], "…"]


def _cover(pyplot: Any, box: Box, top: float, colour: str, alpha: float) -> Any:
    """A sheet over a node from `top` on: within the borders of a card, or over them, too."""
    side, below = (5, 3) if top > box.top else (-1, -1)
    size = (box.right - box.left - 2 * side, box.bottom - top - below)
    return pyplot.Rectangle((box.left + side, top), *size, color=colour, alpha=alpha, lw=0)


def _frame(pyplot: Any, box: Box) -> Any:
    return pyplot.Rectangle(
        (box.left - 2, box.top - 2), box.right - box.left + 4, box.bottom - box.top + 4, fill=False, ec=_NOW, lw=3
    )
