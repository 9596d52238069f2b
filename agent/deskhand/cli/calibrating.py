"""Calibrating a checkpoint: every reading of the calibration set's requests is run and judged, then weighed.

This module refuses to use any other set.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from deskhand.planner.pipeline import EVIDENCE, Pipeline

MOST_READINGS = 4
"""Readings of a request that are run; those below are hardly ever right."""


def calibrate(checkpoint: Path) -> dict[str, Any]:
    """Fit and write calibration.json; returns what it holds."""
    from deskhand_models import calibrate as fitting
    from deskhand_models.checkpoint import Calibration, load
    from deskhand_models.encoder import Encoder
    from deskhand_models.evaluation import expected as kept
    from deskhand_models.evaluation.bench import Bench
    from deskhand_models.evaluation.evaluate import Proposed, judge_case
    from deskhand_models.evaluation.sets import SETS, read_set
    from deskhand_models.local import LocalPlanner

    from deskhand.cli.eval import prepare, run_plan
    from deskhand.plan_print import print_plan
    from deskhand.planner import Request
    from deskhand.process import load_processes
    from deskhand.workspace import Workspace

    model = LocalPlanner(load(checkpoint), Encoder.load(), Calibration({"mean": 1.0}))
    judged: list[fitting.Judged] = []
    requests = 0
    with tempfile.TemporaryDirectory() as folder:
        for office in read_set(SETS / "calibration"):
            bench = Bench(office, Path(folder) / office.folder.name, run_plan, prepare)
            known = kept.load(office)
            workspace = Workspace.load(bench.base)
            pipeline = Pipeline(workspace, model)
            for case in office.cases:
                requests += 1
                golds = known[case.id] if known is not None and case.plan is not None else kept.gold(bench, case)
                asked = Request(case.request, load_processes(workspace), workspace.now(office.now))
                for one in pipeline.weighed(asked)[:MOST_READINGS]:
                    if one.reading.plan is None:
                        right = case.plan is None
                    else:
                        proposed = Proposed("plan", print_plan(one.reading.plan), one.probability)
                        right = judge_case(bench, case, golds, lambda *_, p=proposed: p).if_run == "right"
                    judged.append(fitting.Judged(case.id, one.evidence, right, one.reading.plan is not None))
    weights = fitting.fit(judged, EVIDENCE)
    sure = fitting.sure_from(_best(judged, weights), requests)
    about = {"requests": requests, "readings": len(judged), "right readings": sum(one.right for one in judged)}
    fitting.write(checkpoint, weights, sure, about)
    return {"weights": weights, "sure": sure, **about}


def _best(judged: list[Any], weights: dict[str, float]) -> list[tuple[float, bool]]:
    """Each request's likeliest reading, where it is one that runs."""
    from deskhand.planner.pipeline import probability

    best: dict[str, tuple[float, Any]] = {}
    for one in judged:
        chance = probability(one.evidence, weights)
        if one.request not in best or chance > best[one.request][0]:
            best[one.request] = (chance, one)
    return [(chance, one.right) for chance, one in best.values() if one.runs]
