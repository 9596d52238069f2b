"""The grammar of signs: what it takes, what it refuses, what each plan is, and that no way through it fails."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import sqlglot
from deskhand.plan import Query
from deskhand.plan_print import print_plan
from deskhand.plan_yaml import parse as read_plan
from deskhand_models.corpus.validate import by_name, whole_slice
from deskhand_models.grammar import Parse, QueryDraft, parse
from deskhand_models.signs import ACTS, NUMBER_OF, Ref, Sign, Unfit
from deskhand_models.slices import Slice, allowed
from deskhand_models.to_plan import to_plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SliceFor = Callable[[str], Slice]
Signs = Callable[[Slice, str], list[Sign]]

REQUEST = (
    "send Bids all lots of sale 26-11 over 1,200 that came in March or by 3 May, within 10 days, to new@firm.example"
)
LOTS = "from t:Lots"

SAID = {
    "columns": (f"{LOTS} select c:Lots.LotNo c:Lots.Hammer stop", "select LotNo, Hammer from saleroom.Lots l"),
    "a value of the column": (
        f"{LOTS} where c:Lots.Outcome = v:Lots.Outcome=SOLD select c:Lots.LotNo stop",
        "select LotNo from saleroom.Lots l where Outcome = 'SOLD'",
    ),
    "words of the request": (
        f"{LOTS} where c:Lots.SaleNo = span w:26 w:11 select c:Lots.LotNo stop",
        "select LotNo from saleroom.Lots l where lower(SaleNo) = '26-11'",
    ),
    "a stated number": (
        f"{LOTS} where c:Lots.Hammer > l:number select c:Lots.LotNo stop",
        None,
    ),
    "a group with its sum": (
        f"{LOTS} group c:Lots.Dept having sum c:Lots.Hammer > n_1000 select c:Lots.Dept sum c:Lots.Hammer"
        " order sum c:Lots.Hammer desc limit n_5 stop",
        "select Dept, sum(Hammer) as total_hammer from saleroom.Lots l group by Dept having sum(Hammer) > 1000"
        " order by sum(Hammer) desc limit 5",
    ),
    "a join": (
        f"{LOTS} join t:Sales on c:Lots.SaleNo = c:Sales.SaleNo select c:Lots.LotNo c:Sales.SaleDate stop",
        "select l.LotNo, s.SaleDate from saleroom.Lots l join saleroom.Sales s on l.SaleNo = s.SaleNo",
    ),
    "brackets": (
        f"{LOTS} where c:Lots.Hammer is_null and [ c:Lots.EstLow > n_100 or c:Lots.EstHigh > n_100 ]"
        " select c:Lots.LotNo stop",
        "select LotNo from saleroom.Lots l where Hammer is null and (EstLow > 100 or EstHigh > 100)",
    ),
    "something that isn't there": (
        "from t:Consignments where not_exists from t:Lots where c:Lots.ConsignRef = c:Consignments.ConsignRef )"
        " select c:Consignments.ConsignRef stop",
        "select ConsignRef from saleroom.Consignments c where not exists (select 1 from saleroom.Lots l"
        " where l.ConsignRef = c.ConsignRef)",
    ),
    "dates": (
        "from t:Sales where c:Sales.SaleDate >= start_of u_month s_-1 and c:Sales.SaleDate < days_ahead n_10"
        " select c:Sales.SaleNo stop",
        "select SaleNo from saleroom.Sales s where SaleDate >= start_of('month', -1) and SaleDate < days_ahead(10)",
    ),
    "a case": (
        f"{LOTS} select case when c:Lots.Hammer > n_1000 then n_1 else n_0 end stop",
        "select case when Hammer > 1000 then 1 else 0 end as value from saleroom.Lots l",
    ),
}


def queries(plan_signs: list[Sign], cut: Slice) -> list[str]:
    return [step.sql for step in parse(cut, plan_signs).steps if isinstance(step, QueryDraft)]


@pytest.mark.parametrize(("text", "sql"), SAID.values(), ids=list(SAID))
def test_what_a_query_says(text: str, sql: str | None, slice_for: SliceFor, signs_of: Signs) -> None:
    cut = slice_for(REQUEST)
    (made,) = queries(signs_of(cut, text), cut)
    assert made == (sql or f"select LotNo from saleroom.Lots l where Hammer > {cut.literals[0].value}")


REFUSED = {
    "an end without a plan": ("", "stop"),
    "a table that the query hasn't": (LOTS + " select", "c:Sales.SaleDate"),
    "a text compared with a number": (LOTS + " where c:Lots.Dept =", "n_5"),
    "a number compared with a text": (LOTS + " where c:Lots.Hammer =", "c:Lots.Dept"),
    "a date compared with a number": ("from t:Sales where c:Sales.SaleDate <", "n_5"),
    "a value of another column": (LOTS + " where c:Lots.Dept =", "v:Lots.Outcome=SOLD"),
    "text's tests on a number": (LOTS + " where c:Lots.Hammer", "contains"),
    "a period on a number": (LOTS + " where c:Lots.Hammer", "within"),
    "a sum in where": (LOTS + " where", "sum"),
    "a sum of texts": (LOTS + " select sum", "c:Lots.Dept"),
    "the same table twice": (LOTS + " join", "t:Lots"),
    "a step that comes later": ("", "from", "#1"),
    "a span that ends before it begins": (LOTS + " where c:Lots.Dept = span w:sale", "w:send"),
    "rows that no query found": ("send", "rows"),
    "an update without rows": ("", "update"),
    "a table of a sheet for a database's act": (LOTS + " select c:Lots.LotNo c:Lots.Hammer update rows #1", "t:book"),
    "a table without the columns that the rows bring": (
        LOTS + " select c:Lots.LotNo c:Lots.Hammer update rows #1",
        "t:Sales",
    ),
    "rows that are no mails beside some that are": (
        LOTS + " select c:Lots.LotNo from t:inbox select c:*.id trash rows",
        "#1",
    ),
    "a mail to a number": ("send to", "l:number"),
    "a column that the rows haven't": (LOTS + " select c:Lots.LotNo send rows #1 to me mention", "c:Lots.Hammer"),
    "anything after the end": (LOTS + " select c:Lots.LotNo stop", "from"),
    "anything after a refusal": ("cannot c_data", "stop"),
}


@pytest.mark.parametrize("parts", REFUSED.values(), ids=list(REFUSED))
def test_what_is_refused(parts: tuple[str, ...], slice_for: SliceFor, signs_of: Signs) -> None:
    cut = slice_for(REQUEST)
    running = Parse(cut)
    for sign in signs_of(cut, " ".join(parts[:-1])):
        running.feed(sign)
    (odd,) = signs_of(cut, parts[-1])
    assert odd not in allowed(cut, running.wants)
    with pytest.raises(Unfit, match="wanted"):
        running.feed(odd)


def test_a_plan_that_stops_short(slice_for: SliceFor, signs_of: Signs) -> None:
    cut = slice_for(REQUEST)
    with pytest.raises(Unfit, match="stops short"):
        parse(cut, signs_of(cut, LOTS))


def test_questions_and_refusals(slice_for: SliceFor, signs_of: Signs) -> None:
    cut = slice_for(REQUEST)
    assert parse(cut, signs_of(cut, "ask a_recipient")).ask == "recipient"
    assert parse(cut, signs_of(cut, "cannot c_danger")).cannot == "danger"
    with pytest.raises(ValueError, match="no plan"):
        to_plan(parse(cut, signs_of(cut, "ask a_which")), cut)


ROWS = f"{LOTS} where c:Lots.Hammer is_null select c:Lots.SaleNo c:Lots.LotNo c:Lots.Hammer "
MAILS = "from t:inbox select c:*.id c:*.subject "
BIDS = "from t:book select c:book.Lot c:book.Bidder "
SAYS = {
    "send": ("send to p:bids say span w:send w:lots", "email.send"),
    "reply": (MAILS + "reply rows #1 say span w:send w:lots", "email.reply"),
    "forward": (MAILS + "forward rows #1 to p:bids", "email.forward"),
    "move": (MAILS + "move rows #1 folder t:sent", "email.move"),
    "copy": (MAILS + "copy rows #1 folder t:sent", "email.copy"),
    "mark": (MAILS + "mark rows #1 m_read", "email.mark"),
    "trash": (MAILS + "trash rows #1", "email.delete"),
    "save": (MAILS + "save rows #1", "email.save_attachments"),
    "update": (ROWS + "update rows #1 t:Lots", "database.update"),
    "insert": (ROWS + "insert rows #1 t:Lots", "database.insert"),
    "upsert": (ROWS + "upsert rows #1 t:Lots", "database.upsert"),
    "delete": (ROWS + "delete rows #1 t:Lots", "database.delete"),
    "write": (ROWS + "write rows #1", "spreadsheet.write"),
    "append": (BIDS + "append rows #1 t:book", "spreadsheet.append"),
    "sheet_update": (BIDS + "sheet_update rows #1 t:book key c:book.Lot", "spreadsheet.update"),
    "sheet_delete": (BIDS + "sheet_delete rows #1 t:book key c:book.Lot", "spreadsheet.delete_rows"),
    "approve": (ROWS + "approve rows #1", "approve"),
}


@pytest.mark.parametrize(
    "text",
    [
        LOTS + " where c:Lots.Hammer is_null or c:Lots.Hammer is_null select",
        LOTS + " where c:Lots.Hammer > c:Lots.Hammer select",
        LOTS + " where c:Lots.Dept = c:Lots.Dept select",
        LOTS + " select c:Lots.LotNo c:Lots.LotNo stop",
        LOTS + " select n_0 as c:Lots.Hammer n_1 as c:Lots.Hammer stop",
        LOTS + " group c:Lots.Dept c:Lots.Dept select",
        LOTS + " select c:Lots.LotNo order c:Lots.LotNo desc c:Lots.LotNo desc stop",
    ],
)
def test_what_says_a_thing_twice_is_refused(text: str, slice_for: SliceFor, signs_of: Signs) -> None:
    cut = slice_for(REQUEST)
    with pytest.raises(Unfit, match=r"twice|itself"):
        parse(cut, signs_of(cut, text))


def test_every_kind_of_act_is_tried() -> None:
    assert set(SAYS) == set(ACTS)


@pytest.mark.parametrize("act", SAYS)
def test_every_kind_of_act(act: str, slice_for: SliceFor, signs_of: Signs) -> None:
    text, operation = SAYS[act]
    cut = slice_for(REQUEST)
    plan = to_plan(parse(cut, signs_of(cut, f"{text} stop")), cut)
    last = plan.steps[-1]
    assert getattr(last, "operation", "approve") == operation
    assert read_plan(print_plan(plan)).problems == ()


def test_an_act_only_where_its_tool_is() -> None:
    office = by_name()["gavel-and-oak"]
    cut = whole_slice(office, REQUEST)
    without = Slice.of(REQUEST, cut.literals, cut.groups, cut.people, cut.me, {"saleroom": "database"})
    assert "send" in Parse(cut).wants
    assert "send" not in Parse(without).wants


# ------------------------------------------------------------ every way through

CLOSING = frozenset({"stop", ")", "]", "select", "end", "then"})
OFFICES = sorted(by_name())


def step_on(running: Parse, cut: Slice, chance: random.Random, room: int) -> None:
    """One sign at random; words and each kind of pointer alike, and what closes something more often as it grows."""
    signs = allowed(cut, running.wants)
    assert signs, f"nothing may follow {running.signs[-6:]}"
    assert all(sign in NUMBER_OF for sign in signs if isinstance(sign, str)), "every word has a number"
    closing = [sign for sign in signs if sign in CLOSING]
    if closing and chance.random() < len(running.signs) / room:
        running.feed(chance.choice(closing))
        return
    words = [sign for sign in signs if isinstance(sign, str)]
    kinds = sorted({sign.kind for sign in signs if isinstance(sign, Ref)})
    if len(running.signs) > room:
        words = words[:2]
    picked = chance.choice([*words, *(("ref", kind) for kind in kinds for _ in range(3))])
    if isinstance(picked, str):
        running.feed(picked)
    else:
        running.feed(chance.choice([sign for sign in signs if isinstance(sign, Ref) and sign.kind == picked[1]]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), office=st.sampled_from(OFFICES), query=st.booleans(), room=st.sampled_from([25, 60]))
def test_every_walk_that_ends_is_a_plan(seed: int, office: str, query: bool, room: int) -> None:
    chance = random.Random(seed)
    cut = whole_slice(by_name()[office], f"{REQUEST} saying {{{{ 7 * 7 }}}} it's {{% done %}}")
    running = Parse(cut)
    if query:
        running.feed("from")
    while not running.whole and len(running.signs) < 160:
        try:
            step_on(running, cut, chance, room)
        except Unfit:
            return  # it would have said something twice
    if not running.whole or not running.draft.steps:
        return
    plan = to_plan(running.draft, cut)
    again = read_plan(print_plan(plan))
    assert again.problems == ()
    for step in plan.steps:
        if isinstance(step, Query):
            assert isinstance(sqlglot.parse_one(step.query, read="duckdb"), sqlglot.exp.Select)
