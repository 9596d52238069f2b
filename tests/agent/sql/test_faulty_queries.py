"""Queries that must be refused, each with its code, a piece of its message and a piece of its mend."""

from __future__ import annotations

from typing import Any

import pytest

INPUTS = {"grace": "BIGINT", "who": "VARCHAR", "since": "DATE"}
I = "from ledger.invoices"  # noqa: E741

CASES: list[tuple[str, str, str, str]] = [
    # ---- not one query
    ("", "syntax", "empty", "select"),
    ("-- nothing", "syntax", "empty", "select"),
    ("select", "invalid-query", "", ""),
    (f"select number {I} where", "syntax", "can't be read", ""),
    (f"select number {I} where (id = 1", "syntax", "can't be read", ""),
    ("select 'open", "syntax", "quote", ""),
    ("selct 1", "not-a-query", "'selct' is an unknown word: a query begins with `select`", "did you mean select?"),
    ("selct number from ledger.invoices", "not-a-query", "'selct' is an unknown word", "did you mean select?"),
    ("-- all\nwiht x as (select 1 as a) select a from x", "not-a-query", "'wiht' is an unknown word", "did you mean with?"),
    ("pivot ledger.invoices on status in ('open') using sum(amount) group by vendor_id order by 1", "not-a-query", "", "pivot (sum("),
    ("select * from (pivot ledger.invoices on status in ('open') using sum(amount) group by vendor_id)", "not-a-query", "isn't a table", "pivot (sum("),
    (f"select number {I} where status = cancelled", "unknown-column", "no column cancelled", "single quotes: 'cancelled'"),
    (f"select vendor_id, sum(amount) * vendor_id as x {I} group by all", "invalid-query", "mix aggregates", "instead of `all`"),
    (f"select top 5 number {I}", "syntax", "near '5'", "limit 5"),
    (f"select date_add('day', 3, due_date) as d {I}", "type-mismatch", "date_add", "candidates"),
    ("select id from mail.inbox where date >= start_of('month', -1)", "type-mismatch", "and start_of('month', -1) (DATE) a date", "cast(date as date)"),
    ("select id from mail.inbox where date >= current_date - 7", "type-mismatch", "and current_date - 7 (DATE) a date", "`day`"),
    ("select id from mail.inbox where date < days_ahead(3) + 1", "type-mismatch", "days_ahead(3) + 1 (DATE)", "`day`"),
    ("select 1; select 2", "several-statements", "2 statements", "step of its own"),
    (f"select 1; delete {I}", "several-statements", "2 statements", ""),
    (f"delete {I}", "not-a-query", "delete", "acts"),
    ("insert into ledger.vendors values (4, 'x', 'y')", "not-a-query", "an insert", "acts"),
    ("update ledger.vendors set name = 'x'", "not-a-query", "an update", "acts"),
    ("create table x as select 1", "not-a-query", "a create", "acts"),
    ("drop table ledger.vendors", "not-a-query", "a drop", "acts"),
    ("copy (select 1) to '/tmp/x.csv'", "not-a-query", "a copy", "acts"),
    ("attach 'x.db'", "not-a-query", "an attach", "acts"),
    ("pragma database_list", "not-a-query", "a pragma", "acts"),
    ("set threads = 8", "not-a-query", "a set", "acts"),
    ("install httpfs", "not-a-query", "", "acts"),
    ("explain select 1", "not-a-query", "", ""),
    ("with x as (delete from ledger.vendors returning *) select * from x", "not-a-query", "", ""),
    (f"select number {I} tablesample 10%", "not-a-query", "sample", "leave it out"),
    (f"select number {I} using sample 3", "not-a-query", "sample", "leave it out"),
    (f"select number {I} where id = {{{{ n }}}}", "syntax", "isn't a template", ":name"),
    ("select 0x1F as n", "syntax", "0x1F", "decimal"),
    ("select 'a\x01grace\x02' as t", "syntax", "control character", ""),
    # ---- tables
    ("select * from invoices_", "unknown-table", "invoices_", "ledger.invoices"),
    ("select * from vendors", "unknown-table", "vendors", "ledger.vendors"),
    ("select * from ledger.invoice", "unknown-table", "ledger has no table invoice", "ledger.invoices"),
    ("select * from leger.invoices", "unknown-table", "no connection leger", "ledger"),
    ("select * from overdu", "unknown-table", "overdu", "overdue"),
    ("select * from files.budget.xlsx", "unknown-table", "files.budget.xlsx", '"budget.xlsx"'),
    ("select * from 'bank.csv'", "unknown-table", "bank.csv", 'files."bank.csv"'),
    ("select * from '/etc/passwd'", "unknown-table", "/etc/passwd", "catalog"),
    ("select * from information_schema.tables", "unknown-table", "information_schema", ""),
    ("select * from pg_catalog.pg_tables", "unknown-table", "pg_catalog", ""),
    ("select * from sqlite_master", "unknown-table", "sqlite_master", ""),
    (f"select x.number {I} i", "unknown-table", "x", "it reads: i"),
    (f"select x.* {I} i", "unknown-table", "x.*", "it reads: i"),
    # ---- functions
    ("select * from read_csv('/etc/passwd')", "forbidden-function", "read_csv", "catalog"),
    ("select * from read_text('/etc/passwd')", "forbidden-function", "read_text", "catalog"),
    ("select * from glob('*')", "forbidden-function", "glob", "catalog"),
    ("select * from duckdb_settings()", "forbidden-function", "duckdb_settings", ""),
    ("select * from pragma_table_info('x')", "forbidden-function", "pragma_table_info", ""),
    ("select * from query('select 1')", "forbidden-function", "query", ""),
    ("select getenv('HOME') as h", "forbidden-function", "getenv", ""),
    ("select current_setting('threads') as s", "forbidden-function", "current_setting", ""),
    ("select nextval('s') as n", "forbidden-function", "nextval", ""),
    ("select random() as r", "forbidden-function", "random", "same rows"),
    ("select gen_random_uuid() as r", "forbidden-function", "gen_random_uuid", "same rows"),
    ("select localtimestamp as t", "forbidden-function", "localtimestamp", "logical time"),
    ("select current_time as t", "forbidden-function", "current_time", "logical time"),
    ("select get_current_timestamp() as t", "forbidden-function", "get_current_timestamp", "logical time"),
    ("select transaction_timestamp() as t", "forbidden-function", "transaction_timestamp", "logical time"),
    (f"select age(due_date::timestamp) as a {I}", "forbidden-function", "clock", "current_date"),
    ("select version() as v", "forbidden-function", "version", ""),
    ("select error('x') as e", "unknown-function", "error", ""),
    ("select main.getenv('x') as e", "forbidden-function", "through a dot", ""),
    ("select \"read_csv\"('x') as e", "forbidden-function", "read_csv", ""),
    ("select list_sum([getenv(x) for x in ['a']]) as e", "forbidden-function", "getenv", ""),
    (f"select max(columns(*)), getenv('x') {I}", "forbidden-function", "getenv", ""),
    ("select lowr('A') as l", "unknown-function", "lowr", "lower"),
    (f"select day_ago(3) as l {I}", "unknown-function", "day_ago", "days_ago"),
    (f"select to_char(due_date, 'YYYY') as y {I}", "unknown-function", "to_char", "strftime"),
    (f"select date(number, 2) as y {I}", "type-mismatch", "date", ""),
    ("select date('soon') as y", "type-mismatch", "no date", ""),
    ("select * from lower('x')", "forbidden-function", "gives no table", "unnest"),
    # ---- columns
    (f"select nmber {I}", "unknown-column", "nmber in invoices", "number"),
    (f"select i.nmber {I} i", "unknown-column", "i has no column nmber", "number"),
    ("select Paid in from files.\"bank.csv\"", "unknown-column", "Paid", "Paid in"),
    (f'select number {I} where status = "open"', "unknown-column", "open", "'open'"),
    (f"select number {I} order by amout", "unknown-column", "amout", "amount"),
    (f"select sum(amount) as s {I} group by vendor", "unknown-column", "vendor", "vendor_id"),
    (f"select number {I} having amout > 3", "unknown-column", "amout", "amount"),
    (f"select * exclude (nope) {I}", "unknown-column", "nope", ""),
    ("select number from ledger.invoices join ledger.vendors using (name)", "unknown-column", "name", ""),
    ("select name as n", "unknown-column", "reads no table", ""),
    ("select rowid from ledger.vendors", "unknown-column", "rowid", "id"),
    ("with x as (select id from ledger.vendors) select name from x", "unknown-column", "name in x", "id"),
    ("select number from overdue where amount > 3", "unknown-column", "amount in overdue", "total"),
    ("select id from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id", "ambiguous-column", "i.id or v.id", "write i.id"),
    ("select id from (select i.id, v.id from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id) x", "ambiguous-column", "two columns id", "as"),
    ("select name from ledger.vendors where id in (select vendor_id from ledger.invoices where name = 'x')", "outer-column", "name", "vendors.name"),
    ("select name from ledger.vendors v where exists (select 1 from ledger.invoices where vendor_id = v.id and email is null)", "outer-column", "email", "v.email"),
    ("select * from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id", "duplicate-column", "id", "as id_2"),
    (f"select amount as a, id as A {I}", "duplicate-column", "a", "as"),
    (f"select list(number) as l {I}", "unfit-column", "a list", "string_agg"),
    (f"select due_date - due_date::timestamp as x {I}", "unfit-column", "an interval", "subtract dates"),
    (f"select i as x {I} i", "unfit-column", "a structure", ""),
    # ---- inputs
    (f"select number {I} where due_date < days_ago(:grce)", "unknown-input", ":grce", "grace"),
    (f"select number {I} where id = ?", "unknown-input", ":?", ""),
    (f"select number {I} where amount > :who", "type-mismatch", ":who", ""),
    # ---- types
    (f"select id {I} where due_date < 'tomorrow'", "type-mismatch", "'tomorrow', which is no date", "YYYY-MM-DD"),
    (f"select id {I} where due_date = '31/01/2026'", "type-mismatch", "no date", "YYYY-MM-DD"),
    (f"select id {I} where due_date = '2026-02-30'", "type-mismatch", "no date", "YYYY-MM-DD"),
    (f"select date '2026-02-30' as x {I}", "type-mismatch", "no date", "YYYY-MM-DD"),
    (f"select id {I} where due_date > 20260101", "type-mismatch", "column due_date (DATE)", "cast"),
    (f"select id {I} where due_date = number", "type-mismatch", "column number (VARCHAR)", "try_cast"),
    (f"select id {I} where id = 'abc'", "type-mismatch", "column id (BIGINT) is a number", ""),
    (f"select id {I} where id = '5'", "type-mismatch", "column id (BIGINT) is a number", "5 without quotes"),
    (f"select id {I} where number = 5", "type-mismatch", "column number (VARCHAR) is a text", "'5' in quotes"),
    (f"select id {I} where number in (5, 6)", "type-mismatch", "column number (VARCHAR)", "'5' in quotes"),
    (f"select id {I} where id in ('a', 'b')", "type-mismatch", "column id (BIGINT)", ""),
    (f"select id {I} where amount between '1' and '9'", "type-mismatch", "column amount (DECIMAL(18,2))", "1 without quotes"),
    (f"select id {I} where checked = 1", "type-mismatch", "column checked (BOOLEAN)", "true or false"),
    (f"select id {I} where checked = 'yes'", "type-mismatch", "column checked (BOOLEAN)", "true or false"),
    (f"select id {I} where amount", "type-mismatch", "where takes a boolean", "compare"),
    (f"select id {I} where number", "type-mismatch", "where takes a boolean", "compare"),
    (f"select id {I} where not id", "type-mismatch", "not takes a boolean", "compare"),
    (f"select id {I} where checked and id", "type-mismatch", "and takes a boolean", "compare"),
    (f"select vendor_id {I} group by 1 having count(*)", "type-mismatch", "having takes a boolean", "compare"),
    (f"select number {I} qualify row_number() over (order by id)", "type-mismatch", "qualify takes a boolean", ""),
    (f"select case when id then 1 end as x {I}", "type-mismatch", "case when takes a boolean", ""),
    (f"select count(*) filter (where id) as x {I}", "type-mismatch", "filter takes a boolean", ""),
    (f"select if(id, 1, 2) as x {I}", "type-mismatch", "if takes a boolean", ""),
    ("select i.number from ledger.invoices i join files.\"bank.csv\" b on b.\"Ref\" = i.id", "type-mismatch", "column Ref (VARCHAR)", "cast"),
    ("select i.number from ledger.invoices i join ledger.vendors v on v.id", "type-mismatch", "on takes a boolean", ""),
    ("select x from (select id::varchar as id, 1 as x from ledger.vendors) a join ledger.invoices using (id)", "type-mismatch", "id", "cast"),
    ("select date from mail.inbox where date < current_date", "type-mismatch", "is a timestamp", "day"),
    ("select date from mail.inbox where date = '2026-03-10'", "type-mismatch", "is a timestamp", "day"),
    ("select date from mail.inbox where date <= '2026-03-10'", "type-mismatch", "is a timestamp", "day"),
    ("select date from mail.inbox where date = 'yesterday'", "type-mismatch", "no timestamp", ""),
    (f"select case when id = 1 then amount else 'none' end as x {I}", "type-mismatch", "'none' is a text", ""),
    (f"select coalesce(due_date, 'none') as x {I}", "type-mismatch", "no date", ""),
    (f"select coalesce(amount, number) as x {I}", "type-mismatch", "column number", ""),
    (f"select greatest(due_date, id) as x {I}", "type-mismatch", "column id", ""),
    (f"select nullif(id, 'x') as x {I}", "type-mismatch", "'x' is a text", ""),
    (f"select case status when 1 then 2 end as x {I}", "type-mismatch", "column status", ""),
    (f"select number {I} where id in (select name from ledger.vendors)", "type-mismatch", "column name (VARCHAR)", ""),
    (f"select number {I} where id in (select id, name from ledger.vendors)", "type-mismatch", "2 columns", ""),
    (f"select number {I} where id = (select id, name from ledger.vendors)", "type-mismatch", "2 columns", ""),
    (f"select number {I} union select id {I}", "type-mismatch", "differ in column number", "cast"),
    (f"select number {I} union select id, number {I}", "type-mismatch", "1 and 2 columns", "null fills"),
    (f"select sum(number) as s {I}", "type-mismatch", "sum doesn't take VARCHAR", ""),
    (f"select number + 1 as s {I}", "type-mismatch", "+ doesn't take VARCHAR", ""),
    (f"select due_date + due_date as s {I}", "type-mismatch", "due_date + due_date", ""),
    (f"select amount * checked as s {I}", "type-mismatch", "is a boolean", ""),
    (f"select lower(id) as s {I}", "type-mismatch", "lower doesn't take", ""),
    (f"select number {I} where amount like '1%'", "type-mismatch", "amount", ""),
    (f"select amount, sum(id) as s {I}", "invalid-query", "GROUP BY", ""),
    (f"select number {I} where sum(amount) > 3", "invalid-query", "WHERE", ""),
    (f"select sum(sum(amount)) as s {I}", "invalid-query", "", ""),
    (f"select round(amount, id) as s {I}", "type-mismatch", "constant", ""),
    ("select [1, 'a'][1] as x", "type-mismatch", "'a' is a text", ""),
    ("select a from (values (1), ('x')) as v(a)", "type-mismatch", "'x' is a text", ""),
    # ---- business dates
    ("select start_of('mont') as d", "wrong-word", "'mont' is no unit", "'month'"),
    ("select end_of('fortnight') as d", "wrong-word", "'fortnight' is no unit", "day, week, month, quarter, year"),
    ("select last_weekday('firday') as d", "wrong-word", "'firday' is no weekday", "'friday'"),
    ("select next_weekday(5) as d", "type-mismatch", "weekday as text", ""),
    ("select days_ago('3') as d", "type-mismatch", "a whole number", ""),
    ("select days_ago(1.5) as d", "type-mismatch", "a whole number", ""),
    ("select days_ago() as d", "type-mismatch", "days_ago takes n", ""),
    ("select start_of('month', 1, 2) as d", "type-mismatch", "here are 3", ""),
    ("select add_business_days('soon', 2) as d", "type-mismatch", "a date", ""),
    (f"select id {I} where days_ago(3) > id", "type-mismatch", "is a date", ""),
    ("select now(3) as d", "type-mismatch", "no arguments", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "message", "mend"), CASES, ids=[c[0][:70] for c in CASES])
