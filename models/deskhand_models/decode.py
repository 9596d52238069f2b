"""Decoding: the likeliest plans for a request, each sign one that the grammar takes.

    found = decode(model, cut, features, beams=8)      # Candidates, the likeliest first

A hypothesis is scored by the sum of its signs' log-probabilities, each among the signs that were allowed at its
place. Beam search over all hypotheses in one batch; beams=1 is greedy. This module refuses to judge plans by
anything but the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deskhand_models.encoder import Array
from deskhand_models.fast import FastGPT
from deskhand_models.features import Features
from deskhand_models.grammar import MAX_SIGNS, Draft, Parse
from deskhand_models.signs import NUMBER_OF, WORDS, Ref, Sign, Unfit
from deskhand_models.slices import Slice, allowed


@dataclass(frozen=True)
class Candidate:
    """A whole plan. score: its log-probability; weakest: its least likely sign's; signs: how it is written."""

    signs: tuple[Sign, ...]
    score: float
    weakest: float
    draft: Draft


@dataclass
class _Hypothesis:
    parse: Parse
    signs: tuple[Sign, ...] = ()
    score: float = 0.0
    weakest: float = 0.0


class Numbering:
    """Signs by their numbers for one prompt: the language's words, then the prompt's positions."""

    def __init__(self, cut: Slice, features: Features) -> None:
        self.cut = cut
        self.features = features

    def allowed(self, parse: Parse) -> tuple[list[Sign], npt.NDArray[np.int64]]:
        """What may come next, and its numbers; pointers without a position are left out."""
        signs = [s for s in allowed(self.cut, parse.wants) if isinstance(s, str) or s in self.features.place]
        numbers = [NUMBER_OF[s] if isinstance(s, str) else len(WORDS) + self.features.place[s] for s in signs]
        return signs, np.array(numbers, dtype=np.int64)


def replay(cut: Slice, signs: tuple[Sign, ...]) -> Parse:
    """The grammar after these signs."""
    parse = Parse(cut)
    for sign in signs:
        parse.feed(sign)
    return parse


def decode(
    model: FastGPT, cut: Slice, features: Features, *, beams: int = 8, keep: int | None = None
) -> list[Candidate]:
    """The likeliest whole plans, at most `keep` (default: beams). Empty where nothing whole was found."""
    keep = keep or beams
    numbering = Numbering(cut, features)
    running = model.prompt(features)
    live = [_Hypothesis(Parse(cut))]
    last = np.array([NUMBER_OF["<plan>"]], dtype=np.int64)
    parents: npt.NDArray[np.int64] | None = None
    done: list[Candidate] = []
    for _ in range(MAX_SIGNS):
        logits = running.feed(last, parents)
        options: list[tuple[float, float, int, Sign, int]] = []
        for row, hypothesis in enumerate(live):
            signs, numbers = numbering.allowed(hypothesis.parse)
            if not signs:
                continue
            chances = _log_softmax(logits[row, numbers])
            for place in np.argsort(-chances)[: beams + 1]:
                chance = float(chances[place])
                weakest = min(hypothesis.weakest, chance)
                options.append((hypothesis.score + chance, weakest, row, signs[place], int(numbers[place])))
        options.sort(key=lambda option: -option[0])
        following: list[_Hypothesis] = []
        rows: list[int] = []
        nexts: list[int] = []
        grown: set[int] = set()
        for score, weakest, row, sign, number in options:
            if len(following) >= beams:
                break
            signs_now = (*live[row].signs, sign)
            try:
                if row in grown:
                    parse = replay(cut, signs_now)
                else:  # a parse can't be copied: the likeliest to follow a hypothesis takes over its own
                    grown.add(row)
                    parse = live[row].parse
                    parse.feed(sign)
            except Unfit:
                continue  # what it ends has been said already
            if parse.whole:
                done.append(Candidate(signs_now, score, weakest, parse.draft))
                continue
            following.append(_Hypothesis(parse, signs_now, score, weakest))
            rows.append(row)
            nexts.append(number)
        done.sort(key=lambda candidate: -candidate.score)
        worst = done[keep - 1].score if len(done) >= keep else -np.inf
        kept = [n for n, hypothesis in enumerate(following) if hypothesis.score > worst]
        if not kept:
            break
        live = [following[n] for n in kept]
        parents = np.array([rows[n] for n in kept], dtype=np.int64)
        last = np.array([nexts[n] for n in kept], dtype=np.int64)
    return done[:keep]


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float32)


def numbers_of(features: Features, signs: tuple[Sign, ...]) -> list[int]:
    """The signs' numbers for one prompt. Raises KeyError for a pointer without a position."""
    return [features.number(sign) for sign in signs]


__all__ = ["Candidate", "Ref", "decode", "numbers_of", "replay"]
