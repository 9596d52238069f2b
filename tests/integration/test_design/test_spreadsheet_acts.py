"""Workbooks and csv files: written, appended, updated, rows deleted; what isn't meant stays as it was."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pytest

from .conftest import Office


def test_write_makes_a_workbook_with_typed_cells(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: joined
            query: |
              select b."Entry", i.number, i.due_date, b."Amount" as paid, i.amount - b."Amount" as open, i.note
              from files."archive/bank.csv" b join ledger.invoices i on i.number = b."Ref" order by 1
          - spreadsheet.write: {file: "out/new folder/match {{ today }}.xlsx", rows: joined}
          - email.send:
              to: boss@acme.example
              subject: "{{ joined.count }} matched"
              body: "See the file."
              attach: ["out/new folder/match {{ today }}.xlsx"]
    """)
    assert outcome.states() == ["confirmed", "confirmed"]
    rows = office.cells("out/new folder/match 2026-03-11.xlsx")
    assert rows[0] == ["Entry", "number", "due_date", "paid", "open", "note"]
    assert rows[1] == ["B-1", "0001", dt.datetime(2026, 1, 10), 100.1, 0, None]
    assert rows[2] == ["B-2", "0003", dt.datetime(2026, 2, 1), 75, 0.25, "call"]
    (sent,) = office.sent()
    (attached,) = sent.iter_attachments()
    assert attached.get_filename() == "match 2026-03-11.xlsx"
    assert attached.get_content() == (office.files / "out/new folder/match 2026-03-11.xlsx").read_bytes()


def test_no_rows_make_a_file_with_a_header(office: Office) -> None:
    office.do("""
        steps:
          - id: none_such
            query: select number, amount from ledger.invoices where amount > 100000
          - spreadsheet.write: {file: empty.xlsx, rows: none_such}
          - spreadsheet.write: {file: empty.csv, rows: none_such}
    """)
    assert office.cells("empty.xlsx") == [["number", "amount"]]
    assert (office.files / "empty.csv").read_text().splitlines() == ["number,amount"]


def test_only_the_named_sheet_is_replaced(office: Office) -> None:
    before = office.cells("budget.xlsx", "2025")
    office.do("""
        steps:
          - id: a
            query: select 'OPS' as "Dept", 5 as "Planned"
          - spreadsheet.write: {file: budget.xlsx, sheet: 2026, rows: a}
          - spreadsheet.write: {file: budget.xlsx, sheet: "New one", rows: a}
    """)
    book = openpyxl.load_workbook(office.files / "budget.xlsx")
    assert book.sheetnames == ["2025", "2026", "New one"]
    assert office.cells("budget.xlsx", "2025") == before
    assert office.cells("budget.xlsx", "2026") == [["Dept", "Planned"], ["OPS", 5]]
    assert office.cells("budget.xlsx", "New one") == [["Dept", "Planned"], ["OPS", 5]]


def test_write_replaces_or_fails(office: Office) -> None:
    text = """
        steps:
          - id: a
            query: select 1 as n
          - spreadsheet.write: {file: rates.csv, rows: a, if_exists: fail}
    """
    before = (office.files / "rates.csv").read_bytes()
    outcome = office.run(text)
    assert outcome.code == 4
    assert outcome.states() == ["refused"]
    assert (office.files / "rates.csv").read_bytes() == before
    office.do(text.replace("fail", "replace"))
    assert (office.files / "rates.csv").read_text().splitlines() == ["n", "1"]


def test_append_in_any_order_with_missing_ones_and_a_total_row(office: Office) -> None:
    office.do("""
        steps:
          - id: more
            query: select 410.25 as "Planned", 'OPS' as "Dept", '0044' as "Code"
          - spreadsheet.append: {table: files."budget.xlsx/2026", rows: more}
          - id: total
            query: select 'Total' as "Dept", sum("Planned") as "Planned" from files."budget.xlsx/2026"
          - spreadsheet.append: {table: 'files."budget.xlsx/2026"', rows: total}
          - query: select "Dept", "Planned" from files."budget.xlsx/2026"
    """)
    rows = office.cells("budget.xlsx", "2026")
    assert rows[1:3] == [
        ["IT", "0042", 200.5, dt.datetime(2026, 3, 31), "keep"],
        ["HR", "0043", 300, dt.datetime(2026, 4, 30), None],
    ]
    assert rows[3:] == [["OPS", "0044", 410.25, None, None], ["Total", None, 910.75, None, None]]
    assert office.cells("budget.xlsx", "2025")[1] == ["IT", 100, 50.5]
    assert openpyxl.load_workbook(office.files / "budget.xlsx")["2026"]["A1"].font.bold


