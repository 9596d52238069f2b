"""The demo office: the same bytes every time, big enough, and an answer key that a second reckoning confirms."""

from __future__ import annotations

import datetime as dt
import hashlib
import mailbox
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from deskhand.demo import MONTH_END, build, office, outcomes, support
from deskhand.errors import WorkspaceError


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "acme"
    build(folder)
    return folder


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_two_builds_are_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    office.cache_clear()  # the second build reckons everything anew
    build(tmp_path / "again")
    assert digest(tmp_path / "again") == digest(demo)


def test_it_has_the_promised_size(demo: Path) -> None:
    with sqlite3.connect(demo / "ledger.db") as ledger:
        counts = {t: ledger.execute(f"select count(*) from {t}").fetchone()[0] for t in ("vendors", "invoices")}
        currencies = {row[0] for row in ledger.execute("select distinct currency from invoices")}
        kinds = {row[0] for row in ledger.execute("select distinct typeof(amount) from invoices")}
    ledger.close()
    assert counts == {"vendors": 40, "invoices": 300}
    assert currencies == {"EUR", "CHF", "USD"}
    assert kinds == {"real"}
    assert len(office().statement.payments) == 260
    assert len(support.MAILS) == 30
    assert sum(1 for mail in support.MAILS if mail.attachments) >= 6


