"""The run's logical time, and business dates at the ends of weeks, months, quarters and years."""

from __future__ import annotations

import pytest

from .conftest import Office, agent

DATES = [
    # now, expression, day
    ("2026-03-11", "days_ago(0)", "2026-03-11"),
    ("2026-03-01", "days_ago(1)", "2026-02-28"),
    ("2024-02-28", "days_ahead(1)", "2024-02-29"),
    ("2026-12-31", "days_ahead(1)", "2027-01-01"),
    ("2026-03-15", "start_of('week')", "2026-03-09"),  # a Sunday ends its week
    ("2026-03-16", "start_of('week')", "2026-03-16"),
    ("2026-03-15", "end_of('week')", "2026-03-15"),
    ("2026-03-11", "start_of('week', 1)", "2026-03-16"),
    ("2026-03-11", "end_of('week', -1)", "2026-03-08"),
    ("2026-03-31", "start_of('month', -1)", "2026-02-01"),
    ("2026-03-31", "end_of('month', -1)", "2026-02-28"),
    ("2026-01-31", "end_of('month', 1)", "2026-02-28"),
    ("2026-01-15", "start_of('month', -1)", "2025-12-01"),
    ("2026-03-31", "end_of('quarter')", "2026-03-31"),
    ("2026-04-01", "start_of('quarter')", "2026-04-01"),
    ("2026-02-10", "start_of('quarter', -1)", "2025-10-01"),
    ("2026-02-10", "end_of('quarter', -1)", "2025-12-31"),
    ("2026-11-30", "end_of('quarter', 1)", "2027-03-31"),
    ("2026-12-31", "start_of('year')", "2026-01-01"),
    ("2026-01-01", "end_of('year', -1)", "2025-12-31"),
    ("2026-03-11", "start_of('day', -2)", "2026-03-09"),
    ("2026-03-13", "last_weekday('friday')", "2026-03-06"),  # strictly before today
    ("2026-03-14", "last_weekday('friday')", "2026-03-13"),
    ("2026-03-13", "next_weekday('friday')", "2026-03-20"),  # strictly after
    ("2026-03-12", "next_weekday('friday')", "2026-03-13"),
    ("2026-03-13", "add_business_days(current_date, 1)", "2026-03-16"),
    ("2026-03-16", "add_business_days(current_date, -1)", "2026-03-13"),
    ("2026-03-11", "add_business_days(date '2026-03-14', 1)", "2026-03-16"),  # from a Saturday
    ("2026-03-11", "add_business_days(date '2026-03-09', 5)", "2026-03-16"),
    ("2026-03-11", "current_date + interval 20 days", "2026-03-31"),
    ("2026-03-11", "current_date - 11", "2026-02-28"),
    ("2026-03-11", "days_ago(:n)", "2026-03-06"),
]


def test_business_dates(office: Office) -> None:
    by_now: dict[str, list[tuple[str, str]]] = {}
    for now, expression, day in DATES:
        by_now.setdefault(now, []).append((expression, day))
    wrong = []
    for now, wanted in by_now.items():
        columns = ", ".join(f"{expression} as c{n}" for n, (expression, _) in enumerate(wanted))
        text = f'inputs: {{n: {{type: integer, default: 5}}}}\nsteps:\n  - query: "select {columns}"\n'
        row = office.do(text, now=f"{now}T09:30").answer[0]
        wrong += [(now, e, day, got) for (e, day), got in zip(wanted, row, strict=True) if got != day]
    assert wrong == []


def test_dates_of_columns_in_business_days(office: Office) -> None:
    assert office.ask(
        "select number, add_business_days(due_date, 2) as d from ledger.invoices where number in ('0001', '0006') order by 1"
    ) == [["0001", "2026-01-13"], ["0006", None]]


@pytest.mark.parametrize(
    ("now", "stamp"),
    [
        ("2026-03-11T09:00", "2026-03-11T09:00:00"),
        ("2026-03-11", "2026-03-11T00:00:00"),
        ("2026-03-11T09:00:00Z", "2026-03-11T10:00:00"),  # Berlin is an hour ahead in winter
        ("2026-07-11T23:30:00+00:00", "2026-07-12T01:30:00"),  # and two in summer
    ],
)
def test_now_and_its_zone(office: Office, now: str, stamp: str) -> None:
    row = office.ask("select current_timestamp, current_date", now=now)[0]
    assert row == [stamp, stamp[:10]]


def test_today_and_now_in_texts(office: Office) -> None:
    office.do("""
        steps:
          - email.send: {to: boss@acme.example, subject: "{{ today }}", body: "{{ now }} {{ today | date('%d.%m.%Y') }} {{ now | time }}"}
    """, now="2026-07-11T23:30:00Z")  # fmt: skip
    (sent,) = office.sent()
    assert sent["Subject"] == "2026-07-12"
    assert sent.get_content().strip() == "2026-07-12 01:30:00 12.07.2026 01:30"


@pytest.mark.parametrize("now", ["yesterday", "2026-02-30", "11/03/2026"])
def test_a_wrong_now_is_wrong_usage(office: Office, now: str) -> None:
    outcome = agent(
        "run", office.plan("steps: [{query: select 1 as n}]"), "--workspace", office.root, "--now", now, "--yes"
    )
    assert outcome.code == 64
    assert now in outcome.err
