"""How runs, previews, approvals and exceptions look in a terminal: plain when piped, coloured where wanted.

This module refuses to compute anything: it prints what `runs` and `preview` say.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deskhand.cli.common import count
from deskhand.cli.text import clean, print_table, printable
from deskhand.template import is_number

if TYPE_CHECKING:
    from deskhand.contract import Change, Json, Operation
    from deskhand.executor import Progress
    from deskhand.frame import StepData
    from deskhand.plan import Plan
    from deskhand.preview import StepPreview
    from deskhand.runs import Head, Runner
    from deskhand.store import Approval, RowException

ROWS_SHOWN = 20
CHANGES_SHOWN = 20
_CELL = 48
_WORDS = {
    "done": "Done.",
    "done_with_exceptions": "Done, with exceptions.",
    "waiting": "Waiting for an approval.",
    "in_doubt": "In doubt.",
    "failed": "Failed.",
    "cancelled": "Cancelled.",
    "refused": "Refused; nothing was changed.",
    "asked": "A question first; nothing was changed.",
    "running": "Running, or interrupted.",
}


class Watcher:
    """Progress on standard error: a line that is written over on a terminal, silence when piped."""

    def __init__(self, color: bool) -> None:
        self._live = sys.stderr.isatty()
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        if not self._live:
            return
        text = f"{progress.path}: {progress.kind}"
        if progress.total > 1:
            filled = 20 * progress.done // progress.total
            text += f"  [{'#' * filled}{'.' * (20 - filled)}] {progress.done:,} of {progress.total:,}"
        text = clean(text, 100)
        print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = len(text)

    def close(self) -> None:
        """Clear the line."""
        if self._live and self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
            self._width = 0


# ---------------------------------------------------------------- rows


def rows_table(title: str, data: StepData, *, color: bool, limit: int = ROWS_SHOWN) -> None:
    """A step's rows as a table; beyond `limit` they are counted."""
    from deskhand.template import show as shown

    names = [c.name for c in data.columns]
    part = data.take(list(range(min(limit, data.count))))
    body = [[clean(shown(row[name]), _CELL) for name in names] for row in part.rows.rows]
    right = [n for n, c in enumerate(data.columns) if is_number(c.type)]
    print_table(title, names, body, color=color, right=right)
    if data.count > limit:
        print(f"  … and {data.count - limit:,} more")


def answer(value: Json, *, color: bool) -> None:
    """The answer of a run: the rows of its last query."""
    assert isinstance(value, dict)
    names: Any = value["columns"]
    rows: Any = value["rows"]
    body = [[clean("" if cell is None else _text(cell), _CELL) for cell in row] for row in rows]
    right = [n for n in range(len(names)) if rows and all(_is_number(row[n]) for row in rows)]
    print_table(count(len(rows), "row"), names, body, color=color, right=right)


def _text(cell: object) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float) or cell is None:
        return True
    text = str(cell)
    return text.removeprefix("-").replace(".", "", 1).isdigit() and not (text.isdigit() and text.startswith("0"))


# ---------------------------------------------------------------- runs


def head(run: Head, *, color: bool) -> None:
    """How a run ended: its answer, its effects counted, and what to do next."""
    if run.run.answer is not None:
        answer(run.run.answer, color=color)
        print()
    print(f"{_WORDS[run.run.status]}  Run {run.run.id}")
    states: dict[tuple[str, str], int] = {}
    for effect in run.effects:
        key = (str(effect["operation"]), str(effect["state"]))
        states[key] = states.get(key, 0) + 1
    for (operation, state), number in states.items():
        print(f"  {operation}: {number:,} {state}")
    if not run.effects and run.run.status == "done":
        print("  Nothing needed changing." if run.run.answer is None else "  Nothing was changed.")
    elif run.run.status == "done" and all(e["state"] == "unchanged" for e in run.effects):
        print("  Everything already was as it should be: nothing was changed.")
    for text in (run.run.question, run.run.reason):
        if text:
            print(f"  {text}")
    for line in next_steps(run):
        print(f"  {line}")


