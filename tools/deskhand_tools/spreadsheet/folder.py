"""The folder of a spreadsheet connection: its files, the tables in them, and what is remembered of both.

Parsed sheets are kept in memory by path, time and size; inferred columns on disk, in the connection's cache,
so that a folder of hundreds of files is listed quickly the second time. A file that can't be read is listed
with a note that says why, and never breaks the list of the others.

This module refuses to follow links out of the folder and to list hidden, lock and temporary files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deskhand.codec import Codec
from deskhand.contract import Column, Table
from deskhand.errors import BusinessError, DataError, UnavailableError, Where

from deskhand_tools.spreadsheet import lossy, names, sheetio
from deskhand_tools.spreadsheet.book import open_book
from deskhand_tools.spreadsheet.grid import lay_out
from deskhand_tools.spreadsheet.sheet import Sheet

_VERSION = 1
_MOST_CELLS = 4_000_000
MACROS = "a workbook with macros can only be read"


@dataclass(frozen=True)
class File:
    """A file of the folder. `name` is its path below the folder, with slashes."""

    name: str
    path: Path
    mtime_ns: int
    size: int

    @property
    def is_book(self) -> bool:
        return self.name.lower().endswith(names.WORKBOOKS)

    @property
    def stamp(self) -> tuple[str, int, int]:
        return (self.name, self.mtime_ns, self.size)


@dataclass(frozen=True)
class Place:
    """Where a table name leads: a file and, in a workbook, the sheet asked for (None: the first)."""

    file: File
    sheet: str | None


@dataclass(frozen=True)
class Loaded:
    """A table's file, read anew: its bytes, its sheet's own name (None in a csv file), its parsed table."""

    file: File
    content: bytes
    sheet: str | None
    table: Sheet


class Folder:
    """The files below `root`. `encoding` and `delimiter` are the connection's, for csv files."""

    def __init__(
        self,
        root: Path,
        cache: Path,
        encoding: str | None = None,
        delimiter: str | None = None,
        *,
        unmade: bool = False,
    ):
        self.root = root
        self._unmade = unmade  # it wasn't there to begin with, so that it isn't there now is no news
        self.encoding = encoding
        self.delimiter = delimiter
        self._cache_file = cache / "tables.json"
        self._parsed: OrderedDict[tuple[str, int, int, str | None], Sheet] = OrderedDict()
        self._known: dict[str, Any] | None = None

    # ------------------------------------------------------------ files

    def files(self) -> list[File]:
        """All files that may hold tables, sorted by name. Raises UnavailableError where the folder is gone."""
        found = list(self._walk(self.root, "", (self.root.resolve(),)))
        return sorted(found, key=lambda f: (f.name.casefold(), f.name))

    def _walk(self, folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[File]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError) as error:
            if folder != self.root or self._unmade:
                return
            raise UnavailableError(
                f"the folder {folder} isn't there any more",
                mend="Put the folder back or connect its drive, then resume the run.",
            ) from error
        except OSError as error:
            if folder != self.root:
                return  # a subfolder of somebody else doesn't hide the rest
            raise UnavailableError(
                f"the folder {folder} can't be read: {error.strerror}",
                mend="Give this user the right to read it.",
            ) from error
        for entry in entries:
            if entry.name.startswith((".", "~$")):
                continue
            name = prefix + entry.name
            path = Path(entry.path)
            with contextlib.suppress(OSError):  # gone between listing and looking
                if entry.is_symlink() and not path.resolve(strict=True).is_relative_to(above[0]):
                    continue
                if entry.is_dir():
                    real = path.resolve()
                    if real not in above:
                        yield from self._walk(path, name + "/", (*above, real))
                elif entry.name.lower().endswith(names.READABLE) and entry.is_file():
                    stat = entry.stat()
                    yield File(name, path, stat.st_mtime_ns, stat.st_size)

    def fingerprint(self) -> str:
        """A short text that changes with any file's name, size or time."""
        digest = hashlib.blake2b(repr((_VERSION, self.encoding, self.delimiter)).encode(), digest_size=16)
        for file in self.files():
            digest.update(repr(file.stamp).encode())
        return digest.hexdigest()

    # ------------------------------------------------------------ names

    def place(self, name: str) -> Place | None:
        """The file and sheet that a table name means; a file is looked for as long as possible.

        The sheet isn't looked up: that takes reading the file.
        """
        folded = name.casefold()
        best: Place | None = None
        for file in self.files():
            known = file.name.casefold()
            if known == folded:
                if file.name == name or best is None or best.sheet is not None:
                    best = Place(file, None)
                    if file.name == name:
                        break
            elif (
                file.is_book
                and folded.startswith(known + "/")
                and len(name) > len(known) + 1
                and (best is None or (best.sheet is not None and len(file.name) > len(best.file.name)))
            ):
                best = Place(file, name[len(known) + 1 :])
        return best

    def resolve(self, text: str) -> Place | None:
        """As `place`, for a name as an act writes it (see `names.spellings`)."""
        return next((found for name in names.spellings(text) if (found := self.place(name))), None)

    # ------------------------------------------------------------ reading

    def sheet(self, place: Place) -> Sheet:
        """The parsed table, from memory where the file is as it was.

        Raises DataError where the file can't be read as what its name says, UnavailableError where it's gone.
        """
        key = (*place.file.stamp, place.sheet.casefold() if place.sheet is not None else None)
        if key in self._parsed:
            self._parsed.move_to_end(key)
            return self._parsed[key]
        found = self._parse(place, read_bytes(place.file.path, place.file.name))
        self._keep(key, found)
        return found

    def load(self, place: Place) -> Loaded:
        """The file read anew, past everything remembered; for acts, which change or verify it."""
        content = read_bytes(place.file.path, place.file.name)
        if not place.file.is_book:
            return Loaded(place.file, content, None, self._parse(place, content))
        book = open_book(content, place.file.name)
        wanted = sheetio.find_sheet(book, place.sheet)
        rows = book.grid(wanted)
        return Loaded(place.file, content, wanted, Sheet(f"{place.file.name}/{wanted}", rows, lay_out(rows)))

    def _parse(self, place: Place, content: bytes) -> Sheet:
        return sheetio.read_table_bytes(
            place.file.name, content, sheet=place.sheet, encoding=self.encoding, delimiter=self.delimiter
        )

    def forget(self) -> None:
        """Let go of all parsed sheets."""
        self._parsed.clear()

    def _keep(self, key: tuple[str, int, int, str | None], sheet: Sheet) -> None:
        self._parsed[key] = sheet
        while len(self._parsed) > 1 and sum(map(_size, self._parsed.values())) > _MOST_CELLS:
            self._parsed.popitem(last=False)

    # ------------------------------------------------------------ the catalog

    def tables(self) -> list[Table]:
        """All tables: each file under its name, and each sheet of a workbook under file/sheet."""
        found: list[Table] = []
        files = self.files()
        for file in files:
            found.extend(self.tables_of(file))
        self._remember(files)
        return list(_named_apart(found))

    def tables_of(self, file: File) -> list[Table]:
        """The tables of one file, from the cache on disk where the file is as it was."""
        known = self._remembered().get(file.name)
        if known is not None and known["stamp"] == [file.mtime_ns, file.size]:
            with contextlib.suppress(KeyError, TypeError, ValueError):
                return [_table_from(data) for data in known["tables"]]
        tables = self._look(file)
        self._remembered()[file.name] = {
            "stamp": [file.mtime_ns, file.size],
            "tables": [_table_to(table) for table in tables],
        }
        return tables

    def _look(self, file: File) -> list[Table]:
        try:
            content = read_bytes(file.path, file.name)
            if not file.is_book:
                parsed = self._parse(Place(file, None), content)
                self._keep((*file.stamp, None), parsed)
                return [_table(file.name, parsed)]
            writable = not file.name.lower().endswith(".xlsm")
            book = open_book(content, file.name)
            missing = lossy.uncalculated(content)
            tables: list[Table] = []
            for index, title in enumerate(book.sheets):
                name = f"{file.name}/{title}"
                try:
                    rows = book.grid(title)
                except DataError as error:
                    tables.append(_unreadable(name, error))
                    continue
                layout = lay_out(rows)
                parsed = Sheet(name, rows, layout, note="" if layout.names else sheetio.EMPTY)
                notes = [
                    parsed.note,
                    "hidden" if title in book.hidden else "",
                    "" if writable else MACROS,
                    f"{missing[title]} formulas have no saved result and read as empty: open and save the workbook"
                    if title in missing
                    else "",
                ]
                table = _table(name, parsed, writable, "; ".join(filter(None, notes)))
                if index == 0:
                    self._keep((*file.stamp, None), parsed)
                    tables.append(Table(file.name, table.columns, rows=table.rows, writable=writable, note=table.note))
                tables.append(table)
            return tables or [Table(file.name, (), writable=False, note="the workbook has no worksheet")]
        except (DataError, UnavailableError) as error:
            return [_unreadable(file.name, error)]

    def _remembered(self) -> dict[str, Any]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                data = json.loads(self._cache_file.read_bytes())
                if data["version"] == [_VERSION, self.encoding, self.delimiter]:
                    self._known = dict(data["files"])
        return self._known

    def _remember(self, files: list[File]) -> None:
        """Write what is known of these files; a cache that can't be written is only slower."""
        known = self._remembered()
        kept = {file.name: known[file.name] for file in files if file.name in known}
        text = json.dumps({"version": [_VERSION, self.encoding, self.delimiter], "files": kept})
        with contextlib.suppress(OSError):
            if self._cache_file.exists() and self._cache_file.read_text() == text:
                return
            self._cache_file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._cache_file.with_name(f"tables-{os.getpid()}.tmp")
            temporary.write_text(text)
            temporary.replace(self._cache_file)


