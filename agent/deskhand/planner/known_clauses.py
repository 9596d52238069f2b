"""A sentence of several clauses as a process: `statement's in: match it with the invoices and book what was paid`.

Every clause has to be one that the process explains: its core (a way to ask for all of it), a detail (what its
description and its acts say that it does), or chatter that asks for nothing; at least one is the core. So a sentence
may say over again what the process does anyway, and never more: one word that neither the process nor a table of
office English knows makes it a refusal.

It refuses to take a clause for the core because it is near it: a way's words must all be there, the verb first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from deskhand.plan import Act, ForEach, Plan, Query, Step
from deskhand.planner.known_families import FAMILIES, FAMILIES_OF, GERUND, NOUNS, PAST, VERBS, related
from deskhand.planner.known_frames import CHATTER, is_reason, stages
from deskhand.planner.known_typos import is_typo
from deskhand.planner.known_words import BOUNDARY, meanings, spoken, tokens, turned, words

MAX_SEGMENTS = 10
_CORE = ""  # no verb of a description is empty

# Words that change what a sentence says wherever they are put in, though a phrase has them.
NOT_MORE = frozenset(
    "which who whose what that is are was were be been has have had paid rest them".split()  # noqa: SIM905
)
_JOINING = frozenset({"and", "then", "plus", "also", "while", "so"})
_PRONOUNS = frozenset({"it", "them", "these", "those", "this", "that", "they"})
_ALL = frozenset({"everything", "all", "one"})
# In a detail these say nothing: it says over again what is done anyway, in whatever voice.
_VOICE = frozenset(
    """
    get gets be should must shall needs need to the goes goe go will i we us let want please too
    """.split()  # noqa: SIM905
)
# Acts in words of the office: by the operation, the words that such a detail has, its verb first.
_ACTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "email.reply": (("answer",), ("send", "answer")),
    "email.forward": (("assign", "colleague"), ("send", "colleague"), ("forward", "colleague"), ("pass", "colleague"),
                      ("give", "colleague")),
    "email.move": (("file",), ("move", "topic")),
    "email.send": (("send", "mail"),),
    "spreadsheet.write": (("report",), ("write", "report"), ("save", "report"), ("make", "report"),
                          ("create", "report"), ("put", "report")),
    "database.insert": (("book",), ("update", "ledger")),
    "database.update": (("update", "ledger"),),
    "database.upsert": (("book",), ("update", "ledger")),
}  # fmt: skip
# Looking changes nothing, so to look at what the process works with is no more than it does.
_LOOKING = frozenset("check find see look go identify review determine spot open read take".split())  # noqa: SIM905
# To match a with b is to match b to a.
_EITHER_WAY = frozenset({"match", "reconcile"})
# `answer it or assign it`: what follows `or` is what is done to the others.
_EITHER_DONE = (VERBS | PAST.keys() | GERUND.keys()) - {"paid", "mail", "line", "note", "list"}
# To handle the reminders is to do what the reminders are.
_LIGHT = frozenset({"handle", "do", "run", "manage", "work"})
_LEFT = frozenset({"rest", "mismatch", "other", "leftover"})
_WRITTEN = frozenset({"report", "workbook", "excel", "spreadsheet", "summary"})


@dataclass(frozen=True)
class Ways:
    """How one process may be asked for: ways as words that matter, and what it does in detail, verb first.

    more: words that its details may have besides. today: whether `today` says when to do it, since it takes no day.
    long: ways of several clauses. acts: details that have to be said with all their words.
    shown: its last step's rows are shown to who asked, so `tell me` is what it does. does: the verbs of its
    description, in order. verbs: those of its name. names: phrases of one word (`dunning`).
    """

    ways: tuple[tuple[str, ...], ...]
    details: tuple[tuple[str, ...], ...]
    more: frozenset[str]
    today: bool
    long: frozenset[tuple[str, ...]] = frozenset()
    acts: frozenset[tuple[str, ...]] = frozenset()
    shown: bool = False
    does: tuple[str, ...] = ()
    verbs: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @cached_property
    def words(self) -> frozenset[str]:
        """Words of the ways that a sentence may have beside another way's."""
        return frozenset(word for way in self.ways if way not in self.long for word in way)

    @cached_property
    def heads(self) -> frozenset[str]:
        """Verbs that ways begin with, and that no way has elsewhere."""
        return frozenset(way[0] for way in self.ways if len(way) > 1) - frozenset(
            w for way in self.ways for w in way[1:]
        )

    @cached_property
    def asking(self) -> frozenset[tuple[str, ...]]:
        """Ways that are a question: `which invoices have been paid`."""
        return frozenset(way for way in self.ways if way[0] in ("which", "who", "what"))

    @cached_property
    def aside(self) -> frozenset[str]:
        """Words that may be beside a way's own: no other act, no direction, nothing that turns what is said."""
        return frozenset(word for word in self.words - self.heads - NOT_MORE if " " not in word)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word that a detail may have, directions aside."""
        details = (word for detail in self.details for word in detail)
        return frozenset(_plain(word) for word in (*self.words, *self.more, *details)) - _VOICE

    @cached_property
    def _core(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _detail(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def everything(self) -> frozenset[str]:
        return frozenset(word for way in self.ways for word in way)

    def core(self, word: str) -> frozenset[str]:
        """The words of the ways that a word can stand for."""
        return _stands(word, self.everything, self._core)

    def detail(self, word: str) -> frozenset[str]:
        """The words of the details that a word can stand for; a participle for its verb too."""
        stood = _stands(word, self.known, self._detail)
        stood = stood.union(*(FAMILIES[number] & self.known for number in FAMILIES_OF.get(word, ())))
        verb = PAST.get(word) or GERUND.get(word)
        return stood | _stands(verb, self.known, self._detail) if verb else stood


def ways_of(plan: Plan, name: str) -> Ways:
    """What a process's YAML says of it: its phrases, its description, its acts and who gets mails of it."""
    ways: dict[tuple[str, ...], None] = {}
    details: dict[tuple[str, ...], None] = {}
    long: set[tuple[str, ...]] = set()
    for text in (name, *plan.phrases, plan.description):
        segments = _segments(_turned(spoken(text)))
        clauses = [words(" ".join(segment)) for segment in segments]
        said = [word for clause in clauses for word in clause]
        if len(clauses) > 1 and text != name:
            details.update(dict.fromkeys(clause for clause in clauses if len(clause) > 1 and clause[0] in VERBS))
            long.update((tuple(said), words(text)))
        elif said:
            ways.update(dict.fromkeys((words(text), tuple(said))))
            if text == plan.description or {"rest", "other", "mismatch"} & set(said):
                details[tuple(said)] = None
    described = [detail for detail in details if detail[0] == "report"]
    strict: dict[tuple[str, ...], None] = {}
    receivers = sorted({word for act in acts(plan.steps) for word in _receivers(act) if word in plan.inputs})
    for act in acts(plan.steps):
        strict.update(dict.fromkeys(_ACTS.get(act.operation, ())))
    for receiver in receivers:
        for detail in (
            ("tell", receiver),
            ("report", receiver),
            ("send", "report", receiver),
            ("give", "report", receiver),
            ("let", "have", "report", receiver),
        ):
            strict[detail] = None
        details.update(dict.fromkeys((*detail, receiver) for detail in described))
        strict.update(dict.fromkeys(("send", *detail[1:], receiver) for detail in described if len(detail) > 1))
    if any(act.operation in ("email.send", "spreadsheet.write") for act in acts(plan.steps)):
        strict.update(dict.fromkeys([("send", "report"), ("report",)]))
        strict.update(dict.fromkeys(("send", *detail[1:]) for detail in described if len(detail) > 1))
    more = {word for act in acts(plan.steps) if act.operation == "spreadsheet.write" for word in _WRITTEN}
    more |= {word for act in acts(plan.steps) for word in words(str(act.params.get("table", "")))}
    today = not any(item.type in ("date", "timestamp") for item in plan.inputs.values())
    long -= ways.keys()
    shown = isinstance(plan.steps[-1], Query)
    does = tuple(dict.fromkeys(s[0] for s in _said_in(plan.description) if s[0] in VERBS))
    return Ways(
        (*ways, *long), (*details, *strict), frozenset(more), today, frozenset(long), frozenset(strict), shown, does,
        frozenset(words(name)) & VERBS,
        frozenset(word for text in plan.phrases if len(tokens(text)) == 1 for word in words(text)),
    )  # fmt: skip


