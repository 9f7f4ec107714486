"""Cases of numpy.fft: real and complex arguments, cut off and padded, along each axis, with each norm."""

import numpy as np
from cases import case, x

NORMS = ("backward", "ortho", "forward")

for f in (np.fft.fft, np.fft.ifft):
    case(f, x(5))
    case(f, x(4, dtype=complex))
    case(f, x(1, dtype=complex))
    case(f, x(2, 3, dtype=complex), axis=0)
    case(f, x(2, 3, layout="F"), 5)
    case(f, x(3, 4, dtype=complex), 2, 0, "ortho")
    for norm in NORMS:
        case(f, x(3, dtype=complex), norm=norm)

for f in (np.fft.rfft, np.fft.ihfft):
    for n in (1, 2, 5, 6):
        case(f, x(n))
    case(f, x(2, 4, layout="strided"), axis=-2)
    case(f, x(2, 3), n=6)
    case(f, x(4, 5), 3, 0)
    for norm in NORMS:
        case(f, x(4), norm=norm)

for f in (np.fft.irfft, np.fft.hfft):
    for n in (2, 3, 4):
        case(f, x(n, dtype=complex))
    for n in (1, 2, 3, 4, 5, 8, 9):
        case(f, x(3, dtype=complex), n)
    case(f, x(4))
    case(f, x(3, 2, dtype=complex), axis=0)
    for norm in NORMS:
        case(f, x(3, dtype=complex), n=5, norm=norm)

for f in (np.fft.fftn, np.fft.ifftn, np.fft.fft2, np.fft.ifft2):
    case(f, x(2, 3))
    case(f, x(2, 3, 2, dtype=complex))
    case(f, x(2, 3, dtype=complex), axes=(0,))
    case(f, x(2, 3, dtype=complex), (3, 2), (1, 0))
    case(f, x(2, 3, dtype=complex), s=(-1, 5), axes=(0, 1), norm="ortho")
    case(f, x(2, 2, 2, dtype=complex), axes=(0, 2), norm="forward")
    case(f, x(3, dtype=complex), axes=(0, 0))

for f in (np.fft.rfftn, np.fft.rfft2):
    case(f, x(2, 3))
    case(f, x(2, 3, 4))
    case(f, x(3, 2), axes=(1, 0))
    case(f, x(2, 3), s=(3, 5), axes=(0, 1))
    case(f, x(3, 4), (2, 3), (-1, 0), "ortho")
    case(f, x(2, 3), axes=(0,), norm="forward")

for f in (np.fft.irfftn, np.fft.irfft2):
    case(f, x(2, 3, dtype=complex))
    case(f, x(2, 3, 3, dtype=complex))
    case(f, x(3, 2, dtype=complex), axes=(1, 0))
    case(f, x(2, 3, dtype=complex), s=(3, 5), axes=(0, 1))
    case(f, x(3, 4, dtype=complex), (2, 3), (-1, 0), "ortho")
    case(f, x(2, 3, dtype=complex), axes=(1,), norm="forward")
    case(f, x(2, 3), norm="forward")

for f in (np.fft.fftshift, np.fft.ifftshift):
    case(f, x(5))
    case(f, x(3, 4, dtype=complex))
    case(f, x(3, 4), 1)
    case(f, x(3, 4, 2), axes=(0, -1))
