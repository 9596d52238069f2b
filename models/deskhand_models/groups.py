"""Tables as the planner sees them: groups of what shares columns, an office's in training and a catalog's in use.

Both go through here, so that what the model is shown of a workspace is what it was trained on. This module refuses
to leave anything out: what a request needs is for `link` to choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from deskhand.contract import Column, Table

from deskhand_models.slices import MAIL, Group, SliceColumn, family

MAX_VALUES = 8
"""Sample values of a column that a slice shows; the catalog keeps up to twelve."""

Reference = tuple[str, str, str]


@dataclass(frozen=True)
class Placed:
    """A table where it is. tool: of its connection; refers: by column, the (connection, table, column) it refers to."""

    connection: str
    tool: str
    table: Table
    refers: Mapping[str, Reference] = field(default_factory=dict)


def groups_of(tables: Iterable[Placed]) -> tuple[Group, ...]:
    """The tables as groups, in their order; a mailbox's folders are one, after all others."""
    groups: list[Group] = []
    folders: dict[str, list[Table]] = {}
    for one in tables:
        if one.tool == "email" and one.table.column("subject") is not None:
            folders.setdefault(one.connection, []).append(one.table)
            continue
        columns = tuple(_column(column, one.table, one.refers.get(column.name)) for column in one.table.columns)
        if columns:
            name = one.table.name
            groups.append(Group(one.connection, one.tool, name, columns, (name,), one.table.writable))
    for connection, mailbox in folders.items():
        widest = max(mailbox, key=lambda table: len(table.columns))
        names = tuple(table.name for table in mailbox)
        own = tuple(name for name in names if name not in ("all", "attachments"))
        columns = tuple(_column(column, widest, None) for column in widest.columns)
        columns = tuple(replace(c, values=own) if c.name == "folder" else c for c in columns)
        groups.append(Group(connection, "email", MAIL, columns, names, False))
    return tuple(groups)


def _column(column: Column, table: Table, refers: Reference | None) -> SliceColumn:
    key = column.name in table.key
    values = _values(column, key and len(table.key) == 1)
    return SliceColumn(column.name, family(column.type), column.nullable, key, values, refers)


def _values(column: Column, key: bool) -> tuple[str, ...]:
    """The sample values worth showing: those of a text column that holds a few words again and again."""
    if key or family(column.type) != "text" or any("@" in value or len(value) > 32 for value in column.samples):
        return ()
    if len(column.samples) == 1 and not re.fullmatch(r"[^\W\d]{1,12}", column.samples[0]):
        return ()
    return tuple(column.samples[:MAX_VALUES])
