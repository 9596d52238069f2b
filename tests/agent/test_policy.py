"""The policy's limits: how many, to whom, and when somebody must approve."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from deskhand import policy
from deskhand.acts import Fault
from deskhand.contract import Call, ResultColumn
from deskhand.errors import ProblemsError, RefusedError
from deskhand.settings import PolicyRule
from deskhand_tools.mail.sending import SendParams

NOW = dt.datetime(2026, 3, 12, 9)
COLUMNS = (ResultColumn("amount", "DECIMAL(18,2)"), ResultColumn("vendor", "VARCHAR"))
ROWS = [{"amount": Decimal("10.00"), "vendor": "Ada"}, {"amount": Decimal("95.00"), "vendor": "Bob"}]
SEND = "email.send"


def nobody(_: str) -> frozenset[str]:
    return frozenset()


def test_more_effects_than_allowed() -> None:
    rule = PolicyRule(SEND, max_rows=2)
    assert policy.over_limit(rule, 2) is None
    reason = policy.over_limit(rule, 1003)
    assert reason is not None and "1,003" in reason and SEND in reason
    assert policy.over_limit(PolicyRule(SEND), 10**9) is None


@pytest.mark.parametrize(
    ("address", "patterns", "allowed"),
    [
        ("ada@acme.example", ["*@acme.example"], True),
        ("ADA@Acme.Example", ["*@acme.example"], True),
        ("ada@sub.acme.example", ["*@acme.example"], False),
        ("ada@acme.example.evil.example", ["*@acme.example"], False),
        ("eve@evil.example", ["*@acme.example", "*@bob.example"], False),
        ("eve@evil.example", [], False),
        ("bob@bob.example", ["ledger.vendors.email"], True),
        ("eve@evil.example", ["ledger.vendors.email"], False),
        ("eve@evil.example, x@acme.example", ["*@acme.example"], False),
        ("not an address", ["*"], False),
        ("", ["*"], False),
    ],
)
def test_who_may_be_written_to(address: str, patterns: list[str], allowed: bool) -> None:
    def lookup(column: str) -> frozenset[str]:
        assert column == "ledger.vendors.email"
        return frozenset({"bob@bob.example"})

    assert policy.recipient_allowed(address, patterns, lookup) is allowed


def mail(**params: Any) -> Call:
    return Call(3, SendParams(subject="x", **params), row={"id": 1})


@pytest.mark.parametrize(
    "params",
    [
        {"to": ["ada@acme.example"], "cc": "Bob <bob@acme.example>"},
        {"to": '"Ada, the first" <ada@acme.example>, bob@acme.example', "bcc": ""},
    ],
)
def test_a_call_inside_the_policy_goes_on(params: Any) -> None:
    call = mail(**params)
    assert policy.judge(PolicyRule(SEND, recipients=("*@acme.example",)), call, nobody) is call
    assert policy.judge(PolicyRule(SEND), mail(to="eve@evil.example"), nobody).ordinal == 3


@pytest.mark.parametrize(
    "params",
    [
        {"to": "eve@evil.example"},
        {"to": "ada@acme.example", "cc": "eve@evil.example"},
        {"to": "ada@acme.example", "bcc": ["eve@evil.example"]},
        {"to": "ada@acme.example", "reply_to": "eve@evil.example"},
        {"to": "ada@acme.example, eve@evil.example"},
        {"to": '"ada@acme.example" <eve@evil.example>'},
        {"to": "eve@evil.example; ada@acme.example"},
        {"to": "eve@evil.example ada@acme.example"},
    ],
)
def test_a_call_outside_the_policy_is_the_rows_exception(params: Any) -> None:
    found = policy.judge(PolicyRule(SEND, recipients=("*@acme.example",)), mail(**params), nobody)
    assert isinstance(found, Fault)
    assert (found.ordinal, found.row) == (3, {"id": 1})
    assert "evil.example" in found.reason and "*@acme.example" in found.reason


@pytest.mark.parametrize(
    ("condition", "needed"),
    [
        ("count(*) > 1", True),
        ("count(*) > 2", False),
        ("sum(amount) > 100", True),
        ("max(amount) > 100 or count(*) = 2", True),
        ("bool_or(vendor = 'Eve')", False),
        ("sum(amount) > null", True),
    ],
)
def test_when_an_approval_is_needed(condition: str, needed: bool) -> None:
    assert policy.needs_approval(PolicyRule(SEND, approve_when=condition), COLUMNS, ROWS, now=NOW) is needed


def test_an_act_without_rows_counts_as_one() -> None:
    assert policy.needs_approval(PolicyRule(SEND, approve_when="true"), (), None, now=NOW)
    assert policy.needs_approval(PolicyRule(SEND, approve_when="count(*) = 1"), (), None, now=NOW)
    assert not policy.needs_approval(PolicyRule(SEND, approve_when="count(*) > 1"), (), None, now=NOW)
    assert not policy.needs_approval(PolicyRule(SEND), COLUMNS, ROWS, now=NOW)


def test_no_rows_need_no_approval_by_their_number() -> None:
    assert not policy.needs_approval(PolicyRule(SEND, approve_when="count(*) > 0"), COLUMNS, [], now=NOW)


@pytest.mark.parametrize("condition", ["sum(amout) > 1", "count(*)", "(select 1) > 0", "true; drop table x", "nope("])
def test_a_rule_that_can_not_be_applied_is_refused(condition: str) -> None:
    with pytest.raises(ProblemsError, match="the policy for email"):
        policy.needs_approval(PolicyRule(SEND, approve_when=condition), COLUMNS, ROWS, now=NOW)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("ledger.vendors.email", ("ledger", "vendors", "email")),
        ('files."vendors.xlsx/2026"."E-Mail"', ("files", "vendors.xlsx/2026", "E-Mail")),
    ],
)
def test_columns_of_a_rule(pattern: str, parts: tuple[str, ...]) -> None:
    assert policy.is_column(pattern)
    assert policy.column_parts(pattern) == parts
    assert not policy.is_column("ap@acme.example")
    assert not policy.is_column("*.acme.example")


def test_the_addresses_of_a_column_are_read(office: Any) -> None:
    found = policy.column_values("ledger.vendors.email", office.catalog)
    assert found == {"ada@acme.example", "bob@bob.example"}
    for wrong in ("ledger.vendors.mail", "ledger.vendor.email"):
        with pytest.raises(RefusedError, match="no such column"):
            policy.column_values(wrong, office.catalog)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (PolicyRule(SEND, recipients=("ledger.vendors.emial",)), "email"),
        (PolicyRule(SEND, recipients=("ledger.vendros.email",)), "vendors"),
        (PolicyRule(SEND, recipients=("nowhere.vendors.email",)), "no table nowhere.vendors"),
        (PolicyRule(SEND, approve_when="sum(amount) > 5"), "approve_when"),
        (PolicyRule(SEND, max_rows=0), "policy allows 0"),
        (PolicyRule(SEND, recipients=("*@bob.example",)), "outside the policy"),
    ],
)
def test_the_check_tells_of_rules_that_do_not_fit(rule: PolicyRule, words: str, office: Any) -> None:
    from deskhand.check import check
    from deskhand.plan_yaml import parse

    plan = parse('steps:\n  - email.send: {to: "a@acme.example", subject: x}\n').plan
    assert plan is not None
    problems = check(plan, office.catalog, now=NOW, policy={SEND: rule}).problems
    assert len(problems) == 1
    assert words in f"{problems[0].message} {problems[0].mend}"


def test_a_limit_on_recipients_that_nobody_names_is_no_limit(office: Any) -> None:
    from deskhand.check import check
    from deskhand.plan_yaml import parse

    plan = parse("steps:\n  - id: m\n    query: select id from mail.inbox\n  - email.reply: {rows: m, body: x}\n").plan
    assert plan is not None
    rule = PolicyRule("email.reply", recipients=("*@acme.example",))
    problems = check(plan, office.catalog, now=NOW, policy={"email.reply": rule}).problems
    assert [p.code for p in problems] == ["bad-policy"]


def test_a_rule_that_cannot_be_told_asks() -> None:
    rule = PolicyRule(SEND, approve_when="sum(amount) > 20 -- all of it")
    columns = (ResultColumn("amount", "DECIMAL(10,2)"),)
    assert policy.needs_approval(rule, columns, [{"amount": None}], now=NOW)
    assert policy.needs_approval(rule, columns, [{"amount": None}, {"amount": Decimal(21)}], now=NOW)
    assert not policy.needs_approval(rule, columns, [{"amount": None}, {"amount": Decimal(20)}], now=NOW)
    assert not policy.needs_approval(rule, columns, [], now=NOW)
