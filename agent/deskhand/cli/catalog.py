"""`agent catalog`: what the connections hold and what they can do, for a person or as JSON.

A connection that can't be opened is shown with its error, and the exit code is then 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.cli.common import (
    color_option,
    count,
    json_option,
    now_option,
    open_workspace,
    print_json,
    wants_color,
    workspace_option,
)
from deskhand.cli.text import clean, print_table

if TYPE_CHECKING:
    from deskhand.catalog import Catalog
    from deskhand.contract import Column, Operation, Table

_SAMPLES = 4
_SAMPLE_WIDTH = 24


@click.command()
@click.argument("what", metavar="[CONNECTION[.TABLE]]", required=False)
@click.option("--refresh", is_flag=True, help="Look at every source again, whatever is remembered.")
@now_option
@workspace_option
@json_option
@color_option
def catalog(
    what: str | None, refresh: bool, now: str | None, workspace: Path | None, as_json: bool, no_color: bool
) -> int:
    """Show tables, columns, types, formats, row counts, sample values, keys and operations.

    \b
    agent catalog                        every connection, its tables and operations
    agent catalog ledger                 one connection, with every column
    agent catalog ledger.invoices        one table
    agent catalog 'files.budget.xlsx'    one sheet
    """
    from deskhand.catalog import Catalog

    opened = open_workspace(workspace)
    with Catalog.open(opened, opened.now(now), refresh=refresh) as found:
        if what is None:
            names, table = found.connections(), None
        else:
            names, table = _chosen(found, what)
        if as_json:
            print_json(_as_json(found, names, table))
        else:
            _show(found, names, table, detailed=what is not None, color=wants_color(no_color))
        return 2 if any(found.error(name) is not None for name in names) else 0


def _chosen(found: Catalog, what: str) -> tuple[list[str], Table | None]:
    """The connection and the table that CONNECTION[.TABLE] names; quotes as in SQL are allowed."""
    from deskhand.errors import WorkspaceError
    from deskhand.nearest import suggest

    connection, dot, name = what.partition(".")
    connection = found.workspace.connection(connection.strip('"')).name
    if not dot:
        return [connection], None
    if (error := found.error(connection)) is not None:
        raise error
    name = name[1:-1].replace('""', '"') if name[:1] == name[-1:] == '"' else name
    table = found.table(connection, name)
    if table is None:
        names = found.table_names(connection)
        listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        raise WorkspaceError(
            f"{connection} has no table {name!r}", mend=suggest(name, names) or f"There are: {listed or 'none'}."
        )
    return [connection], table


# ---------------------------------------------------------------- for a person


def _show(found: Catalog, names: list[str], table: Table | None, *, detailed: bool, color: bool) -> None:
    for number, name in enumerate(names):
        if number:
            print()
        if table is not None:
            _show_columns(name, table, color)
            continue
        connection = found.workspace.connections[name]
        error = found.error(name)
        if error is not None:
            print(f"{name} ({connection.tool}) can't be used:\n  {clean(error.message)}")
            if error.mend:
                print(f"  {clean(error.mend)}")
            continue
        tables = found.tables(name)
        if detailed:
            for listed in tables:
                _show_columns(name, listed, color)
                print()
        else:
            _show_tables(f"{name} ({connection.tool}): {count(len(tables), 'table')}", tables, color)
        _show_operations(connection.tool_class.operations, color)
    if not names:
        print(f"{found.workspace.name} has no connections; add one to {found.workspace.file}.")


def _show_tables(title: str, tables: list[Table], color: bool) -> None:
    if not tables:
        print(title)
        return
    rows = []
    for table in tables:
        columns = ", ".join(c.name for c in table.columns) if not table.open else "not known before it is read"
        note = "; ".join(filter(None, ["" if table.writable else "read-only", table.note]))
        number = "" if table.rows is None else f"{table.rows:,}"
        rows.append([clean(table.name), number, ", ".join(table.key), clean(columns, 90), clean(note)])
    headers = ["table", "rows", "key", "columns", "note"]
    if not any(row[4] for row in rows):
        headers, rows = headers[:4], [row[:4] for row in rows]
    print_table(title, headers, rows, color=color, right=(1,))


def _show_columns(connection: str, table: Table, color: bool) -> None:
    facts = ["" if table.rows is None else count(table.rows, "row"), "" if table.writable else "read-only"]
    facts += [f"key {', '.join(table.key)}" if table.key else "", table.note]
    title = f"{connection}.{_quoted(clean(table.name))}: {'; '.join(f for f in facts if f)}".rstrip(": ")
    if table.open:
        print(f"{title}\n  Its columns are known when it is read.")
        return
    rows = [
        [clean(column.name), column.type, _nature(table, column), _form(column), _samples(column)]
        for column in table.columns
    ]
    print_table(title, ["column", "type", "", "stored as", "values"], rows, color=color)


def _show_operations(operations: Any, color: bool) -> None:
    rows = [[name, kind.effect.value, clean(kind.summary)] for name, kind in operations.items()]
    if rows:
        print_table("operations", ["name", "effect", "what it does"], rows, color=color)


def _quoted(name: str) -> str:
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'


def _nature(table: Table, column: Column) -> str:
    folded = {part.casefold() for part in table.key}
    facts = ["key"] if column.name.casefold() in folded else []
    facts += [] if column.nullable else ["not null"]
    facts += ["default"] if column.has_default else []
    facts += ["generated"] if column.generated else []
    return ", ".join(facts)


def _form(column: Column) -> str:
    return clean(", ".join(column.codec.formats), 40) if column.codec is not None else ""


def _samples(column: Column) -> str:
    shown = [clean(sample, _SAMPLE_WIDTH) for sample in column.samples[:_SAMPLES]]
    return ", ".join(shown) + (", …" if len(column.samples) > _SAMPLES else "")


# ---------------------------------------------------------------- as JSON


def _as_json(found: Catalog, names: list[str], only: Table | None) -> dict[str, Any]:
    from deskhand.catalog import table_to_json

    connections = []
    for name in names:
        connection = found.workspace.connections[name]
        error = found.error(name)
        tables = [only] if only is not None else found.tables(name)
        connections.append(
            {
                "name": name,
                "tool": connection.tool,
                "error": None if error is None else {"message": error.message, "mend": error.mend},
                "tables": [table_to_json(table) for table in tables],
                "operations": sorted(connection.tool_class.operations),
            }
        )
    classes = [found.workspace.connections[name].tool_class for name in names]
    operations = {name: kind for tool_class in classes for name, kind in tool_class.operations.items()}
    return {
        "workspace": found.workspace.name,
        "timezone": found.workspace.settings.timezone,
        "connections": connections,
        "operations": [_operation_json(kind) for _, kind in sorted(operations.items())],
    }


def _operation_json(kind: type[Operation]) -> dict[str, Any]:
    parameters = kind.Params.model_json_schema(by_alias=True)
    required = set(parameters.get("required", ()))
    return {
        "name": kind.name,
        "summary": kind.summary,
        "effect": kind.effect.value,
        "rows": kind.rows_use.value,
        "needs_rows": kind.needs_rows,
        "parameters": [{"name": name, "required": name in required} for name in parameters.get("properties", {})],
    }