def test_problem(office: Any, text: str, code: str, message: str, mend: str) -> None:
    analysis = office.analyse(text, INPUTS)
    assert analysis.query is None
    fitting = [p for p in analysis.problems if p.code == code]
    assert fitting, [str(p) for p in analysis.problems]
    assert message in fitting[0].message
    assert mend in fitting[0].mend
    for problem in analysis.problems:
        assert problem.message
        assert "_deskhand" not in str(problem)
        assert "p0" not in problem.message
        assert "\n" not in problem.message


def test_the_corpus_is_broad() -> None:
    assert len(CASES) >= 60
    assert len({c[0] for c in CASES}) == len(CASES)


def test_every_problem_is_reported_with_its_place(office: Any) -> None:
    text = "select nmber,\n       sum(number) as s\nfrom ledger.invoices\nwhere due_date < 'tomorrow'\n  and lowr(status) = 'x'"
    problems = office.analyse(text).problems
    assert [(p.code, p.where.line, p.where.column) for p in problems] == [
        ("unknown-column", 1, 8),
        ("type-mismatch", 2, 8),
        ("type-mismatch", 4, 7),
        ("unknown-function", 5, 7),
    ]


def test_a_wrong_cte_isnt_complained_about_twice(office: Any) -> None:
    text = "with x as (select nmber as n from ledger.invoices) select n from x where n = 1"
    assert office.codes(text) == ["unknown-column"]


