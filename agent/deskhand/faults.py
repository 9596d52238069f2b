"""Named points at which a test may kill the process, to prove what a crash there leaves behind.

`fault("after-intent")` does nothing unless the environment variable `DESKHAND_FAULT` named that point when
this module was first imported: `DESKHAND_FAULT="after-intent:3"` kills the process, by SIGKILL, the third
time it gets there (`:1` may be left out). Nothing is flushed, no `finally` runs, no exit handler: as when the
power fails, except that the operating system keeps what it was already given.

Points are placed by the executor, the engine and the tools' `apply`; every name is listed here, so that a
test of "killed at every point" can walk through `NAMES` and cannot miss one. This module refuses to import
anything of deskhand, to raise instead of killing, and to be switched on from inside a process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final

VARIABLE: Final = "DESKHAND_FAULT"

NAMES: Final = (
    "before-rows",  # a query has run; its rows aren't kept yet
    "after-rows",  # its rows are kept; the step isn't recorded
    "before-intent",  # changes are prepared; the ledger knows nothing of them
    "after-intent",  # intended; nothing attempted
    "after-attempt",  # attempted; the tool hasn't been called
    "before-commit",  # inside a tool: written, not yet visible (before a commit, a rename)
    "in-batch",  # inside a tool: one effect (or one of its copies) is visible, others of the batch aren't yet
    "after-commit",  # inside a tool: visible to everybody; apply hasn't returned
    "after-effect",  # apply has returned; nothing is verified
    "before-confirm",  # verified; the ledger doesn't know
    "after-confirm",  # confirmed; the step isn't recorded
    "before-step",  # a step's work is done; the engine hasn't recorded it
    "after-step",  # the engine has recorded it
    "after-call",  # a called process's end is written; its parent doesn't know
    "before-end",  # all steps are done; the run's end isn't written
    "after-end",  # the end is written; the trace isn't
)
"""Every fault point, in the order in which an ordinary run passes them."""


def _nothing(name: str) -> None:
    """Do nothing: the process wasn't told to die."""


def _killer(setting: str) -> Callable[[str], None]:
    wanted, _, number = setting.partition(":")
    if wanted not in NAMES:
        raise ValueError(f"{VARIABLE}={setting!r} names no fault point; the points are: {', '.join(NAMES)}")
    if number and not (number.isdecimal() and int(number) > 0):
        raise ValueError(f"{VARIABLE}={setting!r}: after the colon stands a count from 1")
    left = int(number or 1)

    def kill(name: str) -> None:
        nonlocal left
        if name not in NAMES:
            raise ValueError(f"{name!r} is no fault point; list it in deskhand.faults.NAMES")
        if name == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return kill


_setting = os.environ.get(VARIABLE, "")
fault: Final[Callable[[str], None]] = _killer(_setting) if _setting else _nothing
"""Pass a named point. An empty function, unless this process was started to die."""
