"""`agent eval`: how well the planner does on the frozen sets, judged by what its plans leave.

The evaluation itself is `deskhand_models.evaluation`; what it must not know is handed in from here: how a plan is
run, and the planner. This module refuses to tune anything.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.cli.common import color_option, json_option, print_json, wants_color
from deskhand.errors import UsageError

if TYPE_CHECKING:
    from deskhand_models.evaluation.bench import Ran
    from deskhand_models.evaluation.evaluate import Propose, Proposed, Verdict
    from deskhand_models.evaluation.report import Report, Tally
    from deskhand_models.evaluation.sets import Case, Office

    from deskhand.workspace import Workspace


@click.command("eval")
@click.argument("folder", metavar="[SET]", required=False, type=click.Path(path_type=Path))
@click.option("--set", "name", metavar="NAME", help="A set that comes with deskhand: exam [default] or calibration.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only requests of this kind; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only N requests, spread over the set.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Run plans from this probability on, ask below it [default: as the planner decides].",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the failures side by side into this file.",
)
@click.option(
    "--write-expected", is_flag=True, help="Run the gold plans and keep what they leave; for who edits a set."
)
@json_option
@color_option
def evaluate(
    folder: Path | None,
    name: str | None,
    kinds: tuple[str, ...],
    limit: int | None,
    threshold: float | None,
    html: Path | None,
    write_expected: bool,
    as_json: bool,
    no_color: bool,
) -> int:
    """Put the planner through a SET of requests, each in a workspace of its own, and judge what its plans leave.

    SET is a folder of workspaces; without one it is the exam that comes with deskhand. A plan is run in a copy and
    what it leaves is compared with what the gold plan leaves. Nothing outside a temporary folder is touched.

    \b
    agent eval                                  the exam: 300 requests
    agent eval --set calibration --threshold 0.8
    agent eval --kind mail --kind group-mail --html failures.html
    agent eval --limit 30 --json                for another program: one JSON object
    """
    from deskhand_models.evaluation.sets import SETS, read_set, set_names

    if folder is not None and name is not None:
        raise UsageError("SET and --set name the set twice", mend="Give one of them.")
    if folder is None:
        name = name or "exam"
        if name not in set_names():
            raise UsageError(f"there is no set {name!r}", mend=f"There are: {', '.join(set_names()) or 'none'}.")
        folder = SETS / name
    if html is not None and not html.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {html.parent}", mend="Make it, or name another file.")
    offices = read_set(folder)
    if write_expected:
        return _write_expected(offices, as_json)
    wanted = _wanted(offices, kinds, limit)
    report = _report(folder.name, offices, wanted, threshold, as_json)
    if html is not None:
        from deskhand_models.evaluation.page import page

        html.write_text(page(report), encoding="utf-8")
    if as_json:
        print_json(report.to_json())
    else:
        _show(report, html, wants_color(no_color))
    return 0


def _wanted(offices: Sequence[Office], kinds: Sequence[str], limit: int | None) -> set[str]:
    """The ids of the cases to go through."""
    from deskhand_models.evaluation.sets import KINDS

    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"there is no kind {kind!r}", mend=f"Kinds: {', '.join(KINDS)}.")
    ids = [case.id for office in offices for case in office.cases if not kinds or case.kind in kinds]
    if not ids:
        raise UsageError("the set has no such request", mend="Name other kinds.")
    if limit is not None and limit < len(ids):
        ids = [ids[number * len(ids) // limit] for number in range(limit)]
    return set(ids)


# ---------------------------------------------------------------- what the evaluation is handed


def open_propose() -> Propose:
    """The planner, as the evaluation calls it: opened once for each workspace."""

    from deskhand.planner import Cannot, Request
    from deskhand.process import load_processes
    from deskhand.workspace import Workspace

    opened: dict[Path, tuple[Workspace, Any]] = {}

    def propose(case: Case, folder: Path) -> Proposed:
        if folder not in opened:
            opened.clear()
            workspace = Workspace.load(folder)
            opened[folder] = (workspace, _planner(workspace))
        workspace, planner = opened[folder]
        at = workspace.now(case.workspace.now)
        started = time.perf_counter()
        found = planner.plan(Request(case.request, load_processes(workspace), at))
        return _proposed(found, isinstance(found, Cannot), time.perf_counter() - started)

    return propose


def _planner(workspace: Workspace) -> Any:
    """The workspace's planner, with the shipped model."""
    from deskhand.cli.planning import WorkspacePlanner

    return WorkspacePlanner(workspace, _model())


@lru_cache(maxsize=1)
def _model() -> Any:
    """The shipped model, loaded once for all workspaces."""
    from deskhand.cli.planning import LocalModel

    return LocalModel()


def _proposed(found: Any, cannot: bool, seconds: float) -> Proposed:
    """A planner's proposal with its best reading, if it has one, as YAML."""
    from deskhand_models.evaluation.evaluate import Proposed

    from deskhand.plan_print import print_plan

    plan = getattr(found, "plan", None)
    parts = [getattr(found, name, None) for name in ("question", "reason", "mend")]
    asks = hasattr(found, "question")
    return Proposed(
        "cannot" if cannot else "ask" if asks else "plan",
        None if plan is None else print_plan(plan),
        float(getattr(found, "probability", 1.0 if plan is not None else 0.0)),
        "\n".join(filter(None, parts)),
        seconds,
        tuple(print_plan(other) for other in getattr(found, "candidates", ())),
    )


