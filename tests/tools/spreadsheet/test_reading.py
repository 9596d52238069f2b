"""The folder as tables: what is listed, under which names, and files that can't be read."""

from __future__ import annotations

import datetime as dt
import io
import os
import subprocess
import sys
import time
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from deskhand.contract import Column, ResultColumn, Rows, Table
from deskhand.errors import DataError, UnavailableError, WorkspaceError
from deskhand_tools.spreadsheet import SpreadsheetConfig, SpreadsheetTool
from deskhand_tools.spreadsheet.fake import make_csv, make_workbook
from deskhand_tools.spreadsheet.sheetio import read_book_bytes, read_table_bytes, write_table_bytes
from pydantic import ValidationError

from tests.tools.conformance import context
from tests.tools.spreadsheet.helpers import Office, open_tool

ROWS = [{"No": "R-1", "Amount": Decimal("1.50")}, {"No": "R-2", "Amount": None}]


def test_names_of_tables(office: Office) -> None:
    make_workbook(office.files / "budget.xlsx", {"2025": ROWS, "2026": ROWS[:1]})
    make_csv(office.files / "archive/Bank.csv", ROWS)
    office.put("notes.txt", "a,b\n1,2\n")
    office.put(".hidden.csv", "a,b\n1,2\n")
    office.put("~$budget.xlsx", b"lock")
    office.put(".~lock.budget.xlsx#", b"lock")
    assert office.names() == ["archive/Bank.csv", "budget.xlsx", "budget.xlsx/2025", "budget.xlsx/2026"]
    assert [office.tool.table(n).rows for n in ("BUDGET.xlsx", "budget.xlsx/2026")] == [2, 1]  # type: ignore[union-attr]
    assert office.tool.table("ARCHIVE/bank.CSV") is not None
    assert office.tool.table("budget.xlsx/2027") is None
    assert office.tool.table("lost.csv") is None


def test_a_sheet_name_with_a_slash(office: Office) -> None:
    path = make_workbook(office.files / "a.xlsx", {"Q1-Q2": ROWS})
    content = path.read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            new.writestr(info, old.read(info).replace(b"Q1-Q2", b"Q1/Q2"))
    path.write_bytes(out.getvalue())
    assert office.names() == ["a.xlsx", "a.xlsx/Q1/Q2"]
    assert office.rows("a.xlsx/q1/q2")[0]["No"] == "R-1"


def test_links_are_followed_only_within_the_folder(office: Office, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    make_csv(outside / "secret.csv", ROWS)
    make_csv(office.files / "sub/in.csv", ROWS)
    (office.files / "out").symlink_to(outside)
    (office.files / "out.csv").symlink_to(outside / "secret.csv")
    (office.files / "sub/loop").symlink_to(office.files)
    (office.files / "link.csv").symlink_to(office.files / "sub/in.csv")
    (office.files / "gone.csv").symlink_to(office.files / "nowhere.csv")
    assert office.names() == ["link.csv", "sub/in.csv"]


def _encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)


def _zip(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("CT", "[Content_Types].xml"), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"No,Amount\n1,2\n", "is not a workbook"),
        (_encrypted(), "is encrypted with a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "old .xls"),
        (_zip(readme=b"x"), "an archive but not a workbook"),
        (_zip(CT=b"x", word__document=b"y"), "document of another program"),
        (_zip(CT=b"x", xl__workbook=b"y"), "damaged"),
    ],
)
def test_a_bad_file_says_what_it_is_and_spares_the_others(office: Office, content: bytes, message: str) -> None:
    office.put("bad.xlsx", content)
    make_csv(office.files / "good.csv", ROWS)
    listed = {t.name: t for t in office.tool.tables()}
    assert list(listed) == ["bad.xlsx", "good.csv"]
    assert message in listed["bad.xlsx"].note
    assert not listed["bad.xlsx"].columns
    assert not listed["bad.xlsx"].writable
    with pytest.raises(DataError, match=message.replace(".", r"\.")) as caught:
        office.tool.read(listed["bad.xlsx"], [])
    assert caught.value.mend
    assert office.rows("good.csv")[0]["No"] == "R-1"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_workbook_that_was_cut_off(office: Office, share: float) -> None:
    path = make_workbook(office.files / "a.xlsx", {"A": ROWS * 50})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    (table,) = office.tool.tables()
    assert "cut off or damaged" in table.note
    with pytest.raises(DataError, match="cut off or damaged"):
        office.tool.read(table, [])


def test_one_bad_csv_spares_the_others(office: Office) -> None:
    office.put("bad.csv", "a,b\n1,2,3\n")
    office.put("good.csv", "a,b\n1,2\n")
    assert [(t.name, bool(t.note)) for t in office.tool.tables()] == [("bad.csv", True), ("good.csv", False)]


