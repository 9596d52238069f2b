"""`agent completion SHELL`: the script that makes a shell complete agent's commands and options."""

from __future__ import annotations

import click

HOW = {
    "bash": 'add to ~/.bashrc:   eval "$(agent completion bash)"',
    "zsh": 'add to ~/.zshrc:    eval "$(agent completion zsh)"',
    "fish": "save it as          ~/.config/fish/completions/agent.fish",
}


@click.command(epilog="bash: " + HOW["bash"])
@click.argument("shell", type=click.Choice(list(HOW)))
def completion(shell: str) -> None:
    """Print the completion script of a shell: bash, zsh or fish."""
    from click.shell_completion import get_completion_class

    from deskhand.cli.group import build

    kind = get_completion_class(shell)
    assert kind is not None
    print(f"# {HOW[shell]}")
    print(kind(build(), {}, "agent", "_AGENT_COMPLETE").source())
