"""`agent check`: every problem of plans, each with its line, a caret under the place, and what to do.

Refuses to run anything: connections are opened to look at their tables, and nothing is written to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.cli.common import (
    color_option,
    count,
    json_option,
    now_option,
    open_workspace,
    print_json,
    wants_color,
    workspace_option,
)
from deskhand.cli.text import clean
from deskhand.errors import Problem, RefusedError, Where

if TYPE_CHECKING:
    from deskhand.plan_yaml import Parsed

_BOLD, _RED, _DIM, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
_WIDTH = 120


@dataclass(frozen=True)
class _File:
    """One file with what is wrong with it."""

    name: str
    text: str
    problems: tuple[Problem, ...]


@click.command("check", short_help="Check plans before anything happens.")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@workspace_option
@now_option
@color_option
@json_option
def check(files: tuple[str, ...], workspace: Path | None, now: str | None, no_color: bool, as_json: bool) -> int:
    """Check plans: every problem at once, with its line and what to do about it.

    FILE is a YAML file or the name of a process; without one, all processes of the workspace are checked. Exits
    with 0 where nothing is wrong, with 2 where something is.
    """
    found = list(_checked(files, workspace, now))
    if as_json:
        print_json({"status": "refused" if any(f.problems for f in found) else "ok", "files": [*map(_json, found)]})
    else:
        color = wants_color(no_color)
        for file in found:
            _show(file, color)
        if not found:
            print("There are no processes here to check; name a file.")
    return 2 if any(file.problems for file in found) else 0


def _checked(files: tuple[str, ...], directory: Path | None, now: str | None) -> Iterator[_File]:
    from deskhand.catalog import Catalog
    from deskhand.check import check as check_plan
    from deskhand.process import load_processes

    workspace = open_workspace(directory)
    processes = load_processes(workspace)
    moment = workspace.now(now)
    with Catalog.open(workspace, moment) as catalog:
        for name, parsed, problems in _plans(files, processes):
            if parsed is not None and parsed.plan is not None:
                checked = check_plan(
                    parsed.plan,
                    catalog,
                    now=moment,
                    policy=workspace.policy,
                    processes=processes,
                    parsed=parsed,
                )
                problems = (*problems, *checked.problems)
            yield _File(name, parsed.text if parsed is not None else "", problems)


def _plans(files: tuple[str, ...], processes: Any) -> Iterator[tuple[str, Parsed | None, tuple[Problem, ...]]]:
    """Each plan to check: how it is called, what was read, what is wrong with the reading."""
    from deskhand.plan_yaml import load

    if not files:
        for process in processes.found:
            yield str(process.file), process.parsed, process.problems
        return
    for text in files:
        process = processes.file(text) if not Path(text).is_file() else None
        if process is not None:
            yield str(process.file), process.parsed, process.problems
            continue
        try:
            parsed = load(Path(text))
        except RefusedError as error:
            yield text, None, (Problem("unreadable", error.message, error.mend, where=Where(text)),)
            continue
        yield text, parsed, parsed.problems


def _show(file: _File, color: bool) -> None:
    if not file.problems:
        print(f"{file.name}: ok")
        return
    lines = file.text.splitlines()
    for problem in file.problems:
        where = replace(problem.where, file=problem.where.file or file.name)
        print(f"{_paint(str(where), _BOLD, color)}: {_paint(clean(problem.message), _RED, color)}")
        if where.line is not None and where.line <= len(lines):
            for line in _source(lines[where.line - 1], where.line, where.column):
                print(_paint(line, _DIM, color))
        if problem.mend:
            print(f"  {clean(problem.mend)}")
    print(f"{file.name}: {count(len(file.problems), 'problem')}")


def _source(line: str, number: int, column: int | None) -> list[str]:
    """The line of the file, cut to what is around the column, and a caret under it."""
    start = max(0, (column or 1) - _WIDTH + 20)
    shown = "".join(letter if letter.isprintable() else " " for letter in line.rstrip())[start : start + _WIDTH]
    gutter = f"  {number} | "
    made = [gutter + shown]
    if column is not None:
        made.append(" " * (len(gutter) - 2) + "| " + " " * (column - 1 - start) + "^")
    return made


def _paint(text: str, code: str, color: bool) -> str:
    return f"{code}{text}{_PLAIN}" if color else text


def _json(file: _File) -> dict[str, Any]:
    return {"file": file.name, "problems": [p.to_json() for p in file.problems]}
