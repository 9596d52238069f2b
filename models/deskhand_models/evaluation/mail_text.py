"""What a mail shows: HTML as text, and the lists in it (HTML tables, tables in plain text) as rows.

It refuses to render: only what a reader would see of words and rows counts.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

Listing = tuple[tuple[str, ...], ...]
"""The rows of a list, without its header."""

_BLOCKS = frozenset("p div br tr li ul ol table h1 h2 h3 h4 blockquote".split())  # noqa: SIM905


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.tables: list[list[tuple[bool, list[str]]]] = []
        self._hidden = 0
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title"):
            self._hidden += 1
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append((False, []))
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            head, cells = self.tables[-1][-1]
            self.tables[-1][-1] = (head or tag == "th", cells)
            self._cell = []
            self.pieces.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title"):
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1][1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag in _BLOCKS and tag != "br":
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))
            if self._cell is not None:
                self._cell.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def html_text(html: str) -> str:
    """The words of an HTML body, a line for each block."""
    text = "".join(_read(html).pieces)
    return "\n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)


def html_listings(html: str) -> list[Listing]:
    """The rows of each table in HTML."""
    tables = (tuple(tuple(cells) for head, cells in table if cells and not head) for table in _read(html).tables)
    return [table for table in tables if table]


_RULE = re.compile(r"-+(  ?-+)*")


def text_listings(text: str) -> list[Listing]:
    """The rows of each table in plain text: below a rule of dashes, whose gaps part the columns."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        if number and _RULE.fullmatch(line.strip()) and len(line.strip()) > 2 and lines[number - 1].strip():
            spans = [match.span() for match in re.finditer(r"-+", line)]
            rows = []
            for below in lines[number + 1 :]:
                if not below.strip():
                    break
                ends = [start for start, _ in spans[1:]] + [max(len(below), spans[-1][1])]
                rows.append(tuple(below[a:b].strip() for (a, _), b in zip(spans, ends, strict=True)))
            if rows:
                found.append(tuple(rows))
    return found
