"""One office for the tests of the models, and a short way to write signs down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deskhand_models.corpus.validate import by_name, whole_slice
from deskhand_models.signs import NUMBER_OF, Ref, Sign
from deskhand_models.slices import Slice

OFFICE = "gavel-and-oak"
Signs = Callable[[Slice, str], list[Sign]]


@pytest.fixture(scope="session")
def slice_for() -> Callable[[str], Slice]:
    """A request -> the slice of the whole auction house."""
    return lambda request: whole_slice(by_name()[OFFICE], request)


@pytest.fixture(scope="session")
def signs_of() -> Signs:
    """Signs as they are written in these tests.

    `t:Lots` a table, `c:Lots.Hammer` a column, `v:Lots.Outcome=SOLD` a value, `p:accounts` a person by the first part
    of the address, `l:number` the first literal of that kind, `w:word` a word of the request; anything else is a word
    of the plan language.
    """

    def pointed(cut: Slice, text: str) -> Sign:
        kind, _, rest = text.partition(":")
        if not rest:
            assert text in NUMBER_OF, text
            return text
        rest = rest.replace("~", " ")
        groups = {g.name.rpartition("/")[2]: g for g in cut.groups}
        if kind == "t":
            return next(r for r in cut.refs if r.kind == "table" and str(r.key[1]).rpartition("/")[2] == rest)
        if kind in ("c", "v"):
            table, _, column = rest.partition(".")
            column, _, value = column.partition("=")
            key = (groups[table].connection, groups[table].name, column)
            return Ref("column", key) if kind == "c" else Ref("value", (*key, value))
        if kind == "p":
            return next(Ref("person", (p.address,)) for p in cut.people if p.address.startswith(f"{rest}@"))
        if kind == "l":
            return Ref("literal", (next(n for n, one in enumerate(cut.literals) if one.kind == rest),))
        spoken = [cut.request[word.start : word.end] for word in cut.words]
        return Ref("word", (spoken.index(rest),))

    return lambda cut, text: [pointed(cut, part) for part in text.split()]