@pytest.mark.parametrize("there", ["agent.toml", "ledger.db", "files", "mail"])
def test_nothing_is_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(WorkspaceError, match=f"{there} is there already"):
        build(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


# ---------------------------------------------------------------- the statement and the ledger, read anew


def statement_rows(demo: Path) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(demo / "files/bank/statement.xlsx").worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    header = next(number for number, row in enumerate(rows) if "Booking date" in row)
    return [dict(zip(rows[header], row, strict=True)) for row in rows[header + 1 :] if any(row)]


def test_the_statement_is_messy(demo: Path) -> None:
    sheet = openpyxl.load_workbook(demo / "files/bank/statement.xlsx").worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    header = next(number for number, row in enumerate(rows) if "Booking date" in row)
    assert header >= 3, "title rows stand above the header"
    assert any(not any(row) for row in rows[header + 1 :]), "blank rows lie between the lines"
    lines = statement_rows(demo)
    repeated = [entry for entry, count in Counter(line["Entry"] for line in lines).items() if count > 1]
    assert len(repeated) == 2
    assert any(line["Amount"] < 0 for line in lines)
    assert any(line["Reference"] is None for line in lines)
    texts = [line["Reference"] or "" for line in lines]
    assert any(re.search(r"r-2026-\d{4}", text) for text in texts)
    assert any(re.search(r"R 2026 \d{4}", text) for text in texts)
    assert any(len(re.findall(r"R-2026-\d{4}", text)) > 1 for text in texts)


class Reckoning:
    """A second way to the answer: payments one by one in the bank's order, against what is still open."""

    def __init__(self, demo: Path) -> None:
        ledger = sqlite3.connect(demo / "ledger.db")
        ledger.row_factory = sqlite3.Row
        self.invoices = {
            row["number"]: dict(row)
            for row in ledger.execute(
                "select i.*, v.name as vendor, v.iban from invoices i join vendors v on v.id = i.vendor_id"
            )
        }
        paid: dict[int, Decimal] = defaultdict(Decimal)
        for row in ledger.execute("select invoice_id, amount from payments"):
            paid[row["invoice_id"]] += Decimal(repr(row["amount"]))
        ledger.close()
        self.expected = {
            number: (Decimal(repr(invoice["amount"])) - paid[invoice["id"]]).quantize(Decimal("0.01"))
            for number, invoice in self.invoices.items()
        }
        self.received: dict[str, Decimal] = {}
        self.unexpected: list[tuple[str, str, Decimal]] = []
        seen: set[str] = set()
        self.lines = []
        for line in statement_rows(demo):
            if line["Amount"] > 0 and line["Entry"] not in seen:
                seen.add(line["Entry"])
                self.lines.append(line)
        self.named = {line["Entry"]: self.numbers(line["Reference"] or "") for line in self.lines}
        for line in sorted(self.lines, key=lambda line: (line["Booking date"], line["Entry"])):
            self.take(line)

    def numbers(self, text: str) -> list[str]:
        squeezed = re.findall(r"(?i)(?<![a-z0-9])r\W*_?\W*(2026)[\W_]*(\d{4})(?!\d)", text)
        return [n for n in dict.fromkeys(f"R-{year}-{number}" for year, number in squeezed) if n in self.invoices]

    def open(self, number: str) -> Decimal:
        return self.expected[number] - self.received.get(number, Decimal(0))

    def take(self, line: dict[str, Any]) -> None:
        amount = Decimal(repr(line["Amount"])).quantize(Decimal("0.01"))
        numbers = self.named[line["Entry"]] or self.by_payer(line, amount)
        numbers = [
            n
            for n in numbers
            if self.invoices[n]["currency"] == line["Currency"] and self.invoices[n]["status"] != "cancelled"
        ]
        if not numbers or all(self.open(n) <= Decimal("0.05") for n in numbers):
            self.unexpected.append((line["Entry"], line["Currency"], amount))
            return
        numbers.sort(key=lambda n: (self.invoices[n]["due_date"], n))
        for number in numbers:
            part = amount if number == numbers[-1] else self.open(number)
            self.received[number] = self.received.get(number, Decimal(0)) + part
            amount -= part

    def by_payer(self, line: dict[str, Any], amount: Decimal) -> list[str]:
        named = {number for numbers in self.named.values() for number in numbers}
        iban = (line["IBAN"] or "").replace(" ", "")
        fitting = [
            number
            for number, invoice in self.invoices.items()
            if number not in named
            and self.expected[number] == amount
            and (iban == invoice["iban"] or line["Payer"].lower() == invoice["vendor"].lower())
        ]
        return fitting if len(fitting) == 1 else []

    def due(self, invoice: dict[str, Any]) -> bool:
        return dt.date.fromisoformat(invoice["due_date"]) <= MONTH_END

    def rows(self) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
        for number, invoice in self.invoices.items():
            expected = self.expected[number]
            if number in self.received:
                same = abs(self.received[number] - expected) <= Decimal("0.05")
                outcome = "matched" if same else "different"
                yield outcome, invoice["currency"], number, expected, self.received[number]
            elif invoice["status"] != "cancelled" and expected > Decimal("0.05") and self.due(invoice):
                yield "missing", invoice["currency"], number, expected, Decimal(0)
        for entry, currency, amount in self.unexpected:
            yield "unexpected", currency, entry, Decimal(0), amount


def test_the_answer_key_holds_when_reckoned_another_way(demo: Path) -> None:
    data = office()
    mine = set(outcomes(list(data.invoices), data.statement.truth))
    assert set(Reckoning(demo).rows()) == mine


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_so_does_that_of_other_offices(tmp_path: Path, seed: int) -> None:
    data = office(seed)
    build(tmp_path / "other", data)
    assert set(Reckoning(tmp_path / "other").rows()) == set(outcomes(list(data.invoices), data.statement.truth))


def test_the_key_accounts_for_every_payment() -> None:
    data = office()
    received: dict[str, Decimal] = defaultdict(Decimal)
    for row in data.key:
        received[row.currency] += row.received
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for line in data.statement.payments:
        paid[line.currency] += line.amount
    assert received == paid


def test_every_outcome_occurs_in_the_key() -> None:
    counts = Counter[str]()
    for row in office().key:
        counts[row.outcome] += row.count
    assert counts == {"matched": 217, "different": 17, "missing": 24, "unexpected": 29}


# ---------------------------------------------------------------- the mailbox


def test_the_mailbox_holds_the_mails(demo: Path) -> None:
    found = mailbox.Maildir(demo / "mail", factory=None, create=False)
    assert set(found.list_folders()) == {"Newsletters", "Sent"}
    ids = Counter(message["Message-ID"] for message in found)
    for folder in found.list_folders():
        ids.update(message["Message-ID"] for message in found.get_folder(folder))
    assert ids == Counter(mail.message_id for mail in support.MAILS)
    unread = [mail for mail in support.MAILS if mail.unread and not mail.folder]
    assert len(list((demo / "mail/new").iterdir())) == len(unread) == 17


def test_mails_come_back_as_written(demo: Path) -> None:
    files = [file for file in (demo / "mail").rglob("*.acme*") if file.is_file()]
    assert len(files) == 30
    by_id = {mail.message_id: mail for mail in support.MAILS}
    for file in files:
        message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
        mail = by_id[message["Message-ID"]]
        assert message["Subject"] == mail.subject
        assert message["From"].addresses[0].addr_spec == mail.sender
        body = message.get_body(("plain", "html"))
        assert body is not None
        assert body.get_content().replace("\r\n", "\n").strip() == mail.body.strip()
        assert [part.get_filename() for part in message.iter_attachments()] == [a.name for a in mail.attachments]
        if mail.answers:
            assert message["In-Reply-To"] == next(m for m in support.MAILS if m.number == mail.answers).message_id


def test_an_attached_workbook_opens(demo: Path, tmp_path: Path) -> None:
    mail = next(m for m in support.MAILS if any(a.kind == "xlsx" for a in m.attachments))
    file = next(f for f in (demo / "mail/new").iterdir() if f".M{mail.number}." in f.name)
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    attached = next(message.iter_attachments())
    (tmp_path / "it.xlsx").write_bytes(attached.get_content())
    rows = list(openpyxl.load_workbook(tmp_path / "it.xlsx").active.iter_rows(values_only=True))
    assert rows[0] == ("Article", "Name", "Price")
    assert rows[1] == ("00417", "Rösti, 500 g", 3.49)
