"""What a query or a template may name at one point of a plan: tables, earlier steps, inputs.

`Shapes` is the `Schema` of the query layer over a catalog. Steps are added as the plan is walked, so a query
sees the steps before it and nothing later; tables that earlier acts make lie over the catalog's. The checker
walks a plan with it before anything happens, the executor while it happens.

It refuses to read data and to judge: whether a name is right is for those to say who ask.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from deskhand.contract import ResultColumn, Table
from deskhand.plan import INPUT_TYPES, Input


class Tables(Protocol):
    """As much of a catalog as is needed here."""

    def connections(self) -> Sequence[str]:
        """All connections' names."""

    def table(self, connection: str, name: str) -> Table | None:
        """One connection's table of that name, ignoring case."""

    def table_names(self, connection: str) -> Sequence[str]:
        """The names of one connection's tables."""


@dataclass(frozen=True)
class _Likely:
    """A table that an earlier act makes under a name that only the run knows."""

    name: re.Pattern[str]
    table: Table


class Shapes:
    """Tables, steps and inputs by name; all names are matched ignoring case."""

    def __init__(self, catalog: Tables, inputs: Mapping[str, Input] | None = None) -> None:
        self.catalog = catalog
        self.inputs: Mapping[str, Input] = inputs or {}
        self.each: tuple[str, ...] = ()
        """The names, outermost first, that are the one row of a for_each around this point."""
        self._parent: Shapes | None = None
        self._steps: dict[str, tuple[str, tuple[ResultColumn, ...] | None]] = {}
        self._produced: dict[tuple[str, str], Table] = {}
        self._likely: dict[str, list[_Likely]] = {}

    # ------------------------------------------------------------ tables

    def table(self, connection: str, name: str) -> Table | None:
        """The table of that connection and name: one that an earlier act makes, else the catalog's."""
        folded = connection.casefold()
        made = self._produced.get((folded, name.casefold()))
        if made is not None:
            return made
        known = self.catalog.table(connection, name)
        for likely in reversed(self._likely.get(folded, [])):
            if likely.name.fullmatch(name):
                return _either(name, known, likely.table)
        return known

    def connections(self) -> Sequence[str]:
        """All connections' names."""
        return self.catalog.connections()

    def table_names(self, connection: str) -> Sequence[str]:
        """The names of one connection's tables, those that earlier acts make included."""
        folded = connection.casefold()
        names = {n.casefold(): n for n in self.catalog.table_names(connection)}
        names |= {name: table.name for (where, name), table in self._produced.items() if where == folded}
        return list(names.values())

    def produce(self, connection: str, table: Table) -> None:
        """A table that an act makes; from here on it stands for any other of its name, outside a for_each too.

        A name with `*` is a pattern: any table of such a name may come to be.
        """
        if "*" in table.name:
            pattern = ".+".join(re.escape(part) for part in table.name.split("*"))
            self.produce_likely(connection, re.compile(pattern, re.IGNORECASE), table)
            return
        self._produced[connection.casefold(), table.name.casefold()] = table

    def produce_likely(self, connection: str, name: re.Pattern[str], table: Table) -> None:
        """A table that an act makes under a name of this form, which only the run knows.

        A name of that form isn't unknown then; where the catalog has it too, with other columns, only the run
        knows them.
        """
        self._likely.setdefault(connection.casefold(), []).append(_Likely(name, table))

    # ------------------------------------------------------------ steps

    def step(self, name: str) -> tuple[ResultColumn, ...] | None:
        """The columns of an earlier step's rows, or of `<act id>.done`; None where there is none, or it is open."""
        found = self._find(name)
        return found[1] if found is not None else None

    def is_open_step(self, name: str) -> bool:
        """Whether there is such an earlier step whose columns only the run knows."""
        found = self._find(name)
        return found is not None and found[1] is None

    def has_step(self, name: str) -> bool:
        """Whether there is such an earlier step, open or not."""
        return self._find(name) is not None

    def step_names(self) -> Sequence[str]:
        """The names of the earlier steps as they are written, `<act id>.done` included."""
        names = list(self._parent.step_names()) if self._parent is not None else []
        return [*names, *(written for written, _ in self._steps.values())]

    def add_step(self, name: str, columns: tuple[ResultColumn, ...] | None) -> None:
        """A step that can be named from here on. `columns` None: only the run knows them."""
        self._steps[name.casefold()] = (name, columns)

    def called(self, inputs: Mapping[str, Input]) -> Shapes:
        """The start of a called process: its own steps and inputs, and the tables that were made up to here."""
        inner = Shapes(self.catalog, inputs)
        inner._produced = self._produced
        inner._likely = self._likely
        return inner

    def child(self, each: str, columns: tuple[ResultColumn, ...] | None) -> Shapes:
        """The inside of a for_each: all of this, and `each`, a table of one row. Steps added there stay there."""
        inner = Shapes(self.catalog, self.inputs)
        inner.each = (*self.each, each)
        inner._parent = self
        inner._produced = self._produced
        inner._likely = self._likely
        inner.add_step(each, columns)
        return inner

    def _find(self, name: str) -> tuple[str, tuple[ResultColumn, ...] | None] | None:
        found = self._steps.get(name.casefold())
        return found if found is not None or self._parent is None else self._parent._find(name)

    # ------------------------------------------------------------ inputs

    def input_types(self) -> dict[str, str]:
        """The DuckDB type of each input, by its name."""
        return {name: INPUT_TYPES[item.type] for name, item in self.inputs.items()}


def _either(name: str, known: Table | None, made: Table) -> Table:
    """What such a name stands for, where an act may make the table or leave the catalog's as it is."""
    if known is None:
        return replace(made, name=name)
    if made.open:  # files that are saved under names of their own never replace one that is there
        return known
    same = [(c.name.casefold(), c.type) for c in known.columns] == [(c.name.casefold(), c.type) for c in made.columns]
    return known if same else Table(name, (), writable=known.writable, open=True)
