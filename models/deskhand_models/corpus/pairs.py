"""The corpus's pairs: what people type, with the plan they mean, read from `sentences/*.txt`.

    office: gavel-and-oak
    writer: a

    s1: select LotNo, Hammer from saleroom.Lots where Hammer > $1
    email.send to=accounts@gaveloak.example list=s1
    a3> send accounts everything that hammered above {1:2k} please

Blocks are parted by blank lines: a plan's lines, then sentences with their voices. `$1` is a value that each
sentence states in its own words, in `{1:…}`. This module refuses pairs that it can't read and says which line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable

from deskhand.errors import DataError, Problem, Where

_SENTENCE = re.compile(r"([a-z]+\d+)>\s*(.*)")
_QUERY = re.compile(r"(s\d+):\s*(select\b.*)", re.IGNORECASE)
_ACT = re.compile(r"(email|database|spreadsheet)\.(\w+)\b\s*(.*)|approve\b\s*(.*)")
_TURNED = re.compile(r"(ask|cannot):\s*(\w+)\s*")
_MARK = re.compile(r"\{(\d+):([^{}]*)\}")
_PARAMETER = re.compile(r"""(\w+)=((?:"(?:[^"]|"")*"|'[^']*'|[^\s"'])+)""")


@dataclass(frozen=True)
class Sentence:
    """What somebody types. slots: the characters of each value that the plan takes from it, by number."""

    voice: str
    text: str
    slots: dict[str, tuple[int, int]]
    line: int


@dataclass(frozen=True)
class Step:
    """A plan's line: a query (name, sql), an act (operation, parameters), or a question or refusal (kind)."""

    line: int
    name: str = ""
    sql: str = ""
    operation: str = ""
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    turned: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Block:
    """One plan and its sentences."""

    office: str
    writer: str
    file: str
    steps: tuple[Step, ...]
    sentences: tuple[Sentence, ...]

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.steps[0].line


def sentence_files() -> Iterator[Traversable]:
    """Every file of sentences, by name."""
    folder = files("deskhand_models.corpus") / "sentences"
    yield from sorted((f for f in folder.iterdir() if f.name.endswith(".txt")), key=lambda f: f.name)


def read_blocks(file: Traversable) -> tuple[list[Block], list[Problem]]:
    """The blocks of a file and what can't be read in it."""
    problems: list[Problem] = []
    blocks: list[Block] = []
    head: dict[str, str] = {}
    steps: list[Step] = []
    sentences: list[Sentence] = []

    def close() -> None:
        if steps and sentences:
            blocks.append(
                Block(head.get("office", ""), head.get("writer", ""), file.name, tuple(steps), tuple(sentences))
            )
        elif steps or sentences:
            place = Where(file.name, steps[0].line if steps else sentences[0].line)
            what = "this plan has no sentence" if steps else "this sentence has no plan"
            problems.append(
                Problem("half-block", what, "Write plan lines, then sentences, then a blank line.", where=place)
            )
        steps.clear()
        sentences.clear()

    for number, raw in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("##"):
            close()
            continue
        try:
            if match := re.match(r"(office|writer):\s*(\S+)", line):
                head[match[1]] = match[2]
            elif match := _SENTENCE.fullmatch(line):
                sentences.append(_sentence(match[1], match[2], number))
            else:
                if sentences:
                    close()
                steps.append(_step(line, number))
        except DataError as error:
            problems.append(Problem("bad-line", error.message, error.mend or "", where=Where(file.name, number)))
    close()
    if head.get("office") != file.name.removesuffix(".txt"):
        problems.append(
            Problem("bad-head", "the file begins with `office: NAME`, its own name", "", where=Where(file.name, 1))
        )
    return blocks, problems


def _sentence(voice: str, marked: str, line: int) -> Sentence:
    text, slots, last = "", {}, 0
    for match in _MARK.finditer(marked):
        text += marked[last : match.start()]
        words = match[2].strip()
        if not words:
            raise DataError(f"the slot {match[0]} is empty")
        if match[1] in slots:
            raise DataError(f"the slot {match[1]} stands twice in one sentence", mend="Mark it once.")
        slots[match[1]] = (len(text), len(text) + len(words))
        text, last = text + words, match.end()
    text += marked[last:]
    if "{" in text or "}" in text:
        raise DataError(f"a brace that marks no slot: {text!r}", mend="{1:words}")
    if not text.strip():
        raise DataError("the sentence is empty")
    return Sentence(voice, text, slots, line)


def _step(line: str, number: int) -> Step:
    if match := _QUERY.fullmatch(line):
        return Step(number, name=match[1], sql=match[2].rstrip(";"))
    if match := _TURNED.fullmatch(line):
        return Step(number, turned=match[1], kind=match[2])
    if match := _ACT.fullmatch(line):
        rest = match[3] if match[1] else match[4]
        left = _PARAMETER.sub("", rest or "").strip()
        if left:
            raise DataError(f"{left!r} is no parameter", mend='name=value, with "…" around what has blanks')
        parameters: dict[str, tuple[str, ...]] = {}
        for found in _PARAMETER.finditer(rest or ""):
            parameters[found[1]] = tuple(_items(found[2]))
        return Step(number, operation=f"{match[1]}.{match[2]}" if match[1] else "approve", parameters=parameters)
    raise DataError(f"this is neither a query, an act nor a sentence: {line[:80]!r}")


def _items(text: str) -> list[str]:
    """The parts of a comma list; quotes keep commas and blanks together and fall away."""
    parts = re.findall(r"""(?:"(?:[^"]|"")*"|'[^']*'|[^,"'])+""", text)
    return [
        re.sub(r""""((?:[^"]|"")*)"|'([^']*)\'""", lambda m: (m[1] or m[2] or "").replace('""', '"'), p).strip()
        for p in parts
    ]
