"""Pictures as files and in notebooks: with a `dot` on the PATH, with graphviz-pure, and without a program."""

import os
import stat
import subprocess
import sys

import pytest
from drawn import small_graph

from tensorgrad import Tensor
from tensorgrad.draw import graphviz as draw_graphviz
from tensorgrad.graph_utils import draw_dot_tensor

graphviz = pytest.importorskip("graphviz")


@pytest.fixture(params=["dot", "graphviz-pure"])
def program(request, monkeypatch, tmp_path):
    """A machine with a `dot` on the PATH, and one without."""
    empty = tmp_path / "bin"
    empty.mkdir()
    calls = tmp_path / "calls"
    if request.param == "dot":
        if os.name == "nt":
            pytest.skip("the stand-in for dot is a shell script")
        stand_in = empty / "dot"
        stand_in.write_text(f'#!/bin/sh\necho called >> "{calls}"\nexec "{draw_graphviz.pure_program()}" "$@"\n')
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{empty}{os.pathsep}/bin{os.pathsep}/usr/bin")
    else:
        monkeypatch.setenv("PATH", str(empty))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)
    yield request.param
    assert calls.exists() == (request.param == "dot")


SIGNS = {"svg": b"<?xml", "png": b"\x89PNG", "jpg": b"\xff\xd8\xff"}


@pytest.mark.parametrize("format", SIGNS)
def test_pipe_and_render_draw_in_the_format_asked_for(program, tmp_path, format):
    dot = draw_dot_tensor(small_graph()[2], format=format)
    assert dot.pipe().startswith(SIGNS[format])
    assert dot.render() == f"tensor_graph.gv.{format}"
    path = dot.render(tmp_path / "graph", cleanup=True)
    assert path == str(tmp_path / f"graph.{format}") and (tmp_path / f"graph.{format}").read_bytes() == dot.pipe()
    assert not (tmp_path / "graph").exists()
    assert dot.render(outfile=tmp_path / f"other.{format}") == str(tmp_path / f"other.{format}")
    assert (tmp_path / "other.gv").read_text() == dot.source
    (tmp_path / "deep").mkdir()
    assert dot.render("x", directory="deep").replace("\\", "/") == f"deep/x.{format}"
    assert dot.pipe("svg").startswith(SIGNS["svg"]) and isinstance(dot.pipe("svg", encoding="utf-8"), str)


def test_notebooks_show_pictures_and_tensors_that_were_computed(program):
    t = small_graph()[2]
    dot = draw_dot_tensor(t)
    assert "<svg" in dot._repr_image_svg_xml() and "<svg" in dot._repr_mimebundle_()["image/svg+xml"]
    assert dot._repr_image_png().startswith(SIGNS["png"])
    assert t._repr_svg_() == dot._repr_image_svg_xml()
    assert Tensor([1.0])._repr_svg_() is None  # a leaf shows its numbers


