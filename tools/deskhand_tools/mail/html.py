"""Plain text out of a mail's HTML, by the standard library's parser.

This module refuses to fetch anything, to run anything and to render a layout; broken HTML gives what text it
has.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

_SILENT = {"script", "style", "head", "title", "template", "noscript"}
_BLOCKS = {
    *("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "figure"),
    *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre"),
    *("section", "table", "tr", "ul"),
}
_APART = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"}
_LIMIT = 2_000_000


def html_to_text(source: str) -> str:
    """The text a person would read; at most the first two million characters are looked at."""
    source = source[:_LIMIT]
    reader = _Reader()
    try:
        reader.feed(source)
        reader.close()
        text = reader.text()
    except Exception:  # the parser gives up on a few malformed declarations
        text = html.unescape(re.sub(r"<[^<>]*>", " ", source))
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent: list[str] = []
        self._kept = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "body":
            self._silent.clear()  # a head that was never closed
        elif tag == "br":
            self._pieces.append("\n")
        elif tag == "li":
            self._pieces.append("\n- ")
        elif tag in ("td", "th"):
            self._pieces.append(" ")
        elif tag in _BLOCKS:
            self._pieces.append("\n\n" if tag in _APART else "\n")
        if tag == "pre":
            self._kept += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            if tag in self._silent:
                while self._silent.pop() != tag:
                    pass
        elif tag in _BLOCKS:
            self._pieces.append("\n\n" if tag in _APART else "\n")
        if tag == "pre":
            self._kept = max(0, self._kept - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(data if self._kept else re.sub(r"[ \t\r\n\f]+", " ", data))

    def text(self) -> str:
        return "".join(self._pieces)
