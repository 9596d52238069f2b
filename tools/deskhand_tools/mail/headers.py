"""Reading and writing single header lines: encoded words (RFC 2047), addresses, dates.

Reading takes whatever comes (unknown charsets, raw 8-bit bytes, broken base64) and never raises; writing
accepts only what is right. This module refuses to know what a mail's parts are.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import datetime as dt
import quopri
import re
from dataclasses import dataclass
from email.utils import getaddresses, parsedate_to_datetime

from deskhand.errors import BusinessError

_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_BREAKS = re.compile("[\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]+[ \t]*")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]+@(?:[^\s<>,;:\"()\[\]@]+|\[[^\]\s]+\])")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTED_LOCAL = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])*"')
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LITERAL = re.compile(r"\[(?:IPv6:[0-9A-Fa-f:.]+|[0-9]{1,3}(?:\.[0-9]{1,3}){3})\]")


# ---------------------------------------------------------------- text out of bytes


def decode_bytes(raw: bytes, charset: str | None) -> str:
    """Text out of bytes in the charset they claim, or else in UTF-8, or else in Windows' Latin; never raises."""
    name = (charset or "").strip().strip("'\"").lower()
    try:
        name = codecs.lookup(name).name if name else ""
    except (LookupError, ValueError):
        name = ""
    # What claims to be Latin-1 or ASCII is in truth mostly Windows' own Latin, or UTF-8.
    if name in ("iso8859-1", "latin-1"):
        candidates = ["cp1252", "iso8859-1"]
    elif name in ("", "ascii"):
        candidates = ["utf-8", "cp1252"]
    else:
        candidates = [name, "utf-8"]
    for candidate in candidates:
        try:
            return valid(raw.decode(candidate))
        except (UnicodeError, LookupError, ValueError):
            continue
    return raw.decode("cp1252" if name in ("", "ascii") else "utf-8", "replace")


def valid(text: str) -> str:
    """The text with lone surrogates replaced, so that it can be stored as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def one_line(text: str) -> str:
    """The text on one line: each break with the blanks after it is one blank, none at the ends."""
    return _BREAKS.sub(" ", text).strip()


def decode_header(raw: str) -> str:
    """A header's value as a person reads it: unfolded, decoded, on one line."""
    text = decode_bytes(raw.encode("utf-8", "surrogateescape"), None) if _escaped(raw) else raw
    text = re.sub(r"\r?\n(?=[ \t])", "", text)
    return one_line(valid(_decode_words(text)))


def _escaped(text: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in text)


def _decode_words(text: str) -> str:
    pieces: list[str] = []
    pending: tuple[str, bytes] | None = None
    place = 0
    for match in _WORD.finditer(text):
        between = text[place : match.start()]
        charset = match.group(1).split("*")[0].lower()
        raw = _word_bytes(match.group(2), match.group(3))
        if raw is None:
            continue
        if pending is not None and between.strip(" \t") == "":
            if pending[0] == charset:  # a character may be split between two words
                pending = (charset, pending[1] + raw)
            else:
                pieces.append(decode_bytes(pending[1], pending[0]))
                pending = (charset, raw)
        else:
            if pending is not None:
                pieces.append(decode_bytes(pending[1], pending[0]))
            pieces.append(between)
            pending = (charset, raw)
        place = match.end()
    if pending is not None:
        pieces.append(decode_bytes(pending[1], pending[0]))
    pieces.append(text[place:])
    return "".join(pieces)


def _word_bytes(kind: str, payload: str) -> bytes | None:
    try:
        data = payload.encode("ascii")
    except UnicodeError:
        return None
    if kind in "qQ":
        return quopri.decodestring(data, header=True)
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return None


# ---------------------------------------------------------------- text into headers


def encode_text(text: str) -> str:
    """A header's value for any text: plain where it is ASCII, else encoded words; folded, ASCII, safe."""
    text = valid(one_line(text))
    plain = text.isascii() and text.isprintable() and "=?" not in text
    if plain and all(len(word) < 900 for word in text.split(" ")):
        return _fold(text)
    return "\n ".join(_encoded_words(text))


def _fold(text: str) -> str:
    lines = [""]
    for piece in re.split(r"(?<=[^ ])(?= +[^ ])", text):
        if lines[-1] and len(lines[-1]) + len(piece) > 64:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _encoded_words(text: str) -> list[str]:
    chunks: list[bytes] = [b""]
    for char in text:
        raw = char.encode("utf-8")
        if len(chunks[-1]) + len(raw) > 42:
            chunks.append(b"")
        chunks[-1] += raw
    return [f"=?utf-8?B?{base64.b64encode(chunk).decode()}?=" for chunk in chunks]


# ---------------------------------------------------------------- addresses


