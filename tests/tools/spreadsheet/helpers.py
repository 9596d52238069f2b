"""A spreadsheet tool over a temporary folder, and its acts as one call each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deskhand.contract import Call, Change, Item, ResultColumn, Rows, RowsUse, Value, Verdict
from deskhand_tools.spreadsheet import SpreadsheetConfig, SpreadsheetTool
from deskhand_tools.spreadsheet.fake import as_rows

from tests.tools.conformance import context


def open_tool(root: Path, **config: Any) -> SpreadsheetTool:
    return SpreadsheetTool(SpreadsheetConfig(folder="files", **config), context(root, "files", files=root / "files"))


class Office:
    """A workspace with a folder of files."""

    def __init__(self, root: Path, **config: Any) -> None:
        self.root = root
        self.files = root / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.tool = open_tool(root, **config)

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def names(self) -> list[str]:
        return [table.name for table in self.tool.tables()]

    def types(self, name: str) -> dict[str, str]:
        table = self.tool.table(name)
        assert table is not None, self.names()
        return {c.name: c.type for c in table.columns}

    def rows(self, name: str) -> list[dict[str, Any]]:
        table = self.tool.table(name)
        assert table is not None, self.names()
        found: list[dict[str, Any]] = self.tool.read(table, [c.name for c in table.columns]).to_pylist()
        return found

    def calls(
        self,
        operation: str,
        params: Mapping[str, Any],
        rows: Sequence[Mapping[str, Value]],
        columns: Sequence[ResultColumn] | None = None,
    ) -> list[Call]:
        kind = self.tool.operations[f"spreadsheet.{operation}"]
        made = kind.Params.model_validate(params)
        typed = tuple(columns) if columns is not None else as_rows(rows).columns
        if kind.rows_use is RowsUse.TABLE:
            return [Call(0, made, rows=Rows(typed, rows), columns=typed)]
        return [Call(at, made, row=row, columns=typed) for at, row in enumerate(rows)]

    def prepare(self, operation: str, *given: Any, **more: Any) -> tuple[list[Change], list[Item]]:
        calls = self.calls(operation, *given, **more)
        changes = self.tool.operation(f"spreadsheet.{operation}").prepare(calls)
        items = [
            Item(call, change, f"run/step/{call.ordinal}")
            for call, change in zip(calls, changes, strict=True)
            if change.state == "change"
        ]
        return changes, items

    def apply(self, operation: str, items: Sequence[Item]) -> list[Any]:
        return self.tool.operation(f"spreadsheet.{operation}").apply(items)

    def verify(self, operation: str, items: Sequence[Item]) -> list[Verdict]:
        return open_tool(self.root, **self.config).operation(f"spreadsheet.{operation}").verify(items)

    def do(self, operation: str, *given: Any, **more: Any) -> list[Change]:
        """Prepare, apply and confirm; every row that can be taken must be confirmed."""
        changes, items = self.prepare(operation, *given, **more)
        if items:
            receipts = self.apply(operation, items)
            assert not [r for r in receipts if isinstance(r, Exception)], receipts
            assert self.verify(operation, items) == [Verdict.CONFIRMED] * len(items)
        return changes

    def problems(
        self, operation: str, params: Mapping[str, Any], columns: Mapping[str, str] | None = None
    ) -> list[Any]:
        kind = self.tool.operations[f"spreadsheet.{operation}"]
        typed = None if columns is None else [ResultColumn(n, t) for n, t in columns.items()]
        return list(kind.check(kind.Params.model_validate(params), typed, self.tool.table))
