"""What a person is asked about a sentence: the readings in plain words, what tells them apart, and which one it is.

This module refuses to choose for a person: where nobody can be asked, a question stays a question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deskhand.contract import Operation
    from deskhand.plan import Plan
    from deskhand.planner import Ask

SHOWN = 3
"""Readings that a person is given to choose from."""


def readings(ask: Ask) -> list[Plan]:
    """The plans to choose from, the likeliest first; those that read the same are one."""
    from deskhand.words import describe

    told = {tuple(describe(plan)): plan for plan in reversed([ask.plan, *ask.candidates]) if plan is not None}
    return list(reversed(told.values()))[:SHOWN]


def question(ask: Ask, operations: Mapping[str, type[Operation]], *, color: bool = False) -> str:
    """What is asked, with the readings in plain words where there are any, and what differs between them marked.

    On a terminal with colours in bold, else between » and «.
    """
    from deskhand.words import describe

    told = [describe(plan, operations) for plan in readings(ask)]
    parts = [ask.question]
    for number, lines in enumerate(told, start=1):
        other = told[1] if number == 1 and len(told) > 1 else told[0]
        marked = lines if other is lines else different(lines, other, color=color)
        parts.append(f"  {number}. " + "\n     ".join(marked))
    return "\n".join(parts)


def different(lines: Sequence[str], others: Sequence[str], *, color: bool) -> list[str]:
    """The lines with the words marked that the others don't have there."""
    found: list[str] = []
    matched = SequenceMatcher(None, lines, others, autojunk=False).get_opcodes()
    for tag, start, stop, other_start, other_stop in matched:
        if tag == "equal":
            found += lines[start:stop]
            continue
        for place, line in enumerate(lines[start:stop]):
            beside = others[other_start + place] if other_start + place < other_stop else ""
            found.append(_marked(line, beside, color))
    return found


def _marked(line: str, beside: str, color: bool) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    words, other = line.split(), beside.split()
    shown: list[str] = []
    for tag, start, stop, _, _ in SequenceMatcher(None, words, other, autojunk=False).get_opcodes():
        text = " ".join(words[start:stop])
        if text and tag != "equal":
            text = click.style(text, bold=True) if color else f"»{text}«"
        shown += [text] if text else []
    return indent + " ".join(shown)


def choose(ask: Ask, operations: Mapping[str, type[Operation]], *, color: bool = False) -> int:
    """The number of the reading that the person picks at the terminal; 0 for none of them, or where there is none."""
    plans = readings(ask)
    if not plans:
        return 0
    click.echo(question(ask, operations, color=color), color=color)
    wanted: int = click.prompt("Which one? (0: none of them)", type=click.IntRange(0, len(plans)), default=0)
    return wanted
