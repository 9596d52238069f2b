"""Plans in plain words: every plan of the corpus, as a snapshot that a person has read."""

from __future__ import annotations

from pathlib import Path

import pytest
from deskhand.plan_yaml import read_plan
from deskhand.words import describe
from deskhand.workspace import installed_tools
from syrupy.assertion import SnapshotAssertion

PLANS = Path(__file__).parent / "plans"
FILES = [PLANS / "overdue.yaml", *sorted((PLANS / "valid").glob("*.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_plan_in_plain_words(file: Path, snapshot: SnapshotAssertion) -> None:
    operations = {name: kind for tool in installed_tools().values() for name, kind in tool.load().operations.items()}
    assert describe(read_plan(file), operations) == snapshot


def test_words_without_operations_name_them() -> None:
    assert any("email.send" in line.lower() for line in describe(read_plan(FILES[0])))
