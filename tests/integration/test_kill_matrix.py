"""Every operation, killed at every fault point and resumed: nothing lost, nothing twice, nothing in doubt.

The matrix itself is kill_matrix.py, which prints it for the README and also kills at the second hit of each point.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MATRIX = Path(__file__).with_name("kill_matrix.py")
PARTS = {
    "database": ["database.insert", "database.update", "database.upsert", "database.delete"],
    "spreadsheet": ["spreadsheet.write", "spreadsheet.append", "spreadsheet.update", "spreadsheet.delete_rows"],
    "sending": ["email.send", "email.reply", "email.forward"],
    "filing": ["email.move", "email.copy", "email.delete", "email.mark", "email.save_attachments"],
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", PARTS)
def test_a_kill_anywhere_loses_and_repeats_nothing(part: str) -> None:
    # A process of its own: the matrix forks, which pytest's threads would make unsafe.
    command = [sys.executable, str(MATRIX), "--once", *PARTS[part]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    total = done.stdout.splitlines()[-1].split()
    kills, same, in_doubt, wrong = (int(number) for number in total[-4:])
    assert (done.returncode, wrong, in_doubt) == (0, 0, 0), done.stdout + done.stderr
    assert same == kills >= 12 * len(PARTS[part])
