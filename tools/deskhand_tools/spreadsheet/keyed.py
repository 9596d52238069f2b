"""`spreadsheet.update` and `spreadsheet.delete_rows`: rows found by a key and changed, or taken out.

The old values are the condition: they are read when the rows are prepared, and a row that has other values
when the act gets to it is left as it is. A key that is missing from the table, there twice, empty, or twice
among the act's own rows makes an exception of that row.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from deskhand.codec import infer
from deskhand.contract import (
    Call,
    Change,
    ColumnNames,
    Effect,
    Item,
    Params,
    Receipt,
    ResultColumn,
    TableName,
    Tables,
    Verdict,
)
from deskhand.errors import BusinessError, Problem

from deskhand_tools.spreadsheet import names
from deskhand_tools.spreadsheet.acts import (
    SheetOperation,
    column_problems,
    columns_of,
    key_problems,
    kind_problems,
    look_up,
    open_note,
    table_problems,
    types_of,
    value_of,
)
from deskhand_tools.spreadsheet.append import check_cell
from deskhand_tools.spreadsheet.cells import Canon, Store, canon, pack, shown, unpack
from deskhand_tools.spreadsheet.edit import editor
from deskhand_tools.spreadsheet.folder import Loaded
from deskhand_tools.spreadsheet.grid import Cell
from deskhand_tools.spreadsheet.save import save_bytes


class UpdateParams(Params):
    """table: as in queries. key: the column, or columns, that tell rows apart. set: the columns to set, where
    not all others of the rows are meant."""

    table: TableName
    key: ColumnNames
    set: ColumnNames = ()


class DeleteParams(Params):
    """table: as in queries. key: the column, or columns, that tell rows apart."""

    table: TableName
    key: ColumnNames


class Keys:
    """The rows of a table by the values of its key columns, and how a call's key is read."""

    def __init__(self, loaded: Loaded, key: Sequence[str]) -> None:
        table = loaded.table
        known = {name.casefold(): at for at, name in enumerate(table.header)}
        missing = [name for name in key if name.casefold() not in known]
        if missing or not key:
            name = missing[0] if missing else ""
            raise BusinessError(
                f"{table.name} has no key column {name}",
                mend=names.did_you_mean(name, list(table.header)),
            )
        self.places = [known[name.casefold()] for name in key]
        self.header = [table.header[at] for at in self.places]
        self.columns = [table.cells(at) for at in self.places]
        self.codecs = [infer(cells, name=name) for cells, name in zip(self.columns, self.header, strict=True)]
        self._rows: dict[tuple[Any, ...], list[int]] = {}
        for index, raws in enumerate(zip(*self.columns, strict=True)):
            decoded = tuple(codec.decode(raw) for codec, raw in zip(self.codecs, raws, strict=True))
            self._rows.setdefault(decoded, []).append(index)

    def of(self, call: Call, key: Sequence[str]) -> tuple[Any, ...]:
        """The call's key, typed as the table's columns. Raises BusinessError where it is empty or no such key
        can be in the table."""
        found = []
        for name, codec in zip(key, self.codecs, strict=True):
            value = value_of(call, name)
            if value is None or value == "":
                raise BusinessError(f"the key {name} is empty", mend="Leave such rows out of the query.")
            try:
                found.append(codec.coerce(value))
            except ValueError:
                raise BusinessError(
                    f"there is no row with {name} = {value}", mend="Check the key in the table."
                ) from None
        return tuple(found)

    def row(self, key: tuple[Any, ...], about: str) -> int:
        """The index of the one data row with that key. Raises BusinessError where there is none, or several."""
        rows = self._rows.get(key, [])
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise BusinessError(f"there is no row {about}", mend="Check the key in the table.")
        raise BusinessError(
            f"there are {len(rows)} rows {about}", mend="Take the double out, or use a key of more columns."
        )

    def raw(self, index: int) -> list[Cell]:
        """The stored values of a data row's key."""
        return [cells[index] for cells in self.columns]


def _about(keys: Keys, key: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} = {shown(part)}" for name, part in zip(keys.header, key, strict=True))


class _Keyed(SheetOperation):
    """What update and delete share: finding rows by key, when they are prepared and ever after."""

    def prepare(self, calls: Sequence[Call]) -> list[Change]:
        return self.prepare_by_table(calls, self._prepare)

    def _prepare(self, loaded: Loaded, calls: list[Call]) -> list[Change]:
        params: Any = calls[0].params
        keys = Keys(loaded, params.key)
        note = open_note(loaded.file.path, loaded.file.name)
        seen: dict[tuple[Any, ...], int] = {}
        stores: dict[int, Store] = {}
        changes = []
        for call in calls:
            about = loaded.table.name
            try:
                key = keys.of(call, params.key)
                about = f"{loaded.table.name} {_about(keys, key)}"
                if key in seen:
                    raise BusinessError(
                        f"{_about(keys, key)} stands twice among the act's rows",
                        mend="Make the query's rows distinct by the key.",
                    )
                seen[key] = call.ordinal
                index = keys.row(key, _about(keys, key))
                changes.append(self._change(loaded, call, keys, index, stores, about, note))
            except BusinessError as error:
                changes.append(Change.exception(str(error).replace("\n  ", ". "), about))
        return changes

    @abstractmethod
    def _change(
        self,
        loaded: Loaded,
        call: Call,
        keys: Keys,
        index: int,
        stores: dict[int, Store],
        about: str,
        note: Mapping[str, str],
    ) -> Change: ...

    def _data(self, loaded: Loaded, keys: Keys, index: int) -> dict[str, Any]:
        return {
            "file": loaded.file.name,
            "sheet": loaded.sheet,
            "columns": list(keys.header),
            "key": [pack(cell) for cell in keys.raw(index)],
        }


