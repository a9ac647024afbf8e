"""`restrict access`: a scope for the statements after it, from which only some tables can be seen."""

from __future__ import annotations

from kqlog.plan import nodes as plan
from kqlog.plan.lookup import Access, Pattern, UserFunction, fits
from kqlog.plan.scope import Scope
from kqlog.syntax import nodes as syntax


def restricted(statement: syntax.RestrictAccess, scope: Scope) -> Scope:
    """A scope inside this one that sees no tables but those listed. Functions written before, and stored ones that are
    listed, still see what they saw.

    Raises:
        QueryError: SEM001 for a name that is no table.
    """
    tabular = {name for name in scope.visible() if _is_tabular(name, scope)}
    variables: set[str] = set()
    stored: set[str] = set()
    functions: dict[str, UserFunction] = {}
    for entity in statement.entities:
        match entity:
            case syntax.Wildcard(pattern):
                variables |= {name for name in tabular if fits(name, pattern)}
            case syntax.Name(name) | syntax.Call(name) if name in tabular:
                variables.add(name)
            case syntax.Member(database, pattern) if "*" in pattern and scope.is_here(database):
                stored |= {name for name in scope.tables if fits(name, pattern)}
            case syntax.Name(name) | syntax.Call(name) if isinstance(function := scope.meaning(name), UserFunction):
                functions[name] = function
            case syntax.Name(name) | syntax.Member(_, name):
                if not isinstance(scope.relation(entity), plan.Refused):
                    stored.add(name)
            case _:
                scope.relation(entity)
    inner = Scope(scope.session, scope)
    inner.access = Access({name: scope.tables[name] for name in sorted(stored)}, frozenset(tabular - variables))
    inner.variables |= functions
    return inner


def _is_tabular(name: str, scope: Scope) -> bool:
    match scope.variable(name):
        case UserFunction():
            return scope.is_tabular(syntax.Call(name, ()))
        case Pattern():
            return True
        case meaning:
            return isinstance(meaning, plan.Node)
