"""Workbooks that can't be edited without a loss are refused, in the preview already, and never touched."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from deskhand_tools.spreadsheet import edit
from deskhand_tools.spreadsheet.fake import make_workbook

from tests.tools.spreadsheet.helpers import Office

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)


def _chart(book: Any, page: Any) -> None:
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=List!$B$2:$B$3"})
    page.insert_chart("D2", chart)


def _dates(book: Any, page: Any) -> None:
    page.write_rich_string("C2", "plain ", book.add_format({"bold": True}), "bold")


MAKERS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "chart": (_chart, "a chart"),
    "picture": (lambda b, p: p.insert_image("D2", "p.png", {"image_data": io.BytesIO(PNG)}), "a picture"),
    "formula": (lambda b, p: p.write_formula("C3", "=B2+B3", None, 3), "the formula in List!C3"),
    "array": (lambda b, p: p.write_array_formula("C2:C3", "{=B2:B3*2}", None, 2), "the formula in List!C2"),
    "dynamic": (lambda b, p: p.write_dynamic_array_formula("C2", "=SORT(B2:B3)"), "dynamic array formulas"),
    "sparkline": (lambda b, p: p.add_sparkline("C2", {"range": "List!B2:B3"}), "sparklines, data bars"),
    "databar": (
        lambda b, p: p.conditional_format("B2:B3", {"type": "data_bar", "data_bar_2010": True}),
        "sparklines, data bars",
    ),
    "note": (lambda b, p: p.write_comment("B2", "look"), "notes"),
    "shape": (lambda b, p: p.insert_textbox("D2", "text"), "a drawing or shape"),
    "checkbox": (lambda b, p: p.insert_button("D2", {"caption": "x"}), "a drawing or shape"),
    "rich": (_dates, "formatted within a cell"),
    "escape": (lambda b, p: p.write_string("C2", "_x000D_"), "escaped underscore"),
    "chartsheet": (lambda b, p: b.add_chartsheet("Chart").set_chart(_bare_chart(b)), "a chart"),
}


def _bare_chart(book: Any) -> Any:
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=List!$B$2:$B$3"})
    return chart


def _book(office: Office, spoil: Callable[[Any, Any], Any] | None = None) -> bytes:
    path = office.files / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet("List")
        for row, cells in enumerate([["No", "n"], ["R-1", 1], ["R-2", 2]]):
            page.write_row(row, 0, cells)
        if spoil is not None:
            spoil(book, page)
    return path.read_bytes()


def _refused(office: Office, message: str) -> None:
    before = (office.files / "a.xlsx").read_bytes()
    for operation, params, rows in (
        ("append", {"table": "a.xlsx"}, [{"No": "R-3"}]),
        ("update", {"table": "a.xlsx", "key": "No"}, [{"No": "R-1", "n": 5}]),
        ("delete_rows", {"table": "a.xlsx", "key": "No"}, [{"No": "R-1"}]),
        ("write", {"file": "a.xlsx", "sheet": "New"}, [{"x": 1}]),
    ):
        changes, _ = office.prepare(operation, params, rows)
        assert changes[0].state == "exception", operation
        assert message in changes[0].reason
        assert "a.xlsx" in changes[0].reason
    assert (office.files / "a.xlsx").read_bytes() == before


@pytest.mark.parametrize("name", MAKERS)
def test_what_would_be_lost_is_named(office: Office, name: str) -> None:
    spoil, message = MAKERS[name]
    _book(office, spoil)
    assert office.rows("a.xlsx")[0]["No"] == "R-1"
    _refused(office, message)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("xl/pivotTables/pivotTable1.xml", "a pivot table"),
        ("xl/pivotCache/pivotCacheDefinition1.xml", "a pivot table"),
        ("xl/slicers/slicer1.xml", "a slicer"),
        ("xl/externalLinks/externalLink1.xml", "a link to another workbook"),
        ("xl/vbaProject.bin", "macros"),
        ("customXml/item1.xml", "custom XML"),
        ("xl/threadedComments/threadedComment1.xml", "a comment thread"),
        ("xl/somethingNew/part.xml", "the part xl/somethingNew/part.xml"),
    ],
)
def test_parts_that_are_not_known_to_survive(office: Office, part: str, message: str) -> None:
    _book(office)
    with zipfile.ZipFile(office.files / "a.xlsx", "a") as archive:
        archive.writestr(part, "<x/>")
    _refused(office, message)


def test_a_plain_book_of_another_program_is_edited(office: Office) -> None:
    _book(office, lambda b, p: p.conditional_format("B2:B3", {"type": "cell", "criteria": ">", "value": 1}))
    office.do("append", {"table": "a.xlsx"}, [{"No": "R-3", "n": 3}])
    assert [r["No"] for r in office.rows("a.xlsx")] == ["R-1", "R-2", "R-3"]


def test_formulas_in_the_sheet_that_is_replaced_do_not_count(office: Office) -> None:
    _book(office, lambda b, p: b.add_worksheet("Sum").write_formula("A1", "=1+1", None, 2))
    changes, _ = office.prepare("append", {"table": "a.xlsx"}, [{"No": "R-3"}])
    assert "Sum!A1" in changes[0].reason
    office.do("write", {"file": "a.xlsx", "sheet": "Sum"}, [{"x": 1}])
    assert office.rows("a.xlsx/Sum") == [{"x": 1}]
    assert len(office.rows("a.xlsx")) == 2


def test_a_whole_file_may_be_replaced_and_the_preview_says_what_goes(office: Office) -> None:
    _book(office, _chart)
    change = office.do("write", {"file": "a.xlsx"}, [{"x": 1}])[0]
    assert "with it goes a chart" in str(change.preview["replaces"])


def test_a_chart_that_came_meanwhile_is_refused_at_apply(office: Office) -> None:
    _book(office)
    _, items = office.prepare("append", {"table": "a.xlsx"}, [{"No": "R-3"}])
    before = _book(office, _chart)
    assert "a chart" in str(office.apply("append", items)[0])
    assert (office.files / "a.xlsx").read_bytes() == before


def test_dates_since_1904_stay_the_same_days(office: Office) -> None:
    with xlsxwriter.Workbook(office.files / "a.xlsx", {"date_1904": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["No", "Day"])
        import datetime as dt

        page.write_string(1, 0, "R-1")
        page.write_datetime(1, 1, dt.datetime(2026, 3, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
    office.do("append", {"table": "a.xlsx"}, [{"No": "R-2", "Day": dt.date(2026, 3, 2)}])
    assert [r["Day"] for r in office.rows("a.xlsx")] == [dt.date(2026, 3, 1), dt.date(2026, 3, 2)]


def test_bytes_that_differ_elsewhere_are_never_saved(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_workbook(office.files / "a.xlsx", {"A": [{"No": "R-1", "n": 1}], "B": [{"x": "y"}]})
    before = path.read_bytes()
    _, items = office.prepare("append", {"table": "a.xlsx"}, [{"No": "R-3"}])
    real = edit._load

    def spoilt(content: bytes, name: str) -> Any:
        book = real(content, name)
        book["B"]["A2"].value = "z"
        return book

    monkeypatch.setattr(edit, "_load", spoilt)
    assert "without changing row 2 of the sheet B" in str(office.apply("append", items)[0])
    assert path.read_bytes() == before


def test_what_openpyxl_warns_of_is_refused(office: Office) -> None:
    book = openpyxl.Workbook()
    page: Any = book.active
    page.append(["No", "Day"])
    page.append(["R-1", 5e9])
    page["B2"].number_format = "yyyy-mm-dd"
    book.save(office.files / "a.xlsx")
    _, items = office.prepare("append", {"table": "a.xlsx"}, [{"No": "R-2"}])
    answer = office.apply("append", items)[0] if items else None
    assert isinstance(answer, Exception)
    assert "without" in str(answer)
