"""The words of a request that matter, in one spelling: what two people say differently and mean alike.

Politeness, articles and plurals go; a negation and a direction (`from`, `to`) stay part of the word that they stand
before; `get the invoices reconciled` and `the invoices need reconciling` are `reconcile the invoices`. Whatever
changes what is meant (a tense, a condition, a question) is left as it is, so that it stays a strange word.

It refuses to know any process and to correct a word into another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from deskhand.planner.known_families import GERUND, NOUNS, PAST, SYNONYMS, TURNING, TURNS, VERBS
from deskhand.planner.known_frames import GERUND_OPENINGS, LEADING, TRAILING, WISHES, sequences

BOUNDARY = "\1"
"""Stands between words where a comma, a full stop or another sign did; a question mark leaves `\\1?`."""


_BESIDE = frozenset(
    {"with", "against", "by", "from", "to", "in", "for", "on", "off", "using", "through", "of", "about"}
)
_POLITE = frozenset("please pls plz kindly bitte".split())  # noqa: SIM905
_SMALL = frozenset(
    """
    the a an our my all of for with on in about by at and up out against their its using via regarding concerning
    der die das den dem des ein eine einen unser unsere unseren alle mit und von
    """.split()  # noqa: SIM905
)
NEGATIONS = frozenset(
    "not no never without except excluding dont doesnt cannot cant nicht kein keine ohne".split()  # noqa: SIM905
)
_DESCRIBING = frozenset(
    "open overdue unpaid paid unread new incoming right known outstanding support customer bank".split()  # noqa: SIM905
)
_BOUND = {
    "among": "to",
    "amongst": "to",
    "between": "to",
    "from": "from",
    "to": "to",
    "into": "to",
    "onto": "to",
    "aus": "from",
}


def tokens(text: str) -> list[str]:
    """The words of a text, folded, without politeness; nothing else is left out or changed."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    folded = re.sub(r"\b(do|does|is|are|was|did|ca|wo|should|could|would|has|have)n't\b", r"\1 not", folded)
    folded = re.sub(r"'s\b", " s", folded)
    return [token for token in re.findall(r"[^\W_]+", folded.replace("'", " ")) if token not in _POLITE]


_SIGNS = re.compile(r"[.,;:!?()\[\]\n\u2013\u2014]+(?=\s|$)|[(\[\n\u2013\u2014]|\s-+(?=\s)")


_ARROW = re.compile(r"\s*(?:[-=]+>|→|⇒)\s*")
_AND = re.compile(r"(?<=\w)\s*[&]\s*(?=[^\W\d_])|(?<=\w)\s+[+/]\s+(?=[^\W\d_])")
_VERSUS = re.compile(r"(?i)(?<=\w)\s+(?:vs|versus|v)\b\.?(?=\s)|(?<=\w)\s*<-+>\s*(?=\w)")


def _as_words(text: str) -> str:
    """Signs that people write for words: `&`, `a / b`, `vs.`, and an arrow, which is a stop."""
    return _VERSUS.sub(" with", _AND.sub(" and ", _ARROW.sub(", ", _VERSUS.sub(" with ", text))))


def spoken(text: str) -> list[str]:
    """The words of a text as `tokens` has them, with what stood between them as boundaries."""
    said: list[str] = []
    last = 0
    text = _as_words(text)
    for sign in _SIGNS.finditer(text):
        said += tokens(text[last : sign.start()])
        said.append(f"{BOUNDARY}?" if "?" in sign[0] else BOUNDARY)
        last = sign.end()
    return said + tokens(text[last:])


@lru_cache(maxsize=4096)
def turned(text: str) -> str:
    """Words joined by spaces, with turns of speech in one wording."""
    said = frozenset(text.split())
    if said & TURNING:
        for pattern, one in TURNS:
            text = pattern.sub(one, text)
    return text


@lru_cache(maxsize=4096)  # the phrases are read again for every request
def words(text: str) -> tuple[str, ...]:
    """The words of a sentence that matter, singular, in order; a negation is part of the word it stands before."""
    return meanings(tokens(text), question=text.rstrip().endswith("?"))[0]


def meanings(said: Sequence[str], *, question: bool = False) -> tuple[tuple[str, ...], ...]:
    """The words that matter in every grammatical reading of the same sentence; as it was said first.

    question: it ends in a question mark, so `have the invoices reconciled?` asks and orders nothing.
    """
    stripped, opening = _stripped(list(said))
    kept = _kept(stripped)
    readings = [kept]
    if opening in GERUND_OPENINGS and stripped and stripped[0] in GERUND:
        readings.append(_kept([GERUND[stripped[0]], *stripped[1:]]))
    if not question:
        readings += [_kept(order) for order in _orders(list(said))]
        readings += [_kept(order) for order in _orders(stripped)]
    elif len(said) > 2 and said[0] in ("can", "could", "would") and said[1] == "you":
        readings += [_kept(order) for order in _orders(stripped)]
    readings += [_as_verb(reading) for reading in list(readings)]
    return tuple(dict.fromkeys(reading for reading in readings if reading)) or ((),)


