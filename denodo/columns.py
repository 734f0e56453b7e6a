"""The columns that a query returns, as far as its text and those of the views it reads tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from denodo.grammar import parse
from denodo.tree import Call, form, label

Known = Mapping[str, Iterable[str]]


def columns_of(vql: str, views: Known) -> list[str] | None:
    """The names of the columns that one VQL query returns, in order.

    Args:
        vql: one query.
        views: the columns of the views it may read, as `database.view`.

    Returns:
        None when they are not known: the query reads `*` of something that `views` has not.

    Raises:
        VqlSyntaxError: the text cannot be read.
    """
    (tree,) = parse(vql)
    return None if tree is None else _of_query(tree, {}, views)


def _of_query(query: exp.Expression, outer: Mapping[str, list[str] | None], views: Known) -> list[str] | None:
    tables = dict(outer)
    for table in query.args["with_"].expressions if query.args.get("with_") else []:
        alias = table.args["alias"]
        named = [label(column) for column in alias.args.get("columns") or []]
        found = _of_query(table.this, tables, views)
        tables[label(alias.this)] = named + found[len(named) :] if found and named else found
    if isinstance(query, exp.Subquery):
        return _of_query(query.this, tables, views)
    if isinstance(query, exp.SetOperation):
        left = _of_query(query.this, tables, views)
        if not query.args.get("extended"):
            return left
        right = _of_query(query.expression, tables, views)
        return None if left is None or right is None else list(dict.fromkeys([*left, *right]))
    return _of_select(query, tables, views) if isinstance(query, exp.Select) else None


def _of_select(
    select: exp.Expression, tables: Mapping[str, list[str] | None], views: Known
) -> list[str] | None:
    sources: list[tuple[str | None, list[str] | None]] = []
    if select.args.get("from_"):
        sources += _sources(select.args["from_"].this, tables, views)
    for join in select.args.get("joins") or []:
        sources += _sources(join.this, tables, views)
    names: list[str] = []
    for item in select.expressions:
        value = item.this if isinstance(item, exp.Alias) else item
        if isinstance(value, exp.Star) or (
            isinstance(value, exp.Column) and isinstance(value.this, exp.Star)
        ):
            table = label(value.args["table"]) if isinstance(value, exp.Column) else None
            read = [columns for name, columns in sources if table in (None, name)]
            if not read or any(columns is None for columns in read):
                return None
            names += [column for columns in read for column in columns or []]
        else:
            names.append(label(item.args["alias"]) if isinstance(item, exp.Alias) else _given(value))
    return names


def _sources(
    node: exp.Expression, tables: Mapping[str, list[str] | None], views: Known
) -> list[tuple[str | None, list[str] | None]]:
    alias = node.args.get("alias")
    name = label(alias.this) if alias and alias.this else None
    named = [label(column) for column in alias.args.get("columns") or []] if alias else []
    if isinstance(node, exp.Subquery) and node.args.get("parenthesised"):
        found = _sources(node.this, tables, views)
        for join in node.this.args.get("joins") or []:
            found += _sources(join.this, tables, views)
        return found
    columns: list[str] | None = None
    if isinstance(node, exp.Subquery):
        columns = _of_query(node.this, tables, views)
    elif isinstance(node, exp.Table) and not isinstance(node.this, Call):
        own = label(node.this)
        name = name or own
        if node.args.get("db"):
            known = views.get(f"{label(node.args['db'])}.{own}")
            columns = None if known is None else list(known)
        else:
            columns = tables.get(own)
    return [(name, named + (columns or [])[len(named) :] if named else columns)]


def _given(value: exp.Expression) -> str:
    """The name of a field that has no alias."""
    if isinstance(value, exp.Column):
        return label(value.this)
    if isinstance(value, exp.Dot):
        return label(value.expression)
    return value.name.lower() if isinstance(value, Call) and not form(value) else value.key
