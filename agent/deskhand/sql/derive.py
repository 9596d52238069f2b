"""Makes `allowed.py`, the list of functions that a query may call, from DuckDB's own catalog of functions.

    python -m deskhand.sql.derive > agent/deskhand/sql/allowed.py

Taken: every scalar, aggregate and window function that DuckDB calls consistent and free of side effects,
less the refused ones below; macros and table functions only by name. A test compares the shipped list with
what this makes, so that a new DuckDB can't widen it unseen.
"""

from __future__ import annotations

import re
import textwrap

REFUSED = """
    current_localtime current_localtimestamp transaction_timestamp get_current_time get_current_timestamp
    current_date today now current_database current_schema current_schemas current_setting getvariable
    in_search_path txid_current version vector_type stats
    reservoir_quantile json_serialize_sql json_deserialize_sql json_serialize_plan hive_partition_component
    parse_duckdb_log_message create_sort_key index_key invoke cast_to_type make_type get_type replace_type
    remap_struct constant_or_null finalize combine combine_aggr to_aggregate_state variant_normalize
    variant_comparator variant_bytes_to_variant variant_to_parquet_variant variant_group_object
    can_cast_implicitly is_histogram_other_bin timetz_byte_comparable bitstring_byte_comparable
    decimal_division decimal_average decimal_add sum_no_overflow count_star binom
"""
"""Consistent for DuckDB, yet a clock, a setting, the catalog, chance, or something internal."""

MACROS = """
    array_append array_pop_back array_pop_front array_prepend array_push_back array_push_front array_reverse
    array_to_string array_to_string_comma_default date_add days_in_month fdiv fmod generate_subscripts geomean
    geometric_mean if json_group_array json_group_object list_any_value list_append list_avg list_bit_and
    list_bit_or list_bit_xor list_bool_and list_bool_or list_count list_entropy list_first list_histogram
    list_kurtosis list_last list_mad list_max list_median list_min list_mode list_prepend list_product
    list_reverse list_sem list_skewness list_stddev_pop list_stddev_samp list_string_agg list_sum list_var_pop
    list_var_samp map_contains_entry map_contains_value md5_number_lower md5_number_upper nullif
    regexp_split_to_table split_part wavg weighted_avg
"""
TABLES = "generate_series json_each json_tree range repeat repeat_row unnest"
SYNTAX = "coalesce ifnull nullif grouping grouping_id try struct_pack list_value unnest cast try_cast"
"""What the parser of DuckDB, rather than its catalog, knows as functions."""

_INTERNAL = re.compile(r"__|collate_|icu_|st_|current_")


def derived() -> tuple[list[str], list[str]]:
    """The names of allowed scalar, aggregate and window functions, and of allowed table functions."""
    import duckdb

    rows = duckdb.connect().execute(
        """
        select distinct function_name from duckdb_functions() f
        where function_type in ('scalar', 'aggregate', 'window')
        group by function_name
        having bool_and(stability = 'CONSISTENT') and not bool_or(has_side_effects)
        """
    )
    refused = set(REFUSED.split())
    names = {
        name
        for (name,) in rows.fetchall()
        if re.match(r"[A-Za-z]", name) and not _INTERNAL.match(name) and name not in refused
    }
    names = {name for name in names if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)}
    names |= {*MACROS.split(), *SYNTAX.split()}
    return sorted(name.lower() for name in names), sorted(TABLES.split())


def source() -> str:
    """The text of `allowed.py`."""
    scalars, tables = derived()
    wrapped = textwrap.fill(" ".join(scalars), 104, initial_indent="    ", subsequent_indent="    ")
    return (
        '"""The functions that a query may call. Made by `python -m deskhand.sql.derive`; don\'t edit."""\n\n'
        f'_NAMES = """\n{wrapped}\n"""\n_TABLE_NAMES = "{" ".join(tables)}"\n\n'
        "FUNCTIONS = frozenset(_NAMES.split())\nTABLE_FUNCTIONS = frozenset(_TABLE_NAMES.split())\n"
    )


if __name__ == "__main__":
    import sys

    sys.stdout.write(source())
