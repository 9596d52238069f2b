"""Desks to run the shipped processes at: the demo office, and small offices whose every row a test names."""

from __future__ import annotations

import datetime as dt
import mailbox
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from deskhand.demo import AGENT_TOML, Office, bank, build, ledger_data, people, support, write
from deskhand.plan_yaml import load
from deskhand.ready import Request
from deskhand.runs import Runner
from deskhand.workspace import Workspace

PROCESSES = Path(__file__).parents[2] / "processes"
MORNING = "2026-11-02T08:00"


class Desk:
    """A workspace on disk, real tools and all, with short ways to run a process and to look what came of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "processes").mkdir(exist_ok=True)
        for file in PROCESSES.glob("*.yaml"):
            (root / "processes" / file.name).write_bytes(file.read_bytes())

    def run(self, process: str, now: str = MORNING, **inputs: str) -> dict[str, Any]:
        """Run it to its end; what `agent run --json` prints."""
        workspace = Workspace.load(self.root)
        plan = load(self.root / "processes" / f"{process}.yaml").plan
        assert plan is not None
        with Runner(workspace) as runner:
            head = runner.start(Request(process, plan, process, workspace.now(now), inputs))
            found = head.to_json()
            reasons = [one.reason for one in runner.store.exceptions(head.run.id, state=None)]
            return found | {"exceptions": reasons}

    def ledger(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.root / "ledger.db")
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def sheet(self, file: str, sheet: str) -> list[dict[str, Any]]:
        """A sheet's rows by header."""
        book = openpyxl.load_workbook(self.root / "files" / file)
        header, *rows = book[sheet].iter_rows(values_only=True)
        return [dict(zip([str(name) for name in header], row, strict=True)) for row in rows]

    def folder(self, name: str = "") -> list[EmailMessage]:
        """A folder's mails by date; "" is the inbox."""
        root = self.root / "mail"
        if name:
            root = root / f".{name}"
        if not root.exists():
            return []
        found = mailbox.Maildir(root, factory=None, create=False)
        raw = [found.get_bytes(key) for key in found.iterkeys()]
        parsed = [BytesParser(policy=policy.default).parsebytes(one) for one in raw]
        return sorted(parsed, key=lambda m: (m["Date"].datetime, m["Message-ID"]))

    def digest(self) -> dict[str, bytes]:
        """The bytes of everything that a process may change."""
        places = [self.root / "ledger.db", *(self.root / "files").rglob("*"), *(self.root / "mail").rglob("*")]
        return {str(place.relative_to(self.root)): place.read_bytes() for place in sorted(places) if place.is_file()}


def states(head: dict[str, Any]) -> set[str]:
    """The states that a run's effects ended in."""
    return {effect["state"] for effect in head["effects"]}


def table(head: dict[str, Any]) -> list[dict[str, Any]]:
    """A run's answer as rows."""
    return [dict(zip(head["answer"]["columns"], row, strict=True)) for row in head["answer"]["rows"]]


@pytest.fixture(scope="session")
def demo_office(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Desk]:
    """Makes a fresh demo workspace."""

    def make() -> Desk:
        root = tmp_path_factory.mktemp("demo") / "acme"
        build(root)
        return Desk(root)

    return make


@dataclass(frozen=True)
class Twice:
    """A desk after two runs of one process; `same`: the second left every byte as it was."""

    desk: Desk
    first: dict[str, Any]
    second: dict[str, Any]
    same: bool


def run_twice(desk: Desk, process: str) -> Twice:
    first = desk.run(process)
    before = desk.digest()
    second = desk.run(process)
    return Twice(desk, first, second, desk.digest() == before)


@pytest.fixture(scope="session")
def reconciled(demo_office: Callable[[], Desk]) -> Twice:
    """The demo office, reconciled twice; nobody else may change it."""
    return run_twice(demo_office(), "reconcile-invoices")


# ---------------------------------------------------------------- small offices


