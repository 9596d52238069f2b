"""The check over a corpus: every valid plan has no problem, every invalid one has exactly those that it expects.

Each file of `plans/invalid` begins with a line for each problem:

    # expect: <code> line <n>: <words that its message or mend holds>
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from deskhand.check import Checked, check
from deskhand.plan import Act, Plan, Query
from deskhand.plan_yaml import parse

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


# ---------------------------------------------------------------- what was found out


def test_every_step_tells_what_was_found_out(office: Any) -> None:
    text = (PLANS / "valid" / "for-each.yaml").read_text(encoding="utf-8")
    _, checked = office.parsed(text)
    assert checked.ok
    assert set(checked.steps) == {
        "hires", "step2", "step2/invoices_of", "step2/step2", "step2/step3", "step2/step4", "step2/step4/step1",
    }  # fmt: skip
    query = checked.steps["hires"]
    assert query.query is not None and [c.name for c in query.columns or ()] == ["name", "email", "city"]
    act = checked.steps["step2/step3"]
    assert act.operation is not None and act.operation.name == "email.send"
    assert act.connection == "mail" and act.columns == query.columns
    assert act.params is not None and act.params.model_dump()["subject"] == "{{ name }}"
    assert checked.shapes is not None and list(checked.shapes.step_names()) == ["hires"]


def test_the_condition_and_the_connection_are_found(office: Any) -> None:
    _, checked = office.parsed((PLANS / "valid" / "complementary-acts.yaml").read_text(encoding="utf-8"))
    assert [s.condition is not None for s in checked.steps.values()] == [False, True, True, False]
    _, checked = office.parsed((PLANS / "valid" / "which-connection.yaml").read_text(encoding="utf-8"))
    assert [s.connection for s in checked.steps.values()] == [None, "old_ledger", None, "old_ledger"]
    assert checked.steps["step2"].columns is not None


def test_a_query_over_a_file_that_will_be_saved_is_open(office: Any) -> None:
    _, checked = office.parsed((PLANS / "valid" / "attachments.yaml").read_text(encoding="utf-8"))
    query = checked.steps["step4"]
    assert query.query is not None and query.query.open and query.columns is None


def test_a_plan_that_was_never_yaml_has_steps_for_places(office: Any) -> None:
    plan = Plan(steps=(Query(id="a", query="select numbr\nfrom ledger.invoices"), Act(operation="no.such")))
    problems = check(plan, office.catalog, now=office.now).problems
    assert [(p.where.step, p.where.line, p.path) for p in problems] == [
        ("a", None, ("steps", 0, "query")),
        ("step2", None, ("steps", 1, "no.such")),
    ]


def test_given_inputs_decide_the_names_of_files(office: Any) -> None:
    text = (PLANS / "valid" / "file-by-input.yaml").read_text(encoding="utf-8")
    plan = parse(text).plan
    assert plan is not None

    def problems(**inputs: str) -> list[str]:
        return [p.code for p in check(plan, office.catalog, now=office.now, inputs=inputs).problems]

    assert problems(month="2026-03") == []
    assert problems(month="2026-04") == ["unknown-table"], "the file is written under another name then"
    assert problems(month="../2026-03") == ["path", "unknown-table"]


def test_one_missing_secret_is_told_once(office: Any) -> None:
    checked: Checked = office.check("""
        steps:
          - query: select name from crm.people
          - query: select name from crm.people
    """)
    assert [p.code for p in checked.problems] == ["connection"]


def test_places_in_the_file_are_exact(office: Any) -> None:
    text = """\
steps:
  - query: select numbr from ledger.invoices
  - query: |-

      select 1 as one,
        numbr
      from ledger.invoices
  - query: "select numbr from ledger.invoices"
  - query: >
      select
      numbr from ledger.invoices
"""
    _, checked = office.parsed(text)
    assert [(p.where.line, p.where.column) for p in checked.problems] == [(2, 19), (6, 9), (8, 5), (9, 5)]
