"""The judge on small states: what is the same to a colleague, and what isn't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deskhand_models.evaluation.judge import Outcome, changes_in_words, difference
from deskhand_models.evaluation.state import Cell, Enclosed, Mail, State, Table, part_from_json, part_to_json
from deskhand_models.evaluation.tables import equal, holds
from hypothesis import given
from hypothesis import strategies as st

GOODS = Table(("id", "name", "price"), ((1, "nut", 2.5), (2, "bolt", None), (3, "ring", 4)))
STOCK = Table(("Item", "Left"), (("nut", "3"), ("bolt", "7")))
INBOX = Mail("inbox", "<1@x>", "ada@b.example", ("me@b.example",), "Hello", "Text", unread=True)
OLD = replace(INBOX, id="<2@x>", folder="Old", subject="Other", unread=False)
FIRST = State({"db/ledger/goods": GOODS, "file/files/stock.csv": STOCK, "mail/mail": (INBOX, OLD)})


def left(answer: Table | None = None, **changes: Any) -> Outcome:
    names = {"goods": "db/ledger/goods", "stock": "file/files/stock.csv", "mails": "mail/mail"}
    return Outcome("done", answer, {names.get(k, f"file/files/{k.replace('__', '.')}"): v for k, v in changes.items()})


def table(*rows: tuple[Cell, ...], columns: str = "") -> Table:
    return Table(tuple(columns.split() or (f"c{n}" for n in range(len(rows[0]) if rows else 1))), rows)


def sent(text: str, to: str = "ada@b.example", **more: Any) -> Mail:
    return Mail("Sent", "", "me@b.example", tuple(sorted(to.split())), more.pop("subject", "S"), text, **more)


NOTHING = left()


# ---------------------------------------------------------------- answers

HELD = [
    ("the same", table(("nut", 1)), table(("nut", 1))),
    ("other order", table(("a", 1), ("b", 2)), table(("b", 2), ("a", 1))),
    ("columns exchanged and more", table(("a", 1), ("b", 2)), table((9, 1, "A"), (8, 2, "B "))),
    ("rounded", table(("a", "133.333333")), table(("a", "133.33"))),
    ("a single value in a row", table(("12.50",)), table(("total", 12.5))),
    ("a name in two columns", table(("Ada Berg", 1), ("Bo Li", 2)), table(("Ada", "Berg", 1), ("Bo", "Li", 2))),
    ("a name in one column", table(("Ada", "Berg", 1), ("Bo", "Li", 2)), table(("Ada Berg", 1), ("Bo Li", 2))),
    ("midnight", table(("2026-03-01",)), table(("2026-03-01T00:00:00",))),
    ("nothing", Table(("a",), ()), Table(("b", "c"), ())),
    ("the same twice", table(("a",), ("a",)), table(("a", 1), ("a", 2))),
]


@pytest.mark.parametrize(("gold", "actual"), [pytest.param(g, a, id=i) for i, g, a in HELD])
def test_answers_that_say_the_same(gold: Table, actual: Table) -> None:
    assert difference(FIRST, left(gold), left(actual)) is None


NOT_HELD = [
    ("one row less", table(("a",), ("b",)), table(("a",)), "1 row instead of 2; c0 b is missing"),
    ("one row more", table(("a",)), table(("a",), ("b",)), "2 rows instead of 1; b is too many"),
    ("another value", table(("a", 1)), table(("a", 2)), "no row holds c0 a, c1 1"),
    ("values of other rows", table(("a", 1), ("b", 2)), table(("a", 2), ("b", 1)), "no row holds"),
    ("no column", table(("a", 1)), table(("a",)), "no row holds"),
    ("one column for two", table((1, 1)), table((1, 2)), "no row holds"),
    ("null for nought", table((0,)), table((None,)), "no row holds"),
    ("none", Table(("a",), ()), table((1,)), "1 row instead of 0"),
    ("a cent", table((1.25,)), table((1.26,)), "no row holds"),
]


@pytest.mark.parametrize(("gold", "actual", "fault"), [pytest.param(*rest, id=i) for i, *rest in NOT_HELD])
def test_answers_that_do_not(gold: Table, actual: Table, fault: str) -> None:
    found = difference(FIRST, left(gold), left(actual))
    assert found is not None
    assert fault in found


def test_order_counts_only_where_it_was_asked_for() -> None:
    gold, actual = table((3,), (2,), (1,)), table((1,), (2,), (3,))
    assert difference(FIRST, left(gold), left(actual)) is None
    found = difference(FIRST, left(gold), left(actual), frozenset(["ordered"]))
    assert found == "the answer: the rows are right, but in another order"


def test_a_question_changes_nothing_and_is_answered() -> None:
    gold = left(table((1,)))
    assert difference(FIRST, gold, NOTHING) == "it doesn't answer"
    changed = left(table((1,)), goods=replace(GOODS, rows=GOODS.rows[:2]))
    assert (
        difference(FIRST, gold, changed)
        == "ledger.goods: it should have been left alone: a row is missing: id 3, name ring, price 4"
    )
    assert difference(FIRST, NOTHING, gold) is None  # an answer besides does no harm


cells = st.one_of(
    st.none(), st.integers(-5, 5), st.sampled_from(["a", "b", "Ada Berg", "2026-03-01"]), st.floats(-9, 9, width=16)
)
tables = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[cells] * n), max_size=6).map(lambda r: table(*r) if r else Table(tuple("abcd"[:n]), ())))  # fmt: skip


@given(tables, st.randoms(use_true_random=False))
def test_a_table_says_the_same_as_itself_shuffled_and_widened(one: Table, random: Any) -> None:
    order = list(range(len(one.columns)))
    random.shuffle(order)
    rows = [(*(row[n] for n in order), "more") for row in one.rows]
    random.shuffle(rows)
    other = Table((*(one.columns[n] for n in order), "x"), tuple(rows))
    assert holds(one, other) is None
    assert equal(one, replace(one, rows=tuple(sorted(one.rows, key=repr)))) is None


@given(tables.filter(lambda t: bool(t.rows)), st.data())
def test_any_one_cell_changed_is_noticed(one: Table, data: Any) -> None:
    row = data.draw(st.integers(0, len(one.rows) - 1))
    column = data.draw(st.integers(0, len(one.columns) - 1))
    changed = [list(r) for r in one.rows]
    changed[row][column] = "quite another"
    other = replace(one, rows=tuple(map(tuple, changed)))
    assert holds(one, other) is not None
    assert equal(one, other) is not None


@given(tables)
def test_a_part_is_the_same_after_json(one: Table) -> None:
    assert part_from_json(part_to_json(one)) == one


# ---------------------------------------------------------------- databases and files


def test_a_table_row_for_row() -> None:
    gold = left(goods=replace(GOODS, rows=((1, "nut", 3), *GOODS.rows[1:])))
    assert difference(FIRST, gold, left(goods=replace(GOODS, rows=(*GOODS.rows[1:], (1, "nut ", "3.00"))))) is None
    assert difference(FIRST, gold, NOTHING) == "ledger.goods: where id is 1, price is 2.5 instead of 3"
    more = left(goods=replace(GOODS, rows=((1, "nut", 3), (2, "bolt", 9), GOODS.rows[2])))
    assert difference(FIRST, gold, more) == "ledger.goods: where id is 2, price is 9 instead of (empty)"
    case = left(goods=replace(GOODS, rows=((1, "Nut", 3), *GOODS.rows[1:])))
    assert difference(FIRST, gold, case) == "ledger.goods: where id is 1, name is Nut instead of nut"


def test_a_file_that_was_there() -> None:
    gold = left(stock=replace(STOCK, rows=(*STOCK.rows, ("ring", "1"))))
    assert difference(FIRST, gold, left(stock=replace(STOCK, rows=(*STOCK.rows, ("ring", 1))))) is None
    assert difference(FIRST, gold, NOTHING) == "files/stock.csv: a row is missing: Item ring, Left 1"
    assert difference(FIRST, gold, left(stock=None)) == "files/stock.csv: it is gone"
    header = left(stock=Table(("Item", "Right"), (*STOCK.rows, ("ring", "1"))))
    assert "the columns are Item, Right instead of Item, Left" in str(difference(FIRST, gold, header))


def test_a_new_file_by_what_it_says() -> None:
    gold = left(low__csv=table(("nut", 3), columns="name left"))
    other = left(**{"x__xlsx/Sheet1": table((3, "Nut", "more"), columns="n item z")})
    assert difference(FIRST, gold, other) is None
    assert difference(FIRST, gold, other, frozenset(["named"])) == "files/low.csv: it is named files/x.xlsx"
    assert difference(FIRST, gold, left(LOW__csv=table(("nut", 3))), frozenset(["named"])) is None
    assert difference(FIRST, gold, NOTHING) == "no file like files/low.csv"
    assert "no row holds name nut, left 3" in str(difference(FIRST, gold, left(x__csv=table(("nut", 4)))))
    two = left(x__csv=table(("nut", 3)), y__csv=table(("nut", 3)))
    assert difference(FIRST, gold, two) == "a file too many: files/y.csv"
    assert "a file too many" in str(difference(FIRST, NOTHING, gold))


def test_new_sheets_and_saved_attachments() -> None:
    gold = left(**{"f__xlsx/fuel": table((1,)), "f__xlsx/high": table((2,))})
    assert difference(FIRST, gold, left(**{"g__xlsx/a": table((2,)), "g__xlsx/b": table((1,))})) is None
    swapped = left(**{"f__xlsx/fuel": table((2,)), "f__xlsx/high": table((1,))})
    assert difference(FIRST, gold, swapped) is None
    assert difference(FIRST, gold, swapped, frozenset(["named"])) is not None
    saved = left(**{"scans/cv__txt": "Ned\n"})
    assert difference(FIRST, saved, left(cv__txt="Ned")) is None
    assert "it is named" in str(difference(FIRST, saved, left(cv__txt="Ned"), frozenset(["named"])))
    assert "something else" in str(difference(FIRST, saved, left(cv__txt="Ted")))


# ---------------------------------------------------------------- mailboxes


def test_where_mails_lie_and_how_they_are_marked() -> None:
    gold = left(mails=(replace(INBOX, folder="Done", unread=False), OLD))
    assert difference(FIRST, gold, left(mails=(OLD, replace(INBOX, folder="done", unread=False)))) is None
    faults = [
        (NOTHING, "the mail 'Hello' is in inbox instead of done"),
        (left(mails=(OLD,)), "the mail 'Hello' isn't in done"),
        (left(mails=(OLD, replace(INBOX, folder="Done"))), "the mail 'Hello' is unread instead of read"),
        (left(mails=(OLD, replace(INBOX, folder="Done", unread=False), INBOX)), "the mail 'Hello' is in inbox too"),
        (left(mails=(replace(INBOX, folder="Done", unread=False), replace(OLD, flagged=True))),
         "the mail 'Other' is read and flagged instead of read"),
    ]  # fmt: skip
    for actual, fault in faults:
        assert difference(FIRST, gold, actual) == f"mail: {fault}"


def mailed(*mails: Mail) -> Outcome:
    return left(mails=(INBOX, OLD, *mails))


def test_mails_by_whom_they_reach() -> None:
    gold = mailed(sent("nut", "ada@b.example"), sent("bolt", "bo@b.example"))
    assert difference(FIRST, gold, mailed(sent("a bolt", "bo@b.example"), sent("Nut!", "ada@b.example"))) is None
    assert difference(FIRST, gold, mailed(sent("nut"))) == "mail: no mail to bo@b.example"
    assert (
        difference(FIRST, gold, mailed(sent("nut bolt", "ada@b.example bo@b.example")))
        == "mail: no mail to ada@b.example"
    )
    more = mailed(sent("nut"), sent("bolt", "bo@b.example"), sent("ring", "cy@b.example", subject="Ring"))
    assert difference(FIRST, gold, more) == "mail: a mail too many to cy@b.example: 'Ring'"
    twice = mailed(sent("nut"), sent("nut"), sent("bolt", "bo@b.example"))
    assert difference(FIRST, gold, twice) == "mail: 2 mails to ada@b.example instead of 1"
    assert "too many" in str(difference(FIRST, NOTHING, gold))
    exchanged = mailed(sent("bolt"), sent("nut", "bo@b.example"))
    assert difference(FIRST, gold, exchanged) == "mail: the mail to ada@b.example: it doesn't say 'nut'"


def test_two_mails_to_one_person_are_told_apart() -> None:
    gold = mailed(sent("R-2041\n12.50"), sent("R-2042\n13.50"))
    assert difference(FIRST, gold, mailed(sent("R-2042 is over 13,50 €"), sent("R-2041 is over 12,50 €"))) is None
    assert difference(FIRST, gold, mailed(sent("R-2042 over 12.50"), sent("R-2041 over 13.50"))) is not None


def test_subjects_count_only_where_they_were_said() -> None:
    gold, actual = mailed(sent("x", subject="Invoice 7")), mailed(sent("x", subject="Your bill"))
    assert difference(FIRST, gold, actual) is None
    assert "its subject is" in str(difference(FIRST, gold, actual, frozenset(["subject"])))
    assert "it doesn't say '8'" in str(difference(FIRST, mailed(sent("8")), gold))
    assert difference(FIRST, mailed(sent("7")), mailed(sent("", subject="Invoice 7"))) is None


def test_a_reply_answers_its_mail() -> None:
    gold = mailed(sent("ok", answers="<1@x>"))
    assert difference(FIRST, gold, mailed(sent("ok then", answers="<1@x>"))) is None
    assert "doesn't answer" in str(difference(FIRST, gold, mailed(sent("ok"))))
    assert "doesn't answer" in str(difference(FIRST, gold, mailed(sent("ok", answers="<2@x>"))))


RULED = "Dear Ada,\n\nnumber  amount\n------  ------\nR-2041   12.50\nR-2042   13.50\n\nYours"
HTML = "<p>Dear Ada</p><table><tr><th>number</th><th>amount</th></tr><tr><td>R-2041</td><td>12.50</td></tr><tr><td>R-2042</td><td>13.50</td></tr></table>"


@pytest.mark.parametrize(
    "mail",
    [
        sent(RULED),
        sent("R-2041 R-2042 12.50 13.50", html=HTML),
        sent("Dear Ada, R-2041, R-2042; 12,50 and 13,50"),
        sent("see the list", attachments=(Enclosed("l.csv", (table(("R-2042", "13.5"), ("R-2041", "12.5")),)),)),
    ],
)
def test_a_list_in_any_form(mail: Mail) -> None:
    assert difference(FIRST, mailed(sent("R-2041\nR-2042\n12.5\n13.5")), mailed(mail)) is None
    assert difference(FIRST, mailed(sent("R-2041\nR-2043\n12.5\n13.5")), mailed(mail)) is not None


def test_a_list_with_a_row_too_many() -> None:
    gold = mailed(sent("R-2041\n12.5"))
    assert "its list has 2 rows" in str(difference(FIRST, gold, mailed(sent(RULED))))
    numbers = State({**FIRST.parts, "db/ledger/bills": table(("R-2041", 12.5), ("R-2042", 13.5), ("R-2043", 1))})
    named = mailed(sent("R-2041 and R-2042: 12.5"))
    assert (
        difference(numbers, gold, named)
        == "mail: the mail to ada@b.example: it names 'r-2042', which doesn't belong there"
    )
    assert difference(numbers, gold, mailed(sent("R-2041: 12.5\n\nOn 2026-01-01, Ada wrote:\n> R-2042?"))) is None


def test_a_name_too_many() -> None:
    people = State(
        {**FIRST.parts, "db/ledger/people": table(("Ada Berg", "sad"), ("Bo Li", "sad"), ("Cy Ray", "glad"))}
    )
    gold = mailed(sent("Bo Li\nsad"))
    assert difference(people, gold, mailed(sent("Dear Ada Berg,\nBo Li is sad, not glad"))) is None
    assert "it names 'cy ray'" in str(
        difference(people, gold, mailed(sent("Dear Ada Berg,\nBo Li and Cy Ray are sad")))
    )


def test_a_number_too_many() -> None:
    rooms = State({**FIRST.parts, "db/ledger/rooms": table((101, 2), (102, 9), (201, 3))})
    gold = mailed(sent("101\n201"))
    assert difference(rooms, gold, mailed(sent("101, 201 (9 beds, 102.50 EUR)"))) is None
    assert "it names '102'" in str(difference(rooms, gold, mailed(sent("101, 102, 201"))))


def test_attached_tables_are_attached() -> None:
    gold = mailed(sent("", attachments=(Enclosed("l.xlsx", (table(("a", 1), ("b", 2)),)),)))
    good = sent("", attachments=(Enclosed("m.csv", (table((2, "b"), (1, "a")),)),))
    assert difference(FIRST, gold, mailed(good)) is None
    assert "no list like l.xlsx is attached" in str(difference(FIRST, gold, mailed(sent("a 1 b 2"))))
    less = sent("", attachments=(Enclosed("m.csv", (table((1, "a")),)),))
    assert "the attached list: 1 row instead of 2" in str(difference(FIRST, gold, mailed(less)))
    letter = mailed(sent("", attachments=(Enclosed("cv.txt", text="Ned"),)))
    assert difference(FIRST, letter, letter) is None
    assert "cv.txt isn't attached" in str(difference(FIRST, letter, mailed(sent(""))))


def test_a_file_written_to_be_attached_is_no_file_too_many() -> None:
    gold = mailed(good := sent("", attachments=(Enclosed("l.csv", (table((1,)),)),)))
    written = Outcome("done", None, {**gold.changes, "file/files/l.csv": table((1,))})
    assert difference(FIRST, gold, written) is None
    assert good.attachments


def test_what_changed_in_words() -> None:
    changed = left(table((1, "a")), goods=replace(GOODS, rows=GOODS.rows[:2]), mails=(INBOX, OLD, sent("nut")))
    words = changes_in_words(FIRST, changed)
    assert words[:2] == ["answer: 1 row of c0, c1", "1 · a"]
    assert "- 3 · ring · 4" in words
    assert words[-1] == "mail to ada@b.example: S\nnut"
