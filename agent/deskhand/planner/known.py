"""Sentences that plainly are one of the workspace's processes.

A sentence is a process when, politeness and small words aside, it says what the process's name, description or
one of its phrases says, and not one word more than its phrases know. "reconcile the invoices, please" is
`reconcile-invoices`; "reconcile invoices but only for Germany" is not, and neither is "don't reconcile invoices".

It refuses to guess: whatever isn't plain becomes a question or a refusal that names the nearest processes, since
running the wrong process does harm and asking does none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

from deskhand.plan import Input, Plan
from deskhand.plan_yaml import parse
from deskhand.planner import Ask, Cannot, KnownProcess, Proposal, Request
from deskhand.planner.known_clauses import NOT_MORE, Ways, is_said, ways_of
from deskhand.planner.known_inputs import Filling, Find, Found, Inputs
from deskhand.planner.known_typos import is_typo
from deskhand.planner.known_words import BOUNDARY, meanings, singular, words
from deskhand.process import Processes

__all__ = ["Find", "Found", "KnownProcesses", "Taught", "singular", "taught", "words"]

MAX_LENGTH = 300


@dataclass(frozen=True)
class _Known:
    """One process as it may be asked for: every way as a list of words, and all words of its phrases."""

    name: str
    ways: tuple[tuple[str, ...], ...]
    taught: tuple[tuple[str, ...], ...]
    words: frozenset[str]
    heads: frozenset[str]
    described: frozenset[str]
    clauses: Ways

    @cached_property
    def more(self) -> frozenset[str]:
        """Words that a sentence may have beside a way's."""
        return self.words - self.heads - NOT_MORE


