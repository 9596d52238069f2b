"""An office as the planner sees it: the groups, people and connections of its catalog slice.

This module refuses to leave anything out: what a request needs of it is for `link` to choose.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from deskhand.contract import Column, Table

from deskhand_models.corpus.office import Office, OfficeTable
from deskhand_models.slices import MAIL, Group, SliceColumn, SlicePerson, family

MAX_VALUES = 8
"""Sample values of a column that a slice shows; the catalog keeps up to twelve."""


def values_of(column: Column, key: bool) -> tuple[str, ...]:
    """The sample values worth showing: those of a text column that holds a few words again and again."""
    if key or family(column.type) != "text" or any("@" in value or len(value) > 32 for value in column.samples):
        return ()
    if len(column.samples) == 1 and not re.fullmatch(r"[^\W\d]{1,12}", column.samples[0]):
        return ()
    return tuple(column.samples[:MAX_VALUES])


def slice_column(column: Column, table: Table, refers: tuple[str, str, str] | None = None) -> SliceColumn:
    """A catalog column as the planner sees it."""
    key = column.name in table.key
    values = values_of(column, key and len(table.key) == 1)
    return SliceColumn(column.name, family(column.type), column.nullable, key, values, refers)


@lru_cache(maxsize=256)
def groups_of(office: Office) -> tuple[Group, ...]:
    """The office's tables as groups; a mailbox's folders are one."""
    groups: list[Group] = []
    folders: dict[str, list[OfficeTable]] = {}
    for one in office.tables:
        tool = office.tools[one.connection]
        if tool == "email" and one.table.column("subject") is not None:
            folders.setdefault(one.connection, []).append(one)
            continue
        columns = tuple(slice_column(c, one.table, one.refers.get(c.name)) for c in one.table.columns)
        writable = one.table.writable
        groups.append(Group(one.connection, tool, one.table.name, columns, (one.table.name,), writable, one.about))
    for connection, tables in folders.items():
        widest = max(tables, key=lambda one: len(one.table.columns)).table
        columns = tuple(slice_column(c, widest) for c in widest.columns)
        names = tuple(one.table.name for one in tables)
        own = tuple(name for name in names if name not in ("all", "attachments"))
        columns = tuple(replace(c, values=own) if c.name == "folder" else c for c in columns)
        groups.append(Group(connection, "email", MAIL, columns, names, False, "mail folders"))
    return tuple(groups)


def people_of(office: Office) -> tuple[SlicePerson, ...]:
    """Whom the office writes to."""
    return tuple(SlicePerson(person.name, person.address, person.role) for person in office.people)


def own_address(office: Office) -> str:
    """The office's own mailbox."""
    return f"office@{office.name}.example"
