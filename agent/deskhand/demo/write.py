"""Writes the demo office's data as the files that a real office has: SQLite, workbooks, csv, a Maildir.

The same data gives the same bytes every time: no clock, no chance, fixed boundaries and zip dates. Refuses to
write over anything that is already there.
"""

from __future__ import annotations

import datetime as dt
import io
import sqlite3
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import default as default_policy
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from deskhand.demo import people, support

if TYPE_CHECKING:
    import xlsxwriter

    from deskhand.demo import Office
    from deskhand.demo.bank import Line

ZONE = ZoneInfo("Europe/Berlin")
_MADE = dt.datetime(2026, 11, 2, 7, 0)

SCHEMA = """
create table accounts (number text primary key, name text not null, kind text not null);
create table vendors (
  id integer primary key, name text not null, email text, contact text, iban text, country text not null,
  city text, currency text not null, terms integer not null
);
create table invoices (
  id integer primary key, number text not null unique, vendor_id integer not null references vendors (id),
  account text not null references accounts (number), issued date not null, due_date date not null,
  currency text not null, amount real not null, status text not null default 'open',
  paid_amount real not null default 0
);
create table payments (
  bank_ref text not null, invoice_id integer not null references invoices (id), paid_on date not null,
  amount real not null, currency text not null, primary key (bank_ref, invoice_id)
);
create table reminders (
  invoice_id integer not null references invoices (id), level integer not null, sent_on date not null,
  primary key (invoice_id, level)
);
create table team (id integer primary key, name text not null, email text not null, topic text not null);
create table support_log (
  mail_id text primary key, received timestamp not null, sender text not null, subject text, topic text,
  action text not null, assignee text, handled_on date not null
);
create index invoices_by_vendor on invoices (vendor_id);
create index payments_by_invoice on payments (invoice_id);
"""


def ledger(path: Path, office: Office) -> None:
    """The SQLite ledger as it stands before October's statement."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript(SCHEMA)
        _fill(connection, "accounts", people.ACCOUNTS)
        _fill(
            connection,
            "vendors",
            [
                (v.id, v.name, v.email, v.contact, v.iban, v.country, v.city, v.currency, v.terms)
                for v in office.vendors
            ],
        )
        _fill(
            connection,
            "invoices",
            [
                (
                    i.id,
                    i.number,
                    i.vendor.id,
                    i.account,
                    i.issued.isoformat(),
                    i.due.isoformat(),
                    i.currency,
                    float(i.amount),
                    i.status,
                    float(i.paid),
                )
                for i in office.invoices
            ],
        )
        _fill(
            connection,
            "payments",
            [
                (b.bank_ref, i.id, b.day.isoformat(), float(b.amount), i.currency)
                for i in office.invoices
                for b in i.booked
            ],
        )
        _fill(
            connection,
            "reminders",
            [(i.id, r.level, r.day.isoformat()) for i in office.invoices for r in i.reminded],
        )
        _fill(connection, "team", [(m.id, m.name, m.email, m.topic) for m in people.TEAM])
        connection.commit()
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {table} values ({marks})", rows)


# ---------------------------------------------------------------- workbooks


def _workbook(target: Path | io.BytesIO) -> xlsxwriter.Workbook:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, {"in_memory": True})
    book.set_properties({"title": "acme", "created": _MADE})
    return book


def statement(path: Path, lines: Sequence[Line], repeated: Sequence[Line]) -> None:
    """The bank's workbook: title rows, a header, blank rows between the weeks, some lines printed twice."""
    book = _workbook(path)
    sheet = book.add_worksheet("Umsätze")
    day_format, money_format = book.add_format({"num_format": "dd.mm.yyyy"}), book.add_format({"num_format": "0.00"})
    sheet.write(0, 0, "Kontoauszug / Account statement")
    sheet.write(1, 0, "acme GmbH, DE02 1203 0000 0000 2020 51")
    sheet.write(2, 0, "01.10.2026 – 31.10.2026")
    sheet.write_row(4, 0, ["Entry", "Booking date", "Payer", "IBAN", "Reference", "Amount", "Currency", "Remark"])
    row = 5
    week = lines[0].day.isocalendar().week if lines else 0
    for line in [x for one in lines for x in ([one, one] if one in repeated else [one])]:
        if line.day.isocalendar().week != week:
            week = line.day.isocalendar().week
            row += 1
        sheet.write_string(row, 0, line.entry)
        sheet.write_datetime(row, 1, dt.datetime.combine(line.day, dt.time()), day_format)
        sheet.write_string(row, 2, line.payer)
        if line.iban:
            sheet.write_string(row, 3, line.iban)
        if line.reference:
            sheet.write_string(row, 4, line.reference)
        sheet.write_number(row, 5, float(line.amount), money_format)
        sheet.write_string(row, 6, line.currency)
        row += 1
    sheet.set_column(0, 6, 18)
    book.add_worksheet("Hinweise").write(0, 0, "Bitte prüfen Sie Ihren Auszug binnen sechs Wochen.")
    book.close()


