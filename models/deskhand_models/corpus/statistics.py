"""What the corpus holds, counted: `python -m deskhand_models.corpus stats`.

It refuses to count what isn't a pair.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.resources.abc import Traversable

from deskhand.errors import Problem

from deskhand_models.corpus.validate import pairs_of


@dataclass(frozen=True)
class Statistics:
    """sentences: pairs. plans: different ones. skeletons: plans without names and values. words: different ones typed.

    refusals: sentences that are answered by a question or a refusal. duplicates: sentences that stand twice in an
    office. steps: sentences by the number of their plan's queries and acts.
    """

    sentences: int
    voices: int
    offices: int
    plans: int
    skeletons: int
    words: int
    refusals: int
    duplicates: int
    letters: float

    def __str__(self) -> str:
        share = self.refusals / self.sentences if self.sentences else 0.0
        figures = {
            **asdict(self),
            "refusals": f"{self.refusals} ({share:.1%})",
            "letters": f"{self.letters:.0f} a sentence",
        }
        return "\n".join(f"{name:<12}{value}" for name, value in figures.items())


def statistics(files: Iterable[Traversable]) -> Statistics:
    """Count what these files hold."""
    voices: set[str] = set()
    offices: set[str] = set()
    plans: set[tuple[str, int]] = set()
    skeletons: set[str] = set()
    words: Counter[str] = Counter()
    texts: Counter[tuple[str, str]] = Counter()
    refusals = letters = 0
    for file in files:
        for pair in pairs_of(file, checked=False):
            if isinstance(pair, Problem):
                continue
            text = pair.sentence.text
            voices.add(pair.sentence.voice)
            offices.add(pair.block.office)
            plans.add((pair.block.file, pair.block.line))
            skeletons.add(pair.skeleton)
            words.update(re.findall(r"[^\W\d_]+", text.casefold()))
            texts[pair.block.office, " ".join(text.casefold().split())] += 1
            refusals += pair.signs[0] in ("ask", "cannot")
            letters += len(text)
    count = sum(texts.values())
    return Statistics(
        count,
        len(voices),
        len(offices),
        len(plans),
        len(skeletons),
        len(words),
        refusals,
        count - len(texts),
        letters / max(1, count),
    )
