"""overdue-reminders, really run: levels, one mail a vendor, nobody twice on a day."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from deskhand.demo import OFFICE, REFERENCE, office

from .conftest import Desk, Small, Twice, run_twice, states, table

REPORT = "reports/reminders 2026-11-02.xlsx"
TITLES = {1: "Reminder", 2: "Second reminder", 3: "Last reminder"}


def expected_levels(paid: dict[str, bool]) -> dict[str, int]:
    """The next level of every invoice to be reminded of on the reference day, reckoned without any query."""
    levels = {}
    for invoice in office().invoices:
        days = (REFERENCE - invoice.due).days
        if invoice.status.lower() not in ("open", "partly paid") or paid.get(invoice.number) or days <= 0:
            continue
        sent = max((one.level for one in invoice.reminded), default=0)
        last = max((one.day for one in invoice.reminded), default=dt.date.min)
        wanted = 3 if days >= 28 else 2 if days >= 14 else 1
        if wanted > sent and (REFERENCE - last).days >= 7:
            levels[invoice.number] = sent + 1
    return levels


@pytest.fixture(scope="module")
def demo(reconciled: Twice, tmp_path_factory: pytest.TempPathFactory) -> Twice:
    """The demo office, reconciled, then reminded twice on one morning."""
    root = tmp_path_factory.mktemp("reminded") / "acme"
    shutil.copytree(reconciled.desk.root, root)
    return run_twice(Desk(root), "overdue-reminders")


def expected_in_demo() -> dict[str, dict[str, int]]:
    """Invoice numbers and levels by vendor's address; "" for those without one."""
    data = office()
    received = data.statement.truth.received
    paid = {i.number: i.number in received and received[i.number] >= i.rest - Decimal("0.05") for i in data.invoices}
    by_vendor: dict[str, dict[str, int]] = defaultdict(dict)
    for number, level in expected_levels(paid).items():
        invoice = next(one for one in data.invoices if one.number == number)
        by_vendor[invoice.vendor.email or ""][number] = level
    return by_vendor


def test_each_vendor_gets_one_mail_with_all_its_invoices(demo: Twice) -> None:
    desk, first = demo.desk, demo.first
    assert first["status"] == "done", first
    expected = expected_in_demo()
    assert expected[""], "some vendors have no address"
    mails = {mail["To"]: mail for mail in desk.folder("Sent") if "reminder" in mail["Subject"].lower()}
    assert set(mails) == set(expected) - {""}
    for address, invoices in expected.items():
        if not address:
            continue
        assert mails[address]["Subject"].startswith(TITLES[max(invoices.values())] + ":")
        body = mails[address].get_body(("plain",)).get_content()
        for number in invoices:
            assert number in body
            assert number in mails[address]["Subject"]


def test_what_was_sent_is_written_down(demo: Twice) -> None:
    desk, first = demo.desk, demo.first
    sent = dict(
        desk.ledger(
            "select i.number, r.level from reminders r join invoices i on i.id = r.invoice_id "
            "where r.sent_on = '2026-11-02'"
        )
    )
    assert sent == {n: level for a, invoices in expected_in_demo().items() if a for n, level in invoices.items()}
    assert sum(row["invoices"] for row in table(first)) == len(sent)
    assert len(desk.sheet(REPORT, "reminders")) == len(sent)
    assert {row["number"] for row in desk.sheet(REPORT, "no address")} == set(expected_in_demo().get("", ()))


def test_the_controller_gets_the_report_once(demo: Twice) -> None:
    desk = demo.desk
    found = [mail for mail in desk.folder() if mail["Subject"].endswith("overdue invoices")]
    assert len(found) == 1
    assert found[0]["To"] == OFFICE
    assert [part.get_filename() for part in found[0].iter_attachments()] == ["reminders 2026-11-02.xlsx"]


def test_nobody_is_reminded_twice_on_a_day(demo: Twice) -> None:
    first, second = demo.first, demo.second
    assert second["status"] == "done"
    assert states(second) <= {"unchanged"}
    assert demo.same
    assert second["answer"] == first["answer"], "the answer is what went out today"


# ---------------------------------------------------------------- small offices


def reminded(desk: Desk) -> list[tuple[str, int]]:
    """(invoice, level) of what went out on the last day on which anything did."""
    return [
        (number, level)
        for number, level in desk.ledger(
            "select i.number, r.level from reminders r join invoices i on i.id = r.invoice_id "
            "where r.sent_on = (select max(sent_on) from reminders) order by i.id"
        )
    ]


