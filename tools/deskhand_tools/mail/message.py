"""A mail out of its bytes: what its headers say, its text, its attachments.

Whatever comes is read: no headers, a broken MIME structure, wrong charsets, dates that are none. Nothing here
raises over a mail's content. This module refuses to keep mails and to fetch what a mail points to.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import Compat32
from typing import Any

from deskhand_tools.mail.headers import Address, decode_bytes, decode_header, read_addresses, read_date, valid
from deskhand_tools.mail.html import html_to_text


class _Raw(Compat32):
    """Headers as they stand; the standard policies lose raw 8-bit text."""

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        return value


_POLICY = _Raw()


@dataclass(frozen=True)
class Attachment:
    """An attached file: the name it goes by, its MIME type, its content."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True)
class Head:
    """What a mail's tables show of it, but for its text.

    `id` is the Message-ID as it stands, or `sha256:…` of the whole mail where there is none. `date` is ISO
    with its zone: the Date header's, else that of the last server that received it, else None.
    `attachments` are (name, type, size in bytes).
    """

    id: str
    date: str | None
    sender: str | None
    sender_name: str | None
    recipients: str | None
    cc: str | None
    subject: str
    attachments: tuple[tuple[str, str, int], ...]


class Mail:
    """A mail, parsed."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        try:
            self._message: Message = BytesParser(policy=_POLICY).parsebytes(raw)
            self._leaves = list(_leaves(self._message))
        except Exception:  # nested deeper than the parser goes
            try:
                self._message = BytesHeaderParser(policy=_POLICY).parsebytes(raw)
            except Exception:
                self._message = Message(_POLICY)
            self._leaves = []

    # ------------------------------------------------------------ headers

    def texts(self, name: str) -> list[str]:
        """All values of a header, as they stand."""
        return [str(value) for value in self._message.get_all(name, [])]

    def header(self, name: str) -> str | None:
        """A header's first value, decoded; None where there is none."""
        values = self.texts(name)
        return decode_header(values[0]) if values else None

    def addresses(self, name: str) -> list[Address]:
        """The addresses of a header."""
        return read_addresses(self.texts(name))

    @property
    def id(self) -> str:
        values = self.texts("Message-ID")
        stated = re.sub(r"\s+", " ", decode_header(values[0])) if values else ""
        return stated if stated.strip("<> ") else "sha256:" + hashlib.sha256(self.raw).hexdigest()

    @property
    def head(self) -> Head:
        senders = self.addresses("From") or self.addresses("Sender")
        sender = senders[0] if senders else None
        return Head(
            id=self.id,
            date=self._date(),
            sender=sender.address if sender else None,
            sender_name=(sender.name or None) if sender else None,
            recipients=_joined(self.addresses("To")),
            cc=_joined(self.addresses("Cc")),
            subject=self.header("Subject") or "",
            attachments=tuple((a.name, a.type, len(a.content)) for a in self.attachments()),
        )

    def _date(self) -> str | None:
        for value in self.texts("Date"):
            moment = read_date(value)
            if moment is not None:
                return moment.isoformat()
        for value in self.texts("Received"):
            moment = read_date(value.rpartition(";")[2])
            if moment is not None:
                return moment.isoformat()
        return None

    # ------------------------------------------------------------ parts

    def attachments(self) -> list[Attachment]:
        """The attached files in order, each with a name; pictures that belong to the HTML are none."""
        found: list[Attachment] = []
        for part in self._leaves:
            if _is_attachment(part):
                kind = _type(part)
                name = _file_name(part) or _made_name(part, kind, len(found) + 1)
                found.append(Attachment(name, kind, _content(part)))
        return found

    @property
    def body(self) -> str:
        """The text: the plain one where there is one, else that of the HTML; breaks are `\\n`, none at the end."""
        try:
            text = self._text(self._message)
        except Exception:
            text = ""
        if not text and not self._leaves:
            text = decode_bytes(re.split(rb"\r?\n\r?\n", self.raw, maxsplit=1)[-1], None)
        return tidy(text)

    def _text(self, part: Message) -> str:
        if not part.is_multipart():
            kind = _type(part)
            if _is_attachment(part) or kind not in ("text/plain", "text/html"):
                return ""
            text = decode_bytes(_content(part), _charset(part))
            return html_to_text(text) if kind == "text/html" else text
        if _type(part).startswith("message/"):
            return ""
        inner = _children(part)
        if _type(part) == "multipart/alternative":
            ranked = sorted(inner, key=lambda p: _holds(p) != "text/plain")
            return next((text for text in map(self._text, ranked) if text.strip()), "")
        return "\n".join(text for text in map(self._text, inner) if text.strip())


def tidy(text: str) -> str:
    """Text with `\\n` for every line break and none at the end."""
    return valid(text.replace("\r\n", "\n").replace("\r", "\n")).rstrip("\n")


def bare_id(text: str) -> str:
    """A message's id without angle brackets and blanks, as two spellings are compared."""
    text = text.strip()
    return text[1:-1].strip() if text.startswith("<") and text.endswith(">") else text


def _joined(addresses: list[Address]) -> str | None:
    return ", ".join(a.address for a in addresses) or None


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [p for p in payload if isinstance(p, Message)] if isinstance(payload, list) else []


def _leaves(part: Message) -> Iterator[Message]:
    """Every part that isn't a container; an attached mail is one part."""
    if part.is_multipart() and not _type(part).startswith("message/"):
        for inner in _children(part):
            yield from _leaves(inner)
    else:
        yield part


def _holds(part: Message) -> str:
    """The kind of text that a part of an alternative has to offer."""
    kinds = [_type(leaf) for leaf in _leaves(part) if not _is_attachment(leaf)]
    return kinds[0] if kinds else ""


def _type(part: Message) -> str:
    kind = part.get_content_type()
    if kind.startswith("multipart/") and not part.is_multipart():
        return "text/plain"  # no boundary, or none that occurs
    return valid(kind) if re.fullmatch(r"[\x21-\x7e]+", kind) else "application/octet-stream"


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except Exception:
        return None


def _disposition(part: Message) -> str:
    return str(part.get("Content-Disposition", "")).partition(";")[0].strip().lower()


def _is_attachment(part: Message) -> bool:
    if part.is_multipart() and not _type(part).startswith("message/"):
        return False
    kind = _type(part)
    disposition = _disposition(part)
    if disposition == "attachment":
        return True
    if kind.startswith("image/") and part.get("Content-ID") is not None:
        return False
    if kind in ("text/plain", "text/html"):
        return bool(_file_name(part))
    return True


def _file_name(part: Message) -> str:
    try:
        raw = part.get_filename("")
    except Exception:
        return ""
    name = decode_header(raw or "")
    # Some programs send the sender's whole path.
    return re.split(r"[/\\]", name)[-1].strip()


def _made_name(part: Message, kind: str, number: int) -> str:
    if kind == "message/rfc822":
        return f"message-{number}.eml"
    return f"attachment-{number}{mimetypes.guess_extension(kind) or '.bin'}"


def _content(part: Message) -> bytes:
    if part.is_multipart():  # an attached mail
        try:
            return b"".join(inner.as_bytes() for inner in _children(part))
        except Exception:
            return b""
    try:
        content = part.get_payload(decode=True)
    except Exception:
        content = None
    if isinstance(content, bytes):
        return content
    payload = part.get_payload()
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""
