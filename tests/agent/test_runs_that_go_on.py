"""Runs that are gone on with after the world has changed, calls whose end was written just before a crash, and
policies inside loops."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from textwrap import dedent

import pytest
from deskhand.errors import RefusedError
from deskhand.runs import Runner
from deskhand.testing import Desk


@pytest.fixture
def office(deskhand: Desk) -> Desk:
    invoices = [{"number": f"R-{n}", "amount": n * 10, "status": "open"} for n in range(1, 6)]
    deskhand.connect("ledger", "database", invoices=invoices, keys={"invoices": "number"})
    deskhand.connect("mail", "email", address="ap@acme.example")
    return deskhand


def killed(office: Desk, what: str, point: str) -> None:
    """Run it in a process of its own, which dies at that point."""
    done = subprocess.run(
        [sys.executable, "-m", "deskhand.cli.main", "run", what, "--yes", "--workspace", str(office.root)],
        env={**os.environ, "DESKHAND_FAULT": point},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


TWO_ACTS = dedent("""\
    process: two-acts
    description: Pays one invoice, then asks for another column.
    steps:
      - id: first
        query: select number, 'paid' as status from ledger.invoices where number = 'R-1'
      - id: pay
        database.update: {table: ledger.invoices, rows: first}
      - id: second
        query: select number, amount from ledger.invoices where status = 'open'
    """)


def test_what_has_changed_something_is_failed_when_its_check_fails_later(office: Desk) -> None:
    office.process(TWO_ACTS, "two-acts")
    killed(office, "two-acts", "after-confirm")
    ledger = sqlite3.connect(office.root / "ledger.db")
    ledger.execute("alter table invoices rename column amount to total")
    ledger.commit()
    with Runner(office.workspace) as runner:
        (run,) = runner.store.runs()
        head = runner.resume(run.id)
        assert head.run.status == "failed" and head.exit_code == 1
        assert "amount" in str(head.run.reason) and head.problems
        ledger.execute("alter table invoices rename column total to amount")
        ledger.commit()
        assert runner.resume(run.id).run.status == "done"


def test_a_source_that_is_gone_before_the_run_began_is_told_as_its_end(office: Desk) -> None:
    office.process(TWO_ACTS, "two-acts")
    (office.root / "ledger.db").unlink()
    run = office.run("two-acts")
    assert run.status in ("failed", "refused") and "ledger" in run.reason
    assert not run.effects()


CALLED = dedent("""\
    process: remind-one
    description: One reminder.
    inputs:
      number: {type: text}
    steps:
      - email.send: {to: a@acme.example, subject: "Invoice {{ inputs.number }}", body: x}
    """)
CALLER = dedent("""\
    process: remind-all
    description: A reminder for each.
    steps:
      - id: rows_
        query: select number from ledger.invoices order by number
      - call: {process: remind-one, rows: rows_, inputs: {number: "{{ number }}"}}
    """)


def test_a_called_process_that_ended_just_before_a_crash_stays_as_it_ended(office: Desk) -> None:
    office.process(CALLED, "remind-one")
    office.process(CALLER, "remind-all")
    killed(office, "remind-all", "after-call:2")
    with Runner(office.workspace) as runner:
        (run,) = runner.store.runs()
        head = runner.resume(run.id)
    assert head.run.status == "done"
    assert len(office.rows("select id from mail.sent")) == 5


LOOP = dedent("""\
    process: loop
    description: A mail for each invoice.
    steps:
      - id: rows_
        query: select number, amount from ledger.invoices order by number
      - id: each
        for_each: rows_
        as: one
        steps:
          - email.send: {CONDITION to: a@acme.example, subject: "{{ number }}", body: x}
    """)


def test_a_limit_holds_over_all_rows_of_a_loop_before_the_first(office: Desk) -> None:
    office.policy("email.send", max_rows=4)
    office.process(LOOP.replace("CONDITION", ""))
    run = office.run("loop")
    assert run.status == "refused" and "allows 4" in run.reason


def test_a_limit_holds_inside_a_loop_whose_acts_have_conditions(office: Desk) -> None:
    office.policy("email.send", max_rows=2)
    office.process(LOOP.replace("CONDITION", "when: select max(amount) > 20 from one,"))
    run = office.run("loop")
    assert run.status == "failed" and "allows 2" in run.reason
    assert len(office.rows("select id from mail.sent")) == 2


def test_a_rule_for_approvals_sees_all_rows_of_a_loop(office: Desk) -> None:
    office.policy("email.send", approve_when="count(*) > 4 and sum(amount) > 100")
    office.process(LOOP.replace("CONDITION", ""))
    run = office.run("loop")
    assert run.status == "waiting" and not run.effects()
    with Runner(office.workspace) as runner:
        (asked,) = runner.store.pending_approvals(run.run_id)
        shown = runner.approval_data(asked)
        assert asked.count == 5 and shown is not None and shown.count == 5
    assert office.approve(run).status == "done"
    assert len(office.rows("select id from mail.sent")) == 5


def test_a_rule_for_approvals_that_no_loop_meets_asks_nothing(office: Desk) -> None:
    office.policy("email.send", approve_when="count(*) > 5")
    office.process(LOOP.replace("CONDITION", ""))
    assert office.run("loop").status == "done"


INSERT = dedent("""\
    process: insert
    description: Two new invoices, or none.
    steps:
      - id: fresh
        query: select 'R-1' as number, 5 as amount, 'open' as status union all select 'R-9', 5, 'open'
      - id: add
        database.insert: {table: ledger.invoices, rows: fresh, on_error: stop}
    """)


def test_a_row_that_is_taken_after_all_leaves_the_inbox(office: Desk) -> None:
    office.process(INSERT, "insert")
    run = office.run("insert")
    assert run.status == "failed" and len(office.exceptions(run)) == 1
    ledger = sqlite3.connect(office.root / "ledger.db")
    ledger.execute("delete from invoices where number = 'R-1'")
    ledger.commit()
    assert office.resume(run).status == "done"
    assert not office.exceptions(run)


MAILS = dedent("""\
    process: mails
    description: A mail for each invoice.
    steps:
      - id: rows_
        query: select number from ledger.invoices order by number
      - email.send: {rows: rows_, to: a@acme.example, subject: "{{ number }}", body: BODY}
    """)


def test_an_edited_process_is_not_begun_anew_over_what_its_earlier_plan_left_half_done(office: Desk) -> None:
    office.process(MAILS.replace("BODY", "one"), "mails")
    killed(office, "mails", "after-confirm:2")
    office.process(MAILS.replace("BODY", "two"), "mails")
    with pytest.raises(RefusedError, match="was interrupted"):
        office.run("mails")
    with Runner(office.workspace) as runner:
        assert runner.resume(runner.store.runs()[0].id).run.status == "done"
    assert {r["body"] for r in office.rows("select trim(body) as body from mail.sent")} == {"one"}
    assert office.run("mails").status == "done"


def test_an_attached_workbook_that_cannot_be_read_is_told(deskhand: Desk) -> None:
    broken = {"sender": "x@y.example", "subject": "list", "body": "x", "attachments": {"list.xlsx": b"PK no workbook"}}
    deskhand.connect("mail", "email", address="ap@acme.example", mails=[broken])
    run = deskhand.run('steps:\n  - query: select count(*) as n from mail."attachments/list.xlsx"\n')
    assert run.status in ("failed", "refused") and "list.xlsx" in run.reason
