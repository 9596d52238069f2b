"""Templates checked by their names and types: right ones pass, wrong ones say what and what instead."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from deskhand.contract import ResultColumn, Rows, Table
from deskhand.errors import Problem
from deskhand.plan import Input
from deskhand.shapes import Shapes
from deskhand.template import Scope, TemplateError, render
from deskhand.template_check import TemplateShape, check_template, names_in, sole_column

NOW = dt.datetime(2026, 3, 12, 9)
COLUMNS = tuple(
    ResultColumn(name, type_)
    for name, type_ in [
        ("number", "VARCHAR"),
        ("amount", "DECIMAL(18,2)"),
        ("due_date", "DATE"),
        ("at", "TIMESTAMP"),
        ("Paid in", "DECIMAL(18,2)"),
        ("ok", "BOOLEAN"),
        ("pieces", "BIGINT"),
    ]
)
ROW = {
    "number": "R-1",
    "amount": Decimal("10.00"),
    "due_date": dt.date(2026, 3, 1),
    "at": NOW,
    "Paid in": Decimal("4.00"),
    "ok": True,
    "pieces": 3,
}


class NoCatalog:
    def connections(self) -> list[str]:
        return []

    def table(self, connection: str, name: str) -> Table | None:
        return None

    def table_names(self, connection: str) -> list[str]:
        return []


def shapes() -> Shapes:
    made = Shapes(NoCatalog(), {"month": Input(), "grace": Input(type="integer")})
    made.add_step("overdue", COLUMNS)
    made.add_step("Unknown", None)
    made.add_step("told.done", COLUMNS)
    return made


def why(name: str) -> Problem | None:
    reasons = {"later": ("later-step", "'later' is a later step"), "told": ("unknown-step", "'told' is an act")}
    return Problem(*reasons[name], "Move it up.") if name in reasons else None


ROWWISE = TemplateShape(shapes(), row=COLUMNS, why=why)
GROUP = TemplateShape(shapes(), row=COLUMNS, rows=COLUMNS, why=why)
ONCE = TemplateShape(shapes(), why=why)
INSIDE = TemplateShape(shapes().child("hire", COLUMNS), why=why)

RIGHT = [
    (ROWWISE, "plain #1 {50%} { color: red }"),
    (ROWWISE, "{{ number }} {{ NUMBER }} {{ Amount | money('EUR') }}"),
    (ROWWISE, '{{ row["Paid in"] | money }} {{ row["paid in"] }} {{ row.number }}'),
    (ROWWISE, "{{ inputs.month }} {{ INPUTS.Month }} {{ today | date('%d.%m.%Y') }} {{ now | time }}"),
    (ROWWISE, "{{ overdue.count }} {{ overdue.first.number }} {{ Overdue.first['Paid in'] }} {{ overdue | table }}"),
    (ROWWISE, "{% if amount > 5 and ok %}much{% elif pieces == 0 %}none{% else %}little{% endif %}"),
    (ROWWISE, "{% set half = amount / 2 %}{{ half | number(2) }} {{ number ~ ' ' ~ pieces }} {{ number + '!' }}"),
    (ROWWISE, "{{ 'late' if due_date < today else 'in time' }} {{ 'x' if ok }}"),
    (ROWWISE, "{{ number | default('none') | upper }} {{ amount | round(1) | money }} {{ number | length }}"),
    (ROWWISE, "{{ (amount * 1.19) | money }} {{ 0.5 - amount }} {{ amount / 3 }} {{ pieces * 1.5 + amount }}"),
    (ROWWISE, "{{ 'a | b' }} {{ number | replace('-', ' | ') }}"),
    (ROWWISE, "{{ amount if amount is defined else '-' }} {{ number in ['R-1', 'R-2'] }} {{ -amount }}"),
    (ROWWISE, "{% for r in overdue if r.amount > 1 %}{{ loop.index }} {{ r.number }}{% if not loop.last %},{% endif %}"
              "{% endfor %}"),
    (GROUP, "{{ rows.count }} {{ rows | join('number', ', ') }} {{ rows | table('number', 'Paid in') }}"),
    (GROUP, "{% for r in rows %}{{ r['Paid in'] | money }}{% else %}nothing{% endfor %} {{ number }}"),
    (INSIDE, "{{ hire.number }} {{ hire.first.number }} {{ number }} {{ hire.count }}"),
    (ONCE, "{{ unknown.first.whatever }} {% for r in unknown %}{{ r.x }}{% endfor %}"),
]  # fmt: skip


@pytest.mark.parametrize(("scope", "text"), RIGHT)
def test_a_right_template_has_no_problem(scope: TemplateShape, text: str) -> None:
    assert check_template(text, scope) == []


@pytest.mark.parametrize(("scope", "text"), [case for case in RIGHT if "unknown" not in case[1]])
def test_what_the_check_lets_pass_is_rendered(scope: TemplateShape, text: str) -> None:
    rows = Rows(COLUMNS, [ROW])
    row: Any = ROW if scope.row is not None else None
    each = ("hire",) if scope is INSIDE else ()
    steps = {"overdue": rows} | ({"hire": rows} if each else {})
    inputs = {"month": "2026-03", "grace": 3}
    render(text, Scope(NOW, inputs, steps, each=each, row=row, rows=rows if scope is GROUP else None))


@pytest.mark.parametrize(
    ("scope", "text", "code", "words"),
    [
        (ROWWISE, "{{ numbr }}", "unknown-name", "'number'"),
        (ROWWISE, "{{ month }}", "unknown-name", "{{ inputs.month }}"),
        (ROWWISE, "{{ inputs.mnth }}", "unknown-input", "'month'"),
        (ROWWISE, '{{ row["Paid out"] }}', "unknown-column", "'Paid in'"),
        (ROWWISE, "{{ Paid in }}", "template", 'row["Paid in"]'),
        (ROWWISE, "{{ number }", "template", "two braces"),
        (ROWWISE, "{{ number | money }}", "template-type", "a text"),
        (ROWWISE, "{{ due_date | number }}", "template-type", "a date"),
        (ROWWISE, "{{ amount | date }}", "template-type", "a number"),
        (ROWWISE, "{{ ok | money }}", "template-type", "a boolean"),
        (ROWWISE, "{{ amount | money(0) }}", "template-type", "money('', 0)"),
        (ROWWISE, "{{ due_date.year }}", "template-type", "date('%Y')"),
        (ROWWISE, "{{ (today - due_date).days }}", "template-type", "the number of days already"),
        (ROWWISE, "{{ now - now }}", "template-type", "in the query"),
        (ROWWISE, "{{ due_date.strftime('%d.%m.%Y') }}", "template", "date('%d.%m.%Y')"),
        (ROWWISE, "{{ number.upper() }}", "template", "| upper"),
        (ROWWISE, "{{ amount | sum }}", "unknown-filter", "Compute it in the query"),
        (ROWWISE, "{{ [1] | count }}", "unknown-filter", "overdue.count"),
        (ROWWISE, "{{ due_date | time }}", "template-type", "a date"),
        (ROWWISE, "{{ due_date | date('DD.MM.YYYY') }}", "template", "'%d.%m.%Y'"),
        (ROWWISE, "{{ amount | length }}", "template-type", "a number"),
        (ROWWISE, "{{ amount | zzz }}", "unknown-filter", "money"),
        (ROWWISE, "{{ amount | moneyy('EUR') }}", "unknown-filter", "'money'"),
        (ROWWISE, "{{ number + amount }}", "template-type", "~"),
        (ROWWISE, "{{ due_date + 3 }}", "template-type", "query"),
        (ROWWISE, "{% if number > 5 %}x{% endif %}", "template-type", "a text can't be compared with a number"),
        (ROWWISE, "{{ number.real }}", "template-type", "a text has no .real"),
        (ROWWISE, "{{ number.upper() }}", "template", "can't call"),
        (ROWWISE, "{{ number.__class__ }}", "template", "can't be reached"),
        (ROWWISE, "{% for r in number %}{{ r }}{% endfor %}", "template-type", "a loop goes over rows"),
        (ROWWISE, "{% for a, b in overdue %}x{% endfor %}", "template", "one name"),
        (ROWWISE, "{% for r in overdue %}{{ r.numbr }}{% endfor %}", "unknown-column", "'number'"),
        (ROWWISE, "{% for r in overdue %}{{ r }}{% endfor %}", "raw-table", "a row"),
        (ROWWISE, "{{ loop.index }}", "unknown-name", "only inside a `for`"),
        (ROWWISE, "{% for r in overdue %}{{ loop.revindex }}{% endfor %}", "unknown-name", "index0"),
        (ROWWISE, "{{ rows | table }}", "no-rows", "`per:`"),
        (ROWWISE, "{{ overdue }}", "raw-table", "overdue | table"),
        (ROWWISE, "{{ 'a' ~ overdue }}", "raw-table", "overdue | table"),
        (ROWWISE, "{{ overdue.first }}", "raw-table", "number"),
        (ROWWISE, "{{ inputs }}", "raw-table", "month"),
        (ROWWISE, "{{ overdue.number }}", "unknown-name", "overdue.first.number"),
        (ROWWISE, "{{ overdue.first.numbr }}", "unknown-column", "'number'"),
        (ROWWISE, "{{ overdue[0].number }}", "unknown-name", "overdue.first"),
        (ROWWISE, "{{ overdue | table('numbr') }}", "unknown-column", "'number'"),
        (ROWWISE, "{{ overdue | join(', ') }}", "unknown-column", "comes first"),
        (ROWWISE, "{{ overdue | join }}", "template", "needs the column"),
        (ROWWISE, "{{ amount | table }}", "template-type", "rows of a step"),
        (ROWWISE, "{{ overdue | upper }}", "template-type", "a table"),
        (ROWWISE, "{{ later.count }}", "later-step", "up"),
        (ROWWISE, "{{ told.count }}", "unknown-step", "from told.done"),
        (ROWWISE, "Invoice {number}", "braces", "{{ number }}"),
        (ROWWISE, "Invoice ${ overdue.count }", "braces", "{{ overdue.count }}"),
        (ONCE, "{{ number }}", "unknown-name", "rows: overdue"),
        (ONCE, '{{ row["number"] }}', "unknown-name", "rows:"),
        (GROUP, "{{ rows | join('numbr') }}", "unknown-column", "'number'"),
        (INSIDE, "{{ hire.numbr }}", "unknown-column", "'number'"),
    ],
)
def test_a_wrong_template_says_what_and_what_instead(scope: TemplateShape, text: str, code: str, words: str) -> None:
    problems = check_template(text, scope)
    assert [p.code for p in problems] == [code]
    assert words in f"{problems[0].message} {problems[0].mend}"
    assert problems[0].mend


@pytest.mark.parametrize(
    "text", ["{{ numbr }}", "{{ number | money }}", "{{ number + amount }}", "{{ amount | length }}", "{{ overdue }}",
             "{{ due_date + 3 }}", "{{ rows | table }}", "{{ number.real }}", "{{ overdue.number }}"],
)  # fmt: skip
def test_what_the_check_refuses_can_not_be_rendered(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, Scope(NOW, {}, {"overdue": Rows(COLUMNS, [ROW])}, row=ROW))


def test_every_problem_of_a_text_is_told_with_its_line() -> None:
    text = "Dear {{ vendr }},\n{{ amount | euros }} and\n{{ due_dat }} {{ due_dat }}"
    found = [(p.code, p.where.line) for p in check_template(text, ROWWISE)]
    assert sorted(found, key=str) == [("unknown-filter", 2), ("unknown-name", 1), ("unknown-name", 3)]


def test_a_row_that_only_the_run_knows_takes_any_name() -> None:
    scope = TemplateShape(shapes(), row=(), open_row=True)
    assert check_template("{{ anything | money }} {{ row['what ever'] }}", scope) == []
    assert [p.code for p in check_template("{{ overdue.first.numbr }}", scope)] == ["unknown-column"]


def test_names_and_types_of_a_text() -> None:
    assert names_in("{{ Today }} {{ inputs.x }} {% for r in rows %}{{ r.y }}{% endfor %}") == {
        "today",
        "inputs",
        "rows",
    }
    assert sole_column("{{ due_date }}", ROWWISE) == "DATE"
    assert sole_column("on {{ due_date }}", ROWWISE) is None
