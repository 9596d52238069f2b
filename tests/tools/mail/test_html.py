"""Plain text out of HTML."""

from __future__ import annotations

import pytest
from deskhand_tools.mail.html import html_to_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<table><tr><th>No</th><td>R-1</td></tr><tr><td>R-2</td></tr></table>", "No R-1\n\nR-2"),
        ("a&nbsp;&amp;&#8364;", "a &€"),
        ("<head><title>t</title><style>p {}</style></head><body>b</body>", "b"),
        ("<head><body>b", "b"),
        ("x<script>if (a < b) alert('</p>')</script>y", "xy"),
        ("<!-- c -->x<!doctype html>", "x"),
        ("a\n  b\t c", "a b c"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("<div>a<div>b</div>c</div>", "a\nb\nc"),
        ("if a <b", "if a <b"),
        ("<td>a</td></p></style>b", "a\n\nb"),
    ],
)
def test_html_gives_its_text(source: str, text: str) -> None:
    assert html_to_text(source) == text


@given(st.text(alphabet="<>!/?-[]abp&;#\"'= \n", max_size=80))
def test_no_html_raises(source: str) -> None:
    html_to_text(source)


def test_a_huge_mail_is_cut_rather_than_waited_for() -> None:
    assert len(html_to_text("a " * 3_000_000)) <= 2_000_000
