"""The sqlglot dialect `denodo`.

`sqlglot.parse_one(vql, read="denodo")` gives the tree described in denodo.tree; `tree.sql(dialect="denodo")`
writes it back; `sqlglot.transpile(vql, read="denodo", write="postgres")` gives PostgreSQL that means what the
Denodo manual says, for a database where tests.denodo.engine.install() has been run. sqlglot's parser and
generator do not take part: they normalise, and may be compiled classes that nothing can extend.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.postgres import Postgres

from denodo.grammar import parse
from tests.denodo.writer import write


class Denodo(Dialect):
    """Documented VQL (Denodo 7.0 manual)."""

    NULL_ORDERING = "nulls_are_large"
    INDEX_OFFSET = 0
    TYPED_DIVISION = True

    class Tokenizer(tokens.Tokenizer):
        """Only for sqlglot.tokenize(); the grammar has its own, denodo.lexer."""

        COMMENTS: ClassVar = ["--", "#", ("/*", "*/")]
        IDENTIFIERS: ClassVar = ['"']
        QUOTES: ClassVar = ["'"]

    def parse(self, sql: str, **opts: Any) -> list[exp.Expression | None]:
        """The statements of a text. Raises VqlSyntaxError."""
        statements = parse(sql)
        for statement in statements:
            statement.meta["vql"] = True
        return statements

    def parse_into(self, expression_type: Any, sql: str, **opts: Any) -> list[exp.Expression | None]:
        """As parse(): the text decides what it is."""
        return self.parse(sql)

    def generate(self, expression: exp.Expression, copy: bool = True, **opts: Any) -> str:
        """VQL on one line; the options for layout are ignored."""
        return write(expression)


_generate_postgres = Postgres.generate


def _generate(self: Postgres, expression: exp.Expression, copy: bool = True, **opts: Any) -> str:
    """PostgreSQL of a tree; one that was read as VQL is first given its PostgreSQL meaning."""
    if type(self) is Postgres and expression.meta.get("vql"):
        from tests.denodo.postgresql import translate

        expression = translate(expression)
        opts.setdefault("normalize_functions", False)
    return _generate_postgres(self, expression, copy=copy, **opts)


if _generate_postgres.__name__ != "_generate":
    # PostgreSQL's generator has to be told about trees read as VQL, and cannot be extended when compiled.
    Postgres.generate = _generate  # type: ignore[method-assign]
