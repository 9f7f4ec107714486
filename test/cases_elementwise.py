"""Cases of the elementwise functions."""

import numpy as np
from cases import case, positive, x

case(np.add, x(2, 3), x(3))
case(np.log, positive(3))
case(np.clip, x(5), -1, 1)
case(np.sqrt, positive(2, 2, layout="strided"))
