"""A small call of every layer of tensorgrad.nn: those of torch_samples.py, and of the others some here."""

import numpy as np
from torch_samples import IMAGES, MODULES, ROWS, SERIES, VOLUMES

rng = np.random.default_rng(2)
INPUTS = {1: SERIES, 2: IMAGES, 3: VOLUMES}
CHANNELS = {1: 3, 2: 3, 3: 2}
CLASSES = np.array([0, 3, 1, 2, 3])
SIGNS = np.array([1, -1, 1, 1, -1])
SEQUENCE = rng.normal(size=(4, 2, 3))  # (L, N, C)
TOKENS = rng.normal(size=(3, 2, 4))
TARGETS = rng.uniform(0.1, 0.9, (5, 4))

ACTIVATIONS = [
    "ReLU", "LeakyReLU", "Sigmoid", "Tanh", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "ReLU6", "Hardtanh",
    "Hardswish", "Softsign", "Softshrink", "Hardshrink", "Tanhshrink", "LogSigmoid", "PReLU", "GLU", "Softplus",
]  # fmt: skip
OF_PAIRS = [
    "L1Loss", "SmoothL1Loss", "HuberLoss", "MSELoss", "PoissonNLLLoss", "SoftMarginLoss",
]  # fmt: skip


def made(name, *args, **kwargs):
    """What makes a layer, given the namespace."""
    return lambda nn: getattr(nn, name)(*args, **kwargs)


def of_dimensions(name, *args, inputs=INPUTS, channels=False, **kwargs):
    """Samples of the classes name1d, name2d, name3d."""
    return {
        f"{name}{d}d": [(made(f"{name}{d}d", *((CHANNELS[d],) if channels else ()), *args, **kwargs), [inputs[d]])]
        for d in (1, 2, 3)
    }


LAYERS = {
    **MODULES,
    **{name: [(made(name), [ROWS])] for name in ACTIVATIONS},
    **{name: [(made(name), [ROWS, np.abs(ROWS[::-1])])] for name in OF_PAIRS},
    "Threshold": [(made("Threshold", 0.1, 2.0), [ROWS])],
    "Softmax": [(made("Softmax", -1), [ROWS])],
    "Softmin": [(made("Softmin", -1), [ROWS])],
    "LogSoftmax": [(made("LogSoftmax", -1), [ROWS])],
    "Softmax2d": [(made("Softmax2d"), [IMAGES])],
    "Linear": [(made("Linear", 4, 3), [ROWS]), (made("Linear", 4, 3, bias=False), [ROWS])],
    "Bilinear": [(made("Bilinear", 4, 4, 3), [ROWS, ROWS[::-1]])],
    **of_dimensions("Conv", 4, 2, padding=1, channels=True),
    **of_dimensions("ConvTranspose", 4, 2, stride=2, channels=True),
    **of_dimensions("AvgPool", 2),
    **of_dimensions("MaxPool", 2),
    **of_dimensions("LPPool", 2, 2),
    **of_dimensions("AdaptiveAvgPool", 2),
    **of_dimensions("AdaptiveMaxPool", 2),
    **of_dimensions("CircularPad", 1),
    **of_dimensions("ConstantPad", 1, 0.5),
    **of_dimensions("ReflectionPad", 1),
    **of_dimensions("ReplicationPad", 1),
    **of_dimensions("ZeroPad", 1),
    **of_dimensions("BatchNorm", channels=True),
    **of_dimensions("InstanceNorm", channels=True, affine=True, track_running_stats=True),
    "LayerNorm": [(made("LayerNorm", 4), [ROWS])],
    "RMSNorm": [(made("RMSNorm", 4), [ROWS])],
    "GroupNorm": [(made("GroupNorm", 3, 3), [IMAGES])],
    "LocalResponseNorm": [(made("LocalResponseNorm", 2), [IMAGES])],
    **{
        name: [
            (made(name, 3, 4, num_layers=2, bidirectional=True, dropout=0.2), [SEQUENCE]),
            (made(name, 3, 4, batch_first=True), [SEQUENCE]),
        ]
        for name in ("RNN", "LSTM", "GRU")
    },
    **{name: [(made(name, 3, 4), [SEQUENCE[0]])] for name in ("RNNCell", "LSTMCell", "GRUCell")},
    "MultiheadAttention": [(made("MultiheadAttention", 4, 2, dropout=0.2), [TOKENS, TOKENS, TOKENS])],
    "TransformerEncoderLayer": [(made("TransformerEncoderLayer", 4, 2, 8, 0.2), [TOKENS])],
    "TransformerDecoderLayer": [(made("TransformerDecoderLayer", 4, 2, 8, 0.2), [TOKENS, TOKENS[::-1]])],
    "TransformerEncoder": [
        (lambda nn: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.2), 2), [TOKENS]),
    ],
    "Transformer": [(made("Transformer", 4, 2, 1, 1, 8, 0.2), [TOKENS, TOKENS[::-1]])],
    "BCELoss": [(made("BCELoss"), [TARGETS, TARGETS[::-1]])],
    "BCEWithLogitsLoss": [(made("BCEWithLogitsLoss"), [ROWS, TARGETS])],
    "KLDivLoss": [(made("KLDivLoss", reduction="batchmean"), [np.log(TARGETS), TARGETS[::-1]])],
    "GaussianNLLLoss": [(made("GaussianNLLLoss"), [ROWS, ROWS[::-1], TARGETS])],
    "NLLLoss": [(made("NLLLoss"), [np.log(TARGETS), CLASSES])],
    "CrossEntropyLoss": [
        (made("CrossEntropyLoss"), [ROWS, CLASSES]),
        (made("CrossEntropyLoss", label_smoothing=0.1), [ROWS, TARGETS]),
        (made("CrossEntropyLoss", weight=np.arange(1.0, 5), ignore_index=3), [ROWS, CLASSES]),
    ],
    "CTCLoss": [
        (made("CTCLoss"), [np.log(rng.dirichlet(np.ones(4), (6, 2))), np.array([[1, 2], [3, 3]]), [6, 5], [2, 2]]),
    ],
    "HingeEmbeddingLoss": [(made("HingeEmbeddingLoss"), [ROWS[:, 0], SIGNS])],
    "MarginRankingLoss": [(made("MarginRankingLoss", 0.1), [ROWS[:, 0], ROWS[:, 1], SIGNS])],
    "CosineEmbeddingLoss": [(made("CosineEmbeddingLoss"), [ROWS, ROWS[::-1], SIGNS])],
    "MultiMarginLoss": [(made("MultiMarginLoss"), [ROWS, CLASSES])],
    "MultiLabelMarginLoss": [(made("MultiLabelMarginLoss"), [ROWS[:2], np.array([[3, 0, -1, 1], [1, -1, 0, 2]])])],
    "MultiLabelSoftMarginLoss": [(made("MultiLabelSoftMarginLoss"), [ROWS, (TARGETS > 0.5).astype(float)])],
}