def faq(path: Path, questions: Sequence[Sequence[str]] = support.FAQ) -> None:
    """The FAQ workbook: the sheets `faq` and `topics`."""
    book = _workbook(path)
    for name, header, rows in (
        ("faq", ("Topic", "Keywords", "Question", "Answer"), questions),
        ("topics", ("Topic", "Keywords", "Folder"), support.TOPICS),
    ):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, header)
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, row)
        sheet.set_column(0, len(header), 30)
    book.close()


def budget(path: Path) -> None:
    """Planned and spent by account, one sheet a year."""
    book = _workbook(path)
    for year in (2025, 2026):
        sheet = book.add_worksheet(str(year))
        sheet.write_row(0, 0, ["Account", "Name", "Planned", "Spent"])
        expenses = [account for account in people.ACCOUNTS if account[2] == "expense"]
        for row, (number, name, _) in enumerate(expenses, start=1):
            planned = 1200 * row * (year - 2020)
            sheet.write_row(row, 0, [number, name, planned, planned * (60 + 7 * row) / 100])
    book.close()


def contacts(path: Path, vendors: Sequence[people.Vendor]) -> None:
    """The vendors' contacts as the old address book exports them: semicolons and cp1252."""
    lines = ["Vendor;Contact;City;Phone"]
    for vendor in vendors:
        lines.append(f"{vendor.name};{vendor.contact};{vendor.city};0{300 + vendor.id} 555{vendor.id:03d}")
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("cp1252"))


def booked_payments(path: Path, office: Office) -> None:
    """The payments up to September as the old bank program exported them: semicolons, decimal commas."""
    rows = [(b.day, b.bank_ref, i.number, b.amount, i.currency) for i in office.invoices for b in i.booked]
    lines = ["Entry;Date;Invoice;Amount;Currency"]
    for day, ref, number, amount, currency in sorted(rows):
        lines.append(f"{ref};{day:%d.%m.%Y};{number};{str(amount).replace('.', ',')};{currency}")
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("utf-8-sig"))


# ---------------------------------------------------------------- the mailbox


def mailbox(path: Path, mails: Sequence[support.Mail] = support.MAILS) -> None:
    """A Maildir (Maildir++): the root is the inbox, other folders are `.Sent`, `.Newsletters`."""
    for folder in ("", *sorted({mail.folder for mail in mails if mail.folder} | {"Sent"})):
        for part in ("cur", "new", "tmp"):
            (path / (f".{folder}" if folder else "") / part).mkdir(parents=True, exist_ok=True)
        if folder:
            (path / f".{folder}" / "maildirfolder").touch()
    by_number = {mail.number: mail for mail in mails}
    for mail in mails:
        seconds = int(mail.date.replace(tzinfo=ZONE).timestamp())
        place = path / (f".{mail.folder}" if mail.folder else "") / ("new" if mail.unread else "cur")
        file = place / f"{seconds}.M{mail.number}.acme{'' if mail.unread else ':2,S'}"
        file.write_bytes(_message(mail, by_number.get(mail.answers or 0)))


def _message(mail: support.Mail, answered: support.Mail | None) -> bytes:
    message = EmailMessage(policy=default_policy)
    message["From"] = formataddr((mail.sender_name, mail.sender), charset="utf-8")
    message["To"] = mail.to
    message["Date"] = format_datetime(mail.date.replace(tzinfo=ZONE))
    message["Subject"] = mail.subject
    message["Message-ID"] = mail.message_id
    if answered is not None:
        message["In-Reply-To"] = message["References"] = answered.message_id
    for name, value in mail.headers:
        message[name] = value
    message.set_content(mail.body, subtype="html" if mail.html else "plain")
    for attachment in mail.attachments:
        kind = {
            "csv": ("text", "csv"),
            "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            "pdf": ("application", "pdf"),
        }[attachment.kind]
        content = _content(attachment)
        message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=attachment.name)
    if message.is_multipart():
        # the library would draw one by chance
        message.set_boundary(f"=_acme_{mail.number:04d}")
    return message.as_bytes()


def _content(attachment: support.Attachment) -> bytes:
    if attachment.kind == "csv":
        return "\r\n".join(",".join(row) for row in attachment.content).encode() + b"\r\n"
    if attachment.kind == "pdf":
        return _pdf(attachment.content[0][0])
    target = io.BytesIO()
    book = _workbook(target)
    sheet = book.add_worksheet("Sheet1")
    for number, row in enumerate(attachment.content):
        for place, cell in enumerate(row):
            if number and place == len(row) - 1:
                sheet.write_number(number, place, float(cell))
            else:
                sheet.write_string(number, place, cell)
    book.close()
    return target.getvalue()


def _pdf(text: str) -> bytes:
    """The smallest page that a viewer opens, with one line of text."""
    drawn = f"BT /F1 18 Tf 72 760 Td ({text}) Tj ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
