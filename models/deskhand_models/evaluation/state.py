"""The state of a workspace, read from outside deskhand: what a person would find in its tables, files and mails.

Read by the standard library and openpyxl alone, so that a fault of deskhand's own tools can't hide itself. A
state is a set of parts (one database table, one sheet, one mailbox), each of plain JSON values, so that it can be
kept and two of them compared part by part. It refuses to write anything.
"""

from __future__ import annotations

import csv
import datetime as dt
import email
import email.policy
import mailbox
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from email.message import EmailMessage
from email.utils import getaddresses
from functools import lru_cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from deskhand.errors import DataError

from deskhand_models.evaluation.mail_text import html_text

Cell = str | int | float | None
Rows = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Table:
    """Rows with a header: a database table, a sheet, an attached list."""

    columns: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True)
class Enclosed:
    """An attachment: its table (or those of its sheets) where it is one, else its text."""

    name: str
    tables: tuple[Table, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Mail:
    """One mail. id: its Message-ID, empty for one that wasn't there at first. recipients: to, cc and bcc, sorted."""

    folder: str
    id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str = ""
    answers: str = ""
    attachments: tuple[Enclosed, ...] = ()
    unread: bool = False
    flagged: bool = False


Part = Table | tuple[Mail, ...] | str
"""What a part is: a table or sheet, all mails of a mailbox, or the text of any other file."""


@dataclass(frozen=True)
class State:
    """All parts by name: `db/ledger/invoices`, `file/files/budget.xlsx/2026`, `mail/mail`."""

    parts: Mapping[str, Part] = field(default_factory=dict)

    def changed_from(self, first: State) -> dict[str, Part | None]:
        """The parts that differ from those of `first`; None for one that is gone."""
        names = sorted({*self.parts, *first.parts})
        return {n: self.parts.get(n) for n in names if self.parts.get(n) != first.parts.get(n)}

    def after(self, changes: Mapping[str, Part | None]) -> State:
        """The state with those parts exchanged."""
        merged = {**self.parts, **changes}
        return State({name: part for name, part in merged.items() if part is not None})


def read_state(folder: Path, connections: Mapping[str, str], first: State | None = None) -> State:
    """The workspace's state. first: what it was at first, where mails keep their Message-ID.

    Raises DataError for a file that can't be read as what its name says.
    """
    parts: dict[str, Part] = {}
    for name, tool in connections.items():
        if tool == "database":
            for table, content in _database(folder / f"{name}.db").items():
                parts[f"db/{name}/{table}"] = content
        elif tool == "spreadsheet":
            for path, found in _files(folder / name).items():
                parts[f"file/{name}/{path}"] = found
        else:
            known = None if first is None else {m.id for m in mails_of(first, name)}
            parts[f"mail/{name}"] = _mails(folder / name, known)
    return State(parts)


def mails_of(state: State, connection: str) -> tuple[Mail, ...]:
    """The mails of a mailbox."""
    part = state.parts.get(f"mail/{connection}", ())
    assert isinstance(part, tuple)
    return part


# ---------------------------------------------------------------- databases


def _database(file: Path) -> dict[str, Table]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        names = connection.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
        tables = {}
        for (name,) in names:
            if name.startswith(("sqlite_", "_deskhand")):
                continue
            quoted = name.replace('"', '""')
            cursor = connection.execute(f'select * from "{quoted}" order by rowid')
            columns = tuple(column[0] for column in cursor.description)
            tables[name] = Table(columns, tuple(tuple(map(_plain, row)) for row in cursor))
        return tables
    except sqlite3.Error as error:
        raise DataError(f"{file.name} can't be read: {error}") from None
    finally:
        connection.close()


def _plain(value: Any) -> Cell:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


# ---------------------------------------------------------------- files


def _files(folder: Path) -> dict[str, Table | str]:
    found: dict[str, Table | str] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name.startswith((".", "~")):
            continue
        content = path.read_bytes()
        if path.suffix.lower() == ".xlsx":
            for title, table in _workbook(content, name).items():
                found[f"{name}/{title}"] = table
        elif path.suffix.lower() == ".csv":
            found[name] = csv_table(content)
        else:
            found[name] = content.decode("utf-8", errors="replace")
    return found


def _workbook(content: bytes, name: str) -> dict[str, Table]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(BytesIO(content), data_only=False)
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise DataError(f"{name} is no workbook: {error}") from None
    tables = {}
    for sheet in book.worksheets:
        rows = [tuple(map(_plain, row)) for row in sheet.iter_rows(values_only=True)]
        tables[sheet.title] = _table(rows)
    return tables


def csv_table(content: bytes) -> Table:
    """The rows of a csv, whatever separates its cells."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    head = text[: text.find("\n")] if "\n" in text else text
    separator = max(",;\t|", key=head.count)
    return _table([tuple(row) for row in csv.reader(StringIO(text, newline=""), delimiter=separator)])


def _table(rows: list[tuple[Cell, ...]]) -> Table:
    filled = [row for row in rows if any(cell not in (None, "") for cell in row)]
    if not filled:
        return Table((), ())
    width = max(len(row) for row in filled)
    even = [row + (None,) * (width - len(row)) for row in filled]
    return Table(tuple("" if c is None else str(c).strip() for c in even[0]), tuple(even[1:]))


# ---------------------------------------------------------------- mails


def _mails(folder: Path, known: set[str] | None) -> tuple[Mail, ...]:
    box = mailbox.Maildir(folder, create=False)
    folders = [("inbox", box), *((name, box.get_folder(name)) for name in sorted(box.list_folders()))]
    found = []
    for name, place in folders:
        for key in place.iterkeys():
            raw = place.get_bytes(key)
            flags = place.get_message(key).get_flags()
            found.append(read_mail(raw, name, known, unread="S" not in flags, flagged="F" in flags))
    return tuple(sorted(found, key=lambda m: (m.folder, m.id, m.recipients, m.subject, m.text, repr(m.attachments))))


def read_mail(
    raw: bytes, folder: str, known: set[str] | None = None, *, unread: bool = False, flagged: bool = False
) -> Mail:
    """One mail from its bytes. known: the Message-IDs that are kept; all where None."""
    mail = _parsed(raw)
    id = mail.id if known is None or mail.id in known else ""
    return replace(mail, folder=folder, id=id, unread=unread, flagged=flagged)


@lru_cache(maxsize=2_000)  # the mails that were there at first are read after every run
def _parsed(raw: bytes) -> Mail:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    plain, html, attached = "", "", []
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        name = part.get_filename()
        if name or part.get_content_disposition() == "attachment":
            attached.append(_enclosed(name or "", data))
        elif part.get_content_type() == "text/html":
            html += data.decode(part.get_content_charset() or "utf-8", errors="replace")
        elif part.get_content_type() == "text/plain":
            plain += data.decode(part.get_content_charset() or "utf-8", errors="replace")
    return Mail(
        "",
        str(message["Message-ID"] or "").strip(),
        (_addresses(message, "From") or ("",))[0],
        _addresses(message, "To", "Cc", "Bcc"),
        str(message["Subject"] or ""),
        (plain or html_text(html)).replace("\r\n", "\n").strip(),
        html,
        str(message["In-Reply-To"] or "").strip(),
        tuple(sorted(attached, key=lambda a: (a.name, a.text))),
    )


def _addresses(message: EmailMessage, *names: str) -> tuple[str, ...]:
    texts = [str(value) for name in names for value in message.get_all(name, [])]
    return tuple(sorted({address.casefold() for _, address in getaddresses(texts) if address}))


def _enclosed(name: str, data: bytes) -> Enclosed:
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return Enclosed(name, (csv_table(data),))
    if ending == "xlsx":
        return Enclosed(name, tuple(_workbook(data, name).values()))
    return Enclosed(name, text=data.decode("utf-8", errors="replace"))


# ---------------------------------------------------------------- as JSON


def part_to_json(part: Part | None) -> Any:
    """A part as plain JSON."""
    if isinstance(part, Table):
        return {"columns": list(part.columns), "rows": [list(row) for row in part.rows]}
    if isinstance(part, tuple):
        return [_slim(asdict(mail)) for mail in part]
    return part


def part_from_json(raw: Any) -> Part | None:
    """The part again."""
    if isinstance(raw, dict):
        return _read_table(raw)
    if isinstance(raw, list):
        return tuple(_read_mail(mail) for mail in raw)
    assert raw is None or isinstance(raw, str)
    return raw


def _slim(value: Any) -> Any:
    """Without what is empty."""
    if isinstance(value, dict):
        return {k: _slim(v) for k, v in value.items() if v not in ("", (), False) or k in ("columns", "rows")}
    if isinstance(value, list | tuple):
        return [_slim(v) for v in value]
    return value


def _read_table(raw: Mapping[str, Any]) -> Table:
    return Table(tuple(raw["columns"]), tuple(tuple(row) for row in raw["rows"]))


def _read_mail(raw: Mapping[str, Any]) -> Mail:
    attached = tuple(
        Enclosed(a.get("name", ""), tuple(_read_table(t) for t in a.get("tables", ())), a.get("text", ""))
        for a in raw.get("attachments", ())
    )
    texts = {key: raw.get(key, "") for key in ("folder", "id", "sender", "subject", "text", "html", "answers")}
    marks = {key: bool(raw.get(key, False)) for key in ("unread", "flagged")}
    known: dict[str, Any] = {**texts, **marks}
    return Mail(recipients=tuple(raw.get("recipients", ())), attachments=attached, **known)
