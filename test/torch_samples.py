"""What modules, schedules and initialisers are tried with where PyTorch has no sample inputs of its own.

Each is made by a function of the namespace that has the classes, torch.nn or tensorgrad.nn, so that both are made of
the same lines.
"""

import numpy as np

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


SERIES, IMAGES, VOLUMES, ROWS = normal(2, 3, 8), normal(2, 3, 4, 5), normal(2, 2, 3, 4, 3), normal(5, 4)
WORDS = np.array([[0, 2, 2, 4], [1, 1, 3, 0]])
BAGS = np.array([0, 3, 3])
UNPOOLED = {  # what max_pool with a kernel of 2 has found in an input twice as long
    1: (normal(2, 3, 2), np.array([[[1, 2], [0, 3], [1, 3]]] * 2)),
    2: (normal(1, 2, 2, 2), np.array([[[[0, 3], [8, 15]], [[5, 2], [12, 11]]]])),
    3: (normal(1, 1, 1, 2, 2), np.array([[[[[0, 3], [12, 31]]]]])),
}


# Modules that hold others ---------------------------------------------------------------------------------------------


def module_list(nn):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            self.layers.append(nn.Linear(4, 2))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    return Network()


def module_dict(nn):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleDict({"first": nn.Linear(4, 3), "second": nn.Linear(3, 2)})

        def forward(self, x):
            return self.layers["second"](self.layers["first"](x) ** 2)

    return Network()


def parameter_list(nn):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterList([nn.Linear(4, 4).weight for _ in range(2)])

        def forward(self, x):
            for weight in self.weights:
                x = (x @ weight) ** 2
            return x

    return Network()


def parameter_dict(nn):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterDict({"left": nn.Linear(5, 3).weight, "right": nn.Linear(3, 4).weight})

        def forward(self, x):
            return self.weights["left"] @ x @ self.weights["right"]

    return Network()


def module(nn):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, x):
            return self.linear(x) ** 2

    return Network()


def distance(x, y):
    return ((x - y) ** 4).sum(-1)


def decoder(nn, **options):
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, 0.0, **options), 2)


UPSAMPLED = [("nearest", x) for x in (SERIES, IMAGES, VOLUMES)]
UPSAMPLED += [("linear", SERIES), ("bilinear", IMAGES), ("bicubic", IMAGES), ("trilinear", VOLUMES)]
REDUCTIONS = ("none", "mean", "sum")

