"""Traces: one JSON file a run, redacted, from which the planner learns.

A trace says what was asked and what plan it became, how that ended, and what a person corrected. This module
refuses to write rows, mails or other data into one, and to write anything unredacted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from deskhand.errors import DataError
from deskhand.store.base import StoreBase
from deskhand.store.files import write_whole
from deskhand.store.times import utc_text

if TYPE_CHECKING:
    from pathlib import Path

    from deskhand.contract import Json

TRACE_VERSION: Final = 1


@dataclass(frozen=True)
class Trace:
    """What a run teaches.

    sentence: what was asked, None where a file or a process was named (`source` says which). plan: its YAML.
    status: the end status. effects: how many effects ended in which state. corrections: what a person changed
    in the plan before it ran, oldest first, as plan YAML. planning: how the sentence became the plan, empty where
    no model was asked: `model`, `seconds`, `tries`, and where they are known `tokens_in`, `tokens_out`, `cost` and
    `probability`; `readings` (plan YAML, the likelier first) and `chosen` (from 1; 0 for none of them) where a person
    was asked.
    """

    run: str
    source: str
    sentence: str | None
    plan: str
    catalog_digest: str
    status: str
    effects: Mapping[str, int] = field(default_factory=dict)
    corrections: Sequence[str] = ()
    planning: Mapping[str, Json] = field(default_factory=dict)
    reason: str | None = None
    question: str | None = None
    at: str = ""


class Traces(StoreBase):
    """The part of the store that keeps traces."""

    def write_trace(self, trace: Trace) -> Path:
        """Write the run's trace, redacted, in place of an earlier one of the same run."""
        value: dict[str, Json] = {**asdict(trace), "corrections": list(trace.corrections)}
        value["at"] = trace.at or utc_text()
        run = value.pop("run")
        redacted = self.redactor().value(value)
        assert isinstance(redacted, dict)
        file = self._trace_file(trace.run)
        body = {"version": TRACE_VERSION, "run": run, **redacted}
        write_whole(file, json.dumps(body, indent=1, ensure_ascii=True).encode() + b"\n")
        return file

    def trace(self, run: str) -> Trace | None:
        """The run's trace, as redacted; None where there is none. Raises DataError for a damaged one."""
        file = self._trace_file(run)
        return read_trace(file) if file.exists() else None

    def traces(self) -> Iterator[Trace]:
        """All traces, oldest first. Raises DataError at a damaged one."""
        for file in trace_files(self.folder):
            yield read_trace(file)

    def _trace_file(self, run: str) -> Path:
        return self.folder / "traces" / f"{run}.json"


def trace_files(folder: Path) -> list[Path]:
    """The files of the traces in a workspace's `.deskhand`, oldest first."""
    return sorted((folder / "traces").glob("*.json"))


def read_trace(file: Path) -> Trace:
    """The trace in that file. Raises DataError for a damaged one."""
    try:
        value = json.loads(file.read_bytes())
        if value.pop("version") != TRACE_VERSION:
            raise ValueError("it was written by another version")
        return Trace(**{**value, "corrections": tuple(value["corrections"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the trace .deskhand/traces/{file.name} can't be read: {error}",
            mend="delete it: nothing but learning depends on it",
        ) from error
