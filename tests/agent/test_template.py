"""Templates: what they show, what they refuse, and that no null or foreign name ever reaches a mail."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from deskhand.contract import ResultColumn, Rows
from deskhand.template import Scope, TemplateError, render, show
from hypothesis import given
from hypothesis import strategies as st

NOW = dt.datetime(2026, 3, 11, 9, 30)
COLUMNS = (ResultColumn("invoice", "VARCHAR"), ResultColumn("amount", "DECIMAL(18,2)"), ResultColumn("open", "DATE"))
ROWS = Rows(
    COLUMNS,
    [
        {"invoice": "R-1", "amount": Decimal("1234.50"), "open": dt.date(2026, 1, 2)},
        {"invoice": "R-22", "amount": Decimal("7.00"), "open": None},
    ],
)
HIRE = Rows((ResultColumn("name", "VARCHAR"), ResultColumn("Start date", "DATE")), [{"name": "Ada", "Start date": NOW}])
SCOPE = Scope(
    now=NOW,
    inputs={"grace": 3, "today": "input"},
    steps={"overdue": ROWS, "empty": Rows(COLUMNS, []), "hire": HIRE},
    each=("hire",),
    row={
        "email": "a@b.example",
        "Amount EUR": Decimal("10.00"),
        "count": 5,
        "gone": None,
        "share": Decimal("0.3333333333"),
        "ok": True,
        "at": NOW,
        "weight": 2.5,
    },
    varying=frozenset({"city"}),
    rows=ROWS,
)


def test_a_date_less_a_date_is_a_number_of_days() -> None:
    scope = Scope(dt.datetime(2026, 3, 11, 8), row={"due": dt.date(2026, 3, 5)})
    assert render("{{ today - due }} days, {{ (today - due) * 2 }}", scope) == "6 days, 12"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain #1 100%", "plain #1 100%"),
        ("{{ email }}", "a@b.example"),
        ("{{ EMAIL }} {{ Email }}", "a@b.example a@b.example"),
        ('{{ row["Amount EUR"] }} {{ row["amount eur"] }}', "10.00 10.00"),
        ("{{ share }} {{ share | number(4) }}", "0.33 0.3333"),
        ("{{ ok }} {{ at }} {{ weight }} {{ today }}", "true 2026-03-11 09:30:00 2.5 2026-03-11"),
        ("{{ inputs.grace }}", "3"),
        ("{{ overdue.count }} {{ overdue.first.invoice }} {{ rows.count }}", "2 R-1 2"),
        ("{{ hire.first.name }} {{ hire.name }} {{ name }}", "Ada Ada Ada"),
        ("{{ 1234567.5 | money }} {{ overdue.first.amount | money('EUR') }}", "1,234,567.50 1,234.50 EUR"),
        ("{{ overdue.first.open | date('%d.%m.%Y') }} {{ at | date }} {{ at | time }}", "02.01.2026 2026-03-11 09:30"),
        ("{{ rows | join('invoice', '; ') }} {{ rows | join('INVOICE') }}", "R-1; R-22 R-1, R-22"),
        ("{% for r in rows %}{{ loop.index }}:{{ r.invoice }} {% endfor %}", "1:R-1 2:R-22 "),
        ("{{ gone | default('none') }}", "none"),
        ('{{ row["Amount EUR"] / 3 }} {{ count / 2 }} {{ (row["Amount EUR"] / 3) | number(4) }}', "3.33 2.50 3.3333"),
        ('{{ row["Amount EUR"] * 1.19 }} {{ 0.1 + row["Amount EUR"] }} {{ count * 0.5 }}', "11.9000 10.10 2.5"),
        ("{% if gone %}x{% else %}y{% endif %}{% if gone is none %}z{% endif %}", "yz"),
        ("{% if empty %}some{% else %}none{% endif %}", "none"),
        ("{{ email | upper }} {{ 'a b' | title }} {{ ' x ' | trim }}", "A@B.EXAMPLE A B x"),
        ("{{ count * 2 }} {{ share | round(2) }}", "10 0.33"),
        (
            "{{ rows | table('invoice', 'amount') }}",
            "invoice   amount\n-------  -------\nR-1      1234.50\nR-22        7.00",
        ),
        ("line\n", "line\n"),
    ],
)
def test_what_a_template_shows(text: str, shown: str) -> None:
    assert render(text, SCOPE) == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ gone }}", "gone is empty"),
        ("{{ gone | money }}", "gone is empty"),
        ("{{ gone | upper }}", "gone is empty"),
        ("{{ nope }}", "no 'nope'"),
        ("{{ city }}", "isn't the same in all rows"),
        ("{{ overdue }}", "a step is a table"),
        ("{{ row }}", "a row is not a text"),
        ("{{ overdue.last }}", "no 'last'"),
        ("{{ empty.first.invoice }}", "has no rows"),
        ("{{ rows | join('nope') }}", "no column 'nope'"),
        ("{{ rows | join('open') }}", "open is empty"),
        ("{{ email | money }}", "formats numbers"),
        ("{{ email | date }}", "formats dates"),
        ("{{ email | shout }}", "no filter 'shout'"),
        ("{{ Amount EUR }}", "no template"),
        ("{{ email", "no template"),
        ("{{ email.__class__ }}", "can't be reached"),
        ("{{ email['__class__'] }}", "no '__class__'"),
        ("{{ email.upper() }}", "can't call"),
        ("{{ range(9) }}", "can't call"),
        ("{{ ''.join }}", "no 'join'"),
        ("{% import 'os' as os %}", "import"),
        ("{% include 'x' %}", "include"),
        ("{% macro a() %}{% endmacro %}", "macro"),
        ("{{ 9 ** 9 ** 9 }}", "pow"),
        ("{{ 'a' * 999999999 }}", "for numbers"),
        ("{{ 1 / 0 }}", "can't be made"),
        ("{{ email + 1 }}", "can't be made"),
        ("{% for a in rows %}{% for b in rows %}{{ b.nope }}{% endfor %}{% endfor %}", "no 'nope'"),
    ],
)
def test_what_a_template_refuses(text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        render(text, SCOPE)


def test_a_row_hides_inputs_steps_and_today() -> None:
    scope = Scope(now=NOW, steps={"note": ROWS}, row={"today": "mine", "note": "row's"})
    assert render("{{ today }} {{ note }}", scope) == "mine row's"


def test_a_text_that_grows_without_end_is_refused() -> None:
    many = Rows(COLUMNS, [ROWS.rows[0]] * 3000)
    text = "{% for a in rows %}{% for b in rows %}" + "x" * 100 + "{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match="grew past"):
        render(text, Scope(now=NOW, rows=many))


@given(st.text().filter(lambda t: "{" not in t))
def test_a_text_without_values_stays_itself(text: str) -> None:
    assert render(text, SCOPE) == text


@given(st.text())
def test_a_value_is_never_read_as_a_template(text: str) -> None:
    assert render("{{ v }}!", Scope(now=NOW, row={"v": text})) == text + "!"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_money_is_shown_exactly(amount: Decimal) -> None:
    assert Decimal(show(amount)) == amount
    assert Decimal(render("{{ v | money }}", Scope(now=NOW, row={"v": amount})).replace(",", "")) == amount


HOSTILE = Rows(
    (ResultColumn("n", "VARCHAR"), ResultColumn("v", "DECIMAL(10,2)")), [{"n": "A&B <b>", "v": Decimal("1.5")}]
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p>{{ n }}</p>", "<p>A&amp;B &lt;b&gt;</p>"),
        ("{{ n | upper }}{{ n ~ '<br>' }}", "A&amp;B &lt;B&gt;A&amp;B &lt;b&gt;<br>"),
        ("{{ n | replace('&', '<br>') }}", "A<br>B &lt;b&gt;"),
        ("{{ rows | join('n', '<br>') }}", "A&amp;B &lt;b&gt;"),
        ("{{ v | money('&euro;') }}", "1.50 &euro;"),
        ("{{ row['n'] if v > 1 else '<i>none</i>' }}", "A&amp;B &lt;b&gt;"),
        ("{{ none_ | default('<i>none</i>') }}", "<i>none</i>"),
        ("{% set x = n %}<td>{{ x }}</td>", "<td>A&amp;B &lt;b&gt;</td>"),
        (
            "{{ rows | table }}",
            "<table>\n<tr><th>n</th><th>v</th></tr>\n"
            '<tr><td>A&amp;B &lt;b&gt;</td><td align="right">1.5</td></tr>\n</table>',
        ),
    ],
)
def test_values_are_text_in_html(text: str, shown: str) -> None:
    row = {**HOSTILE.rows[0], "none_": None}
    assert render(text, Scope(now=NOW, row=row, rows=HOSTILE), html=True) == shown


@given(st.text())
def test_no_value_opens_a_tag_in_html(value: str) -> None:
    rows = Rows((ResultColumn("n", "VARCHAR"),), [{"n": value}])
    text = "{{ n }}{{ n ~ n }}{{ n + n }}{{ n | trim | title }}{{ rows | join('n', '') }}{% for r in rows %}{{ r.n }}{% endfor %}"
    made = render(text, Scope(now=NOW, row=rows.rows[0], rows=rows), html=True)
    assert "<" not in made and ">" not in made and '"' not in made


@pytest.mark.parametrize(
    "text",
    [
        "{% set a = '0123456789' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
        "{% set a = '0123456789' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
        "{% set a = 'x' %}" + "{% set a = a | replace('x', 'xxxxxxxxxx') %}" * 12 + "{{ a }}",
        "{{ 'abc' | replace('', 'x') | replace('', '" + "y" * 100_000 + "') | replace('', '" + "z" * 1000 + "') }}",
        "{{ '%1000000000d' % 1 }}",
        "{% set a = 99 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
        "{% for a in rows %}{% for b in rows %}{% for c in rows %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in rows %}{% set x = rows | join('number', '') %}{% endfor %}",
    ],
)
def test_a_template_that_would_eat_the_machine_is_refused(text: str) -> None:
    many = Rows(COLUMNS, [ROWS.rows[0]] * 1500)
    with pytest.raises(TemplateError):
        render(text, Scope(now=NOW, rows=many))


def test_what_is_joined_is_shown_as_elsewhere() -> None:
    row = {"paid": True, "third": Decimal("0.3333333333"), "none_": None}
    assert render("{{ paid ~ ' ' ~ third }}", Scope(now=NOW, row=row)) == "true 0.33"
    with pytest.raises(TemplateError, match="none_ is empty"):
        render("{{ 'x' ~ none_ }}", Scope(now=NOW, row=row))
