"""The commands of `agent`, one line each: name, where its click command is, group, summary.

To add a command, add its line here. Nothing is imported before the command is used, and `agent --help` is
made from this table alone, so this module refuses to import click.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One command. `target` is `module:attribute` of a click command; `group` is a key of GROUPS."""

    name: str
    target: str
    group: str
    summary: str


GROUPS = {
    "work": "Do work",
    "workspace": "The workspace",
    "machine": "This machine",
}

COMMANDS: tuple[Entry, ...] = (
    Entry("run", "deskhand.cli.run:run", "work", "Run a process, a plan in a file, or a sentence."),
    Entry("plan", "deskhand.cli.run:plan", "work", "Show what it would do, every change; writes nothing."),
    Entry("runs", "deskhand.cli.runs:runs", "work", "List runs; show, resume or cancel one."),
    Entry("approve", "deskhand.cli.inbox:approve", "work", "Show what waits for an approval; approve or deny it."),
    Entry("exceptions", "deskhand.cli.inbox:exceptions", "work", "The rows that couldn't be taken, with the reason."),
    Entry("check", "deskhand.cli.check:check", "work", "Check plans: every problem, with its line and what to do."),
    Entry("init", "deskhand.cli.init:init", "workspace", "Make a workspace; --demo fills one with an office's data."),
    Entry("catalog", "deskhand.cli.catalog:catalog", "workspace", "Show what the connections hold and can do."),
    Entry("traces", "deskhand.cli.traces:traces", "workspace", "What runs leave for the planner to learn from."),
    Entry("audit", "deskhand.cli.audit:audit", "workspace", "Verify that the audit log is as it was written."),
    Entry("eval", "deskhand.cli.eval:evaluate", "machine", "Put the planner through a set of requests; judge it."),
    Entry("train", "deskhand.cli.train:train", "machine", "Train the planner's model; calibrate it."),
    Entry("doctor", "deskhand.cli.doctor:doctor", "machine", "Check the installation, the workspace, its connections."),
    Entry("completion", "deskhand.cli.completion:completion", "machine", "Print the completion script of a shell."),
)

EXAMPLES = (
    ("agent init --demo demo", "a workspace with an office's data in it"),
    ("agent catalog ledger.invoices", "the columns of one table, with sample values"),
    ('agent run "reconcile invoices"', "a process of this workspace, after showing what it would do"),
    ("agent run report.yaml --yes --json", "a plan in a file, without asking, for another program"),
)

EXIT_CODES = (
    (0, "done"),
    (1, "failed or cancelled"),
    (2, "refused, asked, or problems found: nothing changed"),
    (3, "waiting for an approval"),
    (4, "done with exceptions"),
    (5, "in doubt"),
    (64, "wrong usage"),
)


def find(name: str) -> Entry | None:
    """The command of that name."""
    return next((entry for entry in COMMANDS if entry.name == name), None)


def help_text() -> str:
    """What `agent --help` prints; examples of commands that aren't there are left out."""
    lines = ["Usage: agent COMMAND [OPTIONS]", ""]
    lines += ["  An office assistant on your own machine: a sentence becomes a checked plan,", "  run once, exactly."]
    for group, title in GROUPS.items():
        members = [entry for entry in COMMANDS if entry.group == group]
        if members:
            lines += ["", f"{title}:"]
            lines += [f"  {entry.name:<12}{entry.summary}" for entry in members]
    examples = [(line, what) for line, what in EXAMPLES if find(line.split()[1])]
    width = max(len(line) for line, _ in examples)
    lines += ["", "Examples:"]
    lines += [f"  {line:<{width}}  {what}" for line, what in examples]
    lines += ["", "Exit codes:"]
    lines += [f"  {code:<4}{meaning}" for code, meaning in EXIT_CODES]
    lines += ["", "Options:", "  --version   Print the version.", "  --help      Print this."]
    lines += ["", "`agent COMMAND --help` explains one command."]
    return "\n".join(lines)
