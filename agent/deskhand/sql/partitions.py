"""Which table of a connection the rows of a gathering table lie in, where the query's own `where` says so.

`select id from mail.all where folder = 'Newsletters'` reads that folder's messages: the id's origin is then
(mail, Newsletters, id). Taken only from an equality with a text in the top-level `and` of the very select that
reads the gathering table, and only where it is read once there. This module refuses to guess: a folder given
by an input, a list of folders, or one named in a later select leaves the origin as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from deskhand.contract import Table
from deskhand.sql.compare import literal_text
from deskhand.sql.pushdown import conditions, conjuncts
from deskhand.sql.scope import Field, Frame, Relation

Look = Callable[[str, str], tuple[str, Table] | None]
"""A catalog table by connection and name, with the connection's own spelling."""


def pinned(fields: tuple[Field, ...], where: exp.Expr, frame: Frame, look: Look) -> tuple[Field, ...]:
    """The select's columns, their origins in the one part of a gathering table that `where` asks for."""
    made = fields
    for relation in frame.relations:
        base = relation.base
        if base is None or base.table is None or base.table.partition is None or base.connection is None:
            continue
        place = (base.connection, base.table.name)
        value = _asked(where, relation, base.table.partition, place)
        found = look(base.connection, value) if value is not None else None
        if found is None or _times_read(frame, place) != 1:
            continue
        part = found[1]
        made = tuple(
            replace(f, origin=(base.connection, part.name, f.origin[2]))
            if f.origin is not None and f.origin[:2] == place and part.column(f.origin[2]) is not None
            else f
            for f in made
        )
    return made


def _asked(where: exp.Expr, relation: Relation, partition: str, place: tuple[str, str]) -> str | None:
    """The text that the partitioning column must equal in every row; None where there is none."""
    for part in conjuncts(where):
        for column, operator, values in conditions(part):
            found: Field | None = column.meta.get("field")
            if operator != "=" or found is None or found.origin != (*place, partition) or column.meta.get("outer"):
                continue
            if not column.table or column.table.casefold() == relation.alias.casefold():
                return literal_text(values[0])
    return None


def _times_read(frame: Frame, place: tuple[str, str]) -> int:
    """How many sources of this select and of those around it bring columns of that table."""
    times = 0
    scope: Frame | None = frame
    while scope is not None:
        times += sum(any(f.origin and f.origin[:2] == place for f in r.fields or ()) for r in scope.relations)
        scope = scope.parent
    return times
