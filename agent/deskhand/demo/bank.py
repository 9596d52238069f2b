"""October's bank statement of the demo office: 260 payments as people really write them, and other lines.

Each line is made together with what it means (`Truth`), from the invoices' fates; no matching happens here.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from deskhand.demo.ledger_data import MONTH_END, MONTH_START, Invoice, collective_groups, money
from deskhand.demo.people import Vendor

CENT = Decimal("0.01")
TOLERANCE = Decimal("0.05")
"""What reconcile-invoices takes as equal unless told otherwise."""

Outcome = Literal["matched", "different", "missing", "unexpected"]


@dataclass(frozen=True)
class Line:
    """One line of the statement; `amount` is negative where money went out."""

    day: dt.date
    payer: str
    iban: str
    reference: str
    amount: Decimal
    currency: str
    entry: str = ""


@dataclass
class Truth:
    """What October's payments mean, known because they were made that way.

    received: by invoice number, what its payments bring without surplus. unexpected: payments that belong to
    no open invoice, with why.
    """

    received: dict[str, Decimal] = field(default_factory=dict)
    unexpected: list[tuple[Line, str]] = field(default_factory=list)


@dataclass
class Statement:
    """The lines in the bank's order, those that the bank printed twice, and the truth."""

    lines: list[Line]
    repeated: list[Line]
    truth: Truth

    @property
    def payments(self) -> list[Line]:
        """The lines by which money came in."""
        return [line for line in self.lines if line.amount > 0]


# ---------------------------------------------------------------- how people write invoice numbers


def _number(text: str) -> Callable[[str], str]:
    return lambda number: text.format(number)


_WRITTEN: tuple[Callable[[str], str], ...] = (
    _number("RG {} / Danke"),
    _number("{}"),
    _number("Rechnung Nr. {}"),
    _number("Invoice {} thank you"),
    _number("EREF+20261000 SVWZ+{}"),
    _number("payment {} ACME"),
    lambda number: number.lower(),
    lambda number: number.replace("-", " "),
    lambda number: f"Re. {number.replace('-', '')}",
    lambda number: f"inv {number.lower().replace('-', '_')} / order 2026 0815",
    lambda number: f"Ihre Rechnung {number.replace('-', ' - ')}, vielen Dank",
    lambda number: f"Begleichung {number.replace('-', '/')}",
    lambda number: f"{number}\nKd.-Nr. 20261",
)
_TOGETHER = (" + ", ", ", "/", " und ", "; ", " & ")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "ss"})
_STRANGERS = (
    ("Zoé Martin", "Spende Sommerfest"),
    ("Stadtwerke Beispielhausen", "Guthaben Abrechnung 2025"),
    ("Finanzamt Musterstadt", "Erstattung USt 3. Quartal"),
    ("K. Neumann", "Rueckzahlung Darlehen"),
    ("Paketdienst Blitz GmbH", "Gutschrift Transportschaden"),
    ("Versicherung Fels AG", "Schaden 88-1234-2026"),
    ("unbekannt", ""),
)
_OUTGOING = (
    (dt.date(2026, 10, 1), "Immobilien Sander KG", "Miete Oktober", "-4850.00"),
    (dt.date(2026, 10, 5), "Papierhaus Schröder", "Rechnung PS-88123", "-312.45"),
    (dt.date(2026, 10, 9), "Stadtwerke Beispielhausen", "Abschlag Strom", "-690.00"),
    (dt.date(2026, 10, 12), "Paketdienst Blitz GmbH", "RG 2026/5512", "-1844.30"),
    (dt.date(2026, 10, 15), "Finanzamt Musterstadt", "USt-Voranmeldung 09/26", "-11208.77"),
    (dt.date(2026, 10, 20), "Bottega Rossi S.r.l.", "Gutschrift zu R-2026-0008", "-45.00"),
    (dt.date(2026, 10, 27), "Gehälter", "Lohn und Gehalt 10/2026", "-38411.09"),
    (dt.date(2026, 10, 30), "Hausbank", "Entgelt Kontoführung", "-24.90"),
)


