"""Applying changes: one transaction a batch, one savepoint a row, durable before it returns.

A row that a constraint or a trigger refuses, or that has changed since it was prepared, is a business error of
that row alone. What is written is read again inside the transaction, so that a value which a trigger alters
doesn't count as done. Constraints that SQLite checks only at the commit, and triggers that roll everything
back, make the batch start again with a transaction for each row.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deskhand.contract import Item, Receipt
from deskhand.errors import BusinessError
from deskhand.faults import fault

from deskhand_tools.database import connect
from deskhand_tools.database.connect import EFFECTS, quoted
from deskhand_tools.database.rows import from_json, to_json

if TYPE_CHECKING:
    from deskhand_tools.database.tool import DatabaseTool

_ROW_ERRORS = ("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_ERROR")


class _Rolled(Exception):
    """The whole transaction was rolled back because of one row."""


def apply(tool: DatabaseTool, items: Sequence[Item]) -> list[Receipt | BusinessError]:
    """Do these changes. Raises ApplicationError where nothing was done (locked), UnavailableError where the
    file is gone or the disk is full."""
    if not items:
        return []
    writer = _Writer(tool)
    try:
        return writer.batch(items)
    except _Rolled:
        return [writer.single(item) for item in items]


class _Writer:
    def __init__(self, tool: DatabaseTool) -> None:
        self.path = tool.path
        self.connection_name = tool.context.connection
        self.ledger_table = bool(tool.config.ledger_table)

    def batch(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        """All in one transaction. Raises _Rolled where one row undid the others."""
        with connect.writing(self.path) as connection:
            connection.execute("begin immediate")
            try:
                self._make_ledger(connection)
                results = [self._row(connection, item) for item in items]
                if not all(isinstance(result, BusinessError) for result in results):
                    fault("before-commit")
                    connection.execute("commit")  # else nothing is written, no empty ledger table either
                    fault("after-commit")
            except sqlite3.IntegrityError as error:
                raise _Rolled from error
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")
        return results

    def single(self, item: Item) -> Receipt | BusinessError:
        """One row in its own transaction."""
        with connect.writing(self.path) as connection:
            connection.execute("begin immediate")
            try:
                self._make_ledger(connection)
                result = self._row(connection, item)
                if not isinstance(result, BusinessError):
                    fault("before-commit")
                    connection.execute("commit")
                    fault("in-batch")
            except sqlite3.IntegrityError as error:
                return self._refused(item, error)
            except _Rolled as error:
                assert isinstance(error.__cause__, sqlite3.Error)
                return self._refused(item, error.__cause__)
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")
        return result

    def _make_ledger(self, connection: sqlite3.Connection) -> None:
        if self.ledger_table:
            connection.execute(f"create table if not exists {EFFECTS} (key text primary key, at text not null)")

    def _row(self, connection: sqlite3.Connection, item: Item) -> Receipt | BusinessError:
        if self.ledger_table:
            known = connection.execute(f"select at from {EFFECTS} where key = ?", (item.key,)).fetchone()
            if known:
                return {"table": item.change.data["table"], "done": known[0]}
        connection.execute("savepoint one_row")
        try:
            receipt = self._write(connection, item)
            if self.ledger_table:
                now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
                connection.execute(f"insert into {EFFECTS} values (?, ?)", (item.key, now))
        except BusinessError as error:
            self._undo(connection)
            return error
        except (sqlite3.Error, OverflowError) as error:
            name = getattr(error, "sqlite_errorname", None) or "SQLITE_ERROR"
            if not name.startswith(_ROW_ERRORS):
                raise
            if not connection.in_transaction:
                raise _Rolled from error
            self._undo(connection)
            return self._refused(item, error)
        connection.execute("release one_row")
        return receipt

    def _undo(self, connection: sqlite3.Connection) -> None:
        connection.execute("rollback to one_row")
        connection.execute("release one_row")

    def _refused(self, item: Item, error: Exception) -> BusinessError:
        place = f"{self.connection_name}.{item.change.data['table']}"
        text = str(error)
        if text.startswith("UNIQUE constraint failed: "):
            columns = ", ".join(part.rpartition(".")[2] for part in text.split(": ", 1)[1].split(", "))
            return BusinessError(f"{place} has another row with this {columns} already ({text})")
        if text.startswith("NOT NULL constraint failed: "):
            return BusinessError(f"{text.split(': ', 1)[1]} must not be empty ({text})")
        if text.startswith("FOREIGN KEY"):
            return BusinessError(f"{place} and the rows it refers to would no longer fit together ({text})")
        return BusinessError(f"{place} refused the row: {text}")

    def _write(self, connection: sqlite3.Connection, item: Item) -> Receipt:
        data = item.change.data
        table, key = str(data["table"]), from_json(data["key"])
        if data["mode"] == "insert":
            return self._insert(connection, table, from_json(data["new"]))
        old = from_json(data["old"])
        where, values = condition({**key, **old}, key)
        if data["mode"] == "delete":
            done = connection.execute(f"delete from {quoted(table)} where {where}", values)
            self._expect_one(connection, done.rowcount, table, key, old)
            return {"table": table, "key": to_json(key)}
        new = from_json(data["new"])
        sets = ", ".join(f"{quoted(name)} = ?" for name in new)
        done = connection.execute(f"update or abort {quoted(table)} set {sets} where {where}", [*new.values(), *values])
        self._expect_one(connection, done.rowcount, table, key, old)
        where, values = condition(key, key)
        self._expect_kept(connection, table, new, where, values)
        return {"table": table, "key": to_json(key)}

    def _insert(self, connection: sqlite3.Connection, table: str, new: Mapping[str, Any]) -> Receipt:
        names = ", ".join(map(quoted, new))
        marks = ", ".join("?" * len(new))
        values = f"({names}) values ({marks})" if new else "default values"
        connection.execute(f"insert or abort into {quoted(table)} {values}", list(new.values()))
        where, given = condition(new, new)
        found = connection.execute(f"select 1 from {quoted(table)} where {where or '1'} limit 1", given).fetchone()
        if found is None:
            raise BusinessError(f"{self.connection_name}.{table} keeps other values than were given (a trigger?)")
        return {"table": table, "values": to_json(new)}

    def _expect_one(
        self, connection: sqlite3.Connection, count: int, table: str, key: Mapping[str, Any], old: Mapping[str, Any]
    ) -> None:
        """Raise BusinessError unless exactly one row was written."""
        if count == 1:
            return
        place = f"{self.connection_name}.{table}"
        said = ", ".join(f"{name} {raw}" for name, raw in key.items())
        if count > 1:
            raise BusinessError(f"{count} rows of {place} have {said}")
        where, values = condition(key, key)
        names = ", ".join(map(quoted, old)) or "1"
        row = connection.execute(f"select {names} from {quoted(table)} where {where}", values).fetchone()
        if row is None:
            raise BusinessError(f"changed meanwhile: no row of {place} has {said} any more")
        changed = [
            f"{name} is {_said(now)}, was {_said(was)}"
            for (name, was), now in zip(old.items(), row, strict=False)
            if now != was
        ]
        if not changed:
            raise BusinessError(f"{place} kept the row with {said} as it was (a trigger?)")
        raise BusinessError(f"changed meanwhile: {', '.join(changed)} in the row of {place} with {said}")

    def _expect_kept(
        self, connection: sqlite3.Connection, table: str, new: Mapping[str, Any], where: str, values: Sequence[Any]
    ) -> None:
        """Raise BusinessError where the database holds something else than was written."""
        names = ", ".join(map(quoted, new))
        row = connection.execute(f"select {names} from {quoted(table)} where {where}", values).fetchone()
        for (name, raw), kept in zip(new.items(), row or (), strict=False):
            if kept != raw:
                place = f"{self.connection_name}.{table}.{name}"
                raise BusinessError(f"{place} keeps {_said(kept)} where {_said(raw)} was written (a trigger?)")
        if row is None:
            raise BusinessError(f"the row has left {self.connection_name}.{table} while it was written (a trigger?)")


def condition(exact: Mapping[str, Any], key: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """A WHERE that holds for exactly these stored values; `key` is named once more so that an index helps
    where the column's own collation isn't exact."""
    parts = [f"{quoted(name)} = ?" for name, raw in key.items() if raw is not None]
    values = [raw for raw in key.values() if raw is not None]
    parts += [f"{quoted(name)} collate binary is ?" for name in exact]
    return " and ".join(parts), values + list(exact.values())


def _said(raw: Any) -> str:
    return "empty" if raw is None else f"{len(raw)} bytes" if isinstance(raw, bytes) else repr(raw)
