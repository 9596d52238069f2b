"""An office made by hand, as offices are: nothing here is written by deskhand, and nothing is judged by it.

The database is made by sqlite3, workbooks by openpyxl, mails by the standard library. Tests run `agent` and then
read the files with the same libraries, so that what DESIGN says is held against what a person would find.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import email.policy
import io
import json
import mailbox
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from textwrap import dedent
from typing import Any

import openpyxl
import pytest
from deskhand.cli.main import main
from openpyxl.styles import Font

NOW = "2026-03-11T09:00"
"""A Wednesday."""

AGENT_TOML = """
[workspace]
name = "handmade"
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
address = "ap@acme.example"
"""

LEDGER = """
create table vendors (id integer primary key, name text, email text, country text);
insert into vendors values
  (1, 'Müller & Söhne', 'ap@mueller.example', 'DE'), (2, 'Bolt SARL', 'bolt@bolt.example', 'FR'),
  (3, 'Core', null, 'DE'), (4, 'Dent', 'dent@dent.example', 'de');

create table invoices (number text primary key, vendor_id integer, amount real, due_date text, status text, note text);
insert into invoices values
  ('0001', 1, 100.10, '2026-01-10', 'open', null), ('0002', 1, 50.0, '2026-04-10', 'Open', ''),
  ('0003', 2, 75.25, '2026-02-01', 'OPEN', 'call'), ('0004', 3, 10.1, '2026-02-03', 'open', null),
  ('0005', 2, 999.99, '2026-02-01', 'paid', null), ('0006', 9, 0.2, null, 'open', null);

create table payments (ref text, paid_on text, amount text);
insert into payments values
  ('A-1', '31/01/2026', '1.234,56'), ('A-2', '05/02/2026', '0,10'), ('A-2', '13/02/2026', '0,20'), ('A-3', '', '12,00');

create table "order" ("order id" text primary key, "group" text, placed text, cents integer, urgent text);
insert into "order" values
  ('007', 'A', '2026-03-10 17:30:00', 1999, 'Y'), ('008', 'B', '2026-03-11 00:00:00', 250, 'N'),
  ('009', 'A', '2026-03-11 23:59:59', 1, 'N');

create table stock (warehouse text, sku text, qty integer, checked text, primary key (warehouse, sku));
insert into stock values
  ('north', 'X1', 5, '20260131'), ('north', 'X2', 7, '20260228'), ('south', 'X1', 1, null);

create table "Kunden Übersicht" ("Kunden Nr" text primary key, "Größe" text, aktiv integer);
insert into "Kunden Übersicht" values ('00012', 'groß', 1), ('00013', 'klein', 0);

create table log (id integer primary key autoincrement, text text not null, level text default 'info');
create view open_invoices as select number, amount from invoices where lower(status) = 'open';
create table quotes (id integer primary key, customer text, total real, status text, valid_until text);
insert into quotes values (1, 'Ada', 10.5, 'sent', '2026-03-01'), (2, 'Bob', 20.25, 'sent', '2026-03-31'),
  (3, 'Cy', 30.0, 'won', '2026-01-31');
"""


@dataclass
class Outcome:
    """What one command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def answer(self) -> list[list[Any]]:
        """The rows of the answer."""
        return self.json["answer"]["rows"]  # type: ignore[no-any-return]

    def states(self, operation: str | None = None) -> list[str]:
        """The states of the effects, in order."""
        return [e["state"] for e in self.json["effects"] if operation in (None, e["operation"])]


