# SPDX-License-Identifier: BSD-3-Clause
"""The calls this process has bound so far."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ... import settings
from ...kernels._calls import Calls

calls = Calls(settings.active, settings.thread_count)


def bind_call(module: ModuleType, spec: Any) -> Any:
    """Bind a spec to a kernel module at the instruction set in force."""
    isa = settings.isa_index()
    return module.bind(spec, isa, settings.available_isas()[isa])