def _orders(said: list[str]) -> Iterator[list[str]]:
    """`get X done`, `I need X done` and `X needs doing` as `do X`."""
    said, _ = _without(said, TRAILING, at_end=True)
    if len(said) < 3:
        return
    causative: list[str] | None = said[1:] if said[0] in ("get", "have") else None
    for wish in WISHES:
        if tuple(said[: len(wish)]) == wish and len(said) > len(wish) + 1:
            causative = said[len(wish) :]
            break
    if causative and not {"been", "being", "was", "were"} & set(causative):
        at = next((at for at, word in enumerate(causative) if at and word in PAST), 0)
        thing, beside = causative[:at], causative[at + 1 :]
        if thing[-2:] == ["to", "be"]:
            thing = thing[:-2]
        if thing and (not beside or beside[0] in _BESIDE):
            verb = PAST[causative[at]]
            yield [*thing, *beside] if verb == "do" else [verb, *thing, *beside]
    if said[0] in ("get", "have", "send") and "out" in said[2:]:
        at = said.index("out", 2)
        if at == len(said) - 1 or said[at + 1] in _BESIDE:
            yield ["send", *said[1:at], *said[at + 1 :]]
    if said[0] not in VERBS and "out" in said[1:]:  # `reminders out to everybody`
        at = said.index("out", 1)
        if at == len(said) - 1 or (said[at + 1] in _BESIDE and said[at + 1] not in ("of", "by")):
            yield ["send", *said[:at], *said[at + 1 :]]
    for at in range(1, len(said)) if _NEEDING.intersection(said) else ():
        yield from _needed(said[:at], said[at:])


_NEEDS = sequences(
    "need", "needs", "want", "wants", "could do with", "is up for", "are up for", "is due for", "are due for",
                   "is waiting for", "are waiting for", "require", "requires", "is due to get")  # fmt: skip
_TO_BE = sequences(
    "need to be", "needs to be", "must be", "have to be", "has to be", "should be", "ought to be", "to be",
                   "are to be", "is to be", "need to get", "needs to get", "want to be", "wants to be", "can be",
                   "should get", "are due to be", "is due to be", "should now be", "can now be")  # fmt: skip
_TO_GO = sequences(
    "need to go out", "needs to go out", "should go out", "must go out", "have to go out", "has to go out",
                   "can go out", "are to go out", "is to go out", "to go out")  # fmt: skip
_DUE = sequences("is due", "are due", "is up", "are up", "is needed", "are needed", "is required", "needed", "is on",
                 "is next", "is the next thing")  # fmt: skip


_NEEDING = frozenset(need[0] for need in (*_NEEDS, *_TO_BE, *_TO_GO, *_DUE))


def _needed(thing: list[str], after: list[str]) -> Iterator[list[str]]:
    """`the invoices | need matching with the bank`, `… | should be matched`, `the reminders | are due`."""
    if tuple(after) in _DUE:
        yield thing
    for need in _NEEDS:
        rest = after[len(need) :]
        if tuple(after[: len(need)]) == need and rest:
            if rest[0] in GERUND and (len(rest) == 1 or rest[1] in _BESIDE):
                yield [GERUND[rest[0]], *thing, *rest[1:]]
            elif rest[0] in ("a", "an", "the", "their", "some", "another") and need[0].startswith("need"):
                yield [*rest[1:], *thing]
    for end in _TO_BE:
        rest = after[len(end) :]
        if tuple(after[: len(end)]) == end and rest and rest[0] in PAST and (len(rest) == 1 or rest[1] in _BESIDE):
            yield [PAST[rest[0]], *thing, *rest[1:]]
    for end in _TO_GO:
        rest = after[len(end) :]
        if tuple(after[: len(end)]) == end and (not rest or rest[0] in _BESIDE):
            yield ["send", *thing, *rest]


def _as_verb(kept: tuple[str, ...]) -> tuple[str, ...]:
    """`invoice reconciliation` and `reconciliation of invoices` as `reconcile invoices`."""
    if len(kept) >= 2 and kept[-1] in NOUNS:
        return (NOUNS[kept[-1]], *kept[:-1])
    if len(kept) >= 2 and kept[0] in NOUNS:
        return (NOUNS[kept[0]], *kept[1:])
    return kept


def _kept(said: Iterable[str]) -> tuple[str, ...]:
    """The words that carry meaning, singular, synonyms in one wording, with what is bound to them."""
    kept: list[str] = []
    bound = ""
    for token in _one_wording([singular(token) for token in said]):
        if token in NEGATIONS:
            bound += "not "
        elif token in _BOUND:
            bound += _BOUND[token] + " "
        elif token in _DESCRIBING and bound in ("from ", "to "):
            kept.append(token)  # `to open invoices` is `open` and `to invoices`
        elif token not in _SMALL and token != "s":
            kept.append(bound + token)
            bound = ""
    if bound.strip():
        kept.append(bound.strip())
    return tuple(kept)


_WORDINGS = {tuple(many.split()): tuple(one.split()) for many, one in SYNONYMS.items()}
_WIDEST = max(map(len, _WORDINGS))


def _one_wording(said: list[str]) -> Iterator[str]:
    at = 0
    while at < len(said):
        for size in range(min(_WIDEST, len(said) - at), 0, -1):
            one = _WORDINGS.get(tuple(said[at : at + size]))
            if one is not None:
                yield from one
                at += size
                break
        else:
            yield said[at]
            at += 1


def _stripped(said: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Without what opens and closes a request politely, and the last opening; what only consists of that stays."""
    said, opening = _without(said, LEADING, at_end=False)
    said, _ = _without(said, TRAILING, at_end=True)
    return said, opening


def _without(
    said: list[str], courtesies: Sequence[tuple[str, ...]], *, at_end: bool
) -> tuple[list[str], tuple[str, ...]]:
    last: tuple[str, ...] = ()
    changed = True
    while changed:
        changed = False
        for one in courtesies:
            size = len(one)
            if len(said) <= size or tuple(said[-size:] if at_end else said[:size]) != one:
                continue
            if not at_end and said[size] in NEGATIONS:
                continue
            if at_end and said[-size - 1] in ("a", "an", "the", "with"):  # `with a thank you` is no thanks
                continue
            said, last, changed = (said[:-size] if at_end else said[size:]), one, True
            break
    return said, last


def singular(word: str) -> str:
    """The word without the ending of an English plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