def agent(*arguments: object) -> Outcome:
    """The command, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(a) for a in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


class Office:
    """The workspace on disk: made, changed and looked at without deskhand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = root / "files"
        self.mail = root / "mail"

    # ------------------------------------------------------------ running

    def plan(self, text: str, name: str = "plan") -> Path:
        file = self.root / f"{name}.yaml"
        file.write_text(dedent(text), encoding="utf-8")
        return file

    def process(self, name: str, text: str) -> Path:
        folder = self.root / "processes"
        folder.mkdir(exist_ok=True)
        file = folder / f"{name}.yaml"
        file.write_text(f"process: {name}\n" + dedent(text), encoding="utf-8")
        return file

    def run(self, text: str | Path, *more: str, now: str = NOW, name: str = "plan") -> Outcome:
        """`agent run FILE --workspace DIR --now ISO --yes --json`; what it prints must be one object."""
        what = text if isinstance(text, Path) else self.plan(text, name)
        outcome = agent("run", what, "--workspace", self.root, "--now", now, "--yes", "--json", *more)
        assert isinstance(outcome.json, dict)
        return outcome

    def do(self, text: str | Path, *more: str, now: str = NOW, name: str = "plan") -> Outcome:
        """A run that must end done."""
        outcome = self.run(text, *more, now=now, name=name)
        assert (outcome.code, outcome.json["status"]) == (0, "done"), outcome.out
        return outcome

    def ask(self, query: str, *more: str, now: str = NOW) -> list[list[Any]]:
        """The answer's rows to one query."""
        return self.do(self.plan("steps:\n  - query: |\n" + "".join(f"      {line}\n" for line in query.splitlines())),
                       *more, now=now).answer  # fmt: skip

    def agent(self, command: str, *arguments: object) -> Outcome:
        return agent(*command.split(), *arguments, "--workspace", self.root)

    # ------------------------------------------------------------ database

    def db(self, query: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.root / "ledger.db")) as connection:
            return connection.execute(query).fetchall()

    def alter(self, script: str) -> None:
        with contextlib.closing(sqlite3.connect(self.root / "ledger.db")) as connection:
            connection.executescript(script)

    # ------------------------------------------------------------ files

    def cells(self, file: str, sheet: str | None = None) -> list[list[Any]]:
        book = openpyxl.load_workbook(self.files / file)
        found = book[sheet] if sheet else book.worksheets[0]
        return [list(row) for row in found.iter_rows(values_only=True)]

    def workbook(self, file: str, sheets: dict[str, Sequence[Sequence[Any]]]) -> None:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(list(row))
        path = self.files / file
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)

    def text(self, file: str, content: str | bytes) -> None:
        path = self.files / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    # ------------------------------------------------------------ mail

    def folder(self, name: str = "") -> Path:
        return self.mail / (f".{name}" if name else "")

    def mails(self, folder: str = "") -> list[EmailMessage]:
        """The messages of a folder ("" is the inbox), oldest file first."""
        found: list[EmailMessage] = []
        for part in ("new", "cur"):
            for file in sorted((self.folder(folder) / part).glob("*")):
                found.append(email.message_from_bytes(file.read_bytes(), policy=email.policy.default))  # type: ignore[arg-type]
        return found

    def subjects(self, folder: str = "") -> list[str]:
        return sorted(str(m["Subject"]) for m in self.mails(folder))

    def sent(self) -> list[EmailMessage]:
        return self.mails("Sent")

    def flags(self, folder: str = "") -> dict[str, str]:
        """Maildir flags by subject."""
        box = mailbox.Maildir(self.folder(folder), create=False)
        return {str(m["Subject"]): m.get_flags() for m in box}

    def deliver(self, message: EmailMessage | str, folder: str = "", *, flags: str | None = None) -> None:
        """A message put into a folder: into new/, or into cur/ with flags."""
        where = self.folder(folder)
        for part in ("cur", "new", "tmp"):
            (where / part).mkdir(parents=True, exist_ok=True)
        box = mailbox.Maildir(where, create=False)
        made = mailbox.MaildirMessage(message if isinstance(message, EmailMessage) else dedent(message).lstrip())
        if flags is not None:
            made.set_subdir("cur")
            made.set_flags(flags)
        box.add(made)
        box.close()


