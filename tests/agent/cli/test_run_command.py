"""`agent run`, `plan`, `runs`, `approve`, `exceptions` and `traces` as a person sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest
from deskhand.cli.main import main
from deskhand.store import Store
from deskhand.testing import Desk
from syrupy.assertion import SnapshotAssertion

PROCESS = dedent("""\
    process: reminders
    description: Remind every vendor of open invoices.
    phrases: ["remind the vendors"]
    steps:
      - id: overdue
        query: |
          select i.number, i.amount, v.email from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id
          order by i.number
      - id: mails
        email.send:
          rows: overdue
          to: "{{ email }}"
          subject: "Invoice {{ number }}"
          body: "{{ amount | money('EUR') }} are due."
      - id: marks
        query: select number, 'reminded' as status from mails.done
      - database.update: {table: ledger.invoices, rows: marks}
      - query: select count(*) as reminded, sum(amount) as total from mails.done
    """)

Agent = Callable[..., tuple[int, str, str]]


@pytest.fixture
def office(deskhand: Desk) -> Desk:
    deskhand.connect(
        "ledger",
        "database",
        vendors=[{"id": 1, "email": "a@acme.example"}, {"id": 2, "email": None}],
        invoices=[
            {"number": "R-1", "vendor_id": 1, "amount": Decimal("10.50"), "status": "open"},
            {"number": "R-2", "vendor_id": 2, "amount": Decimal("20.00"), "status": "open"},
        ],
        keys={"vendors": "id", "invoices": "number"},
    )
    deskhand.connect("mail", "email", address="ap@acme.example")
    deskhand.process(PROCESS, "reminders")
    return deskhand


@pytest.fixture
def agent(office: Desk, capsys: pytest.CaptureFixture[str]) -> Agent:
    """Runs `agent …` in this workspace; gives the exit code and what it printed, run ids and times replaced."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--workspace", str(office.root)])
        out, err = capsys.readouterr()
        return code, *(
            re.sub(r"\d{8}-[0-9a-z]{5}", "RUN", re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+Z)?", "TIME", t))
            for t in (out, err)
        )

    return call


def _files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".deskhand" not in path.parts
    }


def test_the_preview_shows_mails_in_full_and_writes_nothing(
    office: Desk, agent: Agent, snapshot: SnapshotAssertion
) -> None:
    before = _files(office.root)
    code, out, err = agent("plan", "reminders", "--now", "2026-03-11T09:00")
    assert (code, err) == (0, "")
    assert out == snapshot
    assert _files(office.root) == before
    assert not (office.root / ".deskhand" / "state.db").exists()


def test_a_run_from_its_sentence_to_its_exceptions(office: Desk, agent: Agent, snapshot: SnapshotAssertion) -> None:
    code, out, _ = agent("run", "please remind the vendors", "--now", "2026-03-11T09:00", "--yes")
    assert code == 4
    assert out == snapshot(name="run")
    code, out, _ = agent("exceptions")
    assert (code, out) == (0, snapshot(name="exceptions"))
    assert agent("exceptions", "dismiss", "1", "--note", "has no address")[0] == 0
    assert "empty" in agent("exceptions")[1]
    assert agent("exceptions", "dismiss", "1")[0] == 2
    assert agent("exceptions", "dismiss", "9")[0] == 64
    code, out, _ = agent("runs")
    assert (code, out) == (0, snapshot(name="runs"))
    code, out, _ = agent("traces")
    assert (code, out) == (0, snapshot(name="traces"))
    run_id = office.workspace.root / ".deskhand" / "traces"
    (trace,) = run_id.glob("*.json")
    code, out, _ = agent("runs", "show", trace.stem)
    assert (code, out) == (0, snapshot(name="show"))
    assert agent("traces", trace.stem)[1].endswith(json.loads(trace.read_text())["plan"])


def test_nothing_is_run_where_nobody_can_be_asked(agent: Agent, office: Desk) -> None:
    code, out, err = agent("run", "reminders")
    assert (code, out) == (2, "")
    assert "--yes" in err
    assert agent("runs")[1].startswith("Nothing has been run")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 64, "WHAT"),
        (["run", "reminders", "--nope"], 64, "--nope"),
        (["run", "reminders", "--yes", "--input", "x"], 64, "name=value"),
        (["run", "reminders", "--yes", "--input", "x=1", "--input", "x=2"], 64, "twice"),
        (["run", "reminders", "--yes", "--input", "x=1"], 2, "no input"),
        (["run", "reminders", "--yes", "--now", "yesterday"], 64, "yesterday"),
        (["run", "", "--yes"], 2, "nothing to run"),
        (["run", "none.yaml", "--yes"], 2, "no file"),
        (["runs", "show", "20260101-aaaaa"], 64, "no run"),
        (["runs", "resume", "20260101-aaaaa"], 64, "no run"),
        (["runs", "cancel", "20260101-aaaaa"], 64, "no run"),
        (["runs", "--status", "finished"], 64, "no status"),
        (["approve", "20260101-aaaaa", "--yes"], 64, "no run"),
        (["traces", "20260101-aaaaa"], 64, "no trace"),
    ],
)
def test_wrong_words_are_told_plainly(agent: Agent, arguments: list[str], code: int, said: str) -> None:
    found, out, err = agent(*arguments)
    assert found == code
    assert said in (out + err).replace("\n", " ")
    assert "Traceback" not in out + err