# By class: functions that make it, each with what it is called with.
MODULES = {
    "AlphaDropout": [(lambda nn: nn.AlphaDropout(0.3), [ROWS])],
    "ChannelShuffle": [(lambda nn: nn.ChannelShuffle(2), [normal(2, 4, 3, 3)])],
    "CosineSimilarity": [
        (lambda nn: nn.CosineSimilarity(), [normal(5, 4), normal(5, 4)]),
        (lambda nn: nn.CosineSimilarity(dim=-1, eps=1e-4), [normal(2, 5, 4), normal(5, 4)]),
    ],
    "Dropout": [(lambda nn: nn.Dropout(0.3), [ROWS])],
    "Dropout1d": [(lambda nn: nn.Dropout1d(0.3), [SERIES])],
    "Dropout2d": [(lambda nn: nn.Dropout2d(0.3), [IMAGES])],
    "Dropout3d": [(lambda nn: nn.Dropout3d(0.3), [VOLUMES])],
    "Embedding": [
        (lambda nn: nn.Embedding(5, 3, padding_idx=2), [WORDS]),
        (lambda nn: nn.Embedding(5, 3, scale_grad_by_freq=True), [WORDS]),
        (lambda nn: nn.Embedding(5, 3, padding_idx=-1, max_norm=1.0, norm_type=3.0), [WORDS]),
    ],
    "EmbeddingBag": [
        *[(lambda nn, mode=mode: nn.EmbeddingBag(5, 3, mode=mode), [WORDS]) for mode in ("sum", "mean", "max")],
        *[
            (lambda nn, mode=mode: nn.EmbeddingBag(5, 3, mode=mode, padding_idx=2), [WORDS.ravel(), BAGS])
            for mode in ("sum", "mean", "max")
        ],
        (lambda nn: nn.EmbeddingBag(5, 3, mode="sum"), [WORDS, None, normal(2, 4)]),
        (
            lambda nn: nn.EmbeddingBag(5, 3, mode="mean", include_last_offset=True),
            [WORDS.ravel(), np.array([0, 3, 8])],
        ),
    ],
    "FeatureAlphaDropout": [(lambda nn: nn.FeatureAlphaDropout(0.3), [IMAGES])],
    "Flatten": [(lambda nn: nn.Flatten(), [IMAGES]), (lambda nn: nn.Flatten(0, -2), [IMAGES])],
    "Fold": [
        (lambda nn: nn.Fold((4, 5), 2), [normal(2, 12, 12)]),
        (lambda nn: nn.Fold((5, 6), (3, 2), dilation=(1, 2), padding=1, stride=2), [normal(2, 6, 9)]),
    ],
    "Hardsigmoid": [(lambda nn: nn.Hardsigmoid(), [5 * normal(6, 4)])],
    "Identity": [(lambda nn: nn.Identity(3, unused=True), [ROWS])],
    **{
        f"MaxUnpool{d}d": [(lambda nn, d=d: getattr(nn, f"MaxUnpool{d}d")(2), list(UNPOOLED[d]))] for d in UNPOOLED
    },
    "Module": [(module, [ROWS])],
    "ModuleDict": [(module_dict, [ROWS])],
    "ModuleList": [(module_list, [ROWS])],
    "PairwiseDistance": [
        (lambda nn: nn.PairwiseDistance(), [normal(5, 4), normal(5, 4)]),
        (lambda nn: nn.PairwiseDistance(p=3, eps=1e-3, keepdim=True), [normal(5, 4), normal(4)]),
        (lambda nn: nn.PairwiseDistance(p=1), [normal(5, 4), normal(5, 4)]),
    ],
    "ParameterDict": [(parameter_dict, [ROWS])],
    "ParameterList": [(parameter_list, [ROWS])],
    "PixelShuffle": [(lambda nn: nn.PixelShuffle(2), [normal(2, 8, 3, 2)])],
    "PixelUnshuffle": [(lambda nn: nn.PixelUnshuffle(2), [normal(2, 2, 6, 4)])],
    "RReLU": [(lambda nn: nn.RReLU(), [ROWS]), (lambda nn: nn.RReLU(0.2, 0.6), [ROWS])],
    "Sequential": [(lambda nn: nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Tanh(), nn.Linear(3, 2))), [ROWS])],
    "TransformerDecoder": [
        (lambda nn: decoder(nn), [normal(3, 2, 4), normal(5, 2, 4)]),
        (lambda nn: decoder(nn, batch_first=True, norm_first=True), [normal(2, 3, 4), normal(2, 5, 4)]),
    ],
    "TripletMarginLoss": [
        *[
            (lambda nn, r=r: nn.TripletMarginLoss(reduction=r), [normal(5, 4), normal(5, 4), normal(5, 4)])
            for r in REDUCTIONS
        ],
        (lambda nn: nn.TripletMarginLoss(2.0, 3.0, swap=True), [normal(5, 4), normal(5, 4), normal(5, 4)]),
    ],
    "TripletMarginWithDistanceLoss": [
        *[
            (lambda nn, r=r: nn.TripletMarginWithDistanceLoss(reduction=r), [normal(5, 4), normal(5, 4), normal(5, 4)])
            for r in REDUCTIONS
        ],
        (
            lambda nn: nn.TripletMarginWithDistanceLoss(distance_function=distance, margin=20.0, swap=True),
            [normal(5, 4), normal(5, 4), normal(5, 4)],
        ),
    ],
    "Unflatten": [(lambda nn: nn.Unflatten(1, (3, 2)), [normal(5, 6, 2)])],
    "Unfold": [
        (lambda nn: nn.Unfold(2), [IMAGES]),
        (lambda nn: nn.Unfold((3, 2), dilation=(1, 2), padding=1, stride=2), [IMAGES]),
    ],
    "Upsample": [
        *[(lambda nn, mode=mode: nn.Upsample(scale_factor=2, mode=mode), [x]) for mode, x in UPSAMPLED],
        *[(lambda nn, mode=mode: nn.Upsample(scale_factor=1.7, mode=mode), [x]) for mode, x in UPSAMPLED],
        *[(lambda nn, mode=mode: nn.Upsample(size=7, mode=mode), [x]) for mode, x in UPSAMPLED],
        *[
            (lambda nn, mode=mode: nn.Upsample(scale_factor=2.5, mode=mode, align_corners=True), [x])
            for mode, x in UPSAMPLED
            if mode != "nearest"
        ],
    ],
    "UpsamplingBilinear2d": [(lambda nn: nn.UpsamplingBilinear2d(scale_factor=2), [IMAGES])],
    "UpsamplingNearest2d": [(lambda nn: nn.UpsamplingNearest2d(size=(7, 9)), [IMAGES])],
}  # fmt: skip