def read_bytes(path: Path, name: str) -> bytes:
    """A file's bytes. Raises UnavailableError where it is gone or can't be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnavailableError(f"{name} is gone", mend="Put the file back, or change the plan.") from error
    except OSError as error:
        raise UnavailableError(
            f"{name} can't be read: {error.strerror}", mend="Give this user the right to read it."
        ) from error


def existing(folder: Folder, text: str) -> File | None:
    """The existing file at a path that an act names; None where there is none yet.

    Raises BusinessError where the path isn't sound or leaves the folder.
    """
    path = names.inside(folder.root, text)
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if path.is_dir():
        raise BusinessError(f"{text} is a folder", mend="Choose another file name.")
    return File(path.relative_to(folder.root).as_posix(), path, stat.st_mtime_ns, stat.st_size)


def _named_apart(tables: list[Table]) -> Iterator[Table]:
    """The tables without those whose names differ from an earlier one's only in case; that one says so."""
    names_of: dict[str, list[Table]] = {}
    for table in tables:
        names_of.setdefault(table.name.casefold(), []).append(table)
    for first, *others in names_of.values():
        hides = ", ".join(table.name for table in others)
        note = "; ".join(filter(None, [first.note, f"hides {hides}, which differs only in case" if others else ""]))
        yield replace(first, note=note)


