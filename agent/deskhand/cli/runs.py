"""`agent runs`: what ran, how it stands, and going on with it or giving it up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deskhand.cli.common import (
    color_option,
    json_option,
    open_workspace,
    print_json,
    session,
    wants_color,
    workspace_option,
)

if TYPE_CHECKING:
    from deskhand.runs import Head


@click.group(invoke_without_command=True)
@click.option("--limit", default=20, show_default=True, help="How many to list.")
@click.option("--status", help="Only runs with this status.")
@workspace_option
@json_option
@color_option
@click.pass_context
def runs(
    context: click.Context, limit: int, status: str | None, workspace: Path | None, as_json: bool, no_color: bool
) -> int:
    """List runs, newest first; `show`, `resume` and `cancel` take a run's id.

    \b
    agent runs --status waiting
    agent runs show 20261121-7f3k2
    agent runs resume 20261121-7f3k2
    """
    if context.invoked_subcommand is not None:
        return 0
    from deskhand.cli import show
    from deskhand.errors import UsageError
    from deskhand.runs import EXIT_CODES, Runner

    if status is not None and status not in EXIT_CODES:
        raise UsageError(f"there is no status {status!r}", mend=f"One of {', '.join(EXIT_CODES)}.")
    with Runner(open_workspace(workspace)) as runner:
        heads = runner.heads(limit=limit, status=status)
        if as_json:
            print_json([head.to_json() for head in heads])
        else:
            show.heads(heads, color=wants_color(no_color))
    return 0


@runs.command("show")
@click.argument("run_id")
@workspace_option
@json_option
@color_option
def show_run(run_id: str, workspace: Path | None, as_json: bool, no_color: bool) -> int:
    """Show one run: its plan, its effects with their states, its exceptions and what it waits for."""
    from deskhand.cli import show
    from deskhand.runs import Runner

    with Runner(open_workspace(workspace)) as runner:
        head = runner.head(run_id)
        if as_json:
            print_json(head.to_json())
        else:
            show.details(runner, head, color=wants_color(no_color))
    return 0


@runs.command()
@click.argument("run_id")
@workspace_option
@json_option
@color_option
def resume(run_id: str, workspace: Path | None, as_json: bool, no_color: bool) -> int:
    """Go on with a run that was interrupted, failed, waits or is in doubt; nothing done is done again."""
    from deskhand.cli import show
    from deskhand.runs import Runner

    color = wants_color(no_color)
    progress = None if as_json else show.Watcher(color)
    with Runner(open_workspace(workspace), progress=progress or (lambda _: None)) as runner:
        session().run_id = run_id
        try:
            head = runner.resume(run_id)
        finally:
            if progress is not None:
                progress.close()
        return tell(head, as_json, color)


@runs.command()
@click.argument("run_id")
@workspace_option
@json_option
@color_option
def cancel(run_id: str, workspace: Path | None, as_json: bool, no_color: bool) -> int:
    """Cancel a run: one at work stops before its next batch of effects, any other is over at once."""
    from deskhand.runs import Runner

    with Runner(open_workspace(workspace)) as runner:
        tell(runner.cancel(run_id), as_json, wants_color(no_color))
    return 0


def tell(head: Head, as_json: bool, color: bool) -> int:
    """Print how a run stands; its exit code."""
    from deskhand.cli import show

    if as_json:
        print_json(head.to_json())
    else:
        show.head(head, color=color)
    return head.exit_code
