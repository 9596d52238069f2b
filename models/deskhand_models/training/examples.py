"""Batches for training: templates drawn, changed, laid out as slices, encoded, padded.

    source = Examples(templates, encoder, seed=0)
    batch = source.batch(chosen)          # tensors for PlanGPT, with `targets`

The requests are encoded by the frozen encoder in torch, a batch at a time; names' vectors are kept in a memory
that lies beside the templates' cache. This module refuses to draw without its own random.Random.
"""

from __future__ import annotations

import datetime as dt
import itertools
import pickle
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from deskhand.errors import UsageError
from torch import Tensor

from deskhand_models import names
from deskhand_models.corpus.office import Office, offices
from deskhand_models.corpus.scene import groups_of, own_address, people_of
from deskhand_models.encoder import Encoded, Encoder
from deskhand_models.features import Features, Memory, _Item, features, items_of
from deskhand_models.literals import literals
from deskhand_models.signs import NUMBER_OF, WORDS, Ref, Sign
from deskhand_models.slices import Group, Slice, words_of
from deskhand_models.training.augment import Augmenter, Said
from deskhand_models.training.templates import Lost, Slotted, Template, filled

MAX_GROUPS = 14
MAX_PIECES = 120
PLAN_BUCKETS = (16, 32, 48, 80)
STRIDE = 32
NOW = dt.datetime(2026, 5, 20, 9, 0)


@dataclass(frozen=True)
class Example:
    """One slice with the signs it should lead to."""

    cut: Slice
    items: list[_Item]
    signs: list[Sign]
    template: Template


