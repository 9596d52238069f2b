"""What a template's values are: how each is shown, the rows that it can go through, and its filters.

Texts and Decimals go through a template as they are; rows and steps go through it as views that show only
columns. Whatever would make a text without end, or go through rows without end, is refused. This module refuses
to know Jinja2 beyond its `Undefined`, and to look names up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deskhand.contract import ResultColumn, Row, Rows, Value
from deskhand.errors import BusinessError

if TYPE_CHECKING:
    from jinja2 import Undefined
    from markupsafe import Markup

MAX_RENDERED = 5_000_000
"""Characters a text may grow to before it is taken for a mistake."""

MAX_ROWS = 2_000_000
"""Rows that one template may go through, all its loops together; more takes minutes and is a mistake."""

UNROUNDED_SCALE = 10
"""The scale that divisions have until they are written: such a Decimal is shown with two places."""


class TemplateError(BusinessError):
    """This template can't be rendered for this row; becomes the row's exception."""


class Budget:
    """How many rows one rendering has gone through."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows = 0

    def spend(self, rows: int) -> None:
        """Raises TemplateError once there were too many."""
        self._rows += rows
        if self._rows > MAX_ROWS:
            raise TemplateError(
                f"the text goes through more than {MAX_ROWS:,} rows", mend="Join and sum up in a query instead."
            )


def not_too_long(size: int) -> None:
    """Raises TemplateError for a text that grew past what anybody reads."""
    if size > MAX_RENDERED:
        raise TemplateError(f"the text grew past {MAX_RENDERED:,} characters", mend="Attach a file instead.")


# ---------------------------------------------------------------- how values are shown


def show(value: Value) -> str:
    """A value as text: dates ISO, Decimals with their own scale and no separators, booleans true or false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(settle(value), "f")
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)


def settle(value: Decimal) -> Decimal:
    """A division that nobody rounded gets two places; every other Decimal stays as it is."""
    if value.as_tuple().exponent == -UNROUNDED_SCALE:
        return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return value


def _decimal(value: Any, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TemplateError(f"`{name}` formats numbers, and {show(value)!r} is none", mend=f"Remove `| {name}`.")
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _money(value: Any, currency: str = "", places: int = 2) -> str:
    amount = _decimal(given(value), "money").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{amount:,.{places}f}"
    if not currency:
        return text
    return text + " " + (currency if isinstance(currency, str) else show(currency))


def _number(value: Any, places: int | None = None) -> str:
    number = _decimal(given(value), "number")
    exact = settle(number) if places is None else number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{exact:,f}"


def _round(value: Any, places: int = 0) -> Decimal:
    return _decimal(given(value), "round").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _date(value: Any, form: str = "") -> str:
    value = given(value)
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise TemplateError(f"`date` formats dates, and {value!r} is none", mend="Remove `| date`.") from None
    if not isinstance(value, dt.date):
        raise TemplateError(f"`date` formats dates, and {show(value)!r} is none", mend="Remove `| date`.")
    if not form:
        return value.strftime("%Y-%m-%d")
    return value.strftime(form)


def _time(value: Any, form: str = "%H:%M") -> str:
    value = given(value)
    if not isinstance(value, dt.datetime | dt.time):
        raise TemplateError(f"`time` formats times, and {show(value)!r} is none", mend="Remove `| time`.")
    return value.strftime(form)


# ---------------------------------------------------------------- nulls


@lru_cache(maxsize=1)
def missing_class() -> type[Undefined]:
    """The class of nulls and of names that aren't there: jinja2 comes in when the first template is rendered."""
    from jinja2 import StrictUndefined

    class Missing(StrictUndefined):
        """A null, or a name that isn't there: usable with `default` and in `if`, an error anywhere else."""

        def _complain(self, *_: Any, **__: Any) -> Any:
            name = self._undefined_name
            if self._undefined_hint == "null":
                raise TemplateError(
                    f"{name} is empty in this row", mend=f"Fill it in, or write {{{{ {name} | default('…') }}}}."
                )
            if self._undefined_hint:
                raise TemplateError(self._undefined_hint)
            raise TemplateError(f"there is no {name!r} here", mend="Check the name against the query's columns.")

        __str__ = __iter__ = __len__ = __add__ = __radd__ = __sub__ = __rsub__ = _complain
        __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __mod__ = __rmod__ = __neg__ = _complain
        __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __getitem__ = __call__ = _complain
        __contains__ = __hash__ = _complain

        def __bool__(self) -> bool:  # type: ignore[override]
            if self._undefined_hint == "null":
                return False
            self._complain()
            return False

        def __eq__(self, other: object) -> bool:  # type: ignore[override]
            return other is None or isinstance(other, Missing)

        def __ne__(self, other: object) -> bool:  # type: ignore[override]
            return not self == other

    return Missing


def null(name: str, what: str) -> Any:
    """What stands for a null in that column."""
    return missing_class()(name=name, obj=what, hint="null")


def given(value: Any) -> Any:
    """The value itself; a null or unknown name complains here."""
    if isinstance(value, missing_class()):
        str(value)
    return value


# ---------------------------------------------------------------- what names stand for


class RowView:
    """One row inside a template: `r.number`, `r["Amount EUR"]`, ignoring case."""

    __slots__ = ("_row", "_what")

    def __init__(self, row: Row, what: str) -> None:
        self._row = {name.casefold(): value for name, value in row.items()}
        self._what = what

    def __getitem__(self, name: object) -> Any:
        key = str(name).casefold()
        if key not in self._row:
            raise KeyError(name)
        value = self._row[key]
        return null(str(name), self._what) if value is None else value


