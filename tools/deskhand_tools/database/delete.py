"""`database.delete`: rows give the key; the row as it was when the rows were made is the write's condition."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from deskhand.contract import Call, Change, ColumnNames, Effect, Json, Params, ResultColumn, TableName, Tables
from deskhand.errors import BusinessError, Problem

from deskhand_tools.database import check, connect
from deskhand_tools.database.lookup import find
from deskhand_tools.database.rows import DatabaseOperation, Target, said, short, to_json
from deskhand_tools.database.update import keys_of, one_row, shown_old


class DeleteParams(Params):
    """table: where. key: the columns that find a row (default: the primary key)."""

    table: TableName
    key: ColumnNames = ()


class Delete(DatabaseOperation):
    """Removes rows; a key that isn't there, or is there twice, is an exception.

    Bytes are no part of the condition: they would have to be copied into the ledger.
    """

    name: ClassVar[str] = "database.delete"
    summary: ClassVar[str] = "Delete rows found by their key"
    Params: ClassVar[type[Params]] = DeleteParams
    effect: ClassVar[Effect] = Effect.IRREVERSIBLE

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        table, problems = check.find_table(tables, params.table)
        yield from problems
        if table is None or table.open or columns is None:
            return
        yield from check.find_key(table, params.key, columns)[1]

    def _prepare(self, calls: Sequence[Call], target: Target) -> list[Change]:
        params = calls[0].params
        assert isinstance(params, DeleteParams)
        key = [target.column(name) for name in params.key or target.table.key]
        names = {column.name for column in key}
        rest = [c for c in target.table.columns if c.name not in names]
        keys = list(keys_of(calls, key))

        def work(connection: sqlite3.Connection) -> list[Change]:
            rows = find(connection, target, key, [k for k in keys if isinstance(k, tuple)], rest)
            changes = []
            for found in keys:
                if isinstance(found, BusinessError):
                    changes.append(Change.exception(found.message, target.table.name))
                    continue
                about = f"{target.table.name} {short(key, found)}"
                try:
                    if found not in rows:
                        raise BusinessError(f"no row of {target.place} has {said(key, found)}")
                    raws = one_row(target, key, found, rows[found])
                except BusinessError as error:
                    changes.append(Change.exception(error.message, about))
                    continue
                columns = [*key, *rest]
                kept = {c.name: raw for c, raw in zip(columns, raws, strict=True) if not isinstance(raw, bytes)}
                data: dict[str, Json] = {
                    "mode": "delete",
                    "table": target.table.name,
                    "key": to_json(dict(zip((c.name for c in key), raws, strict=False))),
                    "old": to_json({name: raw for name, raw in kept.items() if name not in names}),
                }
                before = {c.name: shown_old(c, raw) for c, raw in zip(columns, raws, strict=True)}
                changes.append(Change("change", about=about, before=before, data=data))
            return changes

        return connect.reading(self.tool.path, work)
