from types import ModuleType
from typing import Any

from numpy.typing import NDArray

class ConvPool:
    spec: Any
    isa: str
    def pays(self, threads: int) -> bool: ...
    def estimate(self, threads: int, packed: bool) -> int: ...
    def filters(self, weight: NDArray[Any]) -> NDArray[Any]: ...
    def pack(self, weight: NDArray[Any], threads: int) -> dict[str, NDArray[Any] | None]: ...
    def run(
        self,
        x: NDArray[Any],
        weight: NDArray[Any],
        bias: NDArray[Any] | None,
        y: NDArray[Any],
        switches: NDArray[Any] | None,
        threads: int,
        packed: dict[str, NDArray[Any] | None] | None = None,
    ) -> None: ...

def bind(spec: Any, module: ModuleType, isa: int, isa_name: str) -> ConvPool: ...
