"""Sentences that plainly are one of the workspace's processes.

A sentence is a process when, politeness and small words aside, it says what the process's name, description or
one of its phrases says, and not one word more than its phrases know. "reconcile the invoices, please" is
`reconcile-invoices`; "reconcile invoices but only for Germany" is not, and neither is "don't reconcile invoices".

It refuses to guess: whatever isn't plain becomes a question or a refusal that names the nearest processes, since
running the wrong process does harm and asking does none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from deskhand.planner import Ask, Cannot, KnownProcess, Proposal, Request
from deskhand.process import Processes

MAX_LENGTH = 300

_LEADING = tuple(
    tuple(words.split())
    for words in (
        "could you", "can you", "would you", "will you", "i want to", "i want you to", "i would like to",
        "i would like you to", "i d like to", "i d like you to", "i need to", "i need you to", "we need to",
        "let us", "let s", "lets", "go ahead and", "ok", "okay", "hi", "hello", "hey", "kannst du", "können sie",
        "könntest du", "run", "start", "do", "execute", "launch", "perform", "make",
    )
)  # fmt: skip
_TRAILING = tuple(
    tuple(words.split())
    for words in ("for me", "for us", "now", "right now", "right away", "thanks", "thank you", "danke", "process",
                  "job", "thanks a lot")
)  # fmt: skip
_POLITE = frozenset("please pls plz kindly bitte".split())  # noqa: SIM905
_SMALL = frozenset(
    """
    the a an our my all of for with on in about by at and
    der die das den dem des ein eine einen unser unsere unseren alle mit und von
    """.split()  # noqa: SIM905
)
_NEGATIONS = frozenset(
    "not no never without except excluding dont doesnt cannot cant nicht kein keine ohne".split()  # noqa: SIM905
)
_BOUND = {"from": "from", "to": "to", "into": "to", "onto": "to", "aus": "from"}
# Words of office life that differ by a letter and mean something else: never taken for each other's typos.
_CONFUSABLE = frozenset(
    """
    contact contract customer costumer trial trail casual causal later letter latter statement settlement
    personal personnel principal principle stationary stationery complement compliment
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class _Known:
    """One process as it may be asked for: every way as a list of words, and all words of its phrases."""

    name: str
    ways: tuple[tuple[str, ...], ...]
    words: frozenset[str]
    described: frozenset[str]


class KnownProcesses:
    """The planner that knows the workspace's processes and nothing else."""

    def plan(self, request: Request) -> Proposal:
        """The one process that the sentence plainly is, a question where it is several, else a refusal."""
        if len(request.text) > MAX_LENGTH:
            return Cannot(
                f"the request has {len(request.text)} characters; only a short sentence can name a process",
                "Name the process, or write a plan.",
            )
        said = words(request.text)
        known = [_known(name, request.processes) for name in request.processes]
        everything = frozenset(word for process in known for word in process.words | process.described)
        ranked = {process.name: _fit(said, process, everything) for process in known}
        best = max(ranked.values(), default=0)
        plain = [name for name, fit in ranked.items() if fit == best and fit > 0]
        if len(plain) == 1:
            process = request.processes.file(plain[0])
            return KnownProcess(plain[0], request.processes[plain[0]], process.file if process else None)
        if plain:
            return Ask(f"{request.text!r} is {' as well as '.join(plain)}: which one do you mean?", tuple(plain))
        return _refuse(request, said, known)


def words(text: str) -> tuple[str, ...]:
    """The words of a sentence that matter, singular, in order; a negation is part of the word it stands before."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    folded = re.sub(r"\b(do|does|is|are|was|did|ca|wo|should|could|would)n't\b", r"\1 not", folded)
    folded = re.sub(r"'s\b", " s", folded)
    tokens = [token for token in re.findall(r"[^\W_]+", folded.replace("'", " ")) if token not in _POLITE]
    tokens = _stripped(tokens)
    kept: list[str] = []
    bound = ""
    for token in tokens:
        if token in _NEGATIONS:
            bound += "not "
        elif token in _BOUND:
            bound += _BOUND[token] + " "
        elif token not in _SMALL and token != "s":
            kept.append(bound + singular(token))
            bound = ""
    if bound.strip():
        kept.append(bound.strip())
    return tuple(kept)


def _stripped(tokens: list[str]) -> list[str]:
    """Without what opens and closes a request politely; what only consists of that stays."""
    changed = True
    while changed:
        changed = False
        for opening in _LEADING:
            size = len(opening)
            negated = len(tokens) > size and tokens[size] in _NEGATIONS
            if len(tokens) > size and tuple(tokens[:size]) == opening and not negated:
                tokens, changed = tokens[size:], True
        for closing in _TRAILING:
            if len(tokens) > len(closing) and tuple(tokens[-len(closing) :]) == closing:
                tokens, changed = tokens[: -len(closing)], True
    return tokens


def singular(word: str) -> str:
    """The word without the ending of an English plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _known(name: str, processes: Processes) -> _Known:
    plan = processes[name]
    ways = [words(text) for text in (name, *plan.phrases)]
    described = words(plan.description)
    return _Known(
        name,
        tuple(dict.fromkeys(way for way in (*ways, described) if way)),
        frozenset(word for way in ways for word in way),
        frozenset(described),
    )


