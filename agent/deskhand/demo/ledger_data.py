"""The demo ledger before October's bank statement is read: invoices, the payments booked so far, reminders.

Made from a seeded random and fixed dates, so every build holds the same figures. Invoices carry the `fate`
that the bank statement then gives them; that is how the answer key comes from the generator and from no query.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

from deskhand.demo.people import Vendor, sales_account

REFERENCE = dt.date(2026, 11, 2)
"""The Monday after the statement's month: the day on which the demo office reads it."""

MONTH_START = dt.date(2026, 10, 1)
MONTH_END = dt.date(2026, 10, 31)
_FIRST_ISSUE = dt.date(2026, 6, 1)

FATES: dict[str, int] = {
    "settled": 31,  # paid in full before October
    "settled again": 3,  # the same, and paid once more in October
    "cancelled": 6,
    "cancelled, paid": 2,
    "exact": 158,
    "twice": 7,  # paid exactly, then again
    "cents": 8,  # a few cents off, within the tolerance
    "collective": 22,  # one payment over two or three invoices
    "split": 8,  # several payments that add up
    "rest": 6,  # partly paid before, the rest in October
    "no number": 8,  # paid exactly, but the payment names no invoice
    "partial": 10,  # partly paid in October
    "too much": 4,
    "bank fee": 3,  # a bank on the way kept a fee
    "other currency": 4,  # the payment came in another currency
    "twins": 2,  # the same vendor and amount: a payment without a number fits both
    "unpaid": 13,
    "rest unpaid": 2,  # partly paid before, nothing in October
    "disputed": 2,
    "said paid": 1,  # the ledger says paid, but no payment was ever booked
}
"""How many invoices have which fate; 300 in all."""


@dataclass(frozen=True)
class Booked:
    """A payment that the ledger already holds."""

    bank_ref: str
    day: dt.date
    amount: Decimal


@dataclass(frozen=True)
class Reminded:
    """A reminder that went out earlier."""

    level: int
    day: dt.date


@dataclass
class Invoice:
    """One invoice as the ledger holds it before October's statement."""

    id: int
    number: str
    vendor: Vendor
    currency: str
    amount: Decimal
    issued: dt.date
    due: dt.date
    fate: str
    account: str
    status: str = "open"
    booked: list[Booked] = field(default_factory=list)
    reminded: list[Reminded] = field(default_factory=list)

    @property
    def paid(self) -> Decimal:
        """What the ledger's payments add up to."""
        return sum((one.amount for one in self.booked), Decimal("0.00"))

    @property
    def rest(self) -> Decimal:
        """What is still owed before October's statement."""
        return self.amount - self.paid


def money(rng: random.Random, low: int, high: int) -> Decimal:
    """An amount with cents between two whole ones."""
    return Decimal(rng.randrange(low * 100, high * 100)) / 100


