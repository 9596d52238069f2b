"""Corpus pairs made ready for training: encoded once, so that an example costs no SQL.

A template keeps a pair's signs with places for what its request states: `Slotted("1", "first")` is the first word
of slot 1. An example fills them from the words and literals of the sentence as it then reads. Templates are
cached by the digest of the corpus.

This module refuses to change sentences; `augment` does.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from deskhand.errors import Problem

from deskhand_models.corpus.pairs import sentence_files
from deskhand_models.corpus.validate import Pair, pairs_of
from deskhand_models.literal import Literal
from deskhand_models.signs import Ref, Sign
from deskhand_models.slices import Word


@dataclass(frozen=True)
class Slotted:
    """A sign that depends on how a slot reads: part is first or last (a word), or a literal's kind."""

    slot: str
    part: str


@dataclass(frozen=True)
class Template:
    """A pair: where it is from, what is typed, where its slots are, and its signs."""

    office: str
    writer: str
    voice: str
    text: str
    slots: dict[str, tuple[int, int]]
    signs: tuple[Sign | Slotted, ...]
    skeleton: str

    @property
    def plan(self) -> str:
        """The plan's identity: all sentences of a block share it, up to their values."""
        return self.office + " " + " ".join(str(sign) for sign in self.signs)

    def refs(self) -> set[Ref]:
        """What of the office the plan points at."""
        return {sign for sign in self.signs if isinstance(sign, Ref) and sign.kind not in ("word", "literal")}


class Lost(Exception):
    """A changed sentence no longer states what the plan needs."""


def filled(
    template: Template, slots: dict[str, tuple[int, int]], words: Sequence[Word], literals: Sequence[Literal]
) -> list[Sign]:
    """The template's signs for a sentence with these words and literals. Raises Lost where a value isn't found."""
    found: list[Sign] = []
    for sign in template.signs:
        if not isinstance(sign, Slotted):
            found.append(sign)
            continue
        start, end = slots[sign.slot]
        if sign.part in ("first", "last"):
            edge = next(
                (n for n, w in enumerate(words) if (w.start == start if sign.part == "first" else w.end == end)), None
            )
            if edge is None:
                raise Lost(sign.slot)
            found.append(Ref("word", (edge,)))
        else:
            fitting = [
                (abs(one.start - start) + abs(one.end - end), number)
                for number, one in enumerate(literals)
                if one.kind == sign.part and one.start < end and one.end > start
            ]
            if not fitting:
                raise Lost(sign.slot)
            found.append(Ref("literal", (min(fitting)[1],)))
    return found


def template_of(pair: Pair) -> Template:
    """The pair with its values taken out."""
    signs: list[Sign | Slotted] = []
    cut = pair.cut
    expecting = "first"
    for sign in pair.signs:
        if isinstance(sign, Ref) and sign.kind == "word":
            word = cut.words[int(sign.key[0])]
            edge = word.start if expecting == "first" else word.end
            at = 0 if expecting == "first" else 1
            slot = next((name for name, span in pair.sentence.slots.items() if span[at] == edge), None)
            signs.append(Slotted(slot, expecting) if slot is not None else sign)
            expecting = "last" if expecting == "first" else "first"
        elif isinstance(sign, Ref) and sign.kind == "literal":
            literal = cut.literals[int(sign.key[0])]
            near = min(
                pair.sentence.slots.items(),
                key=lambda item: abs(item[1][0] - literal.start) + abs(item[1][1] - literal.end),
            )
            signs.append(Slotted(near[0], literal.kind))
        else:
            signs.append(sign)
    sentence = pair.sentence
    return Template(
        pair.block.office, pair.block.writer, sentence.voice, sentence.text, sentence.slots, tuple(signs), pair.skeleton
    )


def templates(cache: Path) -> list[Template]:
    """Every pair of the corpus as a template. Pairs that aren't ones are left out; the tests allow none."""
    digest = corpus_digest()
    file = cache / f"templates-{digest[:16]}.pickle"
    if file.exists():
        with file.open("rb") as stream:
            return list(pickle.load(stream))
    found = list(_read())
    cache.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        pickle.dump(found, out)
    return found


def _read() -> Iterator[Template]:
    for file in sentence_files():
        for pair in pairs_of(file, checked=False):
            if not isinstance(pair, Problem):
                yield template_of(pair)


def corpus_digest() -> str:
    """SHA-256 over the offices, the sentences and the code that reads them."""
    hashed = hashlib.sha256()
    root = files("deskhand_models")
    corpus = root / "corpus"
    code = [
        "signs.py",
        "grammar.py",
        "expressions.py",
        "acts.py",
        "from_sql.py",
        "from_sql_conditions.py",
        "from_sql_expressions.py",
        "from_sql_names.py",
        "slices.py",
        "scope.py",
        "groups.py",
        "literal.py",
        "literal_calendar.py",
        "corpus/encode.py",
        "corpus/scene.py",
        "corpus/pairs.py",
        "corpus/validate.py",
        "training/templates.py",
    ]
    for folder, ending in (("offices", ".toml"), ("sentences", ".txt")):
        for file in sorted((corpus / folder).iterdir(), key=lambda f: f.name):
            if file.name.endswith(ending):
                hashed.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for name in (*code, "literals.py", "literal_numbers.py", "literal_dates.py", "literal_periods.py"):
        hashed.update(root.joinpath(name).read_bytes())
    return hashed.hexdigest()
