"""A store's mails with their parsed heads, remembered.

A mail never changes under its name, so its head is parsed once: kept in memory, and in the connection's cache
folder where there are many. The cache is only ever a shortcut: without it, or with a broken one, everything
is parsed anew. This module refuses to write to the mailbox.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from deskhand_tools.mail.message import Head, Mail, bare_id
from deskhand_tools.mail.store import Entry, Folder, Gone, Store

_VERSION = 1
_WORTH_KEEPING = 300
"""From how many newly parsed mails on the cache file is written; fewer are parsed in a moment."""


class Mailbox:
    """The mails of a store, by folder and by id."""

    def __init__(self, store: Store, cache: Path) -> None:
        self.store = store
        self._file = cache / "heads.json"
        self._heads: dict[str, Head] = {}
        self._stored: dict[str, list[Any]] | None = None
        self._parsed = 0
        self._listed: dict[str, set[str]] = {}
        self._ids: dict[str, dict[str, str]] = {}

    def folder(self, name: str) -> Folder | None:
        """The folder of that name, whatever its case."""
        return self.store.folder(name)

    def role(self, role: str) -> Folder | None:
        """The folder for that use (`sent`, `trash`), if there is one."""
        return next((f for f in self.store.folders() if f.role == role), None)

    def mails(self, folder: str) -> list[tuple[Entry, Head]]:
        """A folder's mails with their heads, in the order of arrival."""
        entries = self.store.list(folder)
        found = []
        for entry in entries:
            head = self.head(entry)
            if head is not None:
                found.append((entry, head))
        self._listed[folder] = {_key(entry) for entry in entries}
        return found

    def head(self, entry: Entry) -> Head | None:
        """A mail's head; None where the mail has gone since it was listed."""
        key = _key(entry)
        head = self._heads.get(key)
        if head is None:
            head = self._from_cache(key)
            if head is None:
                mail = self.mail(entry)
                if mail is None:
                    return None
                head = mail.head
                self._parsed += 1
            self._heads[key] = head
        return head

    def mail(self, entry: Entry) -> Mail | None:
        """A mail, read and parsed; None where it has gone since it was listed."""
        try:
            return Mail(self.store.fetch(entry))
        except Gone:
            return None

    def find(self, folders: Sequence[str], wanted: str) -> list[Entry]:
        """The mails of these folders that have that id (with or without angle brackets)."""
        bare = bare_id(wanted)
        return [
            entry
            for folder in folders
            for entry, head in self.mails(folder)
            if head.id == wanted or bare_id(head.id) == bare
        ]

    def read(self, folder: str, uid: str) -> Mail | None:
        """The mail of that name in a folder, whatever its flags; None where it has gone."""
        return self.mail(Entry(folder, uid, frozenset(), 0, ""))

    def holds(self, folder: str, id: str) -> bool:
        """Whether a folder has a mail with that id; asked often, it reads only mails that came since."""
        known = self._ids.setdefault(folder, {})
        uids = set(self.store.uids(folder))
        fresh = uids - known.keys()
        if len(fresh) > 20:
            known.update((entry.uid, bare_id(head.id)) for entry, head in self.mails(folder))
        for uid in uids - known.keys():
            mail = self.read(folder, uid)
            if mail is not None:
                known[uid] = bare_id(mail.id)
        bare = bare_id(id)
        likely = [uid for uid in uids if known.get(uid) == bare]
        return any(mail is not None and bare_id(mail.id) == bare for mail in (self.read(folder, u) for u in likely))

    def entry(self, folder: str, uid: str) -> Entry | None:
        """The mail of that name in a folder, as it stands now."""
        return next((e for e in self.store.list(folder) if e.uid == uid), None)

    # ------------------------------------------------------------ the cache file

    def _from_cache(self, key: str) -> Head | None:
        if self._stored is None:
            self._stored = self._load()
        stored = self._stored.get(key)
        if stored is None:
            return None
        try:
            return Head(*stored[:-1], *[tuple((a[0], a[1], a[2]) for a in stored[-1])])
        except (TypeError, ValueError, IndexError):
            return None

    def _load(self) -> dict[str, list[Any]]:
        try:
            content = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(content, dict) or content.get("version") != _VERSION:
            return {}
        heads = content.get("heads")
        return heads if isinstance(heads, dict) else {}

    def save(self) -> None:
        """Write the cache file where many mails were parsed; a cache that can't be written is done without."""
        if self._parsed < _WORTH_KEEPING:
            return
        heads: dict[str, Any] = {}
        for key, stored in (self._stored or {}).items():
            folder = key.partition("\0")[0]
            if key in self._listed.get(folder, (key,)):
                heads[key] = stored
        for key, head in self._heads.items():
            folder = key.partition("\0")[0]
            if key in self._listed.get(folder, (key,)):
                heads[key] = astuple(head)
        temporary = self._file.with_name(f"heads.{os.getpid()}.tmp")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"version": _VERSION, "heads": heads}, ensure_ascii=True))
            temporary.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            return
        self._parsed = 0


def _key(entry: Entry) -> str:
    return f"{entry.folder}\0{entry.uid}\0{entry.stamp}"
