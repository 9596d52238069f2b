"""Processes in their folder, what WHAT means, and the inputs of a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from deskhand.errors import ProblemsError, RefusedError
from deskhand.plan import Input, Plan, Query
from deskhand.process import Processes, load_processes, read_inputs, resolve
from deskhand.workspace import Workspace
from hypothesis import given
from hypothesis import strategies as st

NOW = dt.datetime(2026, 3, 12, 9)
ONE = "steps: [{query: select 1 as one}]\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "agent.toml").write_text('[workspace]\nname = "acme"\ntimezone = "UTC"\n')
    (tmp_path / "processes" / "pages").mkdir(parents=True)
    (tmp_path / "processes" / "sub").mkdir()
    (tmp_path / "processes" / ".hidden").mkdir()
    return Workspace.load(tmp_path)


def put(workspace: Workspace, name: str, text: str) -> None:
    (workspace.processes_dir / name).write_text(text, encoding="utf-8")


def test_every_file_is_a_process_but_pages_and_hidden_ones(workspace: Workspace) -> None:
    put(workspace, "b.yaml", f"process: first\n{ONE}")
    put(workspace, "stem-only.yml", ONE)
    put(workspace, "sub/deep.yaml", ONE)
    put(workspace, "pages/portal.yaml", "not: a plan\n")
    put(workspace, ".hidden/x.yaml", ONE)
    put(workspace, "notes.txt", "nothing")
    found = load_processes(workspace)
    assert list(found) == ["first", "stem-only", "deep"]
    assert found["FIRST"] == found.plans["first"]
    assert found.problems == ()
    assert len(load_processes(workspace)) == 3


def test_no_folder_is_no_process(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('[workspace]\nname = "acme"\n')
    assert list(load_processes(Workspace.load(tmp_path))) == []


def test_a_broken_file_does_not_hide_the_others(workspace: Workspace) -> None:
    put(workspace, "good.yaml", ONE)
    put(workspace, "broken.yaml", "process: my-broken\nsteps: []\n")
    (workspace.processes_dir / "latin.yaml").write_bytes(b"process: \xfc\n")
    found = load_processes(workspace)
    assert list(found) == ["good"]
    broken, latin = found.file("my-broken"), found.file("latin")
    assert broken is not None and "steps" in broken.problems[0].message
    assert latin is not None and "UTF-8" in latin.problems[0].message
    assert {p.code for p in found.problems} == {"no-steps", "unreadable"}


def test_two_files_of_one_name_are_told_both(workspace: Workspace) -> None:
    put(workspace, "a.yaml", f"process: twin\n{ONE}")
    put(workspace, "sub/b.yaml", f"process: Twin\n{ONE}")
    found = load_processes(workspace)
    assert list(found) == []
    assert len(found.problems) == 2
    assert all("a.yaml" in p.message and "sub/b.yaml" in p.message for p in found.problems)
    with pytest.raises(ProblemsError, match="2 files are the process"):
        resolve("twin", workspace, found)


# ---------------------------------------------------------------- what WHAT means


def test_a_file_then_a_process_then_a_sentence(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace, "totals.yaml", ONE)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (elsewhere / "mine.yaml").write_text(ONE)
    (elsewhere / "totals").write_text("a file that happens to be called so")
    assert resolve("mine.yaml", workspace).kind == "file"
    assert resolve(str(elsewhere / "mine.yaml"), workspace).plan is not None
    found = resolve(" Totals ", workspace)
    assert (found.kind, found.name) == ("process", "totals")
    assert resolve("total the week", workspace).kind == "sentence"
    assert resolve("x" * 5000, workspace).kind == "sentence"


@pytest.mark.parametrize(("what", "words"), [("", "nothing to run"), ("no/such.yaml", "no file"), (" ", "nothing")])
def test_what_can_not_be_meant_is_refused(what: str, words: str, workspace: Workspace) -> None:
    with pytest.raises(RefusedError, match=words):
        resolve(what, workspace)


def test_a_missing_file_names_the_process_it_may_be(workspace: Workspace) -> None:
    put(workspace, "totals.yaml", ONE)
    with pytest.raises(RefusedError, match="'totals'"):
        resolve("total.yaml", workspace)


def test_a_file_with_problems_tells_them_all(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("stepps: []\nsteps: []\n")
    with pytest.raises(ProblemsError) as caught:
        resolve(str(file), workspace, Processes())
    assert len(caught.value.problems) == 2
    assert f"{file}:1" in str(caught.value)


# ---------------------------------------------------------------- inputs


def plan(**inputs: Input) -> Plan:
    return Plan(process="p", inputs=inputs, steps=(Query(query="select 1 as one"),))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " 007 ", " 007 "),
        ("integer", " -14 ", -14),
        ("decimal", "1234.50", Decimal("1234.50")),
        ("decimal", "7", Decimal(7)),
        ("date", "2026-03-12", dt.date(2026, 3, 12)),
        ("date", "days_ago(30)", dt.date(2026, 2, 10)),
        ("date", "start_of('month', -1)", dt.date(2026, 2, 1)),
        ("date", "current_date", dt.date(2026, 3, 12)),
        ("date", "last_weekday('friday')", dt.date(2026, 3, 6)),
        ("timestamp", "2026-03-12T09:30", dt.datetime(2026, 3, 12, 9, 30)),
        ("timestamp", "2026-03-12 09:30:05", dt.datetime(2026, 3, 12, 9, 30, 5)),
        ("timestamp", "2026-03-12", dt.datetime(2026, 3, 12)),
        ("timestamp", "end_of('year')", dt.datetime(2026, 12, 31)),
        ("boolean", "true", True),
        ("boolean", "No", False),
        ("boolean", "yes", True),
    ],
)
def test_values_are_typed(kind: str, text: str, value: object) -> None:
    item = Input.model_validate({"type": kind})
    read = read_inputs(plan(x=item), {"X": text}, NOW)["x"]
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("integer", "1.5", "whole number"),
        ("integer", "", "whole number"),
        ("integer", "٣", "whole number"),
        ("integer", str(2**63), "whole number"),
        ("decimal", "1.234,50", "1234.50"),
        ("decimal", "1,234.50", "1234.50"),
        ("decimal", "1e5", "1234.50"),
        ("decimal", "NaN", "1234.50"),
        ("decimal", "0.12345678901", "10 behind"),
        ("date", "12/03/2026", "2026-03-12"),
        ("date", "20260312", "2026-03-12"),
        ("date", "2026-02-30", "no such day"),
        ("date", "start_of('mnth')", "month"),
        ("date", "abs(3)", "isn't a date"),
        ("date", "days_ago((select count(*) from ledger.invoices))", "ledger"),
        ("timestamp", "2026-03-12T09:00+01:00", "without a zone"),
        ("timestamp", "20260312T0900", "2026-03-12T09:00"),
        ("boolean", "maybe", "true or false"),
    ],
)
def test_wrong_values_are_told(kind: str, text: str, words: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        read_inputs(plan(x=Input.model_validate({"type": kind})), {"x": text}, NOW)
    (problem,) = caught.value.problems
    assert problem.code == "bad-input" and "'x'" in problem.message
    assert words in problem.mend


def test_defaults_optional_missing_and_unknown_inputs() -> None:
    inputs = {
        "grace": Input(type="integer", default="3"),
        "sure": Input(type="boolean", default=True),
        "month": Input(optional=True),
        "until": Input(type="date", optional=True),
        "who": Input(description="who gets it"),
    }
    values = read_inputs(plan(**inputs), {"who": "Ada", "until": " "}, NOW)
    assert values == {"grace": 3, "sure": True, "month": None, "until": None, "who": "Ada"}
    with pytest.raises(ProblemsError) as caught:
        read_inputs(plan(**inputs), {"graze": "x", "grace": "y"}, NOW)
    assert [p.code for p in caught.value.problems] == ["unknown-input", "bad-input", "missing-input"]
    assert "'grace'" in caught.value.problems[0].mend
    assert "who gets it" in caught.value.problems[2].message


@given(st.text(max_size=30), st.sampled_from(["integer", "decimal", "date", "timestamp", "boolean"]))
def test_any_text_is_a_value_or_a_problem(text: str, kind: str) -> None:
    try:
        read_inputs(plan(x=Input.model_validate({"type": kind})), {"x": text}, NOW)
    except ProblemsError as error:
        assert len(error.problems) == 1


@given(st.integers(-(2**63), 2**63 - 1), st.decimals(-(10**20), 10**20, places=4), st.dates(), st.booleans())
def test_a_value_comes_back_from_its_text(number: int, amount: Decimal, day: dt.date, truth: bool) -> None:
    inputs = plan(
        a=Input(type="integer"), b=Input(type="decimal"), c=Input(type="date"), d=Input(type="boolean"), e=Input()
    )
    texts = {"a": str(number), "b": format(amount, "f"), "c": day.isoformat(), "d": str(truth), "e": "=x"}
    assert read_inputs(inputs, texts, NOW) == {"a": number, "b": amount, "c": day, "d": truth, "e": "=x"}


def test_the_office_of_the_tests_has_its_processes(tmp_path: Path, office_folder: Callable[[Path], Path]) -> None:
    found = load_processes(Workspace.load(office_folder(tmp_path)))
    assert set(found) == {"onboard-one", "round-a", "round-b", "broken"}
    assert [p.name for p in found.found if p.plan is None] == ["unreadable"]
