"""Files are written as a whole or not at all, and as an ordinary write would leave them. Packages that are missing."""

import builtins
import contextlib
import errno
import functools
import io
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import MLP, Tensor, draw_backward, draw_dot_tensor
from tensorgrad.draw import graphviz as draw_graphviz
from tensorgrad.files import replacing

pytest.importorskip("graphviz")
plt = pytest.importorskip("matplotlib.pyplot")

from tensorgrad import plots  # noqa: E402


def root():
    a, b = Tensor(2.0, name="a"), Tensor(3.0, name="b")
    return a * b + a


@functools.cache
def animation():
    """One of two small frames, of the class that animate_training gives."""
    plt.switch_backend("Agg")
    figure = plt.figure(figsize=(1, 1))
    plt.close(figure)
    return plots._animation()(figure, lambda frame: figure.patch.set_facecolor((frame, 0, 0)), frames=2)


# Each way to write a file: what is saved, how, and which file it is
WAYS = {
    "save_html": (lambda: draw_backward(root()), lambda page, path: page.save_html(path), ".html"),
    "render": (lambda: draw_dot_tensor(root()), lambda dot, path: dot.render(path.with_suffix("")), ".svg"),
    "render to outfile": (lambda: draw_dot_tensor(root()), lambda dot, path: dot.render(outfile=path), ".png"),
    "save the source": (lambda: draw_dot_tensor(root()), lambda dot, path: dot.save(path), ".gv"),
    "an animation": (animation, lambda moving, path: moving.save(path, writer="pillow", dpi=20), ".gif"),
}


@pytest.fixture(autouse=True)
def drawn_at_once(monkeypatch, tmp_path_factory):
    """Pictures are drawn without a program, so that the tests are quick."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    monkeypatch.setattr(draw_graphviz, "_drawn", lambda source, *options: b"<svg></svg>" + source.encode())


@pytest.fixture(params=WAYS)
def way(request, tmp_path):
    """What saves, and the path."""
    make, save, suffix = WAYS[request.param]
    thing = make()
    path = tmp_path / f"picture{suffix}"
    return lambda: save(thing, path), path


def only(path):
    """Whether the directory of path holds it, and at most the source that belongs to it."""
    return {p.name for p in path.parent.iterdir()} <= {path.name, "picture", "picture.gv"}


def test_a_file_is_written_and_written_anew(way):
    save, path = way
    save()
    first = path.read_bytes()
    assert first and only(path)
    path.write_bytes(b"old")
    save()
    assert path.read_bytes() == first and only(path)


# Failures that are injected: each makes what it patches fail


@contextlib.contextmanager
def failing(monkeypatch, owner, name, error, when=lambda *args, **kwargs: True):
    original = getattr(owner, name)

    def fails(*args, **kwargs):
        if when(*args, **kwargs):
            raise error
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fails)
        yield


class HalfFull:
    """A file that takes a few bytes, and then the disk is full."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        self.file.write(data[:3])
        self.file.flush()
        raise OSError(errno.ENOSPC, "No space left on device")

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()


@contextlib.contextmanager
def full_disk(monkeypatch):
    """Every file that is opened for writing fails after three bytes."""
    opened = {owner: owner.open for owner in (builtins, io)}

    def wrapping(open_):
        def opens(file, mode="r", *args, **kwargs):
            found = open_(file, mode, *args, **kwargs)
            return HalfFull(found) if "w" in mode else found

        return opens

    with monkeypatch.context() as patch:
        for owner, open_ in opened.items():
            patch.setattr(owner, "open", wrapping(open_))
        yield


