"""Remembering the columns of attached tables, so that a catalog doesn't open every attachment again.

A mail never changes, so the columns of the same attachments never do. A cache file that is missing, damaged
or can't be written is done without. This module refuses to remember rows.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deskhand.codec import Codec
from deskhand.contract import Column

_VERSION = 1


@dataclass(frozen=True)
class Shape:
    """An attached table without its rows: its own columns, how many rows, what is to be noted."""

    columns: tuple[Column, ...]
    rows: int
    note: str


class ShapeCache:
    """Shapes by the attachments that they are of, kept in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stored: dict[str, Any] | None = None
        self._used: dict[str, Any] = {}
        self._changed = False

    def get(self, files: Sequence[Sequence[str | int]]) -> Shape | None:
        """The shape of the table over these attachments, if it is known."""
        if self._stored is None:
            self._stored = self._load()
        key = _key(files)
        try:
            data = self._stored[key]
            columns = tuple(
                Column(name, codec.type, nullable=bool(nullable), codec=codec)
                for name, nullable, stored in data["columns"]
                for codec in (Codec.from_json(stored),)
            )
            shape = Shape(columns, int(data["rows"]), str(data["note"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        self._used[key] = data
        return shape

    def put(self, files: Sequence[Sequence[str | int]], shape: Shape) -> None:
        """Remember a shape."""
        columns = [[c.name, c.nullable, c.codec.to_json()] for c in shape.columns if c.codec is not None]
        data = {"columns": columns, "rows": shape.rows, "note": shape.note}
        key = _key(files)
        self._used[key] = data
        if self._stored is not None:
            self._stored[key] = data
        self._changed = True

    def save(self) -> None:
        """Write what was asked for since the start, if any of it is new."""
        if not self._changed:
            return
        temporary = self._file.with_name(f"{self._file.stem}.{os.getpid()}.tmp")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"version": _VERSION, "shapes": self._used}))
            temporary.replace(self._file)
        except OSError:
            return
        self._changed = False

    def _load(self) -> dict[str, Any]:
        try:
            data = json.loads(self._file.read_bytes())
            shapes = data["shapes"] if data["version"] == _VERSION else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return shapes if isinstance(shapes, dict) else {}


def _key(files: Sequence[Sequence[str | int]]) -> str:
    return hashlib.sha256(json.dumps([list(file) for file in files]).encode()).hexdigest()
