"""The seam between the mail tool and whatever keeps the mails: folders, list, fetch, append, move, flags.

`maildir.py` is one such store; a server's mailbox would be another. Nothing above this seam knows how a mail
is kept. This module refuses to parse mails and to know what an operation is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from deskhand.errors import UnavailableError

INBOX = "inbox"

Role = Literal["inbox", "sent", "trash", "other"]
Flag = Literal["seen", "flagged", "answered", "forwarded", "draft", "trashed"]


@dataclass(frozen=True)
class Folder:
    """A folder by the name that people see (`Newsletters`, `Clients/Acme`) and what it is for."""

    name: str
    role: Role


@dataclass(frozen=True)
class Entry:
    """One kept mail: its folder, its name that never changes there, its flags, and its size in bytes.

    `stamp` differs whenever the content under the same name differs.
    """

    folder: str
    uid: str
    flags: frozenset[Flag]
    size: int
    stamp: str

    @property
    def unread(self) -> bool:
        return "seen" not in self.flags


@dataclass(frozen=True)
class Delivery:
    """A mail to be kept: in which folder, under which name, as new mail or with flags."""

    folder: str
    uid: str
    content: bytes
    flags: frozenset[Flag] = frozenset()
    new: bool = False


class Gone(Exception):
    """A mail isn't where it was listed: another mail program has moved or deleted it."""


class Store(Protocol):
    """Where mails are kept. Every method raises UnavailableError where the whole store can't be reached."""

    def fingerprint(self) -> str:
        """A short text that changes whenever a mail came, went or changed its flags."""

    def folders(self) -> list[Folder]:
        """All folders: inbox first, then Sent, then by name."""

    def folder(self, name: str) -> Folder | None:
        """The folder of that name, ignoring case, `.` and `/` meaning the same; None where there is none."""

    def make_folder(self, name: str) -> Folder:
        """The folder of that name, made where missing."""

    def list(self, folder: str) -> list[Entry]:
        """The folder's mails in the order of their arrival. Marks nothing as read."""

    def uids(self, folder: str) -> Sequence[str]:
        """The names of the folder's mails, in no order; cheaper than `list`."""

    def fetch(self, entry: Entry) -> bytes:
        """A mail's content. Marks nothing as read. Raises Gone."""

    def append(self, deliveries: Sequence[Delivery]) -> None:
        """Keep these mails: all are written first, then they appear in this order; none by halves.

        A delivery whose folder already holds its uid is left out.
        """

    def move(self, folder: str, uid: str, target: str, spare: str) -> str:
        """Move a mail at one stroke, keeping its flags; returns its uid there (`spare` where the name is
        taken by another mail). Raises Gone."""

    def remove(self, folder: str, uid: str) -> None:
        """Delete a mail for good. Raises Gone."""

    def flag(self, folder: str, uid: str, add: frozenset[Flag], drop: frozenset[Flag]) -> None:
        """Change a mail's flags. Raises Gone."""


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Turn the operating system's refusals into UnavailableError, saying what to do about each."""
    import errno

    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message, mend = f"{what}: the disk is full", "Free some space, then resume the run."
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            message = f"{what}: access is denied ({error.strerror})"
            mend = "Give this user the right to read and write there, then resume the run."
        elif error.errno in (errno.ENOENT, errno.ENOTDIR):
            message = f"{what}: it isn't there any more ({error.filename})"
            mend = "Put it back or connect the drive, then resume the run."
        else:
            message = f"{what}: {error.strerror or error}"
            mend = "Look whether the disk or drive works, then resume the run."
        raise UnavailableError(message, mend=mend) from error
