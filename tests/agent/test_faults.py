"""Fault points: nothing unless told so, SIGKILL at the n-th pass, and no misspelt point."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from deskhand import faults

WALK = """
import sys
from deskhand.faults import NAMES, fault
for turn in range(3):
    for name in NAMES:
        fault(name)
        print(turn, name, flush=True)
"""


def _walk(setting: str, code: str = WALK) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DESKHAND_FAULT": setting}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_nothing_happens_by_default() -> None:
    done = _walk("")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3 * len(faults.NAMES)
    faults.fault("after-intent")


@pytest.mark.parametrize(
    ("setting", "passed"), [("after-intent", 3), ("after-intent:1", 3), ("before-rows:2", len(faults.NAMES))]
)
def test_the_process_is_killed_at_the_nth_pass(setting: str, passed: int) -> None:
    done = _walk(setting)
    assert done.returncode == -9
    assert len(done.stdout.splitlines()) == passed


@pytest.mark.parametrize("setting", ["after-lunch", "after-intent:0", "after-intent:x", "after-intent:-1"])
def test_a_misspelt_setting_is_an_error(setting: str) -> None:
    done = _walk(setting)
    assert done.returncode == 1
    assert "DESKHAND_FAULT" in done.stderr


def test_a_misspelt_point_is_found_as_soon_as_any_is_set() -> None:
    done = _walk("after-end", "from deskhand.faults import fault; fault('after-lunch')")
    assert "'after-lunch' is no fault point" in done.stderr


def test_names_are_unique() -> None:
    assert len(set(faults.NAMES)) == len(faults.NAMES)
