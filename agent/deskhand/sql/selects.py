"""Selects, set operations and CTEs: the order in which a query's parts see one another.

This module refuses clauses that a query of a plan has no use for: locks, samples, `into`, settings.
"""

from __future__ import annotations

from abc import abstractmethod

from sqlglot import exp

from deskhand.contract import Table
from deskhand.sql import partitions, pushdown
from deskhand.sql.columns import Columns
from deskhand.sql.compare import disagreement
from deskhand.sql.duck import describe
from deskhand.sql.outputs import label, simple_names
from deskhand.sql.probe import type_of, typed
from deskhand.sql.scope import Field, Frame, Relation
from deskhand.sql.types import NULL, normal

Environment = dict[str, Relation]

_CLAUSES = frozenset(
    {
        "with_", "kind", "expressions", "hint", "distinct", "from_", "joins", "laterals", "where", "group",
        "having", "qualify", "windows", "order", "limit", "offset", "operation_modifiers", "sample", "locks",
    }
)  # fmt: skip


class Selects(Columns):
    """The part of an analysis that knows how a query is put together."""

    @abstractmethod
    def sources(self, node: exp.Select, frame: Frame) -> None:
        """Put the FROM clause's relations into the frame."""

    @abstractmethod
    def catalog_table(self, connection: str, name: str) -> tuple[str, Table] | None:
        """A table of the catalog, with its connection's own spelling; None where there is none."""

    def subquery(self, node: exp.Query, frame: Frame) -> tuple[Field, ...] | None:
        return self.query(node, frame, frame.environment)

    def query(
        self, node: exp.Expr, parent: Frame | None, environment: Environment, *, top: bool = False
    ) -> tuple[Field, ...] | None:
        """Analyse a query of any form; its columns, None where they aren't known."""
        environment = self._with(node, parent, environment)
        if isinstance(node, exp.Select):
            return self._select(node, parent, environment)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, environment)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            fields = self.query(node.this, parent, environment, top=top)
            self._tail(node, fields, parent, environment)
            return fields
        if isinstance(node, exp.Values):
            return None
        self.problem("not-a-query", f"{type(node).__name__.lower()} can't be used in a query", node=node)
        return None

    # ------------------------------------------------------------ CTEs

    def _with(self, node: exp.Expr, parent: Frame | None, environment: Environment) -> Environment:
        clause = node.args.get("with_")
        if clause is None:
            return environment
        environment = dict(environment)
        for cte in clause.expressions:
            name = cte.alias
            alias = cte.args.get("alias")
            renamed = [c.name for c in alias.columns] if alias is not None else []
            body = cte.this
            if not isinstance(body, exp.Query):
                self.problem("not-a-query", f"{name} must be a select", node=cte)
                environment[name.casefold()] = Relation(name, None)
                continue
            if clause.recursive and isinstance(body, exp.SetOperation):
                anchor = self.query(body.this.copy(), parent, environment)
                environment[name.casefold()] = Relation(name, self.rename(anchor, renamed, name, cte))
            fields = self.query(body, parent, environment)
            environment[name.casefold()] = Relation(name, self.rename(fields, renamed, name, cte))
        return environment

    def rename(
        self, fields: tuple[Field, ...] | None, names: list[str], what: str, node: exp.Expr
    ) -> tuple[Field, ...] | None:
        """The fields under the names of `as x(a, b)`."""
        if fields is None or not names:
            return fields
        if len(names) > len(fields):
            self.problem(
                "type-mismatch", f"{what} has {len(fields)} columns, but {len(names)} names are given", node=node
            )
            return None
        return tuple(
            Field(names[i], f.type, f.origin, f.base, f.real or f.name) if i < len(names) else f
            for i, f in enumerate(fields)
        )

    # ------------------------------------------------------------ set operations

    def _set_operation(
        self, node: exp.SetOperation, parent: Frame | None, environment: Environment
    ) -> tuple[Field, ...] | None:
        left = self.query(node.this, parent, environment)
        right = self.query(node.expression, parent, environment)
        fields: tuple[Field, ...] | None = None
        if left is not None and right is not None:
            fields = self._by_name(left, right, node) if node.args.get("by_name") else self._by_place(left, right, node)
        self._tail(node, fields, parent, environment)
        return fields

    def _by_place(
        self, left: tuple[Field, ...], right: tuple[Field, ...], node: exp.SetOperation
    ) -> tuple[Field, ...] | None:
        word = type(node).__name__.lower()
        if len(left) != len(right):
            self.problem(
                "type-mismatch",
                f"the two sides of {word} have {len(left)} and {len(right)} columns",
                "give both the same columns; null fills a gap",
                node.expression,
            )
            return None
        return tuple(self._united(a, b, node) for a, b in zip(left, right, strict=True))

    def _by_name(self, left: tuple[Field, ...], right: tuple[Field, ...], node: exp.SetOperation) -> tuple[Field, ...]:
        others = {f.name.casefold(): f for f in right}
        mixed = [
            self._united(f, others.pop(f.name.casefold()), node) if f.name.casefold() in others else f for f in left
        ]
        return (*mixed, *others.values())

    def _united(self, a: Field, b: Field, node: exp.SetOperation) -> Field:
        found = disagreement(typed(exp.column(a.name), a.type), typed(exp.column(b.name), b.type))
        if found is not None:
            self.problem(
                "type-mismatch",
                f"the two sides of {type(node).__name__.lower()} differ in column {a.name}: {a.type} and {b.type}",
                "cast one of them",
                node.expression,
            )
            return Field(a.name, None)
        type_: str | None
        if a.type == b.type or b.type == NULL:
            type_ = a.type
        elif a.type == NULL:
            type_ = b.type
        elif a.type is None or b.type is None:
            type_ = None
        else:
            united = describe(f"SELECT CAST(NULL AS {a.type}) AS x UNION ALL SELECT CAST(NULL AS {b.type})")
            type_ = None if isinstance(united, str) else normal(united[0][1])
        return Field(a.name, type_, a.origin if a.origin == b.origin else None)

    def _tail(
        self, node: exp.Expr, fields: tuple[Field, ...] | None, parent: Frame | None, environment: Environment
    ) -> None:
        """Order, limit and offset after a set operation or brackets: they see only its columns."""
        frame = Frame(parent, environment, [Relation("the result", fields)])
        for key in ("order", "limit", "offset"):
            clause = node.args.get(key)
            if clause is not None:
                self.children(clause, frame)

    # ------------------------------------------------------------ one select

    def _select(self, node: exp.Select, parent: Frame | None, environment: Environment) -> tuple[Field, ...] | None:
        for key, value in node.args.items():
            if value and (key not in _CLAUSES or key in ("sample", "locks", "kind", "hint", "operation_modifiers")):
                word = {"sample": "a sample gives other rows every time", "locks": "a query locks nothing"}.get(
                    key, f"{key.strip('_')} can't be used in a query"
                )
                self.problem("not-a-query", word, "leave it out", node)
        frame = Frame(parent, environment)
        self.sources(node, frame)
        fields = self._projections(node, frame)
        where = node.args.get("where")
        if where is not None:
            where.set("this", self.condition(where.this, frame, "where"))
            pushdown.collect(where.this, frame)
            if fields is not None:
                fields = partitions.pinned(fields, where.this, frame, self.catalog_table)
        for key in ("having", "qualify"):
            clause = node.args.get(key)
            if clause is not None:
                clause.set("this", self.condition(clause.this, frame, key))
        self._group(node.args.get("group"), frame)
        for window in node.args.get("windows") or ():
            for key in ("partition_by", "order", "spec"):
                value = window.args.get(key)
                if isinstance(value, list):
                    window.set(key, [self.child(v, frame) for v in value])
                elif isinstance(value, exp.Expr):
                    self.children(value, frame)
        frame.aliases_first = True
        for key in ("distinct", "order", "limit", "offset"):
            clause = node.args.get(key)
            if isinstance(clause, exp.Expr):
                self._clause(clause, frame)
        return fields

    def _clause(self, clause: exp.Expr, frame: Frame) -> None:
        if isinstance(clause, exp.Distinct):
            on = clause.args.get("on")
            if isinstance(on, exp.Expr):
                self.children(on, frame)
            return
        if isinstance(clause, exp.Order):
            for ordered in clause.expressions:
                if not _all(ordered.this):
                    ordered.set("this", self.expression(ordered.this, frame))
            return
        self.children(clause, frame)

    def _group(self, group: exp.Expr | None, frame: Frame) -> None:
        if group is None:
            return
        for key, value in list(group.args.items()):
            if not isinstance(value, list):
                continue
            made = []
            for item in value:
                if not isinstance(item, exp.Expr) or _all(item):
                    made.append(item)
                elif isinstance(item, exp.Rollup | exp.Cube | exp.GroupingSets):
                    self._group(item, frame)
                    made.append(item)
                elif isinstance(item, exp.Tuple):
                    self.children(item, frame)
                    made.append(item)
                else:
                    made.append(self.expression(item, frame))
            group.set(key, made)

    # ------------------------------------------------------------ what a select gives

    def _projections(self, node: exp.Select, frame: Frame) -> tuple[Field, ...] | None:
        taken = simple_names(node.expressions)
        fields: list[Field] | None = []
        made: list[exp.Expr] = []
        for item in node.expressions:
            star = _star(item)
            if star is not None:
                given = self._star(item, star, frame)
                made.append(item)
            elif any(isinstance(n, exp.Columns) or _is_call(n, "columns") for n in item.walk()):
                for relation in frame.relations:
                    relation.use_all()
                self._uncalled(item)
                made.append(item)
                given = None
            else:
                projection, field = self._projection(item, frame, taken)
                made.append(projection)
                given = [field]
            fields = None if fields is None or given is None else [*fields, *given]
        node.set("expressions", made)
        return None if fields is None else tuple(fields)

    def _uncalled(self, item: exp.Expr) -> None:
        """The functions around `columns(…)`, which aren't typed here, are checked by name all the same."""
        from deskhand.sql.calls import check_call

        for node in item.find_all(exp.Anonymous):
            refused = check_call(node)
            if refused is not None:
                self.problem(refused.code, refused.message, refused.mend, node)

    def _projection(self, item: exp.Expr, frame: Frame, taken: list[str]) -> tuple[exp.Expr, Field]:
        if isinstance(item, exp.Alias):
            item.set("this", self.expression(item.this, frame))
            type_ = type_of(item.this)
            frame.aliases.setdefault(item.alias.casefold(), type_)
            return item, self._field_of(item.alias, item.this)
        if isinstance(item.unnest(), exp.Column) and not isinstance(item, exp.Paren):
            made = self.expression(item, frame)
            found = made.meta.get("field")
            return made, self._field_of(found.name if found is not None else item.name, made)
        name = label(item, taken)
        made = self.expression(item, frame)
        alias = exp.alias_(made, name, quoted=True, copy=False)
        return alias, Field(name, type_of(made))

    def _field_of(self, name: str, value: exp.Expr) -> Field:
        plain = value.unnest()
        found: Field | None = plain.meta.get("field") if isinstance(plain, exp.Column) else None
        literal = plain.name if isinstance(plain, exp.Literal) and plain.is_string else None
        return Field(name, type_of(value), found.origin if found is not None else None, literal=literal)

    def _star(self, item: exp.Expr, star: exp.Star, frame: Frame) -> list[Field] | None:
        """The columns of `*`, `t.*`, with `exclude`, `replace` and `rename`."""
        relations = frame.relations
        if isinstance(item, exp.Column) and item.table:
            one = frame.relation(item.table, item.db or None)
            if one is None:
                aliases = ", ".join(r.alias for r in relations)
                self.problem(
                    "unknown-table",
                    f"{item.table}.*: the query reads no table {item.table}",
                    f"it reads: {aliases}",
                    item,
                )
                return None
            relations = [one]
        elif not relations:
            self.problem("unknown-column", "* without a table", "name a table after from", item)
            return None
        fields: list[Field] = []
        seen: set[str] = set()
        known = True
        for relation in relations:
            relation.use_all()
            if relation.fields is None:
                known = False
                continue
            for f in relation.fields:
                folded = f.name.casefold()
                if folded in frame.merged and folded in seen:
                    continue
                seen.add(folded)
                fields.append(Field(f.name, f.type, f.origin))
        fields = self._starred(star, fields, frame, known)
        return fields if known else None

    def _starred(self, star: exp.Star, fields: list[Field], frame: Frame, known: bool) -> list[Field]:
        names = {f.name.casefold() for f in fields}
        for key in ("except_", "replace", "rename"):
            for entry in star.args.get(key) or ():
                old = entry.alias if key == "replace" else (entry.this.name if key == "rename" else entry.name)
                if known and old.casefold() not in names:
                    self.problem("unknown-column", f"there is no column {old} in *", node=entry)
                if key == "except_":
                    fields = [f for f in fields if f.name.casefold() != old.casefold()]
                elif key == "replace":
                    entry.set("this", self.expression(entry.this, frame))
                    new = self._field_of(old, entry.this)
                    fields = [new if f.name.casefold() == old.casefold() else f for f in fields]
                else:
                    fields = [
                        Field(entry.alias, f.type, f.origin) if f.name.casefold() == old.casefold() else f
                        for f in fields
                    ]
        return fields


def _star(item: exp.Expr) -> exp.Star | None:
    if isinstance(item, exp.Star):
        return item
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        return item.this
    return None


def _is_call(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == name


def _all(node: exp.Expr) -> bool:
    """`group by all`, `order by all`."""
    return isinstance(node, exp.Var | exp.Column) and node.name.lower() == "all" and not node.args.get("table")
