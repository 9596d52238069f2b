"""The shipped processes in many people's words, and what is near them and isn't meant."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from deskhand.inputs import read_inputs
from deskhand.plan_yaml import load
from deskhand.planner import Ask, Cannot, KnownProcess, Proposal, Request
from deskhand.planner.known import KnownProcesses
from deskhand.process import Process, Processes
from deskhand_models.literals import literals

NOW = dt.datetime(2026, 3, 12, 9)
SHIPPED = sorted((Path(__file__).parents[3] / "processes").glob("*.yaml"))
WORDINGS = Path(__file__).parent / "wordings"
NAMES = [file.stem for file in SHIPPED]


def lines(name: str) -> list[str]:
    text = (WORDINGS / f"{name}.txt").read_text()
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _shipped() -> Processes:
    plans = [(file, load(file).plan) for file in SHIPPED]
    return Processes([Process(file.stem, file, plan) for file, plan in plans])


OFFICE = _shipped()


def propose(text: str) -> Proposal:
    return KnownProcesses(literals).plan(Request(text, OFFICE, NOW))


@pytest.mark.parametrize(("name", "line"), [(name, line) for name in NAMES for line in lines(name)])
def test_a_wording_is_found_with_its_inputs(name: str, line: str) -> None:
    text, _, inputs = line.partition(" => ")
    found = propose(text)
    assert isinstance(found, KnownProcess), found
    assert found.name == name
    assert dict(found.inputs) == dict(one.split("=", 1) for one in inputs.split())
    read_inputs(found.plan, found.inputs, NOW)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in NAMES for text in lines(f"not-{name}")])
def test_something_else_is_not(name: str, text: str) -> None:
    found = propose(text)
    assert isinstance(found, Ask | Cannot), found
    assert name in found.processes


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_wordings(name: str) -> None:
    assert len(set(lines(name))) >= 20
    assert len(set(lines(f"not-{name}"))) >= 40
