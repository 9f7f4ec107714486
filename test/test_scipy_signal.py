"""scipy.signal: values are SciPy's, rules are transposes, to any order; and what has no derivative says so."""

import zlib

import numpy as np
import pytest
from helpers import gradients_of_case_free_sum if False else None
