"""An office as a catalog for the check: its tables, and the operations of the installed tools.

This module refuses to read data: an office has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deskhand.contract import Operation, Table

from deskhand_models.corpus.office import Office


@lru_cache(maxsize=1)
def _tools() -> Mapping[str, Any]:
    return {entry.name: entry.load() for entry in entry_points(group="deskhand.tools")}


@dataclass(frozen=True)
class OfficeCatalog:
    """What `check` asks of a catalog, answered by an office."""

    office: Office

    def connections(self) -> list[str]:
        """The connections' names."""
        return self.office.connections()

    def table_names(self, connection: str) -> list[str]:
        """The names of a connection's tables."""
        return self.office.table_names(connection)

    def table(self, connection: str, name: str) -> Table | None:
        """The table of that name, ignoring case."""
        return self.office.table(connection, name)

    def operations(self) -> dict[str, type[Operation]]:
        """The operations of the office's tools."""
        found: dict[str, type[Operation]] = {}
        for tool in set(self.office.tools.values()):
            found.update(_tools()[tool].operations)
        return found

    def connections_for(self, operation: str) -> list[str]:
        """The connections that have this operation."""
        return [name for name, tool in self.office.tools.items() if operation in _tools()[tool].operations]

    def error(self, connection: str) -> None:
        """Nothing keeps an office's connection from opening."""

    @cached_property
    def workspace(self) -> Any:
        """As much of a workspace as the check asks for."""
        connections = {
            name: SimpleNamespace(name=name, tool=tool, writable=True) for name, tool in self.office.tools.items()
        }
        return SimpleNamespace(connections=connections, policy={}, files_root=lambda *_: Path("/nowhere"))
