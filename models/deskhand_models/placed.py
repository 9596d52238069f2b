"""A catalog's tables as the planner's slices want them: every one once, with what its columns refer to.

A catalog doesn't say which column refers to which table, so that is read from the names, as a colleague would:
`vendor_id` and `vendor` refer to `vendors`, `KTO` to the table whose key is `KTO`. A workbook's first sheet, which
the catalog has under the workbook's name too, is shown once. This module refuses to look at rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deskhand.contract import Column, Table

from deskhand_models.groups import Placed, Reference
from deskhand_models.slices import family

_GENERIC = frozenset(("id", "no", "nr", "num", "number", "code", "name", "key", "ref"))


def placed_of(catalog: Any) -> Iterator[Placed]:
    """The tables of every connection, in the catalog's order."""
    for connection in catalog.connections():
        tool = catalog.workspace.connections[connection].tool
        tables = list(_once(catalog.tables(connection)))
        for table in tables:
            refers = references(connection, table, tables) if tool == "database" else {}
            yield Placed(connection, tool, table, refers)


def references(connection: str, table: Table, tables: Iterable[Table]) -> Mapping[str, Reference]:
    """By column, the (connection, table, column) that its name says it refers to."""
    keys = [(other, other.column(other.key[0])) for other in tables if other is not table and len(other.key) == 1]
    found: dict[str, Reference] = {}
    for column in table.columns:
        if table.key == (column.name,):
            continue
        for other, key in keys:
            if key is not None and family(key.type) == family(column.type) and _means(column, other, key):
                found.setdefault(column.name, (connection, other.name, key.name))
    return found


def _means(column: Column, other: Table, key: Column) -> bool:
    name, own = column.name.casefold(), key.name.casefold()
    if name == own and own not in _GENERIC:
        return True
    stems = {other.name.casefold(), *_singular(other.name.casefold())}
    return any(name in (stem, f"{stem}_{own}", f"{stem}{own}", f"{stem}_id", f"{stem}id") for stem in stems)


def _singular(name: str) -> set[str]:
    found = {name[:-1]} if name.endswith("s") else set()
    if name.endswith("es"):
        found.add(name[:-2])
    if name.endswith("ies"):
        found.add(name[:-3] + "y")
    return found


def _once(tables: Iterable[Table]) -> Iterator[Table]:
    """Without the workbooks whose first sheet stands there by its own name."""
    listed = list(tables)
    books = {table.name.rpartition("/")[0].casefold() for table in listed if ".xls" in table.name.casefold()}
    for table in listed:
        if table.name.casefold() not in books:
            yield table