class StepView:
    """A step's rows inside a template: `.count`, `.first`, a loop, `| table`, `| join`."""

    __slots__ = ("_budget", "_name", "_one", "_per", "_rows")

    def __init__(
        self, rows: Rows, name: str, budget: Budget, *, one: bool = False, per: frozenset[str] = frozenset()
    ) -> None:
        self._rows = rows
        self._name = name
        self._budget = budget
        self._one = one
        self._per = per

    def __getitem__(self, name: object) -> Any:
        if name == "count":
            return len(self._rows.rows)
        if name == "first":
            if not self._rows.rows:
                raise TemplateError(f"{self._name} has no rows, so it has no first one", mend="Add `when:`.")
            return RowView(self._rows.rows[0], self._name)
        if self._one:  # the row of a for_each: its columns are at hand directly
            return RowView(self._rows.rows[0], self._name)[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[RowView]:
        for row in self._rows.rows:
            self._budget.spend(1)
            yield RowView(row, self._name)

    def __len__(self) -> int:
        return len(self._rows.rows)

    def __bool__(self) -> bool:
        return bool(self._rows.rows)

    def picked(self, names: Sequence[str]) -> tuple[list[ResultColumn], Sequence[Row]]:
        """Columns of these names and the rows; without names all but those that the rows are grouped by.

        Raises TemplateError for an unknown one.
        """
        by_name = {c.name.casefold(): c for c in self._rows.columns}
        wanted = [str(n).casefold() for n in names] or [n for n in by_name if n not in self._per] or list(by_name)
        for name in wanted:
            if name not in by_name:
                raise TemplateError(f"{self._name} has no column {name!r}")
        self._budget.spend(len(self._rows.rows))
        return [by_name[name] for name in wanted], self._rows.rows


def _cells(value: Any, columns: Sequence[str]) -> tuple[list[ResultColumn], list[list[str]]]:
    if not isinstance(value, StepView):
        raise TemplateError("`table` shows the rows of a step", mend="Write {{ rows | table }}.")
    picked, rows = value.picked(columns)
    return picked, [[show(row[c.name]) for c in picked] for row in rows]


def _table(value: Any, *columns: str) -> str:
    """Plain-text table: header, rule, rows; numbers to the right."""
    picked, cells = _cells(value, columns)
    cells = [[" ".join(cell.splitlines()) for cell in line] for line in cells]
    widths = [max([len(c.name), *(len(line[n]) for line in cells)]) for n, c in enumerate(picked)]
    not_too_long((sum(widths) + 2 * len(widths)) * len(cells))
    right = [is_number(c.type) for c in picked]

    def line(texts: Sequence[str]) -> str:
        return "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(texts, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line([c.name for c in picked]), line(["-" * w for w in widths]), *map(line, cells)])


def _html_table(value: Any, *columns: str) -> Markup:
    """The same as an HTML table; whatever the cells hold is text there."""
    from markupsafe import Markup, escape

    picked, cells = _cells(value, columns)
    not_too_long(sum(len(cell) for line in cells for cell in line))
    opened = ['<td align="right">' if is_number(c.type) else "<td>" for c in picked]
    lines = ["".join(f"<th>{escape(c.name)}</th>" for c in picked)]
    for line in cells:
        lines.append("".join(f"{td}{_lines(cell)}</td>" for td, cell in zip(opened, line, strict=True)))
    return Markup("<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>")


def _lines(cell: str) -> str:
    from markupsafe import Markup, escape

    return Markup("<br>").join(escape(line) for line in cell.splitlines())


def _join(value: Any, column: str = "", separator: str = ", ") -> str:
    if not isinstance(value, StepView):
        raise TemplateError("`join` joins one column of the rows of a step", mend="{{ rows | join('number', ', ') }}")
    picked, rows = value.picked([column])
    texts = []
    for row in rows:
        if row[picked[0].name] is None:
            raise TemplateError(f"{column} is empty in one of the rows", mend="Leave such rows out in the query.")
        texts.append(show(row[picked[0].name]))
    between = separator if isinstance(separator, str) else show(given(separator))
    not_too_long(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)  # in HTML the separator may be markup, which then escapes the texts


def _replace(value: Any, old: Any, new: Any) -> str:
    text, before, after = (v if isinstance(v, str) else show(given(v)) for v in (value, old, new))
    if not before:
        raise TemplateError("`replace` needs a text to look for", mend="{{ name | replace('old', 'new') }}")
    not_too_long(len(text) + text.count(before) * len(after))
    # where the new text is markup and the old one isn't, joining escapes what is around it
    return after.join(text.split(before)) if hasattr(after, "__html__") else text.replace(before, after)


def _upper(value: Any) -> str:
    return show(given(value)).upper()


def _lower(value: Any) -> str:
    return show(given(value)).lower()


def _title(value: Any) -> str:
    return show(given(value)).title()


def _trim(value: Any) -> str:
    return show(given(value)).strip()


def filters(*, html: bool) -> dict[str, Callable[..., Any]]:
    """The filters by name, but for those that are Jinja2's own; in HTML a table is one of HTML."""
    return {
        "money": _money, "number": _number, "date": _date, "time": _time, "round": _round,
        "table": _html_table if html else _table, "join": _join, "replace": _replace,
        "upper": _upper, "lower": _lower, "title": _title, "trim": _trim,
    }  # fmt: skip


def is_number(type_: str) -> bool:
    """Whether a DuckDB type is a number."""
    return type_.split("(")[0] in _NUMBERS


_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                      "UBIGINT", "DECIMAL", "FLOAT", "DOUBLE"})  # fmt: skip
