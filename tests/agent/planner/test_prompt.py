"""What a model is told, what it is never told, and how its answers are read."""

from __future__ import annotations

import datetime as dt

import pytest
from deskhand.catalog import Catalog
from deskhand.check import check
from deskhand.errors import ProblemsError
from deskhand.plan import Input, Plan, Query
from deskhand.plan_line import parse_line
from deskhand.planner.prompt import MOST_TABLES, RULES, Prompt, fenced, prompt_text, sql_name
from deskhand.planner.writer import Answer, read_answer
from deskhand.testing import Desk
from hypothesis import given
from hypothesis import strategies as st

NOW = dt.datetime(2026, 3, 12, 9)


def invoices(count: int = 8) -> list[dict[str, object]]:
    rows = [{"id": n, "number": f"R-{n:04}", "status": "open" if n % 2 else "paid"} for n in range(count)]
    return [{**row, "note": "please pay " * 20, "Paid in": "EUR"} for row in rows]


def test_a_prompt_shows_names_types_values_and_operations(deskhand: Desk) -> None:
    deskhand.connect("ledger", "database", invoices=invoices())
    deskhand.connect("mail", "email", mails=[])
    known = {
        "remind": Plan(description="Remind\nvendors.", inputs={"grace": Input()}, steps=(Query(query="select 1"),))
    }
    with Catalog.open(deskhand.workspace, NOW) as catalog:
        prompt = Prompt.of("what is open?\nthanks", NOW, catalog, processes=known)
    text = prompt.text()
    assert text == prompt_text(prompt)
    assert text.startswith(RULES)
    assert "Thursday 2026-03-12 09:00" in text
    (line,) = [line for line in text.splitlines() if line.startswith("ledger.invoices: ")]
    assert "id" in line
    assert 'status VARCHAR {"open", "paid"}' in line
    assert '"Paid in" VARCHAR' in line
    assert "please pay" not in text
    assert "mail.inbox (read only): " in text
    assert "email.send rows to! cc bcc reply_to subject! body format=text|html attach: Send a mail" in text
    assert "database.update rows! table! key set:" in text
    assert "call remind grace: Remind vendors." in text
    assert "| what is open?\n| thanks\n" in text


def test_no_mail_no_page_and_no_secret_comes_into_a_prompt(deskhand: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_KEY", "the-key-itself")
    mail = {"sender": "a@b.example", "to": "ap@acme.example", "subject": "Hidden subject", "body": "Hidden body"}
    deskhand.connect("mail", "email", mails=[mail] * 2)
    file = deskhand.workspace.file
    file.write_text(file.read_text("utf-8") + '\n[planner]\nmodel = "local"\napi_key = "${env:LLM_KEY}"\n', "utf-8")
    with Catalog.open(deskhand.workspace, NOW) as catalog:
        text = Prompt.of("show the mails", NOW, catalog).text()
    assert "subject VARCHAR" in text
    for secret in ("Hidden", "a@b.example", "the-key-itself", "LLM_KEY"):
        assert secret not in text


def test_chosen_tables_only(deskhand: Desk) -> None:
    deskhand.connect("ledger", "database", invoices=invoices(), vendors=[{"id": 1}])
    with Catalog.open(deskhand.workspace, NOW) as catalog:
        prompt = Prompt.of("x", NOW, catalog, tables=[("LEDGER", "Vendors"), ("ledger", "nothing")])
    assert [table.sql for table in prompt.tables] == ["ledger.vendors"]


def test_of_many_tables_those_that_the_request_speaks_of(deskhand: Desk) -> None:
    tables = {f"archive_{n}": [{"id": 1}] for n in range(40)} | {
        "vendor_contracts": [{"id": 1, "ends_on": "2026-01-01"}]
    }
    deskhand.connect("ledger", "database", **tables)
    with Catalog.open(deskhand.workspace, NOW) as catalog:
        prompt = Prompt.of("which contracts end soon?", NOW, catalog)
    assert len(prompt.tables) == MOST_TABLES
    assert "ledger.vendor_contracts" in [table.sql for table in prompt.tables]


def test_an_empty_workspace_has_a_prompt_too() -> None:
    text = Prompt("hello", NOW).text()
    assert text.count("(none)") == 2


def test_the_examples_in_the_rules_read() -> None:
    plan = parse_line(
        "overdue expect=some: select number, email from ledger.invoices\n"
        'email.send rows=overdue to="{{ email }}" subject="Invoice {{ number }}" attach=[{table: overdue, name: "list.xlsx"}]\n'
        'email.send when="select count(*) > 3 from overdue" to="a@b.example" subject=Hello\n'
    )
    assert len(plan.steps) == 3
    for word in ("ask", "cannot", "approve", "call", "for_each", "expect=some", "rows=", "per=", "days_ago(n)"):
        assert word in RULES


def test_functions_in_the_rules_are_known_to_the_check(deskhand: Desk) -> None:
    deskhand.connect("ledger", "database", invoices=invoices())
    columns = (
        "current_date as a, days_ago(1) as b, days_ahead(1) as c, start_of('month', -1) as d, end_of('month') as e, "
    )
    columns += "last_weekday('friday') as f, next_weekday('monday') as g, add_business_days(current_date, 2) as h"
    with Catalog.open(deskhand.workspace, NOW) as catalog:
        assert check(parse_line(f"a: select {columns}"), catalog, now=NOW).problems == []


@given(st.text(max_size=60))
def test_nothing_ends_the_fence(text: str) -> None:
    assert all(line.startswith("| ") for line in fenced(text).splitlines())


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a", "a"), ("select", '"select"'), ("a b", '"a b"'), ('a"b', '"a""b"'), ("Ä", '"Ä"'), ("1a", '"1a"')],
)
def test_names_in_queries(name: str, shown: str) -> None:
    assert sql_name(name) == shown


@pytest.mark.parametrize(
    ("text", "plan", "question", "reason"),
    [
        ("select 1 as a", 1, "", ""),
        ("```sql\nselect 1 as a\n```\nThat is it.", 1, "", ""),
        ("Here:\n```\nselect 1 as a\napprove\n```", 2, "", ""),
        ('<think>ask\n"x"</think>\n\nselect 1 as a', 1, "", ""),
        ('ask "Which?"', 0, "Which?", ""),
        ('ask: "Which?"', 0, "Which?", ""),
        ("cannot 'no\\n printer'", 0, "", "no printer"),
    ],
)
def test_answers_are_read(text: str, plan: int, question: str, reason: str) -> None:
    read = read_answer(text)
    assert (len(read.plan.steps) if read.plan else 0, read.question, read.reason) == (plan, question, reason)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "empty"), ("```\n```", "empty"), ('ask ""', "says nothing"), ("hello", "no step"), ('ask "x', "no end"),
     ("x" * 100_001, "100001 characters"), ("<think>never ends", "no step")],
)  # fmt: skip
def test_answers_that_are_none(text: str, says: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        read_answer(text)
    assert says in caught.value.problems[0].message
    assert caught.value.problems[0].mend


def test_what_a_trace_keeps_of_an_answer() -> None:
    kept = Answer(question="Which?", tokens_in=3, seconds=0.12345, model="langchain:x:y", text="secret").to_json()
    assert kept["seconds"] == 0.123
    assert kept["question"] == "Which?"
    assert "secret" not in str(kept)