def test_empty_sheets_and_headers_alone(office: Office) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Head").append(["A", "B"])
    book.save(office.files / "a.xlsx")
    office.put("empty.csv", b"")
    tables = {t.name: t for t in office.tool.tables()}
    assert "no values" in tables["a.xlsx"].note
    assert not tables["a.xlsx"].columns
    assert [c.name for c in tables["a.xlsx/Head"].columns] == ["A", "B"]
    assert tables["a.xlsx/Head"].rows == 0
    assert office.rows("a.xlsx/Head") == []
    assert "empty" in tables["empty.csv"].note
    with pytest.raises(DataError, match="no values"):
        office.tool.read(tables["a.xlsx"], [])


def test_types_of_a_workbook(office: Office) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["Report", None])
    page.append([])
    page.append(["id", "day", "at", "amount", "n", "ok", "mixed", "paid"])
    page.append(["007", dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4), 1.5, 3, True, 5, "Y"])
    page.append(["008", None, dt.datetime(2026, 1, 3), 2, 4, False, "Total", "N"])
    book.save(office.files / "a.xlsx")
    assert office.types("a.xlsx") == {
        "id": "VARCHAR",
        "day": "DATE",
        "at": "TIMESTAMP",
        "amount": "DECIMAL(18,2)",
        "n": "BIGINT",
        "ok": "BOOLEAN",
        "mixed": "VARCHAR",
        "paid": "VARCHAR",
    }
    assert office.rows("a.xlsx")[1] == {
        "id": "008",
        "day": None,
        "at": dt.datetime(2026, 1, 3),
        "amount": Decimal("2.00"),
        "n": 4,
        "ok": False,
        "mixed": "Total",
        "paid": "N",
    }
    assert office.rows("a.xlsx")[0]["mixed"] == "5"


def test_a_column_that_no_longer_fits_is_an_error_not_a_guess(office: Office) -> None:
    path = office.put("a.csv", "n\n1\n2\n")
    table = office.tool.table("a.csv")
    assert table is not None
    path.write_text("n\n1\nmany\n")
    with pytest.raises(DataError, match=r"a\.csv, row 3, column n: 'many'"):
        office.tool.read(table, ["n"])
    path.write_text("m\n1\n")
    with pytest.raises(DataError, match="no column n any more"):
        office.tool.read(table, ["n"])
    path.unlink()
    with pytest.raises(DataError, match="no file"):
        office.tool.read(table, ["n"])


def test_a_table_known_by_types_only_is_read_as_those(office: Office) -> None:
    office.put("a.csv", "id,n,d,m\n1,2,2026-01-02,3\n")
    columns = [Column("id", "VARCHAR"), Column("n", "BIGINT"), Column("d", "DATE"), Column("m", "DECIMAL(18,2)")]
    found = office.tool.read(Table("a.csv", tuple(columns)), ["m", "id", "d"])
    assert found.to_pylist() == [{"m": Decimal("3.00"), "id": "1", "d": dt.date(2026, 1, 2)}]


def test_unknown_columns_name_the_nearest(office: Office) -> None:
    office.put("a.csv", "amount,day\n1,2\n")
    table = office.tool.table("a.csv")
    assert table is not None
    with pytest.raises(DataError, match="no column amuont") as caught:
        office.tool.read(table, ["amuont"])
    assert "amount" in caught.value.mend


def test_the_catalog_is_remembered_and_refreshed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_csv(office.files / "a.csv", ROWS)
    first = office.tool.tables()
    mark = office.tool.fingerprint()
    other = open_tool(office.root)
    monkeypatch.setattr(other.folder, "_look", lambda file: pytest.fail(f"{file} was read again"))
    assert other.tables() == first
    assert other.fingerprint() == mark
    monkeypatch.undo()
    make_csv(path, [*ROWS, *ROWS])
    os.utime(path, ns=(time.time_ns(), time.time_ns()))
    third = open_tool(office.root)
    assert third.fingerprint() != mark
    assert third.tables()[0].rows == 4
    (office.root / "cache/tables.json").write_text("{broken")
    assert open_tool(office.root).tables()[0].rows == 4


def test_a_missing_folder_of_the_workspace_holds_no_tables(tmp_path: Path) -> None:
    tool = open_tool(tmp_path)
    assert tool.tables() == []
    assert tool.fingerprint() == tool.fingerprint()
    assert not (tmp_path / "files").exists()


def test_a_folder_that_must_be_there_is_named(tmp_path: Path) -> None:
    elsewhere = tmp_path / "drive" / "office"
    with pytest.raises(WorkspaceError, match=f"points to the folder {elsewhere}, and there is no") as caught:
        SpreadsheetTool(SpreadsheetConfig(folder=str(elsewhere)), context(tmp_path / "workspace", "files"))
    assert "[connections.files]" in caught.value.mend
    (tmp_path / "files").write_text("not a folder")
    with pytest.raises(WorkspaceError, match="that is a file"):
        open_tool(tmp_path)


