"""Stored cells compared, kept in the ledger's JSON, and made from values.

Two cells are the same when a person would see the same value of the same kind: 1 and 1.0, a date and that
date's midnight. A text is never a number here. This module refuses to know files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from deskhand.codec import Codec, infer, to_text
from deskhand.contract import Json, Value

from deskhand_tools.spreadsheet import output
from deskhand_tools.spreadsheet.grid import Cell, is_blank

Canon = tuple[str, Any] | None


def canon(cell: Cell) -> Canon:
    """The cell in a form that equals that of every cell which is the same; None for an empty one."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return ("text", cell.replace("\r\n", "\n"))
    if isinstance(cell, bool):
        return ("bool", cell)
    if isinstance(cell, (int, float)):
        return ("number", float(cell))
    if isinstance(cell, dt.datetime):
        cell = rounded(cell)
        if cell.time() == dt.time():
            return ("date", cell.date().isoformat())
        return ("moment", cell.isoformat())
    if isinstance(cell, dt.date):
        return ("date", cell.isoformat())
    if isinstance(cell, dt.time):
        return ("time", rounded(dt.datetime.combine(dt.date(2000, 1, 1), cell)).time().isoformat())
    return ("span", round(cell.total_seconds(), 3))


def rounded(moment: dt.datetime) -> dt.datetime:
    """The moment to the millisecond, which is what a workbook keeps."""
    extra = moment.microsecond % 1000
    moment -= dt.timedelta(microseconds=extra)
    return moment + dt.timedelta(milliseconds=1) if extra >= 500 else moment


def digest(rows: Iterable[Sequence[Cell]]) -> str:
    """A digest of the cells; rows without values and empty cells at the end of a row don't count."""
    found = hashlib.blake2b(digest_size=16)
    for row in rows:
        cells = [canon(c) if not isinstance(c, str) else (None if not c.strip() else ("text", c)) for c in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            found.update(repr(cells).replace("\\r\\n", "\\n").encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def pack(cell: Cell) -> Json:
    """The cell as JSON; `unpack` gives it back."""
    if isinstance(cell, dt.datetime):
        return {"datetime": cell.isoformat()}
    if isinstance(cell, dt.date):
        return {"date": cell.isoformat()}
    if isinstance(cell, dt.time):
        return {"time": cell.isoformat()}
    if isinstance(cell, dt.timedelta):
        return {"seconds": cell.total_seconds()}
    return cell


def unpack(data: Json) -> Cell:
    """The cell that `pack` made this of."""
    if not isinstance(data, Mapping):
        return data if not isinstance(data, list) else None
    kind, text = next(iter(data.items()))
    if kind == "seconds":
        return dt.timedelta(seconds=float(str(text)))
    kinds: dict[str, Any] = {"datetime": dt.datetime, "date": dt.date, "time": dt.time}
    made: Cell = kinds[kind].fromisoformat(str(text))
    return made


def shown(cell: Cell) -> str | None:
    """The cell as a person reads it; None for an empty one."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, dt.timedelta):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return to_text(cell, "")


class Store:
    """How values are stored in one column: its codec, learnt from the cells that are there."""

    def __init__(self, cells: Sequence[Cell], name: str, *, text_only: bool) -> None:
        self.codec = infer(list(cells), name=name)
        self.text_only = text_only
        self.cells = cells
        self._parts: dict[str, Codec | None] = {}

    def exact(self, value: Value, type: str, like: Cell = None) -> Cell:
        """The value as this column stores it, in the form of `like`. Raises ValueError where it doesn't fit.

        A column without values takes anything; one of whole numbers takes other numbers too.
        """
        value = output.written(value, type)
        if value is None or (isinstance(value, str) and not value.strip()):
            return "" if self.text_only else None
        if not self.codec.formats:
            return self._plain(value)
        try:
            made: Cell = self.codec.encode(value, like)
        except ValueError:
            if self.codec.kind in ("integer", "decimal") and _is_number(value):
                return self._plain(value)
            raise
        return made

    def loose(self, value: Value, type: str) -> Cell:
        """The value for a new row: as the column stores such values, else plainly; a total row may hold a
        text in a column of dates, or a sum in one of texts."""
        value = output.written(value, type)
        if isinstance(value, str) and not is_blank(value):
            try:
                return self.exact(value, type) if self.codec.kind == "text" else value
            except ValueError:
                return value
        if value is not None and self.codec.kind == "text" and self.codec.formats:
            part = self._part(value)
            if part is not None:
                try:
                    made: Cell = part.encode(value)
                    return made
                except ValueError:
                    return self._plain(value)
            return to_text(value, "") if not isinstance(value, bool) or self.text_only else value
        try:
            return self.exact(value, type)
        except ValueError:
            return self._plain(value)

    def shown(self, cell: Cell) -> str | None:
        """A stored cell as a person reads it, typed as the column where it fits; None for an empty one."""
        try:
            value = self.codec.decode(cell)
        except ValueError:
            return shown(cell)
        return None if value is None else to_text(value, self.codec.type)

    def _part(self, value: Value) -> Codec | None:
        """The codec of those cells of a mixed column that are of the value's kind; None where they are few."""
        wanted = "number" if _is_number(value) else "date" if isinstance(value, dt.date) else ""
        if wanted and wanted not in self._parts:
            filled = [c for c in self.cells if not is_blank(c)][-1000:]
            alike = [c for c in filled if _looks(c, wanted)]
            codec = infer(alike) if alike and len(alike) * 2 >= len(filled) else None
            kinds = ("integer", "decimal", "double") if wanted == "number" else ("date", "timestamp")
            self._parts[wanted] = codec if codec is not None and codec.kind in kinds else None
        return self._parts.get(wanted)

    def _plain(self, value: Value) -> Cell:
        return to_text(value, "") if self.text_only else output.cell(value)


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _looks(cell: Cell, wanted: str) -> bool:
    if isinstance(cell, str):
        codec = infer([cell])
        return codec.kind in (("integer", "decimal") if wanted == "number" else ("date", "timestamp"))
    if wanted == "date":
        return isinstance(cell, dt.date)
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)
