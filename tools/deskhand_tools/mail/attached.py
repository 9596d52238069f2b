"""Attached csv and xlsx files as tables: `attachments/<name or glob>`.

The rows of every attachment that matches, of all folders but Sent and Trash, one below the other; `mail_id`,
`mail_date` and `mail_sender` stand before the files' own columns, which are joined by name (ignoring case) and
typed over all files together. Of a workbook the first sheet counts. This module refuses to leave out a file
that matches but can't be read: that is an error that names the file and its mail.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskhand.codec import Codec, infer
from deskhand.contract import Column, Filter, Table, Value
from deskhand.errors import DataError, Where

from deskhand_tools.mail.mailbox import Mailbox
from deskhand_tools.mail.message import Head
from deskhand_tools.mail.shapes import Shape, ShapeCache
from deskhand_tools.mail.store import Entry
from deskhand_tools.mail.tables import ATTACHMENTS, MailTables, arrow_type, keeps
from deskhand_tools.spreadsheet.sheetio import is_table_file, read_table_bytes

if TYPE_CHECKING:
    import pyarrow as pa

    from deskhand_tools.spreadsheet.sheet import Sheet

PREFIX = ATTACHMENTS + "/"
_LISTED = 100
"""How many attached files the catalog lists, the latest first; any other is a table all the same."""
_PREFIX_COLUMNS = (
    Column("mail_id", "VARCHAR", nullable=False),
    Column("mail_date", "TIMESTAMP"),
    Column("mail_sender", "VARCHAR"),
)


@dataclass(frozen=True)
class _File:
    entry: Entry
    head: Head
    index: int
    name: str


@dataclass(frozen=True)
class _Union:
    """The files of one table, read: their sheets and the columns they have together."""

    files: tuple[tuple[_File, Sheet], ...]
    columns: tuple[Column, ...]
    sources: tuple[str, ...]
    """For each column, the name it has in the files' headers, folded."""

    @property
    def shape(self) -> Shape:
        rows = sum(len(sheet.layout.lines) for _, sheet in self.files)
        notes = sorted({sheet.note for _, sheet in self.files if sheet.note})
        return Shape(self.columns, rows, "; ".join(notes))


