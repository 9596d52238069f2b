"""Changed sentences and offices: values stay where their words are, and a seed gives the same."""

from __future__ import annotations

import random

from deskhand_models.corpus.pairs import read_blocks, sentence_files
from deskhand_models.corpus.scene import groups_of
from deskhand_models.corpus.validate import by_name, encode
from deskhand_models.signs import Ref
from deskhand_models.training.augment import Augmenter, Said
from deskhand_models.training.templates import Template, template_of
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = ("Hollis", "X-17", "north gate")


class Watched(Augmenter):
    """Keeps what each exchanged slot was given, to be looked for in the finished sentence."""

    def __init__(self) -> None:
        super().__init__(TEXTS)
        self.given: dict[str, str] = {}

    def _exchanged(
        self, text: str, slots: dict[str, tuple[int, int]], slot: str, part: str, chance: random.Random
    ) -> tuple[str, dict[str, tuple[int, int]]]:
        text, slots = super()._exchanged(text, slots, slot, part, chance)
        self.given[slot] = text[slice(*slots[slot])]
        return text, slots


def templates() -> list[Template]:
    found = []
    for file in list(sentence_files())[::24]:
        blocks, _ = read_blocks(file)
        found += [template_of(encode(block, block.sentences[0])) for block in blocks[::3]]
    return found


TEMPLATES = templates()
SLOTTED = [template for template in TEMPLATES if template.slots]


@settings(max_examples=300, deadline=None)
@given(template=st.sampled_from(SLOTTED), seed=st.integers(0, 2**32))
def test_slots_lie_where_their_words_are(template: Template, seed: int) -> None:
    watched = Watched()
    said = watched.sentence(template, random.Random(seed))
    assert set(said.slots) == set(template.slots)
    for slot, (start, end) in said.slots.items():
        meant = watched.given.get(slot, template.text[slice(*template.slots[slot])])
        assert said.text[start:end].casefold() == meant.casefold()


@given(template=st.sampled_from(TEMPLATES), seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_sentence_is_left(template: Template, seed: int) -> None:
    assert Augmenter(TEXTS).sentence(template, random.Random(seed)).text.strip()


def drawn(seed: int) -> list[Said]:
    chance = random.Random(seed)
    return [Augmenter(TEXTS).sentence(template, chance) for template in TEMPLATES]


def test_a_seed_gives_the_same() -> None:
    assert drawn(5) == drawn(5)
    assert drawn(5) != drawn(6)
    plain = [Said(template.text, template.slots) for template in TEMPLATES]
    assert sum(one != other for one, other in zip(drawn(5), plain, strict=True)) > len(plain) / 3, "sentences change"


@settings(max_examples=100, deadline=None)
@given(template=st.sampled_from(TEMPLATES), seed=st.integers(0, 2**32))
def test_what_the_plan_points_at_stays(template: Template, seed: int) -> None:
    own = groups_of(by_name()[template.office])
    others = groups_of(by_name()[next(name for name in by_name() if name != template.office)])
    kept = Augmenter(TEXTS).groups(own, template.refs(), others, random.Random(seed), 14)
    there = {Ref("table", (g.connection, t)) for g in kept for t in g.tables}
    there |= {Ref("column", (g.connection, g.name, c.name)) for g in kept for c in g.columns}
    there |= {Ref("value", (g.connection, g.name, c.name, v)) for g in kept for c in g.columns for v in c.values}
    assert {ref for ref in template.refs() if ref.kind != "person"} <= there


def test_names_in_other_words() -> None:
    assert Augmenter.renamed("customer_amount", 0) == "customer amount"
    synonym = Augmenter.renamed("customer_amount", 1).split()
    assert len(synonym) == 2
    assert not {"customer", "amount"} & set(synonym)
    assert Augmenter.renamed("customer_amount", 2) == "cust amou"
    assert Augmenter.renamed("customer_amount", 3) not in ("customer amount", "cust amou")