def _said_in(text: str) -> Iterator[tuple[str, ...]]:
    for segment in _segments(_turned(spoken(text))):
        clause = words(" ".join(segment))
        if clause:
            yield clause


def acts(steps: Sequence[Step]) -> Iterator[Act]:
    """Every act of the steps, those in loops too."""
    for step in steps:
        if isinstance(step, Act):
            yield step
        elif isinstance(step, ForEach):
            yield from acts(step.steps)


def is_said(said: Sequence[str], process: Ways, *, given: bool = False) -> bool:
    """Whether words with boundaries, as `spoken` gives them, are the process and nothing else.

    given: its inputs were said too, so that its name's verb is enough: `reconcile September`.
    """
    if given and _is_verb(tuple(word for word in said if word[0] != BOUNDARY), process):
        return True
    segments = _segments(_turned(said))
    if not segments or len(segments) > MAX_SEGMENTS:
        return False
    polite = any(opened for _, opened in stages(tuple(segments[0]), today=False))
    reached: list[set[frozenset[str]]] = [{frozenset()}, *(set() for _ in segments)]
    for start in range(len(segments)):
        if not reached[start]:
            continue
        earlier = [word for segment in segments[:start] for word in segment]
        for end in range(start + 1, len(segments) + 1):
            clause = [word for segment in segments[start:end] for word in segment]
            kind = _kind(clause, earlier, process, polite)
            if kind is not None:
                reached[end] |= {before | kind for before in reached[start]}
    return any(_CORE in told or _is_all(told, process) for told in reached[-1])


