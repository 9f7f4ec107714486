"""Schedules of learning rates: PyTorch's numbers over 50 steps, and closed forms."""

import copy
import math
import pickle
import warnings

import numpy as np
import pytest

from tensorgrad import SGD, Adam, Tensor, optim
from tensorgrad.optim import lr_scheduler
from tensorgrad.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)


class Halving:
    """A function of the epoch that has a state."""

    def __init__(self, rate=0.5):
        self.rate = rate

    def __call__(self, epoch):
        return self.rate**epoch


def falling(epoch):
    return 0.9**epoch


SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.3}),
    ("StepLR", {"step_size": 7}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 20], "gamma": 0.4}),
    ("MultiStepLR", {"milestones": [0, 3]}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.2, "total_iters": 7}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 9}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.0, "total_iters": 9}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 20, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 10}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 50}),
    ("LambdaLR", {"lr_lambda": falling}),
    ("LambdaLR", {"lr_lambda": [Halving(), lambda epoch: 1 / (1 + epoch)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.95}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 5}),
    (
        "CyclicLR",
        {"base_lr": [0.01, 0.02], "max_lr": 0.3, "step_size_up": 5, "step_size_down": 3, "mode": "triangular2"},
    ),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 7, "mode": "exp_range", "gamma": 0.97}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 7, "scale_fn": lambda x: 1 / x}),
    (
        "CyclicLR",
        {"base_lr": 0.0, "max_lr": 0.3, "scale_fn": falling, "scale_mode": "iterations", "cycle_momentum": False},
    ),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 50}),
    (
        "OneCycleLR",
        {
            "max_lr": [0.3, 0.5], "epochs": 6, "steps_per_epoch": 10, "anneal_strategy": "linear", "three_phase": True,
            "pct_start": 0.2,
        },
    ),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 51, "base_momentum": [0.5, 0.6], "max_momentum": 0.8}),
    (
        "OneCycleLR",
        {"max_lr": 0.3, "total_steps": 51, "cycle_momentum": False, "div_factor": 3.0, "final_div_factor": 7.0},
    ),
]  # fmt: skip
IDS = [f"{name} {i}" for i, (name, _) in enumerate(SCHEDULES)]


def ours(kind="SGD", **options):
    w, b = Tensor([1.0, 2.0]), Tensor([1.0])
    return getattr(optim, kind)([{"params": [w]}, {"params": [b], "lr": 0.05}], lr=0.1, **options)


def pair(torch, kind="SGD", **options):
    """One of our optimisers and PyTorch's, with two groups."""
    w, b = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
    theirs = getattr(torch.optim, kind)([{"params": [w]}, {"params": [b], "lr": 0.05}], lr=0.1, **options)
    return ours(kind, **options), theirs


def assert_same_rates(optimizer, reference, said=""):
    for mine, its in zip(optimizer.param_groups, reference.param_groups, strict=True):
        for name in {"lr", "momentum", "betas"} & mine.keys():
            np.testing.assert_allclose(mine[name], its[name], rtol=1e-12, atol=1e-17, err_msg=f"{name} {said}")


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns of steps without the optimiser's
        yield torch


@pytest.mark.parametrize("kind, options", [("SGD", {"momentum": 0.9}), ("Adam", {})])
@pytest.mark.parametrize("case", SCHEDULES, ids=IDS)
def test_every_rate_is_that_of_pytorch(torch, case, kind, options):
    name, arguments = case
    for by_hand in (False, True):
        optimizer, reference = pair(torch, kind, **options)
        schedule = getattr(lr_scheduler, name)(optimizer, **copy.deepcopy(arguments))
        theirs = getattr(torch.optim.lr_scheduler, name)(reference, **copy.deepcopy(arguments))
        for step in range(50):
            assert_same_rates(optimizer, reference, f"in step {step}")
            np.testing.assert_allclose(schedule.get_last_lr(), theirs.get_last_lr(), rtol=1e-12, atol=1e-17)
            assert schedule.last_epoch == theirs.last_epoch
            if by_hand and step == 13:  # what is multiplied goes on from there
                for group in (*optimizer.param_groups, *reference.param_groups):
                    group["lr"] = 0.02
            if step < 49:
                schedule.step()
                theirs.step()


