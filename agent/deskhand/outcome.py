"""How the steps of a plan come out: what the executor and the preview must say the same.

Pure functions of rows and numbers; this module refuses to read, to run and to keep anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deskhand import acts
from deskhand.contract import Value
from deskhand.frame import StepData
from deskhand.plan import Act, Call, Query
from deskhand.template import Scope, render


def expectation(step: Query, count: int) -> str | None:
    """Why `expect` doesn't hold for that many rows; None where it does."""
    wanted = step.expect
    holds = {"one": count == 1, "some": count > 0, "none": count == 0}
    if wanted is None or (holds[wanted] if isinstance(wanted, str) else count == wanted):
        return None
    words = {"one": "exactly one row", "some": "at least one row", "none": "no row"}
    found = {0: "nothing was found", 1: "one row was found"}.get(count, f"{count:,} rows were found")
    return f"{words.get(str(wanted), f'{wanted} rows')} expected, and {found}"


def done_rows(step: Act, data: StepData, ordinals: set[int], *, whole: bool) -> StepData:
    """The rows of the effects with these ordinals: rows, groups of rows, or (`whole`) the table."""
    if step.per:
        numbered = {id(row): n for n, row in enumerate(data.rows.rows)}
        groups = acts.group(data.rows, step.per)
        picked = sorted(numbered[id(row)] for n, part in enumerate(groups) if n in ordinals for row in part.rows)
        return data.take(picked)
    if whole:
        return data if ordinals else data.take([])
    return data.take(sorted(ordinals))


def call_inputs(step: Call, scope: Scope, row: Mapping[str, Value] | None) -> dict[str, str]:
    """The inputs of a called process as texts, rendered for that row."""
    inner = replace(scope, row=row) if row is not None else scope
    return {
        name: render(text, inner)
        if isinstance(text, str)
        else str(text).lower()
        if isinstance(text, bool)
        else str(text)
        for name, text in step.inputs.items()
        if text is not None
    }