def _find(loaded: Loaded, items: Sequence[Item]) -> list[list[int]]:
    """For each item the data rows, by index, whose stored key is that of its prepared row."""
    known = {name: at for at, name in enumerate(loaded.table.header)}
    indexes: dict[tuple[str, ...], dict[tuple[Canon, ...], list[int]]] = {}
    found = []
    for item in items:
        names_of: Any = item.change.data["columns"]
        packed: Any = item.change.data["key"]
        columns = tuple(names_of)
        if any(name not in known for name in columns):
            raise BusinessError(f"{loaded.table.name} has lost a key column", mend="Prepare the act anew.")
        if columns not in indexes:
            index: dict[tuple[Canon, ...], list[int]] = {}
            for at, raws in enumerate(zip(*(loaded.table.cells(known[n]) for n in columns), strict=True)):
                index.setdefault(tuple(map(canon, raws)), []).append(at)
            indexes[columns] = index
        found.append(indexes[columns].get(tuple(canon(unpack(cell)) for cell in packed), []))
    return found


class _Now:
    """The present cells of a table, by column name and data row."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._known = {name: at for at, name in enumerate(loaded.table.header)}
        self._cells: dict[str, list[Cell]] = {}

    def cell(self, name: str, index: int) -> Cell:
        if name not in self._known:
            raise BusinessError(f"{self._loaded.table.name} has no column {name} any more")
        if name not in self._cells:
            self._cells[name] = self._loaded.table.cells(self._known[name])
        return self._cells[name][index]

    def position(self, name: str) -> int:
        return self._loaded.table.layout.positions[self._known[name]]


def _differs(now: _Now, index: int, wanted: Any) -> str | None:
    """The first column whose present value isn't the wanted one."""
    return next((name for name, cell in wanted.items() if not _same(now.cell(name, index), unpack(cell))), None)


def _same(one: Cell, other: Cell) -> bool:
    return canon(one) == canon(other) if one != "" else canon(other) is None


class Update(_Keyed):
    """Set cells of the rows that a key finds."""

    name = "spreadsheet.update"
    summary = "Set cells in rows found by a key"
    Params: ClassVar[type[Params]] = UpdateParams
    effect = Effect.WRITE

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        """Unknown or read-only tables, key columns missing on either side, unknown or no columns to set."""
        table = look_up(params.table, tables)
        yield from table_problems(params.table, table, tables)
        if table is None or columns is None:
            return
        yield from key_problems(params.key, columns, table.name, table)
        key = {name.casefold() for name in params.key}
        for at, name in enumerate(params.set):
            if name.casefold() in key:
                yield Problem("key-set", f"{name} is the key and can't be set", "Take it out of `set`.", ("set", at))
        used = [n for n in params.set or [c.name for c in columns] if n.casefold() not in key]
        if not used:
            yield Problem(
                "nothing-to-set",
                "the rows bring the key and nothing to set",
                "Select the new values too, under the names of the table's columns.",
                ("rows",),
            )
        yield from column_problems(used, columns, table, chosen=params.set)
        yield from kind_problems(used, columns, table)

    def _change(
        self,
        loaded: Loaded,
        call: Call,
        keys: Keys,
        index: int,
        stores: dict[int, Store],
        about: str,
        note: Mapping[str, str],
    ) -> Change:
        params: UpdateParams = call.params  # type: ignore[assignment]
        table = loaded.table
        folded = {name.casefold() for name in params.key}
        types = types_of(call)
        old: dict[str, Any] = {}
        new: dict[str, Any] = {}
        before: dict[str, str | None] = {}
        after: dict[str, str | None] = {}
        for name, at in columns_of(call, params.set, table.header):
            if name.casefold() in folded:
                continue
            title = table.header[at]
            if at not in stores:
                stores[at] = Store(table.cells(at), title, text_only=table.csv is not None)
            like = stores[at].cells[index]
            value = value_of(call, name)
            try:
                made = stores[at].exact(value, types.get(name.casefold(), ""), like)
            except ValueError as error:
                raise BusinessError(f"{title}: {error}", mend="Cast the value, or set another column.") from None
            check_cell(loaded, title, made)
            before[title], after[title] = stores[at].shown(like), stores[at].shown(made)
            if not _same(like, made):
                old[title], new[title] = pack(like), pack(made)
        if not new:
            return Change("unchanged", about=about, before=before, after=after)
        data = {**self._data(loaded, keys, index), "old": old, "new": new}
        return Change("change", about=about, before=before, after=after, preview=note, data=data)

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        return self.apply_by_file(items, self._apply)

    def _apply(self, items: list[Item]) -> list[Receipt | BusinessError]:
        loaded = self.again(items[0])
        edit = editor(loaded)
        now = _Now(loaded)
        answers: list[Receipt | BusinessError] = []
        edited = False
        for item, rows in zip(items, _find(loaded, items), strict=True):
            data: Any = item.change.data
            try:
                index = _only(rows, item)
                line = loaded.table.layout.lines[index]
                if _differs(now, index, data["new"]) is not None:
                    changed = _differs(now, index, data["old"])
                    if changed is not None:
                        raise _meanwhile(item, changed, data["old"][changed], now.cell(changed, index))
                    for name, cell in data["new"].items():
                        edit.set(line, now.position(name), unpack(cell))
                    edited = True
                answers.append({"file": loaded.file.name, "sheet": loaded.sheet, "row": line + 1})
            except BusinessError as error:
                answers.append(error)
        if edited:
            save_bytes(loaded.file.path, edit.content(), loaded.file.name)
        return answers

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        return self.verify_by_file(items, self._verify)

    def _verify(self, loaded: Loaded, items: list[Item]) -> list[Verdict]:
        now = _Now(loaded)
        verdicts = []
        for item, rows in zip(items, _find(loaded, items), strict=True):
            data: Any = item.change.data
            if len(rows) != 1:
                verdicts.append(Verdict.UNKNOWN)
            elif _differs(now, rows[0], data["new"]) is None:
                verdicts.append(Verdict.CONFIRMED)
            elif _differs(now, rows[0], data["old"]) is None:
                verdicts.append(Verdict.ABSENT)
            else:
                verdicts.append(Verdict.UNKNOWN)
        return verdicts


