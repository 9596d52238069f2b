"""The child's end of a `function` side: calls one function and prints what it measured as one line of JSON.

    python -m benchmarks.child benchmarks.match ours FOLDER 100000

A function takes texts. It returns a `Clock` that it has started and stopped around the part that counts, or
None where it only makes data.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.timing import Clock


def main(module: str, call: str, *arguments: str) -> None:
    """Call `module.call(*arguments)` and print its figures."""
    clock: Clock | None = getattr(importlib.import_module(module), call)(*arguments)
    told = {"wall": 0.0, "cpu": 0.0, "note": None} if clock is None else clock.to_json()
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
