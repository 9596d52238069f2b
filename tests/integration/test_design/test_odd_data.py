"""Data as it really lies in old databases and sheets: mixed formats, odd names, rules of its own."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pytest

from .conftest import Office

FORMATS: list[tuple[str, list[object], str, object]] = [
    # what is stored (the first row is updated), what is set, what must stand there afterwards
    ("text", ["31.01.2026", "05.02.2026"], "date '2026-02-01'", "01.02.2026"),
    ("text", ["1.2.2026", "13.12.2025"], "date '2026-03-04'", "4.3.2026"),
    ("text", ["2026-01-31T10:00:00", "2026-02-01T11:30:00"], "timestamp '2026-02-01 12:00:00'", "2026-02-01T12:00:00"),
    ("date", ["2026-01-31", None], "date '2026-02-01'", "2026-02-01"),
    ("integer", [20260131, 20260201, 20260301], "date '2026-03-11'", 20260311),
    ("text", ["31/01/2026", "2026-02-01"], "date '2026-02-03'", "03/02/2026"),
    ("numeric", [10, 12.5], "12.25", 12.25),
    ("text", ["10.50", "1250.00"], "99.9", "99.90"),
    ("text", ["1,234.50", "12.00"], "2000.5", "2,000.50"),
    ("text", ["€ 10,50", "€ 3,00"], "11.75", "€ 11,75"),
    ("text", ["0,10", "1.234,56"], "2000", "2.000,00"),
    ("text", ["0,10", "1234,56"], "2000", "2000,00"),
    ("boolean", [1, 0], "false", 0),
    ("text", ["Y", "N", ""], "'N'", "N"),
    ("text", ["yes", "no"], "'no'", "no"),
    ("text", ["", "x"], "'y'", "y"),
    ("integer", [5, None], "null", None),
    ("text", ["0049", "0050"], "'0051'", "0051"),
    ("real", [0.1 + 0.2, 1.0], "v + 0.1", 0.4),
    ("text", ["10:30", "11:45"], "'12:00'", "12:00"),
]


def test_what_is_written_back_keeps_the_rows_format(office: Office) -> None:
    """One table for each: its first row is updated, and the others must stay as they are, byte for byte."""
    steps = ["steps:"]
    for number, (declared, stored, new, _) in enumerate(FORMATS):
        values = ", ".join(f"({n}, {_literal(value)})" for n, value in enumerate(stored, start=1))
        office.alter(
            f"create table t{number} (id integer primary key, v {declared}); insert into t{number} values {values};"
        )
        steps += [f"  - id: s{number}", f"    query: select id, {new} as v from ledger.t{number} where id = 1",
                  f"  - database.update: {{table: ledger.t{number}, rows: s{number}}}"]  # fmt: skip
    others = [office.db(f"select v from t{n} where id > 1") for n in range(len(FORMATS))]
    outcome = office.do("\n".join([*steps, ""]))
    assert outcome.states() == ["confirmed"] * len(FORMATS)
    for number, (declared, stored, new, written) in enumerate(FORMATS):
        assert office.db(f"select v from t{number} where id = 1") == [(written,)], (declared, stored, new)
    assert [office.db(f"select v from t{n} where id > 1") for n in range(len(FORMATS))] == others


def _literal(value: object) -> str:
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def test_odd_names(office: Office) -> None:
    office.alter("""
        create table "select" ("order" integer primary key, "from" text);
        insert into "select" values (1, 'a');
        create table "we""ird.name" ("a b" text primary key, "C%" integer) without rowid;
        insert into "we""ird.name" values ('x', 1);
    """)
    outcome = office.do("""
        steps:
          - id: a
            query: select "order", "from" || '!' as "from" from ledger."select"
          - database.update: {table: 'ledger."select"', rows: a}
          - id: b
            query: select "a b", "C%" + 1 as "C%" from ledger."we""ird.name"
          - database.update: {table: 'ledger."we""ird.name"', rows: b}
          - query: select "from", (select max("C%") from ledger."we""ird.name") as c from ledger."select"
    """)
    assert outcome.answer == [["a!", 2]]
    assert office.db('select * from "we""ird.name"') == [("x", 2)]


def test_the_databases_own_rules_make_exceptions(office: Office) -> None:
    office.alter("""
        create table account (id integer primary key, code text unique, balance integer check (balance >= 0));
        insert into account values (1, 'A', 5), (2, 'B', 6);
    """)
    outcome = office.run("""
        steps:
          - id: new
            query: select * from (values ('C', 1), ('A', 2), ('D', -1), ('E', 3)) as t(code, balance)
          - database.insert: {table: ledger.account, rows: new}
          - id: less
            query: select id, balance - 6 as balance from ledger.account where id in (1, 2) order by id
          - database.update: {table: ledger.account, rows: less}
    """)
    assert outcome.code == 4
    assert outcome.states() == ["confirmed", "refused", "refused", "confirmed", "refused", "confirmed"]
    assert office.db("select code, balance from account order by code") == [("A", 5), ("B", 0), ("C", 1), ("E", 3)]


@pytest.mark.parametrize(
    ("act", "query", "word"),
    [
        ("database.insert: {table: ledger.log, rows: a}", "select 'x' as level", "text"),
        ("database.insert: {table: ledger.invoices, rows: a}", "select '9' as number, 'many' as amount", "amount"),
        ("database.update: {table: ledger.invoices, rows: a}", "select '0001' as number", "set"),
        (
            "database.update: {table: ledger.invoices, rows: a}",
            "select '0001' as number, 'soon' as due_date",
            "due_date",
        ),
        ("database.update: {table: ledger.stock, rows: a}", "select 'north' as warehouse, 5 as qty", "sku"),
    ],
)
def test_writes_of_a_wrong_type_or_column(office: Office, act: str, query: str, word: str) -> None:
    outcome = office.run(f"steps:\n  - id: a\n    query: {query}\n  - {act}\n")
    assert outcome.code in (2, 4), outcome.out
    assert word in outcome.out + office.agent("exceptions --json").out
    assert "confirmed" not in outcome.states()


def test_texts_that_are_dates_are_taken_where_dates_stand(office: Office) -> None:
    office.do("""
        steps:
          - id: a
            query: select '0001' as number, '2026-05-01' as due_date, '12.50' as amount
          - database.update: {table: ledger.invoices, rows: a}
    """)
    assert office.db("select due_date, amount from invoices where number = '0001'") == [("2026-05-01", 12.5)]


def test_upsert_again_is_unchanged_and_delete_twice_is_an_exception(office: Office) -> None:
    text = """
        steps:
          - id: a
            query: select 7 as id, 'Zed' as customer, 1.5 as total, date '2026-01-01' as valid_until
          - database.upsert: {table: ledger.quotes, rows: a}
    """
    assert office.do(text).states() == ["confirmed"]
    assert office.do(text).states() == ["unchanged"]
    assert office.db("select * from quotes where id = 7") == [(7, "Zed", 1.5, None, "2026-01-01")]
    gone = office.run("""
        steps:
          - id: a
            query: select * from (values (7), (8)) as t(id)
          - database.delete: {table: ledger.quotes, rows: a}
    """)
    assert gone.states() == ["confirmed", "refused"]


def test_sheets_with_dates_booleans_percents_and_formulas(office: Office) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Name", "Start", "Share", "Active", "IBAN", "Total"])
    sheet.append(["Ä", dt.datetime(2026, 3, 1, 12, 30), 0.25, True, "DE02120300000000202051", "=1+1"])
    sheet.append(["B", dt.datetime(2026, 3, 2), 0.5, False, "0012", "=2+2"])
    for row in (2, 3):
        sheet.cell(row, 3).number_format = "0%"
    book.save(office.files / "odd.xlsx")
    assert office.ask('select "Name", "Start", "Share", "Active", "IBAN" from files."odd.xlsx"') == [
        ["Ä", "2026-03-01T12:30:00", "0.25", True, "DE02120300000000202051"],
        ["B", "2026-03-02T00:00:00", "0.50", False, "0012"],
    ]
    before = (office.files / "odd.xlsx").read_bytes()
    outcome = office.run("""
        steps:
          - id: a
            query: select 'B' as "Name", 0.75 as "Share"
          - spreadsheet.update: {table: files."odd.xlsx", key: Name, rows: a}
    """)
    if outcome.code == 0:
        rows = office.cells("odd.xlsx")
        assert rows[2][2] == 0.75
        assert [row[5] for row in rows[1:]] == ["=1+1", "=2+2"]
    else:
        assert outcome.code in (2, 4)
        assert (office.files / "odd.xlsx").read_bytes() == before


def test_values_of_every_kind_are_json(office: Office) -> None:
    row = office.ask(
        "select 1234567890123456789::hugeint as h, 1.5::double as d,\n"
        "time '10:30' as t, 'x'::blob as b, 0.1 + 0.2 as e, 1/0 as z, 'nan'::double as n, true as y"
    )[0]
    assert row[1:3] == [1.5, "10:30:00"]
    assert row[4:6] == ["0.3", None]
    assert row[7] is True


def test_one_file_per_group(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: open
            query: |
              select v.country, i.number, i.amount from ledger.invoices i
              left join ledger.vendors v on v.id = i.vendor_id order by i.number
          - id: files_
            spreadsheet.write: {file: "by country/{{ country }}.xlsx", rows: open, per: country}
          - query: select count(*) from files_.done
    """)
    assert outcome.code == 4
    assert outcome.states() == ["confirmed", "confirmed", "refused"]
    assert [row[1] for row in office.cells("by country/DE.xlsx")] == ["number", "0001", "0002", "0004"]
    assert [row[1] for row in office.cells("by country/FR.xlsx")] == ["number", "0003", "0005"]
    assert outcome.answer == [[5]]


def test_a_column_of_yes_and_no_is_text(office: Office) -> None:
    office.text("yn.csv", "name,ok,code,big,zip\nA,Y,1,1234567890123456789,01067\nB,N,2,9876543210987654321,10115\n")
    assert office.ask('select ok, code, big, zip from files."yn.csv" where ok = \'Y\'') == [
        ["Y", 1, "1234567890123456789", "01067"],
    ]  # fmt: skip
