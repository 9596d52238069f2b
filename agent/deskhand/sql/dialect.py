"""Parsing: DuckDB's dialect as sqlglot reads it, with every function call kept exactly as it was written.

sqlglot's own models of functions are left out on purpose: it rewrites many of them (`first … ignore nulls`
becomes `any_value`, `~` a partial match). Here a call is a name and arguments, and DuckDB alone gives it a
meaning. This module refuses statements that aren't one query.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parser import Parser as BaseParser
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import TokenType

from deskhand.errors import Problem, Where

_MARK = re.compile("\x01([^\x02]*)\x02")
_CLOCK = {"@today": "date", "@now": "timestamp"}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
PIVOT_MEND = (
    "a pivot stands behind what it turns: select * from (select name, state, amount from …) "
    "pivot (sum(amount) for state in ('open', 'paid') group by name)"
)
_STATEMENTS = """
    alter analyze attach begin call comment commit copy create delete describe detach drop execute explain export
    from grant import insert install load merge pivot pragma replace reset rollback select set show summarize table
    truncate unpivot update upsert use vacuum values with
"""
"""Words that a statement begins with: none of them is a misspelt `select`, however alike."""
_SYNTAX_FUNCTIONS = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")


def _nulls(generator: Any, node: exp.Expr, words: str) -> str:
    """DuckDB wants the words inside the call: `lag(a, 1 ignore nulls) over (…)`."""
    text: str = generator.sql(node, "this")
    return f"{text[:-1]} {words})" if isinstance(node.this, exp.Anonymous) else f"{text} {words}"


class Deskhand(DuckDB):
    """DuckDB's dialect with calls kept as written and list indexes left alone."""

    INDEX_OFFSET = 0

    class Parser(DuckDBParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parser for name, parser in DuckDBParser.FUNCTION_PARSERS.items() if name in _SYNTAX_FUNCTIONS
        }

        # `list(x)[1]` is an index into the aggregate, not a list of one.
        ARRAY_CONSTRUCTORS: ClassVar[dict[str, Any]] = {"ARRAY": exp.Array}

        def _parse_expression(self) -> exp.Expr | None:
            """Without DuckDB's `name: expression`, which would swallow `select :input`."""
            return BaseParser._parse_expression(self)

        def _parse_table(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
            return BaseParser._parse_table(self, *args, **kwargs)

        def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> exp.Expr | None:
            """`date '…'::timestamp` is the typed literal, then the cast; sqlglot takes the cast first."""
            current = self._curr
            if current and current.token_type in self.TYPE_TOKENS and current.token_type is not TokenType.INTERVAL:
                index = self._index
                type_ = self._parse_types(check_func=True, allow_identifiers=False)
                if isinstance(type_, exp.DataType) and self._curr and self._curr.token_type is TokenType.STRING:
                    text = self._parse_primary()
                    if isinstance(text, exp.Literal):
                        return self._parse_column_ops(self.expression(exp.Cast(this=text, to=type_)))
                self._retreat(index)
            return super()._parse_type(parse_interval, fallback_to_identifier)

    class Generator(DuckDBGenerator):
        MULTI_ARG_DISTINCT = True
        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **DuckDBGenerator.TRANSFORMS,
            exp.RegexpLike: lambda self, e: self.func("REGEXP_FULL_MATCH", e.this, e.expression),
            exp.Placeholder: lambda self, e: f"\x01{e.name or '?'}\x02",
            exp.WithinGroup: lambda self, e: (
                f"{self.sql(e, 'this')} WITHIN GROUP ({self.sql(e, 'expression').strip()})"
            ),
            exp.IgnoreNulls: lambda self, e: _nulls(self, e, "IGNORE NULLS"),
            exp.RespectNulls: lambda self, e: _nulls(self, e, "RESPECT NULLS"),
        }


