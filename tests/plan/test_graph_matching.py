"""Patterns in small random graphs, against every path followed by hand."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

import kqlog

NODES = "abcd"
Edges = list[tuple[str, str]]


def graph(seed: int) -> Edges:
    chance = random.Random(seed)
    return [(chance.choice(NODES), chance.choice(NODES)) for _ in range(6)]


def paths(edges: Edges, least: int, most: int, cycles: str, both_ways: bool = False) -> Iterator[tuple[list[str], list[int]]]:
    """The nodes and the numbers of the edges of every path."""
    hops = [(number, *edge) for number, edge in enumerate(edges)]
    if both_ways:
        hops += [(number, end, start) for number, start, end in hops if start != end]
    pending: list[tuple[list[str], list[int]]] = [([node], []) for node in sorted({node for edge in edges for node in edge})]
    while pending:
        nodes, taken = pending.pop()
        if len(taken) >= least:
            yield nodes, taken
        if len(taken) == most:
            continue
        for number, start, end in hops:
            again = (cycles == "unique_edges" and number in taken) or (cycles == "none" and end in nodes)
            if start == nodes[-1] and not again:
                pending.append(([*nodes, end], [*taken, number]))


def answer(edges: Edges, query: str) -> Counter[tuple[object, ...]]:
    rows = ", ".join(f'"{start}", "{end}"' for start, end in edges)
    text = f"datatable(from: string, to: string) [{rows}] | make-graph from --> to with_node_id=name | {query}"
    return Counter(tuple("".join(cell) if isinstance(cell, list) else cell for cell in row) for row in kqlog.query(text).rows)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cycles", ["all", "none", "unique_edges"])
def test_paths_of_variable_length(seed: int, cycles: str) -> None:
    edges = graph(seed)
    query = f"graph-match cycles={cycles} (x)-[e*0..3]->(y) project x.name, y.name, map(e, to), map(inner_nodes(e), name)"
    expected = Counter((nodes[0], nodes[-1], "".join(nodes[1:]), "".join(nodes[1:-1])) for nodes, _ in paths(edges, 0, 3, cycles))
    assert answer(edges, query) == expected


@pytest.mark.parametrize("seed", range(4))
def test_found_from_the_end_that_is_known(seed: int) -> None:
    edges = graph(seed)
    query = 'graph-match (x)<-[e*1..3]-(y) where y.name == "b" project x.name, y.name, map(e, from)'
    found = [nodes for nodes, _ in paths(edges, 1, 3, "unique_edges") if nodes[0] == "b"]
    assert answer(edges, query) == Counter((nodes[-1], "b", "".join(reversed(nodes[:-1]))) for nodes in found)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cycles", ["all", "none", "unique_edges"])
def test_edges_in_any_direction(seed: int, cycles: str) -> None:
    edges = graph(seed)
    query = f"graph-match cycles={cycles} (x)--(y)--(z) project x.name, y.name, z.name"
    assert answer(edges, query) == Counter(tuple(nodes) for nodes, _ in paths(edges, 2, 2, cycles, both_ways=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cycles", ["all", "none", "unique_edges"])
def test_an_edge_and_a_path(seed: int, cycles: str) -> None:
    edges = graph(seed)
    query = f"graph-match cycles={cycles} (x)-->(y)-[e*1..2]->(z) project x.name, y.name, z.name"
    expected = Counter((nodes[0], nodes[1], nodes[-1]) for nodes, _ in paths(edges, 2, 3, cycles))
    assert answer(edges, query) == expected


@pytest.mark.parametrize("seed", range(4))
def test_shortest_paths(seed: int) -> None:
    edges = graph(seed)
    query = "graph-shortest-paths output=all (x)-[e*1..4]->(y) project x.name, y.name, map(e, to)"
    every = [nodes for nodes, _ in paths(edges, 1, 4, "unique_edges")]
    fewest = {(nodes[0], nodes[-1]): len(nodes) for nodes in sorted(every, key=len, reverse=True)}
    expected = Counter((nodes[0], nodes[-1], "".join(nodes[1:])) for nodes in every if len(nodes) == fewest[nodes[0], nodes[-1]])
    assert answer(edges, query) == expected
    one_each = answer(edges, query.replace("output=all", "").replace("map(e, to)", "array_length(map(e, to))"))
    assert one_each == Counter((*ends, length - 1) for ends, length in fewest.items())