def _size(sheet: Sheet) -> int:
    return len(sheet.rows) * max(1, len(sheet.header))


def _table(name: str, sheet: Sheet, writable: bool = True, note: str | None = None) -> Table:
    return Table(
        name,
        sheet.columns(),
        rows=len(sheet.layout.lines),
        writable=writable,
        note=sheet.note if note is None else note,
    )


def _unreadable(name: str, error: DataError | UnavailableError) -> Table:
    return Table(name, (), writable=False, note=error.message)


def unreadable(table: Table) -> DataError:
    """The error for reading a table without columns."""
    return DataError(
        f"{table.name} can't be read as a table: {table.note or 'it has no columns'}",
        mend="Mend the file, or take it out of the folder.",
        where=Where(file=table.name),
    )


def _table_to(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "rows": table.rows,
        "writable": table.writable,
        "note": table.note,
        "columns": [
            [c.name, c.type, c.nullable, c.codec.to_json() if c.codec else None, list(c.samples)] for c in table.columns
        ],
    }


def _table_from(data: dict[str, Any]) -> Table:
    columns = tuple(
        Column(name, type, nullable, codec=Codec.from_json(codec) if codec else None, samples=tuple(samples))
        for name, type, nullable, codec, samples in data["columns"]
    )
    return Table(data["name"], columns, rows=data["rows"], writable=data["writable"], note=data["note"])
