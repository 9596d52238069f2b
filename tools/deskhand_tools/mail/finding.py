"""Which mail a row means: by its id, in the folder that the row was read from.

The folder is told by where the id's values came from (`mail.Newsletters`), else by the row's column `folder`
where that names a folder with such a mail; else the inbox and then every other folder but Trash and Sent is
searched (and these two last, where the row was read from `all`: then copies in several folders must all be
meant, for acts that file them). A mail that an earlier act has moved is
followed. This module refuses to guess between mails with different ids and to change anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from deskhand.contract import Call, ResultColumn
from deskhand.errors import BusinessError

from deskhand_tools.mail.mailbox import Mailbox
from deskhand_tools.mail.message import Head, bare_id
from deskhand_tools.mail.store import Entry
from deskhand_tools.mail.tables import ALL, ATTACHMENTS
from deskhand_tools.mail.trail import Trail

ID_COLUMNS = ("id", "mail_id")


@dataclass(frozen=True)
class Found:
    """A mail that a row means.

    `repeated` where an earlier row of the same act has already taken it; `followed` where it has left the
    folder that the row was read from.
    """

    entry: Entry
    head: Head
    repeated: bool = False
    followed: bool = False

    @property
    def about(self) -> str:
        """One short line for a person."""
        sender = self.head.sender or "unknown sender"
        return f"{self.entry.folder}: {self.head.subject or '(no subject)'} ({sender})"


def id_column(columns: Sequence[ResultColumn], connection: str = "") -> ResultColumn | None:
    """The column that brings the ids: one read from this mailbox if there is one, else a text; `id` first."""
    named = [c for name in ID_COLUMNS for c in columns if c.name.casefold() == name]
    return min(named, key=lambda c: (not _from_mail(c, connection), c.type.upper() != "VARCHAR"), default=None)


def _from_mail(column: ResultColumn, connection: str) -> bool:
    if column.origin is None or column.origin[2].casefold() not in ID_COLUMNS:
        return False
    return column.origin[0].casefold() == connection.casefold()


@dataclass(frozen=True)
class Finder:
    """Finds mails for the rows of acts; `trail` knows where acts have moved mails to."""

    mailbox: Mailbox
    connection: str
    trail: Trail

    def search(self, calls: Sequence[Call] = ()) -> Search:
        """A search for the rows of one act (`calls`), over the mailbox as it stands now."""
        return Search(self, calls)


class Search:
    """Looks mails up for the calls of one act; a folder is listed once."""

    def __init__(self, finder: Finder, calls: Sequence[Call]) -> None:
        self._finder = finder
        self._calls = calls
        self._mailbox = finder.mailbox
        self._listed: dict[str, dict[str, list[tuple[Entry, Head]]]] = {}
        self._taken: set[tuple[str, str]] = set()

    def find(self, call: Call, *, take: bool, anywhere: bool) -> Found:
        """The mail that a call's row means. BusinessError where it brings no id or there is no such mail.

        take: two rows with one id mean two copies, if there are two. anywhere: a mail that has left the
        folder it was read from may be found in another one.
        """
        column = id_column(call.columns, self._finder.connection)
        wanted = self.id_of(call, column)
        source = self._source(call, column, wanted)
        if source is not None:
            candidates = self._within([source], wanted) or self._followed(source, wanted)
            if not candidates and anywhere:
                candidates = self._within(self._folders(), wanted)
            place = f"in {source}"
        else:
            candidates = self._within(self._folders(last=_reads_all(column)), wanted)
            place = "in any folder but Trash and Sent"
        if not candidates:
            raise BusinessError(f"there is no mail with the id {wanted} {place}")
        if take and source is None and _reads_all(column):
            self._one_meant(candidates, wanted)
        entry, head = candidates[0] if not take else self._next(candidates) or candidates[-1]
        repeated = take and (entry.folder, entry.uid) in self._taken
        if take:
            self._taken.add((entry.folder, entry.uid))
        return Found(entry, head, repeated, followed=source is not None and entry.folder != source)

    def _one_meant(self, candidates: Sequence[tuple[Entry, Head]], wanted: str) -> None:
        """BusinessError where copies lie in several folders and the rows mean some of them, and don't say which.

        A copy in Sent or Trash is taken only where there is no other.
        """
        filed = [entry.folder for entry, _ in candidates if entry.folder in self._folders()]
        folders = list(dict.fromkeys(filed))
        if len(folders) > 1 and self._asked[bare_id(wanted)] < len(filed):
            raise BusinessError(
                f"mails with the id {wanted} lie in {' and '.join(folders)}, and the row doesn't say which is meant",
                mend="Select the column `folder` too, or read from that folder's own table.",
            )

    @cached_property
    def _asked(self) -> Counter[str]:
        """How many rows of the act bring each id."""
        asked: Counter[str] = Counter()
        for call in self._calls:
            with suppress(BusinessError):
                asked[bare_id(self.id_of(call))] += 1
        return asked

    def _next(self, candidates: Sequence[tuple[Entry, Head]]) -> tuple[Entry, Head] | None:
        return next((c for c in candidates if (c[0].folder, c[0].uid) not in self._taken), None)

    def id_of(self, call: Call, column: ResultColumn | None = None) -> str:
        """The id that a call's row brings, as it stands there; BusinessError where it brings none."""
        column = column or id_column(call.columns, self._finder.connection)
        row = {name.casefold(): value for name, value in (call.row or {}).items()}
        names = [column.name.casefold()] if column else [n for n in ID_COLUMNS if n in row]
        if not names or names[0] not in row:
            raise BusinessError(
                "the row brings no id of a mail", mend="Select the column `id` of the mails, or group by it."
            )
        value = row[names[0]]
        if value is None or not str(value).strip():
            raise BusinessError("the id of the mail is empty")
        return str(value).strip()

    def within(self, folder: str, wanted: str) -> tuple[Entry, Head] | None:
        """A folder's mail with that id, if there is one."""
        return next(iter(self._within([folder], wanted)), None)

    # ------------------------------------------------------------ where to look

    def _source(self, call: Call, column: ResultColumn | None, wanted: str) -> str | None:
        """The folder that the row was read from, where that can be told."""
        ours = column is not None and _from_mail(column, self._finder.connection)
        if ours and column is not None and column.origin is not None:
            table = column.origin[1]
            if table.casefold() not in (ALL, ATTACHMENTS) and not table.casefold().startswith(ATTACHMENTS + "/"):
                folder = self._mailbox.folder(table)
                return folder.name if folder else table
        row = {name.casefold(): value for name, value in (call.row or {}).items()}
        named = row.get("folder")
        if not isinstance(named, str) or not named.strip():
            return None
        origin = next((c.origin for c in call.columns if c.name.casefold() == "folder"), None)
        told = origin is not None and origin[0].casefold() == self._finder.connection.casefold()
        if origin is not None and not told:
            return None  # a folder from another source says where a mail should go, not where it is
        folder = self._mailbox.folder(named)
        if told:
            return folder.name if folder else named
        # Of unknown origin: believed only where it proves right.
        return folder.name if folder and self._within([folder.name], wanted) else None

    def _folders(self, *, last: bool = False) -> list[str]:
        folders = self._mailbox.store.folders()
        first = [f.name for f in folders if f.role not in ("sent", "trash")]
        return first + ([f.name for f in folders if f.role in ("sent", "trash")] if last else [])

    def _within(self, folders: Iterable[str], wanted: str) -> list[tuple[Entry, Head]]:
        bare = bare_id(wanted)
        return [pair for folder in folders for pair in self._index(folder).get(bare, [])]

    def _index(self, folder: str) -> dict[str, list[tuple[Entry, Head]]]:
        if folder not in self._listed:
            index: dict[str, list[tuple[Entry, Head]]] = {}
            for entry, head in self._mailbox.mails(folder):
                index.setdefault(bare_id(head.id), []).append((entry, head))
            self._listed[folder] = index
        return self._listed[folder]

    def _followed(self, folder: str, wanted: str) -> list[tuple[Entry, Head]]:
        found: list[tuple[Entry, Head]] = []
        bare = bare_id(wanted)
        ways, seen = list(self._finder.trail.hints(folder, bare)), set()
        while ways:
            hint = ways.pop(0)
            if hint in seen:
                continue
            seen.add(hint)
            here = [p for p in self._index(hint.folder).get(bare, []) if p[0].uid in hint.names and p not in found]
            found += here
            if not here:
                ways += self._finder.trail.hints(hint.folder, bare)
        return found


def _reads_all(column: ResultColumn | None) -> bool:
    return column is not None and column.origin is not None and column.origin[1].casefold() == ALL
