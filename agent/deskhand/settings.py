"""What agent.toml says, read and checked on its own: names, keys, types, secrets, with the line of each fault.

Connections' own settings are only looked over here (a tool, no secret written out); the tool's `Config`
checks the rest when the workspace is loaded.

This module refuses to import a tool, to open a connection and to resolve a secret.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from deskhand.errors import Problem, Where, WorkspaceError
from deskhand.nearest import suggest
from deskhand.secret import literal_secret, reference_fault

FILE_NAME = "agent.toml"
_SECTIONS = ("workspace", "connections", "planner", "policy", "engine")
_WORKSPACE_KEYS = ("name", "timezone")
_PLANNER_KEYS = ("model", "base_url", "api_key", "timeout", "retries", "temperature", "max_tokens")
_POLICY_KEYS = ("max_rows", "recipients", "approve_when")
_ENGINE_KEYS = ("url",)
_NOT_A_CONNECTION = frozenset({"main", "temp", "system", "memory", "information_schema", "pg_catalog"})
_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[\s*({_DOTTED})\s*\]\s*(?:#.*)?\Z")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")

KeyPath = tuple[str, ...]


@dataclass(frozen=True)
class ConnectionSettings:
    """One `[connections.<name>]`: its tool's name, and the tool's own settings with references unresolved."""

    name: str
    tool: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class PolicyRule:
    """One `[policy."<operation>"]`: limits that hold for every plan.

    max_rows: the most effects that one act may have. recipients: patterns (`*@acme.example`) or columns
    (`ledger.vendors.email`) that addresses must come from. approve_when: a condition in SQL over the act's
    rows, as text.
    """

    operation: str
    max_rows: int | None = None
    recipients: tuple[str, ...] | None = None
    approve_when: str | None = None


@dataclass(frozen=True)
class Settings:
    """agent.toml, read. `lines` finds the line of a key for error messages.

    planner: [planner] as written, references to secrets unresolved; model: its `model`.
    """

    file: Path
    name: str
    timezone: str
    connections: Mapping[str, ConnectionSettings]
    policy: Mapping[str, PolicyRule]
    model: str
    planner: Mapping[str, Any] = field(default_factory=dict, repr=False)
    timezone_given: bool = True
    lines: Mapping[KeyPath, int] = field(default_factory=dict, repr=False)

    def where(self, *path: str) -> Where:
        """The place of a key in the file, or of the nearest thing around it that has a line."""
        return _where(self.file, self.lines, path)


def read_settings(file: Path) -> tuple[Settings, list[Problem]]:
    """Read agent.toml: what it says, and everything that is wrong with it.

    Where there are problems, the settings are only good for finding more. Raises WorkspaceError for a file
    that can't be read or isn't TOML.
    """
    data, lines = _parse(file)
    reader = _Reader(file, data, lines)
    return reader.read(), reader.problems


def raise_problems(problems: list[Problem], file: Path) -> None:
    """Raise them as one WorkspaceError, if there are any, in the order of their lines."""
    if not problems:
        return
    problems = sorted(problems, key=lambda problem: problem.where.line or 0)
    if len(problems) == 1:
        only = problems[0]
        raise WorkspaceError(only.message, mend=only.mend, where=only.where, problems=problems)
    listed = "\n".join(str(p) for p in problems)
    raise WorkspaceError(f"{file} has {len(problems)} problems:\n{listed}", problems=problems)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) on which each table and key of a TOML text begins, as far as it can be told."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if closing is not None:
            if closing in line:
                closing = None
            continue
        if match := _HEADER.match(line):
            table = _split_key(match[1])
            lines.setdefault(table, number)
        elif match := _ASSIGNMENT.match(line):
            lines.setdefault(table + _split_key(match[1]), number)
            value = line[match.end() :]
            closing = next((q for q in ('"""', "'''") if value.count(q) % 2), None)
    return lines


def _split_key(dotted: str) -> KeyPath:
    keys: list[str] = []
    inner: Any = tomllib.loads(f"{dotted} = 0")
    while isinstance(inner, dict):
        key, inner = next(iter(inner.items()))
        keys.append(key)
    return tuple(keys)


def _where(file: Path, lines: Mapping[KeyPath, int], path: KeyPath) -> Where:
    """The line of a key; of the first thing inside it where it has none of its own; else of what is around."""
    while path:
        inside = [line for key, line in lines.items() if key[: len(path)] == path]
        if inside:
            return Where(file=str(file), line=lines.get(path, min(inside)))
        path = path[:-1]
    return Where(file=str(file))


