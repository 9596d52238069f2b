"""The words of a plan's line: texts with their escapes, bare words, lists, mappings, `key=value`.

Read from left to right, with the column of what is wrong. This module refuses to know steps: `plan_line_read` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from deskhand.plan_line import SPECIAL, WORD

MOST_NESTED = 50
"""Loops inside loops, lists inside lists."""

_STRING = re.compile(r""""([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)'""")
BARE = re.compile(r"[^\s\"'\[\]{},]+")
_BARE_INSIDE = re.compile(r"[^\s\"'\[\]{},:]+")
_ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.?)",
    re.DOTALL,
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}


class Fault(Exception):
    """What is wrong with a line; column from 1."""

    def __init__(self, code: str, message: str, mend: str, column: int) -> None:
        super().__init__(message)
        self.code, self.message, self.mend, self.column = code, message, mend, column


def unescape(text: str, column: int = 1) -> str:
    """The text that was escaped. column: where it begins, for what is wrong with it."""

    def one(match: re.Match[str]) -> str:
        high, low, short, long, letter = match.groups()
        if high is not None:
            return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
        if short is not None or long is not None:
            code = int(short or long, 16)
            if code <= 0x10FFFF:
                return chr(code)
        elif letter in _LETTERS:
            return _LETTERS[letter]
        raise Fault(
            "escape",
            f"{match[0]!r} stands for nothing",
            r"Known are \n, \t, \r, \", \\ and \uXXXX; a backslash itself is \\.",
            column + match.start(),
        )

    return _ESCAPE.sub(one, text)


class Line:
    """A line of the text, read from left to right."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text.rstrip(" \t\r")
        self.at = at

    def fault(self, code: str, message: str, mend: str, at: int | None = None) -> NoReturn:
        raise Fault(code, message, mend, (self.at if at is None else at) + 1)

    def space(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def rest(self) -> str:
        return self.text[self.at :]

    def end(self) -> None:
        self.space()
        if self.rest():
            self.fault("rest", f"{cut(self.rest())!r} stands behind the end", "Take it out, or put the text in quotes.")

    def string(self) -> str | None:
        """A text in quotes; None where none begins here."""
        start = self.at
        if self.rest()[:1] not in ("'", '"'):
            return None
        match = _STRING.match(self.text, start)
        if match is None:
            self.fault("unfinished", "the text that begins here has no end", r'Close it with "; a quote in it is \".')
        self.at = match.end()
        return unescape(match[1] if match[1] is not None else match[2], start + 2)

    def value(self, depth: int = 0) -> Any:
        """A text, true, false, null, a list or a mapping."""
        self.space()
        if depth > MOST_NESTED:
            self.fault("nested", "the value is nested too deeply", f"At most {MOST_NESTED} levels.")
        if (text := self.string()) is not None:
            return text
        if self.text.startswith("{{", self.at) or self.text.startswith("{%", self.at):
            self.fault("template-unquoted", "a template stands in quotes", 'to="{{ email }}"')
        if self.rest()[:1] == "[":
            return self.items(depth)
        if self.rest()[:1] == "{":
            return self.mapping(depth)
        bare = self.take(_BARE_INSIDE if depth else BARE)
        if bare is None:
            self.fault("missing", "a value is missing here", 'Write a text in quotes: subject="Hello".')
        return SPECIAL.get(bare, bare)

    def comma(self, close: str) -> bool:
        """Whether another item follows; takes the mark that stands here."""
        self.space()
        mark = self.rest()[:1]
        if mark not in (",", close):
            self.fault("unfinished", f"{close!r} is missing here", f"Items stand apart by commas and end with {close}.")
        self.at += 1
        return mark == ","

    def items(self, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        self.space()
        if self.rest()[:1] == "]":
            self.at += 1
            return found
        found.append(self.value(depth + 1))
        while self.comma("]"):
            found.append(self.value(depth + 1))
        return found

    def mapping(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        self.space()
        if self.rest()[:1] == "}":
            self.at += 1
            return found
        more = True
        while more:
            self.space()
            start = self.at
            key = self.string()
            key = self.take(_BARE_INSIDE) if key is None else key
            self.space()
            if key is None or self.rest()[:1] != ":":
                self.fault("mapping", "a mapping has `name: value` here", '{table: overdue, name: "list.xlsx"}', start)
            if key in found:
                self.fault("duplicate-key", f"{key!r} stands here twice", "Keep one of them.", start)
            self.at += 1
            found[key] = self.value(depth + 1)
            more = self.comma("}")
        return found

    def pairs(self, reserved: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any], dict[str, int]]:
        """`key=value` up to the end: the reserved ones, the others, and where each key stands."""
        own: dict[str, Any] = {}
        others: dict[str, Any] = {}
        columns: dict[str, int] = {}
        while True:
            self.space()
            start = self.at
            if not self.rest():
                return own, others, columns
            quoted = self.string()
            key = quoted if quoted is not None else self.take(WORD)
            if key is None or self.rest()[:1] != "=":
                self.fault(
                    "not-a-pair",
                    f"{cut(self.text[start:])!r} is no key=value",
                    'Parameters are key=value, and a text with spaces stands in quotes: subject="Your order".',
                    start,
                )
            self.at += 1
            into = own if quoted is None and key in reserved else others
            if key in into:
                self.fault("duplicate-key", f"{key!r} stands here twice", "Keep one of them.", start)
            columns.setdefault(key, start + 1)
            into[key] = self.value()
            if self.rest() and self.rest()[0] not in " \t":
                self.fault("rest", f"{cut(self.rest())!r} follows without a space", "Put the text in quotes.")


def cut(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"
