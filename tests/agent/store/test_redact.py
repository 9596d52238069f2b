"""Redaction: what is masked, what is left, and that masking twice is masking once."""

from __future__ import annotations

from typing import Any

import pytest
from deskhand.store.redact import Redactor, is_card, is_iban
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("an jo.o'neil+x@mail.acme.example, bitte", "an <email 1>, bitte"),
        ("to: 'kim@acme.example'", "to: '<email 1>'"),
        ("<kim@acme.example>", "<<email 1>>"),
        ("+x-@acme.example @handle a@b", "<email 1> @handle a@b"),
        ("müller@büro.example Müller@Büro.example", "<email 1> <email 1>"),
        ("DE89370400440532013000", "<iban 1>"),
        ("IBAN DE89 3704 0044 0532 0130 00 Acme GmbH", "IBAN <iban 1> Acme GmbH"),
        ("NO93 8601 1117 947 paid; gb82west12345698765432", "<iban 1> paid; <iban 2>"),
        ("card 4111 1111 1111 1111 exp 12/29", "card <card 1> exp 12/29"),
        ("4111-1111-1111-1111", "<card 1>"),
        ("4111 1111 1111 1111 20 pieces", "<card 1> 20 pieces"),
        ("password=hunter2", "password=<token 1>"),
        ("Passwort, password: 'hunter 2'!", "Passwort, password: <token 1>!"),
        ("password=<abc", "password=<token 1>"),
        ("api_key = abc; API-KEY=abc", "api_key = <token 1>; API-KEY=<token 1>"),
        ("postgresql://deskhand:pa55@db.example/acme", "postgresql://deskhand:<token 1>@db.example/acme"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer <token 1>"),
        ("key ghp_abcdefghij0123456789abcd.", "key <token 1>."),
        ("AKIAIOSFODNN7EXAMPLE", "<token 1>"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "<token 1>"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "<token 1>"),
        ("the secret is open-sesame, open-sesame", "the secret is <secret>, <secret>"),
        ("?p=a%2Fb%20c&q", "?p=<secret>&q"),
    ],
)
def test_masked(text: str, masked: str) -> None:
    assert Redactor(["open-sesame", "a/b c"]).text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Invoice R-2026-00017 over 1,234.50 EUR was due on 2026-03-11",
        'to: "{{ email }}"',
        'password = "${env:MAIL_PASSWORD}"',
        "*@acme.example, ledger.vendors.email",
        "DE89370400440532013001",  # the checksum is wrong
        "4111 1111 1111 1112",  # and here
        "1234567890123456",  # begins as no card does
        "order 12.4111111111111111",
        "a" * 64,
        "tokens: 5 secretly",
        "abc",  # a secret, but too short to be one
        "",
    ],
)
def test_left_as_it_is(text: str) -> None:
    assert Redactor(["abc"]).text(text) == text


def test_json_keeps_its_shape() -> None:
    value: Any = {
        "a@b.example": [1, None, True, 1.5, 4111111111111111],
        "password": "hunter2",
        "smtp_password": "${env:X}",
        "key_token": 5,
        "deep": [{"to": "A@b.example"}],
    }
    assert Redactor().value(value) == {
        "<email 1>": [1, None, True, 1.5, "<card 1>"],
        "password": "<token 1>",
        "smtp_password": "${env:X}",
        "key_token": 5,
        "deep": [{"to": "<email 1>"}],
    }


def test_each_log_entry_counts_anew_and_each_value_once() -> None:
    redactor = Redactor()
    assert [redactor.text(t) for t in ("a@x.example", "b@x.example", "a@x.example")] == [
        "<email 1>",
        "<email 2>",
        "<email 1>",
    ]
    assert Redactor().text("b@x.example") == "<email 1>"


PIECES = st.sampled_from(
    ["jo@acme.example", "DE89370400440532013000", "4111111111111111", "password=", "token: ", "hunter2", "'", '"', "://u:",
     "p@h", " ", "s3cret", "ghp_abcdefghij0123456789", "Bearer ", "<", ">", "\n", "${env:X}", "-", "{{", "}}"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=5), max_size=8).map("".join))
@example("password=<email 1>")
def test_masking_twice_is_masking_once(text: str) -> None:
    once = Redactor(["s3cret"]).text(text)
    assert Redactor(["s3cret"]).text(once) == once
    assert "s3cret" not in once


@given(st.text(st.characters(categories=["Ll", "Lu", "Nd"], max_codepoint=127), min_size=1), st.text(max_size=20))
def test_an_address_never_gets_through(name: str, around: str) -> None:
    assert "@acme.example" not in Redactor().text(f"{around} {name}@acme.example {around}").replace(around, "")


@pytest.mark.parametrize(
    "piece",
    ["x", "a'", "eyJ-", "eyJaaaaaaaa.", "password:", "password='", "1 ", "1", "DE11", "DE11 ", "://", "://a:", "@a",
     "a@", "@a.", "sk-", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "bearer ", "<", ".", "a.b-c+"],
)  # fmt: skip
def test_a_megabyte_of_anything_takes_no_time(piece: str) -> None:
    """Were a pattern not linear, this wouldn't end within the tests' time limit."""
    Redactor(["s3cret"]).text(piece * (1_000_000 // len(piece)))


def test_the_checksums() -> None:
    assert is_iban("GB82WEST12345698765432")
    assert not is_iban("GB82WEST1234569876543")
    assert not is_iban("XX82WEST12345698765432")
    assert is_card("378282246310005")
    assert not is_card("37828224631000")
    assert not is_card("0000000000000000")