def test_json_is_one_object_whatever_happens(agent: Agent) -> None:
    for arguments in (
        ["run", "write a poem", "--yes"],
        ["run", "reminders"],
        ["run", "none.yaml", "--yes"],
        ["run", "reminders", "--yes"],
    ):
        code, out, _ = agent(*arguments, "--json")
        head = json.loads(out)
        assert {"status", "run_id", "plan", "answer", "effects"} <= set(head)
        assert head["status"] in ("asked", "refused", "done_with_exceptions")
        assert code in (2, 4)


def test_approvals(agent: Agent, office: Desk, snapshot: SnapshotAssertion) -> None:
    office.policy("email.send", approve_when="count(*) > 1")
    assert agent("approve")[1] == "Nothing waits for an approval.\n"
    code, out, _ = agent("run", "reminders", "--yes", "--json")
    assert code == 3
    assert json.loads(out)["status"] == "waiting"
    assert agent("approve")[1] == snapshot
    run_id = next((office.root / ".deskhand" / "traces").glob("*.json")).stem
    assert agent("approve", run_id, "--as", "Ann")[0] == 4
    code, _, err = agent("approve", run_id, "--yes")
    assert code == 2
    assert "waits for no approval" in err


def test_a_run_that_waits_can_be_cancelled(agent: Agent, office: Desk) -> None:
    office.policy("email.send", approve_when="count(*) > 1")
    agent("run", "reminders", "--yes")
    run_id = next((office.root / ".deskhand" / "traces").glob("*.json")).stem
    assert agent("runs", "cancel", run_id)[0] == 0
    assert json.loads(agent("runs", "show", run_id, "--json")[1])["status"] == "cancelled"
    assert agent("runs", "cancel", run_id)[0] == 2
    assert agent("runs", "resume", run_id)[0] == 2


def test_a_denied_approval_cancels_the_run(agent: Agent, office: Desk) -> None:
    office.policy("email.send", approve_when="count(*) > 1")
    agent("run", "reminders", "--yes")
    run_id = next((office.root / ".deskhand" / "traces").glob("*.json")).stem
    code, out, _ = agent("approve", run_id, "--no", "--yes", "--as", "Ann", "--note", "wrong amounts")
    assert code == 1
    assert "Ann did not approve" in out
    assert "wrong amounts" in out


@pytest.mark.parametrize(
    ("by", "arguments", "code", "who"),
    [
        ("[]", [], 0, "somebody"),
        ("[controller]", [], 0, "controller"),
        ("[controller]", ["--as", "boss"], 2, None),
        ("[controller, boss]", [], 2, None),
        ("[controller, boss]", ["--as", "Boss"], 0, "Boss"),
    ],
)
def test_who_approves(
    agent: Agent,
    office: Desk,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    arguments: list[str],
    code: int,
    who: str | None,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "somebody")
    plan = office.root / "ask.yaml"
    plan.write_text(
        f"steps:\n  - {{id: a, query: select number from ledger.invoices}}\n  - approve: {{rows: a, by: {by}}}\n"
    )
    assert agent("run", str(plan), "--yes")[0] == 3
    run_id = next((office.root / ".deskhand" / "traces").glob("*.json")).stem
    assert agent("approve", run_id, *arguments)[0] == code
    with Store(office.root) as store:
        decisions = [decision for one in store.approvals(run_id) for decision in one.decisions]
    assert [decision.who for decision in decisions] == ([who] if who else [])
    assert all(("typed by somebody" in decision.note) == (who != "somebody") for decision in decisions)


def test_an_exception_inside_a_loop_says_whose_it_is(agent: Agent, office: Desk) -> None:
    plan = office.root / "loop.yaml"
    plan.write_text(
        "steps:\n  - {id: all_of_them, query: 'select id, email from ledger.vendors order by id'}\n"
        "  - for_each: all_of_them\n    as: one\n    steps:\n"
        "      - email.send: {to: '{{ one.email }}', subject: Hello}\n"
    )
    assert agent("run", str(plan), "--yes")[0] == 4
    (found,) = json.loads(agent("exceptions", "--json")[1])
    assert found["row"] == {"id": 2, "email": None}