def vendor(id: int, name: str = "", *, email: str | None = "", currency: str = "EUR", iban: str = "") -> people.Vendor:
    """A vendor; named, reachable and with an account number unless told otherwise."""
    name = name or f"Shop {id}"
    address = f"shop{id}@shops.example" if email == "" else email
    return people.Vendor(id, name, "shops", address, iban or f"DE00{id:018d}", "DE", "Ulm", currency, "Kim", 14)


class Small:
    """Collects an office's rows, then writes it."""

    def __init__(self) -> None:
        self.vendors: list[people.Vendor] = []
        self.invoices: list[ledger_data.Invoice] = []
        self.lines: list[bank.Line] = []
        self.mails: list[support.Mail] = []
        self.faq: Sequence[tuple[str, ...]] = support.FAQ

    def vendor(self, **more: Any) -> people.Vendor:
        made = vendor(len(self.vendors) + 1, **more)
        self.vendors.append(made)
        return made

    def invoice(
        self,
        amount: str,
        of: people.Vendor | None = None,
        *,
        due: str = "2026-10-15",
        status: str = "open",
        currency: str = "EUR",
        paid: Sequence[tuple[str, str, str]] = (),
        reminded: Sequence[tuple[int, str]] = (),
    ) -> ledger_data.Invoice:
        """An invoice, R-2026-0001 and so on. paid: (bank_ref, day, amount); reminded: (level, day)."""
        number = len(self.invoices) + 1
        made = ledger_data.Invoice(
            id=number,
            number=f"R-2026-{number:04d}",
            vendor=of or self.vendor(),
            currency=currency,
            amount=Decimal(amount),
            issued=dt.date.fromisoformat(due) - dt.timedelta(days=14),
            due=dt.date.fromisoformat(due),
            fate="",
            account="8400",
            status=status,
            booked=[ledger_data.Booked(ref, dt.date.fromisoformat(day), Decimal(part)) for ref, day, part in paid],
            reminded=[ledger_data.Reminded(level, dt.date.fromisoformat(day)) for level, day in reminded],
        )
        self.invoices.append(made)
        return made

    def pay(
        self,
        amount: str,
        text: str,
        *,
        day: str = "2026-10-20",
        currency: str = "EUR",
        by: people.Vendor | None = None,
        payer: str = "somebody",
        iban: str = "",
        entry: str = "",
    ) -> str:
        """A line of the bank statement; gives its entry."""
        entry = entry or f"B-{len(self.lines) + 1:03d}"
        name, account = (by.name, by.iban) if by else (payer, iban)
        self.lines.append(bank.Line(dt.date.fromisoformat(day), name, account, text, Decimal(amount), currency, entry))
        return entry

    def mail(self, subject: str, body: str = "Hello", sender: str = "kim@shops.example", **more: Any) -> support.Mail:
        """An unread mail in the inbox."""
        number = len(self.mails) + 1
        values: dict[str, Any] = {
            "folder": "",
            "unread": True,
            "date": dt.datetime(2026, 10, 30, 8, number),
            "sender_name": "Kim",
            "action": "left",
        } | more
        made = support.Mail(number=number, sender=sender, subject=subject, body=body, **values)
        self.mails.append(made)
        return made

    def write(self, root: Path, *, statement: bool = True) -> Desk:
        for folder in ("files/bank", "files/support"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        office = Office(tuple(self.vendors), tuple(self.invoices), bank.Statement([], [], bank.Truth()))
        write.ledger(root / "ledger.db", office)
        if statement:
            write.statement(root / "files/bank/statement.xlsx", self.lines, [])
        write.faq(root / "files/support/faq.xlsx", self.faq)
        write.mailbox(root / "mail", self.mails)
        (root / "agent.toml").write_text(AGENT_TOML, encoding="utf-8")
        return Desk(root)


@pytest.fixture
def small() -> Iterator[Small]:
    """An office without any rows yet."""
    yield Small()
