"""What is plainly wrong with a database act before any row is read: names, keys, types, read-only tables."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence

from deskhand.contract import Column, ResultColumn, Table, Tables
from deskhand.errors import Problem

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_INTEGERS |= {"UBIGINT", "UHUGEINT", "BIGNUM", "INT"}
_NULLS = {"NULL", '"NULL"', "SQLNULL"}
_WORDS = {
    "text": "a text",
    "integer": "a whole number",
    "decimal": "a number with decimals",
    "double": "a floating number",
    "boolean": "true or false",
    "date": "a date",
    "timestamp": "a timestamp",
    "time": "a time of day",
    "blob": "bytes",
}
_TAKES = {
    "text": {"text", "integer", "decimal", "double", "boolean", "date", "timestamp", "time"},
    "integer": {"integer", "boolean"},
    "decimal": {"integer", "decimal", "double"},
    "double": {"integer", "decimal", "double"},
    "boolean": {"boolean", "integer"},
    "date": {"date"},
    "timestamp": {"timestamp", "date"},
    "time": {"time"},
    "blob": {"blob"},
}
"""What may be written into a column of each kind; single values are looked at again row by row."""


def kind_of(type: str) -> str:
    """The kind of values that a DuckDB type holds: `text`, `integer`, …; '' for any other."""
    word = type.upper().strip()
    if word in _INTEGERS:
        return "integer"
    found = re.fullmatch(r"(?:DECIMAL|NUMERIC)(?:\(\d+, *(\d+)\))?", word)
    if found:
        return "integer" if found.group(1) == "0" else "decimal"
    if word in ("DOUBLE", "FLOAT", "REAL"):
        return "double"
    if word.startswith("TIMESTAMP"):
        return "timestamp"
    if word.startswith(("VARCHAR", "ENUM", "UUID")):
        return "text"
    return {"BOOLEAN": "boolean", "DATE": "date", "TIME": "time", "BLOB": "blob"}.get(word, "")


def unquoted(name: str) -> str:
    """The name without SQL's quotes."""
    if len(name) > 1 and name[0] == name[-1] == '"':
        return name[1:-1].replace('""', '"')
    return name


def nearest(name: str, known: Iterable[str]) -> str:
    """The mend for a name that isn't known."""
    names = list(known)
    folded = {n.casefold(): n for n in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    if close:
        return f"did you mean {folded[close[0]]}?"
    return "there are: " + ", ".join(names) if names else ""


def find_table(tables: Tables, name: str) -> tuple[Table | None, list[Problem]]:
    """The table to write to, and what is wrong with it."""
    found = tables(name)
    if found is None:
        mend = nearest(name.rsplit(".", 1)[-1], getattr(tables, "names", ())) or "see: agent catalog"
        return None, [Problem("unknown-table", f"there is no table {name}", mend, ("table",))]
    if not found.writable:
        return None, [
            Problem("read-only", f"{name} can't be written", "write to the table behind the view", ("table",))
        ]
    return found, []


def find_key(table: Table, asked: Sequence[str], columns: Sequence[ResultColumn]) -> tuple[list[Column], list[Problem]]:
    """The key's columns (the primary key by default), and what is wrong with them."""
    if not asked and not table.key:
        mend = "say key: with the column or columns that tell its rows apart"
        return [], [Problem("no-key", f"{table.name} has no primary key", mend, ("key",))]
    found, problems = [], []
    for name in asked or table.key:
        column = table.column(name)
        if column is None:
            mend = nearest(name, (c.name for c in table.columns))
            problems.append(Problem("unknown-column", f"{table.name} has no column {name}", mend, ("key",)))
            continue
        found.append(column)
        given = result_column(columns, name)
        if given is None:
            problems.append(missing(column, columns, f"the rows don't bring the key column {column.name}"))
        else:
            problems += type_problem(table, column, given)
    return found, problems


def missing(column: Column, columns: Sequence[ResultColumn], text: str) -> Problem:
    """The problem of a column that the rows must bring and don't."""
    close = difflib.get_close_matches(column.name.casefold(), [c.name.casefold() for c in columns], n=1)
    mend = f"select {close[0]} as {column.name}" if close else f"select it in the rows, as {column.name}"
    return Problem("missing-column", text, mend, ("rows",))


def result_column(columns: Sequence[ResultColumn], name: str) -> ResultColumn | None:
    """The column of the rows with that name, ignoring case."""
    folded = name.casefold()
    return next((c for c in columns if c.name.casefold() == folded), None)


def find_set(
    table: Table, asked: Sequence[str], key: Sequence[Column], columns: Sequence[ResultColumn]
) -> tuple[list[Column], list[Problem]]:
    """The columns to write besides the key: those of `set`, else all that the rows bring."""
    keys = {column.name.casefold() for column in key}
    found, problems = [], []
    for name in asked or [c.name for c in columns]:
        if name.casefold() in keys:
            if asked:
                problems.append(
                    Problem("key-in-set", f"{name} is the key and can't be set", f"take {name} out", ("set",))
                )
            continue
        column = table.column(name)
        if column is None:
            mend = nearest(name, (c.name for c in table.columns))
            mend += "" if asked else " Or name the columns to use: set: [" + ", ".join(
                c.name for c in columns if table.column(c.name) and c.name.casefold() not in keys
            ) + "]"  # fmt: skip
            path = ("set",) if asked else ("rows",)
            problems.append(Problem("unknown-column", f"{table.name} has no column {name}", mend, path))
            continue
        given = result_column(columns, name)
        if given is None:
            problems.append(missing(column, columns, f"the rows don't bring the column {name}"))
            continue
        if column.generated:
            text = f"{table.name}.{column.name} is computed by the database and can't be written"
            problems.append(Problem("generated-column", text, "leave it out of the rows", ("rows",)))
            continue
        found.append(column)
        problems += type_problem(table, column, given)
    return found, problems


def _reads_as(text: str | None, column: Column) -> bool:
    """Whether a text that stands in the query is a value of the column: '2026-05-01' where dates are kept."""
    if text is None or column.codec is None:
        return False
    try:
        return column.codec.coerce(text) is not None
    except ValueError:
        return False


def type_problem(table: Table, column: Column, given: ResultColumn) -> Iterator[Problem]:
    """A problem where values of the rows' column can't be values of the table's."""
    ours, theirs = kind_of(column.type), kind_of(given.type)
    if given.type.upper() in _NULLS or theirs in _TAKES.get(ours, ()) or _reads_as(given.literal, column):
        return
    target = "bigint" if ours == "integer" else column.type.lower()
    mend = f"write cast({given.name} as {target}) as {column.name}"
    if ours == "integer" and theirs in ("decimal", "double"):
        mend = f"write cast(round({given.name}) as bigint) as {column.name}, if it may be rounded"
    what = _WORDS.get(theirs, given.type)
    yield Problem(
        "type-mismatch",
        f"{table.name}.{column.name} holds {_WORDS.get(ours, column.type)} ({column.type}), "
        f"but {given.name} is {what} ({given.type})",
        mend,
        ("rows",),
    )
