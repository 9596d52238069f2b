"""Changing an existing file: cells set, rows added and taken out, a sheet replaced; everything else kept.

A csv file is patched as text. A workbook goes through openpyxl, but only one of which nothing would be lost
(`lossy`), and the bytes that come out are read again and compared with what was meant before anybody saves
them. This module makes bytes; it refuses to write files.
"""

from __future__ import annotations

import copy
import datetime as dt
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from deskhand.errors import BusinessError

from deskhand_tools.spreadsheet import lossy, output, shift
from deskhand_tools.spreadsheet.book import open_book
from deskhand_tools.spreadsheet.cells import canon
from deskhand_tools.spreadsheet.csvtext import CsvEdit
from deskhand_tools.spreadsheet.folder import Loaded
from deskhand_tools.spreadsheet.grid import Cell, letter

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MEND = "Save the rows to a file of their own, or take this out of the workbook first."


class Editor(Protocol):
    """Edits of one table, collected and then made at once. Lines and positions are the grid's, from 0."""

    def set(self, line: int, position: int, value: Cell) -> None:
        """Set one cell."""

    def append(self, cells: Mapping[int, Cell]) -> None:
        """Add a row of these cells, by position, after the last row that has values."""

    def delete(self, line: int) -> None:
        """Take a row out; those below move up."""

    def content(self) -> bytes:
        """The file's new bytes. Raises BusinessError where something would be lost."""


def editor(loaded: Loaded) -> Editor:
    """The editor for a file. Raises BusinessError where it can't be edited without losing something."""
    if loaded.table.csv is not None:
        return _CsvEditor(loaded)
    return BookEdit(loaded.content, loaded.file.name, loaded.sheet, loaded.table.layout.end)


def refusal(loaded: Loaded) -> str | None:
    """Why this file can't be edited, or None."""
    name = loaded.file.name
    if loaded.table.csv is not None:
        text = loaded.table.csv
        if text.bom + text.text.encode(text.encoding, "replace") != loaded.content:
            return f"{name} isn't cleanly written in {text.encoding}; save it again as UTF-8"
        return None
    return book_refusal(loaded.content, name)


def book_refusal(content: bytes, name: str, replaced: str | None = None) -> str | None:
    """Why a workbook can't be edited, or None. `replaced`: a sheet that will be replaced as a whole."""
    if name.lower().endswith(".xlsm"):
        return f"{name} holds macros and can only be read"
    found = lossy.refusal(content, replaced=replaced)
    return None if found is None else f"{name} can't be edited without losing {found}"


class _CsvEditor:
    def __init__(self, loaded: Loaded) -> None:
        reason = refusal(loaded)
        if reason is not None or loaded.table.csv is None:
            raise BusinessError(reason or "not a csv file", mend=MEND)
        self._file = loaded.table.csv
        self._edit = CsvEdit(self._file, loaded.table.layout)

    def set(self, line: int, position: int, value: Cell) -> None:
        self._edit.set(line, position, _text(value))

    def append(self, cells: Mapping[int, Cell]) -> None:
        self._edit.append({at: _text(value) for at, value in cells.items()})

    def delete(self, line: int) -> None:
        self._edit.delete(line)

    def content(self) -> bytes:
        return self._file.encoded(self._edit.text())


def _text(value: Cell) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


