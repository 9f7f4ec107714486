"""The standard's extension `fft`: NumPy's functions, which Tensors record."""

import numpy as np

from .wrapping import of_tensors

__all__ = [
    "fft", "ifft", "fftn", "ifftn", "rfft", "irfft", "rfftn", "irfftn", "hfft", "ihfft", "fftfreq", "rfftfreq",
    "fftshift", "ifftshift",
]  # fmt: skip

globals().update({name: of_tensors(getattr(np.fft, name)) for name in __all__})
