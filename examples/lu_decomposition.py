"""Gauss elimination by hand, in place and with row swaps, and the gradient of the determinant that is read off it.

It is written as for plain arrays: rows are swapped, divided and subtracted from each other where they stand, though
the gradient needs what stood there before. Prints how closely its derivatives agree with those of np.linalg.det, and
with what is known of them: det(A) inv(A).T (Jacobi's formula).
"""

import numpy as np

from tensorgrad import grad, hessian


def lu(A):
    """L and U of P A = L U in one matrix, the order of the rows, and its sign (Golub and Van Loan, algorithm 3.4.1)."""
    A = A.copy()
    order, sign = np.arange(len(A)), 1
    for k in range(len(A)):
        p = k + np.abs(A[k:, k]).argmax()  # the largest element becomes the pivot
        if p != k:
            A[[k, p]] = A[[p, k]]
            order[[k, p]] = order[[p, k]]
            sign = -sign
        for i in range(k + 1, len(A)):
            A[i, k] /= A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]
    return A, order, sign


def determinant(A):
    LU, _, sign = lu(A)
    return sign * np.diagonal(LU).prod()


A = np.random.default_rng(0).normal(size=(6, 6))
LU, order, sign = lu(A)
L, U = np.tril(LU, -1) + np.eye(6), np.triu(LU)
print(f"the rows in the order {order}, sign {sign:+d}; L U misses them by {np.abs(L @ U - A[order]).max():.1e}")
print(f"determinant           {determinant(A):.12f} by hand, {np.linalg.det(A):.12f} by np.linalg.det")

by_hand, by_numpy = grad(determinant)(A), grad(np.linalg.det)(A)
by_formula = np.linalg.det(A) * np.linalg.inv(A).T
print(f"its gradient          differs by {np.abs(by_hand - by_numpy).max():.1e} from that of np.linalg.det,")
print(f"                      and by {np.abs(by_hand - by_formula).max():.1e} from det(A) inv(A).T")

second_by_hand, second_by_numpy = hessian(determinant)(A), hessian(np.linalg.det)(A)
print(f"its second derivative differs by {np.abs(second_by_hand - second_by_numpy).max():.1e}")
