"""Whether the mails that were sent are those that a colleague would have sent.

For each gold mail one actual mail to the same people, and none besides. A gold body has one thing a line (a
number, a date, a name, a phrase): the actual mail has to hold each, anywhere in its subject, body or attachments
and in any usual form. A list in the actual mail has the gold's rows and no others. Attached lists are compared
as tables. It refuses to judge style: greetings, order and whatever else is said are the writer's.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from deskhand_models.evaluation.mail_text import html_listings, text_listings
from deskhand_models.evaluation.state import Mail, State, Table
from deskhand_models.evaluation.tables import assign, holds
from deskhand_models.evaluation.values import Phrase, Prose, Value, cell, folded, same

_GREETING = re.compile(r"(dear|hello|hi|hey|good (morning|day|afternoon|evening)|to)\b.*", re.IGNORECASE)


def sent_difference(gold: Sequence[Mail], actual: Sequence[Mail], first: State, *, subject: bool) -> str | None:
    """The first way in which the sent mails differ; None where they don't."""
    wanted, found = _by_people(gold), _by_people(actual)
    for people in sorted({*wanted, *found}):
        want, have = wanted.get(people, []), found.get(people, [])
        who = ", ".join(people) or "nobody"
        if not want:
            return f"{_mails(len(have))} too many to {who}: {have[0].subject!r}"
        if not have:
            return f"no mail to {who}"
        if len(want) != len(have):
            return f"{_mails(len(have))} to {who} instead of {len(want)}"
        faults = [[mail_difference(one, other, first, subject=subject) for other in have] for one in want]
        placed = assign([[n for n, fault in enumerate(row) if fault is None] for row in faults])
        for number, row in enumerate(faults):
            if number not in placed.values():
                best = min((f for f in row if f is not None), key=len)
                return f"the mail to {who}: {best}"
    return None


def mail_difference(gold: Mail, actual: Mail, first: State, *, subject: bool) -> str | None:
    """The first thing that the mail lacks of the gold one, or has too much; None where it is as good."""
    if gold.answers and gold.answers != actual.answers:
        return "it doesn't answer the mail that it should"
    if subject and folded(gold.subject) != folded(actual.subject):
        return f"its subject is {actual.subject!r} instead of {gold.subject!r}"
    if fault := _attachments(gold, actual):
        return fault
    prose = Prose("\n".join([actual.subject, actual.text, *_attached_text(actual)]))
    lines = [line.strip() for line in gold.text.split("\n") if line.strip()]
    for line in lines:
        if not mentions(prose, line):
            return f"it doesn't say {line!r}"
    return _lists(lines, actual) or _strangers(gold, actual, lines, first)


def mentions(prose: Prose, line: str) -> bool:
    """Whether the text holds what the line says: the value in any usual form, or the phrase in its words."""
    value = cell(line)
    if value is None or prose.has_text(line):
        return True
    if isinstance(value, Decimal):
        return prose.has_number(value)
    if isinstance(value, str):
        phrase = Phrase.of(line)
        several = " " in line.strip() or bool(phrase.days or phrase.times)
        return several and phrase.stands_in(prose)
    timed = value.time() != dt.time()
    return prose.has_day((value.year, value.month, value.day)) and (
        not timed or prose.has_time((value.hour, value.minute))
    )


# ---------------------------------------------------------------- attachments


def _attachments(gold: Mail, actual: Mail) -> str | None:
    """Each attached table of the gold mail in a table attached to the other; each other file as it is."""
    have = [table for enclosed in actual.attachments for table in enclosed.tables]
    for enclosed in gold.attachments:
        if enclosed.tables:
            for table in enclosed.tables:
                faults = [holds(table, other) for other in have]
                if None not in faults:
                    return f"the attached list: {faults[0]}" if faults else f"no list like {enclosed.name} is attached"
        elif not any(other.text.strip() == enclosed.text.strip() for other in actual.attachments if not other.tables):
            return f"{enclosed.name} isn't attached"
    return None


def _attached_text(mail: Mail) -> Iterable[str]:
    for enclosed in mail.attachments:
        yield enclosed.text
        for table in enclosed.tables:
            yield from ("\n".join(map(_shown, (row[n] for row in table.rows))) for n in range(len(table.columns)))


def _shown(value: object) -> str:
    return "" if value is None else str(value)


# ---------------------------------------------------------------- lists in the mail