def mail(
    subject: str,
    body: str = "Hello",
    *,
    sender: str = "Ann Lee <ann@x.example>",
    date: str = "Tue, 10 Mar 2026 08:00:00 +0100",
    mid: str | None = "",
    files: dict[str, bytes] | None = None,
    **headers: str,
) -> EmailMessage:
    """A message; mid: its Message-ID, made from the subject, or none where None."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = headers.pop("to", "ap@acme.example")
    made["Subject"] = subject
    made["Date"] = date
    if mid is not None:
        made["Message-ID"] = mid or f"<{subject.lower().replace(' ', '-')}@x.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    for name, content in (files or {}).items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made


def workbook_bytes(rows: Sequence[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))  # type: ignore[union-attr]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _files(office: Office) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "2025"
    for row in (["Dept", "Planned", "Paid in"], ["IT", 100, 50.5], ["HR", 80, None]):
        first.append(row)
    second = book.create_sheet("2026")
    for row in (["Dept", "Code", "Planned", "Due", "Note"],
                ["IT", "0042", 200.5, dt.date(2026, 3, 31), "keep"],
                ["HR", "0043", 300, dt.date(2026, 4, 30), None]):  # fmt: skip
        second.append(row)
    for row_number in (2, 3):
        second.cell(row_number, 3).number_format = "#,##0.00"
        second.cell(row_number, 4).number_format = "dd/mm/yyyy"
    second["A1"].font = Font(bold=True)
    office.files.mkdir(parents=True)
    book.save(office.files / "budget.xlsx")
    office.workbook("titled.xlsx", {"Report": [
        ["Monthly report March"], [], ["Region", "Units", "Amount EUR"], ["North", "12", 10.25], ["South", "7", 20.5],
    ]})  # fmt: skip
    office.text(
        "umsatz.csv", "Kunde;Betrag;Datum\nMüller;1.234,56;31.01.2026\nGröße AG;0,50;01.02.2026\n".encode("cp1252")
    )
    office.text("archive/bank.csv", "Entry,Amount,Ref\nB-1,100.10,0001\nB-2,75.00,0003\nB-3,5.00,\n")
    office.text("rates.csv", "country,rate\nDE,0.19\nFR,0.20\n")


def _mails(office: Office) -> None:
    for folder in ("", "Newsletters"):
        for part in ("cur", "new", "tmp"):
            (office.folder(folder) / part).mkdir(parents=True)
    office.deliver(mail("Order 12", "Please send 5 chairs.\nThanks\n", cc="boss@x.example"))
    office.deliver(mail("Payment list", "attached", sender="bob@bolt.example", date="Mon, 9 Mar 2026 23:30:00 +0000",
                        files={"payments.csv": b"number,paid\n0001,100.10\n0003,70.00\n"}), flags="F")  # fmt: skip
    office.deliver(mail("Old news", "buy", sender="News <news@spam.example>"), flags="S")
    twice = mail("Twice", "one of two", mid="<twice@x.example>")
    office.deliver(twice)
    office.deliver(twice, "Newsletters", flags="S")
    html = EmailMessage()
    html["From"], html["To"], html["Subject"] = "web@shop.example", "ap@acme.example", "Html only"
    html["Date"], html["Message-ID"] = "Tue, 10 Mar 2026 10:00:00 +0100", "<html@shop.example>"
    html.set_content("<p>Hello <b>there</b></p><p>Total 12 &euro;</p>", subtype="html")
    office.deliver(html)
    office.deliver(mail("No id", "body without id", mid=None))
    office.deliver(mail("Hours", "see workbook", sender="cy@x.example",
                        files={"hours.xlsx": workbook_bytes([["Person", "Hours"], ["Ada", 3], ["Bob", 4]])}))  # fmt: skip


@pytest.fixture(scope="session")
def template_office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The office as it stands in the morning, with its catalog already cached."""
    root = tmp_path_factory.mktemp("template") / "office"
    office = Office(root)
    root.mkdir()
    (root / "agent.toml").write_text(AGENT_TOML, encoding="utf-8")
    with contextlib.closing(sqlite3.connect(root / "ledger.db")) as connection:
        connection.executescript(LEDGER)
    _files(office)
    _mails(office)
    return root


@pytest.fixture
def office(template_office: Path, tmp_path: Path) -> Iterator[Office]:
    """A fresh copy of the office."""
    root = tmp_path / "office"
    shutil.copytree(template_office, root)
    yield Office(root)
