"""A catalog slice as numbers: what the GPT is shown, position by position.

First the request's pieces, then everything that can be pointed at, in the slice's order. A position has two vectors
of the frozen encoder (what it means there, and what words it is made of), a few small classes, and how well it
matches the other side by words. No name is ever numbered, so nothing has to be in a vocabulary.

This module refuses to learn anything: it has no weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from deskhand_models import names
from deskhand_models.encoder import WIDTH, Array, Encoded
from deskhand_models.signs import NUMBER_OF, WORDS, Ref, Sign
from deskhand_models.slices import MAIL, Slice

Ints = npt.NDArray[np.int64]

KINDS = ("piece", "table", "column", "value", "person", "literal")
FAMILIES = ("", "text", "number", "date", "timestamp", "bool", "other")
TOOLS = ("", "database", "spreadsheet", "email", "browser")
LITERALS = ("", "number", "percent", "date", "period", "days", "business_days", "email", "file")
MAX_GROUPS = 16
FLAGS = ("key", "nullable", "refers", "read only", "mailbox", "attached")
MATCHES = 6


class Vectors(Protocol):
    """Where the vectors of names come from: the encoder, or a memory of what it said."""

    def pooled(self, texts: Sequence[str]) -> Array:
        """(n, 384): each text's meaning, of length 1."""

    def word_vectors(self, texts: Sequence[str]) -> Array:
        """(n, 384): the mean vector of each text's words."""


@dataclass(frozen=True)
class Features:
    """n positions. meaning, words: (n, 384) float32. classes: (n, 5) kind, family, tool, literal kind, group.

    flags: (n, 6) and matches: (n, 6) float32. place: pointer -> position.
    """

    meaning: Array
    words: Array
    classes: Ints
    flags: Array
    matches: Array
    place: Mapping[Ref, int]

    def __len__(self) -> int:
        return len(self.meaning)

    def number(self, sign: Sign) -> int:
        """A sign's number among what can be written: the language's words, then the positions.

        Raises KeyError for a pointer that has none (a word past the encoder's length).
        """
        return NUMBER_OF[sign] if isinstance(sign, str) else len(WORDS) + self.place[sign]


@dataclass(frozen=True)
class _Item:
    """One thing that can be pointed at, before it has vectors."""

    ref: Ref
    text: str
    said: str
    kind: str
    family: str = ""
    tool: str = ""
    group: int = 0
    flags: tuple[bool, ...] = (False,) * len(FLAGS)


def items_of(
    cut: Slice, group_numbers: Sequence[int] | None = None, renamed: Mapping[Ref, tuple[str, str]] | None = None
) -> list[_Item]:
    """Everything that can be pointed at but literals and words, in the slice's order.

    group_numbers: the number (1 to 15) that each group is known by. renamed: other texts (encoded, matched) for
    some of them, for training.
    """
    numbers = group_numbers or range(1, len(cut.groups) + 1)
    found: list[_Item] = []
    for group, number in zip(cut.groups, numbers, strict=False):
        own = min(int(number), MAX_GROUPS - 1)
        mailbox, attached = group.name == MAIL, group.name.startswith("attachments")
        common = (not group.writable, mailbox, attached)
        for table in group.tables:
            flags = (False, False, False, *common)
            said = names.table_words(table)
            found.append(
                _Item(
                    Ref("table", (group.connection, table)),
                    names.table_text(group, table),
                    said,
                    "table",
                    "",
                    group.tool,
                    own,
                    flags,
                )
            )
        for column in group.columns:
            flags = (column.key, column.nullable, column.refers is not None, *common)
            key = (group.connection, group.name, column.name)
            said = names.name_words(column.name)
            found.append(
                _Item(
                    Ref("column", key),
                    names.column_text(group, column),
                    said,
                    "column",
                    column.family,
                    group.tool,
                    own,
                    flags,
                )
            )
            for value in column.values:
                text = names.value_text(column, value)
                found.append(
                    _Item(
                        Ref("value", (*key, value)),
                        text,
                        value.casefold(),
                        "value",
                        column.family,
                        group.tool,
                        own,
                        flags,
                    )
                )
    for person in cut.people:
        text = names.person_text(person)
        found.append(_Item(Ref("person", (person.address,)), text, text.casefold(), "person"))
    if renamed:
        found = [
            _Item(i.ref, *renamed[i.ref], i.kind, i.family, i.tool, i.group, i.flags) if i.ref in renamed else i
            for i in found
        ]
    return found


