"""Redaction: secrets and personal data become numbered placeholders before anything is logged or learned from.

E-mail addresses, IBANs (by their checksum), card numbers (by Luhn), tokens, passwords in URLs or after a name
such as `password=`, and the exact values of secrets that the workspace knows. One `Redactor` gives the same
value the same placeholder (`<email 1>`), so that a trace still shows which mail went where.

This module refuses to guess at names, addresses and amounts: those it leaves as they are, and says so here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from deskhand.contract import Json

SHORTEST_SECRET: Final = 4
"""Shorter values aren't masked by text: they'd blot out half of every log and are no secrets anyway."""

# Texts may be megabytes of anything (a mail's attachment in base64), so every pattern here is linear: it is
# bounded, or begins only where no longer match could have begun, or never gives back what it has taken (`++`).
_DOMAIN = re.compile(r"@[\w-]++(?:\.[\w-]++)++")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?!\w)")
_TOKENS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<![\w-])eyJ[\w-]{8,}+\.[\w-]++\.[\w-]*+"
    r"|\b(?:sk|pk|rk)[-_][\w-]{16,}"
    r"|\b(?:gh[pousr]|hf|glpat|github_pat|npm|pypi)[-_][\w-]{16,}"
    r"|\bxox[abeprs]-[\w-]{10,}"
    r"|\bA(?:KIA|SIA)[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{35}"
    r"|\bya29\.[\w-]{10,}",
    re.DOTALL,
)
_MASKED = r"<(?:secret|(?:token|email|iban|card) \d+)>"
_KEPT = re.compile(rf"[\"']?(?:{_MASKED}|\$\{{|\{{\{{)")
"""Values that are no secrets themselves: placeholders, references (`${env:X}`), templates."""
_NAMED = re.compile(
    r"(?P<name>\bbearer\s++|\b(?:password|passwd|pwd|secret|token|api[_-]?key)[\"']?\s*+[=:]\s*+)"
    rf"(?!{_KEPT.pattern})(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"',;&]++)"
    rf"|(?P<scheme>://[^\s/:@]{{0,200}}:)(?!{_KEPT.pattern})(?P<login>[^\s/@]{{1,500}})(?=@)",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(r"(?:^|[_\s-])(?:password|passwd|pwd|secret|token|api[_-]?key)$", re.IGNORECASE)

_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE BI", 18: "DK FI FO GL NL SD FK", 19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST",
        26: "IS TR", 27: "BJ DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


def is_iban(text: str) -> bool:
    """Whether the text (no separators) has an IBAN's length for its country and the right checksum."""
    text = text.upper()
    if _IBAN_LENGTHS.get(text[:2]) != len(text) or not text.isascii() or not text.isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def is_card(digits: str) -> bool:
    """Whether the digits begin as a payment card's do and pass Luhn's check."""
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or not digits.isascii():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


class Redactor:
    """Masks texts and JSON. secrets: values that must never show, whatever they look like."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in (secret, quote(secret, ""))}
        self._secrets = sorted(forms, key=len, reverse=True)
        self._names: dict[tuple[str, str], str] = {}

    def text(self, text: str) -> str:
        """The text with everything masked; masking it again changes nothing."""
        for secret in self._secrets:
            text = text.replace(secret, "<secret>")
        text = _TOKENS.sub(lambda m: self._name("token", m.group()), text)
        text = _NAMED.sub(self._named, text)
        text = self._emails(text)
        text = _IBAN.sub(self._iban, text)
        return _CARD.sub(self._card, text)

    def value(self, value: Json) -> Json:
        """JSON of the same shape with every text masked, keys and long numbers included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(v) for v in value]
        if isinstance(value, dict):
            return {self.text(k): self._under(k, v) for k, v in value.items()}
        if isinstance(value, int) and not isinstance(value, bool) and is_card(str(value)):
            return self._name("card", str(value))
        return value

    def _under(self, key: str, value: Json) -> Json:
        if isinstance(value, str) and value and _SECRET_NAME.search(key) and not _KEPT.match(value):
            return self._name("token", value)
        return self.value(value)

    def _name(self, kind: str, value: str) -> str:
        if (kind, value) not in self._names:
            count = sum(1 for known, _ in self._names if known == kind) + 1
            self._names[kind, value] = f"<{kind} {count}>"
        return self._names[kind, value]

    def _named(self, match: re.Match[str]) -> str:
        if match["login"]:
            return match["scheme"] + self._name("token", match["login"])
        return match["name"] + self._name("token", match["value"].strip("\"'"))

    def _emails(self, text: str) -> str:
        """From each `@domain.tld` to the left, as far as an address's first part can reach."""
        done, last = [], 0
        for domain in _DOMAIN.finditer(text):
            start = domain.start()
            while start > last and (text[start - 1].isalnum() or text[start - 1] in "_.+%'-"):
                start -= 1
            while start < domain.start() and text[start] == "'":
                start += 1  # a quote before the address is the sentence's
            if start < domain.start():
                done += [text[last:start], self._name("email", text[start : domain.end()].casefold())]
                last = domain.end()
        return "".join(done) + text[last:] if done else text

    def _iban(self, match: re.Match[str]) -> str:
        found = match.group()
        length = _IBAN_LENGTHS.get(found[:2].upper())
        end, seen = 0, 0
        while length is not None and end < len(found) and seen < length:
            seen += found[end].isalnum()
            end += 1
        plain = re.sub(r"[ -]", "", found[:end])
        if (end < len(found) and found[end].isalnum()) or not is_iban(plain):
            return found
        return self._name("iban", plain.upper()) + found[end:]

    def _card(self, match: re.Match[str]) -> str:
        found = match.group()
        ends = [i for i in range(len(found), 12, -1) if i == len(found) or not found[i].isdigit()]
        for end in ends:
            plain = re.sub(r"[ -]", "", found[:end])
            if found[end - 1].isdigit() and is_card(plain):
                return self._name("card", plain) + found[end:]
        return found
