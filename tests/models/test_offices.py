"""The offices of the corpus: every file reads, no two are alike, and what is wrong in one is told with its line."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from deskhand.errors import DataError
from deskhand_models.corpus.office import Office, offices, read_office

OFFICES = list(offices())

SMALL = """\
name = "small"
trade = "t"
about = "a"
languages = ["en"]
people = ["A B <a@b.example>: boss"]
jobs = ["works"]
[connections]
db = "database"
mail = "email"
[[tables]]
name = "db.t"
about = "things"
key = ["id"]
columns = '''
id      integer = 1 | 2
"Paid in" decimal(2) null = 1.50
other   integer -> db.t.id
'''
"""


@pytest.mark.parametrize("office", OFFICES, ids=lambda office: office.name)
def test_an_office_is_whole(office: Office) -> None:
    own = [one for one in office.tables if one.table.name not in ("inbox", "sent", "all", "attachments")]
    assert len(own) >= 4, "an office has at least four tables of its own"
    assert len(office.people) >= 2
    assert len(office.jobs) >= 4
    assert len(set(office.tools.values())) >= 2
    assert all(one.about for one in own), "every table says what it is about"
    sampled = [column for one in own for column in one.table.columns if column.samples]
    assert len(sampled) >= 8, "sample values are what makes names mean something"


def test_no_two_offices_are_alike() -> None:
    names = {
        o.name: {f"{t.table.name}.{c.name}".casefold() for t in o.tables if t.table.writable for c in t.table.columns}
        for o in OFFICES
    }
    for one, other in combinations(names, 2):
        shared = len(names[one] & names[other]) / min(len(names[one]), len(names[other]))
        assert shared < 0.3, f"{one} and {other} share {shared:.0%} of their columns"


def test_no_table_name_is_everywhere() -> None:
    counts = Counter(t.table.name.casefold() for o in OFFICES for t in o.tables if t.table.writable)
    often = {name: count for name, count in counts.items() if count > max(3, len(OFFICES) // 6)}
    assert not often


def test_what_an_office_says(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text(SMALL)
    office = read_office(file)
    table = office.table("DB", "T")
    assert table is not None
    assert [(c.name, c.type, c.nullable, c.samples) for c in table.columns] == [
        ("id", "BIGINT", False, ("1", "2")),
        ("Paid in", "DECIMAL(18,2)", True, ("1.50",)),
        ("other", "BIGINT", False, ()),
    ]
    assert office.table_names("mail") == ["inbox", "sent", "all", "attachments"]
    assert office.table("db", "nope") is None


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ('name = "small"', 'name = "big"', "isn't the file's", 1),
        ('trade = "t"', 'trades = "t"', "no 'trades'", 2),
        ('"database"', '"databse"', "'databse'", 8),
        ("= 1 | 2", "= 1 | x", "'x' is no integer", 15),
        ("= 1.50", "= 1.505", "no decimal", 16),
        ("-> db.t.id", "-> db.t.no", "isn't here", 17),
        ("integer -> ", "int -> ", "is no column", 17),
        ('key = ["id"]', 'key = ["nr"]', "no column 'nr'", 11),
        ('"db.t"', '"bd.t"', "no table of a connection", 11),
        ("<a@b.example>", "a@b.example", "is no person", 5),
        ("[connections]", "[connections", "isn't TOML", None),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str, line: int | None) -> None:
    file = tmp_path / "small.toml"
    file.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(DataError, match=said) as raised:
        read_office(file)
    assert raised.value.where is not None
    assert raised.value.where.file == "small.toml"
    assert raised.value.where.line == line
