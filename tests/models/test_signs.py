"""The list of words: what a checkpoint's numbers mean."""

from __future__ import annotations

from deskhand_models import signs
from deskhand_models.acts import TOOLS
from deskhand_models.signs import NUMBER_OF, WORDS, Ref


def test_every_word_has_one_number() -> None:
    assert len(set(WORDS)) == len(WORDS), "a word stands twice"
    assert [WORDS[NUMBER_OF[word]] for word in WORDS] == list(WORDS)
    assert WORDS[0] == "<plan>"


def test_every_group_is_in_the_list() -> None:
    plain = (
        signs.ENDS, signs.CLAUSES, signs.LOGIC, signs.COMPARISONS, signs.TESTS, signs.ARITHMETIC, signs.AGGREGATES,
        signs.FUNCTIONS, signs.DATES, signs.CONSTANTS, signs.TEXTS, signs.ACTS, signs.PARAMETERS, signs.STEPS,
        signs.OUTPUTS,
    )  # fmt: skip
    marked = {
        "u": signs.UNITS, "d": signs.WEEKDAYS, "s": signs.SHIFTS, "n": signs.NUMBERS, "m": signs.MARKS, "a": signs.ASKS,
        "c": signs.CANNOTS,
    }  # fmt: skip
    expected = {"<plan>"} | {word for group in plain for word in group}
    expected |= {f"{mark}_{word}" for mark, group in marked.items() for word in group}
    assert set(WORDS) == expected


def test_every_act_has_its_tool() -> None:
    assert set(TOOLS) == set(signs.ACTS)


def test_pointers_are_equal_by_what_they_point_at() -> None:
    assert Ref("table", ("db", "t")) == Ref("table", ("db", "t"))
    assert len({Ref("table", ("db", "t")), Ref("table", ("db", "t")), Ref("column", ("db", "t"))}) == 2
