"""What a plan uses: which columns anywhere, and whether reading it twice gives the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from kqlog.plan.nodes import (
    Aggregate,
    Apply,
    ArgExtreme,
    Call,
    Cast,
    ColumnRef,
    Custom,
    Extend,
    External,
    Filter,
    InQuery,
    Join,
    JoinKind,
    Limit,
    Literal,
    Named,
    Node,
    OuterRef,
    Path,
    Project,
    Range,
    Refused,
    Sample,
    ScalarQuery,
    Scan,
    Sort,
    Union,
    Unnest,
    Value,
    Values,
    Window,
)


def columns_mentioned(root: Node) -> frozenset[str]:
    """The names of all columns that a plan mentions anywhere, also under other tables than they belong to."""
    names = {column.name for column in root.columns}
    for part in _parts(root):
        match part:
            case ColumnRef() | OuterRef():
                names.add(part.name)
            case Join():
                names.update(output.source for output in part.outputs)
            case Apply():
                names.update(part.kept)
            case Custom():
                names.update(column.name for source in part.sources for column in source.columns)
            case ScalarQuery() | InQuery():
                names.update(column.name for column in part.relation.columns[:1])
            case _:
                pass
    return frozenset(names)


def repeatable(root: Node | Value) -> bool:
    """Whether a relation or value is the same each time it is read."""
    for part in _parts(root):
        match part:
            case Call() if part.function.volatile or part.name.startswith(("take_any", "any")):
                return False
            case Limit() | Sample() | Custom():
                return False
            case Join() if part.kind is JoinKind.INNERUNIQUE:
                return False
            case _:
                pass
    return True


def _parts(root: Node | Value) -> Iterator[Node | Value]:
    """Every node and value, each shared one once."""
    seen: set[int] = set()
    pending: list[Node | Value] = [root]
    while pending:
        part = pending.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            pending += _below(part)


def _below(part: Node | Value) -> list[Node | Value]:
    match part:
        case ColumnRef() | OuterRef() | Literal():
            return []
        case Call():
            return [*part.arguments]
        case Cast():
            return [part.value]
        case Path():
            return [part.value, *(step for step in part.steps if not isinstance(step, (str, int)))]
        case ScalarQuery():
            return [part.relation]
        case InQuery():
            return [part.value, part.relation]
        case _:
            return _below_node(part)


def _below_node(node: Node) -> list[Node | Value]:
    match node:
        case Scan() | External() | Refused():
            return []
        case Values():
            return [value for row in node.rows for value in row]
        case Range():
            return [node.start, node.stop, node.step]
        case Filter():
            return [node.source, node.predicate]
        case Project() | Extend() | Window():
            return [node.source, *(item.value for item in node.items)]
        case Unnest():
            limit = [node.limit] if node.limit else []
            return [node.source, *(item.value for item in node.items), *limit]
        case Aggregate():
            return [node.source, *(item.value for item in node.keys + node.items)]
        case ArgExtreme():
            return [node.source, node.by, *(item.value for item in node.keys + node.items)]
        case Sort():
            return [node.source, *(key.value for key in node.keys)]
        case Limit() | Sample():
            return [node.source, node.rows]
        case Join():
            return [node.left, node.right, *(value for pair in node.on for value in pair)]
        case Union() | Custom():
            return [*node.sources]
        case Apply():
            return [node.source, node.body]
        case Named():
            return [node.source]
        case _:
            assert_never(node)
