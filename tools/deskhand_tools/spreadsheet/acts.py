"""What the spreadsheet's acts share: the table that an act names, problems of its columns, batches per file.

This module refuses to change files by itself; the acts do, in one atomic save per file and batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from deskhand.contract import (
    Call,
    Change,
    Effect,
    Item,
    Operation,
    Receipt,
    ResultColumn,
    Table,
    Tables,
    ToolContext,
    Verdict,
)
from deskhand.errors import BusinessError, DataError, Problem

from deskhand_tools.spreadsheet import names
from deskhand_tools.spreadsheet.edit import refusal
from deskhand_tools.spreadsheet.folder import Folder, Loaded, Place
from deskhand_tools.spreadsheet.save import lock_of

BATCH = 10_000
_NUMBERS = ("integer", "decimal", "double")
_DAYS = ("date", "timestamp")
OPEN = "is open in another program: close it before this act runs"
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


class SheetOperation(Operation):
    """An operation on the files of one folder."""

    effect = Effect.WRITE
    batch: ClassVar[int] = BATCH

    def __init__(self, folder: Folder, context: ToolContext) -> None:
        self.folder = folder
        self.context = context

    def load(self, text: str) -> Loaded:
        """The table that an act names, read anew. Raises BusinessError where there is none to write to."""
        place = self.folder.resolve(text)
        if place is None:
            raise BusinessError(f"there is no table {text}", mend="Make it with spreadsheet.write first.")
        try:
            loaded = self.folder.load(place)
        except DataError as error:
            raise BusinessError(error.message, mend=error.mend) from error
        if not loaded.table.header:
            raise BusinessError(f"{loaded.table.name} has no header", mend="Make it with spreadsheet.write first.")
        return loaded

    def again(self, item: Item) -> Loaded:
        """The file of a prepared change, read anew. Raises BusinessError or UnavailableError if it's gone."""
        file, sheet = str(item.change.data["file"]), item.change.data["sheet"]
        place = self.folder.place(file)
        if place is None or place.sheet is not None:
            raise BusinessError(f"{file} is gone", mend="Put the file back, or make it with spreadsheet.write.")
        try:
            return self.folder.load(Place(place.file, None if sheet is None else str(sheet)))
        except DataError as error:
            raise BusinessError(error.message, mend=error.mend) from error

    def prepare_by_table(
        self, calls: Sequence[Call], one: Callable[[Loaded, list[Call]], list[Change]]
    ) -> list[Change]:
        """The changes of all calls, each table's by `one`; a table that can't be written to makes exceptions."""
        found: dict[int, Change] = {}
        groups: dict[str, list[int]] = {}
        for at, call in enumerate(calls):
            groups.setdefault(str(getattr(call.params, "table", "")), []).append(at)
        for name, places in groups.items():
            try:
                loaded = self.load(name)
                reason = refusal(loaded)
                if reason is not None:
                    raise BusinessError(reason)
                changes = one(loaded, [calls[at] for at in places])
            except BusinessError as error:
                changes = [Change.exception(_said(error), name) for _ in places]
            found.update(zip(places, changes, strict=True))
        return [found[at] for at in range(len(calls))]

    @staticmethod
    def by_file(items: Sequence[Item]) -> Iterator[list[int]]:
        """The items' places, a list per file and sheet, in order."""
        groups: dict[tuple[Any, Any], list[int]] = {}
        for at, item in enumerate(items):
            groups.setdefault((item.change.data["file"], item.change.data["sheet"]), []).append(at)
        yield from groups.values()

    def apply_by_file(
        self,
        items: Sequence[Item],
        one: Callable[[list[Item]], list[Receipt | BusinessError]],
    ) -> list[Receipt | BusinessError]:
        """The answers of all items, each file's by `one`; what is wrong with a file is wrong with its rows."""
        found: dict[int, Receipt | BusinessError] = {}
        for places in self.by_file(items):
            group = [items[at] for at in places]
            answers: list[Receipt | BusinessError]
            try:
                answers = one(group)
            except BusinessError as error:
                answers = [error for _ in group]
            found.update(zip(places, answers, strict=True))
        return [found[at] for at in range(len(items))]

    def verify_by_file(
        self, items: Sequence[Item], one: Callable[[Loaded, list[Item]], list[Verdict]]
    ) -> list[Verdict]:
        """The verdicts of all items, each file's by `one`; of a file that can't be read nothing is known."""
        found: dict[int, Verdict] = {}
        for places in self.by_file(items):
            group = [items[at] for at in places]
            try:
                verdicts = one(self.again(group[0]), group)
            except BusinessError:
                verdicts = [Verdict.UNKNOWN for _ in group]
            found.update(zip(places, verdicts, strict=True))
        return [found[at] for at in range(len(items))]


def _said(error: BusinessError) -> str:
    return f"{error.message}. {error.mend}" if error.mend else error.message


def open_note(loaded_path: Any, name: str) -> Mapping[str, str]:
    """A line for the preview where the file is open in another program; nothing otherwise."""
    return {"note": f"{name} {OPEN}"} if lock_of(loaded_path) is not None else {}


# ---------------------------------------------------------------- the check


