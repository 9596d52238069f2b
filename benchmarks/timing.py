"""The clock that a side uses in its own process."""

from __future__ import annotations

import gc
import time
from typing import Any


class Clock:
    """Times one block: `with Clock() as clock: …`. CPU time is that of all threads of the process.

    note: what the side came to, to be compared with the other side's; set it after the block.
    """

    def __init__(self) -> None:
        self.note: Any = None
        self.wall = self.cpu = 0.0

    def __enter__(self) -> Clock:
        gc.collect()
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu

    def to_json(self) -> dict[str, Any]:
        """What the child prints."""
        return {"wall": self.wall, "cpu": self.cpu, "note": self.note}
