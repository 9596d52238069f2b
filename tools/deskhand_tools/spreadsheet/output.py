"""Rows as cells of a new file: what each value becomes in a workbook and in a csv file.

In a workbook dates are dates, Decimals numbers with their scale as format (two places where a division left
ten), texts always texts: one that begins with `=` is never a formula. Numbers of more than 15 digits would
lose some in a workbook and become texts. In a csv file a text is written as it is; a program that runs cells
beginning with `=` as formulas does so by its own choice.

This module makes whole new files; it refuses to change existing ones.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from deskhand.codec import to_text
from deskhand.contract import ResultColumn, Rows, Value
from deskhand.errors import BusinessError

from deskhand_tools.spreadsheet.csvtext import field_text
from deskhand_tools.spreadsheet.grid import Cell

FIRST_SHEET = "Sheet1"
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_TEXT = 32_767
_EPOCH = dt.date(1900, 3, 1)  # before it, the workbook's calendar is a day off
_FIXED = dt.datetime(2000, 1, 1)
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\((\d+),\s*(\d+)\)", re.IGNORECASE)


@dataclass(frozen=True)
class Matrix:
    """Typed columns and their values, row by row, Decimals rounded to what is written."""

    columns: tuple[ResultColumn, ...]
    rows: list[list[Value]]

    @property
    def header(self) -> list[str]:
        return [c.name for c in self.columns]


@lru_cache(maxsize=256)
def scale_of(type: str) -> int | None:
    """The decimals that a column of this type is written with; None for other types.

    DECIMAL(38,10) is what a division has: it is written with two.
    """
    found = _DECIMAL.fullmatch(type.strip())
    if found is None:
        return None
    return 2 if found[1] == "38" and found[2] == "10" else int(found[2])


def written(value: Value, type: str) -> Value:
    """The value as it is written: a Decimal rounded half up to its column's scale, others as they are."""
    if isinstance(value, Decimal) and value.is_finite():
        scale = scale_of(type)
        if scale is not None:
            value = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
            return value if value else abs(value)
    return value


def matrix(rows: Rows) -> Matrix:
    """The rows as a matrix in their columns' order; a column missing from a row is null."""
    columns = tuple(rows.columns)
    body = [[written(row.get(c.name), c.type) for c in columns] for row in rows.rows]
    return Matrix(columns, body)


