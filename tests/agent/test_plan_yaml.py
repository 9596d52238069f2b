"""Plans read from YAML and printed: round trips, and every fault with its line and mend."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from deskhand.errors import ProblemsError, RefusedError
from deskhand.plan import SQL_KEYWORDS, Act, Approve, Call, ForEach, Input, Plan, Query, Trigger, walk
from deskhand.plan_print import print_plan
from deskhand.plan_yaml import load, parse, read_plan
from hypothesis import given, settings
from hypothesis import strategies as st

words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda w: w.lower() not in SQL_KEYWORDS | {"rows", "row", "inputs", "today", "now", "loop", "done"}
)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
values = st.recursive(
    texts | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3),
    max_leaves=6,
)
keys = st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True).filter(
    lambda k: k not in ("connection", "rows", "per", "when", "unless", "on_error")
)
operations = st.from_regex(r"[a-z]{1,8}\.[a-z_]{1,12}", fullmatch=True)


def steps(ids: st.SearchStrategy[str | None]) -> st.SearchStrategy[object]:
    queries = st.builds(
        Query,
        id=ids,
        query=texts.filter(str.strip),
        expect=st.sampled_from(["one", "some", "none", None, 0, 7]),
    )
    acts = st.builds(
        Act,
        id=ids,
        operation=operations,
        connection=st.none() | words,
        rows=words,
        per=st.lists(texts.filter(bool), max_size=2).map(tuple),
        when=st.none() | texts.filter(bool),
        on_error=st.sampled_from(["skip", "stop"]),
        params=st.dictionaries(keys, values, max_size=4),
    )
    approvals = st.builds(
        Approve,
        id=ids,
        rows=st.none() | words,
        ask=texts,
        by=st.lists(texts.filter(bool)).map(tuple),
        two=st.booleans(),
    )
    calls = st.builds(Call, id=ids, process=words, rows=words, inputs=st.dictionaries(words, texts, max_size=2))
    return queries | acts | approvals | calls


none = st.none()
inputs = st.dictionaries(
    words,
    st.builds(
        Input,
        type=st.sampled_from(["text", "integer", "decimal", "date", "timestamp", "boolean"]),
        default=texts | st.booleans() | none,
        optional=st.booleans(),
        description=texts,
    ),
    max_size=2,
)
plans = st.builds(
    Plan,
    process=none | st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}", fullmatch=True),
    version=st.integers(1, 9),
    description=texts,
    phrases=st.lists(texts.filter(bool), max_size=2).map(tuple),
    inputs=inputs,
    triggers=st.lists(
        st.builds(Trigger, cron=st.just("0 7 * * mon-fri"), missed=st.sampled_from(["none", "all"])), max_size=2
    ).map(tuple),
    steps=st.lists(
        steps(none)
        | st.builds(
            ForEach, id=none, for_each=words, as_=words, steps=st.lists(steps(none), min_size=1, max_size=2).map(tuple)
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
)


@given(plans)
@settings(max_examples=60, deadline=None)
def test_a_printed_plan_reads_back_as_itself(plan: Plan) -> None:
    printed = print_plan(plan)
    parsed = parse(printed)
    assert parsed.problems == ()
    assert parsed.plan == plan
    assert print_plan(parsed.plan) == printed


def test_the_plan_of_the_design_reads() -> None:
    text = (Path(__file__).parent / "plans" / "overdue.yaml").read_text()
    parsed = parse(text, file="overdue.yaml")
    assert parsed.problems == ()
    assert parsed.plan is not None
    assert [item.path for item in walk(parsed.plan)] == ["overdue", "step2", "step3", "step4"]
    assert parsed.where(("steps", 1, "email.send", "to")).line == 18
    assert parse(print_plan(parsed.plan)).plan == parsed.plan


def test_numbers_and_dates_stay_texts() -> None:
    plan = parse("steps:\n  - a.b: {sheet: 2026, day: 2026-03-11, ref: 007, all: true, gone: ~}\n").plan
    assert plan is not None
    assert isinstance(plan.steps[0], Act)
    assert plan.steps[0].params == {
        "sheet": "2026",
        "day": "2026-03-11",
        "ref": "007",
        "all": True,
        "gone": None,
    }


def test_a_text_cut_at_a_hash_is_noted() -> None:
    parsed = parse("steps:\n  - email.send:\n      subject: Invoice #12\n      to: 'a@b.example' # fine\n")
    assert parsed.cut == {("steps", 0, "email.send", "subject"): "#12"}


FAULTS = [
    ("", "empty", 0, "needs `steps:`"),
    ("- a\n", "not-a-plan", 1, "steps:"),
    ("steps: []\n", "no-steps", 1, "steps:"),
    ("steps:\n\t- query: x\n", "yaml", 2, "spaces"),
    ("steps:\n  - email.send:\n      subject: Re: hello\n", "yaml", 3, "quotes"),
    ("steps:\n  - email.send:\n      to: {{ email }}\n", "template-unquoted", 3, "quotes"),
    ("steps:\n  - query: select 1\nstep: 2\n", "unknown-key", 3, "'steps'"),
    ("steps:\n  - querry: select 1\n", "not-a-step", 2, "'query'"),
    ("steps:\n  - query: select 1\n    email.send: {to: x}\n", "two-steps", 2, "step of its own"),
    ("steps:\n  - email.send: {to: x}\n    rows: y\n", "unknown-key", 3, "indented under"),
    ("steps:\n  - id: select\n    query: select 1\n", "value", 2, "Change `id`"),
    ("steps:\n  - id: a b\n    query: select 1\n", "value", 2, "Change `id`"),
    ("steps:\n  - {id: a, query: select 1}\n  - {id: A, query: select 1}\n", "duplicate-id", 3, "another id"),
    ("steps:\n  - query: select 1\n    expect: few\n", "value", 3, "'some'"),
    ("steps:\n  - email.send: {per: x, to: y}\n", "value", 2, ""),
    ("steps:\n  - email.send: {when: x, unless: y, to: y}\n", "value", 2, ""),
    ("steps:\n  - query: &a select 1\n", "anchor", 2, "Write the value out"),
    ("steps:\n  - query: !!python/name:os.system x\n", "tag", 2, "Remove the tag"),
    ("a: 1\na: 2\nsteps:\n  - query: select 1\n", "duplicate-key", 2, "Keep one"),
    ("steps:\n  - query: select 1\n---\nsteps: []\n", "yaml", 3, "one plan"),
    ("inputs: {n: {type: integr}}\nsteps:\n  - query: select 1\n", "value", 1, "integer"),
    ("triggers:\n  - cron: '0 7 * *'\nsteps:\n  - query: select 1\n", "value", 2, ""),
    ("triggers:\n  - missed: last\nsteps:\n  - query: select 1\n", "value", 2, ""),
    ("steps:\n  - for_each: a\n    steps: [{query: select 1}]\n", "missing", 2, "as: item"),
    ("steps:\n  - for_each: a\n    as: b\n", "no-steps", 2, "Add `steps:`"),
    ("steps:\n  - email.send: hello\n", "type", 2, "email.send:"),
    ("steps:\n  - query: [1]\n", "value", 2, "quotes"),
    ("steps:\n  - approve: {row: a}\n", "unknown-key", 2, "'rows'"),
    ("process: a b\nsteps:\n  - query: select 1\n", "value", 1, ""),
    ("steps:\n  - {a: *b}\n", "yaml", 2, ""),
    ("steps:\n  - {id: a, query: select b, c.d from x}\n", "cut-text", 2, "in quotes"),
    ("steps: \x07\n", "yaml", 0, "character"),
]


@pytest.mark.parametrize(("text", "code", "line", "mend"), FAULTS, ids=[f"{n}-{f[1]}" for n, f in enumerate(FAULTS)])
def test_every_fault_has_a_line_and_a_mend(text: str, code: str, line: int, mend: str) -> None:
    parsed = parse(text, file="plan.yaml")
    assert parsed.plan is None
    problem = next(p for p in parsed.problems if p.code == code)
    assert (problem.where.line or 0) == line
    assert mend in problem.mend
    assert problem.message


def test_all_problems_are_reported_at_once() -> None:
    text = dedent("""\
        proces: x
        inputs: {n: {type: nope}}
        steps:
          - qery: select 1
          - email.send: {per: a}
        """)
    assert [p.code for p in parse(text).problems] == ["unknown-key", "value", "not-a-step", "value"]


def test_files_that_are_no_plans(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="no file"):
        load(tmp_path / "none.yaml")
    with pytest.raises(RefusedError, match="folder"):
        load(tmp_path)
    (tmp_path / "latin.yaml").write_bytes("description: für\n".encode("cp1252"))
    with pytest.raises(RefusedError, match="UTF-8"):
        load(tmp_path / "latin.yaml")
    (tmp_path / "bad.yaml").write_text("steps: 3\n")
    with pytest.raises(ProblemsError, match=r"bad\.yaml"):
        read_plan(tmp_path / "bad.yaml")


def test_deep_nesting_and_length_are_refused() -> None:
    assert [p.code for p in parse("[" * 5000).problems] == ["yaml"]
    assert [p.code for p in parse("#" * 1_000_001).problems] == ["too-long"]
