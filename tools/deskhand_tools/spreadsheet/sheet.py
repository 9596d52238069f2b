"""One table of a file, parsed: its cells, where they lie, its typed columns, its rows as Arrow.

This module refuses to open files; it is given their bytes' contents by `sheetio` and `folder`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deskhand.codec import Codec, infer, to_text
from deskhand.contract import Column
from deskhand.errors import DataError, Where

from deskhand_tools.spreadsheet.csvtext import CsvText
from deskhand_tools.spreadsheet.grid import Cell, Layout

if TYPE_CHECKING:
    import pyarrow as pa

_FEW = 12
_LONG = 60


@dataclass(frozen=True)
class Sheet:
    """A table's cells. `name` is the table's name; `csv` is there where it came from a csv file.

    `rows` is the whole grid; `layout` says which of it is the table.
    """

    name: str
    rows: Sequence[Sequence[Cell]]
    layout: Layout
    csv: CsvText | None = None
    note: str = ""

    @property
    def header(self) -> tuple[str, ...]:
        """The columns' names, unique ignoring case."""
        return self.layout.names

    def cells(self, index: int) -> list[Cell]:
        """The stored values of the column of that index, empty ones as None."""
        return _emptied(self.layout.column(self.rows, index))

    def columns(self) -> tuple[Column, ...]:
        """The columns with types, codecs and samples, inferred from all values."""
        return tuple(self._column(index) for index in range(len(self.header)))

    def _column(self, index: int) -> Column:
        cells = self.cells(index)
        codec = infer(cells, name=self.header[index])
        return Column(
            self.header[index],
            codec.type,
            nullable=any(c is None or c == "" for c in cells) or not cells,
            codec=codec,
            samples=_samples(codec, cells),
        )

    def to_arrow(self, columns: Sequence[Column]) -> pa.Table:
        """These columns, in this order, decoded by their codecs.

        Raises DataError naming row and column where a value doesn't fit, or a column is gone.
        """
        import pyarrow as pa

        places = {name.casefold(): index for index, name in enumerate(self.header)}
        arrays = []
        for column in columns:
            index = places.get(column.name.casefold())
            if index is None:
                raise DataError(
                    f"{self.name} has no column {column.name} any more",
                    mend="The file has changed since the catalog was read: run again.",
                    where=Where(file=self.name),
                )
            arrays.append(self._decoded(column, index))
        schema = pa.schema([(c.name, a.type) for c, a in zip(columns, arrays, strict=True)])
        return pa.Table.from_arrays(arrays, schema=schema)

    def _decoded(self, column: Column, index: int) -> pa.Array:
        cells = self.layout.column(self.rows, index)
        if set(map(type, cells)) != {str}:  # Arrow takes care of blank texts among texts
            cells = _emptied(cells)
        codec = column.codec or _codec_of(column, cells)
        try:
            quick = _quick(codec, cells)
            found = quick if quick is not None else codec.decode_column(cells)
            return found if column.codec is not None else _cast(found, column.type)
        except ValueError as error:
            row = self._misfit(codec, cells)
            raise DataError(
                f"{self.name}, row {row}, column {column.name}: {error}",
                mend="The file has changed since the catalog was read: run again.",
                where=Where(file=self.name, line=row),
            ) from error

    def _misfit(self, codec: Codec, cells: Sequence[Cell]) -> int:
        for line, cell in zip(self.layout.lines, cells, strict=True):
            try:
                codec.decode(cell)
            except ValueError:
                return line + 1
        return 0

    def raw_rows(self) -> list[list[Cell]]:
        """The data rows, cells in the order of `header`, empty ones as None."""
        return [list(row) for row in zip(*map(self.cells, range(len(self.header))), strict=True)]


def _emptied(cells: list[Cell]) -> list[Cell]:
    """The cells with None for those that hold nothing but blanks."""
    if str in (kinds := set(map(type, cells))) and ("" in cells or len(kinds) > 1):
        return [None if isinstance(c, str) and not c.strip() else c for c in cells]
    return cells


def _codec_of(column: Column, cells: Sequence[Cell]) -> Codec:
    """The codec for a column of which only the type is known: one that an act has written."""
    if column.type == "VARCHAR":
        return Codec("text")
    return infer(list(cells), name=column.name, declared=column.type)


def _cast(values: pa.Array, type: str) -> pa.Array:
    """The values as the declared type; other types than those a file is written with stay as they are."""
    import pyarrow as pa

    kinds = {
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "TIME": pa.time64("us"),
    }
    found = re.fullmatch(r"DECIMAL\((\d+), *(\d+)\)", type)
    wanted = pa.decimal128(int(found[1]), int(found[2])) if found else kinds.get(type)
    return values if wanted is None or values.type == wanted else values.cast(wanted)


def _quick(codec: Codec, cells: list[Cell]) -> pa.Array | None:
    """The columns that a workbook usually holds, without looking at each value; None where it isn't one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = set(map(type, cells)) - {type(None)}
    if codec.kind == "integer" and kinds == {float}:
        reals = pa.array(cells, pa.float64())
        try:
            return pc.cast(reals, pa.int64())
        except pa.ArrowInvalid:
            return None
    if codec.kind == "date" and kinds == {dt.date}:
        return pa.array(cells, pa.date32())
    if codec.kind == "timestamp" and kinds == {dt.datetime}:
        return pa.array(cells, pa.timestamp("us"))
    if codec.kind == "boolean" and kinds == {bool}:
        return pa.array(cells, pa.bool_())
    return None


def _samples(codec: Codec, cells: Sequence[Any]) -> tuple[str, ...]:
    if codec.kind in ("blob", "double"):
        return ()
    seen: dict[Any, int] = {}
    for cell in cells:
        if cell is None or cell == "":
            continue
        seen[cell] = seen.get(cell, 0) + 1
        if len(seen) > _FEW:
            return ()
    texts = [to_text(codec.decode(cell), codec.type) for cell in sorted(seen, key=lambda c: -seen[c])]
    return tuple(dict.fromkeys(texts)) if all(len(text) <= _LONG for text in texts) else ()