# By schedule: functions of the namespace that has the schedules, and of an optimiser.
SCHEDULES = {
    "LambdaLR": [
        lambda s, o: s.LambdaLR(o, lambda step: 0.95**step),
        lambda s, o: s.LambdaLR(o, [lambda step: 1 / (1 + step), lambda step: 0.5 ** (step // 5)]),
    ],
    "MultiplicativeLR": [lambda s, o: s.MultiplicativeLR(o, lambda step: 0.9 + 0.001 * step)],
    "StepLR": [lambda s, o: s.StepLR(o, 7), lambda s, o: s.StepLR(o, step_size=3, gamma=0.7)],
    "MultiStepLR": [lambda s, o: s.MultiStepLR(o, [3, 10, 10, 30], gamma=0.5)],
    "ConstantLR": [lambda s, o: s.ConstantLR(o), lambda s, o: s.ConstantLR(o, factor=0.25, total_iters=10)],
    "LinearLR": [
        lambda s, o: s.LinearLR(o),
        lambda s, o: s.LinearLR(o, start_factor=0.1, end_factor=0.6, total_iters=20),
    ],
    "ExponentialLR": [lambda s, o: s.ExponentialLR(o, gamma=0.93)],
    "PolynomialLR": [lambda s, o: s.PolynomialLR(o), lambda s, o: s.PolynomialLR(o, total_iters=30, power=2.5)],
    "CosineAnnealingLR": [
        lambda s, o: s.CosineAnnealingLR(o, T_max=20),
        lambda s, o: s.CosineAnnealingLR(o, T_max=60, eta_min=0.01),
    ],
    "CosineAnnealingWarmRestarts": [
        lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=7),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=4, T_mult=2, eta_min=0.001),
    ],
    "CyclicLR": [
        lambda s, o: s.CyclicLR(o, base_lr=0.01, max_lr=0.2, step_size_up=6),
        lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=6, step_size_down=9, mode="triangular2"),
        lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=5, mode="exp_range", gamma=0.98, cycle_momentum=False),
        lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.2, 0.3], step_size_up=5, base_momentum=0.7, max_momentum=0.95),
        lambda s, o: s.CyclicLR(o, 0.01, 0.2, step_size_up=5, scale_fn=lambda x: 0.9**x, scale_mode="iterations"),
    ],
    "OneCycleLR": [
        lambda s, o: s.OneCycleLR(o, max_lr=0.5, total_steps=60),
        lambda s, o: s.OneCycleLR(o, max_lr=[0.5, 0.1], epochs=6, steps_per_epoch=10, anneal_strategy="linear"),
        lambda s, o: s.OneCycleLR(o, 0.5, 60, pct_start=0.2, three_phase=True, div_factor=10, final_div_factor=100),
        lambda s, o: s.OneCycleLR(o, 0.5, 60, cycle_momentum=False),
    ],
    "ReduceLROnPlateau": [
        lambda s, o: s.ReduceLROnPlateau(o, patience=3),
        lambda s, o: s.ReduceLROnPlateau(o, factor=0.5, patience=2, cooldown=4, threshold_mode="abs", min_lr=0.001),
        lambda s, o: s.ReduceLROnPlateau(o, mode="max", patience=5, threshold=0.1, min_lr=[0.001, 0.005]),
    ],
    "SequentialLR": [
        lambda s, o: s.SequentialLR(
            o, [s.LinearLR(o, total_iters=5), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 10)], [6, 20]
        )
    ],
    "ChainedScheduler": [
        lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 8), s.ExponentialLR(o, 0.95), s.StepLR(o, 6, 0.5)])
    ],
}
METRICS = [1 / (step + 1) if step < 10 else 0.1 for step in range(50)]  # what ReduceLROnPlateau is told

# By initialiser: shapes and settings. Those that draw have PyTorch's distribution, which test_nn_init.py shows.
INITIALISERS = {
    "constant_": [((3, 4), {"val": 0.3})],
    "ones_": [((3, 4), {})],
    "zeros_": [((3, 4), {})],
    "eye_": [((3, 5), {}), ((5, 3), {})],
    "dirac_": [((4, 4, 3), {}), ((6, 2, 3, 2), {"groups": 3}), ((2, 3, 4, 3, 2), {})],
    **{name: "distribution" for name in ("uniform_", "normal_", "trunc_normal_", "orthogonal_", "sparse_")},
    **{f"{author}_{kind}_": "distribution" for author in ("xavier", "kaiming") for kind in ("uniform", "normal")},
}
