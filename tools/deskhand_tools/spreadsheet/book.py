"""Reading workbooks through calamine, and saying plainly what is wrong with a file that can't be read.

This module only reads; it refuses encrypted files, old .xls files that are named .xlsx, archives that would
unpack to more than two gigabytes, and sheets with cells so far apart that the room between them would fill the
memory (a sheet is read as a whole rectangle, and two stray cells are enough to end the process).
"""

from __future__ import annotations

import gc
import io
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from deskhand.errors import DataError, Where

from deskhand_tools.spreadsheet.grid import Cell

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LIMIT = 2 << 30
_ROOM = 100_000_000
"""Cells that a sheet's rectangle may have, empty ones too."""
_SCANNED = 16 << 20
"""Parts of a workbook up to this size are looked through for far cells; a larger one has as many cells itself."""
_WIDE = re.compile(rb"""\sr=["'][A-Z]{2,3}[0-9]|<(?:\w+:)?c(?:>|\s+(?!r=))""")
_LONG = re.compile(rb"""\sr=["'][A-Z]*[0-9]{4,}""")
_PLACE = re.compile(rb"""\sr=["']([A-Z]{0,3})([0-9]{1,7})["']""")
_ROW = re.compile(rb"<(?:\w+:)?row\b")
_CELL = re.compile(rb"<(?:\w+:)?c\b")


@dataclass(frozen=True)
class Book:
    """An open workbook. `sheets` are its worksheets in order; chart and macro sheets are no tables."""

    name: str
    sheets: tuple[str, ...]
    hidden: frozenset[str]
    _inner: Any

    def grid(self, sheet: str) -> list[list[Cell]]:
        """All cells from A1 on; empty ones are empty texts. Raises DataError where the sheet is damaged."""
        collecting = gc.isenabled()
        gc.disable()  # a hundred thousand new rows would be searched for cycles again and again
        try:
            rows: list[list[Cell]] = self._inner.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as error:  # calamine's panics derive from BaseException
            raise DataError(
                f"{self.name}: the sheet {sheet} can't be read ({_short(error)})",
                mend="Open the workbook and save it again.",
                where=Where(file=self.name),
            ) from error
        finally:
            if collecting:
                gc.enable()
        return rows


def open_book(content: bytes, name: str) -> Book:
    """Open a workbook's bytes. Raises DataError saying what the file is instead, and what to do."""
    found = diagnose(content)
    if found is not None:
        raise DataError(f"{name} {found[0]}", mend=found[1], where=Where(file=name))
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        inner = CalamineWorkbook.from_filelike(io.BytesIO(content))
        listed = [m for m in inner.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        raise DataError(
            f"{name} is a damaged workbook ({_short(error)})",
            mend="Open it and save it again, or restore it from a backup.",
            where=Where(file=name),
        ) from error
    hidden = frozenset(m.name for m in listed if m.visible != SheetVisibleEnum.Visible)
    return Book(name, tuple(m.name for m in listed), hidden, inner)


def diagnose(content: bytes) -> tuple[str, str] | None:
    """What is wrong with a workbook's bytes and what to do; None where they seem sound."""
    if not content:
        return "is empty (0 bytes)", "Save the workbook again, or delete the file."
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            return "is encrypted with a password", "Open it, save it without the password, and run again."
        return "is an old .xls workbook under another name", "Open it and save it as .xlsx."
    if not content.startswith(b"PK"):
        return "is not a workbook", "Check what the file is; a csv file must be named .csv."
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            size = sum(info.file_size for info in archive.infolist())
            far = size <= _LIMIT and any(_too_far(archive, info) for info in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "is cut off or damaged", "Copy it again from where it came, or restore it from a backup."
    if not any(n.lower() == "[content_types].xml" for n in names):
        return "is an archive but not a workbook", "Check what the file is."
    if not any(n.lower().startswith("xl/") for n in names):
        return "is a document of another program, not a workbook", "Check what the file is."
    if size > _LIMIT:
        return "would unpack to more than 2 GB", "Check where the file comes from."
    if far:
        return "has cells so far apart that they would fill the memory", "Delete the stray cells far from the table."
    return None


def _too_far(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Whether a part is a sheet whose rectangle of cells is too large."""
    if info.file_size > _SCANNED or not info.filename.lower().endswith(".xml"):
        return False
    text = archive.read(info)
    if _WIDE.search(text) is None or _LONG.search(text) is None:
        return False
    places = _PLACE.findall(text)
    rows = max((int(row) for _, row in places), default=0)
    named = max((_column(letters) for letters in {letters for letters, _ in places}), default=0)
    counted = max(len(_CELL.findall(row)) for row in _ROW.split(text))
    return rows * max(named, counted) > _ROOM


def _column(letters: bytes) -> int:
    """The number of a column by its letters: 1 for A, 0 for none."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__
