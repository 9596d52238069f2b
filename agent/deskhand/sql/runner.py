"""Runs a typed query over its sources, in the locked-down DuckDB, and gives an Arrow table.

Whatever goes wrong with the data (a cast, an overflow, too much memory, too much time) is a DataError in
plain words. This module refuses to run text: only what `analyse` has prepared.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from deskhand.contract import Value
from deskhand.errors import DataError
from deskhand.sql.bind import bound, constant_filters, merge_filters, with_inputs
from deskhand.sql.duck import MEMORY_LIMIT, connect
from deskhand.sql.model import Query, Source
from deskhand.sql.probe import plain
from deskhand.sql.rows import conform
from deskhand.sql.scope import Base

if TYPE_CHECKING:
    import pyarrow as pa


def run(
    query: Query,
    read: Callable[[Source], pa.Table],
    steps: Callable[[str], pa.Table],
    inputs: Mapping[str, Value],
    *,
    now: dt.datetime,
    timeout_s: float | None = None,
    memory_limit: str = MEMORY_LIMIT,
) -> pa.Table:
    """The query's rows, typed exactly as `query.columns`.

    read: gives a source's rows, typed as its table says, in stored order. steps: gives an earlier step's rows.
    inputs: a value for each input the query names. now: the logical time, naive, in the workspace's zone.
    timeout_s: seconds for DuckDB's part, unlimited where None. Raises DataError.
    """
    if query.open:
        raise ValueError("an open query is analysed again before it runs")
    bind = with_inputs(now, inputs, query.prepared.inputs)
    text = bound(query.prepared.text, bind)
    assert text is not None
    session = connect(memory_limit)
    try:
        for base in query.prepared.bases:
            if base.table is not None:
                source = next(
                    s for s in query.sources if s.connection == base.connection and s.table.name == base.table.name
                )
                filters = constant_filters(merge_filters(base), base, bind)
                source = Source(source.connection, source.table, source.columns, filters)
                table = _conformed(read(source), base, source.columns, f"{source.connection}.{source.table.name}")
            else:
                assert base.step is not None
                table = _conformed(steps(base.step), base, tuple(base.used), f"step {base.step}")
            session.register(base.key, table)
        result = _execute(session, text, timeout_s)
        return conform(_numbers(result), _names(result, query), "the query")
    finally:
        session.close()


def _conformed(table: pa.Table, base: Base, only: tuple[str, ...], what: str) -> pa.Table:
    columns = [(f.name, f.type or "VARCHAR") for f in base.columns or () if f.name in only]
    return conform(table, columns, what)


def _names(result: pa.Table, query: Query) -> list[tuple[str, str]]:
    return [(c.name, c.type) for c in query.columns]


def _numbers(result: pa.Table) -> pa.Table:
    """Timestamps with a zone are UTC here; the naive ones are what their clock shows."""
    import pyarrow as pa

    for index, field in enumerate(result.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            column = result.column(index).cast(pa.timestamp("us"))
            result = result.set_column(index, field.name, column)
    return result


def _execute(session: Any, text: str, timeout_s: float | None) -> pa.Table:
    import duckdb

    expired = threading.Event()

    def stop() -> None:
        expired.set()
        session.interrupt()

    timer = threading.Timer(timeout_s, stop) if timeout_s is not None else None
    try:
        if timer is not None:
            timer.daemon = True
            timer.start()
        return session.sql(text).to_arrow_table()
    except (duckdb.Error, RuntimeError) as error:
        if expired.is_set():
            raise DataError(
                f"the query didn't finish within {timeout_s:g} seconds", mend="narrow it, or give it more time"
            ) from error
        raise DataError(_reason(error), mend=_mend(error)) from error
    finally:
        if timer is not None:
            timer.cancel()


def _reason(error: Exception) -> str:
    import duckdb

    text = plain(str(error))
    text = re.sub(r"\s*(when casting from source column|LINE \d+:).*$", "", text)
    text = re.sub(r"_deskhand_\d+", "a source", text)
    if isinstance(error, duckdb.OutOfMemoryException):
        return "the query needs more memory than it may have"
    if isinstance(error, duckdb.ConversionException):
        return f"a value can't be converted: {text}"
    if isinstance(error, duckdb.OutOfRangeException):
        return f"a number is too large: {text}"
    if "more than one row returned by a subquery" in text.lower():
        return "a subquery used as a value gave more than one row"
    return f"the query failed: {text}"


def _mend(error: Exception) -> str:
    import duckdb

    if isinstance(error, duckdb.ConversionException):
        return "use try_cast(…) for null instead of an error"
    if isinstance(error, duckdb.OutOfMemoryException):
        return "narrow the query, or sum up before joining"
    return ""
