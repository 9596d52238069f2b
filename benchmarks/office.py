"""Sources for the benchmarks, made by code, the same every time: a ledger, bank statements, mailboxes, folders.

This module refuses chance and anything that needs the network. It is imported in children only, so that the
measuring process stays small.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

NOW = dt.datetime(2026, 3, 11, 9)
FIRST = dt.date(2025, 1, 1)
STATUSES = ("open", "paid", "Open", "cancelled", "disputed")


def workspace(root: str | Path, *connections: str) -> Path:
    """agent.toml with these connections: `ledger`, `files`, `mail`."""
    said = {
        "ledger": '[connections.ledger]\ntool = "database"\nurl = "sqlite:///ledger.db"\n',
        "files": '[connections.files]\ntool = "spreadsheet"\nfolder = "files"\n',
        "mail": '[connections.mail]\ntool = "email"\nurl = "maildir:mail"\naddress = "ap@acme.example"\n',
    }
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    head = '[workspace]\nname = "acme"\ntimezone = "Europe/Berlin"\n'
    (root / "agent.toml").write_text(head + "".join(said[name] for name in connections), encoding="utf-8")
    return root


def day(n: int) -> dt.date:
    """A day of the first or the second year, by number."""
    return FIRST + dt.timedelta(days=n % 400)


def invoices(file: Path, count: int) -> None:
    """A table of invoices, as an ERP keeps them: texts, dates in ISO, money in REAL, blanks."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "create table invoices (id integer primary key, number text not null, vendor text not null,"
            " due_date date, amount real not null, currency text, status text, note text)"
        )
        connection.executemany(
            "insert into invoices values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    n,
                    f"R-{n:06d}",
                    f"Vendor {n % 997}",
                    day(n).isoformat(),
                    round(10 + n * 37 % 100_000 / 100, 2),
                    ("EUR", "CHF", "USD")[n % 3],
                    STATUSES[n % 5],
                    "" if n % 7 else f"see letter {n}",
                )
                for n in range(1, count + 1)
            ),
        )


def statement(count: int) -> tuple[list[str], list[list[Any]]]:
    """A bank statement: header and rows, payments of four fifths of the invoices in another order."""
    header = ["Booked", "Reference", "Amount", "Currency", "Payer"]
    rows: list[list[Any]] = []
    for i in range(1, count + 1):
        n = i * 7919 % count + 1  # 7919 is prime: every invoice once
        amount = round(10 + n * 37 % 100_000 / 100, 2) - (5.0 if n % 11 == 0 else 0.0)
        reference = f"R-{n:06d}" if n % 5 else f"X-{n:06d}"
        rows.append([day(n + 3), reference, round(amount, 2), ("EUR", "CHF", "USD")[n % 3], f"Payer {n % 997}"])
    return header, rows


def write_csv(file: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """As a bank sends it: ISO dates, a point in the amounts, commas between."""
    import csv

    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows([f"{c:.2f}" if isinstance(c, float) else c for c in row] for row in rows)


def write_xlsx(file: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """As Excel saves it: shared strings, dates as numbers with a format."""
    import xlsxwriter

    file.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(file), {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("Bank")
        for number, row in enumerate([list(header), *rows]):
            for column, cell in enumerate(row):
                sheet.write(number, column, cell)


def wide(count: int) -> tuple[list[str], list[list[Any]]]:
    """Ten columns of the usual kinds: number, texts, money, dates, yes or no, blanks."""
    header = ["Id", "Number", "Vendor", "City", "Due", "Amount", "Tax", "Paid", "Status", "Note"]
    rows = [
        [
            n,
            f"R-{n:06d}",
            f"Vendor {n % 997}",
            ("Bonn", "Kiel", "Ulm")[n % 3],
            day(n),
            round(10 + n * 37 % 100_000 / 100, 2),
            round(n * 19 % 10_000 / 100, 2),
            n % 2 == 0,
            STATUSES[n % 5],
            None if n % 7 else f"see letter {n}",
        ]
        for n in range(1, count + 1)
    ]
    return header, rows


def mails(root: Path, count: int, *, first: int = 0) -> None:
    """A Maildir of short mails, one in ten with a small attachment; two thirds in the inbox."""
    from email.message import EmailMessage

    folders = [root, root / ".Newsletters"]
    for folder in folders:
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    (root / ".Newsletters" / "maildirfolder").touch()
    for n in range(first, first + count):
        mail = EmailMessage()
        mail["From"] = f"Sender {n % 50} <sender{n % 50}@vendor.example>"
        mail["To"] = "ap@acme.example"
        mail["Subject"] = f"Invoice R-{n:06d}, März"
        mail["Date"] = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=n)
        mail["Message-ID"] = f"<{n}@vendor.example>"
        mail.set_content(f"Please find our invoice R-{n:06d}.\n" * 12)
        if n % 10 == 0:
            mail.add_attachment(b"%PDF-1.4 " + b"0" * 400, maintype="application", subtype="pdf", filename=f"R-{n}.pdf")
        folder = folders[n % 3 == 2]
        (folder / "cur" / f"{1767225600 + n}.M{n:06d}.bench:2,S").write_bytes(bytes(mail))