def test_open_sources_are_checked_as_far_as_they_can_be(office: Any) -> None:
    analysis = office.analyse("select anything, lower(other) as o from later where start = 'x'")
    assert analysis.problems == []
    assert analysis.query.open
    assert analysis.query.columns == ()
    assert analysis.query.steps == ("later",)
    saved = office.analyse('select s.x from files."saved.csv" s join ledger.vendors v on v.id = s.id')
    assert saved.problems == []
    assert saved.query.open
    assert office.codes("select lowr(x) as l, v.nme from later l join ledger.vendors v on v.id = l.id") == [
        "unknown-function",
        "unknown-column",
    ]


def test_long_chains_and_deep_nesting(office: Any) -> None:
    many = " or ".join(f"id = {n}" for n in range(1500))
    assert office.rows_of(f"select count(*) as n from ledger.invoices where {many}") == [(5 + 1,)]
    both = " and ".join(f"id <> {n}" for n in range(2, 900))
    assert office.rows_of(f"select id from ledger.invoices where {both}") == [(1,)]
    for deep in ("(" * 3000 + "1" + ")" * 3000, "-" * 1 + " -" * 2500 + "1", "lower(" * 900 + "'x'" + ")" * 900):
        assert office.codes(f"select {deep} as x") == ["syntax"]
