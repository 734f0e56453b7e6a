"""PostgreSQL with the documented meaning of VQL."""

from __future__ import annotations

from sqlglot import exp


def translate(tree: exp.Expression) -> exp.Expression:
    """The tree of a PostgreSQL statement."""
    tree = tree.copy()
    for node in tree.walk():
        node.meta.pop("vql", None)
    return tree