def test_a_folder_that_goes_away_is_named(office: Office) -> None:
    make_csv(office.files / "a.csv", ROWS)
    (table,) = office.tool.tables()
    office.files.rename(office.root / "moved")
    for use in (
        office.tool.tables,
        office.tool.fingerprint,
        lambda: office.tool.table("a.csv"),
        lambda: office.tool.read(table, ["No"]),
    ):
        with pytest.raises(UnavailableError, match=f"the folder {office.files} isn't there any more") as caught:
            use()
        assert "Put the folder back" in caught.value.mend
    (office.root / "moved").rename(office.files)
    assert office.rows("a.csv")[0]["No"] == "R-1"


def test_macros_are_read_only(office: Office) -> None:
    make_workbook(office.files / "a.xlsx", {"A": ROWS}).rename(office.files / "a.xlsm")
    (table, _) = office.tool.tables()
    assert not table.writable
    assert "macros" in table.note
    assert office.rows("a.xlsm")[0]["No"] == "R-1"
    (problem,) = office.problems("append", {"table": "a.xlsm"}, {"No": "VARCHAR"})
    assert problem.code == "read-only"
    assert problem.mend


@pytest.mark.parametrize("bad", [{"encoding": "klingon"}, {"delimiter": ";;"}, {"delimiter": '"'}, {"surprise": 1}])
def test_bad_settings(bad: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SpreadsheetConfig(folder="files", **bad)


def test_attachments_as_tables(tmp_path: Path) -> None:
    content = make_workbook(tmp_path / "a.xlsx", {"A": ROWS, "B": ROWS[:1]}).read_bytes()
    assert read_table_bytes("a.xlsx", content).header == ("No", "Amount")
    assert read_table_bytes("a.xlsx", content, sheet="b").raw_rows() == [["R-1", 1.5]]
    assert list(read_book_bytes("a.xlsx", content)) == ["A", "B"]
    with pytest.raises(DataError, match="no sheet C"):
        read_table_bytes("a.xlsx", content, sheet="C")


def test_formulas_without_a_result_are_noted(office: Office) -> None:
    book = openpyxl.Workbook()
    page = book.active
    for row in (["a", "b", "sum"], [1, 2, "=A2+B2"], [3, 4, "=A3+B3"]):
        page.append(row)
    book.create_sheet("Plain").append(["a"])
    book.save(office.files / "a.xlsx")
    notes = {t.name: t.note for t in office.tool.tables()}
    assert "2 formulas have no saved result" in notes["a.xlsx"]
    assert "formulas" not in notes["a.xlsx/Plain"]


def test_files_that_differ_only_in_case(office: Office) -> None:
    office.put("A.csv", "x\n1\n")
    office.put("a.csv", "y\n2\n")
    (table,) = office.tool.tables()
    assert (table.name, table.columns[0].name) == ("A.csv", "x")
    assert "hides a.csv" in table.note
    assert office.rows("a.csv") == [{"y": 2}]


def test_a_hundred_files_are_not_read_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(100):
        office.put(f"{at}.csv", "a,b\n1,2\n")
    office.tool.tables()
    monkeypatch.setattr("deskhand_tools.spreadsheet.folder.read_bytes", lambda *a: pytest.fail("read again"))
    assert len(open_tool(office.root).tables()) == 100


def test_nothing_heavy_is_imported_with_the_tool() -> None:
    program = "import sys, deskhand_tools.spreadsheet; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    heavy = {"pyarrow", "openpyxl", "xlsxwriter", "python_calamine", "rapidfuzz", "charset_normalizer", "duckdb"}
    assert not heavy & set(done.stdout.split())


def _with_sheet(rows: bytes) -> bytes:
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData>'
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook_bytes())) as source, zipfile.ZipFile(made, "w") as target:
        for info in source.infolist():
            is_sheet = info.filename == "xl/worksheets/sheet1.xml"
            target.writestr(info.filename, (sheet % rows) + b"</worksheet>" if is_sheet else source.read(info))
    return made.getvalue()


def workbook_bytes() -> bytes:
    rows = Rows((ResultColumn("a", "VARCHAR"),), [{"a": "x"}])
    return write_table_bytes(rows, "a.xlsx")


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>5</v></c></row>',
        b"<row r='1'><c r='XFD1'><v>1</v></c></row><row r='20000'><c r='A20000'><v>5</v></c></row>",
        b'<row r="1">' + b"<c><v>1</v></c>" * 16384 + b'</row><row r="1048576"><c><v>5</v></c></row>',
        b'<row r="1">' + b'<c t="n"><v>1</v></c>' * 300 + b'</row><row r="1048576"><c r="A1048576"><v>5</v></c></row>',
    ],
)
def test_cells_too_far_apart_are_refused_before_they_fill_the_memory(rows: bytes) -> None:
    with pytest.raises(DataError, match="so far apart"):
        read_table_bytes("a.xlsx", _with_sheet(rows))


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>h</t></is></c></row><row r="90000"><c r="B90000"><v>5</v></c></row>',
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>h</t></is></c><c r="ALL1"><v>5</v></c></row>',
    ],
)
def test_cells_far_apart_in_one_direction_are_read(rows: bytes) -> None:
    assert read_table_bytes("a.xlsx", _with_sheet(rows))
