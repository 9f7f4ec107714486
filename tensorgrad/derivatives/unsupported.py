"""The functions that have no derivative here, with the reasons, and the rest of those that give plain values."""

import numpy as np

from .table import constant, non_differentiable

constant(np.einsum_path, np.array2string, np.array_repr, np.array_str, np.isin)

# Step functions: which elements are equal, how many fall between edges -----------------------------------------------

non_differentiable(
    "a choice among equal elements; take indices from np.unique(tensor.data, return_index=True), and tensor[indices]",
    np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values,
    np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d, *([np.in1d] if "in1d" in np.__dict__ else []),
)  # fmt: skip
non_differentiable(
    "counts jump; a sum of weights is np.bincount(np.digitize(...), weights)",
    np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges,
)  # fmt: skip

# Functions of integers and dates -------------------------------------------------------------------------------------

non_differentiable(
    "it works on integers",
    np.gcd, np.lcm, np.packbits, np.unpackbits, np.bitwise_count, np.bitwise_and, np.bitwise_or, np.bitwise_xor,
    np.invert, np.left_shift, np.right_shift,
)  # fmt: skip
non_differentiable(
    "it works on dates",
    np.isnat, np.is_busday, np.busday_count, np.busday_offset, np.datetime_as_string,
)  # fmt: skip

# Files ---------------------------------------------------------------------------------------------------------------

non_differentiable("a file holds no graph", np.save, np.savez, np.savez_compressed, np.savetxt)
