"""What the gold plans leave, computed once and kept beside their requests as `expected.json`.

Kept are the answer and the parts that a plan changes; the rest is what the workspace was built with. A file that was
made from other texts than those that stand there is stale and not used. It refuses to keep a gold plan that doesn't
run to its end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deskhand.errors import DataError

from deskhand_models.evaluation.bench import Bench
from deskhand_models.evaluation.judge import Outcome
from deskhand_models.evaluation.sets import EXPECTED, Case, Office
from deskhand_models.evaluation.state import Table, part_from_json, part_to_json

Expected = Mapping[str, tuple[Outcome, ...]]
"""For each case with a plan, what its gold plan leaves, and each of the others that are as right."""
VERSION = 1


def load(office: Office) -> Expected | None:
    """What is kept for the workspace; None where there is none, or of other texts than those that stand there."""
    file = office.folder / EXPECTED
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DataError(f"{file} is damaged: {error}", mend="Make it anew: agent eval --write-expected") from None
    if raw.get("version") != VERSION or raw.get("texts") != office.digest:
        return None
    return {id: tuple(map(_from_json, outcomes)) for id, outcomes in raw["cases"].items()}


def gold(bench: Bench, case: Case) -> tuple[Outcome, ...]:
    """What the case's plans leave. Raises DataError for one that doesn't run to its end."""
    outcomes = []
    for number, plan in enumerate(case.plans):
        ran, outcome = bench.try_out(plan)
        if ran.status not in ("done", "done_with_exceptions"):
            which = "the gold plan" if number == 0 else f"the other plan {number}"
            why = "\n".join(filter(None, [ran.reason, *ran.problems]))
            raise DataError(f"{case.id}: {which} is {ran.status.replace('_', ' ')}: {why}", mend="Mend the request.")
        outcomes.append(outcome)
    return tuple(outcomes)


def compute(bench: Bench) -> Expected:
    """What all gold plans of the workspace leave. Raises DataError for the first that doesn't run to its end."""
    return {case.id: gold(bench, case) for case in bench.office.cases if case.plan is not None}


def save(office: Office, expected: Expected) -> Path:
    """Write `expected.json`, a line for each plan; the same states give the same bytes."""
    lines = []
    for id, outcomes in expected.items():
        texts = (json.dumps(_to_json(o), ensure_ascii=False, separators=(",", ":")) for o in outcomes)
        lines.append(f"{json.dumps(id)}: [\n" + ",\n".join(texts) + "\n]")
    head = f'{{"version": {VERSION}, "texts": "{office.digest}", "cases": {{\n'
    file = office.folder / EXPECTED
    file.write_text(head + ",\n".join(lines) + "\n}}\n", encoding="utf-8")
    return file


def _to_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "answer": part_to_json(outcome.answer),
        "changes": {name: part_to_json(part) for name, part in outcome.changes.items()},
    }


def _from_json(raw: Mapping[str, Any]) -> Outcome:
    answer = part_from_json(raw["answer"])
    assert answer is None or isinstance(answer, Table)
    return Outcome(raw["status"], answer, {name: part_from_json(part) for name, part in raw["changes"].items()})
