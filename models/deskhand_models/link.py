"""Linking: which tables of a workspace a request may speak of.

A small office's tables all fit before the model, which then does the choosing itself. Of a large one's, those are
taken whose names and columns are nearest the request, by the encoder and by words. The weights are a logistic
regression on the corpus (models/LOG.md has it). Of a very large one's, most are left out by their words alone, since
encoding a thousand names takes seconds.

This module refuses to read rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deskhand_models import names
from deskhand_models.encoder import Encoded
from deskhand_models.features import Vectors
from deskhand_models.slices import MAIL, Group

MOST_GROUPS = 15
MOST_POINTERS = 300
MOST_ENCODED = 48
_MAIL_WORDS = names.stems("mail email inbox message folder unread reply forward sender attachment")
_WEIGHTS = np.array([0.32, 0.49, -0.44, 0.23, 0.44, 0.37, 0.27, 0.6, 0.8], dtype=np.float32)


def linked(groups: Sequence[Group], request: str, said: Encoded, vectors: Vectors) -> list[Group]:
    """The groups for the slice, in the catalog's order: all of them where they are few."""
    if len(groups) <= MOST_GROUPS and sum(size(group) for group in groups) <= MOST_POINTERS:
        return list(groups)
    groups = _likely(groups, request, said, vectors)
    vectors.pooled([text for group in groups for text in _texts(group)])  # together they are encoded many times quicker
    scores = [score(group, request, said, vectors) for group in groups]
    order = sorted(range(len(groups)), key=lambda n: -scores[n])
    chosen: list[int] = []
    room = MOST_POINTERS
    for number in order:
        if len(chosen) >= MOST_GROUPS:
            break
        if size(groups[number]) <= room or not chosen:
            chosen.append(number)
            room -= size(groups[number])
    return [groups[number] for number in sorted(chosen)]


def _likely(groups: Sequence[Group], request: str, said: Encoded, vectors: Vectors) -> list[Group]:
    """Those that may be meant by the words of their names, in the catalog's order; a mailbox always is."""
    if len(groups) <= MOST_ENCODED:
        return list(groups)
    spoken = names.stems(request)
    pieces = said.vectors / (np.linalg.norm(said.vectors, axis=1, keepdims=True) + 1e-6)
    told = [" ".join([names.table_words(g.name), *(names.name_words(c.name) for c in g.columns)]) for g in groups]
    made = vectors.word_vectors([names.table_words(group.name) for group in groups])
    close = ((made / (np.linalg.norm(made, axis=1, keepdims=True) + 1e-6)) @ pieces.T).max(axis=1, initial=0.0)
    values = [any(_share(v, spoken) == 1.0 for c in group.columns for v in c.values) for group in groups]
    ranks = [
        float(close[n]) + 2 * _share(names.table_words(group.name), spoken) + 0.5 * len(names.stems(told[n]) & spoken)
        + values[n] + 9 * (group.tool == "email")
        for n, group in enumerate(groups)
    ]  # fmt: skip
    order = sorted(range(len(groups)), key=lambda n: -ranks[n])[:MOST_ENCODED]
    return [groups[n] for n in sorted(order)]


def _texts(group: Group) -> list[str]:
    """What is encoded of a group: its table, then its columns."""
    table = names.table_text(group, group.name if group.name != MAIL else "inbox")
    return [table, *(names.column_text(group, column) for column in group.columns)]


def size(group: Group) -> int:
    """How many things of a group can be pointed at."""
    return len(group.tables) + len(group.columns) + sum(len(column.values) for column in group.columns)


def score(group: Group, request: str, said: Encoded, vectors: Vectors) -> float:
    """How much the request seems to speak of the group."""
    spoken = names.stems(request)
    table, *rest = vectors.pooled(_texts(group))
    columns = np.array(rest) if rest else np.zeros((1, len(table)), dtype=np.float32)
    whole = np.sort(columns @ said.pooled)[::-1]
    states = said.states / (np.linalg.norm(said.states, axis=1, keepdims=True) + 1e-6)
    pieces = np.sort((columns @ states.T).max(axis=1))[::-1] if len(states) else np.zeros(1)
    values = [_share(value, spoken) for column in group.columns for value in column.values]
    words = np.sort([_share(names.name_words(column.name), spoken) for column in group.columns])[::-1]
    mail = group.tool == "email" and bool(spoken & _MAIL_WORDS)
    made = np.array(
        [
            float(table @ said.pooled), whole[0], whole[:3].mean(), pieces[:3].mean(), max(values, default=0.0),
            words[:3].mean(),
            _share(names.table_words(group.name), spoken), float(mail), _share(names.table_words(group.name),
            spoken) == 1.0,
        ],
        dtype=np.float32,
    )  # fmt: skip
    spread = np.array([0.15, 0.15, 0.13, 0.12, 0.35, 0.25, 0.35, 1.0, 1.0], dtype=np.float32)
    return float((made / spread) @ _WEIGHTS)


def _share(text: str, spoken: frozenset[str]) -> float:
    own = names.stems(text)
    return len(own & spoken) / len(own) if own else 0.0
