"""The nearest right name, for the mend of a problem. It refuses to guess where nothing is near."""

from __future__ import annotations

from collections.abc import Iterable

from deskhand.nearest import nearest as near_names


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, ignoring case; None where none is like it."""
    # a little stricter than elsewhere: a bare word in a query is often a text that lacks its quotes
    found = near_names(name, known, limit=1, cutoff=62)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str], what: str = "") -> str:
    """A mend: the nearest name, else the list of all where it is short, else nothing."""
    choices = list(dict.fromkeys(known))
    near = nearest(name, choices)
    if near is not None:
        return f"did you mean {near}?"
    if choices and len(choices) <= 12:
        return f"{what or 'there are'}: {', '.join(choices)}"
    return ""
