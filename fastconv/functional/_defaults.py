# SPDX-License-Identifier: BSD-3-Clause
"""What functions share: the type of an array, and the defaults of options.

Default layouts are passed down as None: a repeated call is found by its options, and faster without words among them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

NCW, NCHW, NCDHW = "NCW", "NCHW", "NCDHW"
ZEROS, ZERO = "zeros", 0.0
