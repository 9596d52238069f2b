"""Where acts have moved mails to, so that later acts on the same rows find them.

`select id from mail.inbox` is read once; when one act has moved its mails, the next still says `inbox`. Each
move is noted before it happens, in a file of the connection's cache, so that a run resumed after a crash
follows its mails, too. A note is only a hint: the mail must lie where it says. Without the file (it is safe to
delete) such rows become exceptions. This module refuses to look into the mailbox.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_KEPT = 10_000


@dataclass(frozen=True)
class Hint:
    """A folder that a mail was moved to, and the names it may have there."""

    folder: str
    names: tuple[str, ...]


class Trail:
    """The notes, by the folder that a mail was in and its id (without brackets)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._hints: dict[tuple[str, str], list[Hint]] | None = None

    def hints(self, folder: str, id: str) -> Sequence[Hint]:
        """Where the mail may have gone from that folder, the latest move first."""
        return self._loaded().get((folder, id), [])[::-1]

    def note(self, folder: str, id: str, target: str, names: Sequence[str]) -> None:
        """Note a move that is about to happen."""
        self._loaded().setdefault((folder, id), []).append(Hint(target, tuple(names)))
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps([folder, id, target, list(names)]) + "\n")

    def _loaded(self) -> dict[tuple[str, str], list[Hint]]:
        if self._hints is None:
            self._hints = {}
            for line in self._lines():
                try:
                    folder, id, target, names = json.loads(line)
                    self._hints.setdefault((str(folder), str(id)), []).append(Hint(str(target), tuple(map(str, names))))
                except (ValueError, TypeError):  # a line that a crash has cut off
                    continue
        return self._hints

    def _lines(self) -> list[str]:
        try:
            lines = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        if len(lines) > 2 * _KEPT:
            lines = lines[-_KEPT:]
            temporary = self._file.with_name(f"{self._file.name}.{os.getpid()}.tmp")
            with contextlib.suppress(OSError):
                temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
                temporary.replace(self._file)
        return lines
