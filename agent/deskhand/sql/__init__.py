"""The query layer: checks and types one SQL query over the catalog's tables and earlier steps, and runs it.

    analysis = analyse(text, schema, inputs, now)      # all problems, or a Query with typed columns
    table = run(analysis.query, read, steps, values, now=now)

DuckDB's dialect, one select; business dates and inputs are typed values, never text; Decimals stay exact (see
`arithmetic`); only functions that give the same for the same (see `allowed`). This package refuses to know
any tool, to open files, and to hold state between queries. DuckDB, sqlglot and pyarrow are imported when a
name below is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deskhand.sql.analysis import analyse, condition
    from deskhand.sql.model import Analysis, Query, Schema, Source
    from deskhand.sql.rows import arrow_type, digest, from_rows, to_rows
    from deskhand.sql.rules import analyse_rule, run_rule, truth
    from deskhand.sql.runner import run
    from deskhand.sql.types import UNROUNDED_SCALE

_HOMES = {
    "analyse": "analysis",
    "condition": "analysis",
    "Analysis": "model",
    "Query": "model",
    "Schema": "model",
    "Source": "model",
    "arrow_type": "rows",
    "digest": "rows",
    "from_rows": "rows",
    "to_rows": "rows",
    "analyse_rule": "rules",
    "run_rule": "rules",
    "truth": "rules",
    "run": "runner",
    "UNROUNDED_SCALE": "types",
}

__all__ = [
    "UNROUNDED_SCALE",
    "Analysis",
    "Query",
    "Schema",
    "Source",
    "analyse",
    "analyse_rule",
    "arrow_type",
    "condition",
    "digest",
    "from_rows",
    "run",
    "run_rule",
    "to_rows",
    "truth",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