class DeleteRows(_Keyed):
    """Take out the rows that a key finds."""

    name = "spreadsheet.delete_rows"
    summary = "Delete rows found by a key"
    Params: ClassVar[type[Params]] = DeleteParams
    effect = Effect.WRITE

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        """Unknown or read-only tables, key columns missing on either side; other columns of the rows are
        not used."""
        table = look_up(params.table, tables)
        yield from table_problems(params.table, table, tables)
        if table is not None and columns is not None:
            yield from key_problems(params.key, columns, table.name, table)

    def _change(
        self,
        loaded: Loaded,
        call: Call,
        keys: Keys,
        index: int,
        stores: dict[int, Store],
        about: str,
        note: Mapping[str, str],
    ) -> Change:
        table = loaded.table
        line = table.layout.lines[index]
        cells = {}
        for name, at in zip(table.header, table.layout.positions, strict=True):
            cell = table.rows[line][at] if at < len(table.rows[line]) else None
            if canon(cell) is not None:
                cells[name] = cell
        data = {
            **self._data(loaded, keys, index),
            "old": {name: pack(cell) for name, cell in cells.items()},
        }
        before = {name: shown(cell) for name, cell in cells.items()}
        return Change("change", about=about, before=before, preview=note, data=data)

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        return self.apply_by_file(items, self._apply)

    def _apply(self, items: list[Item]) -> list[Receipt | BusinessError]:
        loaded = self.again(items[0])
        edit = editor(loaded)
        now = _Now(loaded)
        answers: list[Receipt | BusinessError] = []
        edited = False
        for item, rows in zip(items, _find(loaded, items), strict=True):
            data: Any = item.change.data
            try:
                index = _only(rows, item)
                changed = _differs(now, index, data["old"])
                if changed is not None:
                    raise _meanwhile(item, changed, data["old"][changed], now.cell(changed, index))
                line = loaded.table.layout.lines[index]
                edit.delete(line)
                edited = True
                answers.append({"file": loaded.file.name, "sheet": loaded.sheet, "row": line + 1})
            except BusinessError as error:
                answers.append(error)
        if edited:
            save_bytes(loaded.file.path, edit.content(), loaded.file.name)
        return answers

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        return self.verify_by_file(items, self._verify)

    def _verify(self, loaded: Loaded, items: list[Item]) -> list[Verdict]:
        found = _find(loaded, items)
        return [Verdict.ABSENT if rows else Verdict.CONFIRMED for rows in found]


def _only(rows: Sequence[int], item: Item) -> int:
    if len(rows) == 1:
        return rows[0]
    what = "is gone" if not rows else f"is there {len(rows)} times"
    raise BusinessError(
        f"{item.change.about}: the row {what}", mend="Somebody has changed the file meanwhile: look at it."
    )


def _meanwhile(item: Item, column: str, old: Any, new: Cell) -> BusinessError:
    return BusinessError(
        f"{item.change.about}: {column} was {shown(unpack(old)) or 'empty'} and is now {shown(new) or 'empty'}",
        mend="Somebody has changed the row meanwhile: look at it, and run again.",
    )
