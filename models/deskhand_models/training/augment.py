"""Other sentences with the same plan, and other offices for the same sentence: augmentation at training time.

A sentence's values are exchanged (its slots know where they stand), typing is made worse, politeness comes and
goes; columns and tables that the plan doesn't use vanish or come from other offices, and names are said in other
words. Everything is drawn from one random.Random, so a seed gives the same examples.

This module refuses to touch what the plan means.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from deskhand_models import names
from deskhand_models.signs import Ref
from deskhand_models.slices import Group
from deskhand_models.training.templates import Slotted, Template

_OPENINGS = (
    "hi, ", "hello, ", "please ", "pls ", "can you ", "could you ", "hey ", "ok so ", "good morning. ",
    "I need you to ", "we need to ", "morning! ", "quick one: ", "sorry to bother, ", "so ", "right, ",
    "when you have a minute: ", "urgent: ", "FYI I'm in a meeting. ",
)  # fmt: skip
_CLOSINGS = (
    " please", " thanks", " thx", ", thank you", " asap", " for me", ". Thanks!", " - it's for the boss", " today",
    ", cheers", ". no rush", " pls", "!", " if you can",
)  # fmt: skip
_POLITE = re.compile(r"\b(please|pls|kindly|thanks|thank you|thx)\b[,.!]?\s*", re.IGNORECASE)

# Words that offices' systems use for the same thing; the first language of most of them is English.
_SAME = tuple(
    tuple(group.split())
    for group in (
        "amount total sum value amt betrag montant", "customer client account buyer kunde",
        "invoice bill inv rechnung facture", "status state stage sts", "email mail e_mail mailaddr email_address",
        "name title label descr", "quantity qty pieces units anzahl", "price rate cost unit_price",
        "supplier vendor creditor lieferant", "product article item sku", "employee staff worker colleague emp",
        "order purchase po bestellung", "date day dt on", "due deadline due_by faellig", "paid settled bezahlt",
        "created entered opened since", "number no nr num", "id key ref code", "department team unit dept",
        "phone tel mobile", "city town ort", "country land", "note remark comment memo", "start begin from_date",
        "end until to_date finish", "type kind category art", "balance open_amount saldo", "address street adr",
        "payment remittance zahlung", "contract agreement vertrag", "booking reservation",
        "member subscriber participant",
    )
)  # fmt: skip
_SYNONYMS = {word: [other for other in group if other != word] for group in _SAME for word in group}


@dataclass(frozen=True)
class Said:
    """A sentence with its slots, as it then reads."""

    text: str
    slots: dict[str, tuple[int, int]]


def number_text(chance: random.Random, old: str) -> str:
    """Another number of about the same size, in one of the ways people write numbers."""
    digits = re.sub(r"\D", "", old)
    size = max(1, min(6, len(digits) or 2))
    value = chance.randint(10 ** (size - 1), 10**size - 1)
    if chance.random() < 0.6 and value >= 20:
        value = max(1, round(value, 1 - size))
    forms = [str(value)]
    if value >= 1000:
        forms += [f"{value:,}", f"{value:,}".replace(",", "."), f"{value:,}".replace(",", " ")]
        if value % 1000 == 0:
            forms += [f"{value // 1000}k", f"{value // 1000} thousand", f"{value // 1000}K"]
    if chance.random() < 0.3:
        forms += [f"{value} euros", f"€{value}", f"{value} EUR", f"${value}", f"{value}.50"]
    return chance.choice(forms)


def percent_text(chance: random.Random) -> str:
    """A percentage."""
    value = chance.choice(["2", "3", "5", "7.5", "10", "12", "15", "20", "25", "1.5", "50", "8"])
    return value + chance.choice(["%", " %", " percent", " per cent"])


def days_text(chance: random.Random) -> str:
    """A length of time."""
    number = chance.choice([2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 20, 30, 45, 60, 90])
    word = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 10: "ten", 14: "fourteen", 30: "thirty"}.get(number)
    unit = chance.choice(["days", "days", "days", "weeks", "months"]) if number <= 12 else "days"
    return f"{word if word and chance.random() < 0.4 else number} {unit}"


_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905


def date_text(chance: random.Random) -> str:
    """A day."""
    day, month = chance.randint(1, 28), chance.choice(_MONTHS)
    number = _MONTHS.index(month) + 1
    return chance.choice([
        f"{day} {month}", f"{month} {day}", f"{day} {month} 2026", f"2026-{number:02}-{day:02}",
        f"{day:02}.{number:02}.2026", f"{day} {month[:3]}",
        "yesterday", "today", "tomorrow", "end of the month", "last Friday", "next Monday", "end of next month",
        "the 1st of " + month,
        f"{day}/{number}/2026", "last monday",
    ])  # fmt: skip


def period_text(chance: random.Random) -> str:
    """A span of days."""
    month = chance.choice(_MONTHS)
    return chance.choice([
        month, f"{month} 2025", f"{month} 2026", "last month", "this month", "next month", "last week", "this week",
        "next week", "this year",
        "last year", "2025", "Q1", "Q2 2025", "last quarter", "this quarter", "the last 30 days",
        "the past two weeks", "the next 14 days",
    ])  # fmt: skip


_MAKERS: Mapping[str, Callable[[random.Random, str], str]] = {
    "number": number_text,
    "percent": lambda chance, _: percent_text(chance),
    "days": lambda chance, _: days_text(chance),
    "date": lambda chance, _: date_text(chance),
    "period": lambda chance, _: period_text(chance),
}


class Augmenter:
    """Draws changed sentences and offices. texts: short texts that stand in slots, to be exchanged."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    def sentence(self, template: Template, chance: random.Random) -> Said:
        """The sentence with other values, other politeness, worse typing: each sometimes."""
        text, slots = template.text, dict(template.slots)
        parts = {sign.slot: sign.part for sign in template.signs if isinstance(sign, Slotted)}
        if chance.random() < 0.6:
            for slot, part in parts.items():
                if chance.random() < 0.6:
                    text, slots = self._exchanged(text, slots, slot, part, chance)
        if chance.random() < 0.25:
            text, slots = _typos(text, slots, chance)
        if chance.random() < 0.12:
            text, slots = _cut(text, slots, _POLITE)
        if chance.random() < 0.12:
            opening = chance.choice(_OPENINGS)
            rest = (
                text[0].lower() + text[1:] if not text[:2].isupper() and all(s[0] > 0 for s in slots.values()) else text
            )
            text = opening + rest
            slots = {name: (a + len(opening), b + len(opening)) for name, (a, b) in slots.items()}
        if chance.random() < 0.12:
            stripped = text.rstrip(".!? ")
            if all(b <= len(stripped) for _, b in slots.values()):
                text = stripped + chance.choice(_CLOSINGS)
        if chance.random() < 0.2:
            stripped = text.rstrip(".!?")
            if all(b <= len(stripped) for _, b in slots.values()):
                text = stripped
        if chance.random() < 0.15:
            text = text.lower()
        return Said(text, slots)

    def _exchanged(
        self, text: str, slots: dict[str, tuple[int, int]], slot: str, part: str, chance: random.Random
    ) -> tuple[str, dict[str, tuple[int, int]]]:
        start, end = slots[slot]
        old = text[start:end]
        maker = _MAKERS.get(part)
        if maker is not None:
            if part == "number" and re.fullmatch(r"\D*", old) and len(old) > 12:
                return text, slots
            new = maker(chance, old)
        elif part in ("first", "last") and self.texts and len(old.split()) <= 3 and "@" not in old and "." not in old:
            new = chance.choice(self.texts)
        else:
            return text, slots
        moved = len(new) - len(old)
        shifted = {n: (a + moved if a >= end else a, b + moved if b >= end else b) for n, (a, b) in slots.items()}
        shifted[slot] = (start, start + len(new))
        return text[:start] + new + text[end:], shifted

    # ------------------------------------------------------------ offices

    def groups(
        self, groups: Sequence[Group], used: set[Ref], others: Sequence[Group], chance: random.Random, most: int
    ) -> list[Group]:
        """The office's groups, fewer of what the plan doesn't use, some of other offices among them, in any order."""
        needed = {(ref.key[0], ref.key[1]) for ref in used if ref.kind in ("table", "column", "value")}
        kept: list[Group] = []
        spare: list[Group] = []
        for group in groups:
            mine = any((group.connection, name) in needed for name in (*group.tables, group.name))
            (kept if mine else spare).append(group)
        chance.shuffle(spare)
        share = chance.choice([0.1, 0.3, 0.5, 1.0])
        chosen = kept + spare[: round(len(spare) * share)]
        if others and chance.random() < 0.3:
            taken = {group.connection for group in groups}
            chosen += [g for g in chance.sample(list(others), min(3, len(others))) if g.connection not in taken]
        drop = chance.choice([0.0, 0.3, 0.5])
        chosen = [self._thinned(group, used, drop, chance) for group in chosen[: max(most, len(kept))]]
        chance.shuffle(chosen)
        return chosen

    @staticmethod
    def _thinned(group: Group, used: set[Ref], drop: float, chance: random.Random) -> Group:
        columns = []
        for column in group.columns:
            key = (group.connection, group.name, column.name)
            spare = Ref("column", key) not in used and not column.key and chance.random() < drop
            if spare and not any(ref.kind == "value" and ref.key[:3] == key for ref in used):
                continue
            values = tuple(v for v in column.values if Ref("value", (*key, v)) in used or chance.random() >= drop)
            columns.append(replace(column, values=values) if values != column.values else column)
        tables = group.tables
        if len(tables) > 3:
            tables = tuple(t for t in tables if Ref("table", (group.connection, t)) in used or chance.random() >= drop)
        return replace(group, columns=tuple(columns), tables=tables or group.tables[:1])

    @staticmethod
    def renamed(name: str, number: int) -> str:
        """The name said in other words: 0 as it is, 1 a synonym, 2 shortened, 3 both."""
        words = names.name_words(name).split()
        if number in (1, 3):
            words = [
                _SYNONYMS[w][(len(name) + number) % len(_SYNONYMS[w])].replace("_", " ") if w in _SYNONYMS else w
                for w in words
            ]
        if number in (2, 3):
            words = [_shortened(w) for w in words]
        return " ".join(words)