@dataclass(frozen=True)
class Address:
    """A mail address and the name beside it, if any."""

    address: str
    name: str = ""

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.name} <{self.address}>" if self.name else self.address

    def header(self) -> str:
        """As it stands in a header: ASCII only."""
        if not self.name:
            return self.address
        if re.fullmatch(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+", self.name) and "=?" not in self.name:
            shown = _fold(self.name)
        elif self.name.isascii() and self.name.isprintable() and "=?" not in self.name:
            shown = '"' + re.sub(r'(["\\])', r"\\\1", self.name) + '"'
        else:
            shown = "\n ".join(_encoded_words(self.name))
        return f"{shown}\n <{self.address}>" if len(shown) + len(self.address) > 60 else f"{shown} <{self.address}>"

    @property
    def same(self) -> str:
        """What two spellings of one address have in common."""
        return self.address.casefold()


def read_addresses(raws: list[str]) -> list[Address]:
    """The addresses of one header, from all its lines; broken ones are mended or left out."""
    found: list[Address] = []
    for raw in raws:
        text = re.sub(r"\r?\n(?=[ \t])", "", raw)
        if _escaped(text):
            text = decode_bytes(text.encode("utf-8", "surrogateescape"), None)
        if text.count("@") > 200_000:
            continue
        try:
            pairs = getaddresses([text])
        except Exception:
            pairs = []
        here = []
        for name, address in pairs:
            match = _ADDRESS.fullmatch(address.strip())
            if match and "=?" not in address:
                here.append(Address(_tidy(address.strip()), one_line(valid(_decode_words(name)))))
        if not here and _WORD.search(text):  # a whole `Name <address>` in one encoded word
            here = read_addresses([one_line(valid(_decode_words(text))).replace("=?", "")])
        elif not here:
            here = [Address(_tidy(m.group())) for m in _ADDRESS.finditer(valid(text))]
        found.extend(here)
    return found


def _tidy(address: str) -> str:
    local, _, domain = valid(address).rpartition("@")
    return f"{local}@{domain.lower()}"


def parse_addresses(text: str) -> list[Address]:
    """The addresses of a text, split by commas and semicolons; BusinessError names the first bad one."""
    if any(ord(c) < 32 or ord(c) == 127 or c in "\x85\u2028\u2029" for c in text.strip()):
        raise BusinessError(
            f"the address {one_line(text)!r} has a line break or control character in it",
            mend="Give addresses on one line, split by commas.",
        )
    return [_parse_address(part) for part in _split(text.strip()) if part.strip()]


def _split(text: str) -> list[str]:
    parts, quoted, angle, skip = [""], False, False, False
    for c in text:
        if skip:
            skip = False
        elif quoted and c == "\\":
            skip = True
        elif c == '"' and not angle:
            quoted = not quoted
        elif c in "<>" and not quoted:
            angle = c == "<"
        elif c in ",;" and not quoted and not angle:
            parts.append("")
            continue
        parts[-1] += c
    return parts


def _parse_address(text: str) -> Address:
    text = text.strip()
    name = ""
    match = re.fullmatch(r"(.*?)\s*<([^<>]*)>", text)
    if match:
        name, address = match.group(1).strip(), match.group(2).strip()
        if len(name) >= 2 and name[0] == name[-1] == '"':
            name = re.sub(r"\\(.)", r"\1", name[1:-1]).strip()
    else:
        address = text
    local, at, domain = address.rpartition("@")
    reason = ""
    if not at:
        reason = "it has no @"
    elif not local.isascii():
        reason = "letters beyond ASCII before the @ can't be delivered"
    elif not (_LOCAL.fullmatch(local) or _QUOTED_LOCAL.fullmatch(local)):
        reason = "the part before the @ can't be one"
    elif len(local) > 64:
        reason = "the part before the @ is too long"
    else:
        domain = _domain(domain)
        if not domain:
            reason = "the part after the @ is no domain"
        elif len(local) + len(domain) > 253:
            reason = "it is too long"
    if reason:
        raise BusinessError(
            f"{text!r} isn't a mail address: {reason}", mend="Give an address like `name@company.example`."
        )
    return Address(f"{local}@{domain}", valid(name))


def _domain(domain: str) -> str:
    """The domain in lower-case ASCII (IDNA); empty where it can't be one."""
    if _LITERAL.fullmatch(domain):
        return domain
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    domain = domain.lower().removesuffix(".")
    return domain if all(_LABEL.fullmatch(label) for label in domain.split(".")) else ""


# ---------------------------------------------------------------- dates


def read_date(raw: str) -> dt.datetime | None:
    """A Date header's moment, with its zone (UTC where it names none); None where it can't be read."""
    try:
        moment = parsedate_to_datetime(re.sub(r"\s+", " ", raw).strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        moment.astimezone(dt.UTC)  # years at the edge of the calendar overflow here, not later
    except Exception:
        return None
    return moment if moment.year > 1900 else None