def features(cut: Slice, said: Encoded, vectors: Vectors, items: Sequence[_Item]) -> Features:
    """The slice's features. said: the request as the encoder reads it."""
    pieces = len(said.ids)
    size = pieces + len(items) + len(cut.literals)
    meaning = np.zeros((size, WIDTH), dtype=np.float32)
    words = np.zeros((size, WIDTH), dtype=np.float32)
    classes = np.zeros((size, 5), dtype=np.int64)
    flags = np.zeros((size, len(FLAGS)), dtype=np.float32)
    matches = np.zeros((size, MATCHES), dtype=np.float32)
    place: dict[Ref, int] = {}

    meaning[:pieces], words[:pieces] = said.states, said.vectors
    if items:
        stop = pieces + len(items)
        meaning[pieces:stop] = vectors.pooled([item.text for item in items])
        words[pieces:stop] = vectors.word_vectors([item.said for item in items])
    for row, item in enumerate(items, start=pieces):
        place[item.ref] = row
        classes[row] = (KINDS.index(item.kind), FAMILIES.index(item.family), TOOLS.index(item.tool), 0, item.group)
        flags[row] = item.flags
    starts, ends = said.offsets[:, 0], said.offsets[:, 1]
    for number, literal in enumerate(cut.literals):
        row = pieces + len(items) + number
        place[Ref("literal", (number,))] = row
        inside = np.flatnonzero((starts >= literal.start) & (ends <= literal.end) & (ends > starts))
        kind = LITERALS.index(literal.kind)
        classes[row] = (KINDS.index("literal"), 0, 0, kind, 0)
        if len(inside):
            meaning[row] = said.states[inside].mean(axis=0)
            words[row] = said.vectors[inside].mean(axis=0)
            free = classes[inside, 3] == 0
            classes[inside[free], 3] = kind
            matches[row, 4] = inside[0] / 64
            matches[row, 5] = len(inside) / 8
    for number, word in enumerate(cut.words):
        at = int(np.searchsorted(starts, word.start, side="left"))
        if at < pieces and starts[at] == word.start:
            place[Ref("word", (number,))] = at
    _match(cut, said, items, meaning, words, matches, pieces)
    return Features(meaning, words, classes, flags, matches, place)


def _match(
    cut: Slice, said: Encoded, items: Sequence[_Item], meaning: Array, words: Array, matches: Array, pieces: int
) -> None:
    """How well each thing matches the request (0 to 3) and each piece the things of each kind (0 to 3)."""
    if not items or not pieces:
        return
    stop = pieces + len(items)
    names_ = meaning[pieces:stop]
    made_of = words[pieces:stop] / (np.linalg.norm(words[pieces:stop], axis=1, keepdims=True) + 1e-6)
    spoken = said.vectors / (np.linalg.norm(said.vectors, axis=1, keepdims=True) + 1e-6)
    close = made_of @ spoken.T
    matches[pieces:stop, 0] = names_ @ said.pooled
    matches[pieces:stop, 1] = close.max(axis=1)
    in_request = [(word.start, names.stem(cut.request[word.start : word.end])) for word in cut.words]
    every = {stem for _, stem in in_request}
    at = {start: number for number, start in enumerate(said.offsets[:, 0])}
    column = {"table": 0, "column": 1, "value": 2, "person": 3}
    for row, item in enumerate(items):
        own = names.stems(item.said)
        shared = own & every
        if shared and own:
            matches[pieces + row, 2] = len(shared) / len(own)
            matches[pieces + row, 3] = 1.0 if own <= every else 0.0
            for start, stem in in_request:
                if stem in shared and start in at:
                    cell = (at[start], column[item.kind])
                    matches[cell] = max(matches[cell], len(shared) / len(own))


class Memory:
    """Vectors that are asked for again and again, kept by text."""

    def __init__(self, source: Vectors) -> None:
        self.source = source
        self._pooled: dict[str, Array] = {}
        self._words: dict[str, Array] = {}

    def pooled(self, texts: Sequence[str]) -> Array:
        """(n, 384): each text's meaning, of length 1."""
        return self._kept(self._pooled, texts, self.source.pooled)

    def word_vectors(self, texts: Sequence[str]) -> Array:
        """(n, 384): the mean vector of each text's words."""
        return self._kept(self._words, texts, self.source.word_vectors)

    @staticmethod
    def _kept(memory: dict[str, Array], texts: Sequence[str], ask: object) -> Array:
        new = [text for text in dict.fromkeys(texts) if text not in memory]
        if new:
            assert callable(ask)
            for text, vector in zip(new, ask(new), strict=True):
                memory[text] = np.asarray(vector, dtype=np.float16)
        return np.stack([memory[text] for text in texts]).astype(np.float32)
