"""`spreadsheet.update` and `spreadsheet.delete_rows`."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from deskhand.contract import Verdict
from deskhand_tools.spreadsheet.fake import make_csv, make_workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table as ListTable

from tests.tools.spreadsheet.helpers import Office

ROWS = [
    {"No": 1, "Vendor": "ACME", "Amount": Decimal("12.50"), "Paid": None, "Status": "open"},
    {"No": 2, "Vendor": "Beta", "Amount": Decimal("1.00"), "Paid": dt.date(2026, 1, 2), "Status": "open"},
    {"No": 3, "Vendor": "Beta", "Amount": Decimal("2.00"), "Paid": None, "Status": None},
]


@pytest.fixture(params=["a.xlsx/A", "a.csv"])
def table(request: Any, office: Office) -> str:
    name: str = request.param
    if name == "a.csv":
        make_csv(office.files / name, ROWS)
    else:
        make_workbook(office.files / "a.xlsx", {"First": ROWS[:1], "A": ROWS})
    return name


def test_update_sets_cells_and_shows_old_and_new(office: Office, table: str) -> None:
    changes = office.do(
        "update",
        {"table": table, "key": "no"},
        [
            {"NO": 1, "amount": Decimal("13"), "paid": dt.date(2026, 3, 1)},
            {"NO": 2, "amount": Decimal("1.00"), "paid": None},
            {"NO": 3, "amount": Decimal("2.00"), "paid": None},
        ],
    )
    assert [c.state for c in changes] == ["change", "change", "unchanged"]
    assert changes[0].before == {"Amount": "12.50", "Paid": None}
    assert changes[0].after == {"Amount": "13.00", "Paid": "2026-03-01"}
    assert [(r["Amount"], r["Paid"]) for r in office.rows(table)] == [
        (Decimal("13.00"), dt.date(2026, 3, 1)),
        (Decimal("1.00"), None),
        (Decimal("2.00"), None),
    ]


def test_keys_that_cannot_be_used(office: Office, table: str) -> None:
    changes, _ = office.prepare(
        "update",
        {"table": table, "key": "Vendor", "set": "Status"},
        [
            {"Vendor": "ACME", "Status": "paid"},
            {"Vendor": "Beta", "Status": "paid"},
            {"Vendor": "Lost", "Status": "paid"},
            {"Vendor": None, "Status": "paid"},
            {"Vendor": "ACME", "Status": "late"},
        ],
    )
    assert [c.state for c in changes] == ["change", "exception", "exception", "exception", "exception"]
    reasons = [c.reason for c in changes]
    assert "2 rows Vendor = Beta" in reasons[1]
    assert "no row Vendor = Lost" in reasons[2]
    assert "key Vendor is empty" in reasons[3]
    assert "twice among the act's rows" in reasons[4]
    changes, _ = office.prepare("update", {"table": table, "key": "No"}, [{"No": "x", "Status": "paid"}])
    assert "no row with No = x" in changes[0].reason


def test_a_key_of_two_columns(office: Office, table: str) -> None:
    office.do(
        "update",
        {"table": table, "key": ["Vendor", "Amount"]},
        [{"Vendor": "Beta", "Amount": Decimal("2"), "Status": "paid"}],
    )
    assert [r["Status"] for r in office.rows(table)] == ["open", "open", "paid"]


def test_a_value_of_another_kind_is_an_exception(office: Office, table: str) -> None:
    changes, _ = office.prepare(
        "update", {"table": table, "key": "No"}, [{"No": 1, "Amount": "much"}, {"No": 2, "Amount": Decimal("9.999")}]
    )
    assert changes[0].state == "exception"
    assert "Amount" in changes[0].reason
    assert changes[1].after == {"Amount": "10.00"}


def test_a_column_of_whole_numbers_takes_cents(office: Office, table: str) -> None:
    office.do("update", {"table": table, "key": "Vendor", "set": "No"}, [{"Vendor": "ACME", "No": Decimal("1.5")}])
    assert [r["No"] for r in office.rows(table)] == [Decimal("1.50"), Decimal("2.00"), Decimal("3.00")]


def test_what_somebody_changed_meanwhile_is_not_overwritten(office: Office, table: str) -> None:
    rows = [{"No": 1, "Status": "paid"}, {"No": 2, "Status": "paid"}, {"No": 3, "Status": "paid"}]
    _, items = office.prepare("update", {"table": table, "key": "No"}, rows)
    office.do("update", {"table": table, "key": "No"}, [{"No": 2, "Status": "held"}])
    office.do("delete_rows", {"table": table, "key": "No"}, [{"No": 3}])
    receipts = office.apply("update", items)
    assert "Status was open and is now held" in str(receipts[1])
    assert "is gone" in str(receipts[2])
    assert office.verify("update", items) == [Verdict.CONFIRMED, Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert [r["Status"] for r in office.rows(table)] == ["paid", "held"]


def test_an_update_done_already_is_done_once(office: Office, table: str) -> None:
    _, items = office.prepare("update", {"table": table, "key": "No"}, [{"No": 1, "Status": "paid"}])
    office.apply("update", items)
    before = (office.files / table.split("/")[0]).read_bytes()
    assert not isinstance(office.apply("update", items)[0], Exception)
    assert (office.files / table.split("/")[0]).read_bytes() == before


def test_delete_rows(office: Office, table: str) -> None:
    changes = office.do("delete_rows", {"table": table, "key": "No"}, [{"No": 1, "any": "x"}, {"No": 3, "any": "y"}])
    assert changes[0].before["Vendor"] == "ACME"
    assert [r["No"] for r in office.rows(table)] == [2]
    changes, _ = office.prepare("delete_rows", {"table": table, "key": "Vendor"}, [{"Vendor": "ACME"}])
    assert changes[0].state == "exception"


def test_a_row_changed_meanwhile_is_not_deleted(office: Office, table: str) -> None:
    _, items = office.prepare("delete_rows", {"table": table, "key": "No"}, [{"No": 1}, {"No": 2}])
    office.do("update", {"table": table, "key": "No"}, [{"No": 2, "Status": "held"}])
    receipts = office.apply("delete_rows", items)
    assert "Status was open and is now held" in str(receipts[1])
    assert office.verify("delete_rows", items) == [Verdict.CONFIRMED, Verdict.ABSENT]
    assert [r["No"] for r in office.rows(table)] == [2, 3]


@pytest.mark.parametrize("operation", ["update", "delete_rows"])
def test_problems(office: Office, table: str, operation: str) -> None:
    def found(params: dict[str, Any], columns: dict[str, str]) -> list[tuple[str, Any]]:
        problems = office.problems(operation, params, columns)
        assert all(p.message and p.mend for p in problems)
        return [(p.code, p.path) for p in problems]

    good = {"No": "BIGINT", "Status": "VARCHAR"}
    assert found({"table": table, "key": "no"}, good) == []
    assert found({"table": "b.csv", "key": "No"}, good) == [("unknown-table", ("table",))]
    assert ("missing-key", ("key", 0)) in found({"table": table, "key": "Vendor"}, good)
    assert ("unknown-column", ("key", 0)) in found({"table": table, "key": "Nr"}, {"Nr": "BIGINT", "Status": "VARCHAR"})
    if operation == "update":
        assert found({"table": table, "key": "No"}, {"No": "BIGINT"}) == [("nothing-to-set", ("rows",))]
        assert found({"table": table, "key": "No"}, {**good, "Other": "DATE"}) == [("unknown-column", ("rows",))]
        assert found({"table": table, "key": "No", "set": "Status"}, {**good, "Other": "DATE"}) == []
        wrong = {"No": "BIGINT", "Amount": "DATE", "Paid": "DECIMAL(18,2)", "Status": "DATE"}
        assert found({"table": table, "key": "No"}, wrong) == [("type-mismatch", ("rows",))] * 2
        assert ("key-set", ("set", 0)) in found({"table": table, "key": "No", "set": ["No", "Status"]}, good)
    else:
        assert found({"table": table, "key": "No"}, {**good, "Other": "DATE"}) == []


# ---------------------------------------------------------------- what must survive in a workbook


def _rich_book(office: Office) -> None:
    book = openpyxl.Workbook()
    page: Any = book.active
    page.title = "A b"
    page.append(["List", None, None])
    page.merge_cells("A1:C1")
    page.append(["No", "Name", "Amount"])
    for at in range(1, 7):
        page.append([at, f"N{at}", at * 1.5])
    page.append([])
    page.append(["checked", "by Anna", None])
    page.merge_cells("B10:C10")
    page["B5"].fill = PatternFill("solid", fgColor="FFFF00")
    page["C6"].number_format = "0.000"
    page["B7"].hyperlink = "https://example.com/7"
    page.column_dimensions["B"].width = 33
    page.row_dimensions[6].height = 40
    page.freeze_panes = "A3"
    page.add_table(ListTable(displayName="T1", ref="A2:C8"))
    rule = DataValidation(type="list", formula1="$B$7:$B$8")
    rule.add("C3:C8")
    page.add_data_validation(rule)
    page.conditional_formatting.add("C3:C8", CellIsRule(operator="greaterThan", formula=["5"]))
    page.print_area = "A1:C8"
    book.defined_names["last"] = DefinedName("last", attr_text="'A b'!$A$8:$C$8")
    book.create_sheet("Other").append(["untouched", dt.datetime(2026, 1, 1, 12, 30)])
    book.save(office.files / "a.xlsx")


def _saved(office: Office) -> Any:
    return openpyxl.load_workbook(office.files / "a.xlsx")


def test_an_update_keeps_styles_names_and_rules(office: Office) -> None:
    _rich_book(office)
    office.do("update", {"table": "a.xlsx", "key": "No"}, [{"No": 4, "Amount": Decimal("99")}])
    book = _saved(office)
    page = book["A b"]
    assert page["C6"].value == 99
    assert page["C6"].number_format == "0.000"
    assert page["B5"].fill.fgColor.rgb == "00FFFF00"
    assert {str(r) for r in page.merged_cells.ranges} == {"A1:C1", "B10:C10"}
    assert page.column_dimensions["B"].width == 33
    assert page.freeze_panes == "A3"
    assert page.tables["T1"].ref == "A2:C8"
    assert str(page.data_validations.dataValidation[0].sqref) == "C3:C8"
    assert [str(f.sqref) for f in page.conditional_formatting] == ["C3:C8"]
    assert book.defined_names["last"].attr_text == "'A b'!$A$8:$C$8"
    assert [c.value for c in book["Other"][1]] == ["untouched", dt.datetime(2026, 1, 1, 12, 30)]


def test_deleting_rows_moves_everything_along(office: Office) -> None:
    _rich_book(office)
    office.do("delete_rows", {"table": "a.xlsx", "key": "No"}, [{"No": 2}, {"No": 3}])
    book = _saved(office)
    page = book["A b"]
    assert [page.cell(r, 1).value for r in range(1, 9)] == ["List", "No", 1, 4, 5, 6, None, "checked"]
    assert page["C4"].number_format == "0.000"
    assert page.row_dimensions[4].height == 40
    assert page["B5"].hyperlink.target == "https://example.com/7"
    assert page["B5"].hyperlink.ref == "B5"
    assert {str(r) for r in page.merged_cells.ranges} == {"A1:C1", "B8:C8"}
    assert page.tables["T1"].ref == "A2:C6"
    (rule,) = page.data_validations.dataValidation
    assert (str(rule.sqref), rule.formula1) == ("C3:C6", "$B$5:$B$6")
    assert [str(f.sqref) for f in page.conditional_formatting] == ["C3:C6"]
    assert page.print_area == "'A b'!$A$1:$C$6"
    assert book.defined_names["last"].attr_text == "'A b'!$A$6:$C$6"


def test_deleting_every_row_leaves_the_header(office: Office) -> None:
    make_workbook(office.files / "a.xlsx", {"A": ROWS})
    office.do("delete_rows", {"table": "a.xlsx", "key": "No"}, [{"No": n} for n in (1, 2, 3)])
    assert office.rows("a.xlsx") == []
    office.do("append", {"table": "a.xlsx"}, ROWS)
    assert [r["Vendor"] for r in office.rows("a.xlsx")] == ["ACME", "Beta", "Beta"]


def test_notes_are_refused_since_their_looks_would_be_lost(office: Office) -> None:
    _rich_book(office)
    book = _saved(office)
    book["A b"]["A3"].comment = Comment("look", "Anna")
    book.save(office.files / "a.xlsx")
    changes, _ = office.prepare("update", {"table": "a.xlsx", "key": "No"}, [{"No": 4, "Amount": Decimal("99")}])
    assert "notes" in changes[0].reason


def test_a_cell_within_merged_ones_is_an_error_of_its_row(office: Office) -> None:
    book = openpyxl.Workbook()
    page: Any = book.active
    for row in (["No", "a", "b"], [1, "x", None], [2, "y", "z"]):
        page.append(row)
    page.merge_cells("B2:C2")
    book.save(office.files / "a.xlsx")
    rows = [{"No": 1, "b": "new"}, {"No": 2, "b": "new"}]
    _, items = office.prepare("update", {"table": "a.xlsx", "key": "No"}, rows)
    receipts = office.apply("update", items)
    assert "merged" in str(receipts[0])
    assert office.verify("update", items) == [Verdict.ABSENT, Verdict.CONFIRMED]
