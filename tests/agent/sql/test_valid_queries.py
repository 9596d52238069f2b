"""Queries that must be accepted, each with the rows worked out by hand from the office's data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

d = dt.date

CASES: list[tuple[str, str, list[tuple[Any, ...]]]] = [
    # ---- selecting and filtering
    ("columns", "select number, amount from ledger.invoices where id = 1", [("R-1", D("100.00"))]),
    ("case is ignored", "SELECT NUMBER FROM Ledger.Invoices WHERE ID = 1", [("R-1",)]),
    ("quoted columns ignore case", 'select "NUMBER" from "LEDGER"."Invoices" where "Id" = 1', [("R-1",)]),
    ("from first", "from ledger.vendors select name where id = 2", [("Beta",)]),
    ("from alone", "from ledger.vendors limit 1", [(1, "Ärzte & Co", "a@x.example")]),
    ("star", "select * from ledger.vendors where id = 2", [(2, "Beta", "b@x.example")]),
    ("star without", "select * exclude (email) from ledger.vendors where id = 2", [(2, "Beta")]),
    ("star with another", "select * replace (upper(name) as name) from ledger.vendors where id = 2", [(2, "BETA", "b@x.example")]),
    ("star renamed", "select * rename (name as vendor) from ledger.vendors where id = 3", [(3, "Gamma", None)]),
    ("headers verbatim", 'select "Paid in", "Invoice no." from files."bank.csv" where "Ref" = \'P1\'', [(D("100.00"), "R-1")]),
    ("a sheet", 'select "Cost centre" as c from files."budget.xlsx/2026" order by 1', [("IT",), ("Ops",)]),
    ("a glob", 'select sku, qty from mail."attachments/*.csv"', [("007", 3)]),
    ("keywords as names", 'select "Select" from ledger."order" where id = 2', [("b",)]),
    ("qualified by connection", "select ledger.invoices.number from ledger.invoices where ledger.invoices.id = 1", [("R-1",)]),
    ("same name in two connections",
     "select ledger.invoices.number, files.invoices.x from ledger.invoices join files.invoices on files.invoices.id = ledger.invoices.id",
     [("R-1", "file")]),
    ("a step", "select number, total from overdue", [("R-1", D("100.00")), ("R-3", D("19.99"))]),
    ("a step in other case", "select number from Overdue where total < 50", [("R-3",)]),
    ("an act's confirmed rows", "select number from remind.done", [("R-1",)]),
    ("comments", "select -- which; one\n number /* and 'this' */ from ledger.invoices where id = 1;", [("R-1",)]),
    ("texts like comments", "select 'it''s; -- no comment /* */' as t", [("it's; -- no comment /* */",)]),
    ("boolean column alone", "select number from ledger.invoices where checked and amount < 50", [("R-3",)]),
    ("null is no match", "select number from ledger.invoices where vendor_id is null", [("R-6",)]),
    ("in texts", "select id from ledger.invoices where number in ('R-1', 'R-3')", [(1,), (3,)]),
    ("in decimals", "select id from ledger.invoices where amount in (100, 250.5)", [(1,), (2,)]),
    ("between days", "select id from ledger.invoices where due_date between '2026-02-01' and '2026-03-10'", [(2,), (3,)]),
    ("like", "select number from ledger.invoices where number like 'R-%' and number not ilike 'r-2' limit 2 offset 1", [("R-3",), ("R-4",)]),
    ("regexp", r"select regexp_extract(number, 'R-(\d+)', 1) as n from ledger.invoices where id < 3", [("1",), ("2",)]),
    ("full match by tilde", "select number ~ 'R' as part, number ~ 'R-.' as whole_ from ledger.invoices where id = 1", [(False, True)]),
    ("case", "select case when amount >= 100 then 'big' else 'small' end as size from ledger.invoices where id in (1, 3)", [("big",), ("small",)]),
    ("case of", "select case status when 'open' then 1 when 'paid' then 2 end as s from ledger.invoices where id < 4", [(1,), (2,), (None,)]),
    ("coalesce", "select coalesce(note, '-') as n from ledger.invoices where id < 3", [("-",), ("ok",)]),
    ("alias used again", "select amount * 2 as twice, twice + 1 as more from ledger.invoices where twice > 1000", [(D("2000.00"), D("2001.00"))]),
    ("reads the old value", "select 'expired' as status, number from ledger.invoices where status = 'paid'", [("expired", "R-2")]),
    # ---- joins
    ("join",
     "select i.number, v.name from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id where i.id = 3",
     [("R-3", "Ärzte & Co")]),
    ("join using", "select number, name from ledger.invoices join ledger.vendors using (id)", [("R-1", "Ärzte & Co"), ("R-2", "Beta"), ("R-3", "Gamma")]),
    ("natural join", 'select * from ledger.vendors natural join ledger."order"', [(1, "Ärzte & Co", "a@x.example", "a"), (2, "Beta", "b@x.example", "b")]),
    ("left join finds gaps",
     "select v.name from ledger.vendors v left join ledger.invoices i on i.vendor_id = v.id and i.status = 'paid' where i.id is null order by 1",
     [("Gamma",), ("Ärzte & Co",)]),
    ("full join",
     'select i.number, b."Ref" from ledger.invoices i full join files."bank.csv" b on b."Invoice no." = i.number order by all nulls last',
     [("R-1", "P1"), ("R-2", "P2"), ("R-3", None), ("R-4", None), ("R-5", None), ("R-6", None), (None, "P3")]),
    ("self join", "select a.id as a, b.id as b from ledger.invoices a join ledger.invoices b on a.vendor_id = b.vendor_id and a.id < b.id order by 1", [(1, 3), (2, 5)]),
    ("cross join", 'select count(*) as n from ledger.vendors, ledger."order"', [(6,)]),
    ("semi join", "select number from ledger.invoices i semi join ledger.vendors v on v.id = i.vendor_id where i.id > 4", [("R-5",)]),
    ("anti join", "select number from ledger.invoices i anti join ledger.vendors v on v.id = i.vendor_id", [("R-6",)]),
    ("asof join", "select i.number, m.qty from ledger.invoices i asof join ledger.measures m on i.due_date >= m.day where i.id = 1", [("R-1", 0)]),
    ("join in brackets",
     "select i.number from (ledger.invoices i join ledger.vendors v on v.id = i.vendor_id) where v.name = 'Gamma'",
     [("R-4",)]),
    # ---- subqueries
    ("in a query", "select name from ledger.vendors where id in (select vendor_id from ledger.invoices where status = 'paid')", [("Beta",)]),
    ("exists", "select v.name from ledger.vendors v where exists (select 1 from ledger.invoices i where i.vendor_id = v.id and i.amount > 500)", [("Beta",)]),
    ("scalar subquery", "select v.name, (select count(*) from ledger.invoices i where i.vendor_id = v.id) as n from ledger.vendors v order by v.id", [("Ärzte & Co", 2), ("Beta", 2), ("Gamma", 1)]),
    ("largest of each", "select number from ledger.invoices where (vendor_id, amount) in (select vendor_id, max(amount) from ledger.invoices group by vendor_id)", [("R-1",), ("R-4",), ("R-5",)]),
    ("greater than all", "select number from ledger.invoices where amount > all (select amount from ledger.invoices where id = 2)", [("R-5",)]),
    ("derived table", "select x.n from (select count(*) as n from ledger.invoices) x where x.n > 3", [(6,)]),
    ("derived table with names", "select a, b from (select id, name from ledger.vendors) as t(a, b) where a = 1", [(1, "Ärzte & Co")]),
    ("lateral", "select i.number, l.twice from ledger.invoices i, lateral (select i.amount * 2 as twice) l where i.id = 1", [("R-1", D("200.00"))]),
    ("cte", "with open_ as (select * from ledger.invoices where lower(status) = 'open') select count(*) as n from open_", [(4,)]),
    ("ctes in a row", "with a as (select id, amount from ledger.invoices), b(key, double_) as (select id, amount * 2 from a) select double_ from b where key = 1", [(D("200.00"),)]),
    ("a cte hides a step", "with overdue as (select 1 as one) select one from overdue", [(1,)]),
    ("recursive cte", "with recursive r as (select 1 as n union all select n + 1 from r where n < 4) select sum(n) as s from r", [(10,)]),
    # ---- groups, windows, sets
    ("group", "select vendor_id, sum(amount) as total from ledger.invoices where vendor_id is not null group by vendor_id order by total desc", [(2, D("1250.50")), (1, D("119.99")), (3, D("0.30"))]),
    ("group all", "select lower(status) as s, count(*) as n from ledger.invoices group by all order by all", [("open", 4), ("paid", 1), (None, 1)]),
    ("group by alias, having alias", "select lower(status) as s, count(*) as n from ledger.invoices group by s having n > 1", [("open", 4)]),
    ("rollup", "select vendor_id, count(*) as n from ledger.invoices where id < 4 group by rollup (vendor_id) order by 1 nulls last", [(1, 2), (2, 1), (None, 3)]),
    ("filter", "select count(*) filter (where amount > 50) as n, sum(amount) filter (where checked) as s from ledger.invoices", [(3, D("1119.99"))]),
    ("string_agg", "select string_agg(number, ', ' order by amount desc) as s from ledger.invoices where amount > 50", [("R-5, R-2, R-1",)]),
    ("string_agg distinct", "select string_agg(distinct lower(status), '|' order by lower(status)) as s from ledger.invoices", [("open|paid",)]),
    ("median", "select median(amount) as m from ledger.invoices where id in (1, 2)", [(D("175.25"),)]),
    ("window", "select number, row_number() over (partition by vendor_id order by due_date desc) as n from ledger.invoices where vendor_id = 1 order by number", [("R-1", 2), ("R-3", 1)]),
    ("named window", "select id, lag(amount) over w as before from ledger.invoices where id < 3 window w as (order by id) order by id", [(1, None), (2, D("100.00"))]),
    ("running total", "select id, sum(amount) over (order by id rows unbounded preceding) as s from ledger.invoices where id < 4 order by id", [(1, D("100.00")), (2, D("350.50")), (3, D("370.49"))]),
    ("ignore nulls", "select id, last_value(note ignore nulls) over (order by id) as n from ledger.invoices where id < 4 order by id", [(1, None), (2, "ok"), (3, "ok")]),
    ("qualify", "select number from ledger.invoices qualify row_number() over (partition by vendor_id order by amount desc) = 1 and vendor_id is not null order by 1", [("R-1",), ("R-4",), ("R-5",)]),
    ("distinct on", "select distinct on (vendor_id) vendor_id, number from ledger.invoices where vendor_id < 3 order by vendor_id, due_date desc", [(1, "R-3"), (2, "R-5")]),
    ("union", 'select number from ledger.invoices where id = 1 union select "Invoice no." from files."bank.csv" order by 1', [("R-1",), ("R-2",), ("R-9",)]),
    ("except", 'select "Invoice no." as n from files."bank.csv" except select number from ledger.invoices', [("R-9",)]),
    ("intersect in brackets", '(select number from ledger.invoices) intersect (select "Invoice no." from files."bank.csv") order by number', [("R-1",), ("R-2",)]),
    ("union by name", "select 1 as a, 'x' as b union all by name select 'y' as b, 2 as a", [(1, "x"), (2, "y")]),
    ("an untyped null", "select null as x union all select amount from ledger.invoices where id = 1", [(None,), (D("100.00"),)]),
    ("pivot", "select * from (select vendor_id, status, amount from ledger.invoices where vendor_id = 2) pivot (sum(amount) for status in ('open', 'paid') group by vendor_id)", [(2, D("1000.00"), D("250.50"))]),
    ("total row", "select vendor_id, sum(amount) as amount from ledger.invoices where vendor_id = 2 group by 1 union all select null, sum(amount) from ledger.invoices", [(2, D("1250.50")), (None, D("1370.79"))]),
    # ---- lists, series, lambdas, structures
    ("unnest in select", "select unnest(string_split('a,b', ',')) as part", [("a",), ("b",)]),
    ("unnest in from", "select i.id, u.part from ledger.invoices i, unnest(string_split(i.number, '-')) as u(part) where i.id = 1 order by 2", [(1, "1"), (1, "R")]),
    ("range", "select x from range(2, 5) as t(x)", [(2,), (3,), (4,)]),
    ("a series as long as a query says", "select g from generate_series(1, (select max(i.id) - 1 from ledger.vendors i)) t(g) where g not in (select v.id from ledger.vendors v where v.id = 1) order by g", [(2,)]),
    ("days from a query to a query", "select s.day from generate_series((select min(i.due_date) from ledger.invoices i), (select min(i.due_date) + 1 from ledger.invoices i), interval 1 day) as s(day) limit 1", [(d(2026, 1, 31),)]),
    ("series of days", "select s.day from generate_series(date '2026-01-30', date '2026-02-01', interval 1 day) as s(day)", [(d(2026, 1, 30),), (d(2026, 1, 31),), (d(2026, 2, 1),)]),
    ("values", "select n, s from (values (1, 'a'), (2, null)) as v(n, s)", [(1, "a"), (2, None)]),
    ("lambda", "select list_sum(list_transform([1, 2, 3], lambda x: x * 2)) as s", [(12,)]),
    ("lambda with arrow", "select list_filter([1, 2, 3], x -> x > 2)[1] as x", [(3,)]),
    ("comprehension", "select list_sum([x * 2 for x in [1, 2, 3] if x > 1]) as s", [(10,)]),
    ("index into an aggregate", "select list(number order by id desc)[1] as last_number from ledger.invoices", [("R-6",)]),
    ("structure", "select s.a, s.b from (select {'a': 1, 'b': 'x'} as s)", [(1, "x")]),
    ("json", "select json_extract_string('{\"a\": {\"b\": 1}}', '$.a.b') as x", [("1",)]),
    # ---- dates and times
    ("date plus days", "select due_date + 30 as x, due_date - 31 as y from ledger.invoices where id = 1", [(d(2026, 3, 2), d(2025, 12, 31))]),
    ("date plus a month", "select due_date + interval 1 month as x from ledger.invoices where id = 1", [(d(2026, 2, 28),)]),
    ("date plus a column of days", "select due_date + vendor_id as x, due_date + interval (vendor_id) weeks as y from ledger.invoices where id = 1", [(d(2026, 2, 1), d(2026, 2, 7))]),
    ("date plus hours", "select due_date + interval 6 hours as x from ledger.invoices where id = 1", [(dt.datetime(2026, 1, 31, 6),)]),
    ("days between", "select current_date - due_date as late from ledger.invoices where id = 1", [(39,)]),
    ("date parts", "select extract(year from due_date) as y, month(due_date) as m, strftime(due_date, '%d.%m.%Y') as s from ledger.invoices where id = 1", [(2026, 1, "31.01.2026")]),
    ("date_trunc is a date", "select date_trunc('month', due_date) as m from ledger.invoices where id = 1", [(d(2026, 1, 1),)]),
    ("logical time", "select current_date as d, current_timestamp as t, now() as n, today() as y", [(d(2026, 3, 11), dt.datetime(2026, 3, 11, 9, 30), dt.datetime(2026, 3, 11, 9, 30), d(2026, 3, 11))]),
    ("timestamp by day", "select id from mail.inbox where day = current_date", [("m2",)]),
    ("timestamp cast", "select id from mail.inbox where date::date = '2026-03-10' or cast(date as date) = days_ago(2)", [("m1",)]),
    ("timestamp from midnight", "select id from mail.inbox where date >= '2026-03-11' and date < '2026-03-12'", [("m2",)]),
    ("timestamp literal", "select id from mail.inbox where date > '2026-03-10 08:00' and date < timestamp '2026-03-10 09:00:00'", [("m1",)]),
    ("date as a function", "select date('2026-01-31') as d, date(date) as e from mail.inbox where id = 'm1'", [(d(2026, 1, 31), d(2026, 3, 10))]),
    ("a day that isn't one", "select try_cast('2026-02-30' as date) as x", [(None,)]),
    # ---- money
    ("division is exact", "select amount / 3 as x from ledger.invoices where id = 1", [(D("33.3333333333"),)]),
    ("division by zero is null", "select amount / 0 as a, 1 / 0 as b, 7 // 0 as c, 7 % 0 as d, mod(7, 0) as e from ledger.invoices where id = 1", [(None,) * 5]),
    ("integers divide exactly", "select 1 / 2 as half, 7 // 2 as whole_, 7 % 2 as rest, -7 // 2 as neg", [(D("0.5"), 3, 1, -3)]),
    ("tax", "select amount * 0.19 as tax, round(amount * 0.19, 2) as rounded from ledger.invoices where id = 3", [(D("3.7981"), D("3.80"))]),
    ("percent", "select round(100 * amount / sum(amount) over (), 1) as pct from ledger.invoices where id < 3 order by 1", [(D("28.5"),), (D("71.5"),)]),
    ("average", "select avg(amount) as a, sum(amount) / count(*) as b from ledger.invoices where id < 4", [(D("123.4966666667"), D("123.4966666667"))]),
    ("average of integers", "select avg(id) as a, sum(id) as s from ledger.invoices", [(D("3.5"), 21)]),
    ("sums are exact", "select sum(x) as s from (select unnest([0.1, 0.2, 0.3]) as x)", [(D("0.6"),)]),
    ("products don't overflow", "select amount * amount * amount as x from ledger.invoices where id = 5", [(D("1000000000"),)]),
    ("decimals in lists", "select list_sum([x / 2 for x in [1.5, 2.5]]) as s", [(D("2.0"),)]),
    ("doubles stay doubles", "select sum(reading) / 2 as x, 1 / reading as y from ledger.measures group by reading order by 1", [(0.0, None), (0.75, 2 / 3)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[c[0] for c in CASES])
def test_rows(office: Any, name: str, text: str, expected: list[tuple[Any, ...]]) -> None:
    assert office.rows_of(text) == expected


def test_the_corpus_is_broad() -> None:
    assert len(CASES) >= 60
    assert len({c[0] for c in CASES}) == len(CASES)