def _lists(lines: Sequence[str], actual: Mail) -> str | None:
    """A fault where the mail has a list of some of the gold's values, with a row too many or in wrong pairs."""
    found = html_listings(actual.html) if actual.html else text_listings(_own(actual.text))
    found += [tuple(tuple(map(_shown, r)) for r in t.rows) for e in actual.attachments for t in e.tables]
    for listing in found:
        columns = [tuple(map(cell, column)) for column in zip(*listing, strict=False)]
        if fault := _list_fault(lines, len(listing), columns):
            return fault
    return None


def _list_fault(lines: Sequence[str], count: int, columns: Sequence[tuple[Value, ...]]) -> str | None:
    """The gold lists its values column by column, so a list of the same rows has runs of them as its columns."""
    values = [cell(line) for line in lines]
    listed = [any(same(value, other) for column in columns for other in column) for value in values]
    if not any(listed):
        return None
    runs = 0
    start = 0
    while start + count <= len(values):
        run = values[start : start + count]
        if any(_same_values(run, column) for column in columns):
            runs, start = runs + 1, start + count
        else:
            start += 1
    if runs:
        return None
    return f"its list has {count} rows, not those that it should have" if count > 1 or sum(listed) > 1 else None


def _same_values(run: Sequence[Value], column: Sequence[Value]) -> bool:
    options = [[n for n, other in enumerate(column) if same(value, other)] for value in run]
    return len(assign(options)) == len(column)


# ---------------------------------------------------------------- rows that don't belong


def _strangers(gold: Mail, actual: Mail, lines: Sequence[str], first: State) -> str | None:
    """A fault where the mail names another thing of the kind that the gold lists: an invoice that isn't due.

    Things of one kind are the texts of one column, where they mostly differ: names and numbers, not states.
    """
    said = {folded(line) for line in lines}
    body = "\n".join(line for line in _own(actual.text).split("\n") if not _GREETING.fullmatch(line.strip()))
    prose = Prose(body)
    allowed = Prose("\n".join([gold.subject, gold.text, *_attached_text(gold)]))
    for column in _naming_columns(first):
        if said.isdisjoint(column):
            continue
        for text in column:
            if text not in said and _is_named(text, prose) and not _is_named(text, allowed):
                return f"it names {text!r}, which doesn't belong there"
    return None


@lru_cache(maxsize=8)
def _naming(parts: tuple[Table, ...]) -> tuple[frozenset[str], ...]:
    found = []
    for table in parts:
        for number, _ in enumerate(table.columns):
            texts = [folded(str(row[number])) for row in table.rows if row[number] not in (None, "")]
            differ = len(set(texts)) >= max(3, 0.4 * len(texts)) and max(map(len, texts)) <= 80
            if differ and (not any(map(_is_number, texts)) or _are_keys(texts)):
                found.append(frozenset(texts))
    return tuple(dict.fromkeys(found))


def _naming_columns(first: State) -> tuple[frozenset[str], ...]:
    return _naming(tuple(part for part in first.parts.values() if isinstance(part, Table)))


def _is_named(text: str, prose: Prose) -> bool:
    """Whether the prose names it; what is short could be met by chance, and so could a date."""
    value = cell(text)
    if isinstance(value, Decimal):
        return prose.has_number(value)
    return isinstance(value, str) and len(text) >= 4 and prose.has_text(text)


def _is_number(text: str) -> bool:
    return isinstance(cell(text), Decimal)


def _are_keys(texts: Sequence[str]) -> bool:
    """Whether a column of numbers names things, jobs or rooms: whole ones of three digits or more, none twice."""
    return len(set(texts)) == len(texts) and all(re.fullmatch(r"[1-9]\d{2,}", text) for text in texts)


def _own(text: str) -> str:
    """The text without what is quoted from another mail."""
    own = re.split(r"^(?:-{3,} ?Forwarded message|On .+ wrote:$)", text, maxsplit=1, flags=re.MULTILINE)[0]
    return "\n".join(line for line in own.split("\n") if not line.startswith(">"))


def _by_people(mails: Iterable[Mail]) -> Mapping[tuple[str, ...], list[Mail]]:
    found: dict[tuple[str, ...], list[Mail]] = {}
    for mail in mails:
        found.setdefault(tuple(sorted(set(mail.recipients))), []).append(replace(mail, folder=""))
    return found


def _mails(count: int) -> str:
    return "a mail" if count == 1 else f"{count} mails"
