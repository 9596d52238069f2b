"""What mails enclose: files below the files' folder, and steps' rows as xlsx or csv.

This module refuses paths that leave the folder and names that aren't a workbook's or a csv file's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from deskhand.contract import Call, FilePath, Params, Rows, StepTable, Text
from deskhand.errors import BusinessError, Problem
from pydantic import BeforeValidator, Discriminator, Tag

from deskhand_tools.mail.compose import file_type
from deskhand_tools.mail.message import Attachment
from deskhand_tools.mail.office import Office, is_template
from deskhand_tools.mail.store import reaching
from deskhand_tools.spreadsheet.sheetio import write_table_bytes


class AttachedTable(Params):
    """A step's rows as an attached file; the name's ending says which kind (`.xlsx`, `.csv`)."""

    table: StepTable
    name: Text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | dict | AttachedTable) else value


def _kind(value: Any) -> str:
    return "rows" if isinstance(value, dict | AttachedTable) else "file"


One = Annotated[Annotated[FilePath, Tag("file")] | Annotated[AttachedTable, Tag("rows")], Discriminator(_kind)]
Attach = Annotated[tuple[One, ...], BeforeValidator(_as_list)]


class Files:
    """The files that mails of one act attach, each read once.

    Where it isn't `final`, files that are missing are noted instead of refused: an earlier act may make them.
    """

    def __init__(self, office: Office, *, final: bool) -> None:
        self._office = office
        self._final = final
        self._read: dict[str, Attachment] = {}
        self._tables: dict[tuple[int, str], tuple[Rows, Attachment]] = {}
        self.missing: list[str] = []

    def of(self, attach: Sequence[str | AttachedTable], call: Call) -> tuple[Attachment, ...]:
        """The attachments that a call asks for. Raises BusinessError."""
        self.missing = []
        found = []
        for one in attach:
            made = self._table(one, call) if isinstance(one, AttachedTable) else self._file(one)
            if made is not None:
                found.append(made)
        return tuple(found)

    def _file(self, text: str) -> Attachment | None:
        if text in self._read:
            return self._read[text]
        path = self._office.path(text)
        if path.is_dir():
            raise BusinessError(f"{text} is a folder", mend="Attach files, each by its path.")
        if not path.is_file():
            if not self._final:
                self.missing.append(path.name)
                return None
            raise BusinessError(
                f"the file {text} that is to be attached isn't there",
                mend="Write it in an earlier act, or mend its path (below the files' folder).",
            )
        with reaching(f"reading {text}"):
            content = path.read_bytes()
        return self._read.setdefault(text, Attachment(path.name, file_type(path.name), content))

    def _table(self, wanted: AttachedTable, call: Call) -> Attachment:
        rows = call.tables.get(wanted.table)
        if rows is None:
            raise BusinessError(f"there are no rows of {wanted.table!r} to attach")
        name = check_name(wanted.name)
        known = self._tables.get((id(rows), name))
        if known is None:
            content = write_table_bytes(rows, name, now=self._office.context.now)
            known = rows, Attachment(name, file_type(name), content)
            self._tables[(id(rows), name)] = known
        return known[1]


def check_name(name: str) -> str:
    """The name of an attached table. Raises BusinessError where it is none."""
    clean = name.strip()
    if not clean or "/" in clean or "\\" in clean or not clean.isprintable():
        raise BusinessError(f"{name!r} can't be the name of an attached file", mend="Name it like `list.xlsx`.")
    if not clean.lower().endswith((".xlsx", ".csv")):
        raise BusinessError(
            f"{clean} is neither an .xlsx nor a .csv file by its name", mend="Name it like `list.xlsx`."
        )
    return clean


def attach_problems(attach: Sequence[str | AttachedTable]) -> Iterator[Problem]:
    for index, one in enumerate(attach):
        if isinstance(one, AttachedTable) and not is_template(one.name):
            try:
                check_name(one.name)
            except BusinessError as error:
                yield Problem("bad-name", error.message, error.mend, ("attach", index, "name"))