def _fit(said: tuple[str, ...], process: _Known, everything: frozenset[str]) -> int:
    """How plainly the sentence is the process: 2 as one of its ways says, 1 with words of other ways, 0 not."""
    fit = 0
    for way in process.ways:
        corrected = _corrected(said, (*way, *process.words), everything)
        if corrected is None:
            continue
        if corrected == way:
            return 2
        same_start = corrected[:1] == way[:1] and len(way) >= 2
        if same_start and sorted(set(corrected)) == sorted(set(way)) and len(way) >= 3:
            return 2
        if same_start and _in_order(way, corrected) and set(corrected) <= process.words:
            fit = 1
    return fit


def _in_order(way: Sequence[str], said: Sequence[str]) -> bool:
    rest = iter(said)
    return all(word in rest for word in way)


def _corrected(said: tuple[str, ...], wanted: Sequence[str], everything: frozenset[str]) -> tuple[str, ...] | None:
    """The sentence with small typos mended towards the wanted words; None where a word is none of them."""
    result, mended = [], 0
    for word in said:
        if word in wanted:
            result.append(word)
            continue
        forms = (word, f"{word[:-1]}ie") if word.endswith("y") else (word,)  # `invocies` was no plural of a `-y`
        near = [w for w in dict.fromkeys(wanted) if word not in everything and any(_is_typo(f, w) for f in forms)]
        if len(near) != 1:
            return None
        mended += 1
        result.append(near[0])
    return tuple(result) if mended <= max(1, len(said) // 3) and mended < max(2, len(said)) else None


def _is_typo(word: str, meant: str) -> bool:
    """One slip of the fingers (two in a long word) that leaves the first and the last letter alone."""
    from rapidfuzz.distance import OSA

    shorter = min(len(word), len(meant))
    if shorter < 6 or word[0] != meant[0] or word[-1] != meant[-1] or {word, meant} & _CONFUSABLE:
        return False
    if " " in word or " " in meant or not (word.isalpha() and meant.isalpha()):
        return False
    slips = OSA.distance(word, meant)
    if len(word) == len(meant) and sorted(word) != sorted(meant) and shorter < 7:
        return False  # another letter in a short word is more often another word
    return slips <= (2 if shorter >= 9 else 1)


def _refuse(request: Request, said: tuple[str, ...], known: Sequence[_Known]) -> Proposal:
    """Why the sentence is none of the processes, with the nearest ones."""
    if not known:
        return Cannot(
            f"{request.text!r} is no file, and this workspace has no processes to match it with",
            "Put a process into its processes/ folder, or name a YAML file.",
        )
    shares = {process.name: _share(said, process) for process in known}
    near = sorted((n for n, share in shares.items() if share > 0), key=lambda n: (-shares[n], n))[:3]
    if not near:
        listed = sorted(shares)[:8]
        more = ", …" if len(shares) > len(listed) else ""
        return Cannot(
            f"{request.text!r} is none of the processes here",
            f"There are {', '.join(listed)}{more}.",
            tuple(listed),
        )
    first = next(process for process in known if process.name == near[0])
    strange = [word for word in said if word not in first.words | first.described]
    because = f": {near[0]} doesn't know {', '.join(map(repr, strange))}" if strange else ""
    return Cannot(
        f"{request.text!r} is not plainly one of the processes here{because}",
        f"The nearest: {', '.join(near)}. Run one by its name, or add the wording to its `phrases:`.",
        tuple(near),
    )


def _share(said: tuple[str, ...], process: _Known) -> float:
    """How much of the sentence the process speaks of; words of its name and phrases count most."""
    from rapidfuzz import fuzz

    if not said:
        return 0.0
    total = 0.0
    for word in said:
        if word in process.words:
            total += 1
        elif word in process.described or any(len(w) > 4 and fuzz.ratio(w, word) >= 80 for w in process.words):
            total += 0.5
    return total / len(said)
