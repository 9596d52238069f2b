"""Header lines: what comes in whatever form is read; what goes out is ASCII, folded, and reads back the same."""

from __future__ import annotations

import datetime as dt
import email
import email.policy

import pytest
from deskhand.errors import BusinessError
from deskhand_tools.mail.headers import (
    Address,
    decode_bytes,
    decode_header,
    encode_text,
    one_line,
    parse_addresses,
    read_addresses,
    read_date,
)
from hypothesis import given
from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("plain", "plain"),
        ("=?utf-8?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?UTF-8?B?R3LDtsOf?= =?UTF-8?B?ZQ==?=", "Größe"),
        # a character split between two words
        ("=?utf-8?B?R3LD?= =?utf-8?B?tsOf?=", "Größ"),
        ("=?iso-8859-1?Q?caf=E9?= and more", "café and more"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?utf-8*de?Q?Gr=C3=BCn?=", "Grün"),
        ("=?no-such-charset?Q?Gr=C3=BCn?=", "Grün"),
        ("=?utf-8?B?!!!?=", ""),
        ("folded\r\n line", "folded line"),
        ("=?utf-8?Q?two=0Alines?=", "two lines"),
        (b"M\xfcller".decode("ascii", "surrogateescape"), "Müller"),
        ("Grün".encode().decode("ascii", "surrogateescape"), "Grün"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?zlib?B?eJw=?=", "x�"),
    ],
)
def test_headers_are_read_in_every_form(raw: str, read: str) -> None:
    assert decode_header(raw) == read


@given(texts)
def test_any_text_comes_back_from_a_header(text: str) -> None:
    written = encode_text(text)
    assert written.isascii()
    assert all(line.startswith(" ") for line in written.split("\n")[1:])
    assert all(len(line) < 998 and line.strip() for line in written.split("\n")[1:])
    assert decode_header(written) == one_line(text)


@given(texts)
def test_the_standard_library_reads_our_headers_the_same(text: str) -> None:
    kept = "".join(c for c in one_line(text) if c.isprintable())
    message = email.message_from_string(f"Subject: {encode_text(kept)}\n\n", policy=email.policy.default)
    assert str(message["Subject"]).split() == kept.split()


@given(st.binary(max_size=100), st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["utf-16", "idna", "hex"])))
def test_no_bytes_in_no_charset_raise(raw: bytes, charset: str | None) -> None:
    decode_bytes(raw, charset).encode("utf-8")


@given(st.text(max_size=100))
def test_no_header_raises(raw: str) -> None:
    decode_header(raw).encode("utf-8")
    read_addresses([raw])
    read_date(raw)


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@b.example", [("a@b.example", "")]),
        ("a@B.Example, c@d.example;e@f.example", [("a@b.example", ""), ("c@d.example", ""), ("e@f.example", "")]),
        ("Ada Lovelace <ada@b.example>", [("ada@b.example", "Ada Lovelace")]),
        ('"Lovelace, Ada" <ada@b.example>; x@y.example', [("ada@b.example", "Lovelace, Ada"), ("x@y.example", "")]),
        ("Jörg Müller <joerg@b.example>", [("joerg@b.example", "Jörg Müller")]),
        ("a@müller.example", [("a@xn--mller-kva.example", "")]),
        ("a@[192.168.0.1]", [("a@[192.168.0.1]", "")]),
        ("a@[IPv6:2001:db8::1]", [("a@[IPv6:2001:db8::1]", "")]),
        ('"two words"@b.example', [('"two words"@b.example', "")]),
        ("o'neil+tag=x@b.example", [("o'neil+tag=x@b.example", "")]),
        ("a@b.example,", [("a@b.example", "")]),
        ("  ", []),
    ],
)
def test_addresses_are_split_and_read(text: str, found: list[tuple[str, str]]) -> None:
    assert [(a.address, a.name) for a in parse_addresses(text)] == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("vendor", "no @"),
        ("@b.example", "before the @"),
        ("a@", "after the @"),
        ("a@b..example", "after the @"),
        ("a@-b.example", "after the @"),
        ("a b@c.example", "before the @"),
        ("a@b@c.example", "before the @"),
        (".a@b.example", "before the @"),
        ("a@b.example\nBcc: evil@c.example", "line break"),
        ("Ada\r\nBcc: x@y.example <a@b.example>", "line break"),
        ("a@b.example\x00", "control character"),
        ("ü@b.example", "ASCII"),
        ("a" * 65 + "@b.example", "too long"),
        ("a@" + "b" * 64 + ".example", "after the @"),
        ("Ada <a@b.example> Bob", "before the @"),
        ("<a@b.example", "before the @"),
    ],
)
def test_a_bad_address_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BusinessError) as caught:
        parse_addresses(text)
    assert why in caught.value.message
    assert caught.value.mend


@given(texts)
def test_any_display_name_comes_back(name: str) -> None:
    name = one_line(name)
    header = Address("a@b.example", name).header()
    assert header.isascii()
    [read] = read_addresses([header])
    assert read.address == "a@b.example"
    # blanks around encoded words are the sender's to lose, not ours
    assert read.name.split() == name.split()


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("=?utf-8?Q?M=C3=BCller?= <M@B.Example>", [("M@b.example", "Müller")]),
        ("=?utf-8?Q?M=C3=BCller_=3Cm@b.example=3E?=", [("m@b.example", "Müller")]),
        ('"=?utf-8?Q?M=C3=BCller?=" <m@b.example>', [("m@b.example", "Müller")]),
        ("a@b.example (Ada)", [("a@b.example", "Ada")]),
        ("undisclosed-recipients:;", []),
        ("Group: a@b.example, c@d.example;", [("a@b.example", ""), ("c@d.example", "")]),
        ("broken <a@b.example", [("a@b.example", "broken")]),
        ("", []),
        ("nobody", []),
    ],
)
def test_addresses_of_mails_are_read_leniently(raw: str, found: list[tuple[str, str]]) -> None:
    assert [(a.address, a.name) for a in read_addresses([raw])] == found


# ---------------------------------------------------------------- dates


def test_a_date_keeps_its_zone() -> None:
    moment = read_date("Wed, 11 Mar 2026 09:15:00 +0200")
    assert moment is not None
    assert moment.astimezone(dt.UTC) == dt.datetime(2026, 3, 11, 7, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "raw", ["", "soon", "Wed, 99 Mar 2026 09:15:00", "Wed, 11 Mar 99999 09:15:00 +0000", "1 Jan 1900 00:00:00"]
)
def test_what_is_no_date_is_none(raw: str) -> None:
    assert read_date(raw) is None
