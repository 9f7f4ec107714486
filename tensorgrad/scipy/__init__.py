"""SciPy with gradients: functions under SciPy's names, with its arguments and values, and rules of ours. Needs SciPy.

Each module is named as SciPy's, and imported like it: `from tensorgrad.scipy import linalg, stats`. Given arrays a
function is SciPy's own; given a Tensor it records, and can be differentiated to any order.
"""
