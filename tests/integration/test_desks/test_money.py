"""Finance desks: dunning, prices, tax, card statements, rates and aging, worked out once more in plain Python."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections import defaultdict
from decimal import Decimal as D

import openpyxl

from .conftest import TODAY, Desk, attachments, cells, cents, german, text_of


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