def _is_verb(said: tuple[str, ...], process: Ways) -> bool:
    """Whether it is the name's verb, or the noun of that, and what frames it: `I need the reconciliation`."""
    found = (words(" ".join(left)) for left, _ in stages(said, today=False))
    return any(len(left) == 1 and {left[0], NOUNS.get(left[0], "")} & process.verbs for left in found)


def _is_all(told: frozenset[str], process: Ways) -> bool:
    """Whether details alone ask for the process: the first thing that it does, and most of the others."""
    return len(process.does) > 1 and process.does[0] in told and 2 * len(told) > len(process.does)


def _turned(said: Sequence[str]) -> list[str]:
    return turned(" ".join(said)).split()


def _segments(said: Sequence[str]) -> list[list[str]]:
    """The stretches between signs and joining words; a question mark stays with the stretch that it ends."""
    segments: list[list[str]] = [[]]
    for at, word in enumerate(said):
        verb = word == "or" and at + 1 < len(said) and said[at + 1] in _EITHER_DONE
        if word[0] == BOUNDARY or word in _JOINING or verb:
            if word.endswith("?") and segments[-1]:
                segments[-1].append("?")
            segments.append([])
        else:
            segments[-1].append(word)
    return [segment for segment in segments if segment]


def _kind(clause: list[str], earlier: Sequence[str], process: Ways, polite: bool) -> frozenset[str] | None:
    """What a clause asks for: the core, things that the process does, or nothing; None where it isn't explained."""
    question = "?" in clause and not polite
    if "?" in clause[:-1]:
        return None
    clause = [word for word in clause if word != "?"]
    if earlier and clause and clause[0] in ("first", "firstly"):
        clause = clause[1:]
    if not question and is_reason(clause, opens=not earlier):
        return frozenset()
    for at, word in enumerate(clause):
        if at and word in ("as", "because", "since") and is_reason(clause[at:], opens=False):
            clause = clause[:at]
            break
    found = stages(tuple(clause), today=process.today)
    if any(not left for left, _ in found):
        return frozenset()
    if question and words(" ".join(found[0][0])) in process.asking:
        return frozenset({_CORE})
    # a question that asks for nothing politely is one: `reminders sent?`
    for left, opened in found:
        if (opened or not question) and (
            (len(left) == 1 and left[0] in process.names)
            or any(_is_core(reading, process) for reading in _readings(left, opened, earlier, process))
        ):
            return frozenset({_CORE})
    explained: frozenset[str] | None = None
    for left, opened in found:
        plain = tuple(PAST.get(word) or GERUND.get(word) or word for word in left)
        for form in dict.fromkeys((left, plain)):
            if not question and _is_detail(form, process, bool(earlier)):
                ordered = opened or polite or left[0] in VERBS  # `questions answered` tells what was done
                explained = (explained or frozenset()) | (_done(left, process) if ordered else frozenset())
            elif _is_chatter(form, process, question):
                explained = explained or frozenset()
        if question and earlier and _is_detail(left, process, later=True) and found[-1][1]:
            explained = explained or frozenset()
    return explained


