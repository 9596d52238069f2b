"""`spreadsheet.append`: formats, columns, and telling after a crash whether a row is there."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from deskhand.contract import Verdict
from deskhand.errors import UnavailableError
from deskhand_tools.spreadsheet.fake import make_csv, make_workbook
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table as ListTable

from tests.tools.spreadsheet.helpers import Office

ROWS = [
    {"No": "R-1", "Day": dt.date(2026, 1, 5), "Amount": Decimal("12.50")},
    {"No": "R-2", "Day": dt.date(2026, 1, 6), "Amount": Decimal("1.00")},
]
NEW = [{"amount": Decimal("3.25"), "NO": "R-3"}, {"amount": Decimal("4.00"), "NO": "R-4"}]


@pytest.fixture(params=["a.xlsx", "a.csv"])
def table(request: Any, office: Office) -> str:
    name: str = request.param
    if name == "a.csv":
        make_csv(office.files / name, ROWS)
    else:
        make_workbook(office.files / name, {"A": ROWS})
    return name


def test_columns_in_any_order_and_some_missing(office: Office, table: str) -> None:
    office.do("append", {"table": table}, NEW)
    assert office.rows(table)[2:] == [
        {"No": "R-3", "Day": None, "Amount": Decimal("3.25")},
        {"No": "R-4", "Day": None, "Amount": Decimal("4.00")},
    ]


def test_a_total_row(office: Office, table: str) -> None:
    assert office.problems("append", {"table": table}, {"Day": "VARCHAR", "Amount": "DECIMAL(38,2)"}) == []
    office.do("append", {"table": table}, [{"Day": "Total", "Amount": Decimal("13.50")}])
    assert office.rows(table)[2] == {"No": None, "Day": "Total", "Amount": Decimal("13.50")}
    assert office.types(table)["Amount"] == "DECIMAL(18,2)"


def test_unknown_columns_are_problems_unless_set_names_those_to_use(office: Office, table: str) -> None:
    columns = {"No": "VARCHAR", "Amuont": "DECIMAL(18,2)"}
    (problem,) = office.problems("append", {"table": table}, columns)
    assert (problem.code, problem.path) == ("unknown-column", ("rows",))
    assert "Amount" in problem.mend
    assert "set:" in problem.mend
    assert office.problems("append", {"table": table, "set": "No"}, columns) == []
    problems = office.problems("append", {"table": table, "set": ["No", "Amuont", "Lost"]}, columns)
    assert [p.path for p in problems] == [("set", 2), ("set", 1), ("set", 2)]
    office.do("append", {"table": table, "set": ["no"]}, [{"No": "R-9", "Other": 5}])
    assert office.rows(table)[2] == {"No": "R-9", "Day": None, "Amount": None}
    changes, _ = office.prepare("append", {"table": table}, [{"Other": 5}])
    assert "no column Other" in changes[0].reason


def test_formats_are_those_of_the_row_above(office: Office) -> None:
    book = openpyxl.Workbook()
    page: Any = book.active
    page.append(["Report"])
    page.append([])
    page.append(["No", "Day", "Amount"])
    page.append(["007", dt.date(2026, 1, 5), 12.5])
    page["A4"].font = Font(italic=True)
    page["B4"].number_format = "dd.mm.yyyy"
    page["C4"].number_format = "#,##0.00 €"
    page.row_dimensions[4].height = 33
    page.auto_filter.ref = "A3:C4"
    page.add_table(ListTable(displayName="T1", ref="A3:C4"))
    book.save(office.files / "a.xlsx")
    office.do("append", {"table": "a.xlsx"}, [{"No": "=1+1", "Day": dt.date(2026, 2, 1), "Amount": Decimal("2.5")}])
    saved: Any = openpyxl.load_workbook(office.files / "a.xlsx").active
    assert [c.value for c in saved[5]] == ["=1+1", dt.datetime(2026, 2, 1), 2.5]
    assert saved["A5"].data_type == "s"
    assert saved["A5"].font.i
    assert [saved["B5"].number_format, saved["C5"].number_format] == ["dd.mm.yyyy", "#,##0.00 €"]
    assert saved.row_dimensions[5].height == 33
    assert saved.auto_filter.ref == "A3:C5"
    assert saved.tables["T1"].ref == "A3:C5"


def test_dates_in_a_column_that_a_total_row_broke(office: Office) -> None:
    make_workbook(office.files / "a.xlsx", {"A": ROWS})
    office.do("append", {"table": "a.xlsx"}, [{"Day": "Total", "Amount": Decimal("13.50")}])
    office.do("append", {"table": "a.xlsx"}, [{"Day": dt.date(2026, 3, 1), "Amount": Decimal("1")}])
    page: Any = openpyxl.load_workbook(office.files / "a.xlsx").active
    assert page["B5"].value == dt.datetime(2026, 3, 1)
    assert page["B5"].number_format == "yyyy-mm-dd"


@pytest.mark.parametrize("text", ["bell\x07", "_x0041_ is no A", " blanks ", "two\nlines", "emoji 😀", "a\rb"])
def test_odd_texts_come_back_as_they_were(office: Office, text: str) -> None:
    make_workbook(office.files / "a.xlsx", {"A": ROWS})
    office.do("append", {"table": "a.xlsx"}, [{"No": text}])
    assert office.rows("a.xlsx")[-1]["No"] == text


# ---------------------------------------------------------------- after a crash


def _append_by_hand(office: Office, table: str, rows: list[dict[str, Any]]) -> None:
    Office(office.root).do("append", {"table": table}, rows)


def test_prepared_but_not_done_is_absent_even_when_others_added_rows(office: Office, table: str) -> None:
    _, items = office.prepare("append", {"table": table}, NEW)
    assert office.verify("append", items) == [Verdict.ABSENT] * 2
    _append_by_hand(office, table, [{"No": "R-77"}])
    assert office.verify("append", items) == [Verdict.ABSENT] * 2
    receipts = office.apply("append", items)
    assert [r["row"] for r in receipts] == [5, 6]
    assert office.verify("append", items) == [Verdict.CONFIRMED] * 2
    assert [r["No"] for r in office.rows(table)] == ["R-1", "R-2", "R-77", "R-3", "R-4"]


def test_rows_that_somebody_else_moved_are_in_doubt(office: Office, table: str) -> None:
    _, items = office.prepare("append", {"table": table}, NEW)
    office.apply("append", items)
    office.do("delete_rows", {"table": table, "key": "No"}, [{"No": "R-1"}])
    assert office.verify("append", items) == [Verdict.UNKNOWN] * 2
    office.do("delete_rows", {"table": table, "key": "No"}, [{"No": "R-4"}])
    assert office.verify("append", items) == [Verdict.UNKNOWN, Verdict.ABSENT]


def test_an_equal_row_of_somebody_else_is_not_taken_for_ours(office: Office, table: str) -> None:
    _, items = office.prepare("append", {"table": table}, NEW[:1])
    _append_by_hand(office, table, [{"No": "R-77"}, {"No": "R-3", "Amount": Decimal("3.25")}])
    assert office.verify("append", items) == [Verdict.UNKNOWN]


def test_rows_appended_later_leave_ours_confirmed(office: Office, table: str) -> None:
    _, items = office.prepare("append", {"table": table}, NEW)
    office.apply("append", items)
    _append_by_hand(office, table, [{"No": "R-77"}])
    assert office.verify("append", items) == [Verdict.CONFIRMED] * 2


def test_the_same_row_twice_in_one_act(office: Office, table: str) -> None:
    office.do("append", {"table": table}, [NEW[0], NEW[0]])
    assert len(office.rows(table)) == 4


def test_a_batch_is_one_save(office: Office, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from deskhand_tools.spreadsheet import append

    saves = []
    real = append.save_bytes
    monkeypatch.setattr(append, "save_bytes", lambda *a: (saves.append(a[2]), real(*a)))
    office.do("append", {"table": table}, NEW * 20)
    assert saves == [table]
    assert len(office.rows(table)) == 42


def test_the_file_is_gone_when_the_act_gets_to_it(office: Office, table: str) -> None:
    _, items = office.prepare("append", {"table": table}, NEW)
    (office.files / table).unlink()
    receipts = office.apply("append", items)
    assert "is gone" in str(receipts[0])
    assert office.verify("append", items) == [Verdict.UNKNOWN] * 2


def test_nothing_is_saved_where_the_new_places_cannot_be_noted(office: Office, table: str) -> None:
    _, items = office.prepare("append", {"table": table}, NEW)
    _append_by_hand(office, table, [{"No": "R-77"}])
    before = (office.files / table).read_bytes()
    cache = office.tool.context.cache
    (cache / "appended.jsonl").mkdir(parents=True)
    with pytest.raises(UnavailableError, match="cache of files"):
        office.apply("append", items)
    assert (office.files / table).read_bytes() == before


def test_without_the_notes_a_row_elsewhere_is_in_doubt(office: Office, table: str) -> None:
    _, items = office.prepare("append", {"table": table}, NEW)
    _append_by_hand(office, table, [{"No": "R-77"}])
    office.apply("append", items)
    (office.tool.context.cache / "appended.jsonl").unlink()
    assert office.verify("append", items) == [Verdict.UNKNOWN] * 2
