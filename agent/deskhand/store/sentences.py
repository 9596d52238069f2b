"""The sentence that was last planned in a workspace, so that follow-up words can amend it.

One small file, `.deskhand/last-sentence.json`, redacted like a trace and written whole; it needs no database, so that
looking at a plan leaves none. This module refuses to keep more than one: what was asked before is in the traces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from deskhand.store.files import write_whole
from deskhand.store.redact import Redactor


def remember_sentence(folder: Path, text: str, secrets: Iterable[str] = ()) -> None:
    """Keep it in place of the one before. folder: the workspace's `.deskhand`."""
    folder.mkdir(exist_ok=True)
    body = {"sentence": Redactor(tuple(secrets)).value(text)}
    write_whole(folder / _NAME, json.dumps(body, ensure_ascii=True).encode() + b"\n")


def last_sentence(folder: Path) -> str | None:
    """The sentence that was planned last; None where there is none, or its file is damaged."""
    try:
        found = json.loads((folder / _NAME).read_bytes())["sentence"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is a convenience: without it the sentence has to be said again
    return found if isinstance(found, str) else None


_NAME = "last-sentence.json"