def _shortened(word: str) -> str:
    if len(word) <= 4:
        return word
    return word[0] + re.sub("[aeiouäöü]", "", word[1:])[:3] if len(word) % 2 else word[:4]


def _typos(
    text: str, slots: dict[str, tuple[int, int]], chance: random.Random
) -> tuple[str, dict[str, tuple[int, int]]]:
    """One or two slips of the fingers outside the slots."""
    for _ in range(chance.randint(1, 2)):
        free = [
            n for n in range(1, len(text) - 1)
            if text[n - 1 : n + 2].isalpha() and not any(a - 1 <= n <= b for a, b in slots.values())
        ]  # fmt: skip
        if not free:
            break
        at = chance.choice(free)
        kind = chance.randrange(3)
        if kind == 0:
            new, moved = text[:at] + text[at + 1] + text[at] + text[at + 2 :], 0
        elif kind == 1:
            new, moved = text[:at] + text[at + 1 :], -1
        else:
            new, moved = text[:at] + text[at] + text[at:], 1
        slots = {n: (a + moved if a > at else a, b + moved if b > at else b) for n, (a, b) in slots.items()}
        text = new
    return text, slots


def _cut(
    text: str, slots: dict[str, tuple[int, int]], pattern: re.Pattern[str]
) -> tuple[str, dict[str, tuple[int, int]]]:
    """Without what the pattern finds outside the slots."""
    for match in reversed(list(pattern.finditer(text))):
        start, end = match.span()
        if any(a < end and b > start for a, b in slots.values()) or end - start >= len(text) - 3:
            continue
        text = text[:start] + text[end:]
        moved = start - end
        slots = {n: (a + moved if a >= end else a, b + moved if b >= end else b) for n, (a, b) in slots.items()}
    return (text, slots) if text.strip() else (text + "?", slots)