def _parse(file: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkspaceError(f"{file} isn't UTF-8 text (byte {error.start + 1})", mend="Save it as UTF-8.") from None
    except OSError as error:
        raise WorkspaceError(
            f"{file} can't be read: {error.strerror or error}", mend="Check that it is a file you may read."
        ) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)", message)
        line = int(place[1]) if place and place[1] else len(text.splitlines()) or 1
        column = int(place[2]) if place and place[2] else None
        raise WorkspaceError(
            f"this isn't TOML: {message[: place.start()] if place else message}",
            mend="Texts stand in quotes, tables in [brackets], each key once.",
            where=Where(file=str(file), line=line, column=column),
        ) from None
    return data, key_lines(text)


class _Reader:
    """Goes through the parsed file once and collects every problem."""

    def __init__(self, file: Path, data: dict[str, Any], lines: Mapping[KeyPath, int]) -> None:
        self.file = file
        self.data = data
        self.lines = lines
        self.problems: list[Problem] = []

    def read(self) -> Settings:
        self.unknown_keys((), self.data, _SECTIONS)
        workspace = self.table("workspace", _WORKSPACE_KEYS)
        planner = self.table("planner", _PLANNER_KEYS)
        engine = self.table("engine", _ENGINE_KEYS)
        if "workspace" not in self.data:
            self.problem("missing", "[workspace] is missing", 'Begin with:\n[workspace]\nname = "acme"', ())
        if "url" in engine:
            self.engine_url(engine["url"])
        return Settings(
            file=self.file,
            name=self.text(workspace, "workspace", "name", self.file.resolve().parent.name),
            timezone=self.timezone(workspace),
            timezone_given="timezone" in workspace,
            connections=MappingProxyType(dict(self.connections())),
            policy=MappingProxyType(dict(self.policy())),
            model=self.text(planner, "planner", "model", "local"),
            planner=MappingProxyType(dict(planner)),
            lines=self.lines,
        )

    def problem(self, code: str, message: str, mend: str, path: KeyPath) -> None:
        where = _where(self.file, self.lines, path)
        self.problems.append(Problem(code, message, mend=mend, path=path, where=where))

    def unknown_keys(self, path: KeyPath, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        title = f"[{'.'.join(path)}]" if path else "agent.toml"
        for key in table:
            if key not in known:
                mend = suggest(key, known) or f"Known here: {', '.join(known)}."
                self.problem("unknown-key", f"{title} knows no {key!r}", mend, (*path, key))

    def table(self, name: str, keys: tuple[str, ...] | None) -> Mapping[str, Any]:
        found = self.data.get(name, {})
        if not isinstance(found, dict):
            self.problem("wrong-type", f"{name} must be a table", f"Write [{name}].", (name,))
            return {}
        if keys is not None:
            self.unknown_keys((name,), found, keys)
            for key, value in found.items():
                self.look_for_secrets((name, key), value)
        return found

    def text(self, table: Mapping[str, Any], section: str, key: str, default: str) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or not value.strip():
            self.problem("wrong-type", f"{section}.{key} must be a text", f'Write {key} = "…".', (section, key))
            return default
        return value

    def timezone(self, workspace: Mapping[str, Any]) -> str:
        name = self.text(workspace, "workspace", "timezone", "UTC")
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            mend = suggest(name, available_timezones()) or 'Names look like "Europe/Berlin".'
            self.problem("unknown-timezone", f"there is no time zone {name!r}", mend, ("workspace", "timezone"))
            return "UTC"
        return name

    def engine_url(self, url: Any) -> None:
        self.problem(
            "unsupported-engine",
            "[engine] url can't be chosen yet: the state of runs is kept in SQLite, in .deskhand/ here",
            "Take [engine] out of agent.toml.",
            ("engine", "url"),
        )
        self.look_for_secrets(("engine", "url"), url)

    def connections(self) -> Iterator[tuple[str, ConnectionSettings]]:
        seen: dict[str, str] = {}
        for name, values in self.table("connections", None).items():
            path = ("connections", name)
            if fault := connection_name_fault(name):
                mend = "Use letters, digits and _, beginning with a letter, and no word of SQL."
                self.problem("bad-name", fault, mend, path)
            if (folded := name.casefold()) in seen:
                self.problem(
                    "twice",
                    f"connections {seen[folded]!r} and {name!r} differ only in case",
                    "Names are the same to SQL whatever their case: rename one.",
                    path,
                )
            seen[folded] = name
            if not isinstance(values, dict):
                self.problem("wrong-type", f"connections.{name} must be a table", f"Write [connections.{name}].", path)
                continue
            for key, value in values.items():
                self.look_for_secrets((*path, key), value)
            tool = values.get("tool")
            if not isinstance(tool, str) or not tool:
                self.problem(
                    "missing", f"connection {name} doesn't say its tool", 'Write tool = "database", for one.', path
                )
                continue
            own = {key: value for key, value in values.items() if key != "tool"}
            yield name, ConnectionSettings(name, tool, MappingProxyType(own))

    def policy(self) -> Iterator[tuple[str, PolicyRule]]:
        for operation, rule in self.table("policy", None).items():
            path = ("policy", operation)
            if not isinstance(rule, dict) or (
                "." not in operation and all(isinstance(value, dict) for value in rule.values())
            ):
                inner = next(iter(rule), "send") if isinstance(rule, dict) else "send"
                mend = f'Write [policy."{operation}.{inner}"], the quotes included.'
                self.problem("bad-policy", f"policy.{operation} names no operation", mend, path)
                continue
            self.unknown_keys(path, rule, _POLICY_KEYS)
            yield operation, PolicyRule(operation, **self.limits(path, rule))

    def limits(self, path: KeyPath, rule: Mapping[str, Any]) -> dict[str, Any]:
        limits: dict[str, Any] = {}
        most = rule.get("max_rows")
        if isinstance(most, int) and not isinstance(most, bool) and most >= 0:
            limits["max_rows"] = most
        elif most is not None:
            self.problem(
                "wrong-type", "max_rows must be a number, 0 or more", "Write max_rows = 200.", (*path, "max_rows")
            )
        allowed = rule.get("recipients")
        if isinstance(allowed, list) and all(isinstance(item, str) for item in allowed):
            limits["recipients"] = tuple(allowed)
            for item in allowed:
                self.recipient((*path, "recipients"), item)
        elif allowed is not None:
            mend = 'Write recipients = ["*@acme.example"].'
            self.problem("wrong-type", "recipients must be a list of texts", mend, (*path, "recipients"))
        condition = rule.get("approve_when")
        if isinstance(condition, str) and condition.strip():
            limits["approve_when"] = condition
        elif condition is not None:
            mend = 'Write approve_when = "count(*) > 20".'
            self.problem(
                "wrong-type", "approve_when must be a condition in SQL, as a text", mend, (*path, "approve_when")
            )
        return limits

    def recipient(self, path: KeyPath, item: str) -> None:
        if "@" in item or "*" in item:
            return
        connections = self.data.get("connections")
        known = list(connections) if isinstance(connections, dict) else []
        if item.count(".") < 2 or item.split(".")[0].casefold() not in {k.casefold() for k in known}:
            self.problem(
                "bad-recipient",
                f"recipient {item!r} is neither an address, nor a pattern, nor a column of a connection",
                'Write "*@acme.example", or a column as "ledger.vendors.email".',
                path,
            )

    def look_for_secrets(self, path: KeyPath, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                self.look_for_secrets((*path, key), item)
        elif isinstance(value, list):
            for item in value:
                self.look_for_secrets(path, item)
        elif fault := literal_secret(path[-1], value):
            variable = re.sub(r"[^A-Z0-9]+", "_", "_".join(path[1:]).upper())
            self.problem(
                "literal-secret",
                f"{fault}; agent.toml may only refer to secrets",
                f"Write ${{env:{variable}}} in its place, or ${{keyring:service/name}}.",
                path,
            )
        elif fault := reference_fault(value):
            self.problem("bad-reference", fault, "Write ${env:NAME} or ${keyring:service/name}.", path)


def connection_name_fault(name: str) -> str | None:
    """Why a connection can't be called so, or None where it can."""
    from deskhand.plan import SQL_KEYWORDS

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return f"a connection's name is a plain word, and {name!r} is not"
    if name.lower() in _NOT_A_CONNECTION:
        return f"a connection can't be called {name!r}: DuckDB has a schema or database of that name"
    if name.lower() in SQL_KEYWORDS:
        return f"a connection can't be called {name!r}: it is a word of SQL"
    return None
