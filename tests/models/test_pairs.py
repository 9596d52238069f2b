"""The corpus's reader: what a file says, and the line of everything that can't be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from deskhand.errors import Problem
from deskhand_models.corpus.pairs import Block, read_blocks

FILE = """\
office: small
writer: w

## found by number
s1: select id, "Paid in" from db.t where id > $1
email.send to=a@b.example,me list=s1 subject="Hello, you"
w1> everything above {1: 2k } please
w2> above {1:7}

ask: which
w1> do the thing
"""


def read(tmp_path: Path, text: str) -> tuple[list[Block], list[Problem]]:
    file = tmp_path / "small.txt"
    file.write_text(text, encoding="utf-8")
    return read_blocks(file)


def test_what_a_file_says(tmp_path: Path) -> None:
    blocks, problems = read(tmp_path, FILE)
    assert problems == []
    first, second = blocks
    assert (first.office, first.writer, first.file, first.line) == ("small", "w", "small.txt", 5)
    query, act = first.steps
    assert (query.name, query.sql) == ("s1", 'select id, "Paid in" from db.t where id > $1')
    assert act.operation == "email.send"
    assert act.parameters == {"to": ("a@b.example", "me"), "list": ("s1",), "subject": ("Hello, you",)}
    one, other = first.sentences
    assert (one.voice, one.line) == ("w1", 7)
    start, end = one.slots["1"]
    assert one.text[start:end] == "2k"
    assert "{" not in one.text
    assert other.text == "above 7"
    (turned,) = second.steps
    assert (turned.turned, turned.kind) == ("ask", "which")


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("{1: 2k }", "{1: }", "slot {1: } is empty", 7),
        ("above {1:7}", "above {1:7} or {1:8}", "stands twice", 8),
        ("{1:7}", "{1:7", "a brace that marks no slot", 8),
        ("{1:7}", "{x:7}", "a brace that marks no slot", 8),
        ("w1> do the thing", "w1>   ", "sentence is empty", 11),
        ("email.send to", "mail.send to", "neither a query, an act nor a sentence", 6),
        ('subject="Hello, you"', "Hello", "'Hello' is no parameter", 6),
        ("ask: which\n", "ask: which\n\n", "has no sentence", 10),
        ("s1: select id", "s1: pick id", "neither a query", 5),
        ("office: small", "office: big", "begins with `office: NAME`", 1),
    ],
)  # fmt: skip
def test_what_cant_be_read_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str, line: int) -> None:
    assert FILE.count(old) == 1
    _, problems = read(tmp_path, FILE.replace(old, new))
    found = {(problem.where.line, problem.message) for problem in problems if problem.where is not None}
    assert any(at == line and said in message for at, message in found), found


def test_a_sentence_without_a_plan(tmp_path: Path) -> None:
    _, problems = read(tmp_path, "office: small\n\nw1> alone\n")
    assert [(p.message, p.where.line) for p in problems if p.where] == [("this sentence has no plan", 3)]


def test_the_others_go_on(tmp_path: Path) -> None:
    blocks, problems = read(tmp_path, FILE.replace("above {1:7}", "above {1:7"))
    assert len(problems) == 1
    assert [len(block.sentences) for block in blocks] == [1, 1]
