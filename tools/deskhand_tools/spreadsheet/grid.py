"""Where the table lies in a grid of cells: its header, its columns, its rows.

The header is the first row that looks like one: mostly texts, about as full as the rows below it, and followed
by data. Title rows, notes and blank rows above it are passed over, and rows without any value are no rows.
Where nothing looks like a header, the first row with values is it.

Headers are kept verbatim. A blank header over a column with values is named after the column's letter
(`column_C`); of headers that differ at most in case, the later ones get a number (`Name`, `Name (2)`).

This module refuses to know files and types; it sees cells as they were read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = None | str | bool | int | float | dt.date | dt.datetime | dt.time | dt.timedelta
"""A cell as a reader gives it; an empty one is None or an empty text."""

_SAMPLE = 200
_NOT_TEXT = re.compile(r"(?=.*\d)[\s\d.,:;/()%€$£+*'-]*(?:eur|usd|gbp|chf|am|pm|t|z|e)?[\s\d.,:/+-]*", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """A table in a grid.

    names: the columns' names, unique ignoring case. positions: their places in the grid's rows, from 0.
    header: the header's row in the grid, from 0, or None where the grid is empty. lines: the data rows' places
    in the grid. end: the place after the last row that has a value.
    """

    names: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    header: int | None = None
    lines: Sequence[int] = field(default=())
    end: int = 0

    def column(self, rows: Sequence[Sequence[Cell]], index: int) -> list[Cell]:
        """The cells of one column, in order, empty ones as they were read; short rows are filled with None."""
        at = self.positions[index]
        try:
            if isinstance(self.lines, range):
                return [row[at] for row in rows[self.lines.start : self.lines.stop]]
            return [rows[line][at] for line in self.lines]
        except IndexError:
            return [row[at] if at < len(row := rows[line]) else None for line in self.lines]


def letter(index: int) -> str:
    """The spreadsheet letter of a column counted from 0: A, B, …, Z, AA."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def is_blank(cell: Cell) -> bool:
    """Whether a cell has no value; a text of blanks has none."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def lay_out(rows: Sequence[Sequence[Cell]]) -> Layout:
    """Find the table in the grid."""
    # the first test is all that most rows of a big file need
    filled = [
        i
        for i, row in enumerate(rows)
        if (row and (first := row[0]) is not None and (first.__class__ is not str or (first and not first.isspace())))
        or not _row_blank(row)
    ]
    if not filled:
        return Layout()
    header = find_header(rows, filled)
    end = filled[-1] + 1
    lines: Sequence[int] = filled[filled.index(header) + 1 :]
    if len(lines) == end - header - 1:
        lines = range(header + 1, end)
    names, positions = _columns(rows, header, lines)
    return Layout(tuple(names), tuple(positions), header, lines, end)


def _row_blank(row: Sequence[Cell]) -> bool:
    return all(cell is None or cell == "" or is_blank(cell) for cell in row)


def _fill(row: Sequence[Cell]) -> int:
    return sum(1 for cell in row if not is_blank(cell))


def is_text(cell: Cell) -> bool:
    """Whether a cell could be a header by its looks: a text that is no number, date or time."""
    return isinstance(cell, str) and not is_blank(cell) and _NOT_TEXT.fullmatch(cell.strip()) is None


def _blocks(filled: Sequence[int]) -> list[list[int]]:
    blocks: list[list[int]] = []
    for index in filled:
        if blocks and blocks[-1][-1] == index - 1:
            blocks[-1].append(index)
        else:
            blocks.append([index])
    return blocks


def _usual(counts: Sequence[int]) -> int:
    """The commonest count, the larger of two equally common."""
    return max(Counter(counts).items(), key=lambda pair: (pair[1], pair[0]))[0]


def find_header(rows: Sequence[Sequence[Cell]], filled: Sequence[int]) -> int:
    """The row of the header, of those that hold values; see the module's docstring for how it is told."""
    blocks = _blocks(filled[:_SAMPLE])
    usual = [_usual([_fill(rows[i]) for i in block]) for block in blocks]
    widest = max(usual)
    chosen = next(n for n, block in enumerate(blocks) if _most(rows, block) >= 0.75 * widest)
    if len(blocks[chosen]) == 1 and chosen + 1 < len(blocks) and usual[chosen + 1] >= usual[chosen] > 1:
        following = blocks[chosen + 1]
        if _heads(rows, following, usual[chosen + 1]):
            chosen += 1  # a line of notes above a table that has a header of its own
    block, width = blocks[chosen], usual[chosen]
    likely = [i for i in block[:20] if _header_like(rows, i, width) and not _is_note(rows, i, block)]
    if not likely:
        return block[0]
    first = likely[0]
    cells = rows[first]
    if _fill(cells) < width and _trails(cells, rows, block):
        return next((i for i in likely[1:] if _fill(rows[i]) >= width), first)
    return first