def cell(value: Value) -> Cell:
    """The value as a workbook's cell; what a cell can't hold exactly becomes a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, int):
        return value if abs(value) < 10**15 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, dt.datetime):
        return value if value.date() >= _EPOCH else to_text(value, "")
    if isinstance(value, dt.date):
        return value if value >= _EPOCH else value.isoformat()
    if isinstance(value, (str, dt.time)):
        return value or None
    return to_text(value, "")


def _number(value: Decimal) -> Cell:
    if not value.is_finite() or len(value.normalize().as_tuple().digits) > 15:
        return to_text(value, "")
    return float(value)


def number_format(type: str, values: Sequence[Value] = ()) -> str:
    """The number format of a column: of dates, times, or as many decimals as the Decimals have."""
    scale = scale_of(type)
    if scale is None:
        scale = max((_places(v) for v in values if isinstance(v, Decimal)), default=None)
    if scale is not None:
        return "#,##0." + "0" * scale if scale else "#,##0"
    kind = type.upper()
    if kind.startswith("TIMESTAMP") or kind == "DATETIME":
        return "yyyy-mm-dd hh:mm:ss"
    return {"DATE": "yyyy-mm-dd", "TIME": "hh:mm:ss"}.get(kind, "General")


def value_format(value: Value | Cell, column_format: str) -> str:
    """The format of one cell: the column's, unless the value is of another kind than the column says."""
    if column_format != "General":
        return column_format
    if isinstance(value, dt.datetime):
        return "yyyy-mm-dd hh:mm:ss"
    if isinstance(value, dt.date):
        return "yyyy-mm-dd"
    return "hh:mm:ss" if isinstance(value, dt.time) else "General"


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def csv_bytes(table: Matrix, name: str, *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """The table as a csv file: header, lines ending in a line feed, quotes where needed.

    Raises BusinessError where the encoding lacks a character, and for a NUL, which no csv can hold.
    """
    lines = [table.header, *([to_text(value, "") for value in row] for row in table.rows)]
    alone = len(table.columns) == 1  # an empty line would be no row
    text = "".join(
        delimiter.join(field_text(cell, delimiter, quoted=alone and not cell) for cell in line) + "\n" for line in lines
    )
    if "\x00" in text:
        at, column = next(
            (n, c) for n, line in enumerate(lines) for c, t in zip(table.header, line, strict=True) if "\x00" in t
        )
        raise BusinessError(f"{name}: row {at}, column {column} holds a NUL character", mend="Leave it out.")
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        bad = error.object[error.start : error.start + 1]
        raise BusinessError(
            f"{name} would be written in {encoding}, which has no character {bad!r}",
            mend="Leave `encoding` out of the connection to write UTF-8.",
        ) from error


def check_size(table: Matrix, name: str) -> None:
    """Raise BusinessError where a worksheet can't hold the table."""
    if len(table.rows) + 1 > MAX_ROWS or len(table.columns) > MAX_COLUMNS:
        raise BusinessError(
            f"{name}: {len(table.rows)} rows and {len(table.columns)} columns are more than a sheet holds",
            mend=f"Write a .csv file, or fewer than {MAX_ROWS} rows.",
        )
    for at, row in enumerate(table.rows):
        for column, value in zip(table.columns, row, strict=True):
            if isinstance(value, str) and len(value) > MAX_TEXT:
                raise BusinessError(
                    f"{name}: row {at + 1}, column {column.name} has {len(value)} characters; a cell holds {MAX_TEXT}",
                    mend="Shorten the text, or write a .csv file.",
                )


def widths(table: Matrix) -> list[float]:
    """Column widths in characters: as wide as the header and the first rows need, within 8 and 60."""
    found = []
    for at, column in enumerate(table.columns):
        texts = [column.name, *(to_text(row[at], "") for row in table.rows[:1000])]
        longest = max(len(line) for text in texts for line in (text.split("\n") or [""]))
        found.append(float(min(60, max(8, longest + 3))))
    return found


def xlsx_bytes(sheets: Sequence[tuple[str, Matrix]], now: dt.datetime | None = None) -> bytes:
    """A new workbook of these sheets: bold frozen header, autofilter, column widths; the same bytes each time.

    Raises BusinessError where a sheet can't hold its table.
    """
    import xlsxwriter

    for name, table in sheets:
        check_size(table, name)
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": now or _FIXED})
        bold = book.add_format({"bold": True})
        formats: dict[str, Any] = {"General": None}
        for name, table in sheets:
            sheet = book.add_worksheet(name)
            for at, title in enumerate(table.header):
                sheet.write_string(0, at, title, bold)
            for at, column in enumerate(table.columns):
                column_format = number_format(column.type, [row[at] for row in table.rows])
                for line, row in enumerate(table.rows, 1):
                    value = cell(row[at])
                    form = value_format(value, column_format) if not isinstance(value, (str, bool)) else "General"
                    if form not in formats:
                        formats[form] = book.add_format({"num_format": form})
                    _write(sheet, line, at, value, formats[form])
            for at, width in enumerate(widths(table)):
                sheet.set_column(at, at, width)
            if table.columns:
                sheet.freeze_panes(1, 0)
                sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    return out.getvalue()


def _write(sheet: Any, line: int, at: int, value: Cell, form: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, at, value, form)
    elif isinstance(value, (int, float)):
        sheet.write_number(line, at, value, form)
    elif isinstance(value, (dt.datetime, dt.date, dt.time)):
        sheet.write_datetime(line, at, value, form)
    else:
        sheet.write_string(line, at, str(value), form)
