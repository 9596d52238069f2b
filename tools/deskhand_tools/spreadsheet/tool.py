"""The spreadsheet tool: a folder of workbooks and csv files as tables, and the acts on them.

Tables: `budget.xlsx` (the first sheet), `budget.xlsx/2026` (a named one), `archive/bank.csv` (in a subfolder).
See `grid` for how headers are found, `folder` for what is listed. This module refuses to run queries: it reads
whole columns and leaves filters to the caller.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from deskhand.contract import Filter, Json, Operation, Table, Tool, ToolContext
from deskhand.errors import DataError, UsageError, WorkspaceError
from pydantic import BaseModel, ConfigDict, Field, field_validator

from deskhand_tools.spreadsheet import names
from deskhand_tools.spreadsheet.acts import SheetOperation
from deskhand_tools.spreadsheet.append import Append
from deskhand_tools.spreadsheet.folder import Folder, unreadable
from deskhand_tools.spreadsheet.keyed import DeleteRows, Update
from deskhand_tools.spreadsheet.write import Write

if TYPE_CHECKING:
    import pyarrow as pa


class SpreadsheetConfig(BaseModel):
    """`[connections.files]` in agent.toml.

    folder: relative to the workspace. encoding: of csv files that are neither marked nor UTF-8, and of new
    ones. delimiter: one character, where guessing isn't wanted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str = "spreadsheet"
    folder: str = Field(min_length=1)
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                codecs.lookup(value)
            except LookupError as error:
                raise ValueError(f"there is no encoding {value!r}; try cp1252 or utf-8") from error
        return value

    @field_validator("delimiter")
    @classmethod
    def _sound_delimiter(cls, value: str | None) -> str | None:
        if value is not None and (value in '"\r\n ' or value.isalnum()):
            raise ValueError(f"{value!r} can't part cells; use one of , ; | or a tab")
        return value


class SpreadsheetTool(Tool):
    """A folder of workbooks and csv files. Raises WorkspaceError where it must be there and isn't."""

    name = "spreadsheet"
    Config = SpreadsheetConfig
    operations: ClassVar[Mapping[str, type[Operation]]] = {
        kind.name: kind for kind in (Write, Append, Update, DeleteRows)
    }

    @classmethod
    def fake(cls, root: Path, connection: str, **content: Any) -> Mapping[str, Json]:
        """A folder of the connection's name. `workbooks`: sheets of rows by file; `csv`: rows by file.

        fake(root, "files", workbooks={"budget.xlsx": {"2026": [{"Dept": "IT"}]}}, csv={"rates.csv": [{"rate": 1}]})
        """
        from deskhand_tools.spreadsheet.fake import make_csv, make_workbook

        if unknown := sorted(set(content) - {"workbooks", "csv"}):
            raise UsageError(f"a fake folder has no {unknown[0]!r}", mend="It takes `workbooks` and `csv`.")
        (root / connection).mkdir(parents=True, exist_ok=True)
        for name, sheets in content.get("workbooks", {}).items():
            make_workbook(root / connection / name, sheets)
        for name, rows in content.get("csv", {}).items():
            make_csv(root / connection / name, rows)
        return {"folder": connection}

    def __init__(self, config: Any, context: ToolContext) -> None:
        super().__init__(config, context)
        root = context.root / PurePosixPath(config.folder)
        # Inside the workspace a missing folder is ours to make, by the first write. Elsewhere it may be a drive
        # that isn't connected: making it would put the files where nobody looks for them.
        unmade = not root.exists() and root.resolve().is_relative_to(context.root.resolve())
        if not root.is_dir() and not unmade:
            found = "that is a file" if root.exists() else "there is no such folder"
            raise WorkspaceError(
                f"the connection {context.connection} points to the folder {root}, and {found}",
                mend=f"Make the folder, or correct `folder` of [connections.{context.connection}] in agent.toml.",
            )
        self.folder = Folder(root, context.cache, config.encoding, config.delimiter, unmade=unmade)

    def fingerprint(self) -> str:
        """A digest of all files' names, sizes and times."""
        return self.folder.fingerprint()

    def tables(self) -> list[Table]:
        """All tables; a file that can't be read is one without columns whose note says why."""
        return self.folder.tables()

    def table(self, name: str) -> Table | None:
        """The table of that name, ignoring case; reads no other file."""
        place = self.folder.place(name)
        if place is None:
            return None
        found = self.folder.tables_of(place.file)
        wanted = place.file.name if place.sheet is None else f"{place.file.name}/{place.sheet}"
        exact = next((t for t in found if t.name == wanted), None)
        return exact or next((t for t in found if t.name.casefold() == wanted.casefold()), None)

    def read(self, table: Table, columns: Sequence[str], where: Sequence[Filter] = ()) -> pa.Table:
        """These columns (all, where none is named) in stored order; `where` isn't used.

        Raises DataError where the file can't be read, is gone, or no longer fits the table's types.
        """
        place = self.folder.place(table.name)
        if place is None:
            raise DataError(
                f"there is no file {table.name} any more",
                mend=names.did_you_mean(table.name, [f.name for f in self.folder.files()]),
            )
        sheet = self.folder.sheet(place)
        if not sheet.header:
            raise unreadable(Table(table.name, (), note=sheet.note))
        known = table.columns or sheet.columns()
        by_name = {c.name.casefold(): c for c in known}
        missing = [name for name in columns if name.casefold() not in by_name]
        if missing:
            raise DataError(
                f"{table.name} has no column {missing[0]}",
                mend=names.did_you_mean(missing[0], [c.name for c in known]),
            )
        return sheet.to_arrow([by_name[n.casefold()] for n in columns] if columns else known)

    def close(self) -> None:
        """Forget what was read."""
        self.folder.forget()

    def _make(self, kind: type[Operation]) -> Operation:
        assert issubclass(kind, SheetOperation)
        return kind(self.folder, self.context)
