# SPDX-License-Identifier: BSD-3-Clause
from ._conv import BoundConv

class Depthwise(BoundConv): ...
