"""Names: what a select can see, and to which source each column belongs.

A `Relation` is one thing in a FROM clause, a `Base` a table or step that must be read, a `Frame` what one
select sees. This module refuses to type or rewrite anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deskhand.contract import Table

Origin = tuple[str, str, str]


@dataclass(frozen=True)
class Candidate:
    """A condition `column op value` that a source may be read under; `values` are marked SQL without columns."""

    column: str
    op: str
    values: tuple[str, ...]


@dataclass
class Base:
    """A catalog table or a step that the query reads, under the name it has in the SQL that is run."""

    key: str
    columns: tuple[Field, ...] | None
    connection: str | None = None
    table: Table | None = None
    step: str | None = None
    used: set[str] = field(default_factory=set)
    references: list[list[Candidate]] = field(default_factory=list)
    """For each place where the query names it, the conditions that hold there."""

    def __deepcopy__(self, memo: Any) -> Base:
        """Itself: copies of a tree refer to the same sources."""
        return self

    def use_all(self) -> None:
        self.used |= {c.name for c in self.columns or ()}


@dataclass(frozen=True)
class Field:
    """A column that a relation or a query gives. `type` is None where it isn't known."""

    name: str
    type: str | None
    origin: Origin | None = None
    base: Base | None = None
    real: str | None = None
    """Its name in `base`, where it is that column under another name."""
    literal: str | None = None
    """The text, where the column is a text written in the query."""

    def __deepcopy__(self, memo: Any) -> Field:
        return self


@dataclass
class Relation:
    """One source in a FROM clause. `fields` is None where its columns aren't known."""

    alias: str
    fields: tuple[Field, ...] | None
    base: Base | None = None
    connection: str | None = None
    table: str | None = None
    candidates: list[Candidate] | None = None
    filterable: bool = True
    """False where a condition of WHERE mustn't be moved to the source: the nullable side of an outer join."""

    def find(self, name: str) -> list[Field]:
        folded = name.casefold()
        return [f for f in self.fields or () if f.name.casefold() == folded]

    def use(self, found: Field) -> None:
        if found.base is not None:
            found.base.used.add(found.real or found.name)

    def use_all(self) -> None:
        if self.base is not None:
            self.base.use_all()


@dataclass
class Frame:
    """What one select sees; `parent` is the select around it."""

    parent: Frame | None
    environment: dict[str, Relation]
    relations: list[Relation] = field(default_factory=list)
    aliases: dict[str, str | None] = field(default_factory=dict)
    locals: dict[str, str | None] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    """Columns that `using` or a natural join made one."""
    aliases_first: bool = False

    def relation(self, alias: str, connection: str | None = None) -> Relation | None:
        folded = alias.casefold()
        for relation in self.relations:
            if connection is not None:
                if (
                    relation.connection is not None
                    and relation.connection.casefold() == connection.casefold()
                    and (relation.table or "").casefold() == folded
                ):
                    return relation
            elif relation.alias.casefold() == folded:
                return relation
        return None

    def find(self, name: str) -> list[tuple[Relation, Field]]:
        return [(relation, f) for relation in self.relations for f in relation.find(name)]

    def unknown(self) -> bool:
        """Whether some source's columns aren't known, so that any name may be one of them."""
        return any(relation.fields is None for relation in self.relations)

    def names(self) -> Iterator[str]:
        for relation in self.relations:
            for f in relation.fields or ():
                yield f.name

    def local(self, name: str) -> tuple[bool, str | None]:
        folded = name.casefold()
        frame: Frame | None = self
        while frame is not None:
            if folded in frame.locals:
                return True, frame.locals[folded]
            frame = frame.parent
        return False, None
