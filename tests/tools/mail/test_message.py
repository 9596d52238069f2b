"""Mails as they come: whole, broken, hostile. Nothing raises, nothing is lost that can be read."""

from __future__ import annotations

import base64

import pytest
from deskhand_tools.mail.message import Mail, bare_id
from hypothesis import given
from hypothesis import strategies as st

MIXED = b"""From: Ada <ada@b.example>
To: ap@acme.example
Subject: Files
Message-ID: <1@b.example>
Date: Wed, 11 Mar 2026 09:15:00 +0100
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: multipart/alternative; boundary="y"

--y
Content-Type: text/html; charset=utf-8

<p>Hello <b>there</b></p>
--y
Content-Type: text/plain; charset=utf-8

Hello plain
--y--
--x
Content-Type: text/csv
Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.csv
Content-Transfer-Encoding: base64

YSxiCjEsMgo=
--x
Content-Type: image/png; name="C:\\pics\\logo.png"
Content-ID: <logo>
Content-Transfer-Encoding: base64

AAAA
--x
Content-Type: application/pdf; name="=?utf-8?Q?Gr=C3=B6=C3=9Fe=2Epdf?="
Content-Transfer-Encoding: base64

AAAA
--x
Content-Type: message/rfc822

Subject: inner
Content-Type: text/plain

inner text
--x
Content-Type: application/octet-stream

raw
--x
Content-Type: text/plain

-- footer
--x--
"""


def test_a_mail_with_many_parts() -> None:
    mail = Mail(MIXED)
    assert mail.body == "Hello plain\n-- footer"
    assert [(a.name, a.type) for a in mail.attachments()] == [
        ("Größe.csv", "text/csv"),
        ("Größe.pdf", "application/pdf"),
        ("message-3.eml", "message/rfc822"),
        ("attachment-4.bin", "application/octet-stream"),
    ]
    assert mail.attachments()[0].content == b"a,b\n1,2\n"
    assert b"inner text" in mail.attachments()[2].content
    assert mail.head.attachments[0] == ("Größe.csv", "text/csv", 8)
    assert mail.head.date == "2026-03-11T09:15:00+01:00"
    assert mail.id == "<1@b.example>"


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"", ""),
        (b"\n", ""),
        (b"no headers at all", "no headers at all"),
        (b"\nonly a body\n", "only a body"),
        (b"Subject: x\n\nGr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Subject: x\n\nGr\xfc\xdfe", "Grüße"),
        (b"Content-Type: text/plain; charset=us-ascii\n\n\x80 5", "€ 5"),
        (b"Content-Type: text/plain; charset=iso-8859-1\n\n\x80 5", "€ 5"),
        (b"Content-Type: text/plain; charset=nonsense\n\nGr\xc3\xbcn", "Grün"),
        (b"Content-Type: text/plain; charset=utf-8\n\nbad \xff end", "bad � end"),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!not base64!!", "!!not base64!!"),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: x-odd\n\nabc", "abc"),
        (b"Content-Type: multipart/mixed\n\nno boundary", "no boundary"),
        (b"Content-Type: multipart/mixed; boundary=q\n\nnever occurs", "never occurs"),
        (b"Content-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/plain\n\ncut off", "cut off"),
        (b"Content-Type: ;;;\n\nodd type", "odd type"),
        (b"Content-Type: text/html\n\n<p>a<br>b &amp; c<script>evil()</script>", "a\nb & c"),
        (b"Content-Type: text/html\n\n<![if !mso]><p>x", "x"),
        (b"Subject: x\r\n\r\none\r\ntwo\rthree\r\n\r\n", "one\ntwo\nthree"),
    ],
)
def test_a_broken_mail_gives_what_text_it_has(raw: bytes, body: str) -> None:
    assert Mail(raw).body == body


def test_a_mail_without_headers_has_an_id_of_its_own() -> None:
    head = Mail(b"just text").head
    assert head.id == Mail(b"just text").head.id
    assert head.id != Mail(b"just text.").head.id
    assert head.id.startswith("sha256:")
    assert (head.sender, head.sender_name, head.recipients, head.cc, head.date) == (None,) * 5
    assert head.subject == ""
    assert head.attachments == ()


