"""Names of tables, columns and people as words, for the encoder and for matching with a request.

`inv_dueDate` says "inv due date", `files/Plan 2026.xlsx/Umsatz` says "plan 2026 umsatz". This module refuses to
translate and to know any particular office.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from deskhand_models.slices import MAIL, Group, SliceColumn, SlicePerson

_HUMP = re.compile(r"(?<=[a-z0-9ß-ÿ])(?=[A-ZÄÖÜÉ])|(?<=[A-ZÄÖÜ])(?=[A-ZÄÖÜ][a-zäöüß])")
_PREFIXES = frozenset("tbl t tab dbo vw fld col txt".split())  # noqa: SIM905


@lru_cache(maxsize=65536)
def name_words(name: str) -> str:
    """The words of a name, lower case."""
    text = _HUMP.sub(" ", unicodedata.normalize("NFKC", name))
    words = re.sub(r"[\W_]+", " ", text).casefold().split()
    if len(words) > 1 and words[0] in _PREFIXES:
        words = words[1:]
    return " ".join(words) or name.casefold()


@lru_cache(maxsize=16384)
def table_words(name: str) -> str:
    """The words of a table's name; a file's ending and folders' slashes are none."""
    if name == MAIL:
        return "mail messages"
    bare = re.sub(r"\.(xlsx|csv|xls)\b", " ", name, flags=re.IGNORECASE)
    bare = re.sub(r"^attachments/", "attached ", bare)
    return name_words(bare)


def table_text(group: Group, table: str) -> str:
    """What is encoded of a table."""
    if group.name == MAIL:
        return f"mail folder {name_words(table)}"
    return f"table {table_words(table)}"


def column_text(group: Group, column: SliceColumn) -> str:
    """What is encoded of a column."""
    return f"{name_words(column.name)} of {table_words(group.name)}"


def value_text(column: SliceColumn, value: str) -> str:
    """What is encoded of a sample value."""
    return f"{value} ({name_words(column.name)})"


def person_text(person: SlicePerson) -> str:
    """What is encoded of a person."""
    return (
        f"{person.name}, {person.role}"
        if person.role
        else f"{person.name} {name_words(person.address.partition('@')[0])}"
    )


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word without the endings that English takes on; a rough stem, for matching only."""
    folded = word.casefold()
    for ending in (
        "ations",
        "ation",
        "ments",
        "ment",
        "ings",
        "ing",
        "ies",
        "ied",
        "ers",
        "er",
        "es",
        "ed",
        "s",
        "y",
        "e",
    ):
        if folded.endswith(ending) and len(folded) - len(ending) >= 3:
            return folded[: -len(ending)]
    return folded


@lru_cache(maxsize=65536)
def stems(text: str) -> frozenset[str]:
    """The stems of a text's words."""
    return frozenset(stem(word) for word in re.findall(r"[^\W_]+", text))
