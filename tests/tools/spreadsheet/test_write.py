"""`spreadsheet.write`: what stands in the file, what is replaced, what stays."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from deskhand.contract import Call, ResultColumn, Rows, Value
from deskhand.errors import BusinessError
from deskhand_tools.spreadsheet import output
from deskhand_tools.spreadsheet.cells import canon, pack, unpack
from deskhand_tools.spreadsheet.fake import as_rows, make_workbook
from deskhand_tools.spreadsheet.sheetio import read_table_bytes, write_table_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.spreadsheet.helpers import Office

COLUMNS = (
    ResultColumn("id", "VARCHAR"),
    ResultColumn("amount", "DECIMAL(18,2)"),
    ResultColumn("share", "DECIMAL(38,10)"),
    ResultColumn("rate", "DECIMAL(18,4)"),
    ResultColumn("day", "DATE"),
    ResultColumn("at", "TIMESTAMP"),
    ResultColumn("n", "BIGINT"),
    ResultColumn("ok", "BOOLEAN"),
)
ROWS: list[dict[str, Value]] = [
    {
        "id": "0012",
        "amount": Decimal("1234.50"),
        "share": Decimal("0.3350000000"),
        "rate": Decimal("1.0825"),
        "day": dt.date(2026, 3, 11),
        "at": dt.datetime(2026, 3, 11, 9, 30),
        "n": 7,
        "ok": True,
    },
    {"id": "=SUM(A1:A9)", "amount": None, "share": Decimal("-0.0050000000"), "n": 10**17},
    {"id": "+49 30 123", "amount": Decimal("-3.00")},
    {"id": "@home -x", "ok": False},
]


def test_a_workbook_holds_typed_cells(office: Office) -> None:
    office.do("write", {"file": "reports/2026/list.xlsx"}, ROWS, columns=COLUMNS)
    page: Any = openpyxl.load_workbook(office.files / "reports/2026/list.xlsx").active
    header, first, second = list(page.iter_rows())[:3]
    assert [c.value for c in header] == [c.name for c in COLUMNS]
    assert all(c.font.b for c in header)
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref == "A1:H5"
    assert [c.value for c in first] == [
        "0012", 1234.5, 0.34, 1.0825, dt.datetime(2026, 3, 11), dt.datetime(2026, 3, 11, 9, 30), 7, True,
    ]  # fmt: skip
    assert [c.number_format for c in first[1:6]] == [
        "#,##0.00", "#,##0.00", "#,##0.0000", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss",
    ]  # fmt: skip
    assert (second[0].value, second[0].data_type) == ("=SUM(A1:A9)", "s")
    assert second[2].value == -0.01
    assert (second[6].value, second[6].data_type) == ("100000000000000000", "s")
    assert page.column_dimensions["E"].width > 10
    assert [row["id"] for row in office.rows("reports/2026/list.xlsx")] == [r["id"] for r in ROWS]


def test_a_csv_file_is_plain(office: Office) -> None:
    office.do("write", {"file": "list.csv"}, ROWS[:2], columns=COLUMNS)
    assert (office.files / "list.csv").read_bytes().decode() == (
        "id,amount,share,rate,day,at,n,ok\n"
        "0012,1234.50,0.34,1.0825,2026-03-11,2026-03-11 09:30:00,7,true\n"
        "=SUM(A1:A9),,-0.01,,,,100000000000000000,\n"
    )


@pytest.mark.parametrize("file", ["a.xlsx", "a.csv"])
def test_no_rows_make_a_file_with_a_header(office: Office, file: str) -> None:
    office.do("write", {"file": file}, [], columns=COLUMNS)
    table = office.tool.table(file)
    assert table is not None
    assert [c.name for c in table.columns] == [c.name for c in COLUMNS]
    assert table.rows == 0
    office.do("append", {"table": file}, [{"id": "007", "day": dt.date(2026, 1, 2), "amount": Decimal("1.5")}])
    assert office.rows(file)[0]["id"] == "007"
    assert office.rows(file)[0]["day"] == dt.date(2026, 1, 2)


@pytest.mark.parametrize("file", ["a.xlsx", "a.csv"])
def test_the_same_again_is_unchanged_and_other_rows_replace(office: Office, file: str) -> None:
    office.do("write", {"file": file}, ROWS, columns=COLUMNS)
    content = (office.files / file).read_bytes()
    assert office.do("write", {"file": file}, ROWS, columns=COLUMNS)[0].state == "unchanged"
    assert (office.files / file).read_bytes() == content
    changed = [ROWS[1], ROWS[0]]
    change = office.do("write", {"file": file}, changed, columns=COLUMNS)[0]
    assert (change.state, change.before, change.after) == ("change", {"rows": "4"}, {"rows": "2"})
    assert change.preview["rows"]
    assert [r["id"] for r in office.rows(file)] == ["=SUM(A1:A9)", "0012"]


def test_the_same_rows_give_the_same_bytes() -> None:
    rows = Rows(COLUMNS, ROWS)
    for name in ("a.xlsx", "a.csv"):
        assert write_table_bytes(rows, name) == write_table_bytes(rows, name)
    with pytest.raises(BusinessError, match=r"\.xlsx nor a \.csv"):
        write_table_bytes(rows, "a.pdf")


@pytest.mark.parametrize(
    ("params", "state"), [({}, "exception"), ({"sheet": "A"}, "exception"), ({"sheet": "New"}, "change")]
)
def test_if_exists_fail(office: Office, params: dict[str, str], state: str) -> None:
    make_workbook(office.files / "a.xlsx", {"A": [{"x": 1}]})
    changes, _ = office.prepare("write", {"file": "a.xlsx", "if_exists": "fail", **params}, [{"x": 1}])
    assert changes[0].state == state
    assert office.do("write", {"file": "b.xlsx", "if_exists": "fail"}, [{"x": 1}])[0].state == "change"


def test_only_the_named_sheet_is_replaced(office: Office) -> None:
    make_workbook(office.files / "a.xlsx", {"A": [{"x": 1}], "B": [{"y": "old"}, {"y": "older"}], "C": [{"z": 2}]})
    office.do("write", {"file": "a.xlsx", "sheet": "b"}, [{"y": "new", "d": dt.date(2026, 1, 1)}])
    office.do("write", {"file": "a.xlsx", "sheet": "2026"}, ROWS, columns=COLUMNS)
    assert office.names() == ["a.xlsx", "a.xlsx/A", "a.xlsx/B", "a.xlsx/C", "a.xlsx/2026"]
    assert office.rows("a.xlsx/B") == [{"y": "new", "d": dt.date(2026, 1, 1)}]
    assert office.rows("a.xlsx/A") == [{"x": 1}]
    assert office.rows("a.xlsx/2026")[0]["share"] == Decimal("0.34")
    again = office.do("write", {"file": "a.xlsx", "sheet": "2026"}, ROWS, columns=COLUMNS)
    assert again[0].state == "unchanged"
    page: Any = openpyxl.load_workbook(office.files / "a.xlsx")["2026"]
    assert (page["A3"].value, page["A3"].data_type) == ("=SUM(A1:A9)", "s")
    assert page["B2"].number_format == "#,##0.00"
    assert page["A1"].font.b


def test_a_whole_file_replaces_all_sheets_and_says_so(office: Office) -> None:
    make_workbook(office.files / "a.xlsx", {"A": [{"x": 1}], "B": [{"y": 2}]})
    change = office.do("write", {"file": "A.XLSX"}, [{"x": 1}])[0]
    assert "2 sheets: A, B" in str(change.preview["replaces"])
    assert office.names() == ["a.xlsx", "a.xlsx/Sheet1"]


def _groups(office: Office, params: dict[str, str], names: list[str]) -> tuple[Any, Any]:
    kind = office.tool.operations["spreadsheet.write"]
    calls = []
    for at, name in enumerate(names):
        rows = as_rows([{"vendor": name, "n": at}])
        made = kind.Params.model_validate({k: v.replace("{}", name) for k, v in params.items()})
        calls.append(Call(at, made, rows=rows, columns=rows.columns))
    return office.tool.operation("spreadsheet.write"), calls


@pytest.mark.parametrize("params", [{"file": "{}.xlsx"}, {"file": "all.xlsx", "sheet": "{}"}, {"file": "{}.csv"}])
@pytest.mark.parametrize("together", [True, False])
def test_one_file_or_sheet_a_group(office: Office, params: dict[str, str], together: bool) -> None:
    from deskhand.contract import Item, Verdict

    operation, calls = _groups(office, params, ["ACME", "Beta", "Ceta"])
    items = [Item(c, p, str(c.ordinal)) for c, p in zip(calls, operation.prepare(calls), strict=True)]
    assert operation.verify(items) == [Verdict.ABSENT] * 3
    for batch in [items] if together else [[item] for item in items]:
        assert not [r for r in operation.apply(batch) if isinstance(r, Exception)]
    assert operation.verify(items) == [Verdict.CONFIRMED] * 3
    table = params["file"].replace("{}", "Beta") + ("/Beta" if "sheet" in params else "")
    assert office.rows(table) == [{"vendor": "Beta", "n": 1}]


def test_groups_that_would_overwrite_each_other_are_exceptions(office: Office) -> None:
    operation, calls = _groups(office, {"file": "all.xlsx"}, ["ACME", "Beta"])
    states = [c.state for c in operation.prepare(calls)]
    assert states == ["change", "exception"]


def test_a_broken_file_can_be_replaced(office: Office) -> None:
    office.put("a.xlsx", b"broken")
    assert office.do("write", {"file": "a.xlsx"}, [{"x": 1}])[0].state == "change"
    assert office.rows("a.xlsx") == [{"x": 1}]


def test_what_a_sheet_cannot_hold(office: Office) -> None:
    changes, _ = office.prepare("write", {"file": "a.xlsx"}, [{"x": "y" * 40000}])
    assert changes[0].state == "exception"
    assert "row 1, column x" in changes[0].reason
    assert office.do("write", {"file": "a.csv"}, [{"x": "y" * 40000}])[0].state == "change"
    changes, _ = office.prepare("write", {"file": "a.xlsx"}, [{}], columns=[])
    assert changes[0].state == "exception"


def test_a_configured_encoding_is_written(tmp_path: Any) -> None:
    office = Office(tmp_path, encoding="cp1252", delimiter=";")
    office.do("write", {"file": "a.csv"}, [{"Name": "Müller", "n": 1}])
    assert (office.files / "a.csv").read_bytes() == "Name;n\nMüller;1\n".encode("cp1252")
    changes, _ = office.prepare("write", {"file": "b.csv"}, [{"Name": "日本"}])
    assert changes[0].state == "exception"


def test_what_the_act_makes_is_known_beforehand(office: Office) -> None:
    kind = office.tool.operations["spreadsheet.write"]
    made = {t.name: t for _, t in kind.produces(kind.Params.model_validate({"file": "r/a.xlsx"}), COLUMNS)}
    assert list(made) == ["r/a.xlsx", "r/a.xlsx/Sheet1"]
    office.do("write", {"file": "r/a.xlsx"}, ROWS, columns=COLUMNS)
    found = office.tool.read(made["r/a.xlsx"], ["share", "n", "id"])
    assert found.column("share").to_pylist()[:2] == [Decimal("0.34"), Decimal("-0.01")]
    named = {
        t.name: t for _, t in kind.produces(kind.Params.model_validate({"file": "a.xlsx", "sheet": "Q1"}), COLUMNS)
    }
    assert named["a.xlsx"].open
    assert [c.name for c in named["a.xlsx/Q1"].columns] == [c.name for c in COLUMNS]


# ---------------------------------------------------------------- round trips

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), min_size=1, max_size=8).filter(
    lambda t: t.strip() != ""
)
SECONDS = st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2100, 1, 1)).map(lambda d: d.replace(microsecond=0))
CELLS = st.fixed_dictionaries(
    {
        "text": TEXT.map(lambda t: "x" + t),
        "money": st.none() | st.decimals(-(10**9), 10**9, places=2),
        "count": st.none() | st.integers(-(10**12), 10**12),
        "day": st.none() | st.dates(dt.date(1901, 1, 1), dt.date(2100, 1, 1)),
        "at": st.none() | SECONDS,
    }
)
TYPES = {"text": "VARCHAR", "money": "DECIMAL(18,2)", "count": "BIGINT", "day": "DATE", "at": "TIMESTAMP"}


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=5), st.sampled_from(["a.xlsx", "a.csv"]))
def test_rows_written_and_read_are_equal(rows: list[dict[str, Any]], name: str) -> None:
    from deskhand.contract import Column

    typed = Rows(tuple(ResultColumn(n, t) for n, t in TYPES.items()), rows)
    sheet = read_table_bytes(name, write_table_bytes(typed, name))
    assert sheet.header == tuple(TYPES)
    found = sheet.to_arrow([Column(n, t) for n, t in TYPES.items()]).to_pylist()
    assert found == rows


@given(
    st.none()
    | st.booleans()
    | st.integers(-(10**14), 10**14)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas(dt.timedelta(0), dt.timedelta(days=99))
)
def test_cells_survive_the_ledger(cell: Any) -> None:
    import json

    assert canon(unpack(json.loads(json.dumps(pack(cell))))) == canon(cell)


def test_odd_values_become_texts() -> None:
    assert output.cell(math.inf) == "inf"
    assert output.cell(Decimal("12345678901234567.89")) == "12345678901234567.89"
    assert output.cell(dt.date(1850, 1, 1)) == "1850-01-01"
    assert output.cell(b"\x01\xff") == "01ff"
    assert output.written(Decimal("-0.001"), "DECIMAL(18,2)") == 0
    assert str(output.written(Decimal("-0.001"), "DECIMAL(18,2)")) == "0.00"
    assert str(output.written(Decimal("0.125"), "DECIMAL(38,10)")) == "0.13"


def test_a_csv_cannot_hold_a_nul() -> None:
    rows = Rows((ResultColumn("a", "VARCHAR"), ResultColumn("b", "VARCHAR")), [{"a": "x", "b": "y\x00z"}])
    with pytest.raises(BusinessError, match="row 1, column b holds a NUL"):
        write_table_bytes(rows, "a.csv")
