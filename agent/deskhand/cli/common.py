"""What commands share: the options that several have, the session they run in, and how they print.

A command returns its exit code (None is 0) and raises DeskhandError for everything that it has to tell; only
`main` turns an error into text and a code. This module refuses to import rich, pydantic and anything that
runs plans.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from deskhand.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Session:
    """One call of `agent`, as far as `main` has to know of it when something goes wrong.

    A command that starts or resumes a run sets `run_id`, so that an interruption can say how to go on.
    """

    directory: Path | None = None
    workspace: Workspace | None = None
    run_id: str | None = None


def session() -> Session:
    """The session of this call."""
    return click.get_current_context().ensure_object(Session)


def open_workspace(directory: Path | None) -> Workspace:
    """The workspace that `--workspace` names, else the one here or nearest above."""
    from deskhand.workspace import Workspace

    current = session()
    current.directory = directory
    current.workspace = Workspace.load(directory) if directory is not None else Workspace.find()
    return current.workspace


# ---------------------------------------------------------------- options


def workspace_option(command: F) -> F:
    """`--workspace DIR`, as the parameter `workspace: Path | None`."""
    return click.option(
        "--workspace",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="The workspace's folder [default: here or the nearest above].",
    )(command)


def json_option(command: F) -> F:
    """`--json`, as the parameter `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")(command)


def color_option(command: F) -> F:
    """`--no-color`, as the parameter `no_color: bool`."""
    return click.option("--no-color", is_flag=True, help="Print without colours; NO_COLOR does the same.")(command)


def now_option(command: F) -> F:
    """`--now ISO`, as the parameter `now: str | None`, for `Workspace.now`."""
    return click.option(
        "--now", metavar="ISO", help="The logical time, 2026-03-12T09:00 [default: the clock]; the workspace's zone."
    )(command)


# ---------------------------------------------------------------- printing


def json_value(value: Any) -> Any:
    """Money as text, dates in ISO form; for `json.dumps(default=…)`."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} can't be printed as JSON")


_STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that steer a terminal or turn a text around; JSON leaves them as they are."""


def print_json(value: Any) -> None:
    """Print one JSON object, the whole of a command's standard output under `--json`."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=json_value)
    print(_STEERING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))


def wants_color(no_color: bool) -> bool:
    """Whether to print colours: on a terminal, unless NO_COLOR, `--no-color` or a dumb terminal says no."""
    plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 row`, `2 rows`, `1,204 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
