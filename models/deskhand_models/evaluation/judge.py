"""The judge: whether the state that a plan left is the one that a gold plan left, as a colleague would see it.

Databases and files that were there are compared cell by cell; a new file by what it says, its name only where the
request named it; mails by whom they reach and what they say; the mailbox by where its mails lie and how they are
marked; an answer by its rows. It refuses to look at the plans themselves: only what they left counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deskhand_models.evaluation.mails import sent_difference
from deskhand_models.evaluation.state import Mail, Part, State, Table, mails_of
from deskhand_models.evaluation.tables import assign, equal, holds
from deskhand_models.evaluation.values import shown


@dataclass(frozen=True)
class Outcome:
    """What a plan left: its run's status, the answer it printed (None where none), the parts that it changed."""

    status: str
    answer: Table | None
    changes: Mapping[str, Part | None]


def difference(first: State, gold: Outcome, actual: Outcome, flags: frozenset[str] = frozenset()) -> str | None:
    """The first difference between what the gold plan left and what the other did; None where there is none."""
    ordered = "ordered" in flags
    return (
        _answers(gold.answer, actual.answer, ordered)
        or _databases(first, gold, actual)
        or _old_files(first, gold, actual, ordered)
        or _new_files(first, gold, actual, named="named" in flags, ordered=ordered)
        or _mailboxes(first, gold, actual, subject="subject" in flags)
    )


def _answers(gold: Table | None, actual: Table | None, ordered: bool) -> str | None:
    if gold is None:
        return None
    if actual is None:
        return "it doesn't answer"
    fault = holds(gold, actual, ordered=ordered)
    return fault and f"the answer: {fault}"


# ---------------------------------------------------------------- what was there


def _databases(first: State, gold: Outcome, actual: Outcome) -> str | None:
    for name in sorted({*gold.changes, *actual.changes}):
        if name.startswith("db/"):
            fault = _table_fault(_now(first, gold, name), _now(first, actual, name), name in gold.changes)
            if fault:
                return f"{name[3:].replace('/', '.')}: {fault}"
    return None


def _old_files(first: State, gold: Outcome, actual: Outcome, ordered: bool) -> str | None:
    for name in sorted({*gold.changes, *actual.changes}):
        if name.startswith("file/") and name in first.parts:
            fault = _table_fault(_now(first, gold, name), _now(first, actual, name), name in gold.changes, ordered)
            if fault:
                return f"{name[5:]}: {fault}"
    return None


def _table_fault(wanted: Part | None, found: Part | None, changes: bool, ordered: bool = False) -> str | None:
    if isinstance(wanted, Table) and isinstance(found, Table):
        fault = equal(wanted, found, ordered=ordered)
        return fault and (fault if changes else f"it should have been left alone: {fault}")
    if wanted == found:
        return None
    if found is None:
        return "it is gone"
    return "it should be gone" if wanted is None else "it says something else"


def _now(first: State, outcome: Outcome, name: str) -> Part | None:
    return outcome.changes[name] if name in outcome.changes else first.parts.get(name)


# ---------------------------------------------------------------- new files


def _new_files(first: State, gold: Outcome, actual: Outcome, *, named: bool, ordered: bool) -> str | None:
    wanted, found = _made(first, gold), _made(first, actual)
    if not wanted and not found:
        return None
    sheets = Counter(_path(name) for name in wanted)
    faults = {
        (want, have): _file_fault(want, wanted[want], have, found[have], named, sheets[_path(want)] > 1, ordered)
        for want in wanted
        for have in found
    }
    names = list(found)
    fits = [[n for n, have in enumerate(names) if faults[want, have] is None] for want in wanted]
    placed = assign(fits)
    for number, want in enumerate(wanted):
        if number not in placed.values():
            reasons = [fault for (one, _), fault in faults.items() if one == want and fault]
            return f"{want[5:]}: {min(reasons, key=len)}" if reasons else f"no file like {want[5:]}"
    attached = {a.name.casefold() for mail in _sent(first, actual) for a in mail.attachments}
    for number, have in enumerate(names):
        if number not in placed and _path(have).rpartition("/")[2].casefold() not in attached:
            return f"a file too many: {have[5:]}"
    return None


def _file_fault(
    want: str, gold: Part, have: str, actual: Part, named: bool, by_sheet: bool, ordered: bool
) -> str | None:
    if named and _path(want).casefold() != _path(have).casefold():
        return f"it is named {_path(have)[5:]}"
    if named and by_sheet and want.casefold() != have.casefold():
        return f"its sheet is {have.rpartition('/')[2]}"
    if isinstance(gold, Table) and isinstance(actual, Table):
        return holds(gold, actual, ordered=ordered)
    if isinstance(gold, str) and isinstance(actual, str):
        return None if gold.strip() == actual.strip() else "it says something else"
    return "it is another kind of file"


def _made(first: State, outcome: Outcome) -> dict[str, Part]:
    return {
        name: part
        for name, part in outcome.changes.items()
        if name.startswith("file/") and name not in first.parts and part is not None
    }


