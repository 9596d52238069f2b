"""Making mails: the headers and parts of what is sent, answers and forwards included.

A mail is made from a `Draft`; the same draft, id and moment give the same bytes.
This module refuses to send: it hands back bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from deskhand_tools.mail.headers import Address, encode_text, one_line
from deskhand_tools.mail.html import html_to_text
from deskhand_tools.mail.message import Attachment, Mail, tidy

_POLICY = EmailPolicy(linesep="\n", cte_type="7bit")
_REPLY = re.compile(r"\s*(re|aw|antw|antwort|sv|r)\s*(\[\d+\]|\(\d+\))?\s*:", re.IGNORECASE)
_FORWARD = re.compile(r"\s*(fwd?|wg|tr|vs)\s*(\[\d+\]|\(\d+\))?\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Draft:
    """A mail that is to be sent, but for its id and its moment."""

    sender: Address
    to: tuple[Address, ...]
    subject: str
    body: str
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    html: bool = False
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = field(default=())

    @property
    def everyone(self) -> tuple[Address, ...]:
        return (*self.to, *self.cc, *self.bcc)


def message_id(key: str, address: str) -> str:
    """The Message-ID of the effect with that key, sent by that address: always the same one."""
    return f"<{key_digest(key)}@{address.rpartition('@')[2]}>"


def key_digest(key: str) -> str:
    """32 hexadecimal digits that stand for an effect's key in ids and file names."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def compose(draft: Draft, id: str, moment: dt.datetime, *, with_bcc: bool) -> bytes:
    """The whole mail. `moment` carries its zone. Lines end in `\\n`."""
    headers = [
        ("Date", format_datetime(moment)),
        ("From", draft.sender.header()),
        ("Reply-To", _listed(draft.reply_to)),
        ("To", _listed(draft.to)),
        ("Cc", _listed(draft.cc)),
        ("Bcc", _listed(draft.bcc) if with_bcc else ""),
        ("Subject", encode_text(draft.subject)),
        ("Message-ID", id),
        ("In-Reply-To", draft.in_reply_to),
        ("References", "\n ".join(draft.references)),
    ]
    lines = [f"{name}: {value}\n" for name, value in headers if value or name == "Subject"]
    return "".join(lines).encode("ascii") + _parts(draft, id)


def _listed(addresses: Sequence[Address]) -> str:
    return ",\n ".join(address.header() for address in addresses)


def _parts(draft: Draft, id: str) -> bytes:
    message = EmailMessage(policy=_POLICY)
    body = tidy(draft.body)
    if draft.html:
        message.set_content(html_to_text(body) + "\n", charset="utf-8")
        message.add_alternative(body + "\n", subtype="html", charset="utf-8")
    else:
        message.set_content(body + "\n", charset="utf-8")
    for attachment in draft.attachments:
        main, _, sub = attachment.type.partition("/")
        message.add_attachment(
            attachment.content,
            maintype=main if main not in ("multipart", "message") else "application",
            subtype=sub if main not in ("multipart", "message") else "octet-stream",
            filename=one_line(attachment.name),
        )
    seed = hashlib.sha256(id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{seed}_{number}")
    return message.as_bytes()


def file_type(name: str) -> str:
    """The MIME type that a file's name tells."""
    known = {
        ".csv": "text/csv",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    for ending, kind in known.items():
        if name.lower().endswith(ending):
            return kind
    guessed, encoding = mimetypes.guess_type(name)
    return guessed if guessed and not encoding else "application/octet-stream"


# ---------------------------------------------------------------- answers and forwards


def reply_subject(subject: str) -> str:
    """The subject of an answer: `Re: ` before it, unless it is one already."""
    return subject if _REPLY.match(subject) else f"Re: {subject}".rstrip()


def forward_subject(subject: str) -> str:
    """The subject of a forward: `Fwd: ` before it, unless it is one already."""
    return subject if _FORWARD.match(subject) else f"Fwd: {subject}".rstrip()


def thread(mail: Mail) -> tuple[str, tuple[str, ...]]:
    """In-Reply-To and References of an answer; empty where the mail has no Message-ID."""
    ids = _ids(mail.header("References") or "") or _ids(mail.header("In-Reply-To") or "")[:1]
    own = _ids(mail.header("Message-ID") or "")[:1]
    references = tuple(dict.fromkeys([*(i for i in ids if i not in own), *own]))
    if len(references) > 21:  # the thread's first and its latest are what programs go by
        references = (references[0], *references[-20:])
    return (own[0] if own else ""), references


def _ids(text: str) -> list[str]:
    return [i for i in re.findall(r"<[^<>\s]+>", text) if i.isascii() and i.isprintable() and len(i) < 900]


def quoted(mail: Mail, moment: dt.datetime | None) -> str:
    """The original as it stands below an answer: who wrote when, then each line behind `> `."""
    when = f"On {moment:%Y-%m-%d %H:%M}, " if moment else ""
    lines = [f"> {line}" if line else ">" for line in mail.body.split("\n")]
    return f"{when}{_author(mail)} wrote:\n" + "\n".join(lines)


def forwarded(mail: Mail, moment: dt.datetime | None) -> str:
    """The original as it stands in a forward: its headers, then its text."""
    lines = ["---------- Forwarded message ----------", f"From: {_author(mail)}"]
    if moment:
        lines.append(f"Date: {moment:%Y-%m-%d %H:%M}")
    lines.append(f"Subject: {mail.header('Subject') or ''}")
    for name in ("To", "Cc"):
        addresses = mail.addresses(name)
        if addresses:
            lines.append(f"{name}: " + ", ".join(str(a) for a in addresses))
    return "\n".join(lines) + "\n\n" + mail.body


def _author(mail: Mail) -> str:
    authors = mail.addresses("From") or mail.addresses("Sender")
    return str(authors[0]) if authors else "an unknown sender"
