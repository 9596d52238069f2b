"""Reading back whether changes have happened, through a connection that wrote nothing.

With `ledger_table` the key row decides. Without it: an update by its new or old values, a delete by the row,
an insert by its key or, without one, by how many equal rows there are against when it was prepared. Whatever
was altered by others in between is unknown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deskhand.contract import Item, Verdict

from deskhand_tools.database import connect
from deskhand_tools.database.connect import EFFECTS, quoted
from deskhand_tools.database.insert import count_equal, marks
from deskhand_tools.database.rows import from_json
from deskhand_tools.database.writes import condition

if TYPE_CHECKING:
    from deskhand_tools.database.tool import DatabaseTool


def verify(tool: DatabaseTool, items: Sequence[Item]) -> list[Verdict]:
    """One verdict per item. Raises UnavailableError where the file can't be read."""
    if tool.config.ledger_table:
        return connect.reading(tool.path, lambda connection: _by_ledger(connection, items))
    return connect.reading(tool.path, lambda connection: _by_reading(connection, items))


def _by_ledger(connection: sqlite3.Connection, items: Sequence[Item]) -> list[Verdict]:
    there = connection.execute("select 1 from sqlite_schema where type = 'table' and name = ?", (EFFECTS,)).fetchone()
    if there is None:
        return [Verdict.ABSENT] * len(items)
    sql = f"select 1 from {EFFECTS} where key = ?"
    found = [connection.execute(sql, (item.key,)).fetchone() for item in items]
    return [Verdict.CONFIRMED if row else Verdict.ABSENT for row in found]


def _by_reading(connection: sqlite3.Connection, items: Sequence[Item]) -> list[Verdict]:
    loose: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        if "copy" in item.change.data:
            loose.setdefault(str(item.change.data["table"]), []).append(from_json(item.change.data["new"]))
    counts = {table: count_equal(connection, table, rows) for table, rows in loose.items()}
    verdicts = []
    for item in items:
        data: Any = item.change.data
        if "copy" in data:
            count = counts[data["table"]][marks(from_json(data["new"]))]
            verdicts.append(_counted(count, data["equal"], data["copy"]))
        else:
            verdicts.append(_by_key(connection, data))
    return verdicts


def _counted(count: int, before: int, copy: int) -> Verdict:
    if count < before:
        return Verdict.UNKNOWN
    return Verdict.CONFIRMED if count >= before + copy else Verdict.ABSENT


def _by_key(connection: sqlite3.Connection, data: Any) -> Verdict:
    key, new, old = (from_json(data.get(part, {})) for part in ("key", "new", "old"))
    names = list(new or old)
    where, values = condition(key, key)
    columns = ", ".join(map(quoted, names)) or "1"
    rows = connection.execute(f"select {columns} from {quoted(data['table'])} where {where}", values).fetchall()
    if len(rows) > 1:
        return Verdict.UNKNOWN
    now = dict(zip(names, rows[0], strict=False)) if rows else None
    if data["mode"] == "delete":
        return Verdict.CONFIRMED if now is None else Verdict.ABSENT if now == old else Verdict.UNKNOWN
    if now is None:
        return Verdict.ABSENT if data["mode"] == "insert" else Verdict.UNKNOWN
    if now == new:
        return Verdict.CONFIRMED
    return Verdict.ABSENT if data["mode"] == "update" and now == old else Verdict.UNKNOWN
