"""The corpus's splits, made once: by office, by writer's voice and by plan skeleton, all by meaning and none by chance.

train · office (offices that nobody trains on) · voice (people whose sentences nobody trains on) · skeleton (kinds of
plan that nobody trains on). A pair belongs to the first of office, voice, skeleton that holds it. They are for early
stopping and for the log's comparisons; the evaluation sets are elsewhere and never read here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from deskhand_models.training.templates import Template

OFFICES = frozenset(
    """
    gavel-and-oak loopnote-billing kurier-jaskolka gear-plant-hr paddock-lane-vets schrauben-kruse offset-marek
    hotel-am-spalentor
    """.split()  # noqa: SIM905
)
VOICES = frozenset("a7 b4 c3 d8 e2 f5".split())  # noqa: SIM905
SKELETON_SHARE = 25
"""One skeleton in so many is kept from training."""


def split_of(template: Template) -> str:
    """train, office, voice or skeleton."""
    if template.office in OFFICES:
        return "office"
    if template.voice in VOICES:
        return "voice"
    digest = hashlib.sha256(template.skeleton.encode()).digest()
    if int.from_bytes(digest[:4], "big") % SKELETON_SHARE == 0 and template.signs[0] not in ("ask", "cannot"):
        return "skeleton"
    return "train"


def split(templates: Iterable[Template]) -> dict[str, list[Template]]:
    """The templates by split."""
    found: dict[str, list[Template]] = {"train": [], "office": [], "voice": [], "skeleton": []}
    for template in templates:
        found[split_of(template)].append(template)
    return found
