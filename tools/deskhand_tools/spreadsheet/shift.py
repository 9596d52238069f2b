"""Rows taken out of, or added to, a sheet that openpyxl holds, with everything that refers to rows moved along.

openpyxl's own `delete_rows` moves cells only. Here merged cells, tables, filters, validations, conditional
formats, row heights, links, print areas and defined names follow. This module refuses to know values.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_REF = re.compile(
    r"(?<![\w.$!])(?P<sheet>(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?(?P<a>\$?[A-Z]{1,3}\$?)(?P<r1>\d+)"
    r"(?::(?P<b>\$?[A-Z]{1,3}\$?)(?P<r2>\d+))?(?![\w(])"
)


class _Rows:
    """Where rows go when some are taken out; `deleted` are row numbers from 1, sorted."""

    def __init__(self, deleted: Sequence[int]) -> None:
        self.deleted = sorted(set(deleted))
        self._gone = frozenset(self.deleted)

    def gone(self, row: int) -> bool:
        return row in self._gone

    def to(self, row: int) -> int:
        """The new number of a row (of one taken out: that of the next one)."""
        return row - bisect_left(self.deleted, row)

    def span(self, first: int, last: int) -> tuple[int, int] | None:
        """A span of rows afterwards; None where all of it is gone."""
        start = self.to(first)
        end = self.to(last + 1) - 1
        return (start, end) if end >= start else None

    def area(self, ref: str) -> str | None:
        """A range such as A2:C9 afterwards; None where all its rows are gone."""
        found = _REF.fullmatch(ref)
        if found is None:
            return ref
        first = int(found["r1"])
        span = self.span(first, int(found["r2"] or first))
        if span is None:
            return None
        head = f"{found['a']}{span[0]}"
        return head if found["b"] is None else f"{head}:{found['b']}{span[1]}"

    def text(self, text: str, title: str, *, own: bool) -> str:
        """A formula or name with its references to the sheet moved; `own`: bare references are the sheet's."""

        def moved(found: re.Match[str]) -> str:
            sheet = found["sheet"]
            if sheet is None and not own:
                return found[0]
            if sheet is not None and sheet[:-1].strip("'").replace("''", "'").casefold() != title.casefold():
                return found[0]
            area = self.area(found[0][len(sheet or "") :])
            return "#REF!" if area is None else (sheet or "") + area

        return _REF.sub(moved, text)


def delete_rows(book: Workbook, page: Worksheet, rows: Sequence[int]) -> None:
    """Take these rows (from 1) out of the sheet."""
    where = _Rows(rows)
    sheet: Any = page
    cells = {}
    links = []
    for (row, column), cell in sorted(sheet._cells.items()):
        if where.gone(row):
            continue
        cell.row = where.to(row)
        cells[cell.row, column] = cell
        if getattr(cell, "hyperlink", None) is not None:
            cell.hyperlink.ref = cell.coordinate
            links.append(cell.hyperlink)
    sheet._cells = cells
    sheet._hyperlinks = links
    sheet._current_row = max((row for row, _ in cells), default=0)
    _heights(sheet, where)
    _areas(sheet, where)
    _formulas(book, sheet, where)


def _heights(sheet: Any, where: _Rows) -> None:
    kept = [(where.to(row), d) for row, d in sorted(sheet.row_dimensions.items()) if not where.gone(row)]
    sheet.row_dimensions.clear()
    for row, dimension in kept:
        dimension.index = row
        sheet.row_dimensions[row] = dimension


def _areas(sheet: Any, where: _Rows) -> None:
    from openpyxl.worksheet.cell_range import MultiCellRange

    merged = [where.area(r.coord) for r in sheet.merged_cells.ranges]
    sheet.merged_cells = MultiCellRange([ref for ref in merged if ref is not None and ":" in ref])
    if sheet.auto_filter.ref:
        sheet.auto_filter.ref = where.area(sheet.auto_filter.ref)
    for table in sheet.tables.values():
        _fit_table(table, where.area(table.ref) or table.ref)
    validations = []
    for validation in sheet.data_validations.dataValidation:
        refs = [where.area(r.coord) for r in validation.sqref.ranges]
        kept = [ref for ref in refs if ref is not None]
        if kept:
            validation.sqref = MultiCellRange(kept)
            validations.append(validation)
    sheet.data_validations.dataValidation = validations
    formats = sheet.conditional_formatting
    rules = [(str(f.sqref), list(f.rules)) for f in formats]
    formats._cf_rules.clear()
    for sqref, found in rules:
        kept = [ref for r in sqref.split() if (ref := where.area(r)) is not None]
        for rule in found if kept else []:
            formats.add(" ".join(kept), rule)


def _formulas(book: Any, sheet: Any, where: _Rows) -> None:
    title = sheet.title
    for validation in sheet.data_validations.dataValidation:
        for name in ("formula1", "formula2"):
            text = getattr(validation, name)
            if text and not text.startswith('"'):
                setattr(validation, name, where.text(text, title, own=True))
    for other in book.worksheets:
        for validation in other.data_validations.dataValidation if other is not sheet else ():
            for name in ("formula1", "formula2"):
                text = getattr(validation, name)
                if text and not text.startswith('"'):
                    setattr(validation, name, where.text(text, title, own=False))
        for name in other.defined_names.values():
            name.attr_text = where.text(name.attr_text, title, own=False)
    for name in book.defined_names.values():
        name.attr_text = where.text(name.attr_text, title, own=False)
    if sheet.print_area:
        areas = [where.area(part.split("!")[-1]) for part in sheet.print_area.split(",")]
        kept = ",".join(area for area in areas if area is not None)
        sheet.print_area = kept or None


def _fit_table(table: Any, ref: str) -> None:
    found = _REF.fullmatch(ref)
    if found is not None and found["r2"] is not None and int(found["r2"]) == int(found["r1"]):
        ref = f"{found['a']}{found['r1']}:{found['b']}{int(found['r1']) + 1}"  # a table has at least one row
    table.ref = ref
    if table.autoFilter is not None:
        table.autoFilter.ref = ref


def extend_rows(page: Worksheet, last: int, new_last: int) -> None:
    """Let what ended with the sheet's last row (filter, table, validations) take in the rows added below it."""
    from openpyxl.worksheet.cell_range import MultiCellRange

    sheet: Any = page

    def longer(ref: str) -> str:
        found = _REF.fullmatch(ref)
        if found is None or found["r2"] is None or int(found["r2"]) != last:
            return ref
        return f"{found['a']}{found['r1']}:{found['b']}{new_last}"

    if sheet.auto_filter.ref:
        sheet.auto_filter.ref = longer(sheet.auto_filter.ref)
    for table in sheet.tables.values():
        if not table.totalsRowCount:
            _fit_table(table, longer(table.ref))
    for validation in sheet.data_validations.dataValidation:
        validation.sqref = MultiCellRange([longer(r.coord) for r in validation.sqref.ranges])
