"""The catalog: what the connections hold (tables, columns, types, sample values) and what they can do.

Each connection is looked at when it is first asked for, and remembered under `.deskhand/cache/catalog/` as
long as its settings, its source and deskhand itself stay the same. A connection that can't be opened has an
`error` and no tables; the others work.

This module refuses to run queries, to change a source, and to keep anything that couldn't be made again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskhand import __version__
from deskhand.contract import Column, Json, Operation, Table, Tool
from deskhand.errors import DeskhandError, UnavailableError
from deskhand.secret import mask

if TYPE_CHECKING:
    from deskhand.workspace import Workspace

_FORMAT = 2  # of the cache files; raise it when their content changes


@dataclass(frozen=True)
class _Listing:
    """What one connection holds, and the same by folded name."""

    tables: tuple[Table, ...]
    by_name: Mapping[str, Table]

    @staticmethod
    def of(tables: list[Table]) -> _Listing:
        return _Listing(tuple(tables), {table.name.casefold(): table for table in reversed(tables)})


class Catalog:
    """A workspace's catalog; a context manager that closes the tools it opened.

    Names of connections and tables are found whatever their case.
    """

    def __init__(self, workspace: Workspace, now: dt.datetime, *, refresh: bool = False) -> None:
        self.workspace = workspace
        self.now = now
        self._ignore_cache = refresh
        self._tools: dict[str, Tool] = {}
        self._listings: dict[str, _Listing] = {}
        self._errors: dict[str, DeskhandError] = {}

    @classmethod
    def open(cls, workspace: Workspace, now: dt.datetime, refresh: bool = False) -> Catalog:
        """The catalog at this logical time. `refresh` looks at every source again, whatever is remembered.

        Opens nothing yet: a connection that isn't asked for needs no secret.
        """
        return cls(workspace, now, refresh=refresh)

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the tools; safe to call twice."""
        tools, self._tools = self._tools, {}
        for tool in tools.values():
            tool.close()

    # ------------------------------------------------------------ connections

    def connections(self) -> list[str]:
        """The connections' names, in agent.toml's order."""
        return list(self.workspace.connections)

    def tool(self, name: str) -> Tool:
        """The connection's tool, opened once. Raises the DeskhandError that keeps it from opening."""
        name = self.workspace.connection(name).name
        if name not in self._tools:
            self._tools[name] = self.workspace.open_tool(name, self.now)
        return self._tools[name]

    def error(self, connection: str) -> DeskhandError | None:
        """Why the connection can't be used, or None where it can. Opens it where that wasn't tried yet."""
        name = self.workspace.connection(connection).name
        self._listing(name)
        return self._errors.get(name)

    def refresh(self, connection: str | None = None) -> None:
        """Look at the connection's source (or at all) again when it is next asked for: something has changed."""
        names = self.connections() if connection is None else [self.workspace.connection(connection).name]
        for name in names:
            self._listings.pop(name, None)
            self._errors.pop(name, None)

    # ------------------------------------------------------------ tables

    def tables(self, connection: str) -> list[Table]:
        """All tables of a connection; none where it has an `error`."""
        return list(self._listing(self.workspace.connection(connection).name).tables)

    def table_names(self, connection: str) -> list[str]:
        """The names of `tables`; none where there is no such connection."""
        found = self._known(connection)
        return [] if found is None else [table.name for table in self.tables(found)]

    def table(self, connection: str, name: str) -> Table | None:
        """The table of that name, ignoring case; the tool is asked for those that can't be listed (globs).

        None where there is no such table, no such connection, or where the connection has an `error`.
        """
        found = self._known(connection)
        if found is None:
            return None
        listed = self._listing(found).by_name.get(name.casefold())
        if listed is not None or found in self._errors:
            return listed
        tool = self.tool(found)
        # The inherited `table` only goes through `tables` again, which was just done.
        return tool.table(name) if type(tool).table is not Tool.table else None

    # ------------------------------------------------------------ operations

    def operations(self) -> dict[str, type[Operation]]:
        """Every operation that some connection offers, by its full name. Opens nothing."""
        found: dict[str, type[Operation]] = {}
        for tool_class in self.workspace.tool_classes.values():
            found.update(tool_class.operations)
        return found

    def connections_for(self, operation: str) -> list[str]:
        """The connections whose tool has this operation, in agent.toml's order."""
        classes = self.workspace.tool_classes
        return [name for name, tool_class in classes.items() if operation in tool_class.operations]

    def digest(self) -> str:
        """Changes when a table, a column, a type, a key or an operation does; not when only rows do."""
        shape: list[Any] = [sorted(self.operations())]
        for name in self.connections():
            tables = [
                [t.name, t.writable, list(t.key), [[c.name, c.type, c.nullable] for c in t.columns]]
                for t in self.tables(name)
            ]
            shape.append([name, self.workspace.connections[name].tool, tables])
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()

    # ------------------------------------------------------------ looking and remembering

    def _known(self, connection: str) -> str | None:
        folded = connection.casefold()
        return next((name for name in self.workspace.connections if name.casefold() == folded), None)

    def _listing(self, name: str) -> _Listing:
        if name not in self._listings:
            try:
                self._listings[name] = _Listing.of(self._look(name))
            except DeskhandError as error:
                self._errors[name] = error
                self._listings[name] = _Listing.of([])
            except Exception as error:
                # A tool of a third party may raise anything; the other connections go on working.
                reason = mask(f"{type(error).__name__}: {error}", self.workspace.secrets())
                self._errors[name] = UnavailableError(
                    f"connection {name} can't be read: {reason}",
                    mend=f"Check [connections.{name}] in {self.workspace.file}.",
                )
                self._listings[name] = _Listing.of([])
        return self._listings[name]

    def _look(self, name: str) -> list[Table]:
        tool = self.tool(name)
        # Taken before the tables: what changes in between is then seen the next time.
        version = [_FORMAT, __version__, self.workspace.digest(name), tool.fingerprint()]
        file = self.workspace.cache_dir / "catalog" / f"{name}.json"
        if not self._ignore_cache and (remembered := _remembered(file, version)) is not None:
            return remembered
        tables = tool.tables()
        _remember(file, version, tables)
        return tables


