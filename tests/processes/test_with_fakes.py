"""The shipped processes as their users would test them: through the fixture `deskhand`, on fakes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from deskhand.testing import Desk

PROCESSES = Path(__file__).parents[2] / "processes"
SCHEMA = """
    create table vendors (id integer primary key, name text not null, email text, iban text);
    create table invoices (id integer primary key, number text not null unique, vendor_id integer not null,
      due_date date not null, currency text not null, amount real not null, status text not null default 'open',
      paid_amount real not null default 0);
    create table payments (bank_ref text not null, invoice_id integer not null, paid_on date not null,
      amount real not null, currency text not null, primary key (bank_ref, invoice_id));
    create table reminders (invoice_id integer not null, level integer not null, sent_on date not null,
      primary key (invoice_id, level));
    create table team (id integer primary key, name text not null, email text not null, topic text not null);
    create table support_log (mail_id text primary key, received timestamp not null, sender text not null, subject text,
      topic text, action text not null, assignee text, handled_on date not null);
"""


@pytest.fixture
def office(deskhand: Desk) -> Desk:
    deskhand.connect(
        "ledger",
        "database",
        script=SCHEMA,
        vendors=[
            {"id": 1, "name": "Corner Shop", "email": "corner@shops.example", "iban": "DE01"},
            {"id": 2, "name": "Market Hall", "email": "hall@shops.example", "iban": "DE02"},
        ],
        invoices=[
            _invoice(1, 1, "100.00", "2026-10-01"),
            _invoice(2, 2, "50.00", "2026-10-05"),
            _invoice(3, 1, "70.00", "2026-12-24"),
        ],
        team=[{"id": 1, "name": "Ines", "email": "ines@acme.example", "topic": "Payments"}],
    )
    deskhand.connect("files", "spreadsheet")
    deskhand.connect("mail", "email", address="office@acme.example")
    for file in PROCESSES.glob("*.yaml"):
        deskhand.process(file)
    return deskhand


def _invoice(number: int, vendor: int, amount: str, due: str) -> dict[str, object]:
    return {
        "id": number,
        "number": f"R-2026-{number:04d}",
        "vendor_id": vendor,
        "due_date": due,
        "currency": "EUR",
        "amount": Decimal(amount),
    }


def _line(entry: str, reference: str, amount: str, iban: str = "") -> dict[str, object]:
    return {
        "Entry": entry,
        "Booking date": "2026-10-20",
        "Payer": "somebody",
        "IBAN": iban,
        "Reference": reference,
        "Amount": Decimal(amount),
        "Currency": "EUR",
    }


def test_payments_are_matched_and_booked_once(office: Desk) -> None:
    lines = [
        _line("B-1", "rg r-2026-0001 danke", "100.00"),
        _line("B-2", "R-2026-0002", "20.00"),
        _line("B-3", "a gift", "5.00"),
    ]
    office.connect("files", "spreadsheet", workbooks={"bank/statement.xlsx": {"October": lines}})
    run = office.run("reconcile-invoices", now="2026-11-02")
    assert run.status == "done"
    assert run.answer is not None
    assert {row["outcome"]: row["count"] for row in run.answer} == {"matched": 1, "different": 1, "unexpected": 1}
    assert run.effects("email.send") == {"confirmed": 1}
    paid = office.rows("select number, status, paid_amount from ledger.invoices where paid_amount > 0 order by number")
    assert [(row["number"], row["paid_amount"]) for row in paid] == [
        ("R-2026-0001", Decimal("100.00")),
        ("R-2026-0002", Decimal("20.00")),
    ]
    again = office.run("reconcile-invoices", now="2026-11-03")
    assert set(again.effects()) == {"unchanged"}


def test_reminders_go_out_once_a_day(office: Desk) -> None:
    run = office.run("overdue-reminders", now="2026-11-02")
    assert run.status == "done"
    assert run.effects(step="mails") == {"confirmed": 2}
    assert {str(row["recipients"]) for row in office.rows("select recipients from mail.sent")} >= {
        "corner@shops.example",
        "hall@shops.example",
    }
    assert office.rows("select count(*) as n from ledger.reminders") == [{"n": 2}]
    assert "confirmed" not in office.run("overdue-reminders", now="2026-11-02").effects("email.send")


def test_known_questions_are_answered_and_the_rest_assigned(office: Desk) -> None:
    faq = [
        {
            "Topic": "Payments",
            "Keywords": "bank details; iban",
            "Question": "What are your bank details?",
            "Answer": "DE02 1203",
        }
    ]
    topics = [{"Topic": "Payments", "Keywords": "payment; invoice", "Folder": "Payments"}]
    office.connect("files", "spreadsheet", workbooks={"support/faq.xlsx": {"faq": faq, "topics": topics}})
    mails = [
        {"sender": "kim@shops.example", "subject": "Your bank details?", "body": "Please tell me your bank details."},
        {"sender": "lee@shops.example", "subject": "Invoice", "body": "A question about my invoice and its payment."},
    ]
    office.connect("mail", "email", address="office@acme.example", mails=mails)
    run = office.run("support-triage", now="2026-11-02")
    assert run.status == "done"
    assert run.effects("email.reply") == {"confirmed": 1}
    assert run.effects("email.forward") == {"confirmed": 1}
    assert "DE02 1203" in str(
        office.rows("select body from mail.sent where recipients = 'kim@shops.example'")[0]["body"]
    )
    assert office.rows("select count(*) as n from mail.inbox") == [{"n": 0}]
    assert office.run("support-triage", now="2026-11-02").effects() == {}
