"""A desk for jobs at the sizes that desks have, and short ways to look at what came of them.

The data is made by sqlite3, csv, openpyxl and the standard library's mailbox, and judged by the same.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import email
import email.policy
import email.utils
import io
import json
import mailbox
import sqlite3
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP
from decimal import Decimal as D
from email.message import EmailMessage
from pathlib import Path
from textwrap import dedent
from typing import Any

import openpyxl
import pytest
from deskhand.cli.main import main

TODAY = dt.date(2026, 3, 11)
CENT = D("0.01")

AGENT_TOML = """
[workspace]
name = "desks"
timezone = "Europe/Berlin"
[connections.ledger]
tool = "database"
url = "sqlite:///ledger.db"
[connections.files]
tool = "spreadsheet"
folder = "files"
[connections.mail]
tool = "email"
url = "maildir:mail"
address = "desk@acme.example"
"""


def cents(value: D) -> D:
    return value.quantize(CENT, ROUND_HALF_UP)


def german(value: D) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


class Desk:
    """A workspace on disk."""

    def __init__(self, root: Path) -> None:
        self.root, self.files = root, root / "files"
        self.files.mkdir()
        (root / "agent.toml").write_text(AGENT_TOML)
        self.sql("create table unused (id integer)")
        self.box = mailbox.Maildir(root / "mail", create=True)
        self.received = 0

    def sql(self, script: str, rows: Iterable[Sequence[Any]] | None = None) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.root / "ledger.db")) as connection, connection:
            if rows is not None:
                connection.executemany(script, rows)
                return []
            if script.lstrip().startswith("select"):
                return connection.execute(script).fetchall()
            connection.executescript(script)
            return []

    def csv(self, name: str, rows: Iterable[Sequence[Any]], *, delimiter: str = ",", encoding: str = "utf-8") -> None:
        with (self.files / name).open("w", newline="", encoding=encoding) as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)

    def book(self, name: str, sheets: dict[str, list[list[Any]]]) -> None:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(self.files / name)

    def receive(
        self, sender: str, subject: str, text: str = "Hello", *, at: str = "2026-03-02T09:00:00+01:00",
        attach: Iterable[tuple[str, bytes]] = (), seen: bool = False,
    ) -> None:  # fmt: skip
        self.received += 1
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, "desk@acme.example", subject
        message["Date"] = email.utils.format_datetime(dt.datetime.fromisoformat(at))
        message["Message-ID"] = f"<{self.received}@outside.example>"
        message.set_content(text)
        for name, data in attach:
            kind = ("text", "csv") if name.endswith(".csv") else ("application", "octet-stream")
            message.add_attachment(data, maintype=kind[0], subtype=kind[1], filename=name)
        filed = mailbox.MaildirMessage(message)
        filed.set_subdir("cur" if seen else "new")
        filed.set_flags("S" if seen else "")
        self.box.add(filed)

    def mails(self, folder: str = "Sent") -> list[EmailMessage]:
        box = mailbox.Maildir(self.root / "mail", create=False)
        if folder:
            if folder not in box.list_folders():
                return []
            box = box.get_folder(folder)
        found = []
        for key in box.keys():  # noqa: SIM118
            message = email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
            message["X-Flags"] = box.get_message(key).get_flags()
            found.append(message)
        return found

    def plan(self, text: str) -> Path:
        path = self.root / "plan.yaml"
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def run(self, text: str, *, code: int = 0, now: str = "2026-03-11T08:00") -> dict[str, Any]:
        out, err = io.StringIO(), io.StringIO()
        arguments = ["run", str(self.plan(text)), "--workspace", str(self.root), "--now", now, "--yes", "--json"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = main(arguments)
        assert (ended, err.getvalue()) == (code, ""), out.getvalue()
        return json.loads(out.getvalue())  # type: ignore[no-any-return]

    def rows(self, text: str, **options: Any) -> list[list[Any]]:
        return self.run(text, **options)["answer"]["rows"]  # type: ignore[no-any-return]


def cells(source: Path | bytes, sheet: str | None = None) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(source) if isinstance(source, bytes) else source)
    page = book[sheet] if sheet else book.worksheets[0]
    return [list(row) for row in page.iter_rows(values_only=True)]


def attachments(message: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_payload(decode=True) for part in message.iter_attachments()}  # type: ignore[misc]


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
