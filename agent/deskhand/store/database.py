"""The SQLite file under the store: opening it safely, numbered migrations, transactions, and errors in our words.

Every write is one transaction that has reached the disk when it returns (WAL, `synchronous=FULL`). Several
processes may have the file open; writers wait for each other. This module refuses to open a file that a newer
version has written, to repair a damaged one, and to know what the tables mean.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from deskhand.errors import DataError, DeskhandError, UnavailableError
from deskhand.store.migrations import MIGRATIONS

BUSY_SECONDS: Final = 30.0
"""How long a writer waits for another process's transaction. Ours take milliseconds."""


def store_error(error: BaseException, name: str) -> DeskhandError:
    """An error of SQLite or of the file system as one of ours; `name` is the file that it is about."""
    text = str(error)
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    number = error.errno if isinstance(error, OSError) else None
    if primary == sqlite3.SQLITE_FULL or number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UnavailableError(
            f"the disk is full, so .deskhand/{name} can't be written",
            mend="make room, then go on with `agent runs resume`; what was recorded before is kept",
        )
    if primary == sqlite3.SQLITE_READONLY or number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return UnavailableError(
            f".deskhand/{name} can't be written: {text}",
            mend="the workspace's .deskhand folder must be writable by whoever runs the agent",
        )
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DataError(
            f".deskhand/{name} is damaged: {text}",
            mend="restore it from a backup; or move the .deskhand folder away to begin anew, after looking "
            "through what its unfinished runs were doing: they can't be resumed then",
        )
    if primary == sqlite3.SQLITE_IOERR:
        return UnavailableError(
            f"the disk failed or is full while .deskhand/{name} was written or read: {text}",
            mend="look after the disk (room, quota, health), then go on with `agent runs resume`",
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return UnavailableError(
            f".deskhand/{name} has been locked by another process for {BUSY_SECONDS:.0f} seconds",
            mend="see whether a program (a backup, a database browser) holds it open for writing",
        )
    if primary == sqlite3.SQLITE_CANTOPEN or isinstance(error, FileNotFoundError):
        return UnavailableError(
            f".deskhand/{name} can't be opened: {text}",
            mend="the workspace's .deskhand folder must exist, and be writable by whoever runs the agent",
        )
    return DataError(f".deskhand/{name} can't be used: {text}", mend="this is a fault in deskhand; report it")


class Database:
    """One open state file. May be shared by the threads of a process, which then take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise store_error(error, path.name) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._connection.close()
            raise store_error(error, path.name) from error
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        deadline = time.monotonic() + BUSY_SECONDS
        while self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            # Switching needs the file for itself and doesn't wait by the busy timeout.
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if self._version() != len(MIGRATIONS):
            self._migrate()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        """Bring the file up to date, in one transaction; another process may be doing the same."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            version = self._version()
            if version > len(MIGRATIONS):
                raise DataError(
                    f".deskhand/{self.path.name} was written by a newer deskhand (its version is {version}, "
                    f"this one knows {len(MIGRATIONS)})",
                    mend="install the newer deskhand in this environment too",
                )
            for migration in MIGRATIONS[version:]:
                for statement in migration:
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when the block ends and undone when it raises. Nested blocks join the outer.

        Raises UnavailableError (full, read-only, locked) and DataError (damaged).
        """
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield self._connection
                finally:
                    self._depth -= 1
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._depth = 1
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                finally:
                    self._depth = 0
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise store_error(error, self.path.name) from error

    def rows(self, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise store_error(error, self.path.name) from error

    def row(self, sql: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> sqlite3.Row | None:
        """The first row of a query, None where there is none."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with self._lock:
            self._connection.close()