def _path(name: str) -> str:
    """The part's file, without the sheet."""
    end = name.lower().find(".xlsx/")
    return name if end < 0 else name[: end + 5]


# ---------------------------------------------------------------- mailboxes


def _mailboxes(first: State, gold: Outcome, actual: Outcome, *, subject: bool) -> str | None:
    for name in sorted({*gold.changes, *actual.changes}):
        if not name.startswith("mail/"):
            continue
        box = name.partition("/")[2]
        fault = sent_difference(_new(first, gold, box), _new(first, actual, box), first, subject=subject)
        fault = fault or _filing(first, _mails(first, gold, box), _mails(first, actual, box), box)
        if fault:
            return f"{box}: {fault}"
    return None


def _filing(first: State, gold: Sequence[Mail], actual: Sequence[Mail], box: str) -> str | None:
    """Where the mails that were there lie now, and how they are marked."""
    folders = {mail.folder for mail in mails_of(first, box)}
    wanted, found = _placed(gold, folders), _placed(actual, folders)
    lost, more = list((wanted - found).elements()), list((found - wanted).elements())
    subjects = {mail.id: mail.subject for mail in mails_of(first, box)}
    for id, folder, marks in lost:
        said = f"the mail {subjects.get(id, id)!r}"
        other = next(((f, m) for i, f, m in more if i == id), None)
        if other is None:
            return f"{said} isn't in {folder}"
        if other[0] != folder:
            return f"{said} is in {other[0]} instead of {folder}"
        return f"{said} is {_marks(other[1])} instead of {_marks(marks)}"
    for id, folder, _ in more:
        return f"the mail {subjects.get(id, id)!r} is in {folder} too"
    return None


_Place = tuple[str, str, tuple[bool, bool]]


def _placed(mails: Sequence[Mail], folders: set[str]) -> Counter[_Place]:
    return Counter(
        (m.id, m.folder if m.folder in folders else m.folder.casefold(), (m.unread, m.flagged)) for m in mails if m.id
    )


def _marks(marks: tuple[bool, bool]) -> str:
    return ("unread" if marks[0] else "read") + (" and flagged" if marks[1] else "")


def _mails(first: State, outcome: Outcome, box: str) -> Sequence[Mail]:
    part = _now(first, outcome, f"mail/{box}")
    return part if isinstance(part, tuple) else ()


def _new(first: State, outcome: Outcome, box: str) -> list[Mail]:
    """The mails that were sent: those that nobody knew, as they lie in Sent."""
    return [mail for mail in _mails(first, outcome, box) if not mail.id and mail.folder.casefold() == "sent"]


def _sent(first: State, outcome: Outcome) -> list[Mail]:
    boxes = [name.partition("/")[2] for name in outcome.changes if name.startswith("mail/")]
    return [mail for box in boxes for mail in _new(first, outcome, box)]


def changes_in_words(first: State, outcome: Outcome) -> list[str]:
    """What a plan left, for a reader: the answer's rows, what changed in which part, the mails."""
    lines = []
    if outcome.answer is not None:
        count = len(outcome.answer.rows)
        lines.append(f"answer: {count} {'row' if count == 1 else 'rows'} of {', '.join(outcome.answer.columns)}")
        lines += [" · ".join(map(shown, row)) for row in outcome.answer.rows[:8]]
    for name, part in outcome.changes.items():
        if isinstance(part, Table):
            lines += _rows_in_words(name, first.parts.get(name), part)
        elif part is None:
            lines.append(f"{name}: gone")
        elif isinstance(part, str):
            lines.append(f"{name}: {part[:200]}")
    for name in outcome.changes:
        if name.startswith("mail/"):
            lines += _filing_in_words(first, outcome, name.partition("/")[2])
    for mail in _sent(first, outcome)[:6]:
        attached = "".join(f" [{a.name}]" for a in mail.attachments)
        lines.append(f"mail to {', '.join(mail.recipients)}: {mail.subject}{attached}\n{mail.text[:400]}")
    return lines


def _rows_in_words(name: str, before: Part | None, after: Table) -> list[str]:
    old = Counter(before.rows) if isinstance(before, Table) else Counter()
    new = Counter(after.rows)
    lines = [f"{name}: {', '.join(after.columns)}"]
    lines += [f"- {' · '.join(map(shown, row))}" for row in list((old - new).elements())[:6]]
    return lines + [f"+ {' · '.join(map(shown, row))}" for row in list((new - old).elements())[:6]]


def _filing_in_words(first: State, outcome: Outcome, box: str) -> list[str]:
    """Each mail that was there and is elsewhere now, or marked otherwise."""
    folders = {mail.folder for mail in mails_of(first, box)}
    old, new = _placed(mails_of(first, box), folders), _placed(_mails(first, outcome, box), folders)
    subjects = {mail.id: mail.subject for mail in mails_of(first, box)}
    return [
        f"{sign} {subjects.get(id, id)!r} in {folder}, {_marks(marks)}"
        for sign, places in (("-", old - new), ("+", new - old))
        for id, folder, marks in list(places.elements())[:6]
    ]
