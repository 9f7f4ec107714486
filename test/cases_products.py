"""Cases of products."""

import numpy as np
from cases import case, x

from tensorgrad import linear

# Vectors, matrices, batches, and batches that broadcast.

case(np.matmul, x(3), x(3))
case(np.matmul, x(2, 3), x(3, 4))
case(np.matmul, x(3), x(3, 2))
case(np.matmul, x(2, 3), x(3))
case(np.matmul, x(4, 2, 3), x(3))
case(np.matmul, x(3), x(4, 3, 2))
case(np.matmul, x(2, 2, 3), x(2, 3, 2))
case(np.matmul, x(2, 2, 3), x(3, 2))
case(np.matmul, x(2, 3), x(2, 3, 2))
case(np.matmul, x(2, 1, 2, 3), x(3, 3, 2))
case(np.matmul, x(1, 2, 3), x(2, 3, 1))
case(np.matmul, x(2, 2, 1, 3), x(3, 1))
case(np.matmul, x(0, 3), x(3, 2))
case(np.matmul, x(2, 0), x(0, 2))
case(np.matmul, x(0, 2, 3), x(3, 2))
case(np.matmul, x(2, 3, layout="F"), x(3, 2, layout="strided"))
case(np.matmul, x(3, 2, layout="readonly"), x(3, 2, layout="reversed"), of=lambda f, a, b: f(a.T, b))
case(np.matmul, x(2, 3), np.ones((3, 2)))
case(np.matmul, [[1.0, 2.0]], x(2, 3))
case(np.matmul, x(2, 3, dtype=complex), x(3, 2, dtype=complex))
case(np.matmul, x(2, 3), x(3, dtype=complex))
case(np.matmul, x(2, 2), x(2, 2), dtype=np.float64)


def affine(a, weight, bias):
    return a @ weight + bias


case(linear, x(4, 3), x(3, 2), x(2), like=affine)
case(linear, x(3), x(3, 2), x(2), like=affine)
case(linear, x(4, 3), x(3), x(), like=affine)
case(linear, x(2, 4, 3), x(3, 2), x(2), like=affine)
case(linear, x(4, 3), x(3, 2), x(1), like=affine)
case(linear, x(0, 3), x(3, 2), x(2), like=affine)
case(linear, np.ones((4, 3)), x(3, 2), x(2), like=affine)
case(linear, x(4, 3), x(3, 2), x(2, dtype=complex), like=affine)

for f in (np.dot, np.inner):
    case(f, x(), x(2, 3))
    case(f, x(2, 3), 2.0)
    case(f, x(), x())
    case(f, x(3), x(3))
    case(f, x(2, 3), x(3))
    case(f, x(3, layout="strided"), [1.0, 2.0, 3.0])
    case(f, x(2, 4, 3), x(3))
    case(f, x(0), x(0))
    case(f, x(3, dtype=complex), x(3, dtype=complex))
case(np.dot, x(2, 3), x(3, 4))
case(np.dot, x(3), x(3, 2))
case(np.dot, x(2, 3), x(2, 3, 4))
case(np.dot, x(2, 2, 3), x(2, 3, 2))
case(np.dot, x(3), x(2, 3, 2))
case(np.dot, a=x(2, 3), b=x(3, 2))
case(np.inner, x(2, 3), x(4, 3))
case(np.inner, x(3), x(2, 3))
case(np.inner, x(2, 2, 3), x(2, 1, 3))

for f in (np.vdot, np.outer, np.kron):
    case(f, x(4), x(4))
    case(f, x(2, 2, layout="F"), x(4, 1))
    case(f, x(), x())
    case(f, x(2, 2), [1.0, 2.0, 3.0, 4.0])
    case(f, x(3, dtype=complex), x(3, dtype=complex))
    case(f, x(3), x(3, dtype=complex))
case(np.outer, x(2), x(3))
case(np.outer, x(2, 2), 2.0)
case(np.kron, x(2, 3), x(2, 2))
case(np.kron, x(2), x(3, 2))
case(np.kron, x(2, 1, 2), x(2, 2))
case(np.kron, x(2, 2), 3.0)

case(np.tensordot, x(2, 3), x(2, 3))
case(np.tensordot, x(2, 3), x(3, 4), 1)
case(np.tensordot, x(2), x(3), 0)
case(np.tensordot, x(2, 3, 4), x(4, 2), axes=([0, 2], [1, 0]))
case(np.tensordot, x(2, 3, 4), x(3, 2), axes=((-3, 1), (-1, 0)))
case(np.tensordot, x(2, 3), x(3), axes=(1, 0))
case(np.tensordot, x(2, 3), x(3, 2), axes=(-1, -2))
case(np.tensordot, x(2, 0), x(0, 3), 1)
case(np.tensordot, x(2, 3, dtype=complex), np.ones((3, 2)), 1)
case(np.tensordot, x(), x(), 0)

