"""What a query that is being written may name: its sources, their aliases and columns, and those around it.

This module refuses to choose: a column that stands in no source is a KeyError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from deskhand.plan import SQL_KEYWORDS

from deskhand_models.signs import Ref
from deskhand_models.slices import Group, Slice

# Words that begin a statement elsewhere: fine as names to DuckDB, but not to the parser that the check reads with.
_ODD = frozenset(
    """
    alter analyze attach begin cache call comment commit copy delete describe detach drop execute export grant import
    index insert interval kill load merge pragma range refresh replace revoke rollback rows set show truncate uncache
    update use
    """.split()  # noqa: SIM905
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Output:
    """A column of a step's rows. origin: the catalog column that it is, or that its alias names."""

    name: str
    family: str
    origin: Ref | None = None


@dataclass
class Source:
    """A table or an earlier step in a `from`. folder: of a mailbox's group."""

    name: str
    alias: str
    join: str = ""
    on: str = ""
    group: Group | None = None
    outputs: tuple[Output, ...] = ()
    folder: str = ""
    about: str = ""


@dataclass
class Scope:
    """The sources of one query, and the scope of the query around it."""

    cut: Slice
    outer: Scope | None = None
    sources: list[Source] = field(default_factory=list)

    def add(self, source: Source) -> None:
        """One source more."""
        self.sources.append(source)

    def tables(self) -> set[tuple[str | int, ...]]:
        """The tables that are sources already, as pointers' keys."""
        return {
            (source.group.connection, source.folder or source.group.name) for source in self.sources if source.group
        }

    def aliases(self) -> set[str]:
        """Every alias that is taken here and around."""
        own = {source.alias.casefold() for source in self.sources}
        return own | (self.outer.aliases() if self.outer else set())

    def chain(self) -> list[Scope]:
        """This scope and those around it, innermost first."""
        return [self, *(self.outer.chain() if self.outer else [])]

    def groups(self) -> frozenset[tuple[str, str]]:
        """The groups whose columns can be named."""
        return frozenset(
            (source.group.connection, source.group.name)
            for scope in self.chain()
            for source in scope.sources
            if source.group
        )

    def passed(self, families: frozenset[str] | None) -> frozenset[Ref]:
        """The catalog columns that can be named because a step passes them on."""
        return frozenset(
            output.origin
            for source in self.step_sources()
            for output in source.outputs
            if output.origin is not None and (families is None or output.family in families)
        )

    def step_sources(self) -> list[Source]:
        """The sources that are steps, innermost first."""
        return [source for scope in self.chain() for source in scope.sources if source.group is None]

    def computed(self, families: frozenset[str] | None) -> tuple[str, ...]:
        """The words for a step's columns that aren't any catalog column's: `o2` is the second one it selects."""
        return tuple(
            f"o{number}"
            for source in self.step_sources()[:1]
            for number, output in enumerate(source.outputs[:8], start=1)
            if output.origin is None and (families is None or output.family in families)
        )

    def column(self, ref: Ref, *, of_step: bool = False) -> tuple[str, str]:
        """The SQL for a pointed-at column and its family. Raises KeyError where no source has it."""
        key = (str(ref.key[0]), str(ref.key[1]))
        if not of_step:
            for scope in self.chain():
                for source in scope.sources:
                    if source.group is not None and (source.group.connection, source.group.name) == key:
                        column = source.group.by_name[str(ref.key[2]).casefold()]
                        return self._qualified(source, column.name), column.family
        for source in self.step_sources():
            for output in source.outputs:
                if output.origin == ref:
                    return self._qualified(source, output.name), output.family
        raise KeyError(ref)

    def output(self, number: int) -> tuple[str, str]:
        """The SQL for a step's column by its place (from 1), and its family."""
        source = self.step_sources()[0]
        return self._qualified(source, source.outputs[number - 1].name), source.outputs[number - 1].family

    def _qualified(self, source: Source, name: str) -> str:
        # Alone, a column needs no table; but what a query around it has by the same name would be meant instead.
        alone = len(self.sources) == 1 and self.outer is None
        return quoted(name) if alone and source in self.sources else f"{source.alias}.{quoted(name)}"

    def text(self) -> str:
        """The `from` clause after its keyword."""
        parts = []
        for source in self.sources:
            named = source.name if source.name == source.alias else f"{source.name} {source.alias}"
            on = f" on {source.on}" if source.on else ""
            parts.append(f"{source.join} {named}{on}" if source.join else named)
        return " ".join(parts)

    def about(self) -> str:
        """What the query's rows are, for names of steps and subjects of mails."""
        if not self.sources:
            return "new"
        first = self.sources[0]
        if first.group is None:
            return first.about
        return plain_word((first.folder and "mails") or first.group.name)


def quoted(name: str) -> str:
    """The name as SQL writes it: bare where it is a plain word and no keyword."""
    if _PLAIN.match(name) and name.lower() not in SQL_KEYWORDS and name.lower() not in _ODD:
        return name
    return '"' + name.replace('"', '""') + '"'


def plain_word(table: str) -> str:
    """A table's name as one plain word: `files."plan 2026.xlsx/Sheet"` is about `plan_2026`."""
    name = table.removeprefix("attachments/")
    if "." in name:
        stem, _, sheet = name.rpartition("/") if ".xlsx/" in name.lower() else (name, "", "")
        name = (stem or sheet).rpartition("/")[2].rpartition(".")[0] or sheet
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()
    return word if word and not word[0].isdigit() else f"t_{word}".rstrip("_")


def alias_for(table: str, scope: Scope) -> str:
    """A short alias that nothing around has."""
    word = plain_word(table)
    taken = scope.aliases()
    size = 1
    while word[:size] in taken or word[:size].lower() in SQL_KEYWORDS or word[:size].endswith("_"):
        size += 1
        if size > len(word):
            number = 2
            while f"{word}{number}" in taken:
                number += 1
            return f"{word}{number}"
    return word[:size]
