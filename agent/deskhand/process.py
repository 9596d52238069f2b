"""Processes: the named plans in a workspace's `processes/` folder, and what a WHAT on the command line means.

A file that is no plan doesn't hide the others: it is kept with its problems, and only its own use fails. This
module refuses to guess: a name is a process's name or it isn't, and what a sentence means is the planner's work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deskhand.errors import Problem, ProblemsError, RefusedError, Where
from deskhand.inputs import read_inputs
from deskhand.nearest import suggest
from deskhand.plan_yaml import Parsed, load

if TYPE_CHECKING:
    from deskhand.plan import Plan
    from deskhand.workspace import Workspace

__all__ = ["Process", "Processes", "Resolved", "load_processes", "read_inputs", "resolve"]

SUFFIXES = (".yaml", ".yml")
_NOT_PROCESSES = "pages"


@dataclass(frozen=True)
class Process:
    """One file of `processes/`: `plan` is None where it has problems."""

    name: str
    file: Path
    plan: Plan | None
    problems: tuple[Problem, ...] = ()
    parsed: Parsed | None = None


class Processes(Mapping[str, "Plan"]):
    """The usable plans by name, ignoring case; `found` has the files that can't be used too.

    found: the files, or what reads them when they are first asked for: a plan in a file that calls nothing
    needn't wait for them.
    """

    def __init__(self, found: Sequence[Process] | Callable[[], Sequence[Process]] = ()) -> None:
        self._read = found if callable(found) else lambda: found

    @cached_property
    def found(self) -> tuple[Process, ...]:
        """Every file, in the order of their names."""
        return tuple(self._read())

    @cached_property
    def _plans(self) -> dict[str, Process]:
        return {p.name.casefold(): p for p in self.found if p.plan is not None}

    def __getitem__(self, name: str) -> Plan:
        plan = self._plans[name.casefold()].plan
        assert plan is not None
        return plan

    def __iter__(self) -> Iterator[str]:
        return (process.name for process in self._plans.values())

    def __len__(self) -> int:
        return len(self._plans)

    def file(self, name: str) -> Process | None:
        """The file of that process, usable or not."""
        folded = name.casefold()
        return next((p for p in self.found if p.name.casefold() == folded), None)

    @property
    def plans(self) -> Mapping[str, Plan]:
        """The usable plans by name."""
        return self

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with the files."""
        return tuple(problem for process in self.found for problem in process.problems)


def load_processes(workspace: Workspace) -> Processes:
    """Every process of the workspace, read when they are first asked for. Raises nothing for what they say."""
    return Processes(lambda: _read_all(workspace.processes_dir))


def _read_all(folder: Path) -> list[Process]:
    found = [_read(file) for file in sorted(_files(folder))]
    files: dict[str, list[Process]] = {}
    for process in found:
        files.setdefault(process.name.casefold(), []).append(process)
    return [_alone(process, files[process.name.casefold()], folder) for process in found]


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for file in folder.rglob("*"):
        parts = file.relative_to(folder).parts
        if file.suffix.lower() not in SUFFIXES or parts[0] == _NOT_PROCESSES or any(p.startswith(".") for p in parts):
            continue
        if file.is_file():
            yield file


def _read(file: Path) -> Process:
    try:
        parsed = load(file)
    except RefusedError as error:
        problem = Problem("unreadable", error.message, error.mend, where=Where(str(file)))
        return Process(file.stem, file, None, (problem,))
    if parsed.plan is None:
        return Process(_said_name(file) or file.stem, file, None, parsed.problems, parsed)
    return Process(parsed.plan.process or file.stem, file, parsed.plan, parsed=parsed)


def _said_name(file: Path) -> str | None:
    """The name that a broken file gives itself, as far as it can be told."""
    match = re.search(r"^process:[ \t]*([A-Za-z0-9][A-Za-z0-9_-]*)[ \t]*(?:#.*)?$", file.read_text("utf-8-sig"), re.M)
    return match[1] if match else None


def _alone(process: Process, same: Sequence[Process], folder: Path) -> Process:
    """The process itself, or one that can't be used where another file has its name."""
    if len(same) == 1:
        return process
    others = " and ".join(str(p.file.relative_to(folder)) for p in same)
    where = process.parsed.where(("process",)) if process.parsed is not None else Where(str(process.file))
    problem = Problem(
        "duplicate-process",
        f"{len(same)} files are the process {process.name!r}: {others}",
        "Give each its own `process:`, or remove one.",
        ("process",),
        where,
    )
    return Process(process.name, process.file, None, (*process.problems, problem), process.parsed)


# ---------------------------------------------------------------- what WHAT means


@dataclass(frozen=True)
class Resolved:
    """What WHAT is. A file and a process have a `plan`; a sentence has none, and is for the planner.

    name: the process's name, None for a sentence or a file that names none. parsed: the file's places.
    """

    kind: Literal["file", "process", "sentence"]
    text: str
    name: str | None = None
    plan: Plan | None = None
    file: Path | None = None
    parsed: Parsed | None = None


def resolve(what: str, workspace: Workspace, processes: Processes | None = None) -> Resolved:
    """A path to a YAML file if one exists, else a process's name, else a sentence.

    Raises ProblemsError where that file or process has problems, RefusedError where the text is empty or
    plainly means a file that isn't there.
    """
    text = what.strip()
    if not text:
        raise RefusedError("there is nothing to run", mend='Name a file, a process, or say it: "reconcile invoices".')
    processes = processes if processes is not None else load_processes(workspace)
    path = Path(what)
    plainly = path.suffix.lower() in SUFFIXES
    if _is_file(path) and (plainly or (not re.search(r"\s", text) and processes.file(text) is None)):
        parsed = load(path)
        if parsed.plan is None:
            raise ProblemsError(parsed.problems, what=str(path))
        return Resolved("file", text, parsed.plan.process, parsed.plan, path, parsed)
    if (process := processes.file(text)) is not None:
        if process.plan is None:
            raise ProblemsError(process.problems, what=f"process {process.name}")
        return Resolved("process", text, process.name, process.plan, process.file, process.parsed)
    if plainly:
        hint = suggest(path.stem, processes)
        raise RefusedError(f"there is no file {what}", mend=hint or "Check the path, or name a process.")
    return Resolved("sentence", text)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a sentence may be longer than a file's name can be
        return False
