"""The workspace: a folder with agent.toml, and what this office is connected to.

    workspace = Workspace.find(None)              # here, or the nearest above
    with workspace.open_tool("ledger", workspace.now()) as tool:
        tool.tables()

Loading checks agent.toml wholly, each connection's settings by its tool's own `Config` included; secrets are
looked up when a tool is opened, not before.

This module refuses to know any particular tool (they are found by the entry points `deskhand.tools`), to
read data, and to write anything but folders under `.deskhand/`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from deskhand.errors import DeskhandError, Problem, UnavailableError, UsageError, WorkspaceError
from deskhand.nearest import suggest
from deskhand.secret import is_secret_key, known_secrets, mask, references, resolve
from deskhand.settings import FILE_NAME, PolicyRule, Settings, raise_problems, read_settings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from importlib.resources.abc import Traversable

    from pydantic import BaseModel, ValidationError

    from deskhand.contract import Tool

__all__ = ["FILE_NAME", "Connection", "PolicyRule", "Workspace", "find_root", "installed_tools", "shipped_processes"]

STATE_DIR = ".deskhand"
TOOLS_GROUP = "deskhand.tools"


@dataclass(frozen=True)
class Connection:
    """One connection: its settings as written, references unresolved, and the class of its tool."""

    name: str
    tool: str
    values: Mapping[str, Any]
    tool_class: type[Tool]


class Workspace:
    """A loaded workspace. It holds no open files; `open_tool` gives tools that the caller closes."""

    def __init__(self, root: Path, settings: Settings, connections: Mapping[str, Connection]) -> None:
        self.root = root
        self.settings = settings
        self.name = settings.name
        self.zone = ZoneInfo(settings.timezone)
        self.connections = connections
        self.policy: Mapping[str, PolicyRule] = settings.policy
        self.model = settings.model

    @classmethod
    def find(cls, start: Path | None = None, *, tools: Mapping[str, type[Tool]] | None = None) -> Workspace:
        """The workspace here (or at `start`), or the nearest above. Raises WorkspaceError where there is none."""
        begin = (start or Path.cwd()).resolve()
        root = find_root(begin)
        if root is None:
            raise WorkspaceError(
                f"there is no workspace here: no {FILE_NAME} in {begin} or above it",
                mend="Make one with `agent init DIR`, or name one with --workspace DIR.",
            )
        return cls.load(root, tools=tools)

    @classmethod
    def load(cls, directory: Path, *, tools: Mapping[str, type[Tool]] | None = None) -> Workspace:
        """The workspace in this folder.

        `tools` are used before the installed ones, by name; tests hand in their fakes with it.
        Raises WorkspaceError with every problem of agent.toml, each with its line.
        """
        directory = directory.parent if directory.name == FILE_NAME else directory
        file = directory / FILE_NAME
        if not file.is_file():
            what = "there is no such folder" if not directory.is_dir() else f"it holds no {FILE_NAME}"
            raise WorkspaceError(
                f"{directory} isn't a workspace: {what}", mend=f"Make one with `agent init {directory}`."
            )
        settings, problems = read_settings(file)
        connections = _connections(settings, tools or {}, problems)
        broken = {settings.connections[name].tool for name in settings.connections.keys() - connections.keys()}
        problems += _policy_problems(settings, tools or {}, broken)
        raise_problems(problems, file)
        return cls(directory.resolve(), settings, MappingProxyType(connections))

    # ------------------------------------------------------------ places

    @property
    def file(self) -> Path:
        """agent.toml."""
        return self.root / FILE_NAME

    @property
    def processes_dir(self) -> Path:
        """The folder of this workspace's processes; it may be missing."""
        return self.root / "processes"

    @property
    def state_dir(self) -> Path:
        """`.deskhand/`: runs, ledger, caches, traces. May be missing until `make_state_dir`."""
        return self.root / STATE_DIR

    @property
    def cache_dir(self) -> Path:
        """Derived data, safe to delete."""
        return self.state_dir / "cache"

    def make_state_dir(self) -> Path:
        """`.deskhand/`, made where missing: readable by its owner only, and ignored by git."""
        marker = self.state_dir / ".gitignore"
        if not marker.exists():
            self.state_dir.mkdir(mode=0o700, exist_ok=True)
            self.state_dir.chmod(0o700)
            marker.write_text("*\n", encoding="utf-8")
        return self.state_dir

    def files_root(self) -> Path | None:
        """The folder of the spreadsheet connection (the one named `files`, else the first); None without one.

        All paths in plans are relative to it.
        """
        sheets = [c for c in self.connections.values() if c.tool == "spreadsheet"]
        if not sheets:
            return None
        chosen = next((c for c in sheets if c.name.casefold() == "files"), sheets[0])
        folder = getattr(self.config(chosen.name), "folder", None)
        return None if folder is None else self.root / Path(folder)

    # ------------------------------------------------------------ connections

    @property
    def tool_classes(self) -> Mapping[str, type[Tool]]:
        """The class of each connection's tool, by the connection's name."""
        return {name: connection.tool_class for name, connection in self.connections.items()}

    def connection(self, name: str) -> Connection:
        """The connection of that name, ignoring case. Raises WorkspaceError with the nearest right name."""
        folded = name.casefold()
        for connection in self.connections.values():
            if connection.name.casefold() == folded:
                return connection
        known = ", ".join(self.connections) or "none"
        raise WorkspaceError(
            f"there is no connection {name!r}", mend=suggest(name, self.connections) or f"There are: {known}."
        )

    def config(self, name: str) -> BaseModel:
        """A connection's settings with its secrets. Raises WorkspaceError for a missing one, or a wrong one."""
        connection = self.connection(name)
        values = resolve(dict(connection.values), where=f"connection {connection.name}")
        problems: list[Problem] = []
        config = _validate(connection, values, self.settings, problems, resolved=True)
        raise_problems(problems, self.settings.file)
        assert config is not None
        return config

    def open_tool(self, name: str, now: dt.datetime) -> Tool:
        """Open a connection's tool; the caller closes it.

        `now` is the run's logical time, naive, in the workspace's zone. Raises WorkspaceError for a missing
        secret, and whatever DeskhandError the tool has for a source that can't be opened.
        """
        from deskhand.contract import ToolContext

        connection = self.connection(name)
        config = self.config(connection.name)
        folder = self.cache_dir / "tools" / connection.name
        context = ToolContext(
            connection=connection.name,
            root=self.root,
            files=self.files_root(),
            cache=folder,
            zone=self.zone,
            now=now,
        )
        try:
            self.make_state_dir()
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            pass  # a read-only workspace can still be read; the tool does without its cache
        try:
            return connection.tool_class(config, context)
        except DeskhandError:
            raise
        except Exception as error:
            reason = mask(f"{type(error).__name__}: {error}", self.secrets())
            raise UnavailableError(
                f"connection {connection.name} can't be opened: {reason}",
                mend=f"Check [connections.{connection.name}] in {self.settings.file}.",
            ) from error

    def digest(self, name: str) -> str:
        """Changes whenever a connection's settings do: what they say, and what they point to, secrets aside.

        Raises WorkspaceError for a reference that can't be resolved.
        """
        connection = self.connection(name)
        values = dict(connection.values)
        plain = {key: value for key, value in values.items() if not is_secret_key(key)}
        target = json.dumps(resolve(plain, where=f"connection {connection.name}"), default=str)
        said = json.dumps([values, self.settings.timezone], default=str)
        module = connection.tool_class.__module__
        parts = "\0".join((str(self.root), module, said, mask(target, known_secrets(values))))
        return hashlib.sha256(parts.encode()).hexdigest()[:32]

    def secrets(self) -> frozenset[str]:
        """The secrets that agent.toml points to, as far as they are there: for masking them in texts."""
        values = {name: dict(c.values) for name, c in self.connections.items()}
        return frozenset(known_secrets(values))

    # ------------------------------------------------------------ time

    def now(self, text: str | None = None) -> dt.datetime:
        """The logical time of `--now`, or the wall clock's: naive, in the workspace's zone.

        A time without a zone is the workspace's, one with a zone is converted, a date alone is its midnight.
        Raises UsageError for anything that isn't ISO 8601.
        """
        if text is None:
            return dt.datetime.now(self.zone).replace(tzinfo=None, microsecond=0)
        try:
            given = dt.datetime.fromisoformat(text.strip())
            return given if given.tzinfo is None else given.astimezone(self.zone).replace(tzinfo=None)
        except (ValueError, OverflowError):
            raise UsageError(
                f"--now {text!r} is no time", mend="Write it as 2026-03-12T09:00, with +01:00 or Z for another zone."
            ) from None