class _Maker:
    """Makes the lines, one fate after the other."""

    def __init__(self, rng: random.Random, invoices: list[Invoice]) -> None:
        self.rng = rng
        self.invoices = invoices
        self.lines: list[Line] = []
        self.truth = Truth()

    def of(self, fate: str) -> list[Invoice]:
        return [invoice for invoice in self.invoices if invoice.fate == fate]

    def day(self, after: dt.date, before: dt.date = dt.date(2026, 10, 30)) -> dt.date:
        """A bank day in October, not before the day after `after`."""
        first = max(MONTH_START, after + dt.timedelta(days=1))
        day = first + dt.timedelta(days=self.rng.randrange(max((before - first).days, 0) + 1))
        while day.weekday() > 4:
            day -= dt.timedelta(days=1)
        return max(day, MONTH_START)

    def line(
        self, vendor: Vendor, day: dt.date, reference: str, amount: Decimal, currency: str, *, known: bool = False
    ) -> Line:
        """A payment by that vendor; its name as banks print it. With `known` nothing hides who paid."""
        style = self.rng.randrange(5)
        payer = vendor.name
        if style == 0:
            payer = vendor.name.upper()
        elif style == 1:
            payer = vendor.name.translate(_UMLAUTS).upper()[:27]
        iban = vendor.iban if known or self.rng.randrange(6) else ""
        if iban and style == 2:
            iban = " ".join(iban[n : n + 4] for n in range(0, len(iban), 4))
        line = Line(day, payer, iban, reference, amount, currency)
        self.lines.append(line)
        return line

    def written(self, number: str) -> str:
        return self.rng.choice(_WRITTEN)(number)

    def pay(self, invoice: Invoice, amount: Decimal, after: dt.date | None = None) -> Line:
        """A payment that names its invoice."""
        day = self.day(after or invoice.issued)
        return self.line(invoice.vendor, day, self.written(invoice.number), amount, invoice.currency)

    def receive(self, invoice: Invoice, amount: Decimal) -> None:
        already = self.truth.received.get(invoice.number, Decimal("0.00"))
        self.truth.received[invoice.number] = already + amount

    def make(self) -> None:
        for invoice in self.of("exact") + self.of("twice") + self.of("rest"):
            first = self.pay(invoice, invoice.rest)
            self.receive(invoice, invoice.rest)
            if invoice.fate == "twice":
                again = self.pay(invoice, invoice.rest, after=first.day)
                self.truth.unexpected.append((again, "paid twice"))
        for invoice in self.of("settled again"):
            self.truth.unexpected.append((self.pay(invoice, invoice.amount), "paid before"))
        for number, invoice in enumerate(self.of("cents")):
            off = CENT * (1 + number % 5) * (1 if number % 2 else -1)
            self.pay(invoice, invoice.amount + off)
            self.receive(invoice, invoice.amount + off)
        self.make_differences()
        self.make_collective()
        self.make_split()
        self.make_unclear()

    def make_differences(self) -> None:
        for invoice in self.of("partial"):
            part = (invoice.amount * self.rng.randrange(1, 9) / 10).quantize(CENT)
            self.pay(invoice, part)
            self.receive(invoice, part)
        for invoice in self.of("too much"):
            much = invoice.amount + money(self.rng, 1, 60)
            self.pay(invoice, much)
            self.receive(invoice, much)
        for invoice in self.of("bank fee"):
            less = invoice.amount - Decimal("12.50")
            self.pay(invoice, less)
            self.receive(invoice, less)

    def make_collective(self) -> None:
        together = self.of("collective")
        for number, (start, size) in enumerate(collective_groups(len(together))):
            group = together[start : start + size]
            for invoice in group:
                self.receive(invoice, invoice.amount)
            reference = _TOGETHER[number % len(_TOGETHER)].join(self.written(one.number) for one in group)
            total = sum((one.amount for one in group), Decimal("0.00"))
            day = self.day(max(one.issued for one in group))
            self.line(group[0].vendor, day, reference, total, group[0].currency)

    def make_split(self) -> None:
        for number, invoice in enumerate(self.of("split")):
            count = 3 if number % 4 == 0 else 2
            part = (invoice.amount / count).quantize(CENT)
            for place in range(count):
                self.pay(invoice, part if place else invoice.amount - part * (count - 1))
            self.receive(invoice, invoice.amount)

    def make_unclear(self) -> None:
        for number, invoice in enumerate(self.of("no number")):
            day = self.day(invoice.issued)
            text = ("Danke für die Lieferung", "", "your goods", "Ware Oktober", "R-2026-9")[number % 5]
            self.line(invoice.vendor, day, text, invoice.amount, invoice.currency, known=True)
            self.receive(invoice, invoice.amount)
        for invoice in self.of("other currency"):
            other = "USD" if invoice.currency != "USD" else "EUR"
            paid = (invoice.amount * (Decimal("1.08") if other == "USD" else Decimal("0.92"))).quantize(CENT)
            day = self.day(invoice.issued)
            line = self.line(invoice.vendor, day, self.written(invoice.number), paid, other)
            self.truth.unexpected.append((line, "other currency"))
        for invoice in self.of("cancelled, paid"):
            self.truth.unexpected.append((self.pay(invoice, invoice.amount), "cancelled"))
        twin = self.of("twins")[0]
        day = self.day(max(one.issued for one in self.of("twins")))
        line = self.line(twin.vendor, day, "wie besprochen", twin.amount, twin.currency, known=True)
        self.truth.unexpected.append((line, "no invoice"))
        for number in range(9):
            payer, text = _STRANGERS[number % len(_STRANGERS)]
            stray = Line(self.day(MONTH_START), payer, "", text, money(self.rng, 15, 700), "EUR")
            self.lines.append(stray)
            self.truth.unexpected.append((stray, "no invoice"))
        for wrong in ("R-2025-0311", "R-2026-0907", "R-2026-1204"):
            vendor = self.rng.choice(self.invoices).vendor
            line = self.line(vendor, self.day(MONTH_START), self.written(wrong), money(self.rng, 50, 800), "EUR")
            self.truth.unexpected.append((line, "no invoice"))


