"""Parsing: DuckDB's dialect as sqlglot reads it, with every function call kept exactly as it was written.

sqlglot's own models of functions are left out on purpose: it rewrites many of them (`first … ignore nulls`
becomes `any_value`, `~` a partial match). Here a call is a name and arguments, and DuckDB alone gives it a
meaning. This module refuses statements that aren't one query.
"""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parser import Parser as BaseParser

from deskhand.errors import Problem, Where

_SYNTAX_FUNCTIONS = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")


def _nulls(generator: Any, node: exp.Expr, words: str) -> str:
    """DuckDB wants the words inside the call: `lag(a, 1 ignore nulls) over (…)`."""
    text: str = generator.sql(node, "this")
    return f"{text[:-1]} {words})" if isinstance(node.this, exp.Anonymous) else f"{text} {words}"


class Deskhand(DuckDB):
    """DuckDB's dialect with calls kept as written and list indexes left alone."""

    INDEX_OFFSET = 0

    class Parser(DuckDB.Parser):
        FUNCTIONS: dict[str, Any] = {}
        FUNCTION_PARSERS = {
            name: parser for name, parser in DuckDB.Parser.FUNCTION_PARSERS.items() if name in _SYNTAX_FUNCTIONS
        }

        def _parse_expression(self) -> exp.Expr | None:
            """Without DuckDB's `name: expression`, which would swallow `select :input`."""
            return BaseParser._parse_expression(self)

        def _parse_table(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
            return BaseParser._parse_table(self, *args, **kwargs)

    class Generator(DuckDB.Generator):
        MULTI_ARG_DISTINCT = True
        TRANSFORMS = {
            **DuckDB.Generator.TRANSFORMS,
            exp.RegexpLike: lambda self, e: self.func("REGEXP_FULL_MATCH", e.this, e.expression),
            exp.WithinGroup: lambda self, e: (
                f"{self.sql(e, 'this')} WITHIN GROUP ({self.sql(e, 'expression').strip()})"
            ),
            exp.IgnoreNulls: lambda self, e: _nulls(self, e, "IGNORE NULLS"),
            exp.RespectNulls: lambda self, e: _nulls(self, e, "RESPECT NULLS"),
        }


def sql(node: exp.Expr) -> str:
    """The text of a node for DuckDB."""
    return node.sql(dialect=Deskhand, normalize_functions=False, comments=False)


def place(text: str, offset: int) -> Where:
    """Line and column, both from 1, of a character of the query."""
    line = text.count("\n", 0, offset) + 1
    return Where(line=line, column=offset - (text.rfind("\n", 0, offset) + 1) + 1)


def position(text: str, node: exp.Expr | None) -> Where:
    """The place of the first word of a node that the parser has marked; empty where none is."""
    if node is None:
        return Where()
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    return place(text, min(starts)) if starts else Where()


def parse(text: str) -> tuple[exp.Query | None, list[Problem]]:
    """The query, or why the text isn't one."""
    if not text.strip():
        return None, [Problem("syntax", "the query is empty", "write a select")]
    glued = _glued(text)
    if glued is not None:
        return None, [glued]
    try:
        statements = [s for s in sqlglot.parse(text, dialect=Deskhand) if not _blank(s)]
    except ParseError as error:
        return None, [_syntax(text, error)]
    except TokenError as error:
        line = re.search(r"line (\d+)", str(error))
        return None, [
            Problem(
                "syntax",
                "the query can't be read: a quote or a comment isn't closed",
                where=Where(line=int(line[1])) if line else Where(),
            )
        ]
    except (ValueError, RecursionError):
        return None, [Problem("syntax", "the query can't be read")]
    if not statements:
        return None, [Problem("syntax", "the query is empty", "write a select")]
    if len(statements) > 1:
        return None, [
            Problem(
                "several-statements",
                f"a query is one select, here are {len(statements)} statements",
                "keep one of them; a second query is a step of its own",
            )
        ]
    statement = statements[0]
    if isinstance(statement, exp.Subquery) and not statement.args.get("alias"):
        return statement, []
    if not isinstance(statement, exp.Select | exp.SetOperation):
        return None, [
            Problem(
                "not-a-query",
                f"a query only reads, and this is {_statement_name(text, statement)}",
                "write a select; changes are made by acts such as database.update",
            )
        ]
    return statement, []


def _glued(text: str) -> Problem | None:
    """A number that runs into a word: sqlglot would read `0x1F` as 0 named x1F."""
    match = re.search(r"(?<![\w.\"'])0[xXbB][0-9a-fA-F]+\b", re.sub(r"'[^']*'|\"[^\"]*\"", _hollow, text))
    if match is None:
        return None
    return Problem(
        "syntax", f"{match[0]} isn't a number here", "write it in decimal digits", where=place(text, match.start())
    )


def _hollow(match: re.Match[str]) -> str:
    return match[0][0] + " " * (len(match[0]) - 2) + match[0][0]


def _blank(statement: exp.Expr | None) -> bool:
    return statement is None or isinstance(statement, exp.Semicolon)


def _statement_name(text: str, statement: exp.Expr) -> str:
    word = re.match(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*([A-Za-z]+)", text, re.DOTALL)
    name = word[1].lower() if word else type(statement).__name__.lower()
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _syntax(text: str, error: ParseError) -> Problem:
    first: dict[str, Any] = error.errors[0] if error.errors else {}
    word = str(first.get("highlight") or "").strip()
    line, column = first.get("line"), first.get("col")
    if line is not None and column is not None and word:
        column = max(1, column - len(word) + 1)
    near = f" near {word!r}" if word else ""
    reason = str(first.get("description") or "").split("<")[0].strip().rstrip(".")
    detail = f" ({reason.lower()})" if reason and "Required keyword" not in reason else ""
    if re.match(r"\s*(?:--[^\n]*\n\s*)*(?:select|with|from|\()", text, re.IGNORECASE) is None:
        return Problem(
            "not-a-query",
            f"a query begins with select or with{near}",
            "write a select; changes are made by acts such as database.update",
            where=Where(line=line, column=column),
        )
    return Problem("syntax", f"the query can't be read{near}{detail}", where=Where(line=line, column=column))
