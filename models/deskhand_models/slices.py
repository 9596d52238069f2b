"""The catalog slice: as much of a workspace as a plan for one request may name, and the request's own words.

    cut = Slice.of(request, literals, groups, people)
    cut.allowed(wants)       # the signs that fit what the grammar wants

A group is what shares columns: a table, or all folders of a mailbox. This module refuses to choose what belongs
into a slice (that is `link`) and to read data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from deskhand_models.literal import Literal
from deskhand_models.signs import Ref, Sign

MAIL = "*"
"""Stands for the table of a mailbox's columns: its folders all have the same."""

_WORD = re.compile(r"\w+|[^\w\s]")


def family(type_: str) -> str:
    """A DuckDB type's family: text, number, date, timestamp, bool or other."""
    name = type_.upper().partition("(")[0]
    if name in ("VARCHAR", "TEXT", "CHAR", "UUID"):
        return "text"
    if name in ("DATE", "BOOLEAN"):
        return {"DATE": "date", "BOOLEAN": "bool"}[name]
    if name.startswith("TIMESTAMP"):
        return "timestamp"
    if (
        name in ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "DECIMAL", "DOUBLE", "FLOAT", "REAL")
        or "INT" in name
    ):
        return "number"
    return "other"


@dataclass(frozen=True)
class SliceColumn:
    """A column as the planner sees it. refers: (connection, table, column) that it refers to, where that is known."""

    name: str
    family: str
    nullable: bool = True
    key: bool = False
    values: tuple[str, ...] = ()
    refers: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Group:
    """Tables that share columns. tool: database, spreadsheet, email or browser; name: the table's, or `*`."""

    connection: str
    tool: str
    name: str
    columns: tuple[SliceColumn, ...]
    tables: tuple[str, ...]
    writable: bool = True

    @cached_property
    def by_name(self) -> dict[str, SliceColumn]:
        """The columns by their folded names."""
        return {column.name.casefold(): column for column in self.columns}


@dataclass(frozen=True)
class SlicePerson:
    """Somebody whom the office writes to."""

    name: str
    address: str
    role: str = ""


@dataclass(frozen=True)
class Word:
    """A word or a mark of the request, by its characters."""

    start: int
    end: int


def words_of(text: str) -> tuple[Word, ...]:
    """The request's words and marks, in order."""
    return tuple(Word(m.start(), m.end()) for m in _WORD.finditer(text))


@dataclass(frozen=True)
class Slice:
    """What one request may point at."""

    request: str
    words: tuple[Word, ...]
    literals: tuple[Literal, ...]
    groups: tuple[Group, ...]
    people: tuple[SlicePerson, ...] = ()
    me: str = ""
    connections: dict[str, str] = field(default_factory=dict)
    """Every connection's tool; those outside the groups too, since a new file needs no table."""

    @staticmethod
    def of(
        request: str,
        literals: Iterable[Literal],
        groups: Iterable[Group],
        people: Iterable[SlicePerson] = (),
        me: str = "",
        connections: dict[str, str] | None = None,
    ) -> Slice:
        """A slice, its words cut."""
        groups = tuple(groups)
        tools = connections if connections is not None else {group.connection: group.tool for group in groups}
        return Slice(request, words_of(request), tuple(literals), groups, tuple(people), me, tools)

    @cached_property
    def group_of(self) -> dict[tuple[str, str], Group]:
        """The group of each (connection, table), folded, and of each (connection, `*`)."""
        found = {}
        for group in self.groups:
            for table in (*group.tables, group.name):
                found[group.connection.casefold(), table.casefold()] = group
        return found

    @cached_property
    def refs(self) -> tuple[Ref, ...]:
        """All that can be pointed at but the words: a group's tables, its columns, their values; people; literals."""
        found: list[Ref] = []
        for group in self.groups:
            found += [Ref("table", (group.connection, table)) for table in group.tables]
            for column in group.columns:
                found.append(Ref("column", (group.connection, group.name, column.name)))
                found += [Ref("value", (group.connection, group.name, column.name, v)) for v in column.values]
        found += [Ref("person", (person.address,)) for person in self.people]
        found += [Ref("literal", (number,)) for number in range(len(self.literals))]
        return tuple(found)

    def column(self, ref: Ref) -> SliceColumn:
        """The column that the pointer means. Raises KeyError where the slice has none."""
        connection, table, name = ref.key[:3]
        return self.group_of[str(connection).casefold(), str(table).casefold()].by_name[str(name).casefold()]

    def text(self, first: int, last: int) -> str:
        """The request from that word to that word, both included."""
        return self.request[self.words[first].start : self.words[last].end]


@dataclass(frozen=True, slots=True)
class Want:
    """What the grammar would take at some point beside words of the plan language.

    kind: table, column, value, person, literal or word. scope: groups' (connection, name) for columns, tools for
    tables, the column's key for values, kinds for literals, the first number for words; None for any.
    families: of columns. only: exactly these pointers.
    """

    kind: str
    scope: frozenset[tuple[str, str]] | frozenset[str] | tuple[str | int, ...] | None = None
    families: frozenset[str] | None = None
    only: frozenset[Ref] | None = None

    def takes(self, cut: Slice, ref: Ref) -> bool:
        """Whether the pointer is one of those wanted."""
        if ref.kind != self.kind or (self.only is not None and ref not in self.only):
            return False
        key = ref.key
        if self.kind == "column":
            if self.scope is not None and (key[0], key[1]) not in self.scope:
                return False
            return self.families is None or cut.column(ref).family in self.families
        if self.kind == "table" and self.scope is not None:
            group = cut.group_of[str(key[0]).casefold(), str(key[1]).casefold()]
            return group.tool in self.scope
        if self.kind == "value":
            return self.scope is None or key[:3] == self.scope
        if self.kind == "literal":
            return self.scope is None or cut.literals[int(key[0])].kind in self.scope
        if self.kind == "word" and isinstance(self.scope, tuple):
            return int(self.scope[0]) <= int(key[0]) < int(self.scope[1])
        return True


Wants = Sequence[str | Want]


def takes(cut: Slice, wants: Wants, sign: Sign) -> bool:
    """Whether the sign is one of those wanted."""
    if isinstance(sign, str):
        return sign in wants
    return any(isinstance(want, Want) and want.takes(cut, sign) for want in wants)


def allowed(cut: Slice, wants: Wants) -> list[Sign]:
    """Every sign that is wanted: words first, then pointers in the slice's order."""
    found: list[Sign] = [want for want in wants if isinstance(want, str)]
    pointers = [want for want in wants if isinstance(want, Want)]
    kinds = {want.kind for want in pointers}
    if kinds - {"word"}:
        found += [ref for ref in cut.refs if ref.kind in kinds and any(want.takes(cut, ref) for want in pointers)]
    if "word" in kinds:
        every = [Ref("word", (n,)) for n in range(len(cut.words))]
        found += [ref for ref in every if any(want.takes(cut, ref) for want in pointers)]
    return found