class TorchEncoder:
    """The frozen encoder on many texts at once, for training: the same weights through transformers."""

    def __init__(self, encoder: Encoder) -> None:
        from transformers import AutoModel
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self.encoder = encoder
        self.model = AutoModel.from_pretrained(str(encoder.folder)).eval()

    def encoded(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text's pieces and states."""
        encodings = self.encoder.tokenizer.encode_batch(list(texts))
        states = self._states([encoding.ids for encoding in encodings])
        found = []
        for encoding, state in zip(encodings, states, strict=True):
            ids = np.array(encoding.ids, dtype=np.int32)[1:-1][:MAX_PIECES]
            offsets = np.array(encoding.offsets, dtype=np.int32)[1:-1][:MAX_PIECES]
            pooled = state.mean(axis=0)
            inner = state[1:-1][:MAX_PIECES]
            found.append(Encoded(offsets, ids, inner, self.encoder.vectors(ids), pooled / np.linalg.norm(pooled)))
        return found

    def pooled(self, texts: Sequence[str]) -> Any:
        """(n, 384): each text's mean state, of length 1."""
        found = []
        for start in range(0, len(texts), 256):
            encodings = self.encoder.tokenizer.encode_batch(list(texts[start : start + 256]))
            for state in self._states([encoding.ids for encoding in encodings]):
                mean = state.mean(axis=0)
                found.append(mean / np.linalg.norm(mean))
        return np.stack(found)

    def word_vectors(self, texts: Sequence[str]) -> Any:
        """(n, 384): the mean vector of each text's words."""
        return self.encoder.word_vectors(texts)

    def _states(self, ids: Sequence[list[int]]) -> list[Any]:
        found: dict[int, Any] = {}
        order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            found.update(zip(chosen, self._batch([ids[n] for n in chosen]), strict=True))
        return [found[n] for n in range(len(ids))]

    @torch.inference_mode()
    def _batch(self, ids: Sequence[list[int]]) -> list[Any]:
        # Lengths in steps of eight: a new shape costs a compilation.
        longest = -(-max(len(one) for one in ids) // 8) * 8
        padded = torch.zeros(len(ids), longest, dtype=torch.long)
        mask = torch.zeros(len(ids), longest, dtype=torch.long)
        for row, one in enumerate(ids):
            padded[row, : len(one)] = torch.tensor(one)
            mask[row, : len(one)] = 1
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.model(input_ids=padded, attention_mask=mask).last_hidden_state.float().numpy()
        return [hidden[row, : len(one)] for row, one in enumerate(ids)]


class Examples:
    """Draws examples from templates and makes batches of them. share: (k, n) for the k-th of n processes."""

    def __init__(
        self,
        templates: Sequence[Template],
        encoder: Encoder,
        cache: Path,
        *,
        seed: int = 0,
        augmented: bool = True,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.share = share
        self.templates = templates
        self.encoder = TorchEncoder(encoder)
        self.seed = seed
        self.chance = random.Random(seed)
        self.augmented = augmented
        self.offices: Mapping[str, Office] = {office.name: office for office in offices()}
        self.memory = Memory(self.encoder)
        self._cache = cache / "names.pickle"
        self.used = [self.offices[name] for name in sorted({template.office for template in templates})]
        self._warm()
        self.augmenter = Augmenter(_slot_texts(templates))
        self.spares = [g for office in self.used for g in groups_of(office) if g.tool != "email"]

    def _warm(self) -> None:
        """The vectors of all names in all their wordings, remembered on disk."""
        if self._cache.exists():
            with self._cache.open("rb") as stream:
                self.memory._pooled, self.memory._words = pickle.load(stream)
        before = len(self.memory._pooled)
        for office in self.used:
            cut = Slice.of("", (), groups_of(office), people_of(office))
            for number in range(4 if self.augmented else 1):
                items = self._items(cut, list(range(1, len(cut.groups) + 1)), number)
                self.memory.pooled([item.text for item in items])
                self.memory.word_vectors([item.said for item in items])
        if len(self.memory._pooled) > before:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            with self._cache.open("wb") as out:
                pickle.dump((self.memory._pooled, self.memory._words), out)

    def _items(self, cut: Slice, numbers: Sequence[int], wording: int | None) -> list[_Item]:
        """The slice's things; wording: how names are said, the same for all groups; None: drawn for each."""
        renamed: dict[Ref, tuple[str, str]] = {}
        for group in cut.groups:
            number = wording if wording is not None else self.chance.choice((0, 0, 0, 1, 1, 2, 3))
            if number == 0 or group.tool == "email":
                continue
            table = self.augmenter_name(names.table_words(group.name), number)
            renamed[Ref("table", (group.connection, group.name))] = (f"table {table}", table)
            for column in group.columns:
                said = self.augmenter_name(column.name, number)
                renamed[Ref("column", (group.connection, group.name, column.name))] = (f"{said} of {table}", said)
        return items_of(cut, numbers, renamed)

    @staticmethod
    def augmenter_name(name: str, number: int) -> str:
        """A name in one of its wordings."""
        return Augmenter.renamed(name, number)

    # ------------------------------------------------------------ one example

    def example(self, template: Template) -> Example:
        """The template as it is, or changed. Falls back to as it is where a change loses a value."""
        office = self.offices[template.office]
        if not self.augmented:
            return self._laid(template, Said(template.text, template.slots), groups_of(office), plain=True)
        for _ in range(3):
            said = self.augmenter.sentence(template, self.chance)
            try:
                groups = self.augmenter.groups(groups_of(office), template.refs(), self.spares, self.chance, MAX_GROUPS)
                return self._laid(template, said, groups, plain=False)
            except Lost:
                continue
        return self._laid(template, Said(template.text, template.slots), groups_of(office), plain=True)

    def _laid(self, template: Template, said: Said, groups: Sequence[Group], *, plain: bool) -> Example:
        office = self.offices[template.office]
        literal = tuple(literals(said.text, NOW))
        signs = filled(template, said.slots, words_of(said.text), literal)
        people = list(people_of(office))
        if not plain:
            self.chance.shuffle(people)
        cut = Slice.of(said.text, literal, groups, people, own_address(office), dict(office.tools))
        numbers = list(range(1, len(cut.groups) + 1))
        if not plain:
            numbers = self.chance.sample(range(1, 16), min(15, len(cut.groups)))
        return Example(cut, self._items(cut, numbers, 0 if plain else None), signs, template)

    # ------------------------------------------------------------ batches

    def laid_out(self, examples: Sequence[Example]) -> list[tuple[Features, list[int]]]:
        """Features and sign numbers of each; those whose values lie past the encoder's length are left out."""
        found = []
        for example, said in zip(examples, self.encoder.encoded([e.cut.request for e in examples]), strict=True):
            made = features(example.cut, said, self.memory, example.items)
            try:
                found.append((made, [made.number(sign) for sign in example.signs]))
            except KeyError:
                continue
        return found

    def batches(self, size: int, pool: int = 16, *, begin: int = 0) -> Iterator[dict[str, Tensor]]:
        """Batches without end: pools of `pool` batches, drawn without repetition, sorted by length.

        begin: the batch to begin with. Each pool has a random.Random of its own, so that a run that goes on sees what
        it would have seen. Where several processes train together, each draws its share of the sentences, and the
        batches that they make at the same time are of like length.
        """
        number = begin // pool
        own, all_ = self.share
        while True:
            self.chance = random.Random(f"{self.seed} {number}" if all_ == 1 else f"{self.seed} {number} {own}")
            places = range(number * size * pool * all_ + own, (number + 1) * size * pool * all_, all_)
            drawn = [self.example(template) for template in self._drawn(places)]
            laid: list[tuple[Features, list[int]]] = []
            for start in range(0, len(drawn), 128):
                laid += self.laid_out(drawn[start : start + 128])
            if not laid:
                raise UsageError("none of the sentences can be learnt: all their values lie too far into them")
            # Always the same number, also where an example was left out: a batch of another size is another shape.
            laid = list(itertools.islice(itertools.cycle(laid), size * pool))
            laid.sort(key=lambda one: len(one[0]))
            ready = [laid[start : start + size] for start in range(0, len(laid), size)]
            (self.chance if all_ == 1 else random.Random(f"{self.seed} order {number}")).shuffle(ready)
            for chosen in ready[begin - number * pool if number == begin // pool else 0 :]:
                yield collate(chosen)
            number += 1

    def _drawn(self, places: Iterable[int]) -> Iterator[Template]:
        """The templates of these places in an endless series of shuffled passes."""
        size = len(self.templates)
        order: list[int] = []
        shuffled = -1
        for place in places:
            if place // size != shuffled:
                shuffled = place // size
                order = list(range(size))
                random.Random(f"{self.seed} pass {shuffled}").shuffle(order)
            yield self.templates[order[place % size]]


def collate(laid: Sequence[tuple[Features, list[int]]]) -> dict[str, Tensor]:
    """Padded tensors; `targets` are -100 where nothing is to be learnt.

    Prompt and plan together are a multiple of `STRIDE` long: every new shape costs a compilation, which made training
    without buckets half as quick.
    """
    longest = max(len(numbers) for _, numbers in laid)
    plan = next((bucket for bucket in PLAN_BUCKETS if bucket >= longest), longest)
    prompt = -(-(max(len(f) for f, _ in laid) + plan) // STRIDE) * STRIDE - plan

    def stacked(arrays: Sequence[Any], length: int, fill: int = 0) -> Tensor:
        made = torch.full(
            (len(arrays), length, *arrays[0].shape[1:]), fill, dtype=torch.from_numpy(arrays[0][:0]).dtype
        )
        for row, array in enumerate(arrays):
            made[row, : len(array)] = torch.from_numpy(array)
        return made

    first = NUMBER_OF["<plan>"]
    numbers_ = [np.array(numbers, dtype=np.int64) for _, numbers in laid]
    return {
        "meaning": stacked([f.meaning for f, _ in laid], prompt),
        "words": stacked([f.words for f, _ in laid], prompt),
        "classes": stacked([f.classes for f, _ in laid], prompt),
        "flags": stacked([f.flags for f, _ in laid], prompt),
        "matches": stacked([f.matches for f, _ in laid], prompt),
        "mask": stacked([np.ones(len(f), dtype=bool) for f, _ in laid], prompt),
        "signs": stacked([np.array([first, *n[:-1]], dtype=np.int64) for n in numbers_], plan),
        "targets": stacked(numbers_, plan, -100),
    }


def _slot_texts(templates: Sequence[Template]) -> list[str]:
    """Short texts that stand in slots of names and codes."""
    found = set()
    for template in templates:
        for sign in template.signs:
            if isinstance(sign, Slotted) and sign.part == "first":
                start, end = template.slots[sign.slot]
                text = template.text[start:end]
                if len(text.split()) <= 3 and text.replace(" ", "").replace("-", "").isalnum():
                    found.add(text)
    return sorted(found)


__all__ = ["WORDS", "Example", "Examples", "collate"]
