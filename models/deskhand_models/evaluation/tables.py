"""Whether one table says what another does: its columns under any name and in any order, its rows in any order.

`holds` is for what is read (answers, new files, lists in mails): more columns are fine, rounding is fine, a name in
two columns is fine; a row too many or too few is not. `equal` is for what is stored: every cell counts. Both give
the first difference in plain words, None where there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from deskhand_models.evaluation.state import Table
from deskhand_models.evaluation.values import Value, cell, folded, same, shown

Column = tuple[Value, ...]
_TRIES = 400
"""How many ways to assign columns are tried; more would be a table of columns that are all alike."""


def holds(wanted: Table, found: Table, *, ordered: bool = False) -> str | None:
    """What is missing from `found` to say all that `wanted` does, and no row more."""
    gold, actual = _cells(wanted), _cells(found)
    if len(gold) != len(actual):
        return _other_count(wanted, gold, actual)
    if not gold:
        return None
    columns = _columns(gold)
    for have in (_columns(actual), [*_columns(actual), *_joined(_columns(actual))]):
        fits = [[n for n, column in enumerate(have) if _alike(want, column)] for want in columns]
        for chosen in islice(_assignments(fits), _TRIES):
            rows = list(zip(*(have[n] for n in chosen), strict=True))
            if _same_rows(gold, rows, ordered):
                return None
    for pair in range(len(columns) - 1):  # a name that the other has in one column
        names = _join(columns[pair], columns[pair + 1])
        if names is not None:
            merged = [*columns[:pair], names, *columns[pair + 2 :]]
            if _fits(merged, _columns(actual), ordered):
                return None
    if ordered and holds(wanted, found) is None:
        return "the rows are right, but in another order"
    return _first_missing(wanted, gold, actual)


def equal(wanted: Table, found: Table, *, ordered: bool = False) -> str | None:
    """How `found` differs from `wanted`; the order of rows counts only where it is asked to."""
    if tuple(map(folded, wanted.columns)) != tuple(map(folded, found.columns)):
        return f"the columns are {_list(found.columns)} instead of {_list(wanted.columns)}"
    gold, actual = _cells(wanted), _cells(found)
    missing, surplus = Counter(gold), Counter(actual)
    missing.subtract(actual)
    surplus.subtract(gold)
    lost = [row for row in dict.fromkeys(gold) if missing[row] > 0]
    more = [row for row in dict.fromkeys(actual) if surplus[row] > 0]
    if not lost and not more:
        return "the rows are right, but in another order" if ordered and gold != actual else None
    if not lost:
        return f"there is a row too many: {_row(wanted.columns, more[0])}"
    if not more:
        return f"a row is missing: {_row(wanted.columns, lost[0])}"
    return _changed(wanted.columns, lost[0], more)


# ---------------------------------------------------------------- columns that fit


def _fits(columns: Sequence[Column], have: Sequence[Column], ordered: bool) -> bool:
    fits = [[n for n, column in enumerate(have) if _alike(want, column)] for want in columns]
    rows = list(zip(*columns, strict=True))
    return any(
        _same_rows(rows, list(zip(*(have[n] for n in chosen), strict=True)), ordered)
        for chosen in islice(_assignments(fits), _TRIES)
    )


def _cells(table: Table) -> list[tuple[Value, ...]]:
    return [tuple(map(cell, row)) for row in table.rows]


def _columns(rows: Sequence[tuple[Value, ...]]) -> list[Column]:
    return list(zip(*rows, strict=True))


def _joined(columns: Sequence[Column]) -> Iterator[Column]:
    """Two columns of texts beside each other, as a name would be written."""
    for one in columns[:8]:
        for other in columns[:8]:
            if one is not other and (both := _join(one, other)) is not None:
                yield both


def _join(one: Column, other: Column) -> Column | None:
    if not all(isinstance(value, str | None) for value in (*one, *other)) or not any(one) or not any(other):
        return None
    return tuple(" ".join(filter(None, (str(a or ""), str(b or "")))) or None for a, b in zip(one, other, strict=True))


def _alike(one: Column, other: Column) -> bool:
    """Whether two columns hold the same values, in any order."""
    return _matched([(value,) for value in one], [(value,) for value in other])


def _assignments(fits: Sequence[Sequence[int]], taken: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every choice of a column of its own for each wanted one."""
    if len(taken) == len(fits):
        yield taken
        return
    for number in fits[len(taken)]:
        if number not in taken:
            yield from _assignments(fits, (*taken, number))


