"""`spreadsheet.append`: rows added below the last one, in the file's own formats.

An appended row is known again by its place and its values, as long as the rows above it are as they were when
it was prepared. Where a row is found elsewhere or the rows above have changed, nothing can tell whether it is
ours: `verify` then says unknown. Where other rows came in between before the act ran, the new places are noted
in the connection's cache under the effect's key, before the file is saved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from deskhand.contract import (
    Call,
    Change,
    ColumnNames,
    Effect,
    Item,
    Json,
    Params,
    Receipt,
    ResultColumn,
    TableName,
    Tables,
    Verdict,
)
from deskhand.errors import BusinessError, Problem, UnavailableError

from deskhand_tools.spreadsheet import output
from deskhand_tools.spreadsheet.acts import (
    SheetOperation,
    column_problems,
    columns_of,
    look_up,
    open_note,
    table_problems,
    types_of,
    value_of,
)
from deskhand_tools.spreadsheet.cells import Canon, Store, canon, digest, pack, unpack
from deskhand_tools.spreadsheet.edit import editor
from deskhand_tools.spreadsheet.folder import Loaded
from deskhand_tools.spreadsheet.grid import Cell
from deskhand_tools.spreadsheet.save import save_bytes


class AppendParams(Params):
    """table: as in queries. set: the columns to use, where not all of the rows' are meant."""

    table: TableName
    set: ColumnNames = ()