def test_nothing_overdue_does_nothing(small: Small, tmp_path: Path) -> None:
    small.invoice("10.00", due="2026-11-02")
    desk = small.write(tmp_path)
    before = desk.digest()
    head = desk.run("overdue-reminders")
    assert (head["status"], head["effects"], head["answer"]["rows"]) == ("done", [], [])
    assert desk.digest() == before


@pytest.mark.parametrize(
    ("days", "sent", "level"),
    [
        (1, (), 1),
        (13, (), 1),
        (40, (), 1),
        (13, ((1, "2026-10-20"),), None),
        (14, ((1, "2026-10-20"),), 2),
        (20, ((1, "2026-10-27"),), None),
        (40, ((1, "2026-09-25"), (2, "2026-10-20")), 3),
        (90, ((1, "2026-08-10"), (2, "2026-09-01"), (3, "2026-10-01")), None),
    ],
    ids=["day 1", "day 13", "never skipped", "no second yet", "second", "six days ago", "third", "after the last"],
)
def test_the_level(
    small: Small, tmp_path: Path, days: int, sent: tuple[tuple[int, str], ...], level: int | None
) -> None:
    small.invoice("10.00", due=str(REFERENCE - dt.timedelta(days=days)), reminded=sent)
    desk = small.write(tmp_path)
    head = desk.run("overdue-reminders")
    assert head["status"] == "done", head
    mails = [mail["Subject"] for mail in desk.folder("Sent") if mail["To"] != OFFICE]
    assert mails == ([f"{TITLES[level]}: R-2026-0001"] if level else [])


def test_who_owes_nothing_is_left_alone(small: Small, tmp_path: Path) -> None:
    small.invoice("10.00", status="cancelled")
    small.invoice("10.00", status="Paid")
    small.invoice("10.00", status="disputed")
    small.invoice("10.00", paid=[("x", "2026-10-20", "10.00")])
    small.invoice("10.00", status="Partly Paid", paid=[("y", "2026-10-20", "4.00")])
    desk = small.write(tmp_path)
    head = desk.run("overdue-reminders")
    assert head["status"] == "done", head
    assert reminded(desk) == [("R-2026-0005", 1)]
    assert [(row["open"], row["level"]) for row in desk.sheet(REPORT, "reminders")] == [(6, 1)]


def test_a_vendor_without_an_address_is_listed(small: Small, tmp_path: Path) -> None:
    small.invoice("10.00", small.vendor(email=None))
    small.invoice("20.00", small.vendor(email="  "))
    small.invoice("30.00")
    desk = small.write(tmp_path)
    head = desk.run("overdue-reminders")
    assert head["status"] == "done", head
    assert reminded(desk) == [("R-2026-0003", 1)]
    assert [row["number"] for row in desk.sheet(REPORT, "no address")] == ["R-2026-0001", "R-2026-0002"]
    note = next(mail for mail in desk.folder() if mail["Subject"] == "1 overdue invoices")
    assert "2 more couldn't be" in note.get_body(("plain",)).get_content()


def test_grace_and_two_currencies(small: Small, tmp_path: Path) -> None:
    shop = small.vendor()
    small.invoice("10.00", shop, due="2026-10-30")
    small.invoice("1000.00", shop, due="2026-10-20")
    small.invoice("20.00", shop, due="2026-10-20", currency="USD")
    desk = small.write(tmp_path)
    head = desk.run("overdue-reminders", grace="5")
    assert [(row["currency"], row["vendors"], row["invoices"], row["open"]) for row in table(head)] == [
        ("EUR", 1, 1, "1000.00"),
        ("USD", 1, 1, "20.00"),
    ]
    assert len([mail for mail in desk.folder("Sent") if mail["To"] != OFFICE]) == 1


def test_weeks_go_by(small: Small, tmp_path: Path) -> None:
    small.invoice("10.00", due="2026-10-31")
    desk = small.write(tmp_path)
    found = []
    for day in ("2026-11-02", "2026-11-03", "2026-11-16", "2026-11-18", "2026-11-30", "2026-12-30"):
        head = desk.run("overdue-reminders", now=f"{day}T08:00")
        assert head["status"] == "done", head
        found.append([row["level"] for row in table(head)])
    assert found == [[1], [], [2], [], [3], []]
