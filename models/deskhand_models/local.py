"""The shipped planner: from a request and a catalog to the likeliest readings, without torch.

    planner = LocalPlanner.load()
    readings = planner.readings("which invoices are overdue?", now, catalog, 8)

It sees the request, the day, of the catalog names, types, sample values of columns with few of them, and keys, and
whom the office writes to: never a row, a mail's words or a page. This module refuses to check, run or judge what it
has written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deskhand.plan import Plan

from deskhand_models.checkpoint import Calibration, load, shipped
from deskhand_models.decode import Candidate, decode
from deskhand_models.encoder import Encoded, Encoder
from deskhand_models.fast import FastGPT
from deskhand_models.features import features, items_of
from deskhand_models.groups import groups_of
from deskhand_models.kept_names import KeptNames
from deskhand_models.language import foreign
from deskhand_models.link import linked
from deskhand_models.literals import literals
from deskhand_models.people import people_of
from deskhand_models.placed import placed_of
from deskhand_models.signs import Ref
from deskhand_models.slices import Slice
from deskhand_models.to_plan import to_plan

_QUESTIONS = {
    "recipient": "Who shall get it? Give a name from the tables or an address.",
    "value": "A number, a date or a text is missing: which value shall it be?",
    "which": "More than one table, column or person could be meant: which one?",
    "what": "What exactly shall be done, and with which of the tables here?",
}
_REASONS = {
    "operation": "nothing here can do that: there are queries, mails, workbooks and database rows",
    "data": "nothing in this workspace seems to hold what that needs",
    "danger": "that would destroy or reveal too much to be done from a sentence",
    "request": "that doesn't seem to ask for anything that could be done here",
}


@dataclass(frozen=True)
class Reading:
    """One way to understand a request: a plan, or a question, or a reason. evidence: figures for its probability."""

    plan: Plan | None
    question: str = ""
    reason: str = ""
    score: float = 0.0
    evidence: dict[str, float] = field(default_factory=dict)
    took: None = None  # the pipeline measures it; there are no tokens to pay for


class LocalPlanner:
    """The shipped GPT with its encoder. Loading takes a third of a second; a request then some hundredths."""

    name = "local"

    def __init__(self, model: FastGPT, encoder: Encoder, calibration: Calibration) -> None:
        self.model = model
        self.encoder = encoder
        self.calibration = calibration
        self._memories: dict[Path, KeptNames] = {}

    @staticmethod
    def load(folder: Path | None = None) -> LocalPlanner:
        """From a checkpoint's folder; the shipped one where none is named. Raises UnavailableError."""
        where = folder or shipped()
        return LocalPlanner(load(where), Encoder.load(), Calibration.read(where))

    def readings(self, request: str, now: dt.datetime, catalog: Any, beams: int = 6) -> list[Reading]:
        """The likeliest readings, the likeliest first; equal plans are one."""
        language = foreign(request)
        if language:
            return [Reading(None, reason=f"the shipped planner understands English, and this seems to be {language}")]
        said = self.encoder.states(request)
        cut = self.cut(request, said, now, catalog)
        items = items_of(cut)
        memory = self._memory(catalog)
        made = features(cut, said, memory, items)
        memory.keep()
        found = decode(self.model, cut, made, beams=beams)
        return _readings(found, cut)

    def cut(self, request: str, said: Encoded, now: dt.datetime, catalog: Any) -> Slice:
        """The catalog slice of a request."""
        connections = {name: catalog.workspace.connections[name].tool for name in catalog.connections()}
        groups = linked(groups_of(placed_of(catalog)), request, said, self._memory(catalog))
        return Slice.of(request, literals(request, now), groups, people_of(catalog), own_address(catalog), connections)

    def _memory(self, catalog: Any) -> KeptNames:
        """What is kept of the workspace's names."""
        file: Path = catalog.workspace.state_dir / "cache" / "names.npz"
        if file not in self._memories:
            self._memories[file] = KeptNames(self.encoder, file)
        return self._memories[file]


def own_address(catalog: Any) -> str:
    """The address that the workspace's mailbox sends from; empty where it has none."""
    for connection in catalog.workspace.connections.values():
        address = getattr(connection, "values", {}).get("address")
        if connection.tool == "email" and isinstance(address, str) and "@" in address:
            return address
    return ""


def _readings(found: Sequence[Candidate], cut: Slice) -> list[Reading]:
    readings: list[Reading] = []
    seen: set[str] = set()
    for candidate in found:
        evidence = _evidence(candidate, found, cut)
        if candidate.draft.steps:
            plan = to_plan(candidate.draft, cut)
            key = repr(plan)
            reading = Reading(plan, score=candidate.score, evidence=evidence)
        elif candidate.draft.ask:
            key = candidate.draft.ask
            reading = Reading(None, question=_QUESTIONS[key], score=candidate.score, evidence=evidence)
        else:
            key = candidate.draft.cannot
            reading = Reading(None, reason=_REASONS[key], score=candidate.score, evidence=evidence)
        if key not in seen:
            seen.add(key)
            readings.append(reading)
    return readings


def _evidence(candidate: Candidate, found: Sequence[Candidate], cut: Slice) -> dict[str, float]:
    """What speaks for a reading before anything is tried; `calibrate` weighs it."""
    used = {int(sign.key[0]) for sign in candidate.signs if isinstance(sign, Ref) and sign.kind == "literal"}
    spans = [(cut.literals[n].start, cut.literals[n].end) for n in used]
    words = [int(sign.key[0]) for sign in candidate.signs if isinstance(sign, Ref) and sign.kind == "word"]
    spans += [(cut.words[a].start, cut.words[b].end) for a, b in zip(words[::2], words[1::2], strict=False)]
    telling = [
        one for one in cut.literals if one.kind in ("number", "percent", "date", "period", "days", "email", "file")
    ]
    left = [one for one in telling if not any(start < one.end and end > one.start for start, end in spans)]
    second = max((other.score for other in found if other is not candidate), default=candidate.score - 8)
    return {
        "score": candidate.score,
        "mean": candidate.score / len(candidate.signs),
        "weakest": candidate.weakest,
        "margin": max(-8.0, min(8.0, candidate.score - second)),
        "unsaid": float(len({one.start for one in left})),
        "length": len(candidate.signs) / 20,
    }
