"""reconcile-invoices, really run: on the demo office against its answer key, and on small ones case by case."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deskhand.demo import OFFICE, build, office, outcomes, write

from .conftest import Desk, Small, Twice, states, table

REPORT = "reports/reconciliation 2026-10.xlsx"
OUTCOMES = ("matched", "different", "missing", "unexpected")


def key() -> list[list[Any]]:
    """The answer key as the summary shows it."""
    return [
        [r.outcome, r.currency, r.count, str(r.expected), str(r.received), str(r.received - r.expected)]
        for r in office().key
    ]


def test_the_summary_is_the_answer_key(reconciled: Twice) -> None:
    first = reconciled.first
    assert first["status"] == "done"
    assert first["answer"]["columns"] == ["outcome", "currency", "count", "expected", "received", "difference"]
    assert first["answer"]["rows"] == key()
    assert first["exceptions"] == []


def test_the_report_holds_what_the_summary_says(reconciled: Twice) -> None:
    desk = reconciled.desk
    truth = {row[:3]: row[3:] for row in outcomes(list(office().invoices), office().statement.truth)}
    found = {}
    for outcome in OUTCOMES:
        for row in desk.sheet(REPORT, outcome):
            name = row["entry"] if outcome == "unexpected" else row["number"]
            amounts = tuple(Decimal(str(row.get(column, 0))) for column in ("expected", "received"))
            found[outcome, row["currency"], name] = amounts
    assert found == truth
    summary = desk.sheet(REPORT, "summary")
    assert [[row["outcome"], row["currency"], row["count"]] for row in summary] == [row[:3] for row in key()]


def test_the_ledger_says_the_same(reconciled: Twice) -> None:
    desk = reconciled.desk
    received = office().statement.truth.received
    for number, status, paid in desk.ledger("select number, status, paid_amount from invoices order by id"):
        invoice = next(one for one in office().invoices if one.number == number)
        if number not in received:
            assert (status, paid) == (invoice.status, float(invoice.paid)), number
            continue
        total = invoice.paid + received[number]
        assert Decimal(repr(paid)) == total, number
        expected = "paid" if total >= invoice.amount - Decimal("0.05") else "partly paid"
        assert status.lower() == expected, number
    booked = desk.ledger(
        "select i.number, sum(p.amount) from payments p join invoices i on i.id = p.invoice_id "
        "where p.bank_ref like '2026-10-%' group by i.number"
    )
    assert {number: Decimal(repr(total)).quantize(Decimal("0.01")) for number, total in booked} == received


def test_the_report_lies_in_the_mailbox(reconciled: Twice) -> None:
    desk = reconciled.desk
    found = [mail for mail in desk.folder() if mail["Subject"].startswith("Reconciliation")]
    assert len(found) == 1, "once, though the process ran twice"
    assert found[0]["To"] == OFFICE
    assert found[0]["Subject"] == "Reconciliation 2026-10: 217 matched, 17 different, 24 missing, 29 unexpected"
    attached = list(found[0].iter_attachments())
    assert [part.get_filename() for part in attached] == ["reconciliation 2026-10.xlsx"]
    assert attached[0].get_content() == (desk.root / "files" / REPORT).read_bytes()
    assert "495322.79" in found[0].get_body(("plain",)).get_content()
    assert len([mail for mail in desk.folder("Sent") if mail["Subject"].startswith("Reconciliation")]) == 1


def test_the_second_run_changes_nothing(reconciled: Twice) -> None:
    first, second = reconciled.first, reconciled.second
    assert second["status"] == "done"
    assert second["answer"] == first["answer"]
    assert "confirmed" in states(first)
    assert states(second) <= {"unchanged"}
    assert reconciled.same


def test_another_office_comes_to_its_own_key(tmp_path: Path) -> None:
    other = office(7)
    build(tmp_path / "other", other)
    head = Desk(tmp_path / "other").run("reconcile-invoices")
    assert [row[:5] for row in head["answer"]["rows"]] == [
        [r.outcome, r.currency, r.count, str(r.expected), str(r.received)] for r in other.key
    ]


# ---------------------------------------------------------------- case by case, in one small office


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """One run over many small cases: what became of each invoice and each payment, by name."""
    small, names = Small(), {}

    def case(name: str, amount: str, **more: Any) -> Any:
        made = small.invoice(amount, **more)
        names[made.number] = name
        return made

    exact = case("exact", "100.00")
    small.pay("100.00", f"RG {exact.number} / Danke")
    lower = case("written oddly", "100.00", status="Open")
    small.pay("100.00", f"thanks for r  {lower.number[2:].replace('-', ' ')}!")
    cents = case("cents short", "100.00")
    small.pay("99.95", cents.number)
    more_cents = case("six cents short", "100.00")
    small.pay("99.94", more_cents.number)
    twice = case("twice", "70.00")
    small.pay("70.00", twice.number, day="2026-10-02")
    names[small.pay("70.00", twice.number, day="2026-10-05")] = "the second of twice"
    thirds = case("three parts", "100.00")
    for day in ("2026-10-02", "2026-10-02", "2026-10-09"):
        small.pay("33.33" if day != "2026-10-09" else "33.34", thirds.number, day=day)
    shop = small.vendor()
    one, two = case("together 1", "10.00", of=shop), case("together 2", "20.00", of=shop, due="2026-10-16")
    small.pay("30.00", f"{one.number} und {two.number}")
    names[small.pay("30.00", f"{one.number} und {two.number}", day="2026-10-21")] = "together again"
    part, full = case("part, then together", "50.00", of=shop), case("together after part", "40.00", of=shop)
    small.pay("20.00", part.number, day="2026-10-01")
    small.pay("70.00", f"{full.number}/{part.number}", day="2026-10-12")
    short, empty = case("together too little", "60.00", of=shop), case("nothing left", "60.00", of=shop)
    small.pay("45.00", f"{short.number}, {empty.number}")
    dollars = case("in dollars", "100.00", currency="USD")
    names[small.pay("100.00", dollars.number)] = "euros for dollars"
    cancelled = case("cancelled", "100.00", status="cancelled")
    names[small.pay("100.00", cancelled.number)] = "for a cancelled one"
    rest = case("the rest", "100.00", status="partly paid", paid=[("old-1", "2026-09-01", "60.00")])
    small.pay("40.00", rest.number)
    settled = case("settled before", "100.00", status="paid", paid=[("old-2", "2026-09-01", "100.00")])
    names[small.pay("100.00", settled.number)] = "for a settled one"
    by_name = case("by the payer's name", "81.10")
    small.pay("81.10", "danke", payer=by_name.vendor.name.upper())
    by_iban = case("by the payer's account", "81.10")
    small.pay("81.10", "", payer="?", iban=f"DE00 {by_iban.vendor.iban[4:12]} {by_iban.vendor.iban[12:]}")
    twin = case("twin 1", "55.00")
    case("twin 2", "55.00", of=twin.vendor)
    names[small.pay("55.00", "as agreed", by=twin.vendor)] = "fits both twins"
    disputed = case("disputed, partly", "100.00", status="disputed")
    small.pay("30.00", disputed.number)
    over = case("too much", "100.00")
    small.pay("130.00", over.number)
    case("not due yet", "100.00", due="2026-11-15")
    case("said paid", "100.00", status="paid")
    names[small.pay("12.00", "lottery")] = "from nowhere"
    names[small.pay("12.50", "R-2026-9999")] = "for an unknown number"
    small.pay("-100.00", exact.number)

    desk = small.write(tmp_path_factory.mktemp("cases"))
    head = desk.run("reconcile-invoices")
    assert head["status"] == "done", head
    found: dict[str, dict[str, Any]] = {}
    for outcome in OUTCOMES:
        for row in desk.sheet(REPORT, outcome):
            found[names[row["entry"] if outcome == "unexpected" else row["number"]]] = row | {"outcome": outcome}
    for number, status, paid in desk.ledger("select number, status, paid_amount from invoices"):
        found.setdefault(names[number], {"outcome": None}).update(status=status, paid=paid)
    again = desk.run("reconcile-invoices")
    assert again["answer"] == head["answer"]
    assert states(again) <= {"unchanged"}
    return found


@pytest.mark.parametrize(
    ("case", "outcome", "status", "paid"),
    [
        ("exact", "matched", "paid", 100.0),
        ("written oddly", "matched", "paid", 100.0),
        ("cents short", "matched", "paid", 99.95),
        ("six cents short", "different", "partly paid", 99.94),
        ("twice", "matched", "paid", 70.0),
        ("three parts", "matched", "paid", 100.0),
        ("together 1", "matched", "paid", 10.0),
        ("together 2", "matched", "paid", 20.0),
        ("part, then together", "matched", "paid", 50.0),
        ("together after part", "matched", "paid", 40.0),
        ("together too little", "different", "partly paid", 45.0),
        ("nothing left", "missing", "open", 0.0),
        ("in dollars", "missing", "open", 0.0),
        ("cancelled", None, "cancelled", 0.0),
        ("the rest", "matched", "paid", 100.0),
        ("settled before", None, "paid", 100.0),
        ("by the payer's name", "matched", "paid", 81.1),
        ("by the payer's account", "matched", "paid", 81.1),
        ("twin 1", "missing", "open", 0.0),
        ("twin 2", "missing", "open", 0.0),
        ("disputed, partly", "different", "disputed", 30.0),
        ("too much", "different", "paid", 130.0),
        ("not due yet", None, "open", 0.0),
        ("said paid", "missing", "paid", 0.0),
    ],
)
def test_an_invoice(cases: dict[str, dict[str, Any]], case: str, outcome: str | None, status: str, paid: float) -> None:
    found = cases[case]
    assert (found["outcome"], found["status"], found["paid"]) == (outcome, status, paid)


@pytest.mark.parametrize(
    ("case", "amount", "reason"),
    [
        ("the second of twice", 70, "was paid already"),
        ("euros for dollars", 100, "is in USD"),
        ("for a cancelled one", 100, "is cancelled"),
        ("for a settled one", 100, "was paid already"),
        ("fits both twins", 55, "no invoice recognised"),
        ("from nowhere", 12, "no invoice recognised"),
        ("for an unknown number", 12.5, "no invoice recognised"),
    ],
)
def test_a_payment_without_an_invoice(cases: dict[str, dict[str, Any]], case: str, amount: float, reason: str) -> None:
    found = cases[case]
    assert (found["outcome"], found["received"]) == ("unexpected", amount)
    assert reason in found["reason"]


# ---------------------------------------------------------------- edges


def test_an_empty_statement_leaves_everything_missing(small: Small, tmp_path: Path) -> None:
    small.invoice("10.00")
    small.invoice("20.00", due="2026-12-01")
    desk = small.write(tmp_path)
    head = desk.run("reconcile-invoices")
    assert head["status"] == "done", head
    assert [[row["outcome"], row["count"], row["expected"]] for row in table(head)] == [["missing", 1, "10.00"]]
    assert desk.ledger("select status from invoices") == [("open",), ("open",)]
    assert desk.ledger("select * from payments") == []
    assert desk.folder() == desk.folder("Sent") == []
    assert [row["number"] for row in desk.sheet("reports/reconciliation 2026-11.xlsx", "missing")] == ["R-2026-0001"]
    assert desk.sheet("reports/reconciliation 2026-11.xlsx", "matched") == []


def test_no_invoices_and_no_payments(small: Small, tmp_path: Path) -> None:
    head = small.write(tmp_path).run("reconcile-invoices")
    assert head["status"] == "done", head
    assert head["answer"]["rows"] == []


def test_payments_but_no_invoices(small: Small, tmp_path: Path) -> None:
    small.pay("10.00", "R-2026-0001")
    head = small.write(tmp_path).run("reconcile-invoices")
    assert head["status"] == "done", head
    assert head["answer"]["rows"] == [["unexpected", "EUR", 1, "0.00", "10.00", "10.00"]]


def test_the_tolerance_is_an_input(small: Small, tmp_path: Path) -> None:
    invoice = small.invoice("100.00")
    small.pay("99.00", invoice.number)
    desk = small.write(tmp_path)
    strict = desk.run("reconcile-invoices", tolerance="0")
    assert [row["outcome"] for row in table(strict)] == ["different"]
    assert desk.ledger("select status from invoices") == [("partly paid",)]
    lax = desk.run("reconcile-invoices", tolerance="1.00")
    assert [row["outcome"] for row in table(lax)] == ["matched"]
    assert desk.ledger("select status, paid_amount from invoices") == [("paid", 99.0)]


def test_another_months_lines_are_left_out(small: Small, tmp_path: Path) -> None:
    first, second = small.invoice("10.00"), small.invoice("20.00")
    small.pay("10.00", first.number, day="2026-10-30")
    small.pay("20.00", second.number, day="2026-11-02")
    desk = small.write(tmp_path)
    head = desk.run("reconcile-invoices", month="2026-10")
    assert [[row["outcome"], row["received"]] for row in table(head)] == [["matched", "10.00"], ["missing", "0.00"]]
    assert desk.ledger("select status from invoices order by id") == [("paid",), ("open",)]


@pytest.mark.parametrize("month", ["2026-11", "October"])
def test_a_month_without_lines_is_refused(small: Small, tmp_path: Path, month: str) -> None:
    small.pay("10.00", small.invoice("10.00").number)
    desk = small.write(tmp_path)
    before = desk.digest()
    head = desk.run("reconcile-invoices", month=month)
    assert head["status"] == "refused"
    assert "nothing was found" in head["reason"]
    assert desk.digest() == before


def test_the_next_months_statement_goes_on_from_what_was_booked(small: Small, tmp_path: Path) -> None:
    first, second = small.invoice("100.00"), small.invoice("20.00", due="2026-11-20")
    small.pay("30.00", first.number)
    desk = small.write(tmp_path)
    assert [row["outcome"] for row in table(desk.run("reconcile-invoices"))] == ["different"]
    small.lines.clear()
    small.pay("70.00", first.number, day="2026-11-10", entry="N-1")
    small.pay("20.00", second.number, day="2026-11-11", entry="N-2")
    write.statement(desk.root / "files/bank/statement.xlsx", small.lines, [])
    head = desk.run("reconcile-invoices", now="2026-12-01T08:00")
    assert [[row["outcome"], row["count"], row["expected"]] for row in table(head)] == [["matched", 2, "90.00"]]
    assert desk.ledger("select status, paid_amount from invoices order by id") == [("paid", 100.0), ("paid", 20.0)]


def test_a_statement_that_is_missing_is_named(small: Small, tmp_path: Path) -> None:
    head = small.write(tmp_path, statement=False).run("reconcile-invoices")
    assert head["status"] == "refused"
    assert any("bank/statement.xlsx" in str(problem) for problem in head["problems"])
