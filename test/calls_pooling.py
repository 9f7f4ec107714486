"""Calls of pooling, for test_wrong_calls.py."""

import numpy as np
from wrong_values import Either, Wrong, each_axis, each_int, exactly_whole, flag, nothing, number, numbers, or_none

from tensorgrad import functions, nn

MOST = 2**31 - 1
X = {
    1: np.arange(12.0).reshape(1, 2, 6),
    2: np.arange(60.0).reshape(1, 2, 5, 6),
    3: np.arange(64.0).reshape(1, 1, 4, 4, 4),
}


def divisor(value):
    number = exactly_whole(-MOST, MOST)(value)
    if not number:
        raise Wrong
    return number


def exponent(value):
    p = number()(value)
    p = p.value if isinstance(p, Either) else p
    if not p:
        raise Wrong
    return Either(float(p)) if isinstance(value, bool | np.bool | np.ndarray) else p


def images(axes, least):
    """Real numbers, (C, ...) or (N, C, ...), with so many on each of the last axes."""

    def kind(value):
        array = numbers()(value)
        if array.ndim not in (axes + 1, axes + 2) or min(array.shape[-axes:]) < least:
            raise Wrong
        return array

    return kind


CALLS = {}
for axes in (1, 2, 3):
    x, any_x = (X[axes], images(axes, 2)), (X[axes], images(axes, 1))
    kernel, stride = (2, each_int(axes, 1, 3)), (2, or_none(each_int(axes, 1)))
    padding, dilation = (0, each_int(axes, 0, 1)), (1, each_int(axes, 1, 2))
    counted = {"count_include_pad": (True, flag)} | ({"divisor_override": (3, or_none(divisor))} if axes > 1 else {})
    of_max = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    of_avg = {"kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": (False, flag)} | counted
    of_lp = {"norm_type": (2, exponent), "kernel_size": kernel, "stride": stride, "ceil_mode": (False, flag)}
    of_sizes = {"output_size": (2, each_axis(axes, or_none(exactly_whole(1, MOST))))}
    indices = {"return_indices": (True, flag)}
    small = np.ones((1, 1, *(2,) * axes))
    back = {"kernel_size": kernel, "stride": stride, "padding": padding}
    places = (np.arange(2**axes).reshape(small.shape), nothing)
    like_small, size = (small, numbers(small.shape)), (None, or_none(each_int(axes, 3, 5)))
    CALLS |= {
        f"max_pool{axes}d": (
            getattr(functions, f"max_pool{axes}d"), {"x": x, **of_max, "ceil_mode": (False, flag), **indices}
        ),
        f"avg_pool{axes}d": (getattr(functions, f"avg_pool{axes}d"), {"x": x, **of_avg}),
        f"lp_pool{axes}d": (getattr(functions, f"lp_pool{axes}d"), {"x": x, **of_lp}),
        f"adaptive_avg_pool{axes}d": (getattr(functions, f"adaptive_avg_pool{axes}d"), {"x": any_x, **of_sizes}),
        f"adaptive_max_pool{axes}d": (
            getattr(functions, f"adaptive_max_pool{axes}d"), {"x": any_x, **of_sizes, **indices}
        ),
        f"max_unpool{axes}d": (
            getattr(functions, f"max_unpool{axes}d"), {"x": like_small, "indices": places, **back, "output_size": size}
        ),
    }  # fmt: skip
    wide = {
        "kernel_size": (2, each_int(axes, 1)),
        "padding": (0, each_int(axes, 0)),
        "dilation": (1, each_int(axes, 1)),
    }
    for name, given, made in [
        ("MaxPool", of_max | wide | indices | {"ceil_mode": (False, flag)}, (2,)),
        ("AvgPool", of_avg | {key: wide[key] for key in ("kernel_size", "padding")}, (2,)),
        ("LPPool", of_lp | {"kernel_size": wide["kernel_size"]}, (2, 2)),
        ("AdaptiveAvgPool", of_sizes, (2,)),
        ("AdaptiveMaxPool", of_sizes | indices, (2,)),
        ("MaxUnpool", back | {key: wide[key] for key in ("kernel_size", "padding")}, (2,)),
    ]:
        cls = getattr(nn, f"{name}{axes}d")
        CALLS[cls.__name__] = (cls, given)
        forward = (
            {"x": any_x if "Adaptive" in name else x}
            if name != "MaxUnpool"
            else {"x": like_small, "indices": places, "output_size": size}
        )
        CALLS[f"{cls.__name__}.forward"] = (cls.forward, {"self": cls(*made), **forward})
