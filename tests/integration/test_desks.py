"""Jobs as desks have them, at the sizes that desks have: each is worked out once more in plain Python.

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
import random
import sqlite3
import subprocess
import sys
from collections import defaultdict
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


def test_dunning_five_thousand_invoices_one_mail_a_customer(desk: Desk) -> None:
    chance = random.Random(1)
    desk.sql(
        "create table customers (id integer primary key, name text, email text); create table invoices (number text primary key, customer int, amount decimal(12,2), due text, status text, level int)"
    )
    desk.sql(
        "insert into customers values (?,?,?)",
        [(i, f"Kunde {i} & Co", f"k{i}@kunde.example" if i % 17 else None) for i in range(1, 61)],
    )
    invoices = [
        (
            f"R{i:05d}",
            chance.randint(1, 60),
            chance.randint(500, 900000) / 100,
            str(TODAY - dt.timedelta(days=chance.randint(-60, 120))),
            chance.choice(["open", "Open", "paid", "paid", "paid", "paid"]),
            chance.randint(0, 3),
        )
        for i in range(5000)
    ]
    desk.sql("insert into invoices values (?,?,?,?,?,?)", invoices)
    answer = desk.rows(
        """
        steps:
          - id: overdue
            query: |
              select i.number, i.amount, i.due, c.id as customer, c.name, c.email, i.level + 1 as level
              from ledger.invoices i join ledger.customers c on c.id = i.customer
              where lower(i.status) = 'open' and i.due < days_ago(30) and i.level < 3
              order by c.id, i.due, i.number
          - id: letters
            email.send:
              rows: overdue
              per: customer
              to: "{{ email }}"
              subject: "{{ rows | length }} open invoices"
              body: "Dear {{ name }},{% for r in rows %} {{ r.number }} ({{ (today - r.due) }} days){% endfor %}"
              attach: [{table: rows, name: list.xlsx}]
          - {id: raised, query: "select number, level from letters.done"}
          - database.update: {table: ledger.invoices, rows: raised}
          - query: select level, count(*) as n, sum(amount) as total from letters.done group by level order by level
        """,
        code=4,
    )
    owed: dict[int, list[tuple[str, str, D, int]]] = defaultdict(list)
    for number, customer, price, due, status, level in invoices:
        if status.lower() == "open" and due < "2026-02-09" and level < 3 and customer % 17:
            owed[customer].append((due, number, D(str(price)), level + 1))
    sent = {m["to"]: m for m in desk.mails()}
    assert sent.keys() == {f"k{c}@kunde.example" for c in owed}
    for customer, lines in owed.items():
        message = sent[f"k{customer}@kunde.example"]
        said = "".join(f" {n} ({(TODAY - dt.date.fromisoformat(due)).days} days)" for due, n, *_ in sorted(lines))
        assert text_of(message).strip() == f"Dear Kunde {customer} & Co,{said}"
        listed = cells(attachments(message)["list.xlsx"])[1:]
        assert [(row[0], cents(D(str(row[1])))) for row in listed] == [(n, a) for _, n, a, _ in sorted(lines)]
    levels = {n: level for lines in owed.values() for _, n, _, level in lines}
    assert dict(desk.sql("select number, level from invoices")) == {i[0]: levels.get(i[0], i[5]) for i in invoices}
    totals: dict[int, list[D]] = defaultdict(list)
    for lines in owed.values():
        for *_, amount, level in lines:
            totals[level].append(amount)
    assert answer == [[level, len(a), str(sum(a))] for level, a in sorted(totals.items())]


def test_a_price_list_comes_by_mail_and_only_changed_prices_are_written(desk: Desk) -> None:
    desk.sql(
        "create table articles (sku text primary key, price real, changed text); insert into articles values ('00012', 1.10, '2025-01-01'), ('00013', 0.30, '2025-01-01'), ('A-7', 120.0, '2025-01-01'), ('A-8', 5, '2025-01-01')"
    )
    book, data = openpyxl.Workbook(), io.BytesIO()
    for row in (["Artikel-Nr", "Preis EUR"], ["00012", 1.25], ["00013", 0.3], ["A-7", 119.99], ["A-99", 4]):
        book.worksheets[0].append(row)
    book.save(data)
    desk.receive("Sales <sales@vendor.example>", "New prices", attach=[("prices 2026.xlsx", data.getvalue())])
    desk.receive("stranger@vendor.example", "New prices", attach=[("prices free.xlsx", data.getvalue())])
    desk.run("""
        steps:
          - id: list
            expect: some
            query: select "Artikel-Nr" as sku, "Preis EUR" as price from mail."attachments/prices*.xlsx" where mail_sender = 'sales@vendor.example'
          - id: changed
            query: |
              select a.sku, a.price as old_price, l.price as new_price, round((l.price - a.price) / a.price * 100, 1) as pct
              from list l join ledger.articles a using (sku) where l.price <> a.price order by a.sku
          - {id: unknown, query: "select l.sku, l.price from list l anti join ledger.articles a on a.sku = l.sku"}
          - {id: prices, query: "select sku, new_price as price, current_date as changed from changed"}
          - database.update: {table: ledger.articles, rows: prices}
          - spreadsheet.write: {file: changes.xlsx, sheet: Changed, rows: changed}
          - spreadsheet.write: {file: changes.xlsx, sheet: Unknown, rows: unknown}
          - email.send: {to: buyer@acme.example, subject: "{{ changed.count }} changed, {{ unknown.count }} unknown", body: See the list., attach: [changes.xlsx]}
        """)
    assert desk.sql("select * from articles order by sku") == [
        ("00012", 1.25, "2026-03-11"),
        ("00013", 0.3, "2025-01-01"),
        ("A-7", 119.99, "2026-03-11"),
        ("A-8", 5.0, "2025-01-01"),
    ]
    (message,) = desk.mails()
    assert message["subject"] == "2 changed, 1 unknown"
    sent = attachments(message)["changes.xlsx"]
    assert cells(sent, "Changed")[1:] == [["00012", 1.1, 1.25, 13.6], ["A-7", 120, 119.99, 0]]
    assert cells(sent, "Unknown") == [["sku", "price"], ["A-99", 4]]


def test_timesheets_of_twelve_mails_become_the_payroll(desk: Desk) -> None:
    desk.sql("create table staff (id integer primary key, name text, email text, rate decimal(8,2), active text)")
    desk.sql(
        "insert into staff values (?,?,?,?,?)",
        [(i, f"Person {i}", f"p{i}@acme.example", 20 + i / 2, "N" if i == 14 else "Y") for i in range(1, 16)],
    )
    hours = {i: [7 + day * i % 5 / 4 for day in range(2, 7)] for i in range(1, 13)}
    for i, worked in hours.items():
        lines = "".join(f"2026-02-{day:02d},{h}\r\n" for day, h in enumerate(worked, 2))
        desk.receive(
            f"Person {i} <P{i}@Acme.example>",
            "Timesheet",
            attach=[(f"timesheet-{i}.csv", f"Date,Hours\r\n{lines}".encode())],
        )
    desk.run("""
        steps:
          - {id: t, query: 'select lower(mail_sender) as email, "Hours" as hours from mail."attachments/timesheet*.csv" where mail_date::date >= start_of(''month'')'}
          - id: payroll
            query: |
              select s.id, s.name, sum(t.hours) as hours, s.rate, round(sum(t.hours) * s.rate, 2) as pay
              from t join ledger.staff s on s.email = t.email group by s.id, s.name, s.rate order by s.id
          - {id: missing, query: "select name, email from ledger.staff s where active = 'Y' and not exists (select 1 from t where t.email = s.email)"}
          - spreadsheet.write: {file: payroll.xlsx, sheet: 2026-02, rows: payroll}
          - {id: total, query: "select 'Total' as name, sum(hours) as hours, sum(pay) as pay from payroll"}
          - spreadsheet.append: {table: 'files."payroll.xlsx/2026-02"', rows: total}
          - email.send: {rows: missing, to: "{{ email }}", subject: "Your timesheet of {{ today | date('%B') }}", body: "Hi {{ name }}"}
        """)
    expected = [
        [i, f"Person {i}", float(sum(h)), 20 + i / 2, float(cents(D(str(sum(h))) * D(str(20 + i / 2))))]
        for i, h in hours.items()
    ]
    total = [None, "Total", sum(sum(h) for h in hours.values()), None, float(sum(D(str(row[4])) for row in expected))]
    assert cells(desk.files / "payroll.xlsx", "2026-02")[1:] == [*expected, total]
    assert {(m["to"], m["subject"]) for m in desk.mails()} == {
        (f"p{i}@acme.example", "Your timesheet of March") for i in (13, 15)
    }


def test_value_added_tax_by_quarter_to_the_cent(desk: Desk) -> None:
    chance = random.Random(3)
    rows = [
        (
            i,
            f"{chance.randint(1, 28):02d}/{chance.randint(1, 12):02d}/2025",
            chance.randint(1, 99999) / 100,
            chance.choice([0.19, 0.07, 0.0]),
        )
        for i in range(5000)
    ]
    desk.sql("create table invoices (id integer primary key, issued text, net real, rate real)")
    desk.sql("insert into invoices values (?,?,?,?)", rows)
    answer = desk.rows("""
        steps:
          - id: vat
            query: |
              select quarter(issued) as quarter, rate, sum(net) as net, sum(round(net * rate, 2)) as vat
              from ledger.invoices where year(issued) = year(current_date) - 1 group by all order by all
          - query: select quarter, sum(net) as net, sum(vat) as vat, sum(net) + sum(vat) as gross from vat group by quarter order by quarter
        """)
    sums: dict[int, list[D]] = defaultdict(lambda: [D(0), D(0)])
    for _, issued, net, rate in rows:
        quarter = sums[(int(issued[3:5]) + 2) // 3]
        quarter[0] += D(str(net))
        quarter[1] += cents(D(str(net)) * D(str(rate)))
    assert answer == [[q, f"{n:.2f}", f"{v:.2f}", f"{n + v:.2f}"] for q, (n, v) in sorted(sums.items())]


def test_a_card_statement_in_cp1252_is_reconciled(desk: Desk) -> None:
    chance = random.Random(7)
    shops = ["Café Müller", "Bahn", "Hôtel Été", "Shell"]
    spent = [
        (
            i,
            str(dt.date(2026, 2, 1) + dt.timedelta(days=i % 26)),
            chance.choice(shops),
            D(chance.randint(100, 300000)) / 100,
        )
        for i in range(1, 401)
    ]
    desk.sql(
        "create table expenses (id integer primary key, spent date, merchant text, amount decimal(10,2), reconciled text)"
    )
    desk.sql(
        "insert into expenses values (?,?,?,?,null)", [(i, day, shop, float(amount)) for i, day, shop, amount in spent]
    )
    lines: list[list[str]] = []
    for i, day, shop, amount in spent[:350]:
        shown = (dt.date.fromisoformat(day) + dt.timedelta(days=i % 3)).strftime("%d.%m.%Y")
        lines.append([shown, shop.upper(), german(-amount - (D("0.01") if i % 10 == 0 else 0))])
    lines += [["15.02.2026", "FRAUD GMBH", "-1.999,00"], ["28.02.2026", "ZAHLUNG – DANKE", "12.345,67"]]
    desk.csv(
        "card.csv",
        [["Kreditkarte", "**** 1234"], [], ["Belegdatum", "Händler", "Betrag"], *lines],
        delimiter=";",
        encoding="cp1252",
    )
    answer = desk.rows("""
        steps:
          - {id: card, query: 'select row_number() over () as line, "Belegdatum" as spent, "Händler" as merchant, -"Betrag" as amount from files."card.csv" where "Betrag" < 0'}
          - id: pairs
            query: |
              select c.line, e.id, row_number() over (partition by c.line order by c.spent - e.spent, e.id) as a, row_number() over (partition by e.id order by c.spent - e.spent, c.line) as b
              from card c join ledger.expenses e on e.amount = c.amount and upper(e.merchant) = c.merchant and c.spent between e.spent and e.spent + 3
          - {id: matched, query: "select id, 'Y' as reconciled from pairs where a = 1 and b = 1"}
          - database.update: {table: ledger.expenses, rows: matched}
          - query: select count(*) as n, sum(amount) as open from card where line not in (select line from pairs where a = 1 and b = 1)
        """)
    wrong = [amount + D("0.01") for i, _, _, amount in spent[:350] if i % 10 == 0]
    assert answer == [[36, str(sum(wrong) + D("1999.00"))]]
    assert {i for (i,) in desk.sql("select id from expenses where reconciled = 'Y'")} == {
        i for i in range(1, 351) if i % 10
    }


def test_everyone_who_asked_for_a_quote_gets_one(desk: Desk) -> None:
    desk.book(
        "prices.xlsx",
        {
            "Intro": [["Internal"]],
            "Prices": [
                ["Preisliste 2026"],
                [],
                ["Item", "Unit price", "Min qty"],
                ["Gear", 120.5, 10],
                ["Bolt", 0.25, 1000],
                ["Nut", None, 1],
            ],
        },
    )
    desk.receive("Ann <ann@x.example>", "Quote for Gear please", "20 pieces")
    desk.receive("bob@x.example", "AW: request for QUOTE: bolt")
    desk.receive("cid@x.example", "Quote: Nut")
    desk.receive("dee@x.example", "Hello")
    desk.run(
        """
        steps:
          - id: asked
            query: |
              select m.id, coalesce(m.sender_name, 'customer') as name, p."Item" as item, p."Unit price" as price, p."Min qty" as least
              from mail.inbox m join files."prices.xlsx/Prices" p on contains(lower(m.subject), lower(p."Item"))
              where m.subject ilike '%quote%' and m.unread
          - id: answered
            email.reply: {rows: asked, body: "{{ name }}: {{ item }} {{ price | money('EUR') }}{% if least > 1 %} from {{ least }} pieces{% endif %}"}
          - email.mark: {rows: answered.done, as: read}
        """,
        code=4,
    )
    sent = {m["in-reply-to"]: (m["to"], m["subject"], text_of(m).splitlines()[0]) for m in desk.mails()}
    assert sent == {
        "<1@outside.example>": (
            "Ann <ann@x.example>",
            "Re: Quote for Gear please",
            "Ann: Gear 120.50 EUR from 10 pieces",
        ),
        "<2@outside.example>": (
            "bob@x.example",
            "AW: request for QUOTE: bolt",
            "customer: Bolt 0.25 EUR from 1000 pieces",
        ),
    }
    assert {m["from"] for m in desk.mails("") if "S" in m["x-flags"]} == {"Ann <ann@x.example>", "bob@x.example"}


def test_old_mails_are_archived_by_year_with_their_flags(desk: Desk) -> None:
    filed: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for i in range(120):
        at = dt.datetime(2023, 1, 1, 23, 30, tzinfo=dt.UTC) + dt.timedelta(days=i * 10 - 1)
        desk.receive(f"a{i % 7}@x.example", f"m{i}", at=at.isoformat(), seen=i % 3 == 0)
        year = (at + dt.timedelta(hours=1)).year  # half past eleven in the evening is the next day here, in winter
        filed[f"Archive.{year}" if year < 2026 else ""].add((f"m{i}", i % 3 == 0))
    desk.run("""
        steps:
          - {id: old, query: "select id, year(day) as y from mail.inbox where day < start_of('year')"}
          - email.move: {rows: old, folder: "Archive.{{ y }}"}
        """)
    for folder, expected in filed.items():
        assert {(m["subject"], "S" in m["x-flags"]) for m in desk.mails(folder)} == expected


def test_amounts_are_converted_with_the_rate_of_their_day(desk: Desk) -> None:
    desk.csv(
        "rates.csv",
        [
            ["currency", "valid_from", "rate"],
            ["USD", "2026-01-01", "0.9215"],
            ["USD", "2026-02-01", "0.9301"],
            ["GBP", "2026-01-15", "1.1500"],
        ],
    )
    desk.sql(
        "create table inv (id integer primary key, day date, cur text, amount decimal(12,2)); insert into inv values (1,'2026-01-31','USD',100.10),(2,'2026-02-01','USD',33.33),(3,'2026-01-10','GBP',5),(4,'2026-03-01','EUR',7.5),(5,'2026-02-20','GBP',10.01)"
    )
    answer = desk.rows("""
        steps:
          - id: a
            query: |
              select i.id, round(i.amount * case when i.cur = 'EUR' then 1 else r.rate end, 2) as eur
              from ledger.inv i asof left join files."rates.csv" r on i.cur = r.currency and i.day >= r.valid_from
          - id: b
            query: |
              select i.id, round(i.amount * l.rate, 2) as eur
              from ledger.inv i, lateral (select rate from files."rates.csv" r where r.currency = i.cur and r.valid_from <= i.day order by r.valid_from desc limit 1) l
          - query: select a.id, a.eur, b.eur as again from a left join b using (id) order by a.id
        """)
    assert answer == [
        [1, "92.24", "92.24"],
        [2, "31.00", "31.00"],
        [3, None, None],
        [4, "7.50", None],
        [5, "11.51", "11.51"],
    ]


def test_gaps_in_numbers_and_an_aging_report_with_its_total(desk: Desk) -> None:
    chance = random.Random(20)
    rows = [
        (f"RE-2026-{n:04d}", TODAY - dt.timedelta(days=chance.randint(-30, 150)), D(chance.randint(1, 999999)) / 100)
        for n in range(1, 300)
        if n not in (17, 18, 99)
    ]
    desk.sql("create table inv (no text primary key, due text, amount text)")
    desk.sql(
        "insert into inv values (?,?,?)",
        [(no, due.strftime("%d.%m.%Y"), f"{amount:.2f} €".replace(".", ",")) for no, due, amount in rows],
    )
    answer = desk.rows(r"""
        steps:
          - {id: n, query: "select cast(regexp_extract(no, '(\\d+)$', 1) as integer) as n from ledger.inv"}
          - id: aging
            query: |
              select case when current_date - due <= 0 then '0' when current_date - due <= 30 then '1-30' when current_date - due <= 60 then '31-60' else '61+' end as days, count(*) as n, sum(amount) as total
              from ledger.inv group by 1 order by 1
          - spreadsheet.write: {file: aging.xlsx, rows: aging, sheet: Aging}
          - {id: t, query: "select 'Total' as days, sum(n) as n, sum(total) as total from aging"}
          - spreadsheet.append: {table: files."aging.xlsx/Aging", rows: t}
          - query: |
              select 'RE-2026-' || lpad(cast(g as varchar), 4, '0') as no
              from generate_series(1, (select max(n) from n)) t(g) where g not in (select n from n) order by g
        """)
    assert answer == [["RE-2026-0017"], ["RE-2026-0018"], ["RE-2026-0099"]]
    buckets: dict[str, list[D]] = defaultdict(list)
    for _, due, amount in rows:
        days = (TODAY - due).days
        buckets["0" if days <= 0 else "1-30" if days <= 30 else "31-60" if days <= 60 else "61+"].append(amount)
    expected = [[b, len(a), float(sum(a))] for b, a in sorted(buckets.items())]
    assert cells(desk.files / "aging.xlsx")[1:] == [*expected, ["Total", len(rows), float(sum(a for *_, a in rows))]]


def test_hires_are_taken_on_and_what_is_wrong_with_one_stops_only_that_one(desk: Desk) -> None:
    desk.csv(
        "hires.csv",
        [
            ["name", "email", "start"],
            ["Ann Lee", "ann@acme.example", "2026-04-01"],
            ["Bob", "bob@acme.example", "2026-04-01"],
            ["Cid", "", "2026-04-01"],
        ],
    )
    desk.sql(
        "create table accounts (login text primary key, name text, created timestamp); create table tasks (id integer primary key, login text, task text, due date); insert into accounts values ('bob', 'Old Bob', '2020-01-01 00:00:00')"
    )
    (desk.root / "processes").mkdir()
    (desk.root / "processes" / "prepare.yaml").write_text(
        dedent("""
        process: prepare
        inputs: {login: {type: text}, start: {type: date}}
        steps:
          - id: t
            query: |
              select :login as login, t.task, add_business_days(:start, t.n) as due from (values ('Laptop', -5), ('Badge', 0), ('Review', 60)) t(task, n)
          - database.insert: {table: ledger.tasks, rows: t}
        """)
    )
    answer = desk.rows(
        """
        steps:
          - {id: hires, query: "select name, email, start, lower(split_part(name, ' ', 1)) as login from files.\\"hires.csv\\" where start > current_date"}
          - for_each: hires
            as: hire
            steps:
              - {id: account, query: "select login, name, current_timestamp as created from hire"}
              - database.insert: {table: ledger.accounts, rows: account}
              - email.send: {to: "{{ email }}", subject: "Welcome {{ name }}", body: "You start on {{ start | date('%d.%m.%Y') }} as {{ login }}."}
              - call: {process: prepare, inputs: {login: "{{ login }}", start: "{{ start }}"}}
          - query: select login, name, created from ledger.accounts order by login
        """,
        code=4,
    )
    assert answer == [
        ["ann", "Ann Lee", "2026-03-11T08:00:00"],
        ["bob", "Old Bob", "2020-01-01T00:00:00"],
        ["cid", "Cid", "2026-03-11T08:00:00"],
    ]
    assert desk.sql("select login, task, due from tasks") == [
        ("ann", "Laptop", "2026-03-25"),
        ("ann", "Badge", "2026-04-01"),
        ("ann", "Review", "2026-06-24"),
    ]
    assert [(m["to"], text_of(m).strip()) for m in desk.mails()] == [
        ("ann@acme.example", "You start on 01.04.2026 as ann.")
    ]


def test_a_process_of_its_own_says_nothing_but_its_answer(desk: Desk) -> None:
    plan = desk.plan("steps:\n  - query: select sum(x) as total from (values (1.10), (2.25)) t(x)\n")
    code = "import sys; from deskhand.cli.main import main; sys.exit(main())"
    arguments = ["run", str(plan), "--workspace", str(desk.root), "--yes", "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["answer"]["rows"] == [["3.35"]]