def look_up(name: str, tables: Tables) -> Table | None:
    """The table that an act names, however it spells it."""
    return next((found for text in names.spellings(name) if (found := tables(text)) is not None), None)


def table_problems(name: str, table: Table | None, tables: Tables) -> Iterable[Problem]:
    """Problems of the table that an act would change; `tables` knows the names that could be meant."""
    if table is None:
        mend = "Make it with spreadsheet.write first, or correct the name (see `agent catalog`)."
        near = names.nearest(names.spellings(name)[-1], getattr(tables, "names", ()))
        if near:
            mend = f"Did you mean {' or '.join(near)}? Else make it with spreadsheet.write first."
        yield Problem("unknown-table", f"there is no table {name} to write to", mend, ("table",))
    elif not table.writable:
        why = f": {table.note}" if table.note else ""
        yield Problem("read-only", f"{table.name} can't be written to{why}", "Choose another table.", ("table",))
    elif not table.open and not table.columns:
        yield Problem(
            "no-header",
            f"{table.name} has no header to append to or to find a key in",
            "Make it with spreadsheet.write first.",
            ("table",),
        )


def column_problems(
    names_given: Sequence[str], columns: Sequence[ResultColumn], table: Table, *, chosen: Sequence[str]
) -> Iterable[Problem]:
    """Problems of the columns that an act would write: unknown to the table, or chosen but not brought."""
    brought = {c.name.casefold() for c in columns}
    for at, name in enumerate(chosen):
        if name.casefold() not in brought:
            yield Problem(
                "unknown-column",
                f"the rows have no column {name}",
                names.did_you_mean(name, [c.name for c in columns]),
                ("set", at),
            )
    if table.open:
        return
    for name in names_given:
        if table.column(name) is None:
            place = next((i for i, c in enumerate(chosen) if c == name), None)
            yield Problem(
                "unknown-column",
                f"{table.name} has no column {name}",
                names.did_you_mean(name, [c.name for c in table.columns])
                + " Or name the columns to use: `set: [...]`.",
                ("rows",) if place is None else ("set", place),
            )


def kind_problems(used: Sequence[str], columns: Sequence[ResultColumn], table: Table) -> Iterable[Problem]:
    """Dates for a column of numbers, and the like; what a text holds only the data can tell."""
    for column in columns:
        target = table.column(column.name) if column.name.casefold() in {n.casefold() for n in used} else None
        if target is None or target.codec is None or not target.codec.formats:
            continue
        kind = column.type.upper().partition("(")[0]
        dated = kind in ("DATE", "TIMESTAMP", "TIME")
        plain = kind in ("DECIMAL", "BIGINT", "INTEGER", "HUGEINT", "DOUBLE", "FLOAT", "SMALLINT", "TINYINT", "BOOLEAN")
        if (target.codec.kind in _NUMBERS and (dated or kind == "BOOLEAN")) or (target.codec.kind in _DAYS and plain):
            yield Problem(
                "type-mismatch",
                f"{target.name} of {table.name} holds {target.type}, the rows bring {column.type}",
                "Cast the value in the query, or set another column.",
                ("rows",),
            )


def key_problems(key: Sequence[str], columns: Sequence[ResultColumn], name: str, table: Table) -> Iterable[Problem]:
    """Problems of a key: columns that the rows don't bring, or that the table doesn't have."""
    brought = {c.name.casefold() for c in columns}
    for at, part in enumerate(key):
        if part.casefold() not in brought:
            yield Problem(
                "missing-key",
                f"the rows don't bring the key {part}",
                names.did_you_mean(part, [c.name for c in columns]) + f" Select {part} in the query.",
                ("key", at),
            )
        if not table.open and table.columns and table.column(part) is None:
            yield Problem(
                "unknown-column",
                f"{name} has no column {part}",
                names.did_you_mean(part, [c.name for c in table.columns]),
                ("key", at),
            )


def literal(text: str) -> str:
    """A template with `x` in the place of what will be rendered, so that the rest can be checked."""
    return _TEMPLATE.sub("x", text)


def is_template(text: str) -> bool:
    """Whether the text will be rendered."""
    return _TEMPLATE.search(text) is not None


def columns_of(call: Call, chosen: Sequence[str], header: Sequence[str]) -> list[tuple[str, int]]:
    """The call's columns to write, with their places in the header; those chosen where some are."""
    known = {name.casefold(): at for at, name in enumerate(header)}
    wanted = chosen or [c.name for c in call.columns] or list(call.row or ())
    found = []
    for name in wanted:
        if name.casefold() not in known:
            raise BusinessError(f"the table has no column {name}", mend=names.did_you_mean(name, list(header)))
        found.append((name, known[name.casefold()]))
    return found


def types_of(call: Call) -> Mapping[str, str]:
    """The DuckDB types of the call's columns, by name in lower case."""
    return {c.name.casefold(): c.type for c in call.columns}


def value_of(call: Call, name: str) -> Any:
    """A column's value in the call's row, ignoring case; None where the row has none."""
    row = call.row or {}
    if name in row:
        return row[name]
    folded = name.casefold()
    return next((value for key, value in row.items() if key.casefold() == folded), None)