def _heads(rows: Sequence[Sequence[Cell]], block: Sequence[int], width: int) -> bool:
    """Whether the block begins with a header for sure: texts above at least one value that is none."""
    if len(block) < 2 or not _header_like(rows, block[0], width):
        return False
    pairs = zip(rows[block[0]], rows[block[1]], strict=False)
    return any(is_text(above) and not is_blank(below) and not is_text(below) for above, below in pairs)


def _header_like(rows: Sequence[Sequence[Cell]], index: int, width: int) -> bool:
    cells = [c for c in rows[index] if not is_blank(c)]
    if len(cells) < min(2, width) or len(cells) < 0.5 * width:
        return False
    texts = sum(1 for c in cells if is_text(c) or _is_year(c))
    return texts * 2 >= len(cells) and not any(isinstance(c, float) and not c.is_integer() for c in cells)


def _most(rows: Sequence[Sequence[Cell]], block: Sequence[int]) -> int:
    return max(_fill(rows[i]) for i in block)


def _is_note(rows: Sequence[Sequence[Cell]], index: int, block: Sequence[int]) -> bool:
    """Whether a row is a pair such as `Account: | DE12…` above a wider table."""
    cells = [c for c in rows[index] if not is_blank(c)]
    first = cells[0]
    return isinstance(first, str) and first.rstrip().endswith(":") and len(cells) <= 2 < _most(rows, block)


def _is_year(cell: Cell) -> bool:
    """Whether a cell could be a year as a header: 2026, as a number or a text."""
    if isinstance(cell, str):
        return re.fullmatch(r"\s*(?:19|20)\d\d\s*", cell) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and cell in range(1900, 2100)


def _trails(cells: Sequence[Cell], rows: Sequence[Sequence[Cell]], block: Sequence[int]) -> bool:
    """Whether the row's values stand at the left and leave more than a quarter free: a title in two cells."""
    used = [i for i, c in enumerate(cells) if not is_blank(c)]
    others = [i for line in block for i, c in enumerate(rows[line]) if not is_blank(c)]
    span = range(min(others), max(others) + 1)
    return used == list(span[: len(used)]) and len(used) < 0.75 * len(span)


def header_text(cell: Cell) -> str:
    """A header cell as a column's name: texts verbatim, numbers without a needless `.0`, dates as ISO."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return str(cell)


def _columns(rows: Sequence[Sequence[Cell]], header: int, lines: Sequence[int]) -> tuple[list[str], list[int]]:
    cells = rows[header]
    width = len(cells)
    if lines:
        width = max(width, max(map(len, rows)))
    names: list[str | None] = []
    positions: list[int] = []
    for at in range(width):
        cell = cells[at] if at < len(cells) else None
        if is_blank(cell):
            if not any(at < len(rows[i]) and not is_blank(rows[i][at]) for i in lines):
                continue
            names.append(None)
        else:
            names.append(header_text(cell))
        positions.append(at)
    return unique_names(names, positions), positions


def unique_names(names: Sequence[str | None], positions: Sequence[int]) -> list[str]:
    """Names that differ by more than case: blank ones named by letter, repeated ones numbered."""
    taken = {name.casefold() for name in names if name is not None}
    seen: set[str] = set()
    result = []
    for name, at in zip(names, positions, strict=True):
        wanted = f"column_{letter(at)}" if name is None else name
        chosen, number = wanted, 2
        while chosen.casefold() in seen or (chosen != name and chosen.casefold() in taken):
            chosen = f"{wanted} ({number})"
            number += 1
        seen.add(chosen.casefold())
        result.append(chosen)
    return result