def invoices(rng: random.Random, vendors: list[Vendor]) -> list[Invoice]:
    """The 300 invoices, by id from 1, in the order in which they were issued."""
    fates = [fate for fate, count in FATES.items() for _ in range(count)]
    rng.shuffle(fates)
    # what was settled long ago stands at the front, as in any ledger
    fates.sort(key=lambda fate: not fate.startswith("settled"))
    _bring_forward(fates)
    made = []
    last = (dt.date(2026, 10, 16) - _FIRST_ISSUE).days
    for place, fate in enumerate(fates):
        number = place + 1
        issued = _FIRST_ISSUE + dt.timedelta(days=place * last // len(fates))
        vendor = vendors[rng.randrange(len(vendors))]
        # a few invoices abroad are written in euros, so that one vendor may owe in two currencies
        currency = "EUR" if vendor.currency != "EUR" and rng.randrange(9) == 0 else vendor.currency
        amount = money(rng, 40, 900) if rng.randrange(3) else money(rng, 900, 14_000)
        invoice = Invoice(
            id=number,
            number=f"R-2026-{number:04d}",
            vendor=vendor,
            currency=currency,
            amount=amount,
            issued=issued,
            due=issued + dt.timedelta(days=vendor.terms),
            fate=fate,
            account=sales_account(vendor.country),
        )
        made.append(invoice)
    _make_unmistakable(rng, made)
    for invoice in made:
        _history(rng, invoice)
    return made


def _make_unmistakable(rng: random.Random, made: list[Invoice]) -> None:
    """Give each amount once per vendor and currency, except to the twins, who must be alike."""
    # collective payments are over invoices of one vendor in one currency
    together = [invoice for invoice in made if invoice.fate == "collective"]
    for start, size in collective_groups(len(together)):
        for other in together[start + 1 : start + size]:
            _same_vendor(other, together[start])
    twins = [invoice for invoice in made if invoice.fate == "twins"]
    for twin in twins[1:]:
        _same_vendor(twin, twins[0])
        twin.amount = twins[0].amount
    seen = {(twins[0].vendor.id, twins[0].currency, twins[0].amount)}
    for invoice in made:
        while invoice.fate != "twins" and (invoice.vendor.id, invoice.currency, invoice.amount) in seen:
            invoice.amount += money(rng, 1, 9)
        seen.add((invoice.vendor.id, invoice.currency, invoice.amount))


def _same_vendor(invoice: Invoice, as_: Invoice) -> None:
    invoice.vendor, invoice.currency, invoice.account = as_.vendor, as_.currency, as_.account
    invoice.due = invoice.issued + dt.timedelta(days=as_.vendor.terms)


def _bring_forward(fates: list[str]) -> None:
    """Swap the partly paid ones towards the front: their first payment lies before October."""
    early = [place for place, fate in enumerate(fates[:200]) if fate == "exact"]
    for place in range(200, len(fates)):
        if fates[place] in ("rest", "rest unpaid"):
            swap = early.pop()
            fates[place], fates[swap] = fates[swap], fates[place]


def collective_groups(count: int) -> list[tuple[int, int]]:
    """How that many invoices fall into groups of two and three: (start, size) of each."""
    groups: list[tuple[int, int]] = []
    start = 0
    while start < count:
        left = count - start
        size = 2 if left in (2, 4) or len(groups) % 2 else 3
        groups.append((start, min(size, left)))
        start += size
    return groups


def _history(rng: random.Random, invoice: Invoice) -> None:
    """What happened to an invoice before October: payments, status, reminders."""
    fate = invoice.fate
    if fate.startswith("settled"):
        day = min(invoice.issued + dt.timedelta(days=rng.randrange(5, 40)), dt.date(2026, 9, 28))
        parts = [invoice.amount]
        if rng.randrange(5) == 0:
            first = (invoice.amount / 2).quantize(Decimal("0.01"))
            parts = [first, invoice.amount - first]
        for number, part in enumerate(parts):
            paid_on = day + dt.timedelta(days=number)
            invoice.booked.append(Booked(f"{paid_on:%Y-%m}-{1000 + invoice.id:04d}{'ab'[number]}", paid_on, part))
        invoice.status = "Paid" if invoice.id % 7 == 0 else "paid"
    elif fate in ("rest", "rest unpaid"):
        part = (invoice.amount * rng.randrange(2, 8) / 10).quantize(Decimal("0.01"))
        paid_on = min(max(invoice.issued + dt.timedelta(days=3), dt.date(2026, 8, 3)), dt.date(2026, 9, 29))
        invoice.booked.append(Booked(f"{paid_on:%Y-%m}-{1000 + invoice.id:04d}", paid_on, part))
        invoice.status = "partly paid"
    elif fate.startswith("cancelled"):
        invoice.status = "cancelled"
    elif fate == "disputed":
        invoice.status = "disputed"
    elif fate == "said paid":
        invoice.status = "paid"
    else:
        # people type it as they like
        invoice.status = "Open" if invoice.id % 11 == 0 else "open"
    _reminders(rng, invoice)


def _reminders(rng: random.Random, invoice: Invoice) -> None:
    """Reminders that went out in September and October for what was long overdue."""
    if invoice.status.lower() not in ("open", "partly paid"):
        return
    first = invoice.due + dt.timedelta(days=3)
    if first > dt.date(2026, 9, 25) or rng.randrange(4) == 0:
        return
    invoice.reminded.append(Reminded(1, first))
    second = first + dt.timedelta(days=16)
    if second <= dt.date(2026, 10, 26) and rng.randrange(3):
        invoice.reminded.append(Reminded(2, second))
        third = second + dt.timedelta(days=20)
        if third <= dt.date(2026, 10, 28) and rng.randrange(2):
            invoice.reminded.append(Reminded(3, third))
