"""`agent approve` and `agent exceptions`: what waits for a person."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deskhand.cli.common import color_option, json_option, open_workspace, print_json, wants_color, workspace_option
from deskhand.errors import RefusedError

if TYPE_CHECKING:
    from deskhand.store import Approval


@click.command()
@click.argument("run_id", required=False)
@click.option("--as", "who", metavar="NAME", help="Who approves [default: the name you are logged in with].")
@click.option("--no", "denied", is_flag=True, help="Deny it: the run is cancelled.")
@click.option("--note", default="", help="Why; kept with the decision.")
@click.option("--yes", is_flag=True, help="Don't ask again.")
@workspace_option
@json_option
@color_option
def approve(
    run_id: str | None,
    who: str | None,
    denied: bool,
    note: str,
    yes: bool,
    workspace: Path | None,
    as_json: bool,
    no_color: bool,
) -> int:
    """Show what waits for an approval; with RUN_ID, approve it (or deny it) and go on with the run.

    An approval holds for exactly the rows that were shown: other rows need a new one. At a terminal the rows are
    shown and you are asked; elsewhere the command itself is the decision.

    \b
    agent approve                          what waits
    agent approve 20261121-7f3k2 --as controller
    agent approve 20261121-7f3k2 --no --note "amounts look wrong"
    """
    from deskhand.cli import show
    from deskhand.cli.runs import tell
    from deskhand.runs import Runner

    color = wants_color(no_color)
    with Runner(open_workspace(workspace)) as runner:
        if run_id is None:
            waiting = runner.store.pending_approvals()
            if as_json:
                print_json([show.approval_json(a) for a in waiting])
            else:
                show.approvals(waiting, color=color)
            return 0
        run = runner.store.run(run_id)
        family = runner.family(run.id)
        waiting = [a for one in family for a in runner.store.pending_approvals(one)]
        if not waiting:
            raise RefusedError(
                f"run {run_id} is {run.status} and waits for no approval", mend="agent approve lists them."
            )
        if not as_json:
            show.approvals(waiting, color=color)
            for approval in waiting:
                show.approval_rows(runner, approval, color=color)
        # Typing the command is the decision; at a terminal one is asked once more, with the rows in sight.
        asks = not yes and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
        if asks and not click.confirm("Deny this?" if denied else "Approve exactly these rows?", default=False):
            print("Nothing was decided.")
            return RefusedError.exit_code
        for approval in waiting:
            name, said = _who(approval, who, note)
            runner.store.decide(approval.run, approval.path, approval.digest, name, not denied, said)
        return tell(runner.resume(run_id), as_json, color)


def _who(approval: Approval, named: str | None, note: str) -> tuple[str, str]:
    """Who decides, and the note that is kept.

    The command line can't prove who types. Without `--as` it is the name one is logged in with; where somebody
    else was asked, alone, it is that one. The note says who typed it wherever that is another name.
    """
    try:
        login = getpass.getuser()
    except (OSError, KeyError):  # a machine that knows no users
        login = "somebody"
    name = named or login
    if named is None and approval.by and login.casefold() not in {by.casefold() for by in approval.by}:
        if approval.two or len(approval.by) > 1:
            raise RefusedError(
                f"this was asked of {' and '.join(approval.by)}, and you are logged in as {login}",
                mend=f"Say who approves: --as {approval.by[0]}",
            )
        name = approval.by[0]
    return name, note if name.casefold() == login.casefold() else f"{note} (typed by {login})".strip()


@click.group(invoke_without_command=True)
@click.option("--run", "run_id", help="Only those of one run.")
@click.option("--all", "everything", is_flag=True, help="Dismissed and retried ones too.")
@workspace_option
@json_option
@color_option
@click.pass_context
def exceptions(
    context: click.Context,
    run_id: str | None,
    everything: bool,
    workspace: Path | None,
    as_json: bool,
    no_color: bool,
) -> int:
    """List the exception inbox: rows that couldn't be taken for a business reason, with the reason.

    \b
    agent exceptions --run 20261121-7f3k2
    agent exceptions dismiss 17 --note "vendor is closed"
    """
    if context.invoked_subcommand is not None:
        return 0
    from deskhand.cli import show
    from deskhand.runs import Runner

    with Runner(open_workspace(workspace)) as runner:
        found = runner.store.exceptions(run_id, state=None if everything else "open")
        if as_json:
            print_json([show.exception_json(e) for e in found])
        else:
            show.exceptions(found, color=wants_color(no_color))
    return 0


@exceptions.command()
@click.argument("number", type=int)
@click.option("--note", default="", help="Why it needs nothing further.")
@workspace_option
def dismiss(number: int, note: str, workspace: Path | None) -> int:
    """Take an exception out of the inbox: it needs nothing further."""
    from deskhand.runs import Runner

    with Runner(open_workspace(workspace)) as runner:
        done = runner.store.settle_exception(number, "dismissed", note)
    print(f"Exception {done.id} of run {done.run} is dismissed.")
    return 0
