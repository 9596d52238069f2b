"""Builders of real files for tests: workbooks and csv files from rows as mappings.

There is no pretended folder: a test's files are real ones in a temporary folder, so what is read back is what
a person would open. Everything is written through the tool's own writer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from deskhand.contract import ResultColumn, Rows, Value

from deskhand_tools.spreadsheet import output


def make_workbook(path: Path, sheets: Mapping[str, Sequence[Mapping[str, Value]]]) -> Path:
    """Write a workbook with these sheets, in order; the header is the keys, in the order of their first use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = [(title, output.matrix(as_rows(rows))) for title, rows in sheets.items()]
    path.write_bytes(output.xlsx_bytes(made))
    return path


def make_csv(path: Path, rows: Sequence[Mapping[str, Value]], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    """Write a csv file of these rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = output.matrix(as_rows(rows))
    path.write_bytes(output.csv_bytes(table, path.name, encoding=encoding, delimiter=delimiter))
    return path


def as_rows(rows: Sequence[Mapping[str, Value]]) -> Rows:
    """Mappings as typed rows: each column's type is that of its first value."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = tuple(ResultColumn(name, _type([row.get(name) for row in rows])) for name in names)
    return Rows(columns, rows)


def _type(values: Sequence[Value]) -> str:
    found = [value for value in values if value is not None]
    if not found:
        return "VARCHAR"
    first = found[0]
    if isinstance(first, Decimal):
        exponents = [v.as_tuple().exponent for v in found if isinstance(v, Decimal)]
        scale = max(-e if isinstance(e, int) and e < 0 else 0 for e in exponents)
        return f"DECIMAL(18,{max(2, scale)})"
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "BOOLEAN"),
        (int, "BIGINT"),
        (float, "DOUBLE"),
        (dt.datetime, "TIMESTAMP"),
        (dt.date, "DATE"),
        (dt.time, "TIME"),
    )
    return next((name for kind, name in kinds if isinstance(first, kind)), "VARCHAR")
