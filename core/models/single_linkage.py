"""Groups that join the rest late: single linkage by mutual reachability, as in HDBSCAN*.

Two rows are as near as their cosine, but no nearer than each is to its own ``CORE``-th neighbour, so that lone rows
build no bridge between groups (Campello, Moulavi & Sander 2013). The tree is that of the neighbour graph alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from .neighbors import Graph

CORE = 10  # neighbours
EDGES = 50  # neighbours of a row that are looked at
STEPS = 10_000  # of similarity: rows that join at the same step join at once, in any order of the rows


@dataclass(frozen=True)
class Group:
    """Rows that hang together before they join a larger group.

    Parameters
    ----------
    rows
        Ascending positions, int64.
    joins
        The similarity at which they join; 0 where the graph has no way out of the group.
    """

    rows: np.ndarray
    joins: float


def core_similarity(graph: Graph) -> np.ndarray:
    """Return the cosine of each row to its ``CORE``-th neighbour: float32, shape (n,); -1 where it has fewer."""
    width = graph.similarities.shape[1]
    return graph.similarities[:, CORE - 1] if width >= CORE else np.full(len(graph.rows), -1, dtype=np.float32)


def groups_joining(graph: Graph, members: np.ndarray, *, least: int, most: int) -> list[Group]:
    """Return each group of ``least`` to ``most`` rows as it stands before it joins a larger one.

    Parameters
    ----------
    members
        Rows that take part: bool, shape (n,).
    """
    n = len(graph.rows)
    first, second, similarity = _tree(graph, members)
    parent = np.arange(n)
    inside: dict[int, list[int]] = {}

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    groups: list[Group] = []
    level = np.rint(similarity * STEPS).astype(np.int64)
    order = np.argsort(-level, kind="stable")
    for batch in np.split(order, np.flatnonzero(np.diff(level[order])) + 1) if len(order) else []:
        roots = {root(row) for edge in batch.tolist() for row in (int(first[edge]), int(second[edge]))}
        before = {row: inside.get(row, [row]) for row in roots}
        for edge in batch.tolist():
            low, high = sorted((root(int(first[edge])), root(int(second[edge]))))
            parent[high] = low
        joined: dict[int, list[int]] = {}
        for row in roots:
            joined.setdefault(root(row), []).append(row)
        for whole, parts in joined.items():
            parts.sort(key=lambda part: len(before[part]))
            joins = float(level[batch[0]]) / STEPS
            groups += [_group(before[part], joins) for part in parts[:-1] if least <= len(before[part]) <= most]
            grown = before[parts[-1]]
            for part in parts[:-1]:
                grown.extend(before[part])
            for part in parts:
                inside.pop(part, None)
            inside[whole] = grown
    alone = sorted(inside.values(), key=len)[:-1]
    return groups + [_group(rows, 0.0) for rows in alone if least <= len(rows) <= most]


def _group(rows: list[int], joins: float) -> Group:
    return Group(np.sort(np.array(rows, dtype=np.int64)), joins)


def _tree(graph: Graph, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges of the spanning tree with the highest similarities, and these."""
    n = len(graph.rows)
    core = core_similarity(graph)
    near = graph.rows[:, :EDGES]
    source = np.repeat(np.arange(n), near.shape[1])
    other = near.ravel().astype(np.int64)
    kept = (other >= 0) & members[source] & members[other]
    source, other, similarity = source[kept], other[kept], graph.similarities[:, :EDGES].ravel()[kept]
    reach = np.clip(np.minimum(np.minimum(core[source], core[other]), similarity), 0, 1)
    _, single = np.unique(np.minimum(source, other) * n + np.maximum(source, other), return_index=True)
    distance = 2 - reach[single].astype(float)  # no stored zero, which would be no edge
    matrix = coo_array((distance, (source[single], other[single])), shape=(n, n))
    tree = minimum_spanning_tree(matrix.tocsr()).tocoo()
    return tree.row, tree.col, 2 - tree.data
