"""Sentences at the command line: what their traces keep, and follow-up words that amend the last one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from deskhand.cli import planning
from deskhand.cli.main import main
from deskhand.plan import Plan
from deskhand.plan_yaml import parse
from deskhand.planner import Took
from deskhand.store import Store, last_sentence, remember_sentence
from deskhand.testing import Desk

ALL = parse("steps:\n  - query: select number from ledger.invoices\n").plan
OPEN = parse("steps:\n  - query: select number from ledger.invoices where status = 'open'\n").plan
Agent = Callable[..., tuple[int, str, str]]


@dataclass
class Reading:
    plan: Plan | None
    question: str = ""
    reason: str = ""
    score: float = -1.0
    evidence: dict[str, float] = field(default_factory=dict)
    took: Took | None = None


class Model:
    """Writes what the test says, and remembers what it was asked."""

    name = "langchain:openai:test"

    def __init__(self, readings: Sequence[Reading], bias: float = 5.0) -> None:
        self.said, self.asked = readings, list[str]()
        self.calibration = SimpleNamespace(weights={"bias": bias}, sure=0.8, ask=0.3)

    def readings(self, request: str, *_: Any, **__: Any) -> Sequence[Reading]:
        self.asked.append(request)
        return self.said


@pytest.fixture
def office(deskhand: Desk) -> Desk:
    deskhand.connect(
        "ledger", "database", invoices=[{"number": "R-1", "status": "open"}, {"number": "R-2", "status": "paid"}]
    )
    return deskhand


@pytest.fixture
def agent(office: Desk, capsys: pytest.CaptureFixture[str]) -> Agent:
    def run(*args: str) -> tuple[int, str, str]:
        code = main([*args, "--workspace", str(office.workspace.root)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Model]:
    def use(*readings: Reading, bias: float = 5.0) -> Model:
        made = Model(readings, bias)
        monkeypatch.setattr(planning, "open_model", lambda _: made)
        return made

    return use


def trace(office: Desk) -> Any:
    with Store(office.workspace.root) as store:
        (found,) = list(store.traces())
        return found


def test_a_trace_keeps_what_planning_took(office: Desk, agent: Agent, model: Callable[..., Model]) -> None:
    model(Reading(ALL, took=Took("langchain:openai:test", 0.5, 2, 1200, 80, 0.004)))
    assert agent("run", "list the invoices", "--yes")[0] == 0
    kept = trace(office).planning
    assert kept["model"] == "langchain:openai:test"
    assert (kept["tries"], kept["tokens_in"], kept["tokens_out"], kept["cost"]) == (2, 1200, 80, 0.004)
    assert kept["seconds"] >= 0
    assert kept["probability"] == pytest.approx(0.9933)
    assert "readings" not in kept


def test_a_question_keeps_its_readings(office: Desk, agent: Agent, model: Callable[..., Model]) -> None:
    model(Reading(ALL), Reading(OPEN, score=-1.5), bias=0.0)
    code, out, _ = agent("run", "list the invoices", "--yes", "--json")
    assert (code, json.loads(out)["status"]) == (2, "asked")
    kept = trace(office)
    assert [parse(text).plan for text in kept.planning["readings"]] == [ALL, OPEN]
    assert "chosen" not in kept.planning
    assert kept.question


def test_an_answer_is_kept_to_learn_from(
    office: Desk, agent: Agent, model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    from deskhand.cli import choosing, run

    monkeypatch.setattr(choosing, "choose", lambda *_, **__: 2)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(run.click, "confirm", lambda *_, **__: True)
    asked = model(Reading(ALL), Reading(OPEN, score=-1.5), bias=0.0).asked
    assert agent("run", "list the invoices")[0] == 0
    kept = trace(office)
    assert kept.planning["chosen"] == 2
    assert parse(kept.plan).plan == OPEN
    code, out, _ = agent("run", "List the  invoices!", "--yes", "--json")
    assert (code, len(asked)) == (0, 1), "the answer of before holds, and no model is asked"
    assert parse(json.loads(out)["plan"]).plan == OPEN


def test_follow_up_words_amend_the_last_sentence(agent: Agent, model: Callable[..., Model]) -> None:
    asked = model(Reading(ALL)).asked
    assert agent("run", "list the invoices.", "--yes")[0] == 0
    assert agent("run", "--amend", "only the open ones", "--yes")[0] == 0
    assert agent("plan", "--amend", "of Kranz")[0] == 0
    assert asked == [
        "list the invoices.",
        "list the invoices, only the open ones",
        "list the invoices, only the open ones, of Kranz",
    ]


def test_follow_up_words_may_amend_a_sentence_that_stands_beside_them(
    agent: Agent, model: Callable[..., Model]
) -> None:
    asked = model(Reading(ALL)).asked
    assert agent("plan", "list the invoices", "--amend", "only the open ones")[0] == 0
    assert asked == ["list the invoices, only the open ones"]


@pytest.mark.parametrize(("words", "said"), [("only the open ones", "nothing to amend"), (" ", "takes the words")])
def test_an_amendment_of_nothing_is_refused(agent: Agent, model: Callable[..., Model], words: str, said: str) -> None:
    asked = model(Reading(ALL)).asked
    code, _, err = agent("run", "--amend", words, *(["list them"] if words == " " else []), "--yes")
    assert code == 64
    assert said in err
    assert not asked


def test_something_must_be_said(agent: Agent) -> None:
    code, _, err = agent("run", "--yes")
    assert code == 64
    assert "WHAT" in err


def test_a_damaged_last_sentence_is_none(office: Desk, agent: Agent, model: Callable[..., Model]) -> None:
    model(Reading(ALL))
    agent("plan", "list the invoices")
    (office.workspace.root / ".deskhand" / "last-sentence.json").write_text("{")
    assert "nothing to amend" in agent("plan", "--amend", "only mine")[2]


def test_secrets_in_the_last_sentence_are_masked(tmp_path: Path) -> None:
    remember_sentence(tmp_path, "log in with hunter2secret", ["hunter2secret"])
    assert "hunter2secret" not in str(last_sentence(tmp_path))
