"""Whether every pair of the corpus is one: read, written as signs, accepted by its own request's grammar, checked.

    problems, counts = validate([file, …])

A pair that isn't one is a problem with file and line; the others go on. This module refuses to mend anything.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources.abc import Traversable

from deskhand.check import check
from deskhand.errors import Problem, Where

from deskhand_models.corpus.catalog import OfficeCatalog
from deskhand_models.corpus.encode import Encoder, shown
from deskhand_models.corpus.office import Office, offices
from deskhand_models.corpus.pairs import Block, Sentence, read_blocks
from deskhand_models.corpus.scene import groups_of, own_address, people_of
from deskhand_models.from_sql import Unsayable
from deskhand_models.grammar import parse
from deskhand_models.literals import literals
from deskhand_models.signs import Sign
from deskhand_models.slices import Slice
from deskhand_models.to_plan import to_plan

NOW = dt.datetime(2026, 5, 20, 9, 0)
"""The day on which the corpus's sentences are said, a Wednesday: the offices' samples lie around it."""


@dataclass(frozen=True)
class Pair:
    """A sentence with its plan, in the whole office's slice."""

    block: Block
    sentence: Sentence
    cut: Slice
    signs: tuple[Sign, ...]

    @property
    def skeleton(self) -> str:
        """The plan without names and values: what two pairs share that do the same with other things."""
        return " ".join(sign if isinstance(sign, str) else f"<{sign.kind}>" for sign in self.signs)


@lru_cache(maxsize=1)
def by_name() -> dict[str, Office]:
    """The corpus's offices by name."""
    return {office.name: office for office in offices()}


def whole_slice(office: Office, request: str) -> Slice:
    """The slice that holds the whole office."""
    return Slice.of(
        request, literals(request, NOW), groups_of(office), people_of(office), own_address(office), dict(office.tools)
    )


def encode(block: Block, sentence: Sentence) -> Pair:
    """The pair. Raises Unsayable where it isn't one."""
    cut = whole_slice(by_name()[block.office], sentence.text)
    signs = Encoder(cut, sentence).signs(block.steps)
    return Pair(block, sentence, cut, tuple(signs))


def pairs_of(file: Traversable, *, checked: bool = True) -> Iterator[Pair | Problem]:
    """Every pair of a file, or what keeps a sentence from being one. checked: run the plan's check as well."""
    blocks, problems = read_blocks(file)
    yield from problems
    for block in blocks:
        if block.office not in by_name():
            yield Problem("no-office", f"there is no office {block.office!r}", where=Where(block.file, 1))
            return
        good: Pair | None = None
        for sentence in block.sentences:
            try:
                pair = encode(block, sentence)
            except Unsayable as error:
                place = Where(block.file, sentence.line)
                yield Problem("unsayable", f"{error} [plan of line {block.line}]", where=place)
                continue
            if checked and good is None and pair.signs[0] not in ("ask", "cannot"):
                wrong = _check(pair)
                if wrong:
                    yield Problem(
                        "unchecked", f"the plan fails its check: {wrong}", where=Where(block.file, block.line)
                    )
                    break
            good = pair
            yield pair


def _check(pair: Pair) -> str:
    plan = to_plan(parse(pair.cut, list(pair.signs)), pair.cut)
    office = by_name()[pair.block.office]
    problems = check(plan, OfficeCatalog(office), now=NOW).problems
    return "; ".join(problem.message for problem in problems[:3])


def validate(files: Iterable[Traversable]) -> tuple[list[Problem], Counter[str]]:
    """Every problem of these files, and how many pairs of what they hold."""
    problems: list[Problem] = []
    counts: Counter[str] = Counter()
    said: dict[str, Where] = {}
    for file in files:
        for found in pairs_of(file):
            if isinstance(found, Problem):
                problems.append(found)
                continue
            counts["sentences"] += 1
            counts["refusals"] += found.signs[0] in ("ask", "cannot")
            key = f"{found.block.office}:{' '.join(found.sentence.text.casefold().split())}"
            place = Where(found.block.file, found.sentence.line)
            if key in said:
                problems.append(
                    Problem("duplicate", f"this sentence stands in {said[key].file}:{said[key].line} too", where=place)
                )
            said[key] = place
    return problems, counts


__all__ = ["Pair", "encode", "pairs_of", "shown", "validate", "whole_slice"]
