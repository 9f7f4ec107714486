"""Cases of products."""

import numpy as np
from cases import case, x

from tensorgrad import linear
from tensorgrad.derivatives.products import sparse_matmul

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
case(np.tensordot, x(2, 3), x(3, 2), axes=((1,), 0))
case(np.tensordot, x(2, 3), x(3, 2), axes=[[1], [0]])
case(np.tensordot, x(2, 0), x(0, 3), 1)
case(np.tensordot, x(2, 3, dtype=complex), np.ones((3, 2)), 1)
case(np.tensordot, x(), x(), 0)

for f in (np.trace, np.linalg.trace):
    case(f, x(3, 3))
    case(f, x(2, 3), offset=1)
    case(f, x(3, 2), offset=-5)
    case(f, x(2, 3, 4), offset=-1)
    case(f, x(2, 3), dtype=np.float64)
case(np.trace, x(2, 3, 4), 0, 2, 0)
case(np.trace, x(2, 3, 4), 1, axis1=-1, axis2=-2)

# Einstein summation: every sign of its language. "23" stands for the shape (2, 3).

for subscripts, *shapes in (
    # one operand: transposed, summed, its diagonal
    ("i->", "3"), ("i", "3"), ("ij->ji", "23"), ("ij->j", "23"), ("ij", "23"), ("ji", "23"), ("->", ""),
    ("ii->i", "33"), ("ii", "33"), ("iij->j", "223"), ("iji->j", "232"), ("iii->i", "222"),
    # two: inner, outer, matrix products, sums of one alone, spaces, the result left to NumPy
    ("i,i->", "3", "3"), ("i,j->ij", "2", "3"), ("i,j->ji", "2", "3"), ("i,j->", "2", "3"), ("i,j->i", "2", "3"),
    ("ij,jk->ik", "23", "32"), ("ij,jk", "23", "32"), ("ij,jk->", "23", "32"), ("ij,kj->ikj", "23", "43"),
    ("bij,bjk->bik", "223", "232"), ("bij,jk->bik", "223", "32"), (" i j , j k -> i k ", "23", "32"),
    (",->", "", ""), (",i->i", "", "3"), ("i,->i", "3", ""), ("bhqd,bhkd->bhqk", "2123", "2133"),
    # diagonals in a product
    ("ii,ij->j", "22", "23"), ("ii,jj->ij", "22", "33"), ("iij,ijj->ij", "223", "233"),
    # lengths of 1 that broadcast
    ("ij,ij->", "13", "23"), ("ij,jk->ik", "21", "32"), ("ij,jk->ik", "23", "12"), ("i,i->i", "1", "3"),
    ("i,i->", "1", "1"), ("ii,i->i", "33", "1"), ("ii,i->i", "11", "3"), ("i,i,i->", "3", "1", "3"),
    # three
    ("ij,jk,kl->il", "23", "32", "22"), ("i,i,i->i", "3", "3", "3"), ("ij,j,i->", "23", "3", "2"),
    ("i,j,k->ijk", "2", "2", "2"), ("ij,ji,ii->", "22", "22", "22"),
    # an ellipsis
    ("...->...", "23"), ("...i->...", "23"), ("i...->...", "23"), ("...ij->...ji", "223"), ("...ij", "223"),
    ("...ij,...jk->...ik", "223", "232"), ("...ij,...jk", "223", "32"), ("...i,...i->...", "213", "43"),
    ("...ij,jk->...ik", "223", "32"), ("i...,i...->i...", "23", "21"), ("...,...", "21", "3"), ("...ii->...i", "233"),
    ("i...j,j->i...", "223", "3"), ("...i,...j->...ij", "2", "32"),
    # nothing to sum
    ("ij->", "03"), ("ij,jk->ik", "20", "03"), ("ij,jk->ik", "02", "23"), ("ij,i->j", "03", "1"),
):  # fmt: skip
    case(np.einsum, subscripts, *(x(*map(int, shape)) for shape in shapes))
case(np.einsum, x(2, 3), [0, 1], x(3, 2), [1, 2], [0, 2])
case(np.einsum, x(2, 3), [0, 1], x(3, 2), [1, 2])
case(np.einsum, x(2, 2, 3), [..., 0, 1], x(3), [1], [..., 0])
case(np.einsum, x(3, 3), [30, 30])
case(np.einsum, x(2, 3), [0, 30])
case(np.einsum, x(2, 3), [26, 25])  # the numbers in a result that is left to NumPy are sorted
case(np.einsum, x(2, 3, 4), (51, ..., 3), x(4), (3,))
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


# The product with a sparse matrix, whose formulas are those of two dense ones ----------------------------------------

case(sparse_matmul, x(3, 2), x(2, 4), like=np.matmul)
case(sparse_matmul, np.eye(3, 2), x(2, 4), like=np.matmul)
