"""The plots: what they draw, read back from their Axes."""

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot")

from tensorgrad import MLP, Module, Tensor, mse_loss  # noqa: E402
from tensorgrad.plots import (  # noqa: E402
    animate_training,
    plot_decision_boundary,
    plot_histograms,
    plot_history,
)


@pytest.fixture(autouse=True)
def _without_a_screen():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def test_history_draws_each_curve_and_accuracies_in_percent_on_the_right():
    ax = plot_history({"loss": [3.0, 2.0, 1.0], "accuracy": [0.1, 0.5, 0.9]}, log=True)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, 2, 1])
    right = ax.figure.axes[-1]
    np.testing.assert_array_equal(right.lines[0].get_ydata(), [0.1, 0.5, 0.9])
    assert right is not ax
    assert right.yaxis.get_major_formatter()(0.5) == "50%"
    assert ax.get_yscale() == "log"


def test_each_plot_draws_on_the_axes_it_is_given():
    figure, (a, b, c) = plt.subplots(1, 3)
    assert plot_history([1.0, 0.5], ax=a) is a
    assert plot_decision_boundary(lambda x: x[..., 0], [[-1, 0], [1, 0]], [0, 1], b, resolution=10) is b
    assert plot_histograms(MLP(2, [3, 1], rng=0), ax=c) is c
    assert len(figure.axes) == 3


@pytest.mark.parametrize("form", [lambda x: x, lambda x: x[..., None], lambda x: np.stack([-x / 2, x / 2], axis=-1)])
def test_the_boundary_lies_where_two_classes_are_equally_likely(form):
    ax = plot_decision_boundary(lambda p: form(p[..., 0] - 0.25), [[-1, 0], [1, 0]], [0, 1], resolution=50)
    (path,) = [path for c in ax.collections if hasattr(c, "levels") for path in c.get_paths()]
    np.testing.assert_allclose(path.vertices[:, 0], 0.25, atol=1e-4)  # drawn between places 0.05 apart


def test_shading_is_paler_the_less_certain_and_shows_the_likeliest_of_three_classes():
    ax = plot_decision_boundary(
        lambda p: np.stack([10 * p[..., 0], -10 * p[..., 0], 0 * p[..., 0]], axis=-1),
        [[-1, 0], [1, 0], [0, 0]],
        [1, 0, 2],
        resolution=101,
        names=["right", "left", "middle"],
    )
    image = ax.images[0].get_array()
    whiteness = image.min(axis=-1)[50]
    assert whiteness[0] < whiteness[45] and whiteness[-1] < whiteness[55]
    assert len(np.unique(np.argmax(image[50], axis=-1))) > 1
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["right", "left", "middle", "boundary"]


def test_histograms_count_each_parameter_and_name_it():
    model = MLP(2, [30, 1], rng=0)
    mse_loss(model(np.ones((4, 2))), np.zeros((4, 1))).backward()
    model.layers[0].bias.grad[0] = np.nan
    for of in ("data", "grad"):
        ax = plot_histograms(model, of, bins=20)
        assert [t.get_text() for t in ax.get_yticklabels()] == [n for n, _ in model.named_parameters()][::-1]
        weight = [bar.get_height() for bar in ax.containers[3]]
        values = getattr(model.layers[0].weight, of).ravel()
        bars = ax.containers[3].patches
        edges = [bar.get_x() for bar in bars] + [bars[-1].get_x() + bars[-1].get_width()]
        counts = np.histogram(values, edges)[0]
        np.testing.assert_allclose(weight, 0.8 * counts / counts.max())
    assert any("nan" in note.get_text() for note in ax.texts)


