"""`agent traces`: what each run leaves for the planner to learn from, redacted."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from deskhand.cli.common import color_option, json_option, open_workspace, print_json, wants_color, workspace_option
from deskhand.cli.text import clean, print_table


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@workspace_option
@json_option
@color_option
def traces(run_id: str | None, workspace: Path | None, as_json: bool, no_color: bool) -> int:
    """List the traces of all runs, or show one: what was asked, the plan it became, and how that ended.

    A trace holds no rows, no mails and no secrets. It lies in .deskhand/traces and may be deleted.

    \b
    agent traces
    agent traces 20261121-7f3k2 --json
    """
    from deskhand.errors import UsageError
    from deskhand.store import Store

    opened = open_workspace(workspace)
    with Store(opened.root, secrets=opened.secrets()) as store:
        if run_id is not None:
            trace = store.trace(run_id)
            if trace is None:
                raise UsageError(f"run {run_id!r} has left no trace", mend="`agent traces` lists those there are.")
            if as_json:
                print_json(asdict(trace))
            else:
                print(
                    f"Run {trace.run}: {clean(trace.sentence or trace.source)} -> {trace.status}\n\n{trace.plan}",
                    end="",
                )
            return 0
        found = list(store.traces())
    if as_json:
        print_json([asdict(trace) for trace in found])
    elif not found:
        print("No run has left a trace yet.")
    else:
        body = [
            [
                t.run,
                t.status,
                clean(t.sentence or t.source, 60),
                ", ".join(f"{n} {state}" for state, n in t.effects.items()),
            ]
            for t in reversed(found)
        ]
        print_table("Traces", ["run", "status", "asked", "effects"], body, color=wants_color(no_color))
    return 0