FAILURES = {
    "the disk is full": (full_disk, OSError),
    "the program that draws fails": (
        lambda patch: failing(patch, draw_graphviz, "_drawn", RuntimeError("no picture")),
        RuntimeError,
    ),
    "an interrupt while it is written": (
        lambda patch: failing(patch, os, "replace", KeyboardInterrupt()),
        KeyboardInterrupt,
    ),
    "no place for a file beside it": (
        lambda patch: failing(patch, tempfile, "mkdtemp", OSError(errno.ENOSPC, "No space left on device")),
        OSError,
    ),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failure_keeps_the_old_file_and_leaves_no_new_one(way, monkeypatch, tmp_path, name, old):
    save, path = way
    if old is not None:
        path.write_bytes(old)
    inject, error = FAILURES[name]
    if error is RuntimeError and path.suffix in (".gif", ".gv"):
        return  # these aren't drawn by Graphviz
    before = sorted(p.name for p in tmp_path.iterdir())
    with inject(monkeypatch), pytest.raises(error):
        save()
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert old is None or path.read_bytes() == old
    save()
    assert path.read_bytes() not in (b"", old)


def test_an_error_in_the_middle_of_an_animation_keeps_the_old_file_and_the_model(tmp_path):
    plt.switch_backend("Agg")
    model, other = MLP(2, [1], rng=0), MLP(2, [1], rng=1)
    X, calls = np.array([[0.0, 0.0], [1.0, 1.0]]), []

    def fails_in_the_third_frame(points):
        calls.append(1)
        if len(calls) > 4:
            raise KeyboardInterrupt
        return model(points)

    moving = plots.animate_training(
        model, [other.state_dict()] * 9, [1.0, 0.5], X, [0, 1], resolution=5, function=fails_in_the_third_frame
    )
    path = tmp_path / "training.gif"
    path.write_bytes(b"old")
    before = model.state_dict()
    with pytest.raises(KeyboardInterrupt):
        moving.save(path, writer="pillow", dpi=20)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    plt.close("all")


def test_frames_of_an_animation_lie_beside_its_page(tmp_path):
    from matplotlib.animation import HTMLWriter

    moving = animation()
    for _ in range(2):  # also over an older one
        moving.save(tmp_path / "training.html", writer=HTMLWriter(fps=5), dpi=20)
        frames = sorted(p.name for p in (tmp_path / "training_frames").iterdir())
        assert frames == ["frame0000000.png", "frame0000001.png"]
        page = (tmp_path / "training.html").read_text()
        assert "training_frames/frame" in page.replace(os.sep, "/") and ".saving" not in page
        assert len(list(tmp_path.iterdir())) == 2
    plt.close("all")


# As an ordinary write would leave it ----------------------------------------------------------------------------------

posix = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@posix
def test_permissions_are_those_of_an_ordinary_write(tmp_path, umask):
    path = tmp_path / "page"
    with replacing("test", path) as draft:
        draft.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    for mode in (0o600, 0o640, 0o666, 0o755):
        path.chmod(mode)
        with replacing("test", path) as draft:
            draft.write_text("newer")
        assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
def test_permissions_are_kept(way):
    save, path = way
    path.touch()
    path.chmod(0o640)
    save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640 and path.read_bytes()


@posix
def test_a_link_stays_a_link(way, tmp_path):
    save, path = way
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / path.name
    path.symlink_to(target)  # which isn't there yet
    for _ in range(2):
        save()
        assert path.is_symlink() and target.is_file() and not target.is_symlink() and target.stat().st_size
        assert list((tmp_path / "elsewhere").iterdir()) == [target]
    relative = tmp_path / f"relative{path.suffix}"
    relative.symlink_to(Path("elsewhere", path.name))
    with replacing("test", relative) as draft:
        draft.write_text("new")
    assert relative.is_symlink() and target.read_text() == "new"


@posix
def test_links_in_a_circle(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.symlink_to(other), other.symlink_to(one)
    with pytest.raises(OSError, match="circle"), replacing("test", one) as draft:
        draft.write_text("new")
    assert one.is_symlink() and other.is_symlink()


@posix
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    """And so a device, which isn't tried here: root could lose one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    draw_backward(root()).save_html(pipe)
    reader.join(timeout=10)
    assert read and read[0].startswith(b"<!")
    assert list(tmp_path.iterdir()) == [pipe] and stat.S_ISFIFO(pipe.stat().st_mode)


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_file_or_directory_as_its_user_sees_it(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        draw_backward(root()).save_html(path)
    assert path.read_text() == "old"
    path.chmod(0o644)
    tmp_path.chmod(0o555)
    draw_backward(root()).save_html(path)  # an ordinary write may do that, too
    assert path.read_text().startswith("<!")
    tmp_path.chmod(0o755)


def test_a_directory_that_takes_no_new_files(tmp_path, monkeypatch):
    """The file in it is overwritten, and only when the new one is complete."""
    path = tmp_path / "page.html"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != tmp_path.resolve())
    with pytest.raises(ZeroDivisionError), replacing("test", path) as draft:
        assert draft.parent.parent != tmp_path
        draft.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    with replacing("test", path) as draft:
        draft.write_text("new")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != path.resolve())
    with pytest.raises(PermissionError, match="read-only"), replacing("test", path) as draft:
        draft.write_text("newer")
    assert path.read_text() == "new"


# Places that can't be written -----------------------------------------------------------------------------------------


def test_a_missing_directory_or_a_directory_or_no_path(tmp_path):
    page = draw_backward(root())
    (tmp_path / "file").write_text("old")
    for path, error, said in [
        (tmp_path, IsADirectoryError, "is a directory"),
        ("", IsADirectoryError, "is a directory"),
        (tmp_path / "no" / "page.html", FileNotFoundError, "there is no directory .*no to write page.html into"),
        (tmp_path / "file" / "page.html", NotADirectoryError, "there is no directory .*file to write page.html into"),
        (None, TypeError, "path must be a str or a Path, not NoneType"),
        (3, TypeError, "path must be a str or a Path, not int 3"),
        (b"page.html", TypeError, "path must be a str or a Path, not bytes"),
        (sys.stdout, TypeError, "path must be a str or a Path"),
    ]:
        with pytest.raises(error, match=rf"^save_html: .*{said}"):
            page.save_html(path)
    assert [p.name for p in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "old"


def test_pictures_say_the_same(tmp_path):
    dot = draw_dot_tensor(root())
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder.svg").mkdir()
    for save, error, said in [
        (lambda: dot.render(3), TypeError, "^render: path must be"),
        (lambda: dot.render(outfile=3), TypeError, "^render: path must be"),
        (lambda: dot.save([]), TypeError, "^save: path must be"),
        (lambda: dot.save(tmp_path), IsADirectoryError, "^save: .* is a directory"),
        (lambda: dot.save(tmp_path / "file" / "x"), NotADirectoryError, "^save: there is no directory"),
        (lambda: dot.render(tmp_path / "folder"), IsADirectoryError, "^render: .*folder.svg is a directory"),
    ]:
        with pytest.raises(error, match=said):
            save()
    assert dot.render(tmp_path / "new" / "deep" / "x").endswith("x.svg")  # which graphviz makes the directories for
    plt.switch_backend("Agg")
    with pytest.raises(FileNotFoundError, match=r"^save: there is no directory"):
        animation().save(tmp_path / "no" / "training.gif", writer="pillow")
    plt.close("all")


# Packages that aren't installed ---------------------------------------------------------------------------------------

NEEDED = {  # what needs a package, the package, and the command that installs it
    "draw_dot_tensor": ("tg.draw_dot_tensor(t * 2)", "graphviz", "pip install graphviz graphviz-pure"),
    "draw_backward": ("tg.draw_backward(t * 2)", "graphviz", "pip install graphviz graphviz-pure"),
    "plot_history": ("plots.plot_history([1.0])", "matplotlib", "pip install matplotlib"),
    "plot_histograms": ("plots.plot_histograms(model)", "matplotlib", "pip install matplotlib"),
    "plot_decision_boundary": (
        "plots.plot_decision_boundary(model, np.eye(2), [0, 1])",
        "matplotlib",
        "pip install matplotlib",
    ),
    "animate_training": (
        "plots.animate_training(model, [model.state_dict()], [1.0], np.eye(2), [0, 1])",
        "matplotlib",
        "pip install matplotlib",
    ),
    "save": ("model.save('model.safetensors')", "safetensors", "pip install safetensors"),
    "tensorgrad.special": ("import tensorgrad.special", "scipy", "pip install "),
    "einops": ("import tensorgrad.einops", "einops", "pip install einops"),
    "distributed": ("import tensorgrad.distributed", "dask", "pip install dask distributed"),
    "autoray": ("import tensorgrad.autoray", "autoray", "pip install autoray"),
    "estimators": ("import tensorgrad.estimators", "sklearn", "pip install scikit-learn"),
    "to_torch": ("from tensorgrad.interop import to_torch; to_torch(np.sin)", "torch", "pip install torch"),
    "to_jax": ("from tensorgrad.interop import to_jax; to_jax(np.sin)", "jax", "pip install jax"),
}

PROGRAM = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
import numpy as np, tensorgrad as tg
from tensorgrad import plots
t, model = tg.Tensor([1.0, 2.0]), tg.MLP(2, [1], rng=0)
for statement in {statements!r}:
    try:
        exec(statement)
    except ImportError as error:
        print(error)
"""


@pytest.mark.parametrize("package", sorted({package for _, package, _ in NEEDED.values()}))
def test_a_package_that_is_not_installed_is_named_with_the_command_that_installs_it(package):
    wanted = [(statement, command) for statement, needed, command in NEEDED.values() if needed == package]
    environment = {**os.environ, "PYTHONPATH": str(Path(tg.__file__).parents[1])}
    program = PROGRAM.format(package=package, statements=[statement for statement, _ in wanted])
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == len(wanted)
    for line, (_, command) in zip(lines, wanted, strict=True):
        assert re.search(rf"\b{package}\b", line, re.IGNORECASE) and command in line


def test_every_package_that_the_library_imports_is_in_that_list():
    """But for the standard library, NumPy, and itself."""
    found = set()
    for path in Path(tg.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"^\s*(?:import|from) ([a-z]\w*)", text, re.MULTILINE))
        found |= set(re.findall(r'import_module\(f?"([a-z]\w*)', text))
        found |= set(re.findall(r'imported\([\w"]+, "(\w+)"', text))
    found -= {"numpy", "tensorgrad", *sys.stdlib_module_names}
    found -= {"tqdm", "cloudpickle"}  # a progress bar is there, or isn't; the other comes with Dask
    assert found == {package for _, package, _ in NEEDED.values()}
