"""IMAP's modified UTF-7 (RFC 3501, 5.1.3), in which many mail programs name Maildir++ folders.

This module refuses to guess: what isn't valid modified UTF-7 decodes to None.
"""

from __future__ import annotations

import base64
import binascii
import re


def decode_utf7(text: str) -> str | None:
    """The name that stands in modified UTF-7, or None where `text` isn't such a name."""
    if not text.isascii():
        return None
    try:
        return re.sub(r"&([^-]*)(-?)", _decode, text)
    except ValueError:
        return None


def _decode(match: re.Match[str]) -> str:
    shifted, end = match.group(1), match.group(2)
    if not end:
        raise ValueError("unterminated shift")
    if not shifted:
        return "&"
    padded = shifted.replace(",", "/") + "=" * (-len(shifted) % 4)
    try:
        decoded = base64.b64decode(padded, validate=True).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error
    if any(" " <= c <= "~" for c in decoded):
        raise ValueError("printable ASCII must stand for itself")
    return decoded


def encode_utf7(text: str) -> str:
    """`text` in modified UTF-7."""

    def encode(match: re.Match[str]) -> str:
        raw = base64.b64encode(match.group().encode("utf-16-be", "surrogatepass")).decode()
        return "&" + raw.rstrip("=").replace("/", ",") + "-"

    return re.sub(r"[^ -~]+", encode, text.replace("&", "&-"))
