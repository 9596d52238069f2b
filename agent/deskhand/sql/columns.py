"""Resolves references to columns, with the nearest right name where there is none.

It refuses what SQL allows and people regret: an unqualified column of a subquery that means the query around
it, and a name that two sources have.
"""

from __future__ import annotations

from sqlglot import exp

from deskhand.sql.functions import Functions
from deskhand.sql.names import did_you_mean
from deskhand.sql.probe import type_of, typed
from deskhand.sql.scope import Field, Frame, Relation


class Columns(Functions):
    """The part of an analysis that knows what a name means."""

    def column(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        assert isinstance(node, exp.Column)
        if isinstance(node.this, exp.Star):
            for relation in frame.relations:
                if not node.table or relation.alias.casefold() == node.table.casefold():
                    relation.use_all()
            return typed(node, None)
        if node.table:
            return self._qualified(node, frame)
        known, type_ = frame.local(node.name)
        if known:
            return typed(node, type_)
        name = node.name.casefold()
        if frame.aliases_first and name in frame.aliases:
            return typed(node, frame.aliases[name])
        found = frame.find(node.name)
        if found:
            return self._unqualified(node, frame, found)
        if name in frame.aliases:
            return typed(node, frame.aliases[name])
        whole_row = frame.relation(node.name)
        if whole_row is not None:
            whole_row.use_all()
            return typed(node, None)
        if frame.unknown():
            return typed(node, None)
        self._missing(node, frame)
        return typed(node, None)

    def _unqualified(self, node: exp.Column, frame: Frame, found: list[tuple[Relation, Field]]) -> exp.Expr:
        relation, field = found[0]
        if len(found) > 1 and node.name.casefold() not in frame.merged:
            choices = [f"{r.alias}.{f.name}" for r, f in found]
            if len({id(r) for r, _ in found}) == 1:
                self.problem(
                    "ambiguous-column",
                    f"{relation.alias} has two columns {field.name}",
                    "name one of them with `as`",
                    node,
                )
            else:
                self.problem(
                    "ambiguous-column", f"{node.name} could be {' or '.join(choices)}", f"write {choices[0]}", node
                )
            return typed(node, None)
        for other, other_field in found:
            other.use(other_field)
        node.meta["field"] = field
        return typed(node, field.type)

    def _missing(self, node: exp.Column, frame: Frame) -> None:
        outer = frame.parent
        while outer is not None:
            around = outer.find(node.name)
            if around:
                relation, field = around[0]
                relation.use(field)
                self.problem(
                    "outer-column",
                    f"{node.name} is no column of this subquery's tables, but of {relation.alias} outside it",
                    f"write {relation.alias}.{field.name} if that is meant",
                    node,
                )
                return
            outer = outer.parent
        names = [*dict.fromkeys(frame.names())]
        where = " or ".join(r.alias for r in frame.relations) if frame.relations else "no table"
        mend = did_you_mean(node.name, [*names, *frame.aliases], "columns")
        if node.this.args.get("quoted") or (not node.table and not mend.startswith("did you")):
            mend = "; ".join(part for part in (mend, f"a text stands in single quotes: '{node.name}'") if part)
        message = (
            f"there is no column {node.name} in {where}"
            if frame.relations
            else f"there is no column {node.name}: the query reads no table"
        )
        self.problem("unknown-column", message, mend, node)

    def _qualified(self, node: exp.Column, frame: Frame) -> exp.Expr:
        connection = node.db or None
        scope: Frame | None = frame
        while scope is not None:
            relation = scope.relation(node.table, connection)
            if relation is not None:
                return self._of_relation(node, relation, outer=scope is not frame)
            if connection is not None:
                nested = scope.relation(connection)
                parts = nested.find(node.table) if nested is not None else []
                if nested is not None and len(parts) == 1 and (parts[0].type or "").startswith("STRUCT"):
                    nested.use(parts[0])
                    return typed(node, None)
            else:
                structure = scope.find(node.table)
                if len(structure) == 1 and (structure[0][1].type or "").startswith("STRUCT"):
                    return self._field(node, *structure[0])
            scope = scope.parent
        if frame.unknown() and frame.find(node.table):
            return typed(node, None)
        aliases = [r.alias for r in frame.relations]
        written = f"{connection}.{node.table}" if connection else node.table
        self.problem(
            "unknown-table",
            f"{written}.{node.name}: the query reads no table {written} here",
            did_you_mean(node.table, aliases, "it reads"),
            node,
        )
        return typed(node, None)

    def _of_relation(self, node: exp.Column, relation: Relation, *, outer: bool) -> exp.Expr:
        if node.db:
            node.set("db", None)
            node.set("catalog", None)
            node.set("table", exp.to_identifier(relation.alias, quoted=True))
        found = relation.find(node.name)
        if not found:
            if relation.fields is not None:
                names = [f.name for f in relation.fields]
                self.problem(
                    "unknown-column",
                    f"{relation.alias} has no column {node.name}",
                    did_you_mean(node.name, names, "its columns"),
                    node,
                )
            return typed(node, None)
        if len(found) > 1:
            self.problem(
                "ambiguous-column", f"{relation.alias} has two columns {node.name}", "name one of them with `as`", node
            )
            return typed(node, None)
        relation.use(found[0])
        node.meta["field"] = found[0]
        if outer:
            node.meta["outer"] = True
        return typed(node, found[0].type)

    def _field(self, node: exp.Column, relation: Relation, field: Field) -> exp.Expr:
        relation.use(field)
        dot = exp.Dot(this=typed(exp.column(node.table), field.type), expression=node.this.copy())
        return typed(node, type_of(self.finish(dot)))
