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


def _sequences(*texts: str) -> tuple[tuple[str, ...], ...]:
    """Openings or closings as words, the longest first."""
    return tuple(sorted((tuple(text.split()) for text in texts), key=len, reverse=True))


_LEADING = _sequences(
    "could you", "can you", "would you", "will you", "i want to", "i want you to", "i would like to",
    "i would like you to", "i d like to", "i d like you to", "i need to", "i need you to", "we need to",
    "let us", "let s", "lets", "go ahead and", "ok", "okay", "hi", "hello", "hey", "kannst du", "können sie",
    "könntest du", "run", "start", "do", "execute", "launch", "perform", "make",
    "we want to", "we should", "you should", "we have to", "we must", "time to", "it s time to", "it is time to",
    "good morning", "morning", "carry out", "kick off", "trigger", "begin", "start to",
    "begin to", "i d like", "i would like", "time for", "it s time for", "it is time for", "would you mind",
    "do you mind", "so", "help me", "help us", "help me to",
    "be so kind and", "be so good and", "dear all", "all right",
    "alright", "would it be possible to", "could you help me", "want you to", "need you to",
)  # fmt: skip
_TRAILING = _sequences(
    "for me", "for us", "now", "right now", "right away", "thanks", "thank you", "danke", "process", "job",
    "thanks a lot", "many thanks", "thank you very much", "thx", "cheers", "straight away", "immediately", "at once",
    "asap", "as soon as possible", "when you can", "when you have a minute", "when you get a chance", "if you can",
    "if you could", "if possible", "would you", "could you", "will you", "can you", "workflow",
    "again", "once more",
)  # fmt: skip
_GERUND_OPENINGS = frozenset({("start",), ("begin",), ("time", "for"), ("it", "s", "time", "for"), ("kick", "off"),
                              ("it", "is", "time", "for"), ("would", "you", "mind"), ("do", "you", "mind"),
                              ("do",)})  # fmt: skip
_WISHES = _sequences(
    "i need", "we need", "i want", "we want", "i d like", "we d like", "i would like", "we would like",
    "i d like to have", "i want to have", "i d like to get", "we d like to have", "we want to have", "i need to get",
)  # fmt: skip
_BESIDE = frozenset({"with", "against", "by", "from", "to", "in"})
_POLITE = frozenset("please pls plz kindly bitte".split())  # noqa: SIM905
_SMALL = frozenset(
    """
    the a an our my all of for with on in about by at and up out against their its
    der die das den dem des ein eine einen unser unsere unseren alle mit und von
    """.split()  # noqa: SIM905
)
NEGATIONS = frozenset(
    "not no never without except excluding dont doesnt cannot cant nicht kein keine ohne".split()  # noqa: SIM905
)
_BOUND = {"from": "from", "to": "to", "into": "to", "onto": "to", "aus": "from"}

# What means the same in every office. Words that only one process takes for the same belong into its `phrases:`.
SYNONYMS: dict[str, str] = {
    "e mail": "mail", "email": "mail", "message": "mail", "mailbox": "inbox", "mail box": "inbox",
    "in box": "inbox", "in tray": "inbox",
    "supplier": "vendor", "bill": "invoice", "late": "overdue", "past due": "overdue", "past their due date": "overdue",
    "past its due date": "overdue", "past the due date": "overdue", "not yet paid": "unpaid", "unsettled": "unpaid",
    "bank account statement": "bank statement", "account statement": "bank statement",
    "e mails": "mail", "new mail": "unread mail", "unopened": "unread",
    "every": "", "each": "", "any": "",
    "maximum": "most", "max": "most", "at the most": "at most", "no more than": "at most", "not more than": "at most",
    "compare": "match", "cross check": "check", "verify": "check", "look at": "check", "look through": "go through",
    "work through": "go through", "respond to": "answer",
    "reply to": "answer", "email out": "send", "dispatch": "send", "mail out": "send", "fire off": "send",
    "nudge": "remind", "record": "book", "enter": "book", "register": "book", "post": "book", "tidy": "clear",
    "clean": "clear", "organise": "sort", "organize": "sort", "incoming payment": "payment",
    "received payment": "payment", "yet": "", "process": "handle", "deal with": "handle", "take care of": "handle",
    "everyone": "everybody", "all those who": "everybody who", "new email": "unread mail", "new message": "unread mail",
    "incoming mail": "unread mail", "incoming email": "unread mail", "payment received": "payment", "query": "question",
    "queue": "inbox",
    "allocate": "assign", "distribute": "assign", "helpdesk": "support", "help desk": "support",
}  # fmt: skip
"""From every wording, as singular words, to the one that stands for it; an empty one says nothing of its own."""