def statement(rng: random.Random, invoices: list[Invoice]) -> Statement:
    """October's statement over these invoices."""
    maker = _Maker(rng, invoices)
    maker.make()
    outgoing = [Line(day, payer, "", text, Decimal(amount), "EUR") for day, payer, text, amount in _OUTGOING]
    # sorted() keeps the order in which lines of one day were made, and a line is the same object throughout
    ordered = sorted([*maker.lines, *outgoing], key=lambda line: line.day)
    numbered = {id(line): replace(line, entry=f"2026-10-{n:04d}") for n, line in enumerate(ordered, start=1)}
    lines = [numbered[id(line)] for line in ordered]
    maker.truth.unexpected = [(numbered[id(line)], why) for line, why in maker.truth.unexpected]
    # the bank's export repeats a few lines where a page breaks
    repeated = [line for line in lines if line.amount > 0][60:180:60]
    return Statement(lines, repeated, maker.truth)


@dataclass(frozen=True)
class KeyRow:
    """One row of the answer key: how many, what was owed before the statement, and what came in."""

    outcome: Outcome
    currency: str
    count: int
    expected: Decimal
    received: Decimal


def outcomes(invoices: list[Invoice], truth: Truth) -> Iterator[tuple[Outcome, str, str, Decimal, Decimal]]:
    """(outcome, currency, invoice number or bank entry, expected, received) of everything in the month."""
    for invoice in invoices:
        received = truth.received.get(invoice.number)
        if received is not None:
            same = abs(invoice.rest - received) <= TOLERANCE
            outcome: Outcome = "matched" if same else "different"
            yield outcome, invoice.currency, invoice.number, invoice.rest, received
        elif invoice.status != "cancelled" and invoice.rest > TOLERANCE and invoice.due <= MONTH_END:
            yield "missing", invoice.currency, invoice.number, invoice.rest, Decimal("0.00")
    for line, _ in truth.unexpected:
        yield "unexpected", line.currency, line.entry, Decimal("0.00"), line.amount


def reconciliation_key(invoices: list[Invoice], truth: Truth) -> list[KeyRow]:
    """The answer key: a row for every outcome and currency that occurs, in the order of the summary."""
    rows: dict[tuple[Outcome, str], KeyRow] = {}
    for outcome, currency, _, expected, received in outcomes(invoices, truth):
        old = rows.get((outcome, currency), KeyRow(outcome, currency, 0, Decimal("0.00"), Decimal("0.00")))
        rows[outcome, currency] = KeyRow(
            outcome, currency, old.count + 1, old.expected + expected, old.received + received
        )
    order: tuple[Outcome, ...] = ("matched", "different", "missing", "unexpected")
    return sorted(rows.values(), key=lambda row: (order.index(row.outcome), row.currency))
