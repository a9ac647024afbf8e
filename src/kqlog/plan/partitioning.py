"""A query over the rows of each key, for partition."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.calls import column
from kqlog.plan.rows import groupable
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax
from kqlog.types import Column


def partitioned(source: plan.Node, by: syntax.Expr, body: syntax.Expr, scope: Scope) -> plan.Node:
    """What `body` makes of the rows of each value of the column `by`, all together.

    Raises:
        QueryError: SEM002 for a column of a type that cannot be grouped by.
    """
    key = scope.over(source).require_column(by)
    item = plan.Item(key.name, column(key))
    groupable((item,), by.span)
    rows = plan.Named(scope.session.unique("$partition"), source)
    inner = scope.starting_from(_of_one_key(rows, key))
    inner.define(key.name, plan.OuterRef(*key))
    return plan.Apply(plan.Aggregate(rows, (item,), ()), inner.relation(body), ())


def _of_one_key(rows: plan.Node, key: Column) -> plan.Node:
    """The rows of the key at hand; a join, since null is a key like any other."""
    this = plan.Project(plan.Values((), ((),)), (plan.Item(key.name, plan.OuterRef(*key)),))
    outputs = tuple(plan.JoinColumn(*found, False, found.name) for found in rows.columns)
    return plan.Join(rows, this, plan.JoinKind.INNER, ((column(key), column(key)),), outputs)