@pytest.mark.parametrize("case", SCHEDULES, ids=IDS)
def test_a_run_is_taken_up_as_in_pytorch(torch, case):
    name, arguments = case
    if arguments.get("T_mult") == 2:
        pytest.skip("PyTorch loses count of the cycles")  # see test_a_run_with_warm_restarts_is_taken_up
    for last_epoch in (0, 4, 5, 8, 11):
        optimizer, reference = pair(torch, momentum=0.9)
        for one, of in ((optimizer, lr_scheduler), (reference, torch.optim.lr_scheduler)):
            getattr(of, name)(one, **copy.deepcopy(arguments))  # leaves "initial_lr"
        schedule = getattr(lr_scheduler, name)(optimizer, last_epoch=last_epoch, **copy.deepcopy(arguments))
        theirs = getattr(torch.optim.lr_scheduler, name)(reference, last_epoch=last_epoch, **copy.deepcopy(arguments))
        for step in range(20):
            assert_same_rates(optimizer, reference, f"in step {step} after {last_epoch}")
            schedule.step()
            theirs.step()


def test_a_run_with_warm_restarts_is_taken_up():
    whole = ours()
    schedule = CosineAnnealingWarmRestarts(whole, T_0=3, T_mult=2)
    for _ in range(15):
        schedule.step()
    part = ours()
    for group in part.param_groups:
        group["initial_lr"] = group["lr"]
    CosineAnnealingWarmRestarts(part, T_0=3, T_mult=2, last_epoch=14)
    assert [g["lr"] for g in part.param_groups] == [g["lr"] for g in whole.param_groups]


def test_warm_restarts_take_parts_of_epochs(torch):
    for arguments in ({"T_0": 5}, {"T_0": 2, "T_mult": 2}, {"T_0": 2, "T_mult": 3, "eta_min": 0.01}):
        optimizer, reference = pair(torch)
        schedule = CosineAnnealingWarmRestarts(optimizer, **arguments)
        theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(reference, **arguments)
        for step in range(60):
            for one in (schedule, theirs):
                one.step(step / 3) if step % 5 else one.step()
            assert_same_rates(optimizer, reference, f"in step {step}")


