"""Reads VQL, and leniently what only PostgreSQL has, into a tree with places (see denodo.tree).

source: Denodo 7.0 manual, "Queries: SELECT Statement", "Syntax of Functions and Condition Values",
"Defining a Derived View", "Creating Folders".
"""

from __future__ import annotations

from sqlglot import exp

from denodo.cursor import words_of
from denodo.lexer import VqlSyntaxError
from denodo.queries import _Queries

_COMMANDS = words_of(
    """
    INSERT UPDATE DELETE MERGE DROP ALTER TRUNCATE GRANT REVOKE SET SHOW EXPLAIN ANALYZE VACUUM COPY
    BEGIN COMMIT ROLLBACK CALL DESC DESCRIBE LIST COMMENT REFRESH DO LOCK DECLARE USE HELP EXECUTE
    PREPARE CLOSE START ENCRYPT_PASSWORD REINDEX
    """
)


class _Parser(_Queries):
    """A recursive-descent parser of one text, which may hold several statements."""

    # -------------------------------------------------------------- statements

    def statements(self) -> list[exp.Expression | None]:
        """Every statement of the text."""
        found: list[exp.Expression | None] = []
        while self.token.kind != "end":
            if self.take(";"):
                continue
            found.append(self.statement())
            if self.token.kind != "end" and not self.at(";"):
                self.fail("fin de l'instruction attendue")
        return found

    def statement(self) -> exp.Expression:
        word = self.token.upper
        if word == "CREATE":
            return self.create()
        if self.at("CONNECT", "DATABASE"):
            first = self.advance()
            self.advance()
            name = self.mark(exp.Table(this=self.identifier()), self.last)
            return self.mark(exp.Use(this=name, kind=exp.Var(this="DATABASE")), first)
        if word in ("SELECT", "WITH", "VALUES", "TABLE") or (word == "(" and self.query_ahead()):
            return self.query()
        if word in _COMMANDS and self.ahead().kind in ("word", "quoted", "string", "end"):
            return self.command()
        node = self.expression()
        return self.aliased(node)

    def command(self) -> exp.Expression:
        first = self.advance()
        start = self.token.start
        while self.token.kind != "end" and not self.at(";"):
            self.advance()
        node = exp.Command(this=first.upper, expression=self.sql[start : self.last.end])
        return self.mark(node, first)

    def create(self) -> exp.Expression:
        first = self.advance()
        replace = self.take("OR", "REPLACE")
        kind = self.token.upper
        if kind not in ("VIEW", "FOLDER") and not self.at("INTERFACE", "VIEW"):
            self.index = self.tokens.index(first)
            return self.command()
        self.advance()
        if kind == "FOLDER":
            name = self.string()
            node = exp.Create(this=name, kind="FOLDER", replace=replace)
            if self.take("DESCRIPTION"):
                self.take("=")
                node.set("description", self.string())
            return self.mark(node, first)
        if kind == "INTERFACE":
            self.index = self.tokens.index(first)
            return self.command()
        node = exp.Create(this=self.table_name(), kind="VIEW", replace=replace)
        while not self.at("AS"):
            clause = self.token
            if self.take("FOLDER"):
                self.take("=")
                node.set("folder", self.string())
                self.part(node, "folder", clause)
            elif self.take("DESCRIPTION"):
                self.take("=")
                node.set("description", self.string())
                self.part(node, "description", clause)
            elif self.at("PRIMARY", "KEY") or self.at("CONSTRAINT"):
                while not self.at("("):
                    self.advance()
                node.set("primary_key", self.parenthesised(lambda: self.identifier(strings=True)))
                self.part(node, "primary key", clause)
            elif self.at("("):
                node.set("fields", self.view_fields())
                self.part(node, "fields", clause)
            else:
                self.fail("« AS » attendu")
        self.expect("AS")
        node.set("expression", self.query())
        while True:
            clause = self.token
            if self.take("USING", "PARAMETERS"):
                node.set("parameters", exp.Var(this=self.raw_parentheses()))
                self.part(node, "parameters", clause)
            elif self.at("WITH") and self.ahead().upper in ("CASCADED", "LOCAL", "CHECK"):
                while not self.at("OPTION"):
                    self.advance()
                self.advance()
                node.set("check_option", exp.Var(this=self.words(clause)))
            elif self.at_any("ORDER", "CONTEXT"):
                self.modifiers(node.expression)
            else:
                break
        return self.mark(node, first)

    def view_fields(self) -> list[exp.Expression]:
        def field() -> exp.Expression:
            name = self.identifier()
            if self.at("("):
                name.meta["properties"] = self.raw_parentheses()
            return name

        return self.parenthesised(field)


def parse(sql: str) -> list[exp.Expression | None]:
    """The statements of a VQL text as trees. Raises VqlSyntaxError."""
    parser = _Parser(sql)
    try:
        return parser.statements()
    except RecursionError:
        token = parser.token
        reason = "expression trop profondément imbriquée"
        raise VqlSyntaxError(reason, token.line, token.column, token.start, token.raw) from None
