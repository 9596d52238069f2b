"""A person's YAML rewritten: it means the new plan, and what didn't change stands as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deskhand.plan import Act, Input, Plan, Query
from deskhand.plan_print import print_plan
from deskhand.plan_yaml import parse
from deskhand.rewrite import rewrite
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = """\
# Reminders, since 2019.
process:   overdue-reminders   # the name

inputs:
  grace: {type: integer, default: 0}   # days
steps:
  # who owes us
  - id: overdue
    query: |
      select i.number, v.email   -- both
      from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id

  # and now tell them
  - email.send:
      rows:   overdue
      to: '{{ email }}'     # the vendor
      subject: "Invoice {{ number }}"
      body: |
        Dear vendor,

        please pay.
      cc: [ "a@b.example" ]
  - query: select 1 as one # the answer
"""


def plan() -> Plan:
    found = parse(TEXT).plan
    assert found is not None
    return found


def changed(**changes: Any) -> Plan:
    return plan().model_copy(update=changes)


def act(**changes: Any) -> Plan:
    steps = list(plan().steps)
    before = steps[1]
    assert isinstance(before, Act)
    steps[1] = before.model_copy(update=changes)
    return changed(steps=tuple(steps))


def params(**changes: Any) -> Plan:
    before = plan().steps[1]
    assert isinstance(before, Act)
    kept = {k: v for k, v in (before.params | changes).items() if v is not None}
    return act(params=kept)


def test_the_same_plan_keeps_every_byte() -> None:
    assert rewrite(TEXT, plan()) == TEXT


@pytest.mark.parametrize(
    ("wanted", "old", "new"),
    [
        (params(subject="Pay {{ number }}"), 'subject: "Invoice {{ number }}"', 'subject: "Pay {{ number }}"'),
        (params(to="x@y.example"), "to: '{{ email }}'     # the vendor", 'to: "x@y.example"     # the vendor'),
        (params(body="Short."), "body: |\n        Dear vendor,\n\n        please pay.\n", 'body: "Short."\n'),
        (params(cc=["c@d.example"]), '[ "a@b.example" ]', '["c@d.example"]'),
        (params(cc=None), '      cc: [ "a@b.example" ]\n', ""),
        (act(when="overdue"), '      cc: [ "a@b.example" ]\n', '      cc: [ "a@b.example" ]\n      when: "overdue"\n'),
        (changed(process="other"), "process:   overdue-reminders   # the name", 'process: "other"   # the name'),
        (
            changed(inputs={"grace": Input(type="integer", default="7")}),
            "{type: integer, default: 0}   # days",
            '{type: "integer", default: "7"}   # days',
        ),
        (changed(version=2), "steps:\n  # who", 'version: "2"\nsteps:\n  # who'),
        (changed(steps=plan().steps[:2]), "  - query: select 1 as one # the answer\n", ""),
        (
            changed(steps=(*plan().steps, Query(query="select 2 as two"))),
            "# the answer\n",
            '# the answer\n  - query: "select 2 as two"\n',
        ),
        (
            changed(steps=(plan().steps[0], Query(id="more", query="select 2 as two"), *plan().steps[1:])),
            "  - email.send:\n",
            '  - id: "more"\n    query: "select 2 as two"\n  - email.send:\n',
        ),
    ],
)
def test_only_what_changed_is_written_anew(wanted: Plan, old: str, new: str) -> None:
    made = rewrite(TEXT, wanted)
    assert parse(made).plan == wanted
    assert TEXT.count(old) == 1
    assert made == TEXT.replace(old, new)


def test_a_longer_query_stays_a_block_and_the_comments_around_it_stay() -> None:
    steps = (Query(id="overdue", query="select 1 as number,\n  'x' as email\n"), *plan().steps[1:])
    made = rewrite(TEXT, changed(steps=steps))
    assert parse(made).plan == changed(steps=steps)
    assert "    query: |\n      select 1 as number,\n        'x' as email\n\n  # and now tell them\n" in made
    assert "# who owes us" in made


def test_an_act_that_becomes_a_query_is_replaced_alone() -> None:
    steps = (plan().steps[0], Query(query="select 3 as three"), plan().steps[2])
    made = rewrite(TEXT, changed(steps=steps))
    assert parse(made).plan == changed(steps=steps)
    assert '  # and now tell them\n  - query: "select 3 as three"\n  - query: select 1 as one # the answer\n' in made


def test_a_text_that_is_no_plan_is_replaced_under_its_comment() -> None:
    assert rewrite("# mine\nsteps: [\n", plan()) == "# mine\n" + print_plan(plan())


def test_windows_line_ends_are_read() -> None:
    wanted = params(subject="Pay")
    assert parse(rewrite(TEXT.replace("\n", "\r\n"), wanted)).plan == wanted


FILES = sorted((Path(__file__).parent / "plans" / "valid").glob("*.yaml"))
TEXTS = [file.read_text(encoding="utf-8") for file in FILES]
PLANS = [found for text in TEXTS if (found := parse(text).plan) is not None]
letters = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, Plan]:
    """A text of the corpus, and its plan after a few changes."""
    text = draw(st.sampled_from(TEXTS))
    plan = parse(text).plan
    assert plan is not None
    for _ in range(draw(st.integers(1, 3))):
        steps = list(plan.steps)
        at = draw(st.integers(0, len(steps) - 1))
        what = draw(st.sampled_from(["drop", "insert", "move", "query", "param", "head"]))
        if what == "drop" and len(steps) > 1:
            del steps[at]
        elif what == "insert":
            steps.insert(at, draw(st.sampled_from(PLANS)).steps[0].model_copy(update={"id": None}))
        elif what == "move":
            steps.insert(draw(st.integers(0, len(steps) - 1)), steps.pop(at))
        elif what == "query":
            steps[at] = Query(query=draw(letters.filter(lambda t: bool(t.strip()))))
        elif what == "param" and isinstance(step := steps[at], Act):
            steps[at] = step.model_copy(update={"params": {**step.params, draw(st.sampled_from("abc")): draw(letters)}})
        else:
            plan = plan.model_copy(update={"description": draw(letters), "phrases": (draw(letters),)})
        plan = plan.model_copy(update={"steps": tuple(steps)})
    ids = [s.id for s in plan.steps if s.id]
    if len(set(ids)) != len(ids):  # a moved or repeated id is no plan
        plan = plan.model_copy(update={"steps": tuple(s.model_copy(update={"id": None}) for s in plan.steps)})
    return text, plan


@settings(max_examples=60, deadline=None)
@given(edits())
def test_a_rewritten_text_means_the_plan(edit: tuple[str, Plan]) -> None:
    text, wanted = edit
    made = rewrite(text, wanted)
    assert parse(made).plan == wanted


@pytest.mark.parametrize("text", TEXTS, ids=[f.stem for f in FILES])
def test_one_more_step_leaves_every_line_of_a_file_as_it_is(text: str) -> None:
    before = parse(text).plan
    assert before is not None
    wanted = before.model_copy(update={"steps": (*before.steps, Query(query="select 2 as two"))})
    made = rewrite(text, wanted)
    assert made == text.rstrip("\n") + '\n  - query: "select 2 as two"\n'