def next_steps(run: Head) -> list[str]:
    """What a person can do now."""
    status, name = run.run.status, run.run.id
    if status == "waiting":
        return [f"Look at it and approve:  agent approve {name}"]
    if status in ("failed", "in_doubt", "running"):
        return [f"See what was done:  agent runs show {name}", f"Go on with it:      agent runs resume {name}"]
    if status == "done_with_exceptions":
        return [f"See the rows:  agent exceptions --run {name}"]
    return []


def heads(runs: Sequence[Head], *, color: bool) -> None:
    """A list of runs."""
    if not runs:
        print("Nothing has been run here yet.")
        return
    body = [
        [h.run.id, h.run.status, clean(h.run.process or h.run.source, 40), str(len(h.effects)), h.run.started[:19]]
        for h in runs
    ]
    print_table("Runs", ["run", "status", "of", "effects", "started (UTC)"], body, color=color, right=[3])


def details(runner: Runner, run: Head, *, color: bool) -> None:
    """Everything about one run."""
    print(f"Run {run.run.id}: {run.run.source}")
    print(f"  logical time {run.run.now} ({run.run.zone}); started {run.run.started}")
    if run.run.inputs:
        print("  inputs " + ", ".join(f"{k}={v}" for k, v in run.run.inputs.items()))
    print()
    print(run.run.plan)
    entries = [entry for one in runner.family(run.run.id) for entry in runner.ledger.of_run(one)]
    if entries:
        body = [[e.step, e.operation, str(e.state), clean(e.change.about, 60), clean(e.reason, 60)] for e in entries]
        print_table("Effects", ["step", "operation", "state", "about", "reason"], body, color=color)
        print()
    head(run, color=color)


# ---------------------------------------------------------------- approvals and exceptions


def approvals(waiting: Sequence[Approval], *, color: bool) -> None:
    """What waits for a person's yes."""
    if not waiting:
        print("Nothing waits for an approval.")
        return
    body = [
        [
            a.run,
            a.path,
            clean(a.ask, 60),
            f"{a.count:,}",
            ", ".join(f"{k} {v}" for k, v in a.totals.items()),
            ", ".join(a.by) or "anybody",
        ]
        for a in waiting
    ]
    print_table(
        "Waiting for approval", ["run", "step", "question", "rows", "totals", "by"], body, color=color, right=[3]
    )


def approval_rows(runner: Runner, approval: Approval, *, color: bool) -> None:
    """The exact rows that an approval is about."""
    data = runner.approval_data(approval)
    if data is not None:
        rows_table(f"{approval.path}: {count(data.count, 'row')}", data, color=color, limit=200)


def approval_json(approval: Approval) -> Json:
    """An approval as `--json` prints it."""
    return {
        "run_id": approval.run,
        "step": approval.path,
        "question": approval.ask,
        "rows": approval.count,
        "totals": dict(approval.totals),
        "digest": approval.digest,
        "by": list(approval.by),
        "two": approval.two,
    }


def exceptions(found: Sequence[RowException], *, color: bool) -> None:
    """The exception inbox."""
    if not found:
        print("The exception inbox is empty.")
        return
    body = [[str(e.id), e.run, e.path, clean(_row_text(e.row), 60), clean(e.reason, 80), e.state] for e in found]
    print_table("Exceptions", ["no", "run", "step", "row", "reason", "state"], body, color=color, right=[0])


def _row_text(row: Json) -> str:
    return ", ".join(f"{k} {v}" for k, v in row.items() if v is not None) if isinstance(row, dict) else str(row)


def exception_json(found: RowException) -> Json:
    """An exception as `--json` prints it."""
    return {
        "id": found.id,
        "run_id": found.run,
        "step": found.path,
        "row": found.row,
        "reason": found.reason,
        "state": found.state,
        "note": found.note,
    }


# ---------------------------------------------------------------- previews


