"""Graphs as a whole."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow


def components(nodes: pyarrow.Table, edges: pyarrow.Table, *, strong: bool) -> pyarrow.Table:
    """The ids of nodes and the number of the component that each is in, from 0."""
    ids = nodes.column(0)
    numbers = {value: number for number, value in enumerate(ids.to_pylist())}
    sources, targets = ([numbers[value] for value in column.to_pylist()] for column in edges.columns)
    neighbours: list[list[int]] = [[] for _ in numbers]
    for source, target in zip(sources, targets, strict=True):
        neighbours[source].append(target)
        if not strong:
            neighbours[target].append(source)
    found = _strong(neighbours) if strong else _weak(neighbours)
    return pyarrow.table([ids, pyarrow.array(found, pyarrow.int64())], names=["node", "component"])


def _weak(neighbours: list[list[int]]) -> list[int]:
    """The component of each node, edges going both ways."""
    return _flooded(neighbours, range(len(neighbours)))


def _strong(neighbours: list[list[int]]) -> list[int]:
    """The component of each node where edges go one way: Kosaraju's two searches, without recursion."""
    reverse: list[list[int]] = [[] for _ in neighbours]
    for source, targets in enumerate(neighbours):
        for target in targets:
            reverse[target].append(source)
    return _flooded(reverse, reversed(_in_order_of_finish(neighbours)))


def _flooded(neighbours: list[list[int]], starts: Iterable[int]) -> list[int]:
    """The component of each node: all that is reached from a start, and was not from one before."""
    found = [-1] * len(neighbours)
    component = 0
    for start in starts:
        if found[start] >= 0:
            continue
        found[start] = component
        pending = [start]
        while pending:
            for node in neighbours[pending.pop()]:
                if found[node] < 0:
                    found[node] = component
                    pending.append(node)
        component += 1
    return found


def _in_order_of_finish(neighbours: list[list[int]]) -> list[int]:
    seen = [False] * len(neighbours)
    finished: list[int] = []
    for start in range(len(neighbours)):
        if seen[start]:
            continue
        seen[start] = True
        pending = [(start, iter(neighbours[start]))]
        while pending:
            node, rest = pending[-1]
            following = next((found for found in rest if not seen[found]), None)
            if following is None:
                finished.append(node)
                pending.pop()
            else:
                seen[following] = True
                pending.append((following, iter(neighbours[following])))
    return finished