def test_an_animation_is_saved_and_leaves_the_model_as_it_was(tmp_path):
    model, other = MLP(2, [4, 1], rng=0), MLP(2, [4, 1], rng=1)
    before = model.state_dict()
    X, labels = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    animation = animate_training(model, [other.state_dict(), before], [1.0, 0.5, 0.2], X, labels, resolution=10)
    animation.save(tmp_path / "training.gif", writer="pillow", dpi=40)
    assert (tmp_path / "training.gif").read_bytes().startswith(b"GIF89a")
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_frames_stand_at_the_steps_they_are_given(tmp_path):
    from PIL import Image

    model, other = MLP(2, [4, 1], rng=0), MLP(2, [4, 1], rng=1)
    X, labels = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    states = [other.state_dict(), model.state_dict(), other.state_dict()]
    animation = animate_training(model, states, [1.0, 0.5, 0.2, 0.1], X, labels, at=[0, 1, 3], resolution=10)
    left, right = animation._fig.axes
    seen = []
    for frame in range(3):
        animation._func(frame)
        seen.append((left.get_title(), right.get_title(), len(right.lines[1].get_xdata())))
    assert seen == [("step 0", "loss 1", 1), ("step 1", "loss 0.5", 2), ("step 3", "loss 0.1", 4)]
    animation.save(tmp_path / "training.gif", writer="pillow", dpi=40)
    with Image.open(tmp_path / "training.gif") as gif:
        frames = []
        for i in range(gif.n_frames):
            gif.seek(i)
            frames.append(np.asarray(gif.convert("RGB"), float))
    assert len(frames) == 3
    boundary = [frame[:, : frame.shape[1] // 2] for frame in frames]
    assert np.abs(boundary[0] - boundary[1]).mean() > 1
    with pytest.raises(ValueError, match=r"3 states need as many places in at, not list \[0, 1\]"):
        animate_training(model, states, [1.0], X, labels, at=[0, 1])


# What would be left out, and what can't be drawn ----------------------------------------------------------------------

POINTS, LABELS = np.random.default_rng(0).normal(size=(10, 2)), np.arange(10) % 2
MODEL = MLP(2, [3, 1], rng=0)
STATE = MODEL.state_dict()


def by_first(points):
    """Logits (...) that are the first coordinate."""
    return points[..., 0]


def history(values, **options):
    return lambda: plot_history(values, **options)


def boundary(model=by_first, X=POINTS, labels=LABELS, **options):
    return lambda: plot_decision_boundary(model, X, labels, **{"resolution": 9, **options})


def histograms(*args, **options):
    return lambda: plot_histograms(*args, **options)


def animation(model=MODEL, states=(STATE,), losses=(1.0, 0.5), X=POINTS, labels=LABELS, **options):
    return lambda: animate_training(model, states, losses, X, labels, **{"resolution": 9, **options})


NO_NUMBERS, NOT_FINITE = "must be a sequence of numbers", "can't be drawn; draw the steps before it"
WRONG = {  # by the function: each call, and what its error says
    "plot_history": [
        *[
            (history(v), NO_NUMBERS)
            for v in (None, 3, "abc", ["1", "2"], [[1, 2], [3, 4]], [1j], [None], [b"1"], np.eye(2), {1.0, 0.5})
        ],
        *[
            (history(v), NO_NUMBERS)
            for v in (iter([1.0]), (x for x in [1.0]), {"loss": 1.0}.values(), np.ma.array([1.0, 2.0], mask=[1, 0]))
        ],
        *[(history({"loss": v}), NO_NUMBERS) for v in (None, "text", {"a": 1.0}, 2.0)],
        *[(history(v), "empty") for v in ([], {}, {"loss": []}, np.zeros(0))],
        *[(history([1.0, v]), f"loss is {v} at step 1, which {NOT_FINITE}") for v in (np.nan, np.inf, -np.inf)],
        (history({"loss": [1.0], "other": [np.nan]}), "other is nan at step 0"),
        (history({1: [1.0]}), "names of a history must be text"),
        (history({"accuracy": [0.5, 97.0]}), "accuracy must be between 0 and 1, not from 0.5 to 97"),
        (history({"test accuracy": [-0.5]}), "test accuracy must be between 0 and 1"),
        (history([1.0, 0.0], log=True), "loss is down to 0, which has no place on a logarithmic axis"),
        (history([1.0], log="yes"), "log must be True or False"),
        (history([1.0], ax=3), "ax must be one Axes of matplotlib, not int 3"),
        (history([1.0], ax=np.array([None, None])), "ax must be one Axes"),
    ],
    "plot_decision_boundary": [
        *[(boundary(model=m), "must be a function from points to logits") for m in (None, 3, "model", POINTS)],
        *[
            (boundary(X=x), r"X must be \(n, 2\)")
            for x in (None, "a", 3.0, POINTS[0], POINTS[:, :1], np.ones((10, 3)), [])
        ],
        *[
            (boundary(labels=v), r"labels \(n,\)")
            for v in (None, 1, LABELS[1:], np.eye(2)[LABELS], LABELS[:, None], "text")
        ],
        (boundary(X=POINTS[:0], labels=LABELS[:0]), "n > 0"),
        (boundary(X=[[1.0], [1.0, 2.0]]), r"X must be an array \(n, 2\)"),
        (boundary(X=np.ma.array(POINTS)), "X: a MaskedArray isn't supported"),
        (boundary(labels=np.ma.array(LABELS, mask=LABELS)), "labels: a MaskedArray isn't supported"),
        *[(boundary(X=POINTS * v), "X holds nan or inf") for v in (np.nan, np.inf)],
        (boundary(X=POINTS * 1j), "X must be real numbers, not complex128"),
        (boundary(X=np.full((10, 2), "a")), "X must be real numbers, not <U1"),
        (boundary(labels=["a"] * 10), "labels must be real numbers, not <U1"),
        (boundary(labels=[None] * 10), "labels must be real numbers, not object"),
        (boundary(labels=2 * LABELS - 1), r"from 0 to 1; there is -1; for labels -1 and 1 pass \(labels \+ 1\) / 2"),
        (boundary(labels=LABELS + 1), "the model has 2 classes, so labels must be from 0 to 1; there is 2$"),
        (boundary(labels=LABELS * np.nan), "there is nan"),
        (boundary(labels=LABELS + 0.5), "there is 0.5"),
        (
            boundary(model=lambda p: np.stack([p[..., 0]] * 3, -1), labels=LABELS + 2),
            "3 classes, .* from 0 to 2; there is 3",
        ),
        *[(boundary(model=lambda p, v=v: v), "the model gave") for v in (None, 3.0, "text", np.ones(3), [1.0], {})],
        (boundary(model=lambda p: p[..., :0]), r"the model gave \(9, 9, 0\)"),
        (boundary(model=lambda p: p[None, ..., 0]), r"the model gave \(1, 9, 9\)"),
        (boundary(model=lambda p: p[..., 0] * np.nan), "81 of the 81 logits of the model are nan or inf"),
        (boundary(model=lambda p: np.where(p[..., 0] > 0, np.inf, 0.0)), "logits of the model are nan or inf"),
        (boundary(model=lambda p: p[..., 0] * 1j), "logits of the model must be real numbers, not complex128"),
        (boundary(model=lambda p: p[..., 0] > 0), "logits of the model must be real numbers, not bool"),
        *[(boundary(resolution=v), "resolution must be") for v in (0, 1, -3, 2.5, "a", None, True)],
        *[
            (boundary(margin=v), "margin must be a finite number, and not negative")
            for v in (-1, np.nan, np.inf, "a", None)
        ],
        (boundary(X=POINTS * [0, 1], margin=0), "margin must be above 0 where all points lie on one line"),
        *[(boundary(names=v), "names must be a list with the name of each class") for v in ("ab", 3, [1, 2], {"a": 1})],
        *[(boundary(names=v), "the model has 2 classes, but there are") for v in ([], ["a"], ["a", "b", "c"])],
        (boundary(ax="left"), "ax must be one Axes"),
    ],
    "plot_histograms": [
        *[(histograms(v), "model must be a Module") for v in (None, 3, [1.0], STATE, MLP)],
        *[(histograms(MODEL, v), "of must be 'data' or 'grad'") for v in ("weights", 3, None, POINTS, ["data"])],
        *[(histograms(MODEL, bins=v), "bins must be a positive int") for v in (0, -1, 2.5, "auto", None, [1, 2])],
        (histograms(Module()), "the model has no parameters"),
        (histograms(MODEL, ax=3), "ax must be one Axes"),
    ],
    "animate_training": [
        *[(animation(model=v), "model must be a Module") for v in (None, 3, by_first)],
        *[
            (animation(states=v), "states must be a list of state_dicts")
            for v in (None, 3, STATE, "states", [None], [1.0])
        ],
        (animation(states=[]), "states is empty"),
        (animation(states=[STATE, {}]), r"states\[1\] doesn't fit the model: .*missing"),
        (
            animation(states=[{name: value[..., None] for name, value in STATE.items()}]),
            r"states\[0\] doesn't fit .*shape",
        ),
        (animation(states=[dict.fromkeys(STATE)]), r"states\[0\] doesn't fit"),
        (animation(losses=[]), "losses is empty"),
        (animation(losses=[1.0, np.nan]), f"losses is nan at step 1, which {NOT_FINITE}"),
        *[(animation(losses=v), NO_NUMBERS) for v in (None, "text", 3.0)],
        *[(animation(at=v), "at must be ints from 0 to 1") for v in ([5], [-1], "a", [0.5], [None], [True], [[0]])],
        *[(animation(at=v), "1 states need as many places in at") for v in (0, [], [0, 1], [[1.0], [1.0, 2.0]])],
        *[(animation(interval=v), "interval must be") for v in (0, -1, "a", None, np.nan)],
        *[(animation(resolution=v), "resolution must be") for v in (0, 1, "a")],
        (animation(labels=LABELS - 1), "labels must be from 0 to 1; there is -1"),
        (animation(X=POINTS * np.nan), "X holds nan or inf"),
        (animation(function=3), "must be a function from points to logits"),
        (animation(function=lambda p: np.ones(3)), r"the model gave \(3,\)"),
    ],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_draws_nothing_and_says_why(name):
    for call, said in WRONG[name]:
        with pytest.raises((TypeError, ValueError, KeyError), match=said) as error:
            call()
        assert f"{name}: " in str(error.value)
        assert not plt.get_fignums(), "no empty figure is left"
    for key, value in MODEL.state_dict().items():
        np.testing.assert_array_equal(value, STATE[key])


def test_what_fails_in_the_users_model_comes_through():
    def model(points):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        plot_decision_boundary(model, POINTS, LABELS)
    with pytest.raises(ZeroDivisionError, match="mine"):
        animate_training(MODEL, [STATE], [1.0], POINTS, LABELS, function=model)
    assert not plt.get_fignums()


def test_tensors_and_plain_numbers_are_drawn_alike():
    np.testing.assert_array_equal(plot_history([Tensor(2.0), Tensor([1.0])]).lines[0].get_ydata(), [2.0, 1.0])
    np.testing.assert_array_equal(plot_history(Tensor([2.0, 1.0])).lines[0].get_ydata(), [2.0, 1.0])
    np.testing.assert_array_equal(plot_history({"accuracy": [0, 1]}).figure.axes[-1].lines[0].get_ydata(), [0, 1])
    for X, labels in ((Tensor(POINTS), Tensor(LABELS)), (POINTS.tolist(), LABELS.astype(bool)), (POINTS, LABELS * 1.0)):
        ax = plot_decision_boundary(MODEL, X, labels, resolution=9)
        drawn = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) > 1]
        assert sum(map(len, drawn)) == len(POINTS)


def test_a_parameter_without_a_finite_number_is_marked():
    model = MLP(2, [1], rng=0)
    model.layers[0].bias.data[...] = np.nan
    notes = [text.get_text() for text in plot_histograms(model).texts]
    assert "nan or inf" in notes and any(note.startswith("std") for note in notes)
