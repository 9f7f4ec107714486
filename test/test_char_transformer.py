"""The character transformer of the examples beside the same in PyTorch: the same loss, step by step."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from beside_torch import give_weights  # noqa: E402

STEPS, CHARACTERS, WIDTH, CONTEXT, LAYERS, HEADS = 20, 30, 32, 24, 4, 4


@pytest.fixture(scope="module")
def example():
    path = Path(__file__).resolve().parent.parent / "examples" / "char_transformer.py"
    spec = importlib.util.spec_from_file_location("char_transformer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TorchTransformer(torch.nn.Module):
    """The example's model, written with PyTorch's modules of the same names."""

    def __init__(self):
        super().__init__()
        self.character = torch.nn.Embedding(CHARACTERS, WIDTH)
        self.place = torch.nn.Embedding(CONTEXT, WIDTH)
        layer = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, batch_first=True, norm_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, LAYERS, torch.nn.LayerNorm(WIDTH), enable_nested_tensor=False)
        self.head = torch.nn.Linear(WIDTH, CHARACTERS)
        self.double()

    def forward(self, text):
        mask = torch.nn.Transformer.generate_square_subsequent_mask(text.shape[1], dtype=torch.float64)
        x = self.character(text) + self.place(torch.arange(text.shape[1]))
        return self.head(self.encoder(x, mask=mask, is_causal=True))


def torch_training(model, batches, lr, max_norm):
    """The example's training, written with PyTorch."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=lr, total_steps=STEPS, pct_start=0.1)
    for X, Y in batches:
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(X)).flatten(0, 1), torch.tensor(Y).flatten())
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        yield loss.item(), rate, norm.item()


@pytest.mark.parametrize("max_norm", [0.5, pytest.param(1e3, marks=pytest.mark.slow)])
def test_the_same_numbers_as_pytorch_step_by_step(example, max_norm):
    torch.manual_seed(0)
    theirs = TorchTransformer()
    ours = example.CharTransformer(CHARACTERS, WIDTH, CONTEXT, LAYERS, HEADS)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    give_weights(theirs, ours)
    text = np.random.default_rng(0).integers(0, CHARACTERS, 2000)
    rng = np.random.default_rng(1)
    batches = [example.batch_of(text, 8, CONTEXT, rng) for _ in range(STEPS)]
    expected = list(torch_training(theirs, batches, 1e-2, max_norm))
    found = list(example.training(ours, text, STEPS, batch=8, lr=1e-2, max_norm=max_norm, rng=1))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    clipped = np.array(expected)[:, 2] > max_norm
    assert clipped.any() == (max_norm < 1)
    for name, p in theirs.named_parameters():
        np.testing.assert_allclose(dict(ours.named_parameters())[name].data, p.detach().numpy(), rtol=1e-7, atol=1e-9)


def test_what_it_writes_depends_on_what_was_written(example):
    """One that has learned a cycle by heart goes on with it."""
    alphabet = ["a", "b", "c"]
    text = np.arange(300) % 3
    model = example.CharTransformer(3, 16, 8, 1, 2, rng=0)
    losses = [loss for loss, *_ in example.training(model, text, 60, batch=8, lr=2e-2, rng=0)]
    assert losses[-1] < 0.1 * losses[0]
    assert example.written(model, alphabet, "bc", 10, temperature=0.1, rng=0) == "bcabcabcabca"
    assert example.loss_on(model, text) < 0.1


def test_the_levels_that_the_loss_is_compared_with(example):
    text = np.array([0, 1] * 500 + [0])
    levels = example.cross_entropies(text, 2)
    assert levels["frequencies of characters"] == pytest.approx(np.log(2))
    assert levels["frequencies of pairs"] == pytest.approx(0, abs=1e-12)