def _done(left: tuple[str, ...], process: Ways) -> frozenset[str]:
    """Which of the things that the process's description says are done are in a detail."""
    acting = [left[0], *(word for word in left[1:] if word in PAST or word in GERUND)]
    stood = [process.detail(_plain(word)) for word in words(" ".join(acting))]
    return frozenset(one for one in process.does if any(one in words_ for words_ in stood))


def _readings(left: tuple[str, ...], opened: bool, earlier: Sequence[str], process: Ways) -> Iterator[tuple[str, ...]]:
    yield from meanings(left)
    if opened and left[0] in GERUND:
        yield from meanings((GERUND[left[0]], *left[1:]))
    if not earlier or not left:
        return
    meant = [word for word in words(" ".join(earlier)) if word in process.aside]
    at = next((at for at, word in enumerate(left) if at and word in _PRONOUNS), 0)
    if meant and at:
        for reading in meanings((*left[:at], *left[at + 1 :])):
            yield (*reading[:1], *meant, *reading[1:])
    elif meant and len(left) == 1 and left[0] in VERBS:
        yield (*meanings(left)[0], *meant)


def _is_core(said: tuple[str, ...], process: Ways) -> bool:
    """The verb of a way, all its other words, and no word that its process's ways haven't."""
    if said and process.core(said[0]) & _EITHER_WAY:
        said = tuple(word.removeprefix("to ") for word in said)
    if len(said) > 2 and said[0] in _LIGHT and _is_name(said[1:], process):
        return True
    if len(said) > 1 and said[0] in process.names and all(_aside(word, process) for word in said[1:]):
        return True
    stood = [process.core(word) for word in said]
    if not all(stood) or len(said) < 2:
        return False
    beside = frozenset(word for words_ in stood[1:] for word in words_)
    beside |= {word.removeprefix("from ") for word in beside}  # only what some way knows with `from`
    plain = {word.removeprefix("to ") for word in beside} if stood[0] & _EITHER_WAY else beside
    inside = [
        way
        for way in process.ways
        if len(way) > 1
        and way[0] in stood[0]
        and plain.issuperset(way[1:])
        and (NOT_MORE.isdisjoint(way) or _follows(way, stood))
    ]
    told = frozenset(word for way in inside for word in way)
    if not inside:
        return False
    for words_ in stood[1:]:
        if words_ & told or any(word.removeprefix("from ") in told for word in words_):
            continue
        if not any(word in process.aside for word in words_):
            return False
    return True


def _is_name(said: tuple[str, ...], process: Ways) -> bool:
    """Whether words are a way without a verb: `the payment reminders`."""
    return any(way[0] not in VERBS and len(way) > 1 and sorted(way) == sorted(said) for way in process.ways)


def _aside(word: str, process: Ways) -> bool:
    return not process.core(word).isdisjoint(process.aside)


def _follows(way: Sequence[str], stood: Sequence[frozenset[str]]) -> bool:
    """Whether the way's words are said in its order: `mark the paid invoices` marks none as paid."""
    rest = iter(stood)
    return all(any(word in words_ for words_ in rest) for word in way)