class Append(SheetOperation):
    """Add each row below the last one of a table."""

    name = "spreadsheet.append"
    summary = "Add rows to a sheet or csv file"
    Params: ClassVar[type[Params]] = AppendParams
    effect = Effect.WRITE

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        """Unknown or read-only tables, columns that the header lacks. Types aren't checked: a total row may
        hold a text in a column of numbers."""
        table = look_up(params.table, tables)
        yield from table_problems(params.table, table, tables)
        if table is None or columns is None:
            return
        used = params.set or [c.name for c in columns]
        yield from column_problems(used, columns, table, chosen=params.set)

    def prepare(self, calls: Sequence[Call]) -> list[Change]:
        return self.prepare_by_table(calls, self._prepare)

    def _prepare(self, loaded: Loaded, calls: list[Call]) -> list[Change]:
        table = loaded.table
        end = table.layout.end
        before = digest(table.rows[:end])
        stores: dict[int, Store] = {}
        changes: list[Change] = []
        taken = 0
        note = open_note(loaded.file.path, loaded.file.name)
        for call in calls:
            try:
                changes.append(self._change(loaded, call, stores, end + taken, before, note))
                taken += 1
            except BusinessError as error:
                changes.append(Change.exception(str(error).replace("\n  ", ". "), table.name))
        return changes

    def _change(self, loaded: Loaded, call: Call, stores: dict[int, Store], row: int, before: str, note: Any) -> Change:
        table = loaded.table
        params: AppendParams = call.params  # type: ignore[assignment]
        types = types_of(call)
        cells: dict[int, Cell] = {}
        after: dict[str, str | None] = {}
        for name, at in columns_of(call, params.set, table.header):
            if at not in stores:
                stores[at] = Store(table.cells(at), table.header[at], text_only=table.csv is not None)
            value = value_of(call, name)
            made = stores[at].loose(value, types.get(name.casefold(), ""))
            check_cell(loaded, table.header[at], made)
            cells[table.layout.positions[at]] = made
            after[table.header[at]] = stores[at].shown(made)
        if all(canon(c) is None or (isinstance(c, str) and not c.strip()) for c in cells.values()):
            raise BusinessError("the row has no values", mend="Leave such rows out of the query.")
        if table.csv is None and row >= output.MAX_ROWS:
            raise BusinessError(f"{table.name} is full", mend="Append to another sheet.")
        return Change(
            "change",
            about=f"{table.name} row {row + 1}",
            after=after,
            preview=note,
            data={
                "file": loaded.file.name,
                "sheet": loaded.sheet,
                "row": row,
                "end": table.layout.end,
                "above": before,
                "cells": {str(at): pack(cell) for at, cell in cells.items()},
            },
        )

    # ------------------------------------------------------------ doing

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        return self.apply_by_file(items, self._apply)

    def _apply(self, items: list[Item]) -> list[Receipt | BusinessError]:
        loaded = self.again(items[0])
        name = loaded.file.name
        edit = editor(loaded)
        end = loaded.table.layout.end
        for item in items:
            edit.append(_cells(item))
        content = edit.content()
        if any(item.change.data["row"] != end + at for at, item in enumerate(items)):
            self._note_places(items, end, digest(loaded.table.rows[:end]))
        save_bytes(loaded.file.path, content, name)
        return [{"file": name, "sheet": loaded.sheet, "row": end + at + 1} for at in range(len(items))]

    def _note_places(self, items: Sequence[Item], end: int, above: str) -> None:
        try:
            self.context.cache.mkdir(parents=True, exist_ok=True)
            with open(self._journal, "a", encoding="utf-8") as file:
                for at, item in enumerate(items):
                    file.write(json.dumps({"key": item.key, "row": end + at, "end": end, "above": above}) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UnavailableError(
                f"the cache of {self.context.connection} can't be written: {error.strerror}",
                mend="Free some space, or give this user the right to write it, and run `agent runs resume`.",
            ) from error

    @property
    def _journal(self) -> Any:
        return self.context.cache / "appended.jsonl"

    def _noted(self) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        try:
            lines = self._journal.read_text(encoding="utf-8").splitlines()
        except OSError:
            return found
        for line in lines:
            try:
                data = json.loads(line)
                found[data["key"]] = data
            except (ValueError, KeyError, TypeError):
                continue  # a crash cut the last line: its save never began
        return found

    # ------------------------------------------------------------ reading back

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        noted = self._noted()

        def one(loaded: Loaded, group: list[Item]) -> list[Verdict]:
            rows = loaded.table.rows
            above: dict[int, str] = {}
            verdicts = []
            for item in group:
                place = noted.get(item.key, dict(item.change.data))
                end = int(str(place["end"]))
                if end not in above:
                    above[end] = digest(rows[:end]) if end <= len(rows) else ""
                verdicts.append(_verdict(loaded, item, place, above[end] == place["above"]))
            return verdicts

        return self.verify_by_file(items, one)


def _verdict(loaded: Loaded, item: Item, place: Any, same_above: bool) -> Verdict:
    rows, layout = loaded.table.rows, loaded.table.layout
    wanted = {at: seen for at, cell in _cells(item).items() if (seen := _seen(cell)) is not None}
    row, end = int(place["row"]), int(place["end"])
    if same_above and row < len(rows) and _is_row(rows[row], wanted):
        return Verdict.CONFIRMED
    if same_above and layout.end <= end:
        return Verdict.ABSENT
    start = end if same_above else 0
    found = any(_is_row(rows[line], wanted) for line in range(start, layout.end))
    return Verdict.UNKNOWN if found else Verdict.ABSENT


def _seen(cell: Cell) -> Canon:
    return None if isinstance(cell, str) and not cell.strip() else canon(cell)


def _is_row(row: Sequence[Cell], wanted: Mapping[int, Canon]) -> bool:
    """Whether the row holds just these values."""
    return {at: seen for at, cell in enumerate(row) if (seen := _seen(cell)) is not None} == wanted


def _cells(item: Item) -> dict[int, Cell]:
    cells: Any = item.change.data["cells"]
    return {int(at): unpack(cell) for at, cell in cells.items()}


def check_cell(loaded: Loaded, column: str, cell: Cell) -> None:
    """Raise BusinessError where the file can't hold the cell."""
    if not isinstance(cell, str):
        return
    if loaded.table.csv is not None:
        if "\x00" in cell:
            raise BusinessError(f"the text for {column} holds a NUL character", mend="Leave it out.")
        loaded.table.csv.encoded(cell)
    elif len(cell) > output.MAX_TEXT:
        raise BusinessError(
            f"the text for {column} has {len(cell)} characters; a cell holds {output.MAX_TEXT}",
            mend="Shorten it.",
        )