def preview(
    steps: Sequence[StepPreview],
    plan: Plan,
    *,
    operations: Mapping[str, type[Operation]],
    color: bool,
    everything: bool = False,
) -> None:
    """What a plan would do: in plain words, then step by step with every change.

    everything: the rows of queries in between too, and all of many changes. Mails are always shown in full.
    """
    from deskhand.words import describe

    for number, line in enumerate(describe(plan, operations), start=1):
        print(f"{number}. {line}" if not line.startswith(" ") else line)
    print()
    for number, step in enumerate(steps):
        shows = everything or number == len(steps) - 1 or step.problem is not None
        _step(step, "", color, rows=shows, limit=None if everything else CHANGES_SHOWN)
    effects = sum(_effects(step) for step in steps)
    print(
        "Nothing would be changed." if effects == 0 else f"{count(effects, 'effect')} in all; nothing has happened yet."
    )


def _effects(step: StepPreview) -> int:
    own = sum(change.state == "change" for change in step.changes)
    return own + sum(_effects(inner) for steps in step.inner for inner in steps)


def _step(step: StepPreview, indent: str, color: bool, *, rows: bool, limit: int | None) -> None:
    mark = f"  (as of now; {', '.join(step.depends)} would change it)" if step.depends else ""
    title = f"{step.path}: {step.kind}"
    if step.connection is not None:
        title += f" on {step.connection}"
    if step.skipped is not None:
        print(f"{indent}{title}: not done, {step.skipped} doesn't hold" if step.skipped.startswith("when")
              else f"{indent}{title}: not done, {step.skipped}")  # fmt: skip
        return
    if step.data is not None and rows:
        rows_table(f"{indent}{title}: {count(step.data.count, 'row')}{mark}", step.data, color=color)
    elif step.data is not None:
        print(f"{indent}{title}: {count(step.data.count, 'row')}{mark}")
    else:
        print(f"{indent}{title}{mark}")
    sends = step.effect is not None and step.effect.value == "send"
    shown = step.changes if limit is None or sends else step.changes[:limit]
    for change in shown:
        _change(change, indent + "  ")
    if len(shown) < len(step.changes):
        print(f"{indent}  … and {len(step.changes) - len(shown):,} more (--rows shows all)")
    if step.totals and step.kind != "approve":
        print(f"{indent}  in all: " + ", ".join(f"{name} {value}" for name, value in step.totals.items()))
    if step.question:
        print(f"{indent}  asks: {step.question}")
    if step.problem:
        print(f"{indent}  ! {step.problem}")
    for number, inner in enumerate(step.inner):
        print(f"{indent}  row {number + 1}")
        for one in inner:
            _step(one, indent + "    ", color, rows=rows, limit=limit)
    if step.changes or step.inner or step.problem or (step.data is not None and rows):
        print()


def _change(change: Change, indent: str) -> None:
    if change.state == "exception":
        print(f"{indent}! {clean(change.about)}: {change.reason}" if change.about else f"{indent}! {change.reason}")
        return
    if change.state == "unchanged":
        print(f"{indent}= {clean(change.about)}: already so")
        return
    print(f"{indent}* {clean(change.about)}")
    for name, new in change.after.items():
        old = change.before.get(name)
        if name in change.before and old != new:
            print(f"{indent}    {name}: {_shown(old)} -> {_shown(new)}")
        elif name not in change.before:
            print(f"{indent}    {name}: {_shown(new)}")
    for name, value in change.preview.items():
        _detail(name, value, indent + "    ")


def _shown(value: str | None) -> str:
    return "(empty)" if value is None else clean(value, 80)


def _detail(name: str, value: Json, indent: str) -> None:
    if isinstance(value, str) and "\n" in value:
        print(f"{indent}{name}:")
        for line in value.splitlines():
            print(f"{indent}  {printable(line)}".rstrip())
    elif isinstance(value, list):
        print(f"{indent}{name}: " + ", ".join(clean(_row_text(item)) for item in value))
    elif value not in (None, ""):
        print(f"{indent}{name}: {clean(str(value))}")
