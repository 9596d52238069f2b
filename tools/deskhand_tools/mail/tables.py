"""The mailbox as tables: one per folder, `all`, `attachments`.

Rows come in the order of arrival, folder by folder: inbox, Sent, then the others by name. `subject` and
`body` are never null (a mail without has an empty text); `sender`, `sender_name`, `recipients`, `cc` and
`date` are null where the mail doesn't tell. A Date header that can't be read gives way to the date of the last
server that received the mail. A mail's text is read only when `body` is asked for. This module refuses to
change anything, the unread mark included.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from deskhand.contract import Column, Filter, Table, Value
from deskhand.errors import DataError

from deskhand_tools.mail.mailbox import Mailbox
from deskhand_tools.mail.message import Head
from deskhand_tools.mail.store import INBOX, Entry, Folder

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pyarrow as pa

_MESSAGE: dict[str, str] = {
    "id": "VARCHAR",
    "date": "TIMESTAMP",
    "day": "DATE",
    "sender": "VARCHAR",
    "sender_name": "VARCHAR",
    "recipients": "VARCHAR",
    "cc": "VARCHAR",
    "subject": "VARCHAR",
    "body": "VARCHAR",
    "unread": "BOOLEAN",
    "flagged": "BOOLEAN",
    "attachments": "BIGINT",
}
_ATTACHMENT: dict[str, str] = {
    "mail_id": "VARCHAR",
    "folder": "VARCHAR",
    "mail_date": "TIMESTAMP",
    "mail_sender": "VARCHAR",
    "name": "VARCHAR",
    "type": "VARCHAR",
    "size": "BIGINT",
}
_NEVER_NULL = {"id", "folder", "subject", "body", "unread", "flagged", "attachments", "mail_id", "name", "type"}
_NEVER_NULL |= {"size"}
_FEW = 12

ALL = "all"
ATTACHMENTS = "attachments"
SENT = "sent"


class MailTables:
    """The folders' tables of one mailbox. Timestamps are naive, in `zone`."""

    def __init__(self, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._mailbox = mailbox
        self._zone = zone

    def tables(self) -> list[Table]:
        """inbox, sent, every other folder, all, attachments."""
        folders = self._mailbox.store.folders()
        by_folder = {f.name: self._mailbox.mails(f.name) for f in folders}
        if not any(f.role == "sent" for f in folders):
            folders.insert(1, Folder("Sent", "sent"))
        found = [
            Table(
                SENT if folder.role == "sent" else folder.name,
                _columns(_MESSAGE, _senders(by_folder.get(folder.name, []))),
                rows=len(by_folder.get(folder.name, [])),
                writable=False,
            )
            for folder in folders
        ]
        everything = [pair for pairs in by_folder.values() for pair in pairs]
        samples = _senders(everything) | {"folder": _few(by_folder)}
        found.append(
            Table(
                ALL,
                _columns({"folder": "VARCHAR"} | _MESSAGE, samples),
                rows=len(everything),
                writable=False,
                partition="folder",
            )
        )
        attached = [
            (folder.name, name, kind)
            for folder in self.attached_folders()
            for _, head in by_folder.get(folder.name, [])
            for name, kind, _ in head.attachments
        ]
        samples = {
            "folder": _few(a[0] for a in attached),
            "name": _few(a[1] for a in attached),
            "type": _few(a[2] for a in attached),
        }
        found.append(Table(ATTACHMENTS, _columns(_ATTACHMENT, samples), rows=len(attached), writable=False))
        return found

    def table(self, name: str) -> Table | None:
        """One of those, with its columns only (no counts, no samples)."""
        folded = name.strip().casefold()
        if folded == ALL:
            return Table(ALL, _columns({"folder": "VARCHAR"} | _MESSAGE), writable=False, partition="folder")
        if folded == ATTACHMENTS:
            return Table(ATTACHMENTS, _columns(_ATTACHMENT), writable=False)
        folder = self._mailbox.folder(name)
        if folder is None and folded != SENT:
            return None
        shown = SENT if folder is None or folder.role == "sent" else folder.name
        return Table(shown, _columns(_MESSAGE), writable=False)

    def attached_folders(self) -> list[Folder]:
        """The folders whose attachments are tables: all but Sent and Trash."""
        return [f for f in self._mailbox.store.folders() if f.role not in ("sent", "trash")]

    def read(self, name: str, columns: Sequence[str], where: Sequence[Filter]) -> pa.Table:
        """These columns of a folder's table, of `all` or of `attachments`. DataError where the folder is gone."""
        folded = name.casefold()
        if folded == ATTACHMENTS:
            return _arrow(self._attachments(), columns, where, _ATTACHMENT, {})
        if folded == ALL:
            folders = [f.name for f in self._mailbox.store.folders()]
            types = {"folder": "VARCHAR"} | _MESSAGE
        else:
            folder = self._mailbox.folder(name)
            if folder is None and folded != SENT:
                raise DataError(
                    f"the mailbox has no folder {name} any more",
                    mend="Somebody has removed it since the catalog was read: run again.",
                )
            folders = [folder.name] if folder else []
            types = _MESSAGE
        bodies = {"body": self._body}
        return _arrow(self._mails(folders), columns, where, types, bodies)

    def _mails(self, folders: Sequence[str]) -> Iterator[tuple[Entry, dict[str, Value]]]:
        for folder in folders:
            for entry, head in self._mailbox.mails(folder):
                yield entry, self._message(entry, head)

    def _attachments(self) -> Iterator[tuple[Entry, dict[str, Value]]]:
        for folder in self.attached_folders():
            for entry, head in self._mailbox.mails(folder.name):
                for name, kind, size in head.attachments:
                    values: dict[str, Value] = {
                        "mail_id": head.id,
                        "folder": folder.name,
                        "mail_date": self.local(head.date),
                        "mail_sender": head.sender,
                        "name": name,
                        "type": kind,
                        "size": size,
                    }
                    yield entry, values

    def _message(self, entry: Entry, head: Head) -> dict[str, Value]:
        date = self.local(head.date)
        return {
            "folder": entry.folder,
            "id": head.id,
            "date": date,
            "day": date.date() if date else None,
            "sender": head.sender,
            "sender_name": head.sender_name,
            "recipients": head.recipients,
            "cc": head.cc,
            "subject": head.subject,
            "unread": entry.unread,
            "flagged": "flagged" in entry.flags,
            "attachments": len(head.attachments),
        }

    def _body(self, entry: Entry) -> str:
        mail = self._mailbox.mail(entry)
        return mail.body if mail else ""

    def local(self, date: str | None) -> dt.datetime | None:
        """A head's date, naive, in the workspace's zone."""
        if date is None:
            return None
        try:
            return dt.datetime.fromisoformat(date).astimezone(self._zone).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None


def prefix_values(mail_id: str, date: dt.datetime | None, sender: str | None) -> dict[str, Value]:
    """The columns that stand before an attached table's own."""
    return {"mail_id": mail_id, "mail_date": date, "mail_sender": sender}


def folder_table(name: str) -> Table:
    """The table of a folder that isn't there yet."""
    return Table(name, _columns(_MESSAGE), writable=False)


def _columns(types: dict[str, str], samples: dict[str, tuple[str, ...]] | None = None) -> tuple[Column, ...]:
    return tuple(
        Column(name, kind, nullable=name not in _NEVER_NULL, samples=(samples or {}).get(name, ()))
        for name, kind in types.items()
    )


def _few(values: Iterable[str]) -> tuple[str, ...]:
    distinct = sorted(set(values))
    return tuple(distinct) if len(distinct) <= _FEW else ()


def _senders(mails: Sequence[tuple[Entry, Head]]) -> dict[str, tuple[str, ...]]:
    return {"sender": _few(head.sender for _, head in mails if head.sender)}


def keeps(value: Value, condition: Filter) -> bool:
    """Whether a row may be kept under a filter; True wherever that isn't certain."""
    wanted = condition.value
    if condition.op == "is null":
        return value is None
    if value is None:
        return False
    if condition.op == "is not null":
        return True
    try:
        if condition.op == "in":
            return value in wanted if isinstance(wanted, tuple) else True
        if isinstance(value, str) != isinstance(wanted, str):
            return True
        left: Any = value
        right: Any = wanted
        if condition.op == "=":
            return bool(left == right)
        if condition.op in ("<", "<="):
            return bool(left < right or (condition.op == "<=" and left == right))
        return bool(left > right or (condition.op == ">=" and left == right))
    except TypeError:
        return True


def _arrow(
    rows: Iterator[tuple[Entry, dict[str, Value]]],
    columns: Sequence[str],
    where: Sequence[Filter],
    types: dict[str, str],
    costly: dict[str, Any],
) -> pa.Table:
    """Rows as Arrow; `costly` columns are made only for rows that the filters on others keep."""
    import pyarrow as pa

    names = {name.casefold(): name for name in types}
    wanted = [names[c.casefold()] for c in columns]
    conditions = [(names[f.column.casefold()], f) for f in where if f.column.casefold() in names]
    conditions = [(name, f) for name, f in conditions if name not in costly]
    lists: dict[str, list[Value]] = {name: [] for name in wanted}
    count = 0
    for entry, values in rows:
        if all(keeps(values[name], condition) for name, condition in conditions):
            count += 1
            for name in wanted:
                lists[name].append(costly[name](entry) if name in costly else values[name])
    if not wanted:  # as many rows as there are, of nothing
        return pa.table({"": pa.nulls(count)}).select([])
    return pa.table({name: pa.array(lists[name], arrow_type(types[name])) for name in wanted})


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a column of these tables."""
    import pyarrow as pa

    return {
        "VARCHAR": pa.string(),
        "TIMESTAMP": pa.timestamp("us"),
        "DATE": pa.date32(),
        "BOOLEAN": pa.bool_(),
        "BIGINT": pa.int64(),
    }[kind]


__all__ = ["ALL", "ATTACHMENTS", "INBOX", "SENT", "MailTables", "arrow_type", "keeps", "prefix_values"]
