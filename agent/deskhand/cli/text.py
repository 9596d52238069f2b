"""Tables of text: coloured by rich on a terminal, plain and aligned when piped.

Whatever comes from data is cleaned of control characters first, so that no cell of a workbook can move the
cursor or colour the screen. This module refuses to import rich unless colours are wanted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def clean(text: str, width: int = 0) -> str:
    """The text on one line, control characters replaced, cut to `width` characters (0: not at all)."""
    line = printable(" ".join(text.split()))
    return line[: width - 1] + "…" if width and len(line) > width else line


def printable(text: str) -> str:
    """The text with its spaces, control characters replaced."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cf") else c for c in text)


def print_table(
    title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], *, color: bool, right: Sequence[int] = ()
) -> None:
    """Print a table under a title; `right` are the numbers of right-aligned columns."""
    if color:
        _print_rich(title, headers, rows, right)
        return
    print(title)
    widths = [max(len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    for row in (headers, *rows):
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print(("  " + "  ".join(cells)).rstrip())


def _print_rich(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False
    )
    for number, header in enumerate(headers):
        table.add_column(header, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)