CLOSED = {  # the factor of the initial rate in epoch t
    "StepLR": (lambda o: StepLR(o, 4, 0.5), lambda t: 0.5 ** (t // 4)),
    "MultiStepLR": (lambda o: MultiStepLR(o, {3, 8}, 0.5), lambda t: 0.5 ** ((t >= 3) + (t >= 8))),
    "ConstantLR": (lambda o: ConstantLR(o, 0.25, 4), lambda t: 0.25 if t < 4 else 1),
    "ConstantLR, 0": (lambda o: ConstantLR(o, 0.0, 4), lambda t: 0 if t < 4 else 1),
    "LinearLR": (lambda o: LinearLR(o, 0.2, 0.6, 10), lambda t: 0.2 + 0.4 * min(t, 10) / 10),
    "ExponentialLR": (lambda o: ExponentialLR(o, 0.9), lambda t: 0.9**t),
    "PolynomialLR": (lambda o: PolynomialLR(o, 10, 2), lambda t: (1 - min(t, 10) / 10) ** 2),
    "CosineAnnealingLR": (lambda o: CosineAnnealingLR(o, 10), lambda t: (1 + math.cos(math.pi * t / 10)) / 2),
    "LambdaLR": (lambda o: LambdaLR(o, lambda t: 1 / (t + 1)), lambda t: 1 / (t + 1)),
    "MultiplicativeLR": (lambda o: MultiplicativeLR(o, lambda t: 0.9), lambda t: 0.9**t),
    "WarmRestarts": (
        lambda o: CosineAnnealingWarmRestarts(o, 5),
        lambda t: (1 + math.cos(math.pi * (t % 5) / 5)) / 2,
    ),
}


@pytest.mark.parametrize("case", CLOSED)
def test_every_rate_is_that_of_the_closed_form(case):
    make, factor = CLOSED[case]
    optimizer = ours()
    schedule = make(optimizer)
    assert isinstance(schedule, LRScheduler)
    for t in range(50):
        np.testing.assert_allclose(schedule.get_last_lr(), [0.1 * factor(t), 0.05 * factor(t)], rtol=1e-12, atol=1e-16)
        assert schedule.last_epoch == t
        schedule.step()


def test_one_cycle_by_its_formula():
    optimizer = SGD([Tensor([1.0])], lr=9.0, momentum=0.5)
    schedule = OneCycleLR(optimizer, max_lr=1.0, total_steps=11, pct_start=0.5)
    rates, momenta = [], []
    for _ in range(11):
        rates.append(optimizer.lr)
        momenta.append(optimizer.momentum)
        if len(rates) < 11:
            schedule.step()
    up = [math.cos(math.pi * min(1, t / 4.5)) for t in range(5)]
    np.testing.assert_allclose(rates[:5], [1 + (0.04 - 1) / 2 * (1 + c) for c in up])
    np.testing.assert_allclose(momenta[:5], [0.85 + (0.95 - 0.85) / 2 * (1 + c) for c in up])
    np.testing.assert_allclose([rates[-1], momenta[-1]], [0.04 / 1e4, 0.95])
    schedule.step()
    with pytest.raises(ValueError, match=r"OneCycleLR\.step: the cycle has ended, after total_steps = 11"):
        schedule.step()
    for arguments in ({"total_steps": 1}, {"total_steps": 2, "pct_start": 0.5}, {"total_steps": 5, "pct_start": 1.0}):
        short = OneCycleLR(SGD([Tensor([1.0])], momentum=0.9), max_lr=1.0, **arguments)
        for _ in range(short.total_steps):
            short.step()


# Schedules of schedules ----------------------------------------------------------------------------------------------

SEQUENCES = {
    "warm-up, then decay": ([("LinearLR", {"start_factor": 0.1}), ("ExponentialLR", {"gamma": 0.9})], [5]),
    "three": (
        [("ConstantLR", {}), ("CosineAnnealingLR", {"T_max": 10}), ("StepLR", {"step_size": 3})],
        [7, 20],
    ),
    "functions": ([("LambdaLR", {"lr_lambda": falling}), ("MultiplicativeLR", {"lr_lambda": lambda t: 0.9})], [10]),
    "restarts": ([("CosineAnnealingWarmRestarts", {"T_0": 4}), ("PolynomialLR", {"total_iters": 20})], [10]),
    "then restarts": ([("LinearLR", {}), ("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2})], [5]),
    "at once": ([("ConstantLR", {}), ("ExponentialLR", {"gamma": 0.5})], [0]),
    "one": ([("LinearLR", {})], []),
}


@pytest.mark.parametrize("case", SEQUENCES)
def test_schedules_one_after_the_other_as_in_pytorch(torch, case):
    parts, milestones = SEQUENCES[case]
    optimizer, reference = pair(torch)
    schedule = SequentialLR(optimizer, [getattr(lr_scheduler, n)(optimizer, **a) for n, a in parts], milestones)
    of = torch.optim.lr_scheduler
    theirs = of.SequentialLR(reference, [getattr(of, n)(reference, **a) for n, a in parts], milestones)
    for step in range(50):
        assert_same_rates(optimizer, reference, f"in step {step}")
        assert schedule.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        schedule.step()
        theirs.step()


@pytest.mark.parametrize("case", [case for case in SEQUENCES if case != "restarts"])
def test_schedules_at_once_as_in_pytorch(torch, case):
    parts, _ = SEQUENCES[case]
    optimizer, reference = pair(torch)
    schedule = ChainedScheduler([getattr(lr_scheduler, n)(optimizer, **a) for n, a in parts])
    of = torch.optim.lr_scheduler
    theirs = of.ChainedScheduler([getattr(of, n)(reference, **a) for n, a in parts])
    for step in range(50):
        assert_same_rates(optimizer, reference, f"in step {step}")
        schedule.step()
        theirs.step()


def test_sequences_inside_sequences():
    optimizer, one_by_one = ours(), ours()

    def of(o):
        return [LinearLR(o, 0.5, total_iters=2), ExponentialLR(o, 0.5), ConstantLR(o, 0.1, total_iters=2)]

    first, *rest = of(optimizer)
    nested = SequentialLR(optimizer, [first, SequentialLR(optimizer, rest, [3])], [2])
    flat = SequentialLR(one_by_one, of(one_by_one), [2, 5])
    for _ in range(12):
        assert nested.get_last_lr() == flat.get_last_lr()
        nested.step()
        flat.step()
    for wrapped in (lambda s: s, lambda s: ChainedScheduler([s]), lambda s: SequentialLR(s.optimizer, [s], [])):
        optimizer, one_by_one = ours(), ours()
        *first, last = of(optimizer)
        nested = SequentialLR(optimizer, [wrapped(SequentialLR(optimizer, first, [2])), last], [5])
        flat = SequentialLR(one_by_one, of(one_by_one), [2, 5])
        for _ in range(12):
            assert nested.get_last_lr() == flat.get_last_lr()
            nested.step()
            flat.step()
    optimizer, one_by_one = ours(), ours()
    nested = SequentialLR(optimizer, [SequentialLR(optimizer, [MultiplicativeLR(optimizer, falling)], [])], [])
    alone = MultiplicativeLR(one_by_one, falling)
    for _ in range(3):
        assert nested.get_last_lr() == alone.get_last_lr()
        nested.step()
        alone.step()
    optimizer = ours()
    chained = ChainedScheduler([ConstantLR(optimizer, 0.1, total_iters=2), ExponentialLR(optimizer, 0.5)])
    schedule = SequentialLR(optimizer, [LinearLR(optimizer, 0.5, total_iters=2), chained], [2])
    rates = []
    for _ in range(6):
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    np.testing.assert_allclose(rates, [0.05, 0.075, 0.01, 0.005, 0.025, 0.0125])


def test_what_can_not_be_joined():
    optimizer, other = ours(), ours()
    schedule, plateau = LinearLR(optimizer), ReduceLROnPlateau(optimizer)
    for make in (lambda parts: SequentialLR(optimizer, parts, [1]), ChainedScheduler):
        with pytest.raises(TypeError, match=r"schedulers\[1\] must be a schedule whose step takes nothing"):
            make([schedule, plateau])
        with pytest.raises(ValueError, match=r"schedulers\[1\] must belong to the same optimizer"):
            make([schedule, LinearLR(other)])
        with pytest.raises(ValueError, match="schedulers must be one at least"):
            make([])
    for milestones in ([], [1, 2], 1, [-1], [0.5]):
        with pytest.raises(ValueError, match="SequentialLR: milestones"):
            SequentialLR(optimizer, [schedule, LinearLR(optimizer)], milestones)
    with pytest.raises(ValueError, match="milestones must go up"):
        SequentialLR(optimizer, [LinearLR(optimizer) for _ in range(3)], [3, 2])


# What comes out ------------------------------------------------------------------------------------------------------

PLATEAUS = [
    {},
    {"mode": "max", "factor": 0.5, "patience": 2},
    {"patience": 1, "threshold": 0.2, "threshold_mode": "abs", "cooldown": 3},
    {"mode": "max", "patience": 0, "threshold_mode": "abs", "min_lr": [0.01, 0.02]},
    {"patience": 0, "factor": 0.3, "min_lr": 0.001, "eps": 1e-3},
]


@pytest.mark.parametrize("arguments", PLATEAUS)
def test_a_plateau_is_met_as_in_pytorch(torch, arguments):
    rng = np.random.default_rng(0)
    optimizer, reference = pair(torch)
    schedule = ReduceLROnPlateau(optimizer, **arguments)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(reference, **arguments)
    for step in range(50):
        loss = 3.0 if step % 7 == 0 else math.exp(-step / 20) + rng.normal() / 10 if step != 30 else math.nan
        schedule.step(Tensor(loss) if step % 2 else loss)
        theirs.step(loss)
        assert_same_rates(optimizer, reference, f"in step {step}")
        assert schedule.best == theirs.best and schedule.num_bad_epochs == theirs.num_bad_epochs
        assert schedule.get_last_lr() == theirs.get_last_lr()


# State ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SCHEDULES, ids=IDS)
def test_a_schedule_goes_on_where_it_was_saved_by_us_or_by_pytorch(torch, case):
    name, arguments = case
    optimizer, reference = pair(torch, momentum=0.9)
    schedule = getattr(lr_scheduler, name)(optimizer, **copy.deepcopy(arguments))
    theirs = getattr(torch.optim.lr_scheduler, name)(reference, **copy.deepcopy(arguments))
    for _ in range(12):
        schedule.step()
        theirs.step()
    fresh = ours(momentum=0.9)
    new = getattr(lr_scheduler, name)(fresh, **copy.deepcopy(arguments))
    fresh.load_state_dict(optimizer.state_dict())
    new.load_state_dict(pickle.loads(pickle.dumps(schedule.state_dict())))
    from_torch = ours(momentum=0.9)
    of_torch = getattr(lr_scheduler, name)(from_torch, **copy.deepcopy(arguments))
    from_torch.load_state_dict(reference.state_dict())
    of_torch.load_state_dict(theirs.state_dict())
    _, to_torch = pair(torch, momentum=0.9)
    in_torch = getattr(torch.optim.lr_scheduler, name)(to_torch, **copy.deepcopy(arguments))
    to_torch.load_state_dict(optimizer.state_dict())
    in_torch.load_state_dict(schedule.state_dict())
    for _ in range(20):
        for one, at in ((new, fresh), (of_torch, from_torch), (schedule, optimizer), (in_torch, to_torch)):
            one.step()
            assert one.last_epoch == theirs.last_epoch + 1
            assert at is not None
        theirs.step()
        for at in (fresh, from_torch, optimizer, to_torch):
            assert_same_rates(at, reference)


def test_schedules_of_schedules_and_plateaus_are_saved():
    def made(optimizer):
        warm = LinearLR(optimizer, 0.1, total_iters=4)
        chained = ChainedScheduler([ConstantLR(optimizer, 0.5, 3), LambdaLR(optimizer, Halving())][:1])
        return SequentialLR(optimizer, [warm, chained], [4]), ReduceLROnPlateau(optimizer, patience=1)

    first, second = ours(), ours()
    a, b = made(first), made(second)
    for step in range(6):
        a[0].step()
        a[1].step(step)
    second.load_state_dict(first.state_dict())
    for one, other in zip(a, b, strict=True):
        other.load_state_dict(copy.deepcopy(one.state_dict()))
    for step in range(10):
        for schedule, plateau in (a, b):
            schedule.step()
            plateau.step(step)
        assert a[0].get_last_lr() == b[0].get_last_lr() and a[1].get_last_lr() == b[1].get_last_lr()


def test_the_attributes_of_what_can_be_called_are_saved():
    optimizer = ours()
    schedule = LambdaLR(optimizer, [Halving(0.25), lambda epoch: 1.0])
    state = schedule.state_dict()
    assert state["lr_lambdas"] == [{"rate": 0.25}, None]
    other = LambdaLR(ours(), [Halving(), lambda epoch: 1.0])
    other.load_state_dict(state)
    assert other.lr_lambdas[0].rate == 0.25
    other.step()
    assert other.get_last_lr() == [0.025, 0.05]


def test_a_state_that_is_wrong_changes_nothing():
    schedule = StepLR(ours(), 3)
    before = schedule.state_dict()
    with pytest.raises(TypeError, match=r"StepLR\.load_state_dict: state_dict must be a dict, not 1"):
        schedule.load_state_dict(1)
    with pytest.raises(KeyError, match=r"missing \['step_size'\] in state_dict"):
        schedule.load_state_dict(ExponentialLR(ours(), 0.5).state_dict())
    assert schedule.state_dict() == before
    optimizer = ours()
    chained = ChainedScheduler([StepLR(optimizer, 3), ExponentialLR(optimizer, 0.5)])
    other = ChainedScheduler([StepLR(optimizer, 4), LinearLR(optimizer)])
    before = chained.state_dict()
    for wrong in (1, {}, {**before, "_schedulers": before["_schedulers"][:1]}):
        with pytest.raises(KeyError, match="state_dict must have '_schedulers', 2 of them"):
            chained.load_state_dict(wrong)
    with pytest.raises(KeyError, match="missing"):
        chained.load_state_dict(other.state_dict())
    assert chained.state_dict() == before


# What else -----------------------------------------------------------------------------------------------------------


def test_a_schedule_of_ones_own():
    class Inverse(LRScheduler):
        def get_lr(self):
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    optimizer = ours()
    schedule = Inverse(optimizer)
    for t in range(5):
        assert schedule.get_last_lr() == [0.1 / (1 + t), 0.05 / (1 + t)]
        schedule.step()
    with pytest.raises(NotImplementedError):
        LRScheduler(optimizer)


def test_what_a_schedule_is_made_with():
    optimizer = ours()
    for make in (
        lambda o: StepLR(o, 3),
        lambda o: OneCycleLR(o, 0.1, 10),
        ReduceLROnPlateau,
        lambda o: LambdaLR(o, abs),
    ):
        with pytest.raises(TypeError, match="optimizer must be an optimiser, such as SGD"):
            make([Tensor([1.0])])
    with pytest.raises(KeyError, match="a parameter group has no 'initial_lr' to go on with"):
        StepLR(optimizer, 3, last_epoch=2)
    with pytest.raises(ValueError, match="max_lr must be one, or 2, one for each parameter group"):
        OneCycleLR(optimizer, [0.1], 10)
    with pytest.raises(ValueError, match="total_steps must be given, or epochs and steps_per_epoch"):
        OneCycleLR(optimizer, 0.1, epochs=3)
    for make in (lambda o: OneCycleLR(o, 0.1, 10), lambda o: CyclicLR(o, 0.1, 0.2)):
        with pytest.raises(ValueError, match="cycle_momentum needs an optimiser with momentum or betas, which Adagrad"):
            make(optim.Adagrad([Tensor([1.0])]))
    with pytest.raises(ValueError, match="LambdaLR: what lr_lambda gives for epoch 0 must be a finite number"):
        LambdaLR(optimizer, lambda epoch: None)
    with pytest.raises(ValueError, match="SGD: lr must be a finite number, and not negative"):
        LambdaLR(optimizer, lambda epoch: -1)


def test_a_network_trains_with_a_schedule_as_in_pytorch(torch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    for kind in ("SGD", "AdamW"):
        w = Tensor(rng.normal(size=3))
        t = torch.tensor(w.data.copy(), requires_grad=True)
        options = {"momentum": 0.9} if kind == "SGD" else {}
        optimizer = getattr(optim, kind)([w], lr=0.1, **options)
        reference = getattr(torch.optim, kind)([t], lr=0.1, **options)
        schedule = OneCycleLR(optimizer, max_lr=0.05, total_steps=51)
        theirs = torch.optim.lr_scheduler.OneCycleLR(reference, max_lr=0.05, total_steps=51)
        for _ in range(50):
            optimizer.zero_grad()
            ((X @ w - y) ** 2).mean().backward()
            optim.clip_grad_norm_([w], 1.0)
            optimizer.step()
            schedule.step()
            reference.zero_grad()
            ((torch.tensor(X) @ t - torch.tensor(y)) ** 2).mean().backward()
            torch.nn.utils.clip_grad_norm_([t], 1.0)
            reference.step()
            theirs.step()
            np.testing.assert_allclose(w.data, t.detach().numpy(), rtol=1e-10)
    assert isinstance(optimizer, Adam)


# Long runs, groups that come later, states that are wrong -------------------------------------------------------------


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("ExponentialLR", {"gamma": 1.5}),
        ("ExponentialLR", {"gamma": 0.5}),
        ("ExponentialLR", {"gamma": 0.0}),
        ("StepLR", {"step_size": 1, "gamma": 2.0}),
        ("StepLR", {"step_size": 3, "gamma": 0.0}),
        ("MultiStepLR", {"milestones": range(2200), "gamma": 0.5}),
        ("MultiStepLR", {"milestones": [3, 1000], "gamma": 0.0}),
    ],
)
def test_a_rate_set_by_hand_counts_however_long_a_run_is(torch, name, arguments):
    """Also where gamma ** epoch is too large for a float, or 0."""
    optimizer, reference = pair(torch)
    schedule = getattr(lr_scheduler, name)(optimizer, **arguments)
    theirs = getattr(torch.optim.lr_scheduler, name)(reference, **arguments)
    for epoch in range(2200):
        if epoch % 50 == 0:
            optimizer.param_groups[0]["lr"] = reference.param_groups[0]["lr"] = 0.1
            optimizer.param_groups[1]["lr"] = reference.param_groups[1]["lr"] = 0.2
        schedule.step()
        theirs.step()
        if epoch % 50 == 49:
            assert_same_rates(optimizer, reference, f"in epoch {epoch}")


ONE_FOR_EACH = ("LambdaLR", "MultiplicativeLR", "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR")


@pytest.mark.parametrize("case", SCHEDULES, ids=IDS)
def test_a_group_that_is_added(torch, case):
    """Where PyTorch fails, too, the error says what to do."""
    name, arguments = case
    optimizer, reference = pair(torch, momentum=0.9)
    schedule = getattr(lr_scheduler, name)(optimizer, **copy.deepcopy(arguments))
    theirs = getattr(torch.optim.lr_scheduler, name)(reference, **copy.deepcopy(arguments))
    optimizer.add_param_group({"params": [Tensor([1.0])], "lr": 0.3})
    reference.add_param_group({"params": [torch.ones(1, requires_grad=True)], "lr": 0.3})
    if name in ONE_FOR_EACH:
        before = [dict(group) for group in optimizer.param_groups]
        with pytest.raises(ValueError, match=f"{name}: the optimiser has 3 parameter groups, but had 2 when"):
            schedule.step()
        assert [dict(group) for group in optimizer.param_groups] == before
        return
    for _ in range(4):
        schedule.step()
        theirs.step()
        assert_same_rates(optimizer, reference)


def test_a_plateau_lowers_the_rate_of_a_group_that_is_added():
    for min_lr in (0.02, [0.02, 0.01]):
        optimizer = ours()
        schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=0, min_lr=min_lr)
        optimizer.add_param_group({"params": [Tensor([1.0])], "lr": 0.03})
        schedule.step(1.0)
        if isinstance(min_lr, list):
            with pytest.raises(ValueError, match="ReduceLROnPlateau: the optimiser has 3 parameter groups, and min_lr"):
                schedule.step(1.0)
        else:
            schedule.step(1.0)
            assert schedule.get_last_lr() == [0.05, 0.025, 0.02]


@pytest.mark.parametrize(
    "name, value", [("last_epoch", "x"), ("last_epoch", None), ("gamma", "x"), ("base_lrs", "x"), ("_last_lr", None)]
)
def test_a_state_with_something_else_than_a_number_or_a_list(name, value):
    schedule = StepLR(ours(), 3)
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=f"StepLR.load_state_dict: {name} must be a "):
        schedule.load_state_dict({**before, "step_size": 5, name: value})
    assert schedule.state_dict() == before


def test_a_scale_function_that_gives_no_number():
    with pytest.raises(ValueError, match="CyclicLR: what scale_fn gives must be a finite number; it is None"):
        CyclicLR(ours(momentum=0.9), 0.1, 0.2, scale_fn=lambda cycle: None)


def test_a_run_of_pytorch_that_ended_just_below_zero_is_taken_over(torch):
    optimizer, reference = pair(torch)
    theirs = torch.optim.lr_scheduler.LinearLR(reference, 1 / 3, 0.0, total_iters=4)
    for _ in range(4):
        theirs.step()
    assert -1e-16 < reference.param_groups[0]["lr"] < 0
    optimizer.load_state_dict(reference.state_dict())
    assert [group["lr"] for group in optimizer.param_groups] == [0.0, 0.0]
    state = reference.state_dict()
    state["param_groups"][0]["lr"] = -1e-3
    with pytest.raises(ValueError, match="SGD: lr must be a finite number, and not negative"):
        optimizer.load_state_dict(state)


def test_two_schedules_of_the_momentum_one_after_the_other(torch):
    optimizer, reference = pair(torch, "Adam")
    for of, one in ((lr_scheduler, optimizer), (torch.optim.lr_scheduler, reference)):
        parts = [of.CyclicLR(one, 0.01, 0.3, 2, 5), of.OneCycleLR(one, 0.3, total_steps=20)]
        one.schedule = of.SequentialLR(one, parts, [8])
    for _ in range(20):
        assert_same_rates(optimizer, reference)
        optimizer.schedule.step()
        reference.schedule.step()
    saved = optimizer.schedule.state_dict()["_schedulers"][0]
    assert saved["base_momentums"] == [0.8, 0.8] and saved["max_momentums"] == [0.9, 0.9]
