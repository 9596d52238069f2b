"""`agent doctor`: is everything there that deskhand needs, here and now? Each answer says what to do.

It changes nothing. The exit code is 0 where all is well or only worth knowing, 2 where something keeps
deskhand from working.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from deskhand.cli.common import (
    color_option,
    count,
    json_option,
    open_workspace,
    print_json,
    wants_color,
    workspace_option,
)
from deskhand.cli.text import clean
from deskhand.errors import DeskhandError, WorkspaceError

if TYPE_CHECKING:
    from deskhand.workspace import Workspace

# A run's journal and a report are small; below this, SQLite and workbooks begin to fail in the middle.
_FREE_BYTES = 200 * 1024 * 1024
_COLORS = {"ok": "green", "note": "yellow", "bad": "red"}


@dataclass(frozen=True)
class Finding:
    """One check: `ok`, `note` (works, but should be known) or `bad` (keeps deskhand from working)."""

    check: str
    state: Literal["ok", "note", "bad"]
    found: str
    mend: str = ""


@click.command()
@workspace_option
@json_option
@color_option
def doctor(workspace: Path | None, as_json: bool, no_color: bool) -> int:
    """Check Python, packages, time zones, the planner, the workspace, its connections, disk space and permissions."""
    findings = [_python(), *_packages(), _zones(), _planner(), *_workspace(workspace)]
    bad = sum(finding.state == "bad" for finding in findings)
    if as_json:
        print_json({"status": "problems" if bad else "ok", "checks": [asdict(finding) for finding in findings]})
    else:
        _show(findings, wants_color(no_color))
        print(f"\n{count(bad, 'thing')} to mend." if bad else "\nAll is well.")
    return 2 if bad else 0


def _show(findings: list[Finding], color: bool) -> None:
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        state = click.style(f"{finding.state:<4}", fg=_COLORS[finding.state]) if color else f"{finding.state:<4}"
        print(f"{state}  {finding.check:<{width}}  {clean(finding.found)}")
        for line in finding.mend.splitlines():
            print(f"{'':{width + 8}}{clean(line)}")


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", "ok", f"{version}, {sys.executable}")


def _packages() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, requires, version

    again = "pip install --upgrade deskhand"
    try:
        needed = requires("deskhand") or []
    except PackageNotFoundError:
        yield Finding("packages", "bad", "deskhand itself isn't installed here", "pip install deskhand")
        return
    faults = []
    wanted = [requirement for requirement in needed if "extra ==" not in requirement]
    for requirement in wanted:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            if not _fits(requirement, installed := version(name)):
                faults.append(f"{name} {installed} isn't in the range {requirement}")
        except PackageNotFoundError:
            faults.append(f"{name} is missing")
    for fault in faults:
        yield Finding("packages", "bad", fault, again)
    if not faults:
        yield Finding("packages", "ok", f"deskhand {version('deskhand')}, {count(len(wanted), 'package')} it needs")


def _fits(requirement: str, installed: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        return True  # without it only presence can be told
    return Requirement(requirement).specifier.contains(installed, prereleases=True)


def _zones() -> Finding:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo("Europe/Berlin")
    except (KeyError, OSError):
        return Finding("time zones", "bad", "the zone data is missing", "pip install tzdata")
    return Finding("time zones", "ok", "zone data found")


def _planner() -> Finding:
    """Whether sentences that are no process can be planned. Without it, processes run all the same."""
    try:
        from deskhand_models.checkpoint import read_config, shipped
        from deskhand_models.encoder import find, missing
    except ImportError as error:
        return Finding("planner", "note", f"{error.name} isn't installed", "pip install 'deskhand[planner]'")
    try:
        read_config(shipped())
        if find() is None:
            raise missing()
    except DeskhandError as error:
        return Finding("planner", "note", error.message, error.mend or "")
    return Finding("planner", "ok", "checkpoint and encoder found")


def _workspace(directory: Path | None) -> Iterator[Finding]:
    try:
        workspace = open_workspace(directory)
    except WorkspaceError as error:
        nothing_here = directory is None and error.where is None and not error.problems
        for problem in error.problems:
            yield Finding("workspace", "bad", str(replace(problem, mend="")), problem.mend)
        if not error.problems:
            place = f"{error.where}: " if error.where is not None else ""
            yield Finding("workspace", "note" if nothing_here else "bad", place + error.message, error.mend)
        yield _disk(Path.cwd())
        return
    yield Finding("workspace", "ok", f"{workspace.name} in {workspace.root}")
    if workspace.settings.timezone_given:
        yield Finding("time zone", "ok", workspace.settings.timezone)
    else:
        mend = 'Add timezone = "Europe/Berlin", say, to [workspace].'
        yield Finding("time zone", "note", "agent.toml names none, so UTC is used", mend)
    yield from _processes(workspace)
    yield from _permissions(workspace)
    yield _disk(workspace.root)
    yield from _connections(workspace)


def _processes(workspace: Workspace) -> Iterator[Finding]:
    folder = workspace.processes_dir
    found = [*folder.glob("*.yaml"), *folder.glob("*.yml")] if folder.is_dir() else []
    if found:
        yield Finding("processes", "ok", f"{count(len(found), 'process', 'processes')} in {folder}")
    else:
        yield Finding("processes", "note", f"none in {folder}", "Plans can still be run by their file: agent run FILE")


def _permissions(workspace: Workspace) -> Iterator[Finding]:
    state = workspace.state_dir
    place = state if state.is_dir() else workspace.root
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("permissions", "bad", f"{place} can't be written to", f"Make it yours: chown -R $USER {place}")
        return
    mode = stat.S_IMODE(place.stat().st_mode)
    if place == state and mode & 0o077:
        found = f"{state} can be read by other users ({mode:o}), and it holds copies of your data"
        yield Finding("permissions", "note", found, f"chmod 700 {state}")
    else:
        yield Finding("permissions", "ok", f"{place} can be written to")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GiB free"
    if free < _FREE_BYTES:
        return Finding("disk", "bad", f"only {free // 1024**2} MiB free", "Make room: runs stop when the disk is full.")
    return Finding("disk", "ok", text)


def _connections(workspace: Workspace) -> Iterator[Finding]:
    from deskhand.catalog import Catalog

    if not workspace.connections:
        yield Finding("connections", "note", "there are none", f"Add one to {workspace.file}.")
    with Catalog.open(workspace, workspace.now()) as catalog:
        for name, connection in workspace.connections.items():
            check = f"connection {name}"
            error: DeskhandError | None = catalog.error(name)
            if error is not None:
                yield Finding(check, "bad", error.message, error.mend)
            else:
                tables = count(len(catalog.table_names(name)), "table")
                yield Finding(check, "ok", f"{connection.tool}, {tables}")