def _remembered(file: Path, version: list[Any]) -> list[Table] | None:
    """The tables of a cache file, or None where it is missing, of another version, or damaged."""
    try:
        data = json.loads(file.read_bytes())
        if data["version"] != version:
            return None
        return [table_from_json(table) for table in data["tables"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(file: Path, version: list[Any], tables: list[Table]) -> None:
    """Write a cache file whole or not at all; a workspace that can't be written to is looked at every time."""
    text = json.dumps({"version": version, "tables": [table_to_json(table) for table in tables]})
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.stem)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except OSError:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()


# ---------------------------------------------------------------- JSON


def table_to_json(table: Table) -> dict[str, Json]:
    """A table as JSON; `table_from_json` gives an equal one back."""
    return {
        "name": table.name,
        "columns": [_column_to_json(column) for column in table.columns],
        "key": list(table.key),
        "rows": table.rows,
        "writable": table.writable,
        "open": table.open,
        "note": table.note,
        "partition": table.partition,
    }


def table_from_json(data: Mapping[str, Any]) -> Table:
    """Raises KeyError, TypeError or ValueError where it isn't what `table_to_json` gave."""
    return Table(
        name=data["name"],
        columns=tuple(_column_from_json(column) for column in data["columns"]),
        key=tuple(data["key"]),
        rows=data["rows"],
        writable=data["writable"],
        open=data["open"],
        note=data["note"],
        partition=data["partition"],
    )


def _column_to_json(column: Column) -> dict[str, Json]:
    return {
        "name": column.name,
        "type": column.type,
        "nullable": column.nullable,
        "has_default": column.has_default,
        "generated": column.generated,
        "codec": None if column.codec is None else column.codec.to_json(),
        "samples": list(column.samples),
    }


def _column_from_json(data: Mapping[str, Any]) -> Column:
    codec = data["codec"]
    if codec is not None:
        from deskhand.codec import Codec

        codec = Codec.from_json(codec)
    return Column(
        name=data["name"],
        type=data["type"],
        nullable=data["nullable"],
        has_default=data["has_default"],
        generated=data["generated"],
        codec=codec,
        samples=tuple(data["samples"]),
    )
