"""Real time as the store writes it: UTC, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, so that texts sort as times do.

A run's logical time (`now`) is something else and never comes from here.
"""

from __future__ import annotations

import datetime as dt


def utc_text(at: dt.datetime | None = None) -> str:
    """The moment (by default this one) as the store writes it. Raises ValueError for one without a zone."""
    moment = at or dt.datetime.now(dt.UTC)
    if moment.tzinfo is None:
        raise ValueError("a real time needs a zone")
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
