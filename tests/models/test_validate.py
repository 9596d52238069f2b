"""The corpus: every fault has its line, and what is there is pairs of many people and offices."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from deskhand_models.corpus.encode import Encoder
from deskhand_models.corpus.pairs import Block, Sentence, read_blocks, sentence_files
from deskhand_models.corpus.validate import _check, by_name, encode, validate
from deskhand_models.from_sql import Unsayable
from deskhand_models.grammar import parse

SAMPLE = 300

GOOD = """\
office: gavel-and-oak
writer: e

s1: select LotNo, Hammer from saleroom.Lots where SaleNo = $1 and Hammer > $2
email.send to=accounts@gaveloak.example list=s1
e1> send accounts the lots of {1:26-11} that hammered above {2:1,200}

s1: select SaleNo, LotNo, current_date as CollectedOn from saleroom.Lots where LotNo = $1
database.update rows=s1 table=saleroom.Lots
e2> lot {1:114} was collected today
"""


@cache
def blocks() -> tuple[Block, ...]:
    found: list[Block] = []
    for file in sentence_files():
        read, problems = read_blocks(file)
        assert problems == [], file.name
        found += read
    return tuple(found)


def sentences() -> list[tuple[Block, Sentence]]:
    return [(block, sentence) for block in blocks() for sentence in block.sentences]


# ------------------------------------------------------------ what is there


def test_how_much_there_is() -> None:
    assert len(sentences()) >= 15_000
    assert len({sentence.voice for _, sentence in sentences()}) >= 40
    assert len({block.office for block in blocks()}) >= 120


def test_every_block_is_of_an_office() -> None:
    assert {block.office for block in blocks()} <= set(by_name())


def test_no_sentence_stands_twice() -> None:
    said = Counter((block.office, " ".join(one.text.casefold().split())) for block, one in sentences())
    assert [key for key, count in said.items() if count > 1] == []


@pytest.mark.slow
def test_a_sample_of_pairs() -> None:
    """Drawn by hash, so always the same while the sentences are: written as signs, read back, and checked."""
    drawn = sorted(sentences(), key=lambda one: hashlib.sha256(one[1].text.encode()).digest())[:SAMPLE]
    assert len(drawn) == SAMPLE
    wrong = []
    for block, sentence in drawn:
        try:
            pair = encode(block, sentence)
            fault = "" if pair.signs[0] in ("ask", "cannot") else _check(pair)
        except Unsayable as error:
            fault = str(error)
        if fault:
            wrong.append(f"{block.file}:{sentence.line}: {fault}")
    assert wrong == []


# ------------------------------------------------------------ what is wrong


def test_pairs_that_are_ones(tmp_path: Path) -> None:
    file = tmp_path / "gavel-and-oak.txt"
    file.write_text(GOOD, encoding="utf-8")
    problems, counts = validate([file])
    assert problems == []
    assert counts == Counter(sentences=2, refusals=0)


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("{2:1,200}", "1,200", "don't have the same slots: 2", 6),
        ("{2:1,200}", "{2:a lot}", "'a lot' isn't read as a number", 6),
        ("{1:26-11}", "{1:26-1}1", "whole words", 6),
        ("select LotNo, Hammer", "select LotNo, Hamer", "no table here has the column Hamer", 6),
        ("saleroom.Lots where SaleNo", "saleroom.Plots where SaleNo", "no table saleroom.Plots", 6),
        ("email.send to", "email.sned to", "no operation email.sned", 6),
        ("list=s1", "list=s2", "no step 's2'", 6),
        ("list=s1", "lists=s1", "takes no lists", 6),
        ("accounts@gaveloak.example", "nobody@gaveloak.example", "is nobody of this office", 6),
        ("Hammer > $2", "Hammer > $2 and Dept = 'ZZZ'", "'ZZZ' is no sample value", 6),
        ("rows=s1 table=saleroom.Lots", "rows=s1 table=saleroom.Lost", "no table saleroom.Lost", 10),
        ("select SaleNo, LotNo, current_date", "select current_date", "the plan fails its check", 8),
        ("office: gavel-and-oak", "office: nowhere", "no office 'nowhere'", 1),
        ("e2> lot {1:114} was collected today", "e2> lot {1:114} was collected\ne3> Lot  {1:114} was collected", "stands in", 11),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str, line: int) -> None:
    assert GOOD.count(old) == 1
    file = tmp_path / "gavel-and-oak.txt"
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    problems, _ = validate([file])
    found = {(problem.where.line, problem.message) for problem in problems if problem.where is not None}
    assert any(at == line and said in message for at, message in found), found


def test_signs_are_read_back_as_the_same_plan() -> None:
    """A pair's signs are those that its own grammar takes, to the last."""
    for block, sentence in sentences()[:40]:
        pair = encode(block, sentence)
        assert Encoder(pair.cut, sentence).signs(block.steps) == list(pair.signs)
        draft = parse(pair.cut, list(pair.signs))
        assert draft.steps or draft.ask or draft.cannot