def _is_detail(left: tuple[str, ...], process: Ways, later: bool) -> bool:
    """Whether a clause says over again what the process does: a verb of it and what it is done to."""
    if left[-1:] == ("first",):
        left = left[:-1]
    said = [word for word in words(" ".join(left)) if _plain(word) not in _VOICE]
    if process.shown and said[:2] in (["tell", "me"], ["show", "me"], ["list", "me"]):
        del said[1]
    said = [word for word in said if not (later and word in _PRONOUNS | _ALL)]
    if not said:
        return False
    looks = _LOOKING | {"which", "what", "who", "whether"} if said[0] in _LOOKING else frozenset()
    stood = [process.detail(word) or frozenset({word} & looks) for word in map(_plain, said)]
    if not all(stood):
        return False
    looking = said[0] in _LOOKING and not frozenset(said) & {"have", "has", "had", "was", "were", "been"}
    if any(words_ <= NOT_MORE - {"what", "rest", "them"} for words_ in stood) and not looking:
        return False
    if said[0] in _LOOKING and len(said) > 1:
        return True
    if said[0] in _LOOKING and later:
        return True
    odd = _LEFT & {word for words_ in stood for word in words_}
    for detail in process.details:
        head, others = detail[0], frozenset(map(_plain, detail[1:]))
        at = [number for number, words_ in enumerate(stood) if head in words_]
        covered = {word for number, words_ in enumerate(stood) if number not in at[:1] for word in words_} & others
        if at and detail in process.acts and covered != others:
            continue
        if odd and head not in ("report", "tell") and "report" not in others and odd.isdisjoint(detail):
            continue  # who books payments and reports the rest doesn't book the rest
        if at and (covered or (not others and later) or (len(said) == 1 and later)):
            return True
        if not at and later and len(covered) >= 2 and not any(word in VERBS for word in said):
            return True
    return False


def _is_chatter(left: tuple[str, ...], process: Ways, question: bool) -> bool:
    named = " ".join("N" if process.core(word) or process.detail(word) else word for word in _singular(left))
    if left[0] in VERBS and "N" in named.split()[:1]:
        return CHATTER.fullmatch(" ".join(left)) is not None
    return any(CHATTER.fullmatch(text) for text in (" ".join(left), named) if not (question and "N" in text))


def _singular(left: Sequence[str]) -> Iterator[str]:
    for word in left:
        kept = words(word)
        if word in ("the", "our", "a", "an", "my", "all", "of", "your", "new", "latest", "current", "more", "some"):
            continue
        yield kept[0] if len(kept) == 1 and word not in _KEEP else word


_KEEP = frozenset("is are s has have had ve in here there we i it and to from".split())  # noqa: SIM905


def _plain(word: str) -> str:
    """A word without its direction; a negation stays."""
    bound, _, base = word.rpartition(" ")
    return f"not {base}" if "not" in bound.split() else base


def _stands(word: str, known: frozenset[str], kept: dict[str, frozenset[str]]) -> frozenset[str]:
    if word not in kept:
        found = related(word, known)
        if not found and word not in FAMILIES_OF and word not in VERBS and word not in PAST:
            forms = (word, f"{word[:-1]}ie") if word.endswith("y") else (word,)  # `invocies` was no plural of a `-y`
            near = {meant for meant in known if any(is_typo(form, meant) for form in forms)}
            if not near:
                found = related(_near(word), known)
            elif len(near) == 1:
                found = frozenset(near)
        kept[word] = found
    return kept[word]


@lru_cache(maxsize=2048)
def _near(word: str) -> str:
    """The one word of office English that a word is a typo of; empty where there is none or more than one."""
    near = {meant for meant in FAMILIES_OF if is_typo(word, meant)}
    return near.pop() if len(near) == 1 else ""


def _receivers(act: Act) -> Iterator[str]:
    if act.operation == "email.send":
        yield from re.findall(r"inputs\.(\w+)", str(act.params.get("to", "")))