_VERBS = """
reconcile match check compare book post record enter register send mail write remind chase dun nudge triage sort
answer file assign clear process handle go work route forward distribute organise organize tidy clean reply respond
import export update create close open review list report total print pay invoice settle allocate dispatch order
clarify archive move notify inform contact call schedule prepare issue
""".split()  # noqa: SIM905
_IRREGULAR = {"sent": "send", "written": "write", "gone": "go", "dunned": "dun", "dunning": "dun", "paid": "pay"}
_NOUNS = {"reconciliation": "reconcile", "triage": "triage", "triaging": "triage", "matching": "match",
          "reconciling": "reconcile", "comparison": "match", "sorting": "sort", "booking": "book"}  # fmt: skip


def _inflected(verb: str) -> Iterator[tuple[str, str]]:
    stem = verb[:-1] if verb.endswith("e") else verb
    past = f"{verb[:-1]}i" if verb.endswith("y") and verb[-2] not in "aeou" else stem
    yield f"{past}ed", "past"
    yield f"{stem}ing", "gerund"


_PAST = {form: verb for verb in _VERBS for form, kind in _inflected(verb) if kind == "past"} | {
    form: verb for form, verb in _IRREGULAR.items() if not form.endswith("ing")
}
_GERUND = {form: verb for verb in _VERBS for form, kind in _inflected(verb) if kind == "gerund"} | {"dunning": "dun"}


def tokens(text: str) -> list[str]:
    """The words of a text, folded, without politeness; nothing else is left out or changed."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    folded = re.sub(r"\b(do|does|is|are|was|did|ca|wo|should|could|would|has|have)n't\b", r"\1 not", folded)
    folded = re.sub(r"'s\b", " s", folded)
    return [token for token in re.findall(r"[^\W_]+", folded.replace("'", " ")) if token not in _POLITE]


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
    if opening in _GERUND_OPENINGS and stripped and stripped[0] in _GERUND:
        readings.append(_kept([_GERUND[stripped[0]], *stripped[1:]]))
    if not question:
        readings += [_kept(order) for order in _orders(list(said))]
        readings += [_kept(order) for order in _orders(stripped)]
    elif len(said) > 2 and said[0] in ("can", "could", "would") and said[1] == "you":
        readings += [_kept(order) for order in _orders(stripped)]
    readings += [_as_verb(reading) for reading in list(readings)]
    return tuple(dict.fromkeys(reading for reading in readings if reading)) or ((),)


def _orders(said: list[str]) -> Iterator[list[str]]:
    """`get X done`, `I need X done` and `X needs doing` as `do X`."""
    said, _ = _without(said, _TRAILING, at_end=True)
    if len(said) < 3:
        return
    causative: list[str] | None = said[1:] if said[0] in ("get", "have") else None
    for wish in _WISHES:
        if tuple(said[: len(wish)]) == wish and len(said) > len(wish) + 1:
            causative = said[len(wish) :]
            break
    if causative and not {"been", "being", "was", "were"} & set(causative):
        at = next((at for at, word in enumerate(causative) if at and word in _PAST), 0)
        thing, beside = causative[:at], causative[at + 1 :]
        if thing[-2:] == ["to", "be"]:
            thing = thing[:-2]
        if thing and (not beside or beside[0] in _BESIDE):
            yield [_PAST[causative[at]], *thing, *beside]
    for need in ("need", "needs"):
        if need in said[1:]:
            at = said.index(need, 1)
            after = said[at + 1 :]
            if len(after) == 1 and after[0] in _GERUND:
                yield [_GERUND[after[0]], *said[:at]]
    for end in (["need", "to", "be"], ["needs", "to", "be"], ["must", "be"], ["have", "to", "be"], ["has", "to", "be"]):
        if len(said) > len(end) + 1 and said[-len(end) - 1 : -1] == end and said[-1] in _PAST:
            yield [_PAST[said[-1]], *said[: -len(end) - 1]]


def _as_verb(kept: tuple[str, ...]) -> tuple[str, ...]:
    """`invoice reconciliation` and `reconciliation of invoices` as `reconcile invoices`."""
    if len(kept) >= 2 and kept[-1] in _NOUNS:
        return (_NOUNS[kept[-1]], *kept[:-1])
    if len(kept) >= 2 and kept[0] in _NOUNS:
        return (_NOUNS[kept[0]], *kept[1:])
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
    said, opening = _without(said, _LEADING, at_end=False)
    said, _ = _without(said, _TRAILING, at_end=True)
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
