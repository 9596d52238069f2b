"""A mailbox for tests: a real Maildir, filled with mails that are described by a few words each.

    make_mailbox(tmp_path / "mail", [
        {"sender": "Ada <ada@acme.example>", "subject": "Invoice", "body": "…", "date": "2026-03-11 09:15"},
        {"folder": "Newsletters", "subject": "News", "unread": False, "attachments": {"list.csv": b"a,b\\n1,2\\n"}},
    ])

Nothing is simulated: the tool reads and writes it like any other. This module refuses to add to a mail what
wasn't asked for, but for an id and a date where none are given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deskhand.errors import UsageError

from deskhand_tools.mail.compose import Draft, compose, file_type
from deskhand_tools.mail.headers import Address, parse_addresses
from deskhand_tools.mail.maildir import MaildirStore
from deskhand_tools.mail.message import Attachment
from deskhand_tools.mail.store import INBOX, Delivery, Flag

_WORDS = (
    *("sender", "to", "cc", "reply_to", "subject", "body", "html", "date", "id", "in_reply_to", "folder", "unread"),
    *("flagged", "attachments", "raw"),
)
_START = dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)


def make_mailbox(path: Path, mails: Iterable[Mapping[str, Any]] = (), *, folders: Iterable[str] = ()) -> list[str]:
    """Make the Maildir at `path` (or add to it) with these mails, in order; returns their Message-IDs.

    A mail's words, all optional: `sender` (default `someone@example.org`), `to` (default
    `office@example.org`), `cc`, `reply_to`: addresses, as in a header; `subject`, `body`, `html` (True: the
    body is HTML); `date`: a datetime or ISO text, UTC without a zone; `id`: the Message-ID; `in_reply_to`;
    `folder` (default the inbox); `unread` (default True), `flagged` (default False); `attachments`: contents
    by name, texts or bytes; `raw`: the whole mail as bytes, instead of all that makes one.
    `folders` are made even where no mail lies in them. Raises UsageError for an unknown word.
    """
    path.mkdir(parents=True, exist_ok=True)
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(exist_ok=True)
    store = MaildirStore(path)
    for name in folders:
        store.make_folder(name)
    ids = []
    count = len(store.uids(INBOX)) + sum(len(store.uids(f.name)) for f in store.folders()[1:])
    for number, mail in enumerate(mails, start=count + 1):
        unknown = sorted(set(mail) - set(_WORDS))
        if unknown:
            raise UsageError(f"make_mailbox knows no {unknown[0]!r} of a mail", mend=f"It knows {', '.join(_WORDS)}.")
        moment = _moment(mail.get("date"), number)
        id = str(mail.get("id") or f"<{number}.{int(moment.timestamp())}@example.org>")
        content = mail["raw"] if "raw" in mail else compose(_draft(mail), id, moment, with_bcc=False)
        flags: set[Flag] = set()
        if not mail.get("unread", True):
            flags.add("seen")
        if mail.get("flagged", False):
            flags.add("flagged")
        folder = store.make_folder(str(mail.get("folder", INBOX)))
        uid = f"{int(moment.timestamp())}.M{number:06d}.fake"
        store.append([Delivery(folder.name, uid, content, frozenset(flags), new=not flags)])
        ids.append(id)
    return ids


def _moment(date: Any, number: int) -> dt.datetime:
    if date is None:
        return _START + dt.timedelta(minutes=number)
    moment = dt.datetime.fromisoformat(date) if isinstance(date, str) else date
    if not isinstance(moment, dt.datetime):
        raise UsageError(f"{date!r} is no moment", mend="Give a datetime or a text like `2026-03-11 09:15`.")
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _draft(mail: Mapping[str, Any]) -> Draft:
    def addresses(name: str, default: str = "") -> tuple[Address, ...]:
        return tuple(parse_addresses(str(mail.get(name) or default)))

    attachments = []
    for name, content in (mail.get("attachments") or {}).items():
        raw = content.encode() if isinstance(content, str) else content
        attachments.append(Attachment(name, file_type(name), raw))
    return Draft(
        sender=addresses("sender", "someone@example.org")[0],
        to=addresses("to", "office@example.org"),
        cc=addresses("cc"),
        reply_to=addresses("reply_to"),
        subject=str(mail.get("subject", "")),
        body=str(mail.get("body", "")),
        html=bool(mail.get("html", False)),
        attachments=tuple(attachments),
        in_reply_to=str(mail.get("in_reply_to", "")),
    )