class BookEdit:
    """Edits of a workbook; `sheet` is the one that `set`, `append` and `delete` mean, `end` the line after its
    last row with values."""

    def __init__(
        self, content: bytes, name: str, sheet: str | None, end: int = 0, *, replaced: str | None = None
    ) -> None:
        reason = book_refusal(content, name, replaced)
        if reason is not None:
            raise BusinessError(reason, mend=MEND)
        self.name = name
        self._old = content
        self._book = _load(content, name)
        self._sheet = sheet
        self._end = end
        self._set: list[tuple[int, int, Cell]] = []
        self._added: list[Mapping[int, Cell]] = []
        self._deleted: list[int] = []
        self._replaced: dict[str, output.Matrix] = {}

    def set(self, line: int, position: int, value: Cell) -> None:
        from openpyxl.cell.cell import MergedCell

        if isinstance(self._page().cell(line + 1, position + 1), MergedCell):
            raise BusinessError(
                f"{self.name}: {letter(position)}{line + 1} is part of merged cells",
                mend="Take the cells apart first.",
            )
        self._set.append((line, position, value))

    def append(self, cells: Mapping[int, Cell]) -> None:
        self._added.append(cells)

    def delete(self, line: int) -> None:
        self._deleted.append(line)

    def replace(self, title: str, table: output.Matrix) -> None:
        """Replace the sheet of that title (ignoring case) by a table, or add it at the end."""
        output.check_size(table, self.name)
        self._replaced[title] = table

    def _page(self) -> Worksheet:
        page: Worksheet = self._book[self._sheet or self._book.sheetnames[0]]
        return page

    def content(self) -> bytes:
        expected = self._expected()
        if self._set or self._added or self._deleted:
            page = self._page()
            for line, position, value in self._set:
                put(page.cell(line + 1, position + 1), value)
            self._append_rows(page)
            if self._deleted:
                shift.delete_rows(self._book, page, [line + 1 for line in self._deleted])
        for title, table in self._replaced.items():
            _replace_sheet(self._book, title, table)
        out = io.BytesIO()
        self._book.save(out)
        made = out.getvalue()
        self._compare(expected, made)
        return made

    def _append_rows(self, page: Worksheet) -> None:
        above = self._end
        width = page.max_column if above > 1 else 0  # openpyxl goes through all cells to tell
        for offset, cells in enumerate(self._added, 1):
            row = self._end + offset
            for position in range(width):
                source: Any = page.cell(above, position + 1)
                made: Any = page.cell(row, position + 1)
                if source.has_style:
                    made._style = copy.copy(source._style)
            if above > 1 and page.row_dimensions[above].height is not None:
                page.row_dimensions[row].height = page.row_dimensions[above].height
            for position, value in cells.items():
                put(page.cell(row, position + 1), value)
        if self._added:
            shift.extend_rows(page, self._end, self._end + len(self._added))

    # ------------------------------------------------------------ nothing else may change

    def _expected(self) -> dict[str, list[dict[int, Any]]]:
        book = open_book(self._old, self.name)
        grids = {title: [_row(row) for row in book.grid(title)] for title in book.sheets}
        if self._set or self._added or self._deleted:
            grid = grids[self._sheet or book.sheets[0]]
            for line, position, value in self._set:
                _place(grid[line], position, value)
            del grid[self._end :]
            for cells in self._added:
                row: dict[int, Any] = {}
                for position, value in cells.items():
                    _place(row, position, value)
                grid.append(row)
            for line in sorted(self._deleted, reverse=True):
                del grid[line]
        for title, table in self._replaced.items():
            key = next((t for t in grids if t.casefold() == title.casefold()), title)
            grids[key] = [_row(table.header), *(_row([output.cell(v) for v in row]) for row in table.rows)]
        return {title: _trimmed(grid) for title, grid in grids.items()}

    def _compare(self, expected: Mapping[str, list[dict[int, Any]]], made: bytes) -> None:
        book = open_book(made, self.name)
        for title, rows in expected.items():
            found = _trimmed([_row(row) for row in book.grid(title)]) if title in book.sheets else None
            if found == rows:
                continue
            place = "a cell"
            if found is not None:
                line = next((i for i, pair in enumerate(zip(rows, found, strict=False)) if pair[0] != pair[1]), 0)
                place = f"row {line + 1}"
            raise BusinessError(
                f"{self.name} can't be edited without changing {place} of the sheet {title} too", mend=MEND
            )


def _load(content: bytes, name: str) -> Workbook:
    import openpyxl

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            book = openpyxl.load_workbook(io.BytesIO(content))
        except Exception as error:
            raise BusinessError(f"{name} can't be edited: {' '.join(str(error).split())}", mend=MEND) from error
    if heard:
        raise BusinessError(f"{name} can't be edited without a loss: {heard[0].message}", mend=MEND)
    return book


def _row(row: Sequence[Cell]) -> dict[int, Any]:
    return {at: found for at, cell in enumerate(row) if (found := canon(cell)) is not None}


def _place(row: dict[int, Any], position: int, value: Cell) -> None:
    found = canon(value)
    if found is None:
        row.pop(position, None)
    else:
        row[position] = found


def _trimmed(grid: list[dict[int, Any]]) -> list[dict[int, Any]]:
    while grid and not grid[-1]:
        grid.pop()
    return grid


def put(cell: Any, value: Cell) -> None:
    """Set a cell of openpyxl: texts as texts whatever they begin with, dates with a format of dates."""
    from openpyxl.styles.numbers import is_date_format

    if isinstance(value, str):
        if not value:
            cell.value = None
            return
        cell.value = escaped(value)
        cell.data_type = "s"
        return
    dated = isinstance(value, (dt.date, dt.time, dt.timedelta))
    kept = cell.number_format
    cell.value = value  # sets a format of its own for dates
    if dated and is_date_format(kept):
        cell.number_format = kept
    elif dated:
        cell.number_format = output.value_format(value, "General")
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and is_date_format(kept):
        cell.number_format = "General"


def escaped(text: str) -> str:
    """The text as a workbook's XML holds it: control characters, and what looks like one, as `_xHHHH_`."""
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text.replace("\r\n", "\n"))
    return re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]", lambda m: f"_x{ord(m[0]):04X}_", text)


def _replace_sheet(book: Workbook, title: str, table: output.Matrix) -> None:
    from openpyxl.styles import Font

    old = next((name for name in book.sheetnames if name.casefold() == title.casefold()), None)
    active = book.index(book.active) if book.active is not None else 0
    place = book.sheetnames.index(old) if old is not None else len(book.sheetnames)
    page: Any = book.create_sheet("deskhand-new", place)
    if old is not None:
        book.remove(book[old])
    page.title = old or title
    book.active = active
    for at, column in enumerate(table.columns, 1):
        head = page.cell(1, at)
        put(head, column.name)
        head.font = Font(bold=True)
        form = output.number_format(column.type, [row[at - 1] for row in table.rows])
        for line, row in enumerate(table.rows, 2):
            value = output.cell(row[at - 1])
            if value is None:
                continue
            cell = page.cell(line, at)
            put(cell, value)
            if not isinstance(value, (str, bool)):
                cell.number_format = output.value_format(value, form)
    for at, width in enumerate(output.widths(table)):
        page.column_dimensions[letter(at)].width = width
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{letter(len(table.columns) - 1)}{len(table.rows) + 1}"