def test_a_total_row_breaks_a_columns_type(office: Office) -> None:
    office.text("plan.csv", "When,Hours\n2026-03-01,5\n2026-03-02,7\n")
    office.do("""
        steps:
          - id: total
            query: select 'Total' as "When", sum("Hours") as "Hours" from files."plan.csv"
          - spreadsheet.append: {table: files."plan.csv", rows: total}
    """)
    assert (office.files / "plan.csv").read_text() == "When,Hours\n2026-03-01,5\n2026-03-02,7\nTotal,12\n"


def test_cells_updated_by_key_keep_their_format(office: Office) -> None:
    text = """
        steps:
          - id: up
            query: select "Code", "Planned" * 2 as "Planned", "Due" + 1 as "Due", null as "Note" from files."budget.xlsx/2026" where "Dept" = 'IT'
          - spreadsheet.update: {table: files."budget.xlsx/2026", key: Code, rows: up}
    """
    assert office.do(text).states() == ["confirmed"]
    sheet = openpyxl.load_workbook(office.files / "budget.xlsx")["2026"]
    assert [c.value for c in sheet[2]] == ["IT", "0042", 401, dt.datetime(2026, 4, 1), None]
    assert [c.value for c in sheet[3]] == ["HR", "0043", 300, dt.datetime(2026, 4, 30), None]
    assert sheet["C2"].number_format == "#,##0.00"
    assert sheet["D2"].number_format == "dd/mm/yyyy"


def test_an_unchanged_cell_is_not_written(office: Office) -> None:
    before = (office.files / "budget.xlsx").read_bytes()
    outcome = office.do("""
        steps:
          - id: same
            query: select * from files."budget.xlsx/2026"
          - spreadsheet.update: {table: files."budget.xlsx/2026", key: [Code], rows: same}
    """)
    assert outcome.states() == ["unchanged", "unchanged"]
    assert (office.files / "budget.xlsx").read_bytes() == before


def test_delete_rows(office: Office) -> None:
    office.do("""
        steps:
          - id: gone
            query: select "Code" from files."budget.xlsx/2026" where "Dept" = 'IT'
          - spreadsheet.delete_rows: {table: files."budget.xlsx/2026", key: Code, rows: gone}
          - id: bank
            query: select "Entry" from files."archive/bank.csv" where "Ref" is null
          - spreadsheet.delete_rows: {table: files."archive/bank.csv", key: Entry, rows: bank}
    """)
    assert [row[0] for row in office.cells("budget.xlsx", "2026")] == ["Dept", "HR"]
    assert (office.files / "archive/bank.csv").read_text() == "Entry,Amount,Ref\nB-1,100.10,0001\nB-2,75.00,0003\n"


def test_a_titled_sheet_keeps_its_title(office: Office) -> None:
    office.do("""
        steps:
          - id: up
            query: select "Region", "Units" + 1 as "Units" from files."titled.xlsx" where "Region" = 'South'
          - spreadsheet.update: {table: files."titled.xlsx", key: Region, rows: up}
          - id: more
            query: select 'West' as "Region", 3 as "Units", 1.5 as "Amount EUR"
          - spreadsheet.append: {table: files."titled.xlsx/Report", rows: more}
    """)
    rows = office.cells("titled.xlsx")
    assert rows[:3] == [["Monthly report March", None, None], [None, None, None], ["Region", "Units", "Amount EUR"]]
    assert [str(c) for c in rows[4]] == ["South", "8", "20.5"]
    assert [str(c) for c in rows[5]] == ["West", "3", "1.5"]