class AttachedTables:
    """The attached tables of one mailbox."""

    def __init__(self, mailbox: Mailbox, tables: MailTables, cache: Path) -> None:
        self._shapes = ShapeCache(cache / "attached.json")
        self._mailbox = mailbox
        self._tables = tables
        self._unions: dict[tuple[Any, ...], _Union] = {}

    def tables(self) -> list[Table]:
        """A table for each distinct name of an attached csv or xlsx, the latest 100 in order of name."""
        by_name: dict[str, list[_File]] = {}
        for file in self._files():
            by_name.setdefault(file.name.casefold(), []).append(file)
        # the later a file of a name came, the further up
        latest = sorted(by_name, key=lambda n: max(_moment(f.head) for f in by_name[n]), reverse=True)
        return [self._listed(by_name[name]) for name in sorted(latest[:_LISTED])]

    def _listed(self, files: list[_File]) -> Table:
        name = PREFIX + files[-1].name
        return self._as_table(name, files)

    def _as_table(self, name: str, files: Sequence[_File]) -> Table:
        key = _places(files)
        shape = self._shapes.get(key)
        if shape is None:
            try:
                shape = self._union(files).shape
            except DataError as error:
                return Table(name, _PREFIX_COLUMNS, writable=False, open=True, note=f"can't be read: {error.message}")
            self._shapes.put(key, shape)
        columns = _PREFIX_COLUMNS + shape.columns
        return Table(name, columns, rows=shape.rows, writable=False, note=shape.note)

    def save(self) -> None:
        """Write the cache file, if anything in it is new."""
        self._shapes.save()

    def table(self, name: str) -> Table | None:
        """The table `attachments/<name or glob>`; None where no attached csv or xlsx matches.

        Where one that matches can't be read, the table is open, and `read` raises the error.
        """
        files = self._matching(name)
        if not files:
            return None
        exact = {f.name for f in files}
        shown = exact.pop() if len(exact) == 1 and not _is_glob(name) else name[len(PREFIX) :]
        return self._as_table(PREFIX + shown, files)

    def read(self, table: Table, columns: Sequence[str], where: Sequence[Filter]) -> pa.Table:
        """These columns of an attached table, typed as `table` says where it says anything.

        Raises DataError where a file can't be read, or holds what doesn't fit the table's types any more.
        """
        import pyarrow as pa

        union = self._union(self._matching(table.name))
        now = {c.name.casefold(): c for c in union.columns}
        then = {c.name.casefold(): c for c in table.columns if c.codec is not None}
        sources = dict(zip(now, union.sources, strict=True))
        known = {c.name: c for c in _PREFIX_COLUMNS} | {name: then.get(name, c) for name, c in now.items()}
        kept = [(f, s) for f, s in union.files if self._keeps(f, where)]
        counts = [len(sheet.layout.lines) for _, sheet in kept]
        arrays: dict[str, pa.Array] = {}
        for name in columns:
            column = known.get(name.casefold())
            if column is None:
                raise DataError(
                    f"{table.name} has no column {name} any more",
                    mend="The mails have changed since the catalog was read: run again.",
                )
            if column in _PREFIX_COLUMNS:
                place = _PREFIX_COLUMNS.index(column)
                values: list[Value] = []
                for (file, _), count in zip(kept, counts, strict=True):
                    values += [self._prefix(file)[place]] * count
                arrays[column.name] = pa.array(values, arrow_type(column.type))
            else:
                arrays[column.name] = _decoded(table.name, column, [s for _, s in kept], sources[name.casefold()])
        if not arrays:
            return pa.table({"": pa.nulls(sum(counts))}).select([])
        return pa.table(arrays)

    # ------------------------------------------------------------ the files

    def _files(self) -> Iterator[_File]:
        for folder in self._tables.attached_folders():
            for entry, head in self._mailbox.mails(folder.name):
                for index, (name, kind, _) in enumerate(head.attachments):
                    shown = _table_name(name, kind)
                    if shown:
                        yield _File(entry, head, index, shown)

    def _matching(self, name: str) -> list[_File]:
        wanted = name[len(PREFIX) :].casefold()
        files = list(self._files())
        exact = [f for f in files if f.name.casefold() == wanted]
        if exact or not _is_glob(name):
            return exact
        pattern = re.compile(fnmatch.translate(wanted))
        return [f for f in files if pattern.fullmatch(f.name.casefold())]

    def _prefix(self, file: _File) -> tuple[str, dt.datetime | None, str | None]:
        return file.head.id, self._tables.local(file.head.date), file.head.sender

    def _keeps(self, file: _File, where: Sequence[Filter]) -> bool:
        values = dict(zip([c.name for c in _PREFIX_COLUMNS], self._prefix(file), strict=True))
        return all(keeps(values[f.column.casefold()], f) for f in where if f.column.casefold() in values)

    def _union(self, files: Sequence[_File]) -> _Union:
        key = _places(files)
        if key not in self._unions:
            self._unions[key] = self._read_union(files)
            while len(self._unions) > 32:
                self._unions.pop(next(iter(self._unions)))
        return self._unions[key]

    def _read_union(self, files: Sequence[_File]) -> _Union:
        read = [(file, sheet) for file in files if (sheet := self._sheet(file)) is not None]
        order: dict[str, str] = {}
        for _, sheet in read:
            for header in sheet.header:
                order.setdefault(header.casefold(), header)
        taken = {c.name.casefold() for c in _PREFIX_COLUMNS} | set(order)
        columns = []
        for folded, header in order.items():
            cells = _cells([s for _, s in read], folded)
            codec = infer(cells, name=header)
            shown, number = header, 2
            if folded in {c.name for c in _PREFIX_COLUMNS}:
                while f"{folded}_{number}" in taken:
                    number += 1
                shown = f"{header}_{number}"
                taken.add(shown.casefold())
            nullable = not cells or any(c is None or c == "" for c in cells)
            columns.append(Column(shown, codec.type, nullable=nullable, codec=codec))
        return _Union(tuple(read), tuple(columns), tuple(order))

    def _sheet(self, file: _File) -> Sheet | None:
        mail = self._mailbox.mail(file.entry)
        if mail is None:
            return None
        attachments = mail.attachments()
        if file.index >= len(attachments):
            return None
        try:
            return read_table_bytes(file.name, attachments[file.index].content)
        except DataError as error:
            sender = file.head.sender or "an unknown sender"
            raise DataError(
                f"the attachment {file.name} of the mail {file.head.subject!r} from {sender} "
                f"in {file.entry.folder}: {error.message}",
                mend=error.mend or "Move that mail to Trash, or name the attachments more narrowly.",
                where=Where(file=file.name),
            ) from error


def _places(files: Sequence[_File]) -> tuple[tuple[str | int, ...], ...]:
    return tuple((f.entry.folder, f.entry.uid, f.entry.stamp, f.index, f.name) for f in files)


def _is_glob(name: str) -> bool:
    return any(c in name for c in "*?[")


def _moment(head: Head) -> tuple[bool, str]:
    return (head.date is not None, head.date or "")


def _table_name(name: str, kind: str) -> str:
    """The name under which an attachment is a table; empty where it is none."""
    if is_table_file(name):
        return name
    return name + ".csv" if kind == "text/csv" and "." not in name else ""


def _cells(sheets: Sequence[Sheet], folded: str) -> list[Any]:
    cells: list[Any] = []
    for sheet in sheets:
        places = [header.casefold() for header in sheet.header]
        if folded in places:
            cells += sheet.cells(places.index(folded))
        else:
            cells += [None] * len(sheet.layout.lines)
    return cells


def _decoded(table: str, column: Column, sheets: Sequence[Sheet], folded: str) -> pa.Array:
    codec: Codec = column.codec or infer([], name=column.name)
    try:
        return codec.decode_column(_cells(sheets, folded))
    except ValueError as error:
        raise DataError(
            f"{table}, column {column.name}: {error}",
            mend="The mails have changed since the catalog was read: run again.",
            where=Where(file=table),
        ) from error
