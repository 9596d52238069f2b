"""FROM clauses: catalog tables, steps, CTEs, subqueries, table functions, joins.

A table is only ever an identifier that the catalog, a step or a CTE knows. This module refuses files, tables
of DuckDB's own, and joins of texts with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from deskhand.contract import Table
from deskhand.sql.calls import check_call
from deskhand.sql.compare import disagreement
from deskhand.sql.dialect import PIVOT_MEND, fill, marked, sql
from deskhand.sql.duck import describe
from deskhand.sql.model import Schema
from deskhand.sql.names import did_you_mean
from deskhand.sql.probe import plain, type_of, typed
from deskhand.sql.scope import Base, Field, Frame, Relation
from deskhand.sql.selects import Selects
from deskhand.sql.types import NULL, normal


class FromClauses(Selects):
    """The part of an analysis that knows where rows come from."""

    def __init__(self, text: str, schema: Schema, inputs: Mapping[str, str]) -> None:
        super().__init__(text, inputs)
        self.schema = schema
        self.bases: dict[tuple[str, str], Base] = {}

    # ------------------------------------------------------------ the clause

    def sources(self, node: exp.Select, frame: Frame) -> None:
        clause = node.args.get("from_")
        if clause is not None:
            clause.set("this", self._item(clause.this, frame))
            self._joins(clause.this, frame)
        self._joins(node, frame)
        for lateral in node.args.get("laterals") or ():
            self._item(lateral, frame)

    def _joins(self, node: exp.Expr, frame: Frame) -> None:
        for join in node.args.get("joins") or ():
            before = list(frame.relations)
            join.set("this", self._item(join.this, frame))
            self._joins(join.this, frame)
            after = [r for r in frame.relations if all(r is not b for b in before)]
            side = str(join.args.get("side") or "").upper()
            kind = str(join.args.get("kind") or "").upper()
            method = str(join.args.get("method") or "").upper()
            if side in ("LEFT", "FULL") or method in ("ASOF", "POSITIONAL") or kind in ("SEMI", "ANTI"):
                for relation in after:
                    relation.filterable = False
            if side in ("RIGHT", "FULL") or method == "POSITIONAL":
                for relation in before:
                    relation.filterable = False
            self._matched(join, before, after, frame, method)
            if kind in ("SEMI", "ANTI"):
                frame.relations = before

    def _matched(
        self, join: exp.Expr, before: list[Relation], after: list[Relation], frame: Frame, method: str
    ) -> None:
        """The condition of a join: `on`, `using`, natural."""
        if join.args.get("on") is not None:
            join.set("on", self.condition(join.args["on"], frame, "on"))
        names = [name.name for name in join.args.get("using") or ()]
        if method == "NATURAL":
            left = {f.name.casefold() for r in before for f in r.fields or ()}
            names = [f.name for r in after for f in r.fields or () if f.name.casefold() in left]
        for name in names:
            sides = []
            for relations in (before, after):
                found = [(r, f) for r in relations for f in r.find(name)]
                if not found and all(r.fields is not None for r in relations):
                    known = [f.name for r in relations for f in r.fields or ()]
                    where = " and ".join(r.alias for r in relations)
                    self.problem(
                        "unknown-column", f"using ({name}): {where} has no such column", did_you_mean(name, known), join
                    )
                for relation, field in found:
                    relation.use(field)
                if found:
                    sides.append(typed(exp.column(f"{found[0][0].alias}.{name}"), found[0][1].type))
            frame.merged.add(name.casefold())
            wrong = disagreement(sides[0], sides[1]) if len(sides) == 2 else None
            if wrong is not None:
                self.problem("type-mismatch", wrong[0], wrong[1], join)

    # ------------------------------------------------------------ its items

    def _item(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        """One source, put into the frame; the node that stands for it from now on."""
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            made = self._table(node, frame)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            fields = self.query(node.this, frame.parent, frame.environment)
            self._derived(node, node, fields, frame)
            made = node
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table | exp.Subquery):
            node.set("this", self._item(node.this, frame))
            self._joins(node.this, frame)
            made = node
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            inner = Frame(frame, frame.environment)
            fields = self.query(node.this.this, inner, frame.environment)
            self._derived(node, node, fields, frame)
            made = node
        else:
            made = self._function(node, frame)
        for key in ("sample", "pivots", "version", "changes", "when", "partition"):
            if not made.args.get(key):
                continue
            if key == "pivots":
                self._pivot(made, frame)
            else:
                word = "a sample gives other rows every time" if key == "sample" else f"{key} can't be used in a query"
                self.problem("not-a-query", word, "leave it out", node)
        if isinstance(made, exp.TableSample) or node.find(exp.TableSample):
            self.problem("not-a-query", "a sample gives other rows every time", "leave it out", node)
        return made

    def _derived(self, node: exp.Expr, named: exp.Expr, fields: tuple[Field, ...] | None, frame: Frame) -> None:
        alias = named.args.get("alias")
        name = alias.name if alias is not None else ""
        renamed = [c.name for c in alias.columns] if alias is not None else []
        given = self.rename(fields, renamed, name or "the subquery", node)
        frame.relations.append(
            Relation(name, tuple(Field(f.name, f.type, f.origin) for f in given) if given is not None else None)
        )

    def _function(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        """`unnest(…)`, `range(…)`, `values (…)`: typed by DuckDB over stand-ins of what they refer to."""
        core = node.this if isinstance(node, exp.Lateral | exp.Table) else node
        alias = node.args.get("alias")
        before = len(self.problems)
        if isinstance(core, exp.Anonymous):
            refused = check_call(core, table=True)
            if refused is not None:
                self.problem(refused.code, refused.message, refused.mend, core)
            self._arguments(core, frame)
            if isinstance(node, exp.Table):
                self._series_of_days(node, core)
        elif isinstance(core, exp.Unnest | exp.Values):
            self.children_of_rows(core, frame)
        else:
            mend = PIVOT_MEND if node.find(exp.Pivot) else "name a table of the catalog"
            self.problem("not-a-query", f"{sql(node)} isn't a table", mend, node)
        name = alias.name if alias is not None else (core.name if isinstance(core, exp.Anonymous) else "unnest")
        fields: tuple[Field, ...] | None = None
        if len(self.problems) == before:
            fields = self._described(node)
        frame.relations.append(Relation(name, fields))
        return node

    def _series_of_days(self, node: exp.Table, core: exp.Anonymous) -> None:
        """`from generate_series(date, date, interval)` gives dates, where DuckDB would give timestamps."""
        made = self._special(core, core.name.lower(), lambda call: call)
        if made is None or type_of(made) != "DATE[]":
            return
        name = core.name.lower()
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name, quoted=True))
        if not alias.args.get("columns"):
            alias.set("columns", [exp.to_identifier(name, quoted=True)])
        node.set("this", exp.Anonymous(this="unnest", expressions=[made]))
        node.set("alias", alias)

    def children_of_rows(self, core: exp.Expr, frame: Frame) -> None:
        made: list[exp.Expr] = []
        for row in core.expressions:
            if isinstance(row, exp.Tuple):
                row.set("expressions", [self.expression(v, frame) for v in row.expressions])
                made.append(row)
            else:
                made.append(self.expression(row, frame))
        core.set("expressions", made)
        if isinstance(core, exp.Values):
            for row in core.expressions[1:]:
                for a, b in zip(core.expressions[0].expressions, row.expressions, strict=False):
                    self.agree(a, b, row, exp.EQ)

    def _described(self, node: exp.Expr) -> tuple[Field, ...] | None:
        def stand_in(n: exp.Expr) -> exp.Expr:
            stood_for = n is not copy and isinstance(n, exp.Column | exp.Subquery)
            return exp.maybe_parse(f"CAST(NULL AS {type_of(n)})", dialect="duckdb") if stood_for else n

        copy = node.copy()
        if any(isinstance(n, exp.Column | exp.Subquery) and type_of(n) in (None, NULL) for n in copy.walk()):
            return None
        text = marked(copy.transform(stand_in, copy=False))
        found = describe(f"SELECT * FROM {fill(text, self.sample)}")
        if isinstance(found, str):
            self.problem("type-mismatch", f"{sql(node)}: {plain(found)}", node=node)
            return None
        return tuple(Field(name, normal(type_)) for name, type_ in found)

    def _pivot(self, node: exp.Expr, frame: Frame) -> None:
        """Pivots are DuckDB's own: the source is read whole, and the columns come from describing it."""
        for pivot in node.args["pivots"]:
            for call in pivot.find_all(exp.Anonymous):
                refused = check_call(call)
                if refused is not None:
                    self.problem(refused.code, refused.message, refused.mend, call)
            if pivot.find(exp.Query):
                self.problem("not-a-query", "a pivot over a query's values can't be typed", "list the values", pivot)
        relation = frame.relations.pop()
        relation.use_all()
        alias = node.args["pivots"][-1].args.get("alias")
        frame.relations.append(Relation(alias.name if alias is not None else relation.alias, None))

    # ------------------------------------------------------------ tables

    def _table(self, node: exp.Table, frame: Frame) -> exp.Expr:
        name, connection = node.name, node.db or None
        alias = node.args.get("alias")
        renamed = [c.name for c in alias.columns] if alias is not None else []
        shown = alias.name if alias is not None and alias.name else name
        if node.args.get("catalog"):
            self.problem(
                "unknown-table",
                f"there is no table {sql(node)}",
                f'a name with dots stands in quotes: {node.catalog}."{connection}.{name}"',
                node,
            )
            frame.relations.append(Relation(shown, None))
            return node
        if connection is None:
            known = frame.environment.get(name.casefold())
            if known is not None:
                fields = self.rename(known.fields, renamed, name, node)
                frame.relations.append(
                    Relation(
                        shown, tuple(Field(f.name, f.type, f.origin) for f in fields) if fields is not None else None
                    )
                )
                return node
        base = self._base(node, connection, name)
        if base is None:
            frame.relations.append(Relation(shown, None))
            return node
        return self._read(node, base, shown, renamed, frame)

    def _read(self, node: exp.Table, base: Base, shown: str, renamed: list[str], frame: Frame) -> exp.Expr:
        fields = base.columns
        if renamed and fields is not None:
            base.use_all()
            fields = self.rename(fields, renamed, shown, node)
        unique = shown
        while node.args.get("alias") is None and frame.relation(unique) is not None:
            unique = f"{base.connection}.{unique}"
        relation = Relation(unique, fields, base, base.connection, base.table.name if base.table else base.step, [])
        base.references.append(relation.candidates if relation.candidates is not None else [])
        frame.relations.append(relation)
        made = exp.Table(this=exp.to_identifier(base.key, quoted=True))
        for key in ("joins", "pivots", "sample"):
            if node.args.get(key):
                made.set(key, node.args[key])
        made.set(
            "alias",
            exp.TableAlias(
                this=exp.to_identifier(unique, quoted=True),
                columns=[exp.to_identifier(c, quoted=True) for c in renamed] or None,
            ),
        )
        return made

    def _base(self, node: exp.Table, connection: str | None, name: str) -> Base | None:
        if connection is not None:
            table = self.catalog_table(connection, name)
            if table is not None:
                return self._catalog_base(table[0], table[1])
            step = f"{connection}.{name}"
        else:
            step = name
        key = ("", step.casefold())
        if key in self.bases:
            return self.bases[key]
        columns = self.schema.step(step)
        if columns is not None or self.schema.is_open_step(step):
            known = next((n for n in self.schema.step_names() if n.casefold() == step.casefold()), step)
            base = Base(f"_deskhand_{len(self.bases)}", None, step=known)
            if columns is not None:
                base.columns = tuple(Field(c.name, normal(c.type), c.origin, base, c.name) for c in columns)
            self.bases[key] = base
            return base
        self._unknown_table(node, connection, name)
        return None

    def catalog_table(self, connection: str, name: str) -> tuple[str, Table] | None:
        known = next((c for c in self.schema.connections() if c.casefold() == connection.casefold()), None)
        if known is None:
            return None
        table = self.schema.table(known, name)
        return (known, table) if table is not None else None

    def _catalog_base(self, connection: str, table: Table) -> Base:
        key = (connection.casefold(), table.name.casefold())
        base = self.bases.get(key)
        if base is None:
            base = Base(f"_deskhand_{len(self.bases)}", None, connection=connection, table=table)
            if not table.open and not table.columns:
                self.problem("unknown-column", f"{connection}.{table.name} has no columns", "give it a header")
            if not table.open:
                base.columns = tuple(
                    Field(c.name, normal(c.type), (connection, table.name, c.name), base, c.name) for c in table.columns
                )
            self.bases[key] = base
        return base

    def _unknown_table(self, node: exp.Table, connection: str | None, name: str) -> None:
        connections = list(self.schema.connections())
        steps = list(self.schema.step_names())
        if connection is None:
            full = [f"{c}.{_spelled(t)}" for c in connections for t in self.schema.table_names(c)]
            same = [f for f in full if f.split(".", 1)[1].strip('"').casefold() == name.casefold()]
            if same:
                self.problem("unknown-table", f"there is no step {name}", f"did you mean {same[0]}?", node)
                return
            last: dict[str, str] = {}
            for whole in full:
                last.setdefault(whole.split(".", 1)[1].strip('"'), whole)
            mend = did_you_mean(name, [*steps, *last], "there are")
            for short, whole in last.items():
                mend = mend.replace(f"mean {short}?", f"mean {whole}?")
            if name.lower().endswith((".csv", ".xlsx", ".parquet", ".json")) or "/" in name:
                mend = f'a query reads only the catalog; a file in the files\' folder is a table: files."{name}"'
            self.problem("unknown-table", f"there is no table or step {name}", mend, node)
            return
        if connection.casefold() not in [c.casefold() for c in connections]:
            kinds = "connection" if name.casefold() != "done" else "act"
            message = f"{connection}.{name}: there is no {kinds} {connection}"
            self.problem("unknown-table", message, did_you_mean(connection, connections, "connections"), node)
            return
        names = [_spelled(t) for t in self.schema.table_names(connection)]
        near = did_you_mean(name, [n.strip('"') for n in names], f"tables of {connection}")
        for spelled in names:
            near = near.replace(f"mean {spelled.strip(chr(34))}?", f"mean {connection}.{spelled}?")
        self.problem("unknown-table", f"{connection} has no table {name}", near, node)


def _spelled(name: str) -> str:
    """A table's name as it must be written in SQL."""
    return name if name.replace("_", "a").isalnum() and not name[0].isdigit() else f'"{name}"'