def run_plan(plan: str, folder: Path, now: str) -> Ran:
    """Run a plan's YAML in the workspace of that folder, as `agent run --yes` would."""
    from deskhand_models.evaluation.bench import Ran

    from deskhand.plan_yaml import parse
    from deskhand.ready import Request
    from deskhand.runs import Runner
    from deskhand.workspace import Workspace

    parsed = parse(plan)
    if parsed.plan is None:
        return Ran("refused", problems=tuple(map(str, parsed.problems)))
    workspace = Workspace.load(folder)
    with Runner(workspace) as runner:
        head = runner.start(Request("evaluation", parsed.plan, "evaluation", workspace.now(now), parsed=parsed))
    problems = tuple(f"{p['message']}" for p in head.problems if isinstance(p, dict))
    return Ran(head.run.status, _answer(head.run.answer), head.run.reason or head.run.question or "", problems)


def _answer(found: Any) -> Any:
    from deskhand_models.evaluation.state import Table

    return None if found is None else Table(tuple(found["columns"]), tuple(map(tuple, found["rows"])))


def prepare(folder: Path) -> None:
    """Make the stores that a workspace's first run makes."""
    from deskhand.workspace import Workspace

    Workspace.load(folder)
    run_plan("steps:\n  - query: select 1 as one\n", folder, dt.datetime(2026, 1, 1).isoformat())


# ---------------------------------------------------------------- going through


def _report(name: str, offices: Sequence[Office], wanted: set[str], threshold: float | None, quiet: bool) -> Report:
    from deskhand_models.evaluation.evaluate import evaluate
    from deskhand_models.evaluation.report import Report

    def is_wanted(case: Case) -> bool:
        return case.id in wanted

    with _temporary() as folder, _progress(len(wanted), quiet) as watch:
        verdicts = evaluate(
            offices, open_propose(), run_plan, Path(folder), prepare=prepare, wanted=is_wanted, watch=watch
        )
    return Report(name, verdicts, threshold)


def _write_expected(offices: Sequence[Office], quiet: bool) -> int:
    """Run all gold plans and write what they leave beside them."""
    from deskhand_models.evaluation import expected
    from deskhand_models.evaluation.bench import Bench

    written = []
    with _temporary() as folder, _progress(len(offices), quiet) as watch:
        for office in offices:
            if expected.load(office) is None:
                bench = Bench(office, Path(folder) / office.folder.name, run_plan, prepare)
                written.append(str(expected.save(office, expected.compute(bench))))
            watch(None)
    if quiet:
        print_json({"written": written})
    else:
        print(f"{len(written)} of {len(offices)} written; the others are as their texts say.")
    return 0


def _temporary() -> tempfile.TemporaryDirectory[str]:
    """In memory where there is such a place: every run writes much and syncs it, and none of it is kept."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(
        prefix="deskhand-eval-", dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    )


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[Verdict | None], None]]:
    """A line with what is done and how long the rest will take, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    started, done = time.monotonic(), 0

    def watch(_: object) -> None:
        nonlocal done
        done += 1
        left = (time.monotonic() - started) / done * (total - done)
        bar = "█" * round(24 * done / total)
        rest = f"{int(left) // 60}:{int(left) % 60:02} left" if done < total else "done"
        print(f"\r\x1b[2K{bar:░<24} {done} of {total}, {rest}", end="", file=sys.stderr, flush=True)

    try:
        yield watch
    finally:
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- telling


def _show(report: Report, html: Path | None, color: bool) -> None:
    from deskhand_models.evaluation.report import wilson

    from deskhand.cli.text import print_table

    headers = ["kind", "n", "as it should", "right", "turned down", "asked wrongly", "refused wrongly",
               "silently wrong", "invalid", "failed"]  # fmt: skip
    lines = [*report.kinds, report.total]

    def row(one: Tally) -> list[str]:
        return [one.kind, str(one.n), _share(one.rightly, one.n), str(one.right), str(one.turned_down_rightly),
                str(one.asked_wrongly), str(one.refused_wrongly), _share(one.wrong, one.n), str(one.invalid),
                str(one.failed)]  # fmt: skip

    print_table(
        f"{report.name}: {report.total.n} requests",
        headers,
        [row(one) for one in lines],
        color=color,
        right=range(1, 10),
    )
    total, (median, p95) = report.total, report.seconds
    for what, part in (("ended as they should", total.rightly), ("silently wrong", total.wrong)):
        low, high = wilson(part, total.n)
        print(f"{part / total.n:6.1%} {what} (95%: {low:.1%} to {high:.1%})")
    print(f"Planning took {median:.2f} s in the median, {p95:.2f} s at the 95th percentile.")
    if html is not None:
        print(f"The failures: {html}")


def _share(part: int, n: int) -> str:
    return f"{part} ({part / n:.0%})"
