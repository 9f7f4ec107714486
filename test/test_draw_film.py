"""Pages saved as files: the page, pictures of the graph, and the walk as a film."""

import io
import itertools
import re
import shutil

import numpy as np
import pytest
from drawn import network, repeated

from tensorgrad import Tensor, draw_backward
from tensorgrad.draw import film
from tensorgrad.draw.captions import captions_of

pytest.importorskip("graphviz")
plt = pytest.importorskip("matplotlib.pyplot")
Image = pytest.importorskip("PIL.Image")


def frames(path):
    """The frames of a GIF as arrays of colours, and how long each stands, in seconds."""
    with Image.open(path) as picture:
        shown = []
        for i in range(picture.n_frames):
            picture.seek(i)
            shown.append((np.asarray(picture.convert("RGB")), picture.info["duration"] / 1000))
    return shown


def test_the_walk_is_a_gif_with_a_frame_for_each_step(tmp_path):
    page = draw_backward(repeated())
    path = page.save(tmp_path / "walk.gif", seconds=0.5)
    shown = frames(path)
    assert len(shown) == len(page.steps) == 9
    assert {seconds for _, seconds in shown} == {0.5}
    assert all((a != b).any() for (a, _), (b, _) in itertools.pairwise(shown))
    assert plt.get_fignums() == []


def test_gradients_come_to_light_in_the_film_when_they_are_complete(tmp_path):
    page = draw_backward(repeated())
    layout = width, height, boxes = film.boxes_in(page.picture("svg").decode())
    (a,) = [v["card"] for v in page.values if v["name"] == "a"]
    figure = plt.figure(figsize=(12.8, 6), dpi=100)
    hidden = []
    for _ in film._frames(page, layout, figure, plt):
        axes = figure.axes[0]
        hidden.append(any(p.get_y() == pytest.approx(boxes[a].gradient) for p in axes.patches if p.get_fill()))
    plt.close(figure)
    complete = [i for i, step in enumerate(page.steps) if step["phase"] == "backward" and a in page.cards_of(step)]
    assert complete == [len(page.steps) - 1]
    assert hidden == [i not in complete for i in range(len(page.steps))]
    assert 0 < boxes[a].left < boxes[a].right < width and 0 < boxes[a].top < boxes[a].bottom < height


def caption(root, step=-1):
    page = draw_backward(root)
    return captions_of(page, page.steps[step])


def test_captions_put_the_numbers_in():
    page = draw_backward(repeated())
    captions = [captions_of(page, step) for step in page.steps]
    assert captions[0] == ["c = a · b = 2 · −3 = −6"]
    assert captions[4] == [] and captions[3] == ["y = v2² = (−2)² = 4"]
    assert captions[-1] == [
        "∂y/∂a: the rule gives ∂y/∂c · b = −4 · −3 = 12, added to what was there: −16 + 12 = −4",
        "∂y/∂b = ∂y/∂c · a = −4 · 2 = −8",
    ]
    assert caption(-Tensor(-4.0, name="a"), 0) == ["y = −a = −(−4) = 4"]
    assert caption(Tensor(2.0, name="a") - Tensor(-3.0, name="b"), 0) == ["y = a − b = 2 − (−3) = 5"]
    assert caption(Tensor(1.0001, name="a") - Tensor(1.0002, name="b"), 0) == ["y = a − b = 1.0001 − 1.0002 = −0.0001"]
    z = Tensor(1 + 2j, name="z")
    assert caption(z * z, 0) == ["y = z · z = (1+2j) · (1+2j) = −3+4j"]


def test_captions_tell_what_of_a_gradient_comes_when():
    x = Tensor([1.0, 2.0], name="x")
    assert caption((x * 2).sum(), 3) == ["∂y/∂v1 = broadcast_to(∂y/∂y, (2,))"]
    a = Tensor(-3.0, name="a")
    assert caption(a * a) == [
        "∂y/∂a: the rule gives ∂y/∂y · a = 1 · −3 = −3, and more comes",
        "∂y/∂a: the rule gives ∂y/∂y · a = 1 · −3 = −3, added to what was there: −3 + (−3) = −6",
    ]
    row = Tensor([1.0, 2.0], name="row")
    to_row, _ = caption((row * Tensor(np.ones((3, 2)), name="x")).sum())
    assert to_row == "∂y/∂row: the rule gives ∂y/∂v1 · x, summed over axis 0"
    z = Tensor(2.0, name="z")
    (real,) = caption((z * (1 + 1j)).real)
    assert real.startswith("∂y/∂z: the rule gives ∂y/∂v1 · ") and real.endswith(
        "= 1−1j, of which the real part arrives = 1"
    )


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_the_walk_is_an_mp4(tmp_path):
    path = draw_backward(repeated()).save(tmp_path / "walk.mp4")
    assert path.read_bytes()[4:8] == b"ftyp"


def test_without_ffmpeg_an_mp4_is_an_error_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.animation.FFMpegWriter.isAvailable", lambda: False)
    path = tmp_path / "walk.mp4"
    with pytest.raises(RuntimeError, match=r"^save: an MP4 is written by the program ffmpeg.*save the walk as a \.gif"):
        draw_backward(repeated()).save(path)
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_the_graph_have_all_values_and_gradients(tmp_path):
    loss, model = network()
    page = draw_backward(loss, model=model)
    svg = page.save(tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert svg.startswith("<?xml") and "grad" in svg and "layers.0.weight" in svg
    with Image.open(io.BytesIO(page.save(tmp_path / "graph.png").read_bytes())) as picture:
        width = float(re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', svg)[1])
        assert picture.format == "PNG" and picture.width == pytest.approx(2 * width, rel=0.01)
    assert page.save(str(tmp_path / "page.HTML")).read_text(encoding="utf-8") == page.html()


def test_what_cant_be_saved_is_an_error_and_leaves_the_old_file(tmp_path, monkeypatch):
    page = draw_backward(repeated())
    with pytest.raises(ValueError, match=r"^save: 'walk.txt' must end in one of \.html, \.svg, .*\.mp4"):
        page.save(tmp_path / "walk.txt")
    with pytest.raises(ValueError, match=r"^save: seconds must"):
        page.save(tmp_path / "walk.gif", seconds=0)
    with pytest.raises(ValueError, match=r"^save: seconds must"):
        page.save(tmp_path / "walk.gif", seconds="1")
    with pytest.raises(TypeError, match=r"^save: "):
        page.save(3)
    monkeypatch.setenv("PATH", str(tmp_path))  # no dot
    (tmp_path / "graph.pdf").write_text("old")
    with pytest.raises((RuntimeError, ValueError), match="pdf"):
        page.save(tmp_path / "graph.pdf")
    assert (tmp_path / "graph.pdf").read_text() == "old"
