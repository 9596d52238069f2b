"""The nearest right name for a wrong one, as a sentence that a mend can carry.

It refuses to guess where nothing is near: no suggestion is better than a silly one.
"""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, limit: int = 3, cutoff: float = 60) -> list[str]:
    """Up to `limit` known names like this one, best first; case and separators don't count.

    cutoff: how alike they must be, from 0 to 100 (rapidfuzz's weighted ratio).
    """
    from rapidfuzz import fuzz, process, utils

    choices = list(dict.fromkeys(known))
    found = process.extract(name, choices, scorer=fuzz.WRatio, processor=utils.default_process, limit=limit)
    return [choice for choice, score, _ in found if score >= cutoff]


def suggest(name: str, known: Iterable[str], *, limit: int = 3) -> str:
    """`Did you mean 'a' or 'b'?`, or an empty text where nothing is near."""
    names = nearest(name, known, limit=limit)
    return f"Did you mean {' or '.join(repr(n) for n in names)}?" if names else ""