def find_root(start: Path) -> Path | None:
    """The folder here or nearest above that holds agent.toml; None where there is none. Reads no file."""
    return next((folder for folder in (start, *start.parents) if (folder / FILE_NAME).is_file()), None)


@cache
def installed_tools() -> Mapping[str, EntryPoint]:
    """The tools that are installed, by the name that `tool = "…"` uses. None of them is imported."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=TOOLS_GROUP)}


def shipped_processes() -> list[Traversable]:
    """The processes that come with deskhand, by file name: from the wheel, or from the source tree."""
    from importlib.resources import files

    folder: Traversable = files("deskhand") / "_processes"
    if not folder.is_dir():
        folder = Path(__file__).resolve().parents[2] / "processes"
    if not folder.is_dir():
        return []
    found = [file for file in folder.iterdir() if file.name.endswith((".yaml", ".yml")) and file.is_file()]
    return sorted(found, key=lambda file: file.name)


def _tool_class(name: str, tools: Mapping[str, type[Tool]]) -> type[Tool]:
    """Raises WorkspaceError for a tool that isn't installed or can't be imported."""
    if name in tools:
        return tools[name]
    known = installed_tools()
    if name not in known:
        names = sorted({*tools, *known})
        raise WorkspaceError(
            f"no tool {name!r} is installed", mend=suggest(name, names) or f"Installed: {', '.join(names)}."
        )
    try:
        found: type[Tool] = known[name].load()
    except (ImportError, AttributeError) as error:
        raise WorkspaceError(
            f"the tool {name!r} is installed but can't be loaded: {error}",
            mend="Install its package again, with what it needs.",
        ) from error
    return found


def _connections(settings: Settings, tools: Mapping[str, type[Tool]], problems: list[Problem]) -> dict[str, Connection]:
    connections: dict[str, Connection] = {}
    for name, said in settings.connections.items():
        path = ("connections", name)
        try:
            tool_class = _tool_class(said.tool, tools)
        except WorkspaceError as error:
            where = settings.where(*path, "tool")
            problems.append(Problem("unknown-tool", error.message, error.mend, (*path, "tool"), where))
            continue
        connection = Connection(name, said.tool, said.values, tool_class)
        _validate(connection, dict(said.values), settings, problems, resolved=False)
        connections[name] = connection
    return connections


def _validate(
    connection: Connection,
    values: dict[str, Any],
    settings: Settings,
    problems: list[Problem],
    *,
    resolved: bool,
) -> BaseModel | None:
    """The tool's own reading of its settings. While references are unresolved, faults at them don't count."""
    from pydantic import ValidationError

    model = connection.tool_class.Config
    path = ("connections", connection.name)
    if model.model_config.get("extra") != "allow":
        known = _known_keys(model)
        for key in [key for key in values if key not in known]:
            del values[key]
            mend = suggest(key, known) or f"Known here: tool, {', '.join(known)}."
            message = f"[connections.{connection.name}] knows no {key!r}: tool {connection.tool!r} doesn't use it"
            problems.append(Problem("unknown-key", message, mend, (*path, key), settings.where(*path, key)))
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems += _setting_problems(error, connection, settings, resolved)
    except DeskhandError as error:
        problems.append(Problem("bad-setting", error.message, error.mend, path, settings.where(*path)))
    return None


def _known_keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _setting_problems(
    error: ValidationError, connection: Connection, settings: Settings, resolved: bool
) -> list[Problem]:
    problems = []
    for fault in error.errors(include_url=False, include_input=True, include_context=False):
        place = tuple(str(part) for part in fault["loc"])
        if not resolved and references(fault["input"]) and fault["type"] != "missing":
            continue
        path = ("connections", connection.name, *place)
        setting = f"[connections.{connection.name}] {'.'.join(place)}".rstrip()
        if fault["type"] == "missing":
            message, mend = f"[connections.{connection.name}] lacks {place[-1]}", f'Add {place[-1]} = "…".'
        else:
            said = fault["msg"].removeprefix("Value error, ")
            message, mend = f"{setting}: {mask(said, known_secrets(dict(connection.values)))}", ""
        problems.append(Problem("bad-setting", message, mend, path, settings.where(*path)))
    return problems


def _policy_problems(settings: Settings, tools: Mapping[str, type[Tool]], broken: set[str]) -> list[Problem]:
    """A policy for an operation that isn't there would protect nothing: it is refused.

    `broken` are tools whose own problem is known already.
    """
    problems: list[Problem] = []
    for operation in settings.policy:
        path = ("policy", operation)
        tool = operation.partition(".")[0]
        if tool in broken:
            continue
        try:
            known = _tool_class(tool, tools).operations
        except WorkspaceError as error:
            problems.append(Problem("bad-policy", error.message, error.mend, path, settings.where(*path)))
            continue
        if operation not in known:
            mend = suggest(operation, known) or f"Operations: {', '.join(sorted(known))}."
            message = f"there is no operation {operation!r} for this policy"
            problems.append(Problem("bad-policy", message, mend, path, settings.where(*path)))
    return problems
