"""The check over a corpus: every valid plan has no problem, every invalid one has exactly those that it expects.

Each file of `plans/invalid` begins with a line for each problem:

    # expect: <code> line <n>: <words that its message or mend holds>
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PLANS = Path(__file__).parent / "plans"
VALID = sorted((PLANS / "valid").glob("*.yaml"))
INVALID = sorted((PLANS / "invalid").glob("*.yaml"))
EXPECT = re.compile(r"# expect: ([a-z-]+) line (\d+): (.+)")


def test_the_corpus_is_there() -> None:
    assert len(VALID) >= 25
    assert len(INVALID) >= 60


@pytest.mark.parametrize("file", VALID, ids=lambda f: f.stem)
def test_a_valid_plan_has_no_problem(file: Path, office: Any) -> None:
    _, checked = office.parsed(file.read_text(encoding="utf-8"), file.name)
    assert [str(p) for p in checked.problems] == []


@pytest.mark.parametrize("file", INVALID, ids=lambda f: f.stem)
def test_an_invalid_plan_has_the_problems_it_expects(file: Path, office: Any) -> None:
    text = file.read_text(encoding="utf-8")
    expected = [EXPECT.fullmatch(line) for line in text.splitlines() if line.startswith("# expect")]
    assert expected
    _, checked = office.parsed(text, file.name)
    found = [f"{p.code} line {p.where.line}: {p.message} | {p.mend}" for p in checked.problems]
    assert len(found) == len(expected), found
    for match, problem, said in zip(expected, checked.problems, found, strict=True):
        assert match is not None
        assert (match[1], int(match[2])) == (problem.code, problem.where.line), said
        assert match[3].casefold() in f"{problem.message} {problem.mend}".casefold(), said
        assert problem.mend, said
        assert problem.where.file == file.name
