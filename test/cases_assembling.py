"""Cases of arrays made of parts of others."""

import numpy as np
from cases import case, positive, x

nan, inf = np.nan, np.inf

# Grids and blocks

case(np.meshgrid, x(2), x(3))
case(np.meshgrid, x(2), x(3), x(2), indexing="ij")
case(np.meshgrid, x(2), [1.0, 2.0], x(0), sparse=True)
case(np.meshgrid, x(3))
case(np.meshgrid, x(), x(2, 2), copy=False)
case(np.ix_, x(2), x(3))
case(np.ix_, x(2), np.array([True, False, True]))

case(np.block, [[x(2, 2), x(2, 1)], [x(1, 3)]])
case(np.block, [x(2), 1.5, x()])
case(np.block, [[x(), x()], [x(2)]])
case(np.block, [[[x(1, 2, 2)], [np.ones((1, 2))]]])
case(np.block, x(2, 3))
case(np.block, [x(2, 0), x(2, 3, layout="F")])

# Choices

a = np.array([[-1.0, 0.5, 2.0], [0.3, -0.2, 1.0]])
case(np.select, [a < 0, a > 0.4], [x(2, 3), x(3)], 1.5)
case(np.select, [a < 0, a > 0.4], [x(2, 3), x(3)], of=lambda f, c, v: f(c, v, v[1] * v[0][0]))
case(np.select, [a < 0, a > -0.5], [x(2, 3), 1.0])
case(np.select, [True, a < 0], [x(1, 3), x(2, 1)])
case(np.choose, np.array([[0, 2, 1], [1, 1, 0]]), [x(2, 3), x(3), x()])
case(np.choose, [1, 0, 1], x(2, 3))
case(np.choose, [5, -1, 1], [x(3), 0.5], mode="wrap")
case(np.choose, [5, -1, 1], [x(3), x(), 0.5], mode="clip")
case(np.choose, [0, 0], [x(2)])
case(np.piecewise, x(2, 3), of=lambda f, v: f(v, [v < 0, v > 1], [lambda u: -u, 3.0, lambda u: u * u]))
case(np.piecewise, x(4), of=lambda f, v: f(v, v > 0, [lambda u, p: u**p, lambda u, p: u / p], 3))
case(np.piecewise, x(4), of=lambda f, v: f(v, [v > -1, v > 0], [np.sin, np.square]))
some = np.array([True, False, True, False])
case(np.piecewise, x(4), [some, ~some], [2.5, np.square])
case(np.piecewise, x(4), [some], [np.sin, -1.5])
case(np.piecewise, positive(4), [some], [lambda u, p: u**p, lambda u, p: u / p], 3)
case(np.piecewise, positive(), of=lambda f, v: f(v, [v > 0], [np.log]))
case(np.nan_to_num, x(2, 3, layout="F"))
case(np.nan_to_num, x())
case(np.nan_to_num, x(3, dtype=complex))
case(np.nan_to_num, x([1.0, nan, 2.0]), nan=3.0)
HOLES = [inf, -inf, nan, 1.5, nan, -inf, inf]
case(np.nan_to_num, x(HOLES), posinf=3.5, neginf=-4.0)
case(np.nan_to_num, x(HOLES), of=lambda f, v: f(v, nan=v[3] ** 2, posinf=v[3], neginf=3 * v[3]))
case(np.full_like, x(2, 3), 1.5, of=lambda f, a, v: a * f(a, v))

# Padding

for mode in ("edge", "wrap", "reflect", "symmetric", "maximum", "minimum", "mean", "median", "linear_ramp", "constant"):
    case(np.pad, x(4), 2, mode)
    case(np.pad, x(4), (0, 9), mode)
    case(np.pad, x(3, 2, layout="F"), ((1, 2), (3, 0)), mode)
    case(np.pad, x(1, 3), [[1], [2]], mode=mode)
    case(np.pad, x(2, 3), 0, mode)
    case(np.pad, x(2, 2, 2, layout="strided"), (1, 2), mode)
for mode in ("reflect", "symmetric"):
    case(np.pad, x(4), (9, 6), mode, reflect_type="odd")
    case(np.pad, x(3, 2), ((1, 2), (3, 0)), mode, reflect_type="odd")
    case(np.pad, x(1, 3), (0, 2), mode, reflect_type="odd")
    case(np.pad, x(4), 2, mode, reflect_type="even")
for mode in ("maximum", "minimum", "mean", "median"):
    case(np.pad, x(5), 2, mode, stat_length=2)
    case(np.pad, x(3, 4), ((1, 2), (3, 0)), mode, stat_length=((2, 3), (4, 9)))
    case(np.pad, x(3), 1, mode, stat_length=None)
case(np.pad, x(2, 3), 1)
case(np.pad, x(2, 3), 1, constant_values=1.5)
case(np.pad, x(), 1)
case(np.pad, x(0, 2), 1)
case(np.pad, x(2, 3), ((1, 2), (0, 1)), constant_values=((0.5, 1.5), (2.5, 3.5)))
case(np.pad, x(3), (2, 3), of=lambda f, v, n: f(v, n, constant_values=(v[0] * v[1], v[2])))
case(np.pad, x(3), (2, 3), "linear_ramp", end_values=(0.5, -1.5))
case(np.pad, x(3), (2, 3), of=lambda f, v, n: f(v, n, "linear_ramp", end_values=v[:2] * 2))
case(np.pad, x(2, 3), 0, "empty")

# A function applied to one part after another

case(np.apply_along_axis, np.sum, 0, x(2, 3))
case(np.apply_along_axis, lambda v: v[1:] * v[:-1], 1, x(2, 3, 2))
case(np.apply_along_axis, lambda v: np.multiply.outer(v, v), -1, x(2, 3, layout="F"))
case(np.apply_along_axis, lambda v, p, k=1: v**p * k, 0, x(3), 2, k=3)
case(np.apply_over_axes, np.sum, x(2, 3, 2), (0, -1))
case(np.apply_over_axes, np.max, x(2, 3), 1)
case(np.apply_over_axes, np.cumsum, x(2, 3), [0, 1])
