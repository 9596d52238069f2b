"""The builder of the evaluation's workspaces: from a set's texts to agent.toml, databases, workbooks and mailboxes.

The same texts give the same bytes, Message-IDs included, so that two runs over a workspace differ only by what
the plans did. Nothing of deskhand's own tools is used: what they read was made by others. It refuses to write
into a folder that is there already.
"""

from __future__ import annotations

import datetime as dt
import mailbox
import os
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from deskhand.errors import DataError, Where

from deskhand_models.evaluation.sets import Letter, Office, Sheet

ZONE = "Europe/Berlin"
_MADE = dt.datetime(2026, 1, 1)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")


def build(office: Office, folder: Path) -> Path:
    """Make the workspace in this folder, which must not be there yet; returns it.

    Raises DataError for SQL that SQLite refuses, and FileExistsError.
    """
    folder.mkdir(parents=True)
    (folder / "processes").mkdir()
    lines = ["[workspace]", f'name = "{office.name}"', f'timezone = "{ZONE}"']
    for name, tool in office.connections.items():
        lines += ["", f"[connections.{name}]", f'tool = "{tool}"']
        if tool == "database":
            lines.append(f'url = "sqlite:///{name}.db"')
            _database(office.folder / f"{name}.sql", office.sql[name], folder / f"{name}.db")
        elif tool == "spreadsheet":
            lines.append(f'folder = "{name}"')
            (folder / name).mkdir()
            for path, content in office.files[name].items():
                target = folder / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.encode() if isinstance(content, str) else workbook(dict(content)))
        else:
            lines += [f'url = "maildir:{name}"', f'address = "{office.address}"']
            _mailbox(office, name, folder / name)
    (folder / "agent.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


# ---------------------------------------------------------------- databases


def _database(source: Path, sql: str, file: Path) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("pragma synchronous = off")
        connection.execute("pragma foreign_keys = on")
        connection.execute("begin")
        for line, statement in statements(sql):
            try:
                connection.execute(statement)
            except sqlite3.Error as error:
                where = Where(str(source), line)
                raise DataError(f"{error}: {' '.join(statement.split())[:90]}", where=where) from None
        connection.execute("commit")
    finally:
        connection.close()


def statements(sql: str) -> Iterator[tuple[int, str]]:
    """Each statement with the line that it begins in (from 1)."""
    line, begun, held = 1, 0, ""
    for piece in re.split(r"(?<=;)|(?<=\n)", sql):
        if not held.strip():
            held, begun = "", line + len(piece) - len(piece.lstrip("\n"))
        held += piece
        line += piece.count("\n")
        if sqlite3.complete_statement(held):
            yield begun, held.strip()
            held = ""
    if re.sub(r"--.*|\s", "", held):
        yield begun, held.strip()


# ---------------------------------------------------------------- workbooks


def workbook(sheets: dict[str, Sheet]) -> bytes:
    """An xlsx with these sheets, in order: a header of texts, below it numbers and ISO dates as such."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]  # a new workbook has one
    book.properties.created = book.properties.modified = _MADE
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows):
            sheet.append([text or None for text in row] if number == 0 else [cell(text) for text in row])
    made = BytesIO()
    book.save(made)
    return _timeless(made.getvalue())


def cell(text: str) -> object:
    """What a person would see in the cell: a number, a date, nothing, else the text."""
    if not text.strip():
        return None
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time())
        if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?", text):
            return dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    return text


def _timeless(xlsx: bytes) -> bytes:
    """The same archive without the moment at which it was packed."""
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(xlsx)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":  # openpyxl writes the clock's time whatever it was told
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(entry.filename, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


# ---------------------------------------------------------------- mailboxes


def _mailbox(office: Office, name: str, folder: Path) -> None:
    mailbox.Maildir(folder, create=True)
    for number, letter in enumerate(office.mails[name], 1):
        target = folder if letter.folder.casefold() == "inbox" else folder / f".{letter.folder}"
        for part in ("cur", "new", "tmp"):
            (target / part).mkdir(parents=True, exist_ok=True)
        if target != folder:
            (target / "maildirfolder").touch()
        flags = ("F" if letter.flagged else "") + ("" if letter.unread else "S")
        moment = letter.date if letter.date.tzinfo else letter.date.replace(tzinfo=ZoneInfo(ZONE))
        stamp = int(moment.timestamp())
        file = target / "cur" / f"{stamp}.M{number:06}.office:2,{flags}"
        file.write_bytes(message(letter, f"<{number}.{name}.{office.name.replace(' ', '-')}@mail.example>", moment))
        os.utime(file, (stamp, stamp))


def message(letter: Letter, id: str, moment: dt.datetime) -> bytes:
    """The mail as it lies in a Maildir."""
    mail = EmailMessage()
    mail["From"], mail["To"] = letter.sender, letter.to
    if letter.cc:
        mail["Cc"] = letter.cc
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(moment)
    mail["Message-ID"] = id
    mail.set_content(letter.body)
    for name, text in letter.attachments.items():
        subtype = "csv" if name.lower().endswith(".csv") else "plain"
        mail.add_attachment(text.encode(), maintype="text", subtype=subtype, filename=name)
    if letter.attachments:
        mail.set_boundary(f"=-={id.strip('<>').replace('@', '.')}")
    return mail.as_bytes(policy=SMTP.clone(linesep="\n"))
