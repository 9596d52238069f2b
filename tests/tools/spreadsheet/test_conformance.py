"""The spreadsheet's operations in the suite that every tool passes, on workbooks and on csv files."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from deskhand_tools.spreadsheet import sheetio
from deskhand_tools.spreadsheet.fake import as_rows, make_csv, make_workbook

from tests.tools.conformance import Case, Suite
from tests.tools.spreadsheet.helpers import open_tool

ROWS = [
    {"No": "R-1", "Day": dt.date(2026, 1, 5), "Amount": Decimal("12.50"), "Paid in": None},
    {"No": "R-2", "Day": dt.date(2026, 1, 6), "Amount": Decimal("100.00"), "Paid in": "cash"},
    {"No": "R-3", "Day": dt.date(2026, 2, 1), "Amount": Decimal("-3.20"), "Paid in": None},
    {"No": "D-1", "Day": dt.date(2026, 2, 1), "Amount": Decimal("1.00"), "Paid in": None},
    {"No": "D-1", "Day": dt.date(2026, 2, 2), "Amount": Decimal("1.00"), "Paid in": None},
]
NEW = [
    {"No": "R-4", "Amount": Decimal("7.00"), "Day": dt.date(2026, 3, 1)},
    {"No": "R-4", "Amount": Decimal("7.00"), "Day": dt.date(2026, 3, 1)},
    {"No": "Total", "Amount": Decimal("118.30"), "Day": None},
]


def _make(root: Path) -> None:
    make_workbook(root / "files/book.xlsx", {"List": ROWS, "Other": ROWS[:1]})
    make_csv(root / "files/list.csv", ROWS, delimiter=";")


def _meddle(root: Path) -> None:
    changed = [{**row, "Amount": Decimal("99.99")} for row in ROWS]
    make_workbook(root / "files/book.xlsx", {"List": changed, "Other": ROWS[:1]})
    make_csv(root / "files/list.csv", changed, delimiter=";")
    (root / "files/new.xlsx").write_bytes(sheetio.write_table_bytes(as_rows(changed), "new.xlsx"))
    make_csv(root / "files/new.csv", changed)


def _cases() -> list[Case]:
    cases = []
    for table in ("book.xlsx", 'files."book.xlsx/List"', "list.csv"):
        name = "csv" if table.endswith("csv") else "sheet" if "/" in table else "book"
        base = {"make": _make, "open": open_tool}
        cases += [
            Case(
                name=name,
                operation="spreadsheet.append",
                params={"table": table},
                rows=NEW,
                bad_rows=[{"No": None, "Amount": None, "Day": None}],
                unknown_table={"table": "nowhere.xlsx"},
                repeats="change",
                **base,
            ),
            Case(
                name=name,
                operation="spreadsheet.update",
                params={"table": table, "key": "no"},
                rows=[
                    {"No": "R-1", "Amount": Decimal("13.00"), "Paid in": "bank"},
                    {"No": "R-2", "Amount": Decimal("100.00"), "Paid in": None},
                ],
                bad_rows=[
                    {"No": "R-9", "Amount": Decimal(1), "Paid in": None},
                    {"No": "D-1", "Amount": Decimal(1), "Paid in": None},
                    {"No": None, "Amount": Decimal(1), "Paid in": None},
                ],
                meddle=_meddle,
                unknown_table={"table": "book.xlsx/Lost"},
                **base,
            ),
            Case(
                name=name,
                operation="spreadsheet.delete_rows",
                params={"table": table, "key": ["No", "Day"]},
                rows=[
                    {"No": "R-1", "Day": dt.date(2026, 1, 5)},
                    {"No": "D-1", "Day": dt.date(2026, 2, 2)},
                ],
                bad_rows=[{"No": "R-1", "Day": dt.date(2026, 1, 6)}],
                meddle=_meddle,
                unknown_table={"table": "list.xlsx"},
                repeats="exception",
                **base,
            ),
        ]
    for params in (
        {"file": "new.xlsx"},
        {"file": "new.csv"},
        {"file": "book.xlsx", "sheet": "List"},
        {"file": "list.csv", "if_exists": "replace"},
    ):
        cases.append(
            Case(
                name="-".join(params.values()),
                make=_make,
                open=open_tool,
                operation="spreadsheet.write",
                params=params,
                rows=NEW,
                meddle=_meddle,
            )
        )
    return cases


@pytest.mark.parametrize("case", _cases(), ids=str)
class TestConformance(Suite):
    pass
