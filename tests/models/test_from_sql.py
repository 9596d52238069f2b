"""SQL as signs and back: the same query, and a reason where there are no signs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deskhand_models.corpus.encode import Encoder
from deskhand_models.corpus.pairs import Sentence, Step
from deskhand_models.from_sql import Unsayable, parse_query
from deskhand_models.grammar import QueryDraft, parse
from deskhand_models.slices import Slice

SliceFor = Callable[[str], Slice]

REQUEST = "lots over 1,200 of sale 26-11 in March, say chest, within 10 days"
SLOTS = {"1": "1,200", "2": "26-11", "3": "March", "4": "chest", "5": "10 days"}

BACK = {
    "columns": ("select LotNo, Hammer from saleroom.Lots", "select LotNo, Hammer from saleroom.Lots l"),
    "a number": (
        "select LotNo from saleroom.Lots where Hammer > $1",
        "select LotNo from saleroom.Lots l where Hammer > 1200",
    ),
    "a number on the left": (
        "select LotNo from saleroom.Lots where $1 < Hammer",
        "select LotNo from saleroom.Lots l where Hammer > 1200",
    ),
    "between": (
        "select LotNo from saleroom.Lots where Hammer between 1 and $1",
        "select LotNo from saleroom.Lots l where Hammer >= 1 and Hammer <= 1200",
    ),
    "a value in any case": (
        "select LotNo from saleroom.Lots where lower(Outcome) = 'sold'",
        "select LotNo from saleroom.Lots l where Outcome = 'SOLD'",
    ),
    "words": (
        "select LotNo from saleroom.Lots where SaleNo = $2 and Descr like '%' || $4 || '%'",
        "select LotNo from saleroom.Lots l where lower(SaleNo) = '26-11' and Descr ilike '%chest%'",
    ),
    "begins with": (
        "select LotNo from saleroom.Lots where Descr ilike $4 || '%'",
        "select LotNo from saleroom.Lots l where Descr ilike 'chest%'",
    ),
    "several values": (
        "select LotNo from saleroom.Lots where Dept not in ('FURN', 'PICT')",
        "select LotNo from saleroom.Lots l where Dept not in ('FURN', 'PICT')",
    ),
    "a period": (
        "select ConsignRef from saleroom.Consignments where not within(ReceivedOn, $3)",
        "select ConsignRef from saleroom.Consignments c where not (ReceivedOn >= {from} and ReceivedOn <= {until})",
    ),
    "days": (
        "select ConsignRef from saleroom.Consignments where ReceivedOn < days_ago($5)",
        "select ConsignRef from saleroom.Consignments c where ReceivedOn < days_ago(10)",
    ),
    "a boolean": (
        "select PartyId from saleroom.Parties where IDseen = false",
        "select PartyId from saleroom.Parties p where not IDseen",
    ),
    "and with or": (
        "select LotNo from saleroom.Lots where Hammer is not null and (EstLow > 1 or EstHigh > 1)",
        "select LotNo from saleroom.Lots l where Hammer is not null and (EstLow > 1 or EstHigh > 1)",
    ),
    "not of several": (
        "select LotNo from saleroom.Lots where not (EstLow > 1 or EstHigh > 1)",
        "select LotNo from saleroom.Lots l where not (EstLow > 1 or EstHigh > 1)",
    ),
    "a group by place": (
        "select Dept, count(*) from saleroom.Lots group by 1 order by 2 desc limit 3",
        "select Dept, count(*) as count from saleroom.Lots l group by Dept order by count(*) desc limit 3",
    ),
    "an alias in order": (
        "select Dept, sum(Hammer) as s from saleroom.Lots group by Dept having count(distinct SaleNo) > 1 order by s",
        "select Dept, sum(Hammer) as total_hammer from saleroom.Lots l group by Dept"
        " having count(distinct SaleNo) > 1 order by sum(Hammer)",
    ),
    "a left join": (
        "select l.LotNo, s.SaleDate from saleroom.Lots l left join saleroom.Sales s on l.SaleNo = s.SaleNo",
        "select l.LotNo, s.SaleDate from saleroom.Lots l left join saleroom.Sales s on l.SaleNo = s.SaleNo",
    ),
    "a query in a comparison": (
        "select LotNo from saleroom.Lots where Hammer = (select max(Hammer) from saleroom.Lots)",
        "select LotNo from saleroom.Lots l where Hammer = (select max(lo.Hammer) from saleroom.Lots lo)",
    ),
    "arithmetic": (
        "select LotNo, round((EstHigh - EstLow) * 2, 2) from saleroom.Lots",
        "select LotNo, round(((EstHigh - EstLow) * 2), 2) as value from saleroom.Lots l",
    ),
    "functions": (
        "select upper(Dept), coalesce(Hammer, 0), year(current_date) from saleroom.Lots",
        "select upper(Dept) as value, coalesce(Hammer, 0) as value_2, year(current_date) as value_3 from saleroom.Lots l",
    ),
    "a case": (
        "select case when Hammer is null then 0 when Hammer > $1 then 2 else 1 end from saleroom.Lots",
        "select case when Hammer is null then 0 when Hammer > 1200 then 2 else 1 end as value from saleroom.Lots l",
    ),
    "dates": (
        "select SaleNo from saleroom.Sales where SaleDate >= start_of('month', -1) and SaleDate < next_weekday('monday')",
        "select SaleNo from saleroom.Sales s where SaleDate >= start_of('month', -1) and SaleDate < next_weekday('monday')",
    ),
}  # fmt: skip


def there_and_back(sql: str, cut: Slice) -> str:
    used = {number: words for number, words in SLOTS.items() if f"${number}" in sql}
    spans = {n: (REQUEST.index(words), REQUEST.index(words) + len(words)) for n, words in used.items()}
    signs = Encoder(cut, Sentence("a1", REQUEST, spans, 1)).signs([Step(1, name="s1", sql=sql)])
    (query,) = parse(cut, signs).steps
    assert isinstance(query, QueryDraft)
    return query.sql


@pytest.mark.parametrize(("sql", "back"), BACK.values(), ids=list(BACK))
def test_there_and_back(sql: str, back: str, slice_for: SliceFor) -> None:
    cut = slice_for(REQUEST)
    if "{from}" in back:
        (march,) = [one for one in cut.literals if one.kind == "period" and REQUEST[one.start : one.end] == "March"]
        back = back.replace("{from}", march.value).replace("{until}", march.until)
    assert there_and_back(sql, cut) == back


NOT = {
    "no SQL": ("select from where", "no SQL"),
    "no select": ("delete from saleroom.Lots", "one select"),
    "a union": ("select LotNo from saleroom.Lots union select SaleNo from saleroom.Sales", "one select"),
    "a CTE": ("with a as (select 1) select LotNo from saleroom.Lots", "no signs for with"),
    "distinct": ("select distinct Dept from saleroom.Lots", "no signs for distinct"),
    "a star": ("select * from saleroom.Lots", "one by one"),
    "a cross join": ("select LotNo from saleroom.Lots, saleroom.Sales", "joins are"),
    "a right join": (
        "select LotNo from saleroom.Lots l right join saleroom.Sales s on l.SaleNo = s.SaleNo",
        "joins are",
    ),
    "a table that isn't": ("select a from saleroom.Nothing", "no table saleroom.Nothing"),
    "a column that isn't": ("select Price from saleroom.Lots", "no table here has the column Price"),
    "a table with itself": (
        "select a.LotNo from saleroom.Lots a join saleroom.Lots b on a.SaleNo = b.SaleNo",
        "twice in one query",
    ),
    "a step that isn't": ("select LotNo from s4", "no step 's4'"),
    "a source that is a query": ("select x from (select 1 as x) t", "a source is"),
    "a number from nowhere": ("select LotNo from saleroom.Lots where Hammer > 777", "777 stands neither"),
    "a text from nowhere": ("select LotNo from saleroom.Lots where Descr = 'spoon'", "'spoon' is no sample value"),
    "a simple case": ("select case Dept when 'FURN' then 1 end from saleroom.Lots", "case when"),
    "coalesce of three": ("select coalesce(Hammer, EstLow, 0) from saleroom.Lots", "coalesce takes two"),
    "a function": ("select sqrt(Hammer) from saleroom.Lots", "no signs for SQRT"),
    "a window": ("select row_number() over (order by Hammer) from saleroom.Lots", "no signs for ROW_NUMBER"),
    "a date from nowhere": ("select LotNo from saleroom.Lots where within(CollectedOn, $2)", "isn't read as a period"),
    "two things in a comparison": (
        "select LotNo from saleroom.Lots where Hammer = (select Hammer, EstLow from saleroom.Lots)",
        "one thing",
    ),
}


@pytest.mark.parametrize(("sql", "reason"), NOT.values(), ids=list(NOT))
def test_what_has_no_signs(sql: str, reason: str, slice_for: SliceFor) -> None:
    with pytest.raises(Unsayable, match=reason):
        there_and_back(sql, slice_for(REQUEST))


def test_a_parsed_query_keeps_its_clauses() -> None:
    tree = parse_query("select LotNo from saleroom.Lots where Hammer > $1")
    assert [item.name for item in tree.expressions] == ["LotNo"]
    assert tree.args["where"] is not None