def test_view_without_a_screen_says_where_the_file_is(program, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    path = draw_dot_tensor(small_graph()[2]).view(tmp_path / "graph")
    assert path == str(tmp_path / "graph.svg") and os.path.exists(path)
    out, err = capfd.readouterr()
    assert path in out and not err


def test_view_opens_the_viewer_where_there_is_a_screen(program, tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    opened = []
    monkeypatch.setattr(graphviz, "view", lambda path, **_: opened.append(path))
    path = draw_dot_tensor(small_graph()[2]).view(tmp_path / "graph")
    assert opened == [path]

    def fails(path, **_):
        raise FileNotFoundError("no xdg-open")

    monkeypatch.setattr(graphviz, "view", fails)
    assert draw_dot_tensor(small_graph()[2]).view(tmp_path / "graph") == path
    assert "no xdg-open" in capfd.readouterr().out


def test_copies_draw_too(program):
    dot = draw_dot_tensor(small_graph()[2])
    assert dot.copy().pipe("svg") == dot.pipe("svg")


def test_without_a_program_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(draw_graphviz, "pure_program", lambda: None)
    t = small_graph()[2]
    with pytest.raises(RuntimeError, match="pip install graphviz graphviz-pure"):
        draw_dot_tensor(t).pipe()
    assert t._repr_svg_() is None


def test_a_format_that_graphviz_pure_lacks_is_an_error_that_names_what_it_has(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    dot = draw_dot_tensor(small_graph()[2], format="pdf")
    says = r"graphviz-pure could not draw 'pdf': it has no such format, but these: .*\bpng\b.*\bsvg\b.*install Graphviz"
    with pytest.raises(RuntimeError, match=says):
        dot.pipe()
    with pytest.raises(RuntimeError, match=says):
        dot.render(tmp_path / "graph")
    assert not os.listdir(tmp_path)
    assert dot.source.startswith("digraph")
    assert dot.render(tmp_path / "graph", format="svg") == str(tmp_path / "graph.svg")


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """A `dot` on the PATH that does what a shell script says."""
    if os.name == "nt":
        pytest.skip("the stand-in for dot is a shell script")

    def write(script):
        program = tmp_path / "dot"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")

    return write


def test_a_program_that_takes_too_long_is_ended_and_the_error_says_what_to_do(stand_in, tmp_path):
    stand_in(f'echo $$ > "{tmp_path}/pid"\nexec sleep 600')
    dot = draw_dot_tensor(small_graph()[2])
    assert dot.timeout == draw_graphviz.TIMEOUT
    dot.timeout = 1.5
    with pytest.raises(
        RuntimeError, match=r"^dot didn't lay this picture out in 1.5 s; .*smaller max_nodes.*dot.timeout = 6$"
    ):
        dot.render(tmp_path / "graph")
    assert not (tmp_path / "graph.svg").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    "script, says",
    [
        ("kill -SEGV $$", r"^dot broke off \(signal 11\) with no picture, .*smaller max_nodes"),
        ("exit 0", r"^dot broke off with no picture, .*smaller max_nodes"),
        ("echo out of ink >&2; exit 1", r"^dot could not draw 'svg': out of ink$"),
    ],
)
def test_a_program_that_breaks_off_is_an_error(stand_in, script, says):
    stand_in(script)
    t = small_graph()[2]
    with pytest.raises(RuntimeError, match=says):
        draw_dot_tensor(t).pipe()
    assert t._repr_svg_() is None  # a notebook shows its numbers


def test_options_of_pipe_reach_the_program(stand_in):
    stand_in('echo "$@"')
    dot = draw_dot_tensor(small_graph()[2])
    assert dot.pipe(encoding="utf-8") == "-Kdot -Tsvg\n"
    assert dot.pipe("PNG", "cairo", "gd", 2, engine="neato") == b"-Kneato -Tpng:cairo:gd -n2\n"


def test_the_program_beside_python_is_found_in_an_environment_that_is_not_activated(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw_graphviz.pure_program()


def test_without_the_package_graphviz_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    draw_graphviz.picture_class.cache_clear()
    t = small_graph()[2]
    with pytest.raises(ImportError, match="pip install graphviz graphviz-pure"):
        draw_dot_tensor(t)
    assert t._repr_svg_() is None
    monkeypatch.undo()
    draw_graphviz.picture_class.cache_clear()


def test_graphviz_is_imported_when_it_is_needed():
    program = "import sys, tensorgrad, tensorgrad.graph_utils; assert 'graphviz' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_tensors_show_themselves_in_a_notebook_without_another_import():
    program = "from tensorgrad import Tensor; svg = (Tensor([1.0, 2.0]) * 2)._repr_svg_(); assert '<svg' in svg"
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


@pytest.mark.parametrize("timeout", ["5", float("nan"), 0, -1])
def test_a_limit_of_time_that_is_none_is_an_error(timeout):
    dot = draw_dot_tensor(Tensor(1.0) * 2)
    dot.timeout = timeout
    with pytest.raises(ValueError, match=r"^timeout must be "):
        dot.pipe("svg")
