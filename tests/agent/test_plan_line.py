"""Plans in their line form: every plan reads back as itself, and every fault has its line, column and mend."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from deskhand.errors import ProblemsError
from deskhand.plan import SQL_KEYWORDS, Act, Approve, Call, ForEach, Input, Plan, Query, Trigger
from deskhand.plan_line import parse_line, print_line, quote
from deskhand.plan_line_read import read_text
from deskhand.plan_yaml import read_plan
from hypothesis import example, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
WRITTEN = sorted([*(HERE / "plans" / "valid").glob("*.yaml"), *(HERE.parents[1] / "processes").glob("*.yaml")])

words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
ids = st.none() | words.filter(
    lambda w: w.lower() not in SQL_KEYWORDS | {"rows", "row", "inputs", "today", "now", "loop", "done"}
)
# everything that Python calls a text: halves of pairs, controls, quotes, what looks like the form itself
texts = st.text(max_size=30) | st.sampled_from(
    [
        "select 1\n", " select 1", "select", "with x as (select 1) select * from x ", "(select 1)", "expect=one: x",
        "select expect=one: x", "overdue: select 1", "true", "null", "a.b", "{{ email }}", "a=b", "\\", "\\n", '"', "'",
        "\ud83d\ude00", "\u2028", "\xa0", "select \xa0", "[a]", "{a: b}", "# x", "email.send rows=x", "process x",
        "select '\\d' \\", "query \"x\"",
    ]
)  # fmt: skip
values = st.recursive(
    texts | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
conditions = st.sampled_from(["when", "unless"]).flatmap(lambda name: st.fixed_dictionaries({}, optional={name: texts}))
errors = st.sampled_from(["skip", "stop"])
queries = st.builds(
    Query, id=ids, query=texts.filter(str.strip), expect=st.sampled_from(["one", "some", "none", None, 0, 7])
)
operations = st.from_regex(r"[a-z]{1,8}\.[a-z_]{1,12}", fullmatch=True) | texts
acts = conditions.flatmap(
    lambda given: st.builds(
        Act,
        id=ids,
        operation=operations,
        connection=st.none() | texts,
        rows=texts,
        per=st.lists(texts, max_size=2).map(tuple),
        on_error=errors,
        params=st.dictionaries(words | texts | st.sampled_from(["rows", "when", "per", "id"]), values, max_size=4),
        **{name: st.just(text) for name, text in given.items()},
    )
)
approvals = st.builds(
    Approve, id=ids, rows=st.none() | texts, ask=texts, by=st.lists(texts, max_size=2).map(tuple), two=st.booleans()
)
calls = conditions.flatmap(
    lambda given: st.builds(
        Call,
        id=ids,
        process=texts | words,
        rows=st.none() | texts,
        inputs=st.dictionaries(words | texts | st.just("rows"), values, max_size=3),
        on_error=errors,
        **{name: st.just(text) for name, text in given.items()},
    )
)
single = queries | acts | approvals | calls
steps = st.recursive(
    single,
    lambda inner: st.builds(
        ForEach,
        id=ids,
        for_each=texts | words,
        as_=ids.filter(bool),
        steps=st.lists(inner, min_size=1, max_size=3).map(tuple),
    ),
    max_leaves=5,
)
triggers = st.fixed_dictionaries(
    {"missed": st.sampled_from(["none", "last", "all"]), "overlap": st.sampled_from(["skip", "queue"])},
    optional={"jitter": texts, "start": texts, "shift": st.just("skip")},
).flatmap(
    lambda given: st.sampled_from([{"cron": "0 7 * * mon-fri"}, {"every": "5m"}, {"at": "2026-03-01 07:00"}]).map(
        lambda kind: Trigger(**given, **kind)  # type: ignore[arg-type]
    )
)
plans = st.builds(
    Plan,
    process=st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,10}", fullmatch=True),
    version=st.integers(-9, 9),
    description=texts,
    phrases=st.lists(texts, max_size=2).map(tuple),
    inputs=st.dictionaries(
        words,
        st.builds(
            Input,
            type=st.sampled_from(["text", "integer", "decimal", "date", "timestamp", "boolean"]),
            default=texts | st.booleans() | st.none(),
            optional=st.booleans(),
            description=texts,
        ),
        max_size=2,
    ),
    triggers=st.lists(triggers, max_size=2).map(tuple),
    steps=st.lists(steps, min_size=1, max_size=4).map(tuple),
)


@given(plans)
@example(Plan(steps=(Query(query="select expect=one: x"),)))
@example(
    Plan(
        steps=tuple(Query(id=word, query="select 1", expect="one") for word in ("process", "input", "phrase", "query"))
    )
)
@example(
    Plan(steps=tuple(Act(id=word, operation="a.b") for word in ("process", "approve", "call", "for_each", "expect")))
)
@example(Plan(steps=(Query(id="select_", query="select a\n  from b\n"), Query(query="with a as (select 1) select 1"))))
@settings(max_examples=150, deadline=None)
def test_a_printed_plan_reads_back_as_itself(plan: Plan) -> None:
    printed = print_line(plan)
    assert parse_line(printed) == plan
    assert print_line(parse_line(printed)) == printed
    assert len(printed.splitlines()) == printed.count("\n"), "one line a step, whatever the texts hold"


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_every_plan_that_was_written_as_yaml_reads_back(file: Path) -> None:
    plan = read_plan(file)
    assert parse_line(print_line(plan)) == plan


def test_the_form_is_what_it_says() -> None:
    plan = Plan(
        process="chase",
        version=2,
        inputs={"grace": Input(type="integer", default="0", description="days")},
        triggers=(Trigger(cron="0 7 * * mon-fri", missed="none"),),
        steps=(
            Query(id="overdue", expect="some", query="select number, email\nfrom ledger.invoices where a = 'x'"),
            Query(query="values (1)"),
            Act(
                id="mails",
                operation="email.send",
                rows="overdue",
                per=("email",),
                params={
                    "to": "{{ email }}",
                    "subject": 'An "open" one',
                    "attach": [{"table": "rows", "name": "a.xlsx"}],
                },
            ),
            Approve(rows="overdue", ask="Send?", by=("controller",)),
            Call(process="onboard-one", rows="hires", inputs={"name": "{{ name }}", "rows": "x"}),
            ForEach(for_each="mails.done", as_="one", steps=(Act(operation="email.delete", rows="one"),)),
        ),
    )
    assert print_line(plan) == dedent(
        r"""
        process chase
        version 2
        input grace integer default="0" description=days
        trigger cron="0 7 * * mon-fri" missed=none
        overdue expect=some: select number, email\nfrom ledger.invoices where a = 'x'
        query "values (1)"
        mails: email.send rows=overdue per=email to="{{ email }}" subject="An \"open\" one" attach=[{table: rows, name: a.xlsx}]
        approve rows=overdue ask="Send?" by=controller
        call onboard-one rows=hires name="{{ name }}" "rows"=x
        for_each mails.done as one
          email.delete rows=one
        """
    ).lstrip("\n")


def test_what_a_model_may_write_otherwise() -> None:
    plan = parse_line(
        dedent(
            """
            found: select 1 as n, '\\\\d' as p\r
            email.send  to='a@b.example'   subject="A \\ud83d\\ude00"  body=Hello attach=[report.xlsx, "b c.xlsx"]

            for_each found as one:
                email.send to=a@b.example sheet=2026
                for_each "one" as two
                  approve
                approve two=true
            approve
            """
        )
    )
    loop = ForEach(for_each="one", as_="two", steps=(Approve(),))
    sent = Act(operation="email.send", params={"to": "a@b.example", "sheet": "2026"})
    assert plan.steps == (
        Query(id="found", query="select 1 as n, '\\d' as p"),
        Act(
            operation="email.send",
            params={
                "to": "a@b.example", "subject": "A \U0001f600", "body": "Hello", "attach": ["report.xlsx", "b c.xlsx"]
            },
        ),
        ForEach(for_each="found", as_="one", steps=(sent, loop, Approve(two=True))),
        Approve(),
    )  # fmt: skip


FAULTS: list[tuple[str, str, int, int, str]] = [
    ("", "no-steps", 1, 1, "select"),
    ("process x\n", "no-steps", 1, 1, "select"),
    ("x" * 1_000_001, "too-long", 1, 1, "1,000,000"),
    ("select 1\nemial\n", "not-a-step", 2, 1, "email.send"),
    ("slect 1", "not-a-step", 1, 1, "'select'"),
    ("a: insert into x values (1)", "not-a-step", 1, 4, "A step is a select"),
    ('email.send to="a', "unfinished", 1, 15, "Close it"),
    ("email.send to={{ email }}", "template-unquoted", 1, 15, 'to="{{ email }}"'),
    ("email.send to=", "missing", 1, 15, "quotes"),
    ('email.send to="a" to="b"', "duplicate-key", 1, 19, "Keep one"),
    ("email.send rows=a rows=b", "duplicate-key", 1, 19, "Keep one"),
    ("email.send subject=Your order", "not-a-pair", 1, 25, "in quotes"),
    ('email.send to="a"b', "rest", 1, 18, "quotes"),
    (r'email.send to="a\q"', "escape", 1, 17, "backslash"),
    (r'email.send to="\Uffffffff"', "escape", 1, 16, "backslash"),
    (r"select '\d'", "escape", 1, 9, "backslash"),
    ("email.send attach=[a", "unfinished", 1, 21, "commas"),
    ("email.send attach={a}", "mapping", 1, 20, "table: overdue"),
    ("email.send attach={a: 1, a: 2}", "duplicate-key", 1, 26, "Keep one"),
    ("email.send attach=" + "[" * 60, "nested", 1, 70, "50"),
    ("email.send when=a unless=b", "value", 1, 1, "Change"),
    ("email.send per=a", "value", 1, 1, "Change"),
    ("email.send rows=[a]", "value", 1, 12, "quotes"),
    ("email.send rows=a on_error=ignore", "value", 1, 19, "'skip' or 'stop'"),
    ("table: select 1", "value", 1, 1, "Change `id`"),
    ("a expect=many: select 1", "expect", 1, 10, "one, some, none"),
    ("a expect=one: approve", "expect", 1, 15, "expect=some: select"),
    ("approve row=a", "unknown-key", 1, 9, "'rows'"),
    ("approve two=maybe", "value", 1, 9, "Change `two`"),
    ("call", "call", 1, 5, "onboard-one"),
    ("call rows=hires", "call", 1, 6, "onboard-one"),
    ("for_each hires", "for-each", 1, 10, "as hire"),
    ("for_each hires as hire", "no-steps", 1, 1, "two spaces"),
    ("for_each hires as rows\n  approve", "value", 1, 19, "Change `as`"),
    ("for_each hires as a\napprove", "no-steps", 1, 1, "two spaces"),
    ("  approve", "indent", 1, 3, "for_each"),
    ("approve\n  approve", "indent", 2, 3, "for_each"),
    ("for_each a as b\n    approve\n  approve", "indent", 3, 3, "for_each"),
    ("for_each a as b\n\tapprove", "tab", 2, 1, "spaces"),
    ("approve\nprocess x", "head", 2, 1, "first"),
    ("process a b\napprove", "rest", 1, 11, "quotes"),
    ("process a\nprocess b\napprove", "duplicate-key", 2, 9, "Keep one"),
    ('\nprocess "a b"\napprove', "value", 2, 1, "process"),
    ("version x\napprove", "type", 1, 9, "version 2"),
    ("input\napprove", "not-a-step", 1, 1, "A step"),
    ("input 7\napprove", "input", 1, 7, "input month date"),
    ("input a number2\napprove", "value", 1, 7, "'text'"),
    ("input a\ninput a\napprove", "duplicate-input", 2, 7, "Rename"),
    ("input a text defualt=1\napprove", "unknown-key", 1, 14, "'default'"),
    ("trigger every=1h cron=x\napprove", "value", 1, 9, "Change"),
    ('query "select 1', "unfinished", 1, 7, "Close it"),
    ('query "  "', "value", 1, 1, "query"),
    ("\n".join("  " * n + "for_each a as b" for n in range(60)), "nested", 51, 101, "50"),
]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "mend"), FAULTS, ids=[f"{n}-{f[1]}" for n, f in enumerate(FAULTS)]
)
def test_every_fault_has_its_place_and_its_mend(text: str, code: str, line: int, column: int, mend: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        parse_line(text, file="plan.txt")
    first = caught.value.problems[0]
    assert (first.code, first.where.line, first.where.column) == (code, line, column)
    assert first.where.file == "plan.txt"
    assert mend in first.mend
    assert first.message


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(ProblemsError) as caught:
        parse_line("slect 1\napprove\nfor_each x\n  approve\n  emial\ncall\n")
    assert [(p.where.line, p.path) for p in caught.value.problems] == [
        (1, ("steps", 0)),
        (3, ("steps", 2)),
        (5, ("steps", 2, "steps", 1)),
        (6, ("steps", 3)),
    ]


@given(st.text(max_size=60) | st.lists(st.sampled_from(print_line(Plan(steps=(
    Query(id="a", query="select '1'"), Act(operation="b.c", params={"x": ["{{ y }}", {"z": "\\"}]}),
    ForEach(for_each="a", as_="d", steps=(Approve(ask="e f"),)),
)))), max_size=80).map("".join))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_rubbish_is_a_problem_and_never_anything_else(text: str) -> None:
    try:
        plan = parse_line(text)
    except ProblemsError as error:
        assert error.problems
        assert all(p.message and p.where.line and p.where.column for p in error.problems)
    else:
        assert parse_line(print_line(plan)) == plan


@given(texts)
@settings(deadline=None)
def test_a_quoted_text_reads_back(text: str) -> None:
    assert read_text(quote(text)) == text


@pytest.mark.parametrize("written", ['"a', '"a" b', "", "{{ x }}"])
def test_a_broken_text_is_a_problem(written: str) -> None:
    with pytest.raises(ProblemsError):
        read_text(written)


def test_a_number_is_the_text_that_it_is_in_a_plan() -> None:
    given: dict[str, Any] = {"sheet": 2026}
    printed = print_line(Plan(steps=(Act(operation="spreadsheet.write", params=given),)))
    assert parse_line(printed).steps[0] == Act(operation="spreadsheet.write", params={"sheet": "2026"})
