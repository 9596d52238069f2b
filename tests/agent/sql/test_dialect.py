"""What we hand to DuckDB is what was written: both texts parse to the same tree in DuckDB's own parser."""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb
import pytest
from deskhand.sql.allowed import FUNCTIONS, TABLE_FUNCTIONS
from deskhand.sql.derive import derived, source
from deskhand.sql.dialect import marked, parse

EXPRESSIONS = """
lower(x) | first(x ignore nulls) over (order by y) | last(x order by y) | string_agg(distinct x, ',') |
string_agg(x, ', ' order by y desc) | count(distinct x) | count() | list(x order by y)[1] | array_agg(x)[-1] |
l[1:2] | l[i + 1] | {'a': 1} | struct_pack(a := 1) | [1, 2] | row(1, 2) | map {'a': 1} | x['a'] |
case a when 1 then 'x' else 'y' end | x like 'a%' escape '!' | a not like b | a ilike b | a glob b | a similar to b |
x is distinct from y | a // b | a % b | ~a | not a | -a | 5 - -3 | left(a, 2) | right(a, 2) | chr(65) | ceil(a) |
round(a, 2) | mod(a, b) | log(a) | len(a) | length(a) | regexp_extract(a, '(\\d+)', 1) | regexp_replace(a, b, c, 'g') |
greatest(a, b) | strptime(a, '%d/%m/%Y') | strftime(d, '%d.%m.%Y') | date_trunc('month', a) | date_diff('day', a, b) |
date_part('year', d) | concat(a, b) | concat_ws(',', a, b) | a || b | printf('%d', a) | format('{}', a) | make_date(1, 2, 3) |
age(a, b) | epoch(a) | lag(a, 1, 0) over (order by b) | ntile(4) over () | arg_max(a, b) | max(a, 3) | mode(a) |
quantile_cont(a, 0.5) | median(a) | any_value(a) | list_contains(l, 1) | generate_series(1, 3) | unnest(l) | typeof(a) |
sum(x) over (partition by y order by z rows between 1 preceding and current row exclude ties) | sum(x) filter (where y > 1) |
nullif(a, b) | ifnull(a, b) | coalesce(a, b) | try(a) | split_part(a, b, 1) | substr(a, 2, 3) | replace(a, b, c) |
json_extract_string(a, '$.x') | list_aggregate(l, 'sum') | date_add(d, x) | time_bucket(a, b) | hash(a) | md5(a) | a.b.c |
list_transform(l, lambda x: x + 1) | list_reduce(l, lambda x, y: x + y) | percentile_cont(0.5) within group (order by x) | t.date
"""
FROM = """
t limit 3 offset 2 | t group by all order by all | t group by rollup (a, b) | t group by grouping sets ((a), (b), ()) |
t order by a desc nulls first | t qualify row_number() over (order by a) = 1 | t union all by name select b from u |
(select a from t) as x(b) | t where (a, b) in (select a, b from u) | t where a = any (select b from u) | t where a in (1, 2)
"""


def tree(text: str) -> Any:
    raw = duckdb.connect().execute("select json_serialize_sql(?)", [text]).fetchone()
    assert raw is not None
    return placeless(json.loads(raw[0]))


def placeless(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: placeless(v) for k, v in node.items() if not k.startswith("query_location")}
    return [placeless(n) for n in node] if isinstance(node, list) else node


@pytest.mark.parametrize(
    "text",
    [f"SELECT {e.strip()} FROM t" for e in re.split(r"\s\|\s", EXPRESSIONS)]
    + [f"SELECT a FROM {f.strip()}" for f in re.split(r"\s\|\s", FROM)],
)
def test_nothing_is_rewritten_by_parsing(text: str) -> None:
    parsed, problems = parse(text)
    assert problems == []
    assert parsed is not None
    ours = tree(marked(parsed))
    assert not ours.get("error"), (marked(parsed), ours)
    assert ours == tree(text), marked(parsed)


@pytest.mark.parametrize(
    "text",
    [
        "date '2026-03-11'::timestamp",
        "date '2026-03-11'::timestamp::varchar || '!'",
        "timestamp '2026-03-11 09:30:00'::date",
        "'2026-03-11'::date",
        "'2026-03-11'::date::timestamp",
        "decimal(10, 2) '1.5'::varchar",
        "date '2026-03-11' + 1",
        "interval '90 minutes'::varchar",
    ],
)
def test_a_typed_literal_comes_before_a_cast(text: str) -> None:
    def seen(sql: str) -> Any:
        return duckdb.connect().execute(f"SELECT x, typeof(x) FROM ({sql}) AS q(x)").fetchone()

    parsed, problems = parse(f"SELECT {text}")
    assert problems == []
    assert parsed is not None
    assert seen(marked(parsed)) == seen(f"SELECT {text}"), marked(parsed)


def test_the_shipped_list_of_functions_is_what_duckdb_has_now() -> None:
    scalars, tables = derived()
    assert frozenset(scalars) == FUNCTIONS, "run python -m deskhand.sql.derive"
    assert frozenset(tables) == TABLE_FUNCTIONS
    assert "FUNCTIONS = frozenset" in source()


@pytest.mark.parametrize(
    "name",
    [
        "getenv",
        "read_csv",
        "read_text",
        "random",
        "setseed",
        "uuid",
        "nextval",
        "current_setting",
        "getvariable",
        "sleep_ms",
        "version",
        "query",
        "glob",
        "current_localtime",
        "current_localtimestamp",
        "now",
        "error",
        "write_log",
        "duckdb_tables",
        "parquet_scan",
        "which_secret",
        "stats",
    ],
)
def test_impure_functions_arent_listed(name: str) -> None:
    assert name not in FUNCTIONS | TABLE_FUNCTIONS


@pytest.mark.parametrize(
    "name",
    [
        "regexp_extract",
        "string_agg",
        "median",
        "lower",
        "list_transform",
        "row_number",
        "date_diff",
        "strftime",
        "round",
        "arg_max",
        "split_part",
    ],
)
def test_pure_functions_are_listed(name: str) -> None:
    assert name in FUNCTIONS
