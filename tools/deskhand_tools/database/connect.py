"""Opening a SQLite file: for reading without leaving a trace, for writing without ever creating one.

Readers are `mode=ro`, deny every statement that isn't a read (ATTACH too, which `mode=ro` allows) and, where
the file is in WAL mode with no log beside it, `immutable`, so that not even a -shm file appears; since
another program may begin to write meanwhile, such a read is repeated in the ordinary way if the file changed.
SQLite's errors become deskhand's here and nowhere else. Nothing here retries or waits longer than SQLite's
own busy timeout.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from deskhand.errors import ApplicationError, DataError, DeskhandError, UnavailableError, WorkspaceError

BUSY_SECONDS = 5.0
EFFECTS = "_deskhand_effects"
"""The table of key rows, written where the connection says `ledger_table = true`."""

_SPACES = ",".join(str(code) for code in range(0x3001) if chr(code).isspace())
BLANK = f"(typeof({{0}}) = 'text' and trim({{0}}, char({_SPACES})) = '')"
"""A condition in SQL that a cell is a text of nothing but spaces, by whatever Python takes for a space."""

_HEADER = b"SQLite format 3\x00"
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION,
}
_PRAGMAS = {"table_list", "table_xinfo", "index_list", "index_info", "foreign_key_list", "query_only"}
_NEEDS_RECOVERY = {"SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY", "SQLITE_READONLY_CANTINIT"}

T = TypeVar("T")


def path_of(url: str, root: Path) -> Path:
    """The file that a connection's URL names. Raises WorkspaceError for other schemes and missing files."""
    scheme, found, rest = url.partition("://")
    if not found or scheme.split("+")[0] != "sqlite":
        raise WorkspaceError(
            f"the database URL {url.split('@')[-1]!r} isn't supported",
            mend="supported is sqlite:///file.db (relative to the workspace) or sqlite:////absolute/file.db",
        )
    name = rest[1:] if rest.startswith("/") else ""
    if not name or name == ":memory:" or "?" in name:
        raise WorkspaceError(
            f"the database URL {url!r} names no file", mend="write sqlite:///file.db, relative to the workspace"
        )
    path = (root / name).resolve()
    if not path.is_file():
        raise WorkspaceError(
            f"there is no database at {path}", mend=f"put the file there, or correct url = {url!r} in agent.toml"
        )
    with path.open("rb") as file:
        head = file.read(len(_HEADER))
    if head and head != _HEADER:
        raise WorkspaceError(
            f"{path} is no SQLite database (or an encrypted one)", mend="name an unencrypted SQLite file"
        )
    return path


def fingerprint(path: Path) -> str:
    """A text that changes with every write: sizes, times and the counters in the headers of file and log."""
    parts = []
    for file, head in ((path, 100), (path.with_name(path.name + "-wal"), 32)):
        try:
            state = file.stat()
            with file.open("rb") as stream:
                parts.append(f"{state.st_ino}-{state.st_size}-{state.st_mtime_ns}-{stream.read(head).hex()}")
        except OSError:
            parts.append("none")
    import hashlib

    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:24]


def translate(error: sqlite3.Error, path: Path) -> DeskhandError:
    """SQLite's error as ours: locked may pass, a lost or full disk needs a person, the rest is a fault."""
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ApplicationError(
            f"{path} is locked by another program", mend="close it there, or wait until it has finished"
        )
    if not path.exists():
        return UnavailableError(f"{path} has vanished", mend="put the file back and resume the run")
    if name.startswith("SQLITE_FULL"):
        return UnavailableError(f"the disk that holds {path} is full", mend="free some space and resume the run")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return UnavailableError(f"{path} is damaged or no SQLite database: {error}", mend="restore it from a backup")
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_NOLFS")):
        return UnavailableError(
            f"{path} can't be read or written: {error}",
            mend="check the disk, and that this account may write the file and its folder",
        )
    if "decode to UTF-8" in str(error):
        return DataError(f"{path} holds a text that isn't UTF-8: {error}", mend="correct that value in the database")
    return DataError(f"{path}: {error}", mend="check the database with another program")


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path))}?{mode}"


def _allow_reads(action: int, one: str | None, two: str | None, *_: str | None) -> int:
    if action in _READS and two != "load_extension":
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and one in _PRAGMAS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _quiet(path: Path) -> bool:
    """Whether the file is in WAL mode and nobody has it open: reading it immutably leaves no files behind."""
    with path.open("rb") as file:
        head = file.read(20)
    log = path.with_name(path.name + "-wal")
    return len(head) == 20 and head[18] == 2 and not log.exists()


def _open_reader(path: Path, *, immutable: bool) -> sqlite3.Connection:
    mode = "mode=ro&immutable=1" if immutable else "mode=ro"
    connection = sqlite3.connect(_uri(path, mode), uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("pragma query_only = on")
    connection.set_authorizer(_allow_reads)
    return connection


def reading(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """What `work` makes of a read-only connection, which is closed afterwards.

    A journal that a killed program left behind is rolled back first: without that nothing can be read.
    Raises UnavailableError, ApplicationError (locked) or DataError.
    """
    try:
        if _quiet(path):
            before = fingerprint(path)
            try:
                with closing(_open_reader(path, immutable=True)) as connection:
                    found = work(connection)
            except sqlite3.DatabaseError:
                if fingerprint(path) == before:
                    raise
            else:
                if fingerprint(path) == before:
                    return found
        with closing(_open_reader(path, immutable=False)) as connection:
            return work(connection)
    except OSError as error:
        raise UnavailableError(
            f"{path} can't be read: {error.strerror}", mend="put the file back and resume the run"
        ) from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", None) in _NEEDS_RECOVERY:
            return _recover_and_read(path, work)
        raise translate(error, path) from error


def _recover_and_read(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    try:
        with writing(path) as connection:
            connection.execute("select count(*) from sqlite_schema").fetchone()
        with closing(_open_reader(path, immutable=False)) as connection:
            return work(connection)
    except sqlite3.Error as error:
        raise translate(error, path) from error


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may write, never makes a file, checks foreign keys and is durable once committed."""
    try:
        connection = sqlite3.connect(_uri(path, "mode=rw"), uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    with closing(connection):
        try:
            connection.execute("pragma foreign_keys = on")
            connection.execute("pragma synchronous = full")
            yield connection
        except sqlite3.Error as error:
            raise translate(error, path) from error


def quoted(name: str) -> str:
    """A name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'