@pytest.mark.parametrize("header", [b"Message-ID:", b"Message-ID:   ", b"Message-ID: <>", b"message-id: < >"])
def test_an_empty_message_id_is_none(header: bytes) -> None:
    assert Mail(header + b"\n\nx").id.startswith("sha256:")


def test_a_folded_message_id_is_trimmed() -> None:
    assert Mail(b"Message-ID:\r\n <abc@d.example>  \r\n\r\n").id == "<abc@d.example>"
    assert bare_id(" <abc@d.example> ") == bare_id("abc@d.example") == "abc@d.example"


def test_an_unreadable_date_falls_back_to_the_last_server() -> None:
    received = b"Received: from a by b; Tue, 10 Mar 2026 08:00:00 +0000\n"
    assert Mail(b"Date: soon\n" + received + b"\nx").head.date == "2026-03-10T08:00:00+00:00"
    assert Mail(b"Date: soon\n\nx").head.date is None
    assert Mail(b"Date: Wed, 11 Mar 2026 09:15:00 -0000\n\nx").head.date == "2026-03-11T09:15:00+00:00"


def test_deeply_nested_parts_are_no_harm() -> None:
    layers = 3000
    raw = b"Subject: deep\nFrom: a@b.example\n"
    raw += b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(layers))
    head = Mail(raw + b"\nend").head
    assert (head.subject, head.sender) == ("deep", "a@b.example")


def test_two_senders_and_none() -> None:
    assert Mail(b"From: a@b.example, c@d.example\n\n").head.sender == "a@b.example"
    assert Mail(b"Sender: Ada <a@B.example>\n\n").head.sender == "a@b.example"
    assert Mail("From: Jörg <a@b.example>\n\n".encode("latin-1")).head.sender_name == "Jörg"


@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    mail = Mail(raw)
    assert mail.head.id
    mail.body.encode("utf-8")


HEADERS = [b"Content-Type", b"Content-Disposition", b"Content-Transfer-Encoding", b"From", b"Date", b"Subject", b"To"]
VALUES = [
    *(b"multipart/mixed; boundary=x", b"text/html; charset=", b"text/plain; charset*=x''y", b"message/rfc822"),
    *(b"attachment; filename*0*=utf-8''%FF; filename*1=b", b"attachment; filename*=bad", b"base64", b"=?x?b?y?="),
    *(
        b"quoted-printable",
        b"\xff\xfe",
        b'"',
        b"<",
        b'multipart/alternative; boundary=""',
        b'application/x; name="\xe4"',
    ),
]


@given(
    st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from(VALUES)), max_size=6),
    st.lists(
        st.sampled_from([b"--x\n", b"--x--\n", b"\n", b"Content-Type: text/csv\n", b"=ZZ\n", b"<![x", b"text"]),
        max_size=12,
    ),
)
def test_no_mixture_of_odd_headers_and_parts_raises(headers: list[tuple[bytes, bytes]], parts: list[bytes]) -> None:
    raw = b"".join(name + b": " + value + b"\n" for name, value in headers) + b"\n" + b"".join(parts)
    mail = Mail(raw)
    mail.body.encode("utf-8")
    for name, kind, size in mail.head.attachments:
        (name + kind).encode("utf-8")
        assert name
        assert size >= 0


def test_a_pictures_place_in_html_is_no_attachment_but_an_attached_one_is() -> None:
    raw = b"""Content-Type: multipart/related; boundary=x

--x
Content-Type: text/html

<img src="cid:a">see <a href="https://tracker.example/?id=1">here</a>
--x
Content-Type: image/png
Content-ID: <a>
Content-Transfer-Encoding: base64

%s
--x
Content-Type: image/png
Content-ID: <b>
Content-Disposition: attachment; filename=scan.png

raw
--x--
""" % base64.b64encode(b"png")
    mail = Mail(raw)
    assert mail.body == "see here"
    assert [a.name for a in mail.attachments()] == ["scan.png"]
