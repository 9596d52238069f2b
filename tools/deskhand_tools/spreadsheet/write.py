"""`spreadsheet.write`: a file, or one sheet of a workbook, made of a whole table.

Without `sheet` the file is replaced as a whole; with it only that sheet is, and the others stay. The same
content there already is no change. What was there when the act was prepared is the condition: content that
somebody else has put there since is not overwritten.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

from deskhand.codec import to_text
from deskhand.contract import (
    Call,
    Change,
    Column,
    Effect,
    FilePath,
    Item,
    Json,
    Params,
    Receipt,
    ResultColumn,
    Rows,
    RowsUse,
    Table,
    Tables,
    Text,
    Verdict,
)
from deskhand.errors import BusinessError, DataError, Problem

from deskhand_tools.spreadsheet import lossy, names, output
from deskhand_tools.spreadsheet.acts import OPEN, SheetOperation, is_template, literal
from deskhand_tools.spreadsheet.book import open_book
from deskhand_tools.spreadsheet.cells import digest
from deskhand_tools.spreadsheet.csvtext import read_csv
from deskhand_tools.spreadsheet.edit import MEND, BookEdit, book_refusal
from deskhand_tools.spreadsheet.folder import File, existing, read_bytes
from deskhand_tools.spreadsheet.save import lock_of, save_bytes

_SHOWN = 50


class WriteParams(Params):
    """file: an .xlsx or .csv file below the files' folder, which is made where missing. sheet: the one sheet
    to replace. if_exists: what to do where the file (or the sheet) is there already."""

    file: FilePath
    sheet: Text = ""
    if_exists: Literal["replace", "fail"] = "replace"


class Write(SheetOperation):
    """Write a table to a file."""

    name = "spreadsheet.write"
    summary = "Write rows to an xlsx or csv file"
    Params: ClassVar[type[Params]] = WriteParams
    effect = Effect.WRITE
    rows_use = RowsUse.TABLE

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        """File names that leave the folder or end in neither .xlsx nor .csv, impossible sheet names."""
        text = literal(params.file)
        open_end = is_template(params.file) and params.file.rstrip().endswith("}")
        found = names.path_problem(text) if open_end else names.output_problem(text)
        if found is not None:
            shown = (found[0].replace(text, params.file), found[1])
            yield names.problem("bad-file", shown, "file")
        if "sheet" in params.model_fields_set:
            bad = None if is_template(params.sheet) else names.sheet_problem(params.sheet)
            if bad is not None:
                yield names.problem("bad-sheet", bad, "sheet")
            if text.lower().endswith(".csv"):
                yield Problem(
                    "bad-sheet", "a csv file has no sheets", "Write an .xlsx file, or leave `sheet` out.", ("sheet",)
                )
        if columns is not None and not columns:
            yield Problem("no-columns", "the rows have no columns to write", "Select some.", ("rows",))

    @classmethod
    def produces(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Sequence[tuple[str, Table]]:
        """The file's table and its sheet's; beside a named sheet, the file's first one is left open."""
        made = tuple(Column(c.name, _kept_type(c.type)) for c in columns or ())
        opened = not columns
        if not params.file.lower().endswith(".xlsx"):
            return [("spreadsheet", Table(params.file, made, open=opened))]
        sheet = params.sheet or output.FIRST_SHEET
        first = Table(params.file, made, open=opened)
        if params.sheet:
            first = Table(params.file, (), open=True)
        return [
            ("spreadsheet", first),
            ("spreadsheet", Table(f"{params.file}/{sheet}", made, open=opened)),
        ]

    # ------------------------------------------------------------ looking

    def prepare(self, calls: Sequence[Call]) -> list[Change]:
        changes = []
        seen: set[tuple[str, str]] = set()
        for call in calls:
            params: WriteParams = call.params  # type: ignore[assignment]
            target = (params.file.casefold(), params.sheet.casefold())
            try:
                if target in seen:
                    raise BusinessError(
                        f"{_name(params)} is written twice by this act",
                        mend="Put what tells the groups apart into the name of the file or sheet.",
                    )
                changes.append(self._prepare(call, params))
                seen.add(target)
            except (BusinessError, DataError) as error:
                changes.append(Change.exception(str(error).replace("\n  ", ". "), _name(params)))
        return changes

    def _prepare(self, call: Call, params: WriteParams) -> Change:
        for found in (names.output_problem(params.file), self._sheet_problem(params)):
            if found is not None:
                raise BusinessError(found[0], mend=found[1])
        table = output.matrix(_rows(call))
        if not table.columns:
            raise BusinessError("there are no columns to write", mend="Select some.")
        is_csv = params.file.lower().endswith(".csv")
        if is_csv:
            self._csv(table, params.file)
        else:
            output.check_size(table, params.file)
        there = existing(self.folder, params.file)
        name = there.name if there is not None else params.file
        now = self._now(name, params.sheet)
        if params.if_exists == "fail" and now.exists:
            raise BusinessError(f"{_name(params)} exists already", mend="Choose another name, or `if_exists: replace`.")
        wanted = digest(self._grid(table, is_csv))
        about = f"{_name(params)} ({_count(len(table.rows))})"
        if now.digest == wanted:
            return Change("unchanged", about=about)
        if there is not None and params.sheet:
            reason = book_refusal(read_bytes(there.path, name), name, params.sheet)
            if reason is not None:
                raise BusinessError(reason, mend=MEND)
        preview: dict[str, Json] = {
            "file": name,
            **({"sheet": params.sheet} if params.sheet else {}),
            "columns": [c.name for c in table.columns],
            "rows": [_shown(table, row) for row in table.rows[:_SHOWN]],
        }
        if len(table.rows) > _SHOWN:
            preview["more"] = f"and {len(table.rows) - _SHOWN} more rows"
        if now.exists:
            preview["replaces"] = now.note + self._lost_with_it(there, params)
        if there is not None and lock_of(there.path) is not None:
            preview["note"] = f"{name} {OPEN}"
        return Change(
            "change",
            about=about,
            before={"rows": None if now.rows is None else str(now.rows)},
            after={"rows": str(len(table.rows))},
            preview=preview,
            data={"file": name, "sheet": params.sheet or None, "was": now.digest, "digest": wanted},
        )

    def _lost_with_it(self, there: File | None, params: WriteParams) -> str:
        if there is None or params.sheet or not there.is_book:
            return ""
        try:
            lost = lossy.refusal(read_bytes(there.path, there.name))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return ""  # a broken file: there is nothing left to lose
        return f"; with it goes {lost}" if lost else ""

    @staticmethod
    def _sheet_problem(params: WriteParams) -> tuple[str, str] | None:
        if "sheet" not in params.model_fields_set:
            return None
        if params.file.lower().endswith(".csv"):
            return "a csv file has no sheets", "Write an .xlsx file, or leave `sheet` out."
        return names.sheet_problem(params.sheet)

    def _now(self, name: str, sheet: str) -> _There:
        """What stands in the file, or the sheet, at present."""
        file = existing(self.folder, name)
        if file is None:
            return _There(None, False, None, "")
        content = read_bytes(file.path, file.name)
        try:
            if not file.is_book:
                rows: Any = read_csv(content, file.name, self.folder.encoding, self.folder.delimiter).rows
                return _There(digest(rows), True, max(0, len(rows) - 1), _count(max(0, len(rows) - 1)))
            book = open_book(content, file.name)
            if sheet:
                title = next((t for t in book.sheets if t.casefold() == sheet.casefold()), None)
                if title is None:
                    return _There(None, False, None, "")
                rows = book.grid(title)
                return _There(digest(rows), True, max(0, len(rows) - 1), f"the sheet {title}")
            grids = [book.grid(title) for title in book.sheets]
            found = digest(grids[0]) if len(grids) == 1 else "+".join(map(digest, grids))
            note = f"a workbook with {len(grids)} sheet{'s' * (len(grids) != 1)}: {', '.join(book.sheets)}"
            return _There(found, True, max(0, len(grids[0]) - 1) if len(grids) == 1 else None, note)
        except DataError as error:
            if sheet:
                raise
            import hashlib

            return _There("bytes " + hashlib.sha256(content).hexdigest(), True, None, error.message)

    def _grid(self, table: output.Matrix, is_csv: bool) -> Iterable[Sequence[Any]]:
        yield table.header
        for row in table.rows:
            yield [to_text(v, "") for v in row] if is_csv else [output.cell(v) for v in row]

    def _csv(self, table: output.Matrix, name: str) -> bytes:
        encoding, delimiter = self.folder.encoding or "utf-8", self.folder.delimiter or ","
        return output.csv_bytes(table, name, encoding=encoding, delimiter=delimiter)

    # ------------------------------------------------------------ doing

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        found: dict[int, Receipt | BusinessError] = {}
        files: dict[str, list[int]] = {}
        for at, item in enumerate(items):
            files.setdefault(str(item.change.data["file"]).casefold(), []).append(at)
        for places in files.values():
            try:
                found.update(self._apply(items, places))
            except BusinessError as error:
                found.update({at: error for at in places if at not in found})
        return [found[at] for at in range(len(items))]

    def _apply(self, items: Sequence[Item], places: Sequence[int]) -> dict[int, Receipt | BusinessError]:
        answers: dict[int, Receipt | BusinessError] = {}
        todo: list[tuple[str, output.Matrix]] = []
        name = str(items[places[0]].change.data["file"])
        for at in places:
            item = items[at]
            data = item.change.data
            sheet = str(data["sheet"] or "")
            table = output.matrix(_rows(item.call))
            now = self._now(name, sheet)
            if now.digest not in (data["was"], data["digest"]):
                answers[at] = BusinessError(
                    f"{name} has been changed by somebody else since the act was prepared",
                    mend="Look at the file, and run again.",
                )
                continue
            if now.digest != data["digest"]:
                todo.append((sheet, table))
            answers[at] = {"file": name, "sheet": sheet or None, "rows": len(table.rows)}
        if todo:
            self._save(name, todo)
        return answers

    def _save(self, name: str, sheets: Sequence[tuple[str, output.Matrix]]) -> None:
        path = names.inside(self.folder.root, name)
        if name.lower().endswith(".csv"):
            content = self._csv(sheets[0][1], name)
        elif path.exists() and sheets[0][0]:
            book = BookEdit(read_bytes(path, name), name, None, replaced=sheets[0][0])
            for title, table in sheets:
                book.replace(title, table)
            content = book.content()
        else:
            titled = [(title or output.FIRST_SHEET, table) for title, table in sheets]
            content = output.xlsx_bytes(titled, self.context.now)
        save_bytes(path, content, name)

    # ------------------------------------------------------------ reading back

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        verdicts = []
        for item in items:
            data = item.change.data
            try:
                now = self._now(str(data["file"]), str(data["sheet"] or ""))
            except (BusinessError, DataError):
                verdicts.append(Verdict.UNKNOWN)
                continue
            if now.digest == data["digest"]:
                verdicts.append(Verdict.CONFIRMED)
            else:
                verdicts.append(Verdict.ABSENT if now.digest == data["was"] else Verdict.UNKNOWN)
        return verdicts


class _There:
    """What stands at a place: its digest (None for nothing), and what a person is told of it."""

    def __init__(self, digest: str | None, exists: bool, rows: int | None, note: str) -> None:
        self.digest = digest
        self.exists = exists
        self.rows = rows
        self.note = note


def _rows(call: Call) -> Rows:
    if call.rows is not None:
        return call.rows
    return Rows(call.columns, [call.row] if call.row is not None else [])


def _name(params: WriteParams) -> str:
    return f"{params.file}/{params.sheet}" if params.sheet else params.file


def _count(rows: int) -> str:
    return f"{rows} row{'s' * (rows != 1)}"


def _shown(table: output.Matrix, row: Sequence[Any]) -> list[Json]:
    return [None if value is None else to_text(value, "") for value in row]


def _kept_type(type: str) -> str:
    """The type that a written column is read back with."""
    scale = output.scale_of(type)
    if scale is not None and scale <= 6:
        return f"DECIMAL(18,{scale})" if scale else "BIGINT"
    return type
