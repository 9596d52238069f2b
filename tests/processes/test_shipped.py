"""All shipped processes: they check without a problem in the demo office, print and read back, and are found by
the words that people use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from deskhand.catalog import Catalog
from deskhand.check import check
from deskhand.plan_print import print_plan
from deskhand.plan_yaml import load, parse
from deskhand.planner import KnownProcess, Request
from deskhand.planner.known import KnownProcesses
from deskhand.process import load_processes
from deskhand.workspace import Workspace, shipped_processes

from .conftest import MORNING, PROCESSES, Desk

FILES = sorted(PROCESSES.glob("*.yaml"))
BY_STEM = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def workspace(demo_office: Callable[[], Desk]) -> Workspace:
    return Workspace.load(demo_office().root)


def test_these_are_shipped() -> None:
    assert [file.stem for file in FILES] == ["overdue-reminders", "reconcile-invoices", "support-triage"]
    assert sorted(item.name for item in shipped_processes()) == [file.name for file in FILES]


@BY_STEM
def test_it_is_written_well(file: Path) -> None:
    parsed = load(file)
    assert parsed.problems == ()
    plan = parsed.plan
    assert plan is not None
    assert plan.process == file.stem
    assert plan.description
    assert len(plan.phrases) >= 8
    assert all(one.description for one in plan.inputs.values())
    assert all(one.default is not None or one.optional for one in plan.inputs.values()), "it runs without inputs"
    assert parse(print_plan(plan)).plan == plan


@BY_STEM
def test_it_checks_in_the_demo_office(file: Path, workspace: Workspace) -> None:
    plan = load(file).plan
    assert plan is not None
    processes = load_processes(workspace)
    with Catalog.open(workspace, workspace.now(MORNING)) as catalog:
        checked = check(plan, catalog, now=catalog.now, policy=workspace.policy, processes=processes.plans)
    assert [str(problem) for problem in checked.problems] == []


@BY_STEM
def test_its_phrases_lead_to_it(file: Path, workspace: Workspace) -> None:
    plan = load(file).plan
    assert plan is not None
    processes = load_processes(workspace)
    for phrase in plan.phrases:
        for words in (phrase, f"Please {phrase.upper()}!"):
            found = KnownProcesses().plan(Request(words, processes, workspace.now(MORNING)))
            assert isinstance(found, KnownProcess), (words, found)
            assert found.name == file.stem


def test_no_phrase_is_in_two_processes() -> None:
    plans = [load(file).plan for file in FILES]
    counts = Counter(phrase.casefold() for plan in plans if plan for phrase in plan.phrases)
    assert [phrase for phrase, count in counts.items() if count > 1] == []