class Taught(Protocol):
    """A trace, as far as it teaches: the sentence, the plan's YAML, how its run ended, and what was corrected."""

    @property
    def sentence(self) -> str | None: ...
    @property
    def plan(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def corrections(self) -> Sequence[str]: ...


class KnownProcesses:
    """The planner that knows the workspace's processes and nothing else.

    find: what finds the values in a sentence, such as `deskhand_models.literals.literals`; without it, a sentence
    with a value is a process only where a phrase says that value. taught: sentences by the process that they became
    (see `taught`), which count as its phrases.
    """

    def __init__(self, find: Find | None = None, taught: Mapping[str, Sequence[str]] | None = None) -> None:
        self._find = find
        self._taught = {name.casefold(): tuple(phrases) for name, phrases in (taught or {}).items()}

    def plan(self, request: Request) -> Proposal:
        """The one process that the sentence plainly is, a question where it is several, else a refusal."""
        if len(request.text) > MAX_LENGTH:
            return Cannot(
                f"the request has {len(request.text)} characters; only a short sentence can name a process",
                "Name the process, or write a plan.",
            )
        known = [
            _known(name, _Same(plan), self._taught.get(name.casefold(), ())) for name, plan in request.processes.items()
        ]
        everything = frozenset(word for process in known for word in process.words | process.described)
        found = self._find(request.text, request.now) if self._find is not None else ()
        matches = [match for process in known for match in _matches(request, process, found, everything)]
        best = max((match.rank for match in matches), default=None)
        plain = [match for match in matches if match.rank == best]
        names = tuple(dict.fromkeys(match.name for match in plain))
        if not names:
            return _refuse(request, words(request.text), known)
        if len(names) > 1:
            return Ask(f"{request.text!r} is {' as well as '.join(names)}: which one do you mean?", names)
        return _given(request, names[0], plain)


def taught(traces: Iterable[Taught], processes: Processes, find: Find, now: dt.datetime) -> dict[str, tuple[str, ...]]:
    """The sentences that became one of the processes in a run that ended `done`, by its name, oldest first.

    Only where nobody corrected the plan, where the process still is the plan that ran, and where the sentence states
    no value that `find` knows: a trace keeps no inputs, so what the value was for can't be told. Sentences that
    became another plan than a process teach nothing here.
    """
    phrases: dict[str, dict[str, None]] = {}
    for trace in traces:
        if trace.sentence is None or trace.status != "done" or trace.corrections or len(trace.sentence) > MAX_LENGTH:
            continue
        plan = parse(trace.plan).plan
        if plan is None or plan.process is None or plan.process not in processes:
            continue
        if processes[plan.process] == plan and not find(trace.sentence, now):
            phrases.setdefault(plan.process, {})[trace.sentence] = None
    return {name: tuple(sentences) for name, sentences in phrases.items()}


@dataclass(frozen=True)
class _Match:
    """One reading of the sentence as a process: how plainly it is that, and what it gives."""

    name: str
    fit: int
    filling: Filling

    @property
    def rank(self) -> tuple[bool, int]:
        return not self.filling.open, self.fit


def _matches(request: Request, process: _Known, found: Sequence[Found], everything: frozenset[str]) -> Iterator[_Match]:
    question = request.text.rstrip().endswith("?")
    fits: dict[tuple[str, ...], int] = {}
    for filling in Inputs(request.processes[process.name].inputs, process.words).fillings(
        request.text, found, request.now
    ):
        if filling.rest not in fits:
            plain = tuple(word for word in filling.rest if not word.startswith(BOUNDARY))
            fit = max(_fit(said, process, everything) for said in meanings(plain, question=question))
            fits[filling.rest] = fit or int(is_said(filling.rest, process.clauses, given=bool(filling.inputs)))
        if fits[filling.rest]:
            yield _Match(process.name, fits[filling.rest], filling)


def _given(request: Request, name: str, matches: Sequence[_Match]) -> Proposal:
    """The process with the inputs that the sentence gives; a question where they are in doubt or one is missing."""
    inputs = request.processes[name].inputs
    most = max(match.filling.evidence for match in matches)
    readings = [match.filling for match in matches if match.filling.evidence == most]
    left_open = readings[0].open
    if left_open:
        asked = dict(open_ for reading in readings for open_ in reading.open)
        questions = [f"{shown!r} can be {_listed(inputs, names)}" for shown, names in asked.items()]
        return Ask(f"{request.text!r} is {name}, but {'; '.join(questions)}. Which one do you mean?", (name,))
    ways = list({tuple(sorted(reading.inputs.items())): reading.inputs for reading in readings}.values())
    if len(ways) > 1:
        shown = [", ".join(f"{key}={value}" for key, value in way.items()) or "no input" for way in ways]
        return Ask(f"{request.text!r} is {name} with {' or with '.join(shown)}: which one do you mean?", (name,))
    given = {key.casefold() for key in request.given}
    missing = tuple(
        key
        for key, item in inputs.items()
        if item.default is None and not item.optional and key not in ways[0] and key.casefold() not in given
    )
    if missing:
        return Ask(f"{name} needs {_listed(inputs, missing, ' and ')}: what shall it be?", (name,))
    process = request.processes.file(name)
    return KnownProcess(name, request.processes[name], process.file if process else None, ways[0])


def _listed(inputs: Mapping[str, Input], names: Sequence[str], joined: str = " or ") -> str:
    return joined.join(
        f"{name} ({inputs[name].description})" if inputs[name].description else name for name in names
    )  # fmt: skip


@dataclass(frozen=True)
class _Same:
    """A plan by its identity: the same object is read once."""

    plan: Plan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.plan is self.plan

    def __hash__(self) -> int:
        return id(self.plan)


@lru_cache(maxsize=512)
def _known(name: str, same: _Same, sentences: tuple[str, ...]) -> _Known:
    plan = same.plan
    ways = [words(text) for text in (name, *plan.phrases)]
    described = words(plan.description)
    return _Known(
        name,
        tuple(dict.fromkeys(way for way in (*ways, described) if way)),
        tuple(dict.fromkeys(way for way in map(words, sentences) if way)),
        frozenset(word for way in ways for word in way),
        frozenset(way[0] for way in ways if len(way) > 1),
        frozenset(described),
        ways_of(plan, name),
    )


def _fit(said: tuple[str, ...], process: _Known, everything: frozenset[str]) -> int:
    """How plainly the sentence is the process: 2 as one of its ways says, 1 with words of other ways, 0 not."""
    if said in process.taught:
        return 2
    corrected = _corrected(said, process, everything)
    if corrected is None:
        return 0
    fit = 0
    for way in process.ways:
        if corrected == way:
            return 2
        same_start = corrected[:1] == way[:1] and len(way) >= 2
        if same_start and sorted(set(corrected)) == sorted(set(way)) and len(way) >= 3 and NOT_MORE.isdisjoint(way):
            return 2
        more = set(corrected) - set(way)
        directed = any(" " in word for word in more)  # `to everybody` narrows what the way leaves open
        if same_start and not directed and _in_order(way, corrected) and more <= process.more:
            fit = 1
    return fit


def _in_order(way: Sequence[str], said: Sequence[str]) -> bool:
    rest = iter(said)
    return all(word in rest for word in way)


def _corrected(said: tuple[str, ...], process: _Known, everything: frozenset[str]) -> tuple[str, ...] | None:
    """The sentence with small typos mended towards the process's words; None where a word is none of them."""
    wanted = process.words | process.described
    result, mended = [], 0
    for word in said:
        if word in wanted:
            result.append(word)
            continue
        forms = (word, f"{word[:-1]}ie") if word.endswith("y") else (word,)  # `invocies` was no plural of a `-y`
        near = [w for w in wanted if word not in everything and any(is_typo(f, w) for f in forms)]
        if len(near) != 1:
            return None
        mended += 1
        result.append(near[0])
    return tuple(result) if mended <= max(1, len(said) // 3) and mended < max(2, len(said)) else None


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
