# SPDX-License-Identifier: BSD-3-Clause
"""What is asked: arguments checked once and turned into frozen specs. Nothing after a spec validates.

A `ConvSpec` or `PoolSpec` holds the normalised problem (1-D and 2-D are 3-D with unit axes) and every derived size. All
shape arithmetic is done here, in Python's integers, before any work or allocation; what leaves here fits 62 bits with room
to spare. Every message has one form: function, argument, rule, value.
"""

from .border_fold import (
    fold_of,
    padded_box,
)
from .borders import (
    ALL_ZEROS,
    BORDERS,
    SCHOOLS,
    Borders,
    border_mode,
    border_named,
    border_of,
    border_pairs,
)
from .boxes import (
    BoxSpec,
    norm_power,
)
from .checks import (
    FORMATS,
    LIMIT,
    OPTION,
    WORD,
    Axes,
    FastconvError,
    FastconvTypeError,
    FastconvValueError,
    Pairs,
    batch_and_channels,
    channels_are_last,
    check_dtype,
    check_result,
    flag,
    is_sequence,
    memory_bytes,
    named_dtype,
    one_of,
    padding_pairs,
    per_axis,
    real,
    shape_of,
    show,
    whole,
)
from .conv_pool import (
    ConvPoolSpec,
)
from .convolution import (
    ACTIVATIONS,
    PRECISIONS,
    SLOPE,
    ConvSpec,
    SeparableSpec,
    activation_of,
    bias_extents,
)
from .folding import (
    FoldSpec,
)
from .interpolation import (
    InterpolateSpec,
    ResampleSpec,
    along_of,
    table_of,
)
from .normalization import (
    NormSpec,
    WindowSpec,
    normalized_items,
    not_negative,
    planes_of,
)
from .padding import (
    PadSpec,
    TakeSpec,
)
from .pooling import (
    PoolSpec,
    element_dtype,
    pooled,
    unpooled,
)
from .regions import (
    GridSpec,
    RegionSpec,
)
from .tiled import (
    TiledSpec,
)
from .transposed import (
    ConvTransposeSpec,
    PhaseAxis,
    axis_phases,
)

__all__ = [
    "ACTIVATIONS",
    "ALL_ZEROS",
    "BORDERS",
    "FORMATS",
    "LIMIT",
    "OPTION",
    "PRECISIONS",
    "SCHOOLS",
    "SLOPE",
    "WORD",
    "Axes",
    "Borders",
    "BoxSpec",
    "ConvPoolSpec",
    "ConvSpec",
    "ConvTransposeSpec",
    "FastconvError",
    "FastconvTypeError",
    "FastconvValueError",
    "FoldSpec",
    "GridSpec",
    "InterpolateSpec",
    "NormSpec",
    "PadSpec",
    "Pairs",
    "PhaseAxis",
    "PoolSpec",
    "RegionSpec",
    "ResampleSpec",
    "SeparableSpec",
    "TakeSpec",
    "TiledSpec",
    "WindowSpec",
    "activation_of",
    "along_of",
    "axis_phases",
    "batch_and_channels",
    "bias_extents",
    "border_mode",
    "border_named",
    "border_of",
    "border_pairs",
    "channels_are_last",
    "check_dtype",
    "check_result",
    "element_dtype",
    "flag",
    "fold_of",
    "is_sequence",
    "memory_bytes",
    "named_dtype",
    "norm_power",
    "normalized_items",
    "not_negative",
    "one_of",
    "padded_box",
    "padding_pairs",
    "per_axis",
    "planes_of",
    "pooled",
    "real",
    "shape_of",
    "show",
    "table_of",
    "unpooled",
    "whole",
]
