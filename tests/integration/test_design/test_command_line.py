"""The command line to the letter: exit codes, the JSON object, runs, resume, processes by name and sentences."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import NOW, Office, agent

HEAD = {"status", "run_id", "plan", "answer", "effects"}
HELLO = 'steps:\n  - email.send: {to: boss@acme.example, subject: "hello {{ today }}", body: x}\n'


def test_the_object_and_nothing_else(office: Office) -> None:
    """By subprocess: one object on standard output, whatever happens on the way."""
    file = office.plan("""
        inputs: {least: {type: decimal, default: 0}}
        steps:
          - id: a
            query: select number, amount from ledger.invoices where amount >= :least order by number limit 1
          - spreadsheet.write: {file: a.xlsx, rows: a}
          - query: select number, amount, true as yes from a
    """)
    command = [str(Path(sys.executable).with_name("agent")), "run", str(file), "--workspace", str(office.root),
               "--now", NOW, "--yes", "--json", "--input", "least=100"]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert set(found) == HEAD
    assert found["status"] == "done"
    assert found["answer"] == {"columns": ["number", "amount", "yes"], "rows": [["0001", "100.10", True]]}
    (effect,) = found["effects"]
    assert set(effect) == {"step", "operation", "key", "state"}
    assert (effect["operation"], effect["state"]) == ("spreadsheet.write", "confirmed")
    assert isinstance(effect["key"], str)
    assert ended.stderr == ""


def test_without_a_terminal_and_without_yes_nothing_runs(office: Office) -> None:
    for more in ([], ["--json"]):
        outcome = agent("run", office.plan(HELLO), "--workspace", office.root, "--now", NOW, *more)
        assert outcome.code == 2
        assert "--yes" in outcome.out + outcome.err
        if more:
            assert outcome.json["status"] == "refused"
    assert not office.folder("Sent").exists() or not office.sent()


def test_the_same_again_does_it_again(office: Office) -> None:
    office.do(HELLO)
    office.do(HELLO)
    office.do(HELLO, now="2026-03-12T09:00")
    assert office.subjects("Sent") == ["hello 2026-03-11", "hello 2026-03-11", "hello 2026-03-12"]


def test_a_process_by_its_name_and_by_a_sentence(office: Office) -> None:
    office.process("greet-boss", """
        description: Say hello to the boss.
        phrases: [say hello to the boss]
        inputs: {word: {default: hello}}
        steps:
          - email.send: {to: boss@acme.example, subject: "{{ inputs.word }}", body: x}
    """)  # fmt: skip
    for what in ("greet-boss", "say hello to the boss"):
        outcome = agent("run", what, "--workspace", office.root, "--yes", "--json", "--input", f"word={what}")
        assert (outcome.code, outcome.json["status"]) == (0, "done")
    assert office.subjects("Sent") == ["greet-boss", "say hello to the boss"]


def test_a_sentence_that_is_no_process(office: Office) -> None:
    outcome = agent("run", "paint the house green", "--workspace", office.root, "--yes", "--json")
    assert outcome.code == 2
    assert outcome.json["status"] in ("refused", "asked")
    assert outcome.json["effects"] == []
    assert outcome.json.get("reason") or outcome.json.get("question")


def test_runs_are_listed_newest_first_as_heads(office: Office) -> None:
    first = office.do(HELLO).json
    second = office.run("steps:\n  - query: select nothing from ledger.invoices\n").json
    third = office.do("steps:\n  - query: select 1 as n\n").json
    heads = office.agent("runs --json").json
    assert isinstance(heads, list)
    assert all(set(head) >= HEAD for head in heads)
    listed = [h["run_id"] for h in heads]
    assert listed[0] == third["run_id"]
    assert listed[-1] == first["run_id"]
    assert heads[0]["answer"]["rows"] == [[1]]
    assert [h["status"] for h in heads if h["run_id"] == second["run_id"]] in ([], ["refused"])


def test_resume(office: Office) -> None:
    """A database that is gone in the middle fails the run; once it is back the run goes on, and nothing is repeated."""
    (office.root / "agent.toml").write_text(
        (office.root / "agent.toml").read_text() + '\n[connections.other]\ntool = "spreadsheet"\nfolder = "other"\n'
    )
    (office.root / "other").mkdir()
    text = """
        steps:
          - email.send: {to: boss@acme.example, subject: first, body: x}
          - id: q
            query: select id, total + 1 as total from ledger.quotes where id = 1
          - database.update: {table: ledger.quotes, rows: q}
          - query: select total from ledger.quotes where id = 1
            expect: 2
    """
    outcome = office.run(text)
    assert (outcome.code, outcome.json["status"]) == (1, "failed")
    again = office.agent("runs resume --json", outcome.json["run_id"])
    assert again.code == 1
    assert office.subjects("Sent") == ["first"]
    assert office.db("select total from quotes where id = 1") == [(11.5,)]
    assert office.agent("runs cancel --json", outcome.json["run_id"]).json["status"] == "cancelled"
    assert office.agent("runs resume --json", outcome.json["run_id"]).code == 2
    assert office.agent("runs resume --json nonsense").code == 64


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "plan.yaml", "--nowhen", "x"],
        ["run", "plan.yaml", "--input", "novalue", "--yes"],
        ["fly"],
        [],
    ],
)
def test_wrong_usage(office: Office, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    office.plan("steps: [{query: select 1 as n}]")
    monkeypatch.chdir(office.root)
    assert agent(*arguments).code == 64


def test_the_workspace_is_here_or_the_nearest_above(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.plan("steps:\n  - query: select count(*) as n from ledger.vendors\n")
    monkeypatch.chdir(office.files)
    outcome = agent("run", "../plan.yaml", "--yes", "--json")
    assert outcome.answer == [[4]]
    monkeypatch.chdir(office.root.parent)
    assert agent("run", "office/plan.yaml", "--yes", "--json").code == 2


def test_a_missing_file_and_an_empty_one(office: Office) -> None:
    for content in (None, "", "steps: []\n", "- a\n- b\n", "steps: 5\n", "\tsteps:\n"):
        file = office.root / "odd.yaml"
        if content is not None:
            file.write_text(content)
        outcome = agent("run", file, "--workspace", office.root, "--yes", "--json")
        assert outcome.code == 2, (content, outcome.out)
        assert outcome.json["status"] in ("refused", "asked")


def test_plan_shows_everything_and_writes_nothing(office: Office) -> None:
    file = office.plan("""
        steps:
          - id: raised
            query: select id, total + 1 as total from ledger.quotes where id < 3 order by id
          - database.update: {table: ledger.quotes, rows: raised}
          - email.send: {to: boss@acme.example, subject: "{{ raised.count }} raised", body: "The sum is {{ raised.first.total | money }}.", attach: [{table: raised, name: a.csv}]}
          - spreadsheet.write: {file: a.xlsx, rows: raised}
          - query: select total from ledger.quotes
            expect: 3
    """)
    before = {p: p.read_bytes() for p in office.root.rglob("*") if p.is_file() and ".deskhand" not in p.parts}
    outcome = agent("plan", file, "--workspace", office.root, "--now", NOW)
    assert outcome.code == 0
    for wanted in (
        "10.50",
        "11.50",
        "20.25",
        "21.25",
        "2 raised",
        "The sum is 11.50.",
        "boss@acme.example",
        "a.xlsx",
        "32.75",
    ):
        assert wanted in outcome.out, wanted
    shown = agent("plan", file, "--workspace", office.root, "--now", NOW, "--json").json
    assert "raised" in shown["plan"]
    assert before == {p: p.read_bytes() for p in office.root.rglob("*") if p.is_file() and ".deskhand" not in p.parts}


def test_the_preview_says_beforehand_that_expect_does_not_hold(office: Office) -> None:
    file = office.plan("""
        steps:
          - query: select id from ledger.quotes where customer = 'Nobody'
            expect: one
          - email.send: {to: boss@acme.example, subject: a, body: b}
    """)
    outcome = agent("plan", file, "--workspace", office.root, "--now", NOW)
    assert outcome.code == 2
    assert "nothing was found" in outcome.out
    assert office.run(file).code == 2


def test_a_printed_plan_is_the_same_plan(office: Office) -> None:
    text = """
        description: 'Odd: texts # and yes'
        steps:
          - id: a
            query: |
              select 1 as n -- a comment
          - email.send: {to: boss@acme.example, subject: "2026", body: "yes # no: {{ today }}"}
          - spreadsheet.write: {file: "2026.xlsx", sheet: 2026, rows: a}
    """
    first = office.do(text).json["plan"]
    again = office.do(office.plan(first, "printed")).json["plan"]
    assert first == again
    assert "yes # no" in first
    assert len(office.sent()) == 2


def test_catalog_and_check(office: Office) -> None:
    catalog = office.agent("catalog --json")
    assert catalog.code == 0
    for wanted in ("Kunden Übersicht", "budget.xlsx/2026", "archive/bank.csv", "inbox", "open_invoices", "email.send"):
        assert wanted in catalog.out
    good = office.plan("steps:\n  - query: select 1 as n\n", "good")
    bad = office.plan("steps:\n  - query: select nmber from ledger.invoices\n  - email.sent: {}\n", "bad")
    assert office.agent("check", good).code == 0
    found = office.agent("check", good, bad)
    assert found.code == 2
    assert "bad.yaml:2" in found.out + found.err
    assert "bad.yaml:3" in found.out + found.err
    assert "number" in found.out + found.err
