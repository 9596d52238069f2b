"""Whether a function may be called: DuckDB's pure ones and the business dates, nothing else.

The list is `allowed.py`. This module refuses everything that reads files, settings, catalogs, clocks or
chance, and says what to use instead where there is something.
"""

from __future__ import annotations

from sqlglot import exp

from deskhand.errors import Problem
from deskhand.sql.allowed import FUNCTIONS, TABLE_FUNCTIONS
from deskhand.sql.dates import ARGUMENTS
from deskhand.sql.names import nearest

_FILES = "a query reads only the catalog's tables; a file in the files' folder is a table: files.\"name.csv\""
_CLOCK = "use current_date, current_timestamp or the business dates: they mean the run's logical time"
_CHANCE = "a query must give the same rows every time"
_NO_SETTINGS = "a query knows no settings, users or catalogs"
_REASONS = {
    "random": _CHANCE, "setseed": _CHANCE, "uuid": _CHANCE, "uuidv4": _CHANCE, "uuidv7": _CHANCE,
    "gen_random_uuid": _CHANCE, "reservoir_quantile": _CHANCE, "nextval": "a query changes nothing",
    "currval": _NO_SETTINGS, "setval": "a query changes nothing", "getenv": _NO_SETTINGS,
    "get_current_time": _CLOCK, "get_current_timestamp": _CLOCK, "transaction_timestamp": _CLOCK,
    "current_localtime": _CLOCK, "current_localtimestamp": _CLOCK, "ago": _CLOCK, "clock_timestamp": _CLOCK,
    "statement_timestamp": _CLOCK, "sleep_ms": _CLOCK, "pg_sleep": _CLOCK, "glob": _FILES, "sniff_csv": _FILES,
    "query": "write the query itself", "query_table": "name the table itself", "version": _NO_SETTINGS,
}  # fmt: skip
_MORE = frozenset(
    {"percentile_cont", "percentile_disc", "columns", "now", "today", "current_date", "current_timestamp", "date"}
)


_ELSEWHERE = {
    "iif": "if", "nvl": "coalesce", "isnull": "coalesce", "to_char": "strftime", "regexp_like": "regexp_matches",
    "to_date": "strptime", "str_to_date": "strptime", "date_format": "strftime", "charindex": "instr",
    "getdate": "current_date", "sysdate": "current_date", "curdate": "current_date", "dateadd": "date_add",
    "total": "sum", "substring_index": "split_part", "julianday": "date_diff", "datetime": "cast",
}  # fmt: skip
"""Names from other databases, and DuckDB's."""


def check_call(core: exp.Expr, *, table: bool = False) -> Problem | None:
    """Why a function can't be called there, as a problem without a place; None where it can."""
    name = core.name.lower()
    if name in ("now", "today", "current_date", "current_timestamp") and core.expressions:
        return Problem("type-mismatch", f"{name} takes no arguments")
    if name in ARGUMENTS and not table:
        return None
    if table:
        if name in TABLE_FUNCTIONS or name in ("regexp_split_to_table",):
            return None
    elif name in FUNCTIONS or name in _MORE:
        if name == "age" and len(core.expressions) == 1:
            return Problem("forbidden-function", "age with one argument reads the clock", "write age(current_date, …)")
        return None
    reason = _reason(name)
    if reason is not None:
        return Problem("forbidden-function", f"{name} can't be used in a query", reason)
    if table and name in FUNCTIONS:
        return Problem(
            "forbidden-function", f"{name} gives no table", f"tables come from: {', '.join(sorted(TABLE_FUNCTIONS))}"
        )
    near = _ELSEWHERE.get(name) or nearest(name, TABLE_FUNCTIONS if table else [*FUNCTIONS, *_MORE, *ARGUMENTS])
    return Problem("unknown-function", f"there is no function {name}", f"did you mean {near}?" if near else "")


def _reason(name: str) -> str | None:
    if name in _REASONS:
        return _REASONS[name]
    if name.startswith(("read_", "parquet_", "write_")) or name.endswith(("_scan", "_read")):
        return _FILES
    if name.startswith(("duckdb_", "pragma_", "pg_", "current_", "has_", "inet_", "in_search")) or name in (
        "getvariable", "session_user", "user", "json_execute_serialized_sql", "which_secret", "txid_current",
    ):  # fmt: skip
        return _NO_SETTINGS
    return None
