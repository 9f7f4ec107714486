"""The plots: what they draw, read back from their Axes."""

import numpy as np
import pytest

plt = pytest.importorskip("matplotlib.pyplot")

from tensorgrad import MLP, mse_loss  # noqa: E402
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
    with pytest.raises(ValueError, match="3 states need as many places in at, not 2"):
        animate_training(model, states, [1.0], X, labels, at=[0, 1])


def test_errors_say_what_is_needed():
    with pytest.raises(ValueError, match="empty"):
        plot_history([])
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        plot_decision_boundary(lambda x: x, np.ones((4, 3)), np.ones(4))
    with pytest.raises(ValueError, match="logits"):
        plot_decision_boundary(lambda x: np.ones(3), np.ones((4, 2)), np.zeros(4))
    with pytest.raises(ValueError, match="'data' or 'grad'"):
        plot_histograms(MLP(2, [1]), "weights")
    with pytest.raises(ValueError, match="state_dict"):
        animate_training(MLP(2, [1]), [], [], np.ones((4, 2)), np.zeros(4))