def marked(node: exp.Expr) -> str:
    """The text of a node for DuckDB; inputs and the logical time stand in it as marks, see `fill`."""
    return node.sql(dialect=Deskhand, normalize_functions=False, comments=False, copy=False)


def fill(text: str, value: Callable[[str], str]) -> str:
    """The text with every mark replaced by what `value` gives for its name."""
    return _MARK.sub(lambda match: value(match[1]), text)


def sql(node: exp.Expr) -> str:
    """The text of a node for a person: inputs as `:name`, business dates and calls as they were written."""
    text = marked(node.copy().transform(_as_written, copy=False))
    return fill(text, lambda name: f"current_{_CLOCK.get(name, name[1:])}" if name.startswith("@") else f":{name}")


def _as_written(node: exp.Expr) -> exp.Expr:
    written = node.meta.get("written") if node._meta else None
    return exp.Var(this=str(written)) if written else node


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
    if _CONTROL.search(text):
        return None, [Problem("syntax", "the query holds a control character", "remove it")]
    misread = _misread(text)
    if misread is not None:
        return None, [misread]
    try:
        parsed = sqlglot.parse(text, dialect=Deskhand)
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
    statements = [s for s in parsed if s is not None and not isinstance(s, exp.Semicolon)]
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
            _misspelt(text)
            or Problem(
                "not-a-query",
                f"a query only reads, and this is {_statement_name(text, statement)}",
                _not_a_select(text),
            )
        ]
    return statement, []


def _misread(text: str) -> Problem | None:
    """What sqlglot would read as something else: `0x1F` as 0 named x1F, `{{ x }}` as a structure."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", _hollow, text, flags=re.DOTALL)
    brace = plain.find("{{")
    if brace >= 0:
        return Problem(
            "syntax",
            "a query isn't a template: {{ … }} stays as it is",
            "use an input as :name, and other steps by their id",
            where=place(text, brace),
        )
    match = re.search(r"(?<![\w.])0[xXbB][0-9a-fA-F]+\b", plain)
    if match is None:
        return None
    return Problem(
        "syntax", f"{match[0]} isn't a number here", "write it in decimal digits", where=place(text, match.start())
    )


def _hollow(match: re.Match[str]) -> str:
    """As many characters that mean nothing, lines kept."""
    return re.sub(r"[^\n]", "_", match[0])


def _statement_name(text: str, statement: exp.Expr) -> str:
    word = _first_word(text)
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
        return _misspelt(text) or Problem(
            "not-a-query",
            f"a query begins with `select` or `with`, and can't be read{near}",
            _not_a_select(text),
            where=Where(line=line, column=column),
        )
    mend = ""
    top = re.search(r"\bselect\s+top\s+\(?\s*(\d+)", text, re.IGNORECASE)
    if top is not None:
        mend = f"write `limit {top[1]}` at the end of the query"
    return Problem("syntax", f"the query can't be read{near}{detail}", mend, where=Where(line=line, column=column))


def _first_word(text: str) -> re.Match[str] | None:
    """The first word of the query, after blanks and comments, as group 1."""
    return re.match(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*([A-Za-z_]+)", text, re.DOTALL)


def _misspelt(text: str) -> Problem | None:
    """A first word that is nearly `select` or `with`; None for the words that begin other statements."""
    first = _first_word(text)
    if first is None or first[1].lower() in _STATEMENTS.split():
        return None
    from rapidfuzz import fuzz, process

    near = process.extractOne(first[1].lower(), ("select", "with"), scorer=fuzz.ratio, score_cutoff=72)
    if near is None:
        return None
    return Problem(
        "not-a-query",
        f"{first[1]!r} is an unknown word: a query begins with `select` or `with`",
        f"did you mean {near[0]}?",
        where=place(text, first.start(1)),
    )


def _not_a_select(text: str) -> str:
    first = _first_word(text)
    if first is not None and first[1].lower() in ("pivot", "unpivot"):
        return PIVOT_MEND
    return "write a select; changes are made by acts such as database.update"
