"""The fixture `deskhand`: a user's test of a process reads as in the README, and judges what happened."""

from __future__ import annotations

from decimal import Decimal
from textwrap import dedent

import pytest
from deskhand.errors import RefusedError, UsageError
from deskhand.testing import Desk

PROCESS = dedent("""\
    process: reminders
    description: Write to every vendor with an open invoice past its due date.
    inputs:
      grace: {type: integer, default: 0}
    steps:
      - id: overdue
        query: |
          select i.number, i.amount, v.email from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id
          where i.due_date < days_ago(:grace) order by i.number
      - email.send:
          rows: overdue
          to: "{{ email }}"
          subject: "Invoice {{ number }}"
          body: "{{ amount | money('EUR') }} are due."
      - query: select count(*) as reminded, sum(amount) as total from overdue
    """)


@pytest.fixture
def office(deskhand: Desk) -> Desk:
    deskhand.connect(
        "ledger",
        "database",
        vendors=[{"id": 1, "email": "a@acme.example"}, {"id": 2, "email": None}],
        invoices=[
            {"number": "R-1", "vendor_id": 1, "amount": Decimal("10.50"), "due_date": "2026-03-01"},
            {"number": "R-2", "vendor_id": 2, "amount": Decimal("20.00"), "due_date": "2026-03-02"},
            {"number": "R-3", "vendor_id": 1, "amount": Decimal("30.00"), "due_date": "2026-03-10"},
            {"number": "R-4", "vendor_id": 1, "amount": Decimal("40.00"), "due_date": "2026-04-01"},
        ],
        keys={"vendors": "id", "invoices": "number"},
    )
    deskhand.connect("mail", "email", address="ap@acme.example")
    deskhand.process(PROCESS, "reminders")
    return deskhand


def test_a_process_is_run_on_fakes(office: Desk) -> None:
    run = office.run("reminders", now="2026-03-11", grace=5)
    assert run.status == "done_with_exceptions"
    assert run.effects("email.send") == {"confirmed": 1, "refused": 1}
    assert run.answer == [{"reminded": 2, "total": "30.50"}]
    assert office.exceptions(run)[0][0]["number"] == "R-2"
    assert "email is empty" in office.exceptions(run)[0][1]
    sent = office.rows("select recipients, subject, trim(body) as body from mail.sent")
    assert sent == [{"recipients": "a@acme.example", "subject": "Invoice R-1", "body": "10.50 EUR are due."}]


def test_a_plan_with_problems_is_a_refused_run(office: Desk) -> None:
    run = office.run("steps:\n  - query: select nope from ledger.vendors\n")
    assert run.status == "refused"
    assert run.problems[0]["code"] == "unknown-column"
    assert run.effects() == {}


def test_wrong_inputs_are_refused(office: Desk) -> None:
    assert "grace" in office.run("reminders", grace="many").reason
    assert "grase" in office.run("reminders", grase=1).reason


def test_approvals_wait_and_go_on(office: Desk) -> None:
    office.policy("email.send", approve_when="count(*) > 1")
    run = office.run("reminders", now="2026-03-11", grace=5)
    assert run.status == "waiting"
    assert run.effects() == {}
    assert office.approve(run).status == "done_with_exceptions"
    again = office.run("reminders", now="2026-03-12", grace=0)
    assert again.status == "waiting"
    assert office.approve(again, yes=False).status == "cancelled"
    assert office.rows("select count(*) as n from mail.sent") == [{"n": 1}]


def test_what_was_left_half_done_is_not_started_anew(office: Desk) -> None:
    office.policy("email.send", approve_when="count(*) > 1")
    run = office.run("reminders", now="2026-03-11", grace=5)
    with pytest.raises(RefusedError, match=run.run_id):
        office.run("reminders", now="2026-03-11", grace=5)


def test_policy_limits(office: Desk) -> None:
    office.policy("email.send", max_rows=1)
    assert office.run("reminders", grace=5).status == "refused"
    office.policy("email.send", recipients=["*@elsewhere.example"])
    run = office.run("reminders", grace=6)
    assert run.effects("email.send") == {"refused": 2}
    office.policy("email.send", recipients=["ledger.vendors.email"])
    assert office.run("reminders", grace=7).effects("email.send") == {"confirmed": 1, "refused": 1}


def test_nobody_is_asked_to_approve_what_is_over_the_limit(office: Desk) -> None:
    office.policy("email.send", max_rows=1, approve_when="count(*) > 1")
    run = office.run("reminders", grace=5)
    assert run.status == "refused"
    assert "2 times, and the policy allows 1" in str(run.reason)


def test_wrong_words_for_a_fake_are_told(deskhand: Desk) -> None:
    with pytest.raises(UsageError, match="mail"):
        deskhand.connect("mail", "email", mials=[])
    with pytest.raises(UsageError, match="sheets"):
        deskhand.connect("files", "spreadsheet", sheets={})