for f in {np.trace, np.linalg.trace}:
    case(f, x(3, 3))
    case(f, x(2, 3), offset=1)
    case(f, x(3, 2), offset=-5)
    case(f, x(2, 3, 4), offset=-1)
    case(f, x(2, 3), dtype=np.float64)
case(np.trace, x(2, 3, 4), 0, 2, 0)
case(np.trace, x(2, 3, 4), 1, axis1=-1, axis2=-2)

# Einstein summation: every sign of its language.

for subscripts, *shapes in (
    ("i->", (3,)), ("i", (3,)), ("ij->ji", (2, 3)), ("ij->j", (2, 3)), ("ij", (2, 3)), ("ji", (2, 3)),
    ("ii->i", (3, 3)), ("ii", (3, 3)), ("iij->j", (2, 2, 3)), ("iji->j", (2, 3, 2)), ("iii->i", (2, 2, 2)),
    ("->", ()), (",->", (), ()), (",i->i", (), (3,)), ("i,->i", (3,), ()),
    ("i,i->", (3,), (3,)), ("i,j->ij", (2,), (3,)), ("i,j->ji", (2,), (3,)), ("i,j->", (2,), (3,)), ("i,j->i", (2,), (3,)),
    ("ij,jk->ik", (2, 3), (3, 2)), ("ij,jk", (2, 3), (3, 2)), ("ij,jk->", (2, 3), (3, 2)), ("ij,kj->ikj", (2, 3), (4, 3)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("bij,jk->bik", (2, 2, 3), (3, 2)), (" i j , j k -> i k ", (2, 3), (3, 2)),
    ("ii,ij->j", (2, 2), (2, 3)), ("ii,jj->ij", (2, 2), (3, 3)), ("iij,ijj->ij", (2, 2, 3), (2, 3, 3)),
    ("ij,ij->", (1, 3), (2, 3)), ("ij,jk->ik", (2, 1), (3, 2)), ("ij,jk->ik", (2, 3), (1, 2)), ("i,i->i", (1,), (3,)),
    ("i,i->", (1,), (1,)), ("ii,i->i", (3, 3), (1,)), ("ii,i->i", (1, 1), (3,)), ("i,i,i->", (3,), (1,), (3,)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)), ("i,i,i->i", (3,), (3,), (3,)), ("ij,j,i->", (2, 3), (3,), (2,)),
    ("bhqd,bhkd->bhqk", (2, 1, 2, 3), (2, 1, 3, 3)), ("i,j,k->ijk", (2,), (2,), (2,)), ("ij,ji,ii->", (2, 2), (2, 2), (2, 2)),
    ("...->...", (2, 3)), ("...i->...", (2, 3)), ("i...->...", (2, 3)), ("...ij->...ji", (2, 2, 3)), ("...ij", (2, 2, 3)),
    ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)), ("...ij,...jk", (2, 2, 3), (3, 2)), ("...i,...i->...", (2, 1, 3), (4, 3)),
    ("...ij,jk->...ik", (2, 2, 3), (3, 2)), ("i...,i...->i...", (2, 3), (2, 1)), ("...,...", (2, 1), (3,)),
    ("...ii->...i", (2, 3, 3)), ("i...j,j->i...", (2, 2, 3), (3,)), ("...i,...j->...ij", (2,), (3, 2)),
    ("ij->", (0, 3)), ("ij,jk->ik", (2, 0), (0, 3)), ("ij,jk->ik", (0, 2), (2, 3)), ("ij,i->j", (0, 3), (1,)),
):  # fmt: skip
    case(np.einsum, subscripts, *(x(*shape) for shape in shapes))
case(np.einsum, x(2, 3), [0, 1], x(3, 2), [1, 2], [0, 2])
case(np.einsum, x(2, 3), [0, 1], x(3, 2), [1, 2])
case(np.einsum, x(2, 2, 3), [..., 0, 1], x(3), [1], [..., 0])
case(np.einsum, x(3, 3), [30, 30])
case(np.einsum, x(3, 2), [5, 1], x(5), [20], [20, 1])
case(np.einsum, "ij,jk->ik", x(2, 3), np.ones((3, 2)))
case(np.einsum, "ij,jk->ik", np.ones((2, 3)), x(3, 2, layout="strided"))
case(np.einsum, "ij,jk,kl->il", x(2, 3), x(3, 2), x(2, 2), optimize=True)
case(np.einsum, "ij,jk,kl->il", x(2, 3), np.ones((3, 2)), x(2, 2), optimize="greedy")
case(np.einsum, "ij,jk,kl->il", x(2, 3), x(3, 2), x(2, 2), optimize=["einsum_path", (0, 1), (0, 1)])
case(np.einsum, "ij,j->i", x(2, 3, dtype=complex), x(3, dtype=complex))
case(np.einsum, "i,i->", x(3), x(3, dtype=complex))
case(np.einsum, "ij->j", x(2, 3), dtype=np.float64)
case(np.einsum, "i,i->", x(3), x(3), order="F", casting="safe")
