"""The click group behind `agent`: commands from the table, imported when they are used.

It refuses to know any command by itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from deskhand import __version__
from deskhand.cli import commands


class LazyGroup(click.Group):
    """Commands come from `commands.COMMANDS`; only the one that is used is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [entry.name for entry in commands.COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = commands.find(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if commands.find(name) is None and not name.startswith("-"):
            from deskhand.nearest import suggest

            known = [entry.name for entry in commands.COMMANDS]
            hint = suggest(name, known) or f"Commands: {', '.join(known)}."
            ctx.fail(f"there is no command {name!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(commands.help_text() + "\n")


def build() -> click.Group:
    """The group, with `--version`."""

    @click.group("agent", cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(__version__, prog_name="agent", message="%(prog)s %(version)s")
    def agent() -> None:
        pass

    group: Any = agent
    assert isinstance(group, click.Group)
    return group
