"""The DuckDB that types and runs queries: locked down, in memory, one per memory limit.

It can't reach files, the network, extensions or Python's variables, and its configuration can't be changed
after it has started. This module refuses to know anything of queries: it describes and evaluates text that
the rest of the package made.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

MEMORY_LIMIT = "4GB"

_FLOOR = 5_000_000_000
_BUSINESS_DAYS = f"""
create macro add_business_days(d, n) as
    case
        when n = 0 then cast(d as date)
        when n > 0 then
            cast(d as date) - cast(greatest(isodow(d) - 5, 0) + least(isodow(d), 5) - 1 as integer)
            + cast(((least(isodow(d), 5) - 1 + n) // 5) * 7 + (least(isodow(d), 5) - 1 + n) % 5 as integer)
        else
            cast(d as date)
            + cast(case when isodow(d) > 5 then 8 - isodow(d) else 1 - isodow(d) end as integer)
            + cast(
                (((case when isodow(d) > 5 then 0 else isodow(d) - 1 end) + n + {_FLOOR}) // 5 - {_FLOOR // 5}) * 7
                + ((case when isodow(d) > 5 then 0 else isodow(d) - 1 end) + n + {_FLOOR}) % 5
              as integer)
    end
"""
"""Days from Monday to Friday. From a weekend, one day on is Monday and one day back is Friday."""

_lock = threading.Lock()
_databases: dict[str, Any] = {}


def connect(memory_limit: str = MEMORY_LIMIT) -> Any:
    """A session of its own (its own registered tables, its own interrupt) on the locked-down database."""
    import duckdb

    with _lock:
        database = _databases.get(memory_limit)
        if database is None:
            database = duckdb.connect(
                ":memory:",
                config={
                    "enable_external_access": "false",
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "allow_community_extensions": "false",
                    "python_enable_replacements": "false",
                    "memory_limit": memory_limit,
                    "temp_directory": "",
                    # One thread: the same data must come in the same order every time, ties and groups too.
                    "threads": "1",
                    "preserve_insertion_order": "true",
                },
            )
            for statement in (
                "set global TimeZone = 'UTC'",
                "set disabled_filesystems = 'LocalFileSystem'",
                _BUSINESS_DAYS,
                "set lock_configuration = true",
            ):
                database.execute(statement)
            _databases[memory_limit] = database
        return database.cursor()


class _Describer:
    """One session kept for typing; calls take turns."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._session: Any = None

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        with self._turn:
            if self._session is None:
                self._session = connect()
            result: list[tuple[Any, ...]] = self._session.execute(text).fetchall()
            return result


_describer = _Describer()


@functools.lru_cache(maxsize=8192)
def describe(text: str) -> tuple[tuple[str, str], ...] | str:
    """Names and types of a query's columns; DuckDB's own complaint where it can't be typed."""
    import duckdb

    try:
        rows = _describer.rows("DESCRIBE " + text)
    except duckdb.Error as error:
        return str(error)
    return tuple((row[0], row[1]) for row in rows)


def constants(expressions: Sequence[str]) -> tuple[Any, ...] | None:
    """The values of expressions without columns, as Python values; None where any of them fails."""
    import duckdb

    try:
        return _describer.rows("SELECT " + ", ".join(expressions))[0]
    except duckdb.Error:
        return None
