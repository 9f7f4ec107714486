"""The standard's extension `fft`: NumPy's functions, which Tensors record."""

import numpy as np

from .wrapping import functions

NAMES = """
    fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift
"""

globals().update(functions(np.fft, NAMES))
