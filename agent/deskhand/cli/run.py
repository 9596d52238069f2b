"""`agent run` and `agent plan`: from WHAT to a checked plan, its preview, and a run.

On a terminal the preview is shown and the person asked; `--yes` doesn't ask; with neither nothing is run. This
module refuses to approve anything: that is `agent approve`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.cli.common import (
    color_option,
    json_option,
    now_option,
    open_workspace,
    print_json,
    session,
    wants_color,
    workspace_option,
)
from deskhand.errors import ProblemsError, RefusedError, UsageError

if TYPE_CHECKING:
    from deskhand.contract import Json, Operation
    from deskhand.planner import Ask, Cannot, Planned
    from deskhand.process import Processes
    from deskhand.ready import Request
    from deskhand.runs import Head
    from deskhand.workspace import Workspace


def _inputs(texts: tuple[str, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--input takes name=value, not {text!r}", mend="--input month=2026-10")
        if name.strip() in given:
            raise UsageError(f"--input {name.strip()} is given twice", mend="Give it once.")
        given[name.strip()] = value.strip()
    return given


def requested(
    workspace: Workspace,
    processes: Processes,
    what: str,
    now: str | None,
    inputs: tuple[str, ...],
    *,
    asks: bool = False,
    color: bool = False,
) -> Request:
    """The plan that WHAT stands for; a sentence is remembered, so that it can be amended. asks: a person may be given
    readings to choose from.

    Raises TurnedDown where a sentence becomes no plan.
    """
    from deskhand.cli import choosing, planning
    from deskhand.planner import Ask, Cannot, Planned
    from deskhand.planner import Request as Words
    from deskhand.process import resolve
    from deskhand.ready import Request
    from deskhand.runs import TurnedDown
    from deskhand.store import remember_sentence

    at = workspace.now(now)
    found = resolve(what, workspace, processes)
    given = _inputs(inputs)
    if found.plan is not None:
        name = found.name or (found.file.stem if found.file is not None else found.text)
        return Request(what, found.plan, name, at, given, parsed=found.parsed)
    remember_sentence(workspace.state_dir, found.text, workspace.secrets())
    proposal = planning.open_planner(workspace).plan(Words(found.text, processes, at, given))
    if isinstance(proposal, Planned):
        told = planning_record(proposal)
        return Request(what, proposal.plan, "request", at, given, sentence=found.text, planning=told)
    if isinstance(proposal, Ask):
        known = operations(workspace)
        chosen = choosing.choose(proposal, known, color=color) if asks else None
        told = planning_record(proposal, chosen)
        if chosen:
            plan = choosing.readings(proposal)[chosen - 1]
            return Request(what, plan, "request", at, given, sentence=found.text, planning=told)
        raise TurnedDown("asked", found.text, at, question=choosing.question(proposal, known), planning=told)
    if isinstance(proposal, Cannot):
        reason = "\n  ".join(filter(None, [proposal.reason, proposal.mend]))
        raise TurnedDown("refused", found.text, at, reason=reason, planning=planning_record(proposal))
    process = processes.file(proposal.name)
    parsed = process.parsed if process is not None else None
    return Request(
        what, proposal.plan, proposal.name, at, {**proposal.inputs, **given}, sentence=found.text, parsed=parsed
    )


def planning_record(proposal: Planned | Ask | Cannot, chosen: int | None = None) -> dict[str, Json]:
    """How a model made the plan, for the trace; empty where none was asked. chosen: the reading that a person took."""
    from deskhand.cli.choosing import readings
    from deskhand.plan_print import print_plan
    from deskhand.planner import Ask, Cannot

    if proposal.took is None:
        return {}
    record = proposal.took.to_json()
    if not isinstance(proposal, Cannot):
        record["probability"] = round(proposal.probability, 4)
    if isinstance(proposal, Ask):
        record["readings"] = [print_plan(plan) for plan in readings(proposal)]
    return record if chosen is None else record | {"chosen": chosen}


def wanted(workspace: Workspace, what: str | None, amend: str | None) -> str:
    """WHAT, or the sentence that it becomes with the follow-up words: those are added to WHAT, or to the last one."""
    from deskhand.store import last_sentence

    if amend is None:
        if what is None:
            raise click.MissingParameter(param_hint="WHAT", param_type="argument")
        return what
    sentence = what if what is not None else last_sentence(workspace.state_dir)
    if sentence is None:
        raise UsageError(
            "there is nothing to amend: no sentence has been planned in this workspace yet",
            mend='Say it with what shall be amended: agent run "write to all vendors" --amend "only the German ones"',
        )
    if not amend.strip():
        raise UsageError("--amend takes the words that change the request", mend='--amend "only the German ones"')
    return f"{sentence.strip().rstrip('.!?;, ')}, {amend.strip()}"


_what = click.argument("what", metavar="WHAT", required=False)
_amend = click.option(
    "--amend", metavar="WORDS", help="Plan the last sentence (or WHAT) again with these words added to it."
)


@click.command()
@_what
@_amend
@click.option("--input", "inputs", multiple=True, metavar="K=V", help="An input of the process; may be repeated.")
@click.option("--yes", is_flag=True, help="Don't show the preview and don't ask. Never stands in for an approval.")
@click.option("--edit", is_flag=True, help="Change the plan in your editor before it is checked and shown.")
@now_option
@workspace_option
@json_option
@color_option
def run(
    what: str | None,
    amend: str | None,
    inputs: tuple[str, ...],
    yes: bool,
    edit: bool,
    now: str | None,
    workspace: Path | None,
    as_json: bool,
    no_color: bool,
) -> int:
    """Run WHAT: a plan in a YAML file, a process by its name, or a sentence.

    \b
    agent run "reconcile invoices"              a sentence that is one of the processes
    agent run overdue-reminders --input grace=5
    agent run report.yaml --now 2026-10-31T18:00
    agent run report.yaml --yes --json          for another program: one JSON object
    agent run --amend "only the German ones"    the last sentence again, with more said

    Ends with 0 done, 1 failed or cancelled, 2 refused or asked (nothing changed), 3 waiting for an approval,
    4 done with exceptions, 5 in doubt.
    """
    from deskhand.cli import show
    from deskhand.ready import preview
    from deskhand.runs import Runner, TurnedDown

    opened = open_workspace(workspace)
    color = wants_color(no_color)
    asks = not yes and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    progress = None if as_json else show.Watcher(color)
    with Runner(opened, progress=progress or (lambda _: None)) as runner:
        what = wanted(opened, what, amend)
        try:
            request = requested(opened, runner.processes, what, now, inputs, asks=asks, color=color)
        except TurnedDown as turned:
            return _tell(runner.turn_down(turned, source=what), as_json, color)
        if edit:
            request = _edited(request)
        if not yes and not asks:
            raise RefusedError(
                "there is nobody to ask before running this",
                mend="Add --yes to run it without asking, or look first: agent plan …",
            )
        if asks:
            shown, stops = preview(opened, request, runner.processes)
            show.preview(shown, request.plan, operations=operations(opened), color=color)
            if stops:
                raise RefusedError("the run would stop: nothing was changed", mend="Change what the preview names.")
            if not click.confirm("Run this?", default=False):
                print("Nothing was changed.")
                return RefusedError.exit_code
        try:
            head = runner.start(request, started=_remember)
        finally:
            if progress is not None:
                progress.close()
        return _tell(head, as_json, color)


@click.command()
@_what
@_amend
@click.option("--input", "inputs", multiple=True, metavar="K=V", help="An input of the process; may be repeated.")
@click.option("--rows", is_flag=True, help="Show the rows of every query, and all of many changes.")
@now_option
@workspace_option
@json_option
@color_option
def plan(
    what: str | None,
    amend: str | None,
    inputs: tuple[str, ...],
    rows: bool,
    now: str | None,
    workspace: Path | None,
    as_json: bool,
    no_color: bool,
) -> int:
    """Show what WHAT would do: the plan, in YAML and in plain words, and every change. Writes nothing.

    \b
    agent plan overdue-reminders
    agent plan report.yaml --json
    agent plan --amend "only the German ones"
    """
    from deskhand.cli import show
    from deskhand.plan_print import print_plan
    from deskhand.process import load_processes
    from deskhand.ready import preview
    from deskhand.runs import TurnedDown
    from deskhand.words import describe

    opened = open_workspace(workspace)
    try:
        processes = load_processes(opened)
        request = requested(opened, processes, wanted(opened, what, amend), now, inputs)
    except TurnedDown as turned:
        if as_json:
            print_json(turned.to_json())
        else:
            print(turned.question or turned.reason, file=sys.stderr)
        return turned.exit_code
    steps, stops = preview(opened, request, processes)
    if as_json:
        shown: dict[str, Any] = {
            "plan": print_plan(request.plan),
            "words": list(describe(request.plan, operations(opened))),
            "preview": [step.to_json() for step in steps],
        }
        print_json(shown)
    else:
        print(print_plan(request.plan))
        show.preview(steps, request.plan, operations=operations(opened), color=wants_color(no_color), everything=rows)
    return RefusedError.exit_code if stops else 0


def operations(workspace: Workspace) -> dict[str, type[Operation]]:
    """The operations of the workspace's tools by name, for their summaries."""
    return {name: kind for tool in workspace.tool_classes.values() for name, kind in tool.operations.items()}


def _remember(run_id: str) -> None:
    session().run_id = run_id


def _tell(head: Head, as_json: bool, color: bool) -> int:
    from deskhand.cli import show

    if as_json:
        print_json(head.to_json())
    else:
        show.head(head, color=color)
    return head.exit_code


def _edited(request: Request) -> Request:
    """The request with the plan as the person left it in the editor; what it was before is kept to learn from."""
    from deskhand.plan_print import print_plan
    from deskhand.plan_yaml import parse

    before = print_plan(request.plan)
    text: str | None = before
    while True:
        text = click.edit(text, extension=".yaml", require_save=False)
        if text is None:
            raise RefusedError("the editor gave nothing back", mend="Nothing was changed.")
        parsed = parse(text, file="the edited plan")
        if parsed.plan is not None:
            break
        print(ProblemsError(parsed.problems).message, file=sys.stderr)
        if not sys.stdin.isatty() or not click.confirm("Edit it again?", default=True):
            raise ProblemsError(parsed.problems)
    if parsed.plan == request.plan:
        return request
    return replace(request, plan=parsed.plan, parsed=parsed, corrections=(*request.corrections, before))