# ---------------------------------------------------------------- rows that match


def _same_rows(gold: Sequence[Column], actual: Sequence[Column], ordered: bool) -> bool:
    if ordered:
        return all(_same_row(a, b) for a, b in zip(gold, actual, strict=True))
    return _matched(gold, actual)


def _matched(gold: Sequence[Column], actual: Sequence[Column]) -> bool:
    """Whether each row has one of its own in the other."""
    left, right = Counter(map(_key, gold)), Counter(map(_key, actual))
    if left == right:
        return True
    here = [row for row in gold if left[_key(row)] != right[_key(row)]]
    there = [row for row in actual if left[_key(row)] != right[_key(row)]]
    return len(here) == len(there) and len(here) <= 500 and len(pair_up(here, there)) == len(here)


def pair_up(wanted: Sequence[Column], found: Sequence[Column]) -> dict[int, int]:
    """As many rows of `found` as possible, each with the row of `wanted` that it is."""
    options = [[n for n, row in enumerate(found) if _same_row(want, row)] for want in wanted]
    return assign(options)


def assign(options: Sequence[Sequence[int]]) -> dict[int, int]:
    """The largest assignment of things to places, each with the places that it may take: place to thing."""
    taken: dict[int, int] = {}

    def place(thing: int, tried: set[int]) -> bool:
        for option in options[thing]:
            if option not in tried:
                tried.add(option)
                if option not in taken or place(taken[option], tried):
                    taken[option] = thing
                    return True
        return False

    for thing in range(len(options)):
        place(thing, set())
    return taken


def _same_row(one: Column, other: Column) -> bool:
    return all(same(a, b) for a, b in zip(one, other, strict=True))


def _key(row: Column) -> Column:
    return tuple(folded(value) if isinstance(value, str) else value for value in row)


# ---------------------------------------------------------------- differences in words


def _other_count(wanted: Table, gold: list[Column], actual: list[Column]) -> str:
    counts = f"{len(actual)} rows instead of {len(gold)}".replace("1 rows", "1 row")
    for row in gold:
        if not any(_held(row, other) for other in actual):
            return f"{counts}; {_row(wanted.columns, row)} is missing"
    for other in actual:
        if not any(_held(row, other) for row in gold):
            return f"{counts}; {', '.join(map(shown, other))} is too many"
    return counts


def _first_missing(wanted: Table, gold: list[Column], actual: list[Column]) -> str:
    for row in gold:
        if not any(_held(row, other) for other in actual):
            return f"no row holds {_row(wanted.columns, row)}"
    return "the values are there, but not in columns of their own"


def _held(row: Column, other: Column) -> bool:
    """Whether the other row has each value of the row in a place of its own."""
    options = [[n for n, value in enumerate(other) if same(want, value)] for want in row]
    return len(assign(options)) == len(row)


def _changed(columns: Sequence[str], lost: Column, more: Sequence[Column]) -> str:
    """The row that is wrong beside the one that is most like it."""
    nearest = max(more, key=lambda row: sum(a == b for a, b in zip(row, lost, strict=True)))
    wrong = [n for n, (a, b) in enumerate(zip(nearest, lost, strict=True)) if a != b]
    if len(wrong) == len(lost):
        return f"a row is missing: {_row(columns, lost)}"
    known = next(n for n in range(len(lost)) if n not in wrong)
    said = " and ".join(f"{columns[n]} is {shown(nearest[n])} instead of {shown(lost[n])}" for n in wrong[:3])
    return f"where {columns[known]} is {shown(lost[known])}, {said}"


def _row(columns: Sequence[str], row: Column) -> str:
    shown_cells = [f"{name} {shown(value)}".strip() for name, value in zip(columns, row, strict=False)]
    return _list(shown_cells)


def _list(texts: Sequence[str]) -> str:
    return ", ".join(texts[:6]) + (", …" if len(texts) > 6 else "")