def test_a_csv_is_edited_in_its_own_encoding_and_form(office: Office) -> None:
    office.do("""
        steps:
          - id: up
            query: select "Kunde", "Betrag" + 1 as "Betrag" from files."umsatz.csv" where "Kunde" like 'Gr%'
          - spreadsheet.update: {table: files."umsatz.csv", key: Kunde, rows: up}
          - id: more
            query: select 'Jäger; & Co' as "Kunde", date '2026-03-09' as "Datum", 1000.5 as "Betrag"
          - spreadsheet.append: {table: files."umsatz.csv", rows: more}
    """)
    text = (office.files / "umsatz.csv").read_bytes().decode("cp1252")
    lines = text.splitlines()
    assert lines[:3] == ["Kunde;Betrag;Datum", "Müller;1.234,56;31.01.2026", "Größe AG;1,50;01.02.2026"]
    assert lines[3] in ('"Jäger; & Co";1.000,50;09.03.2026', '"Jäger; & Co";1000,50;09.03.2026')


def test_a_file_written_by_an_act_is_read_by_a_later_query(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: a
            query: select number, amount, due_date from ledger.invoices where amount > 90 order by number
          - spreadsheet.write: {file: step.xlsx, sheet: Big, rows: a}
          - spreadsheet.write: {file: step.csv, rows: a}
          - query: |
              select x.number, x.amount + c.amount as twice, x.due_date
              from files."step.xlsx/Big" x join files."step.csv" c using (number) order by 1
    """)
    assert outcome.answer == [["0001", "200.20", "2026-01-10"], ["0005", "1999.98", "2026-02-01"]]


def test_a_division_is_rounded_where_it_is_written(office: Office) -> None:
    office.do("""
        steps:
          - id: a
            query: select sum(amount) / 7 as x, avg(amount) as y, round(sum(amount) / 7, 4) as z, 2 / 3 as w from ledger.open_invoices
          - spreadsheet.write: {file: div.csv, rows: a}
          - spreadsheet.write: {file: div.xlsx, rows: a}
    """)
    assert (office.files / "div.csv").read_text().splitlines()[1].split(",")[:3] == ["33.66", "47.13", "33.6643"]
    assert office.cells("div.xlsx")[1][:3] == [33.66, 47.13, 33.6643]


@pytest.mark.parametrize("path", ["../out.xlsx", "/tmp/out.xlsx", "a/../../out.csv", "{{ bad.first.p }}"])
def test_paths_cannot_leave_the_folder(office: Office, path: str) -> None:
    outcome = office.run(f"""
        steps:
          - id: bad
            query: select '../out.xlsx' as p
          - spreadsheet.write: {{file: "{path}", rows: bad}}
    """)
    assert outcome.code in (2, 4)
    assert not (office.root / "out.xlsx").exists()
    assert not (office.root / "out.csv").exists()


MISTAKES = [
    ('spreadsheet.append: {table: files."budget.xlsx/2027", rows: a}', "2026"),
    ('spreadsheet.append: {table: files."budget.xlsx/2026", rows: b}', "Wrong"),
    ('spreadsheet.update: {table: files."budget.xlsx/2026", rows: a}', "key"),
    ('spreadsheet.update: {table: files."budget.xlsx/2026", key: Nowhere, rows: a}', "Nowhere"),
    ("spreadsheet.write: {file: a.pdf, rows: a}", "xlsx"),
    ("spreadsheet.write: {rows: a}", "file"),
    ("spreadsheet.write: {file: a.xlsx}", "rows"),
    ("spreadsheet.write: {file: a.xlsx, rows: a, shet: x}", "sheet"),
]


def test_mistakes_that_the_check_finds(office: Office) -> None:
    """Every one of them at its own line, all at once."""
    steps = """steps:
  - id: a
    query: select 'IT' as "Dept"
  - id: b
    query: select 'IT' as "Dept", 1 as "Wrong"
""".splitlines()
    first = len(steps) + 1
    steps += [f"  - {act}" for act, _ in MISTAKES]
    outcome = office.run("\n".join([*steps, ""]))
    assert (outcome.code, outcome.json["status"], outcome.json["effects"]) == (2, "refused", [])
    for line, (act, word) in enumerate(MISTAKES, start=first):
        found = [p for p in outcome.json["problems"] if p["line"] == line]
        assert found, act
        assert word in str(found), (act, found)
