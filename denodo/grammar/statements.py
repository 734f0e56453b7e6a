"""Reads statements: queries, the definitions of views, and what VQL changes data with.

Source: Denodo 7.0 manual, VQL guide, "Defining a Derived View", "Inserts, Updates and Deletes over Views",
"Statements".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlglot import exp

from denodo.grammar.queries import Queries
from denodo.lexer import Kind, Token, VqlSyntaxError, words_of
from denodo.tree import Node, Text

# Statements of VQL that define or list elements of its catalogue: their details are not a model's business.
_CATALOGUE = words_of(
    """
    BEGIN CALL CLOSE COMMIT CONNECT DESC DESCRIBE ENTER EXIT GRANT HELP LIST QUERY REVOKE
    ROLLBACK IMPORT EXPORT LOAD
    """
)
_CREATED = words_of(
    """
    ASSOCIATION DATABASE DATASOURCE FOLDER INTERFACE JAR LISTENER MAP METADATA PROCEDURE REMOTE RESOURCE REST
    ROLE STORED TABLE TYPE USER VIEW VIEWSTATSUMMARY WEBSERVICE WEBSERVICES WIDGET WRAPPER
    """
)
# What ALTER and DROP name besides.
_CHANGED = _CREATED | words_of("CONSTRAINT CUSTOMCOMPONENT ENVIRONMENT OPERATION SCANNER SOAP")
_AFTER_DELETE = frozenset({"WHERE", "USING", "RETURNING", "CONTEXT", "TRACE"})
_OPTIONS = words_of("TEMP TEMPORARY UNLOGGED GLOBAL LOCAL RECURSIVE MATERIALIZED UNIQUE")
_FOREIGN = words_of(
    """
    ABORT ANALYZE CHECKPOINT CLUSTER COMMENT COPY DEALLOCATE DECLARE DISCARD DO END EXECUTE EXPLAIN
    LISTEN LOCK MERGE MOVE NOTIFY PREPARE REASSIGN REFRESH REINDEX RELEASE REPLACE RESET SAVEPOINT
    SECURITY SET SHOW START TABLE TRUNCATE UNLISTEN UPSERT USE VACUUM FETCH PIVOT ATTACH DETACH CACHE
    UNCACHE OPTIMIZE
    """
)
# Room for some hundreds of brackets or CASE inside each other: each takes a dozen calls.
_CALLS = 10_000


class Statements(Queries):
    """The grammar of statements."""

    def statement(self) -> Node:
        """Reads one statement."""
        start = self.peek()
        if self.at("SELECT", "WITH") or self.at_sign("("):
            node = self.query("top")
            self.note_of("columns named by the author", node)
            return node
        if self.at("VALUES"):
            return self.query("top")
        if self.at("CONNECT") and self.at("DATABASE", ahead=1) and self.at_name(ahead=2):
            self.take()
            self.take()
            table = exp.Table(this=self.identifier(self.take()))
            self._skip_statement()
            return self.place(exp.Use(this=table, kind=exp.Var(this="DATABASE")), start)
        read = {
            "CREATE": self._create,
            "INSERT": self._insert,
            "UPDATE": self._update,
            "DELETE": self._delete,
            "ALTER": self._change,
            "DROP": self._change,
        }.get(start.value if start.kind is Kind.WORD else "", self._other)
        found = read()
        return self._command(start) if found is None else found

    def _command(self, start: Token) -> Node:
        text = self.sql[start.end : self.last_end].strip()
        return self.place(exp.Command(this=start.value.upper(), expression=text), start)

    def _other(self) -> None:
        token = self.peek()
        known = (self.at("SET") and self.peek(1).kind is Kind.TEXT) or self.at(*_CATALOGUE)
        if not known and not (token.kind is Kind.WORD and token.value in _FOREIGN):
            self.fail("une instruction (`select`, `with`, `create view`…) était attendue")
        self._skip_statement()
        if not known:
            self.note("foreign statement", token, said=token.value)

    def _skip_statement(self) -> None:
        while not self.at_end():
            self.take()

    def _change(self) -> None:
        """ALTER and DROP: what they name, and the ways of PostgreSQL to change it."""
        verb, what = self.take(), self.peek()
        if self.at(*_CHANGED) or self.at_words("MATERIALIZED", "TABLE"):
            while not self.at_end():
                if self.at("ADD", "DROP") and self.at("COLUMN", ahead=1):
                    self.note("foreign change", self.peek(), self.peek(1).end)
                elif self.at_words("RENAME", "TO"):
                    self.note("foreign change", self.peek(), self.peek(1).end, rename=True)
                self.take()
        else:
            self._skip_statement()
            self.note("foreign change", verb, what.end)

    # ----------------------------------------------------------------------- CREATE

    def _create(self) -> Node | None:
        create = self.take()
        replace = self.accept("OR", "REPLACE") is not None
        foreign: list[Token] = []
        while self.at(*_OPTIONS):
            foreign.append(self.take())
        what = self.peek()
        words = [token.value for token in foreign]
        if self.at("VIEW"):
            self.take()
            for token in foreign:
                self.note("view option", token, said=f"CREATE {token.value} VIEW")
            return self._view(create, replace)
        if self.at("TABLE") and words in ([], ["MATERIALIZED"], ["TEMPORARY"]):
            self._table_definition(create, words)
        elif self.at("FOLDER") and not foreign and self.peek(1).kind is Kind.TEXT:
            return self._folder(create, replace)
        else:
            known = what.kind is Kind.WORD and what.value in _CREATED and not foreign
            self._skip_statement()
            if not known:
                self.note("foreign create", create, what.end, what=what.value)
        return None

    def _folder(self, create: Token, replace: bool) -> Node:
        self.take()
        node = exp.Create(this=exp.Literal.string(self.take().value), kind="FOLDER", replace=replace)
        if self.accept("DESCRIPTION"):
            self.accept_sign("=")
            if self.peek().kind is Kind.TEXT:
                node.set("description", exp.Literal.string(self.take().value))
        self._skip_statement()
        return self.place(node, create)

    def _table_definition(self, create: Token, words: list[str]) -> None:
        end = self.take().end
        if self.accept("IF"):
            self.accept("NOT", "EXISTS")
        self.table_name()
        if self.at_sign("("):
            self.skip_brackets()
        base_view = self.at("I18N")
        while not (self.at_end() or self.at("AS")):
            self.take()
        if not words and not base_view and not self.at("AS"):
            self.note("create table", create, end)
        if self.accept("AS"):
            if not words:
                self.note("create table as", create, end)
            if not (self.at_sign("(") and not self.at_query()):
                self.note_of("columns named by the author", self.query("top"))
        self._skip_statement()

    def _view(self, create: Token, replace: bool) -> Node:
        if self.at_words("IF", "NOT"):
            begin = self.take()
            self.accept("NOT", "EXISTS")
            self.note("view if not exists", begin.start)
        node = exp.Create(this=self.table_name(), kind="VIEW", replace=replace)
        while self.at("FOLDER", "DESCRIPTION") and self.at_sign("=", ahead=1):
            clause = self.take().value.lower()
            self.take()
            token = self.take()
            if token.kind is not Kind.TEXT:
                self.index -= 1
                self.fail("un texte entre apostrophes était attendu")
            node.set(clause, exp.Literal.string(token.value))
        if self.accept("PRIMARY", "KEY"):
            if self.peek().kind is Kind.TEXT:
                self.take()
            first = self.index
            self.skip_brackets()
            tokens = self.tokens[first : self.index]
            kinds = (Kind.WORD, Kind.QUOTED, Kind.TEXT)
            node.set("primary_key", [self.identifier(token) for token in tokens if token.kind in kinds])
        named = self.at_sign("(")
        if named:
            node.set("fields", self._view_fields())
        if self.at("WITH") and self.at_sign("(", ahead=1):
            self.note("view option", self.take(), said="WITH (…)")
            self.skip_brackets()
        self.expect("AS")
        query = self.query("top")
        node.set("expression", query)
        if not named:
            self.note_of("columns named by the author", query)
        if self.accept("USING", "PARAMETERS"):
            node.set("parameters", exp.Var(this=self.skip_brackets()))
            if self.at_words("ORDER", "BY"):
                query.set("order", self.order(self.take()))
        if self.at_words("WITH", "NO", "DATA") or self.at_words("WITH", "DATA"):
            word = self.take()
            self._skip_statement()
            self.note("view option", word.start, said="WITH [NO] DATA")
        if self.at("WITH"):
            word = self.take()
            if self.at("CASCADED", "LOCAL"):
                self.take()
            self.expect("CHECK")
            self.expect("OPTION")
            text = " ".join(self.sql[word.start : self.last_end].upper().split())
            node.set("check_option", exp.Var(this=text))
        self.ending(query, [])
        return self.place(node, create)

    def _view_fields(self) -> list[Node]:
        """VQL lists fields with their properties here; names alone are PostgreSQL's."""
        start = self.expect_sign("(").start
        fields = []
        plain = True
        while not self.at_sign(")"):
            field = self.name(any_word=True)
            if self.at_sign("("):
                field.meta["properties"] = self.skip_brackets()
                plain = False
            fields.append(field)
            if not self.accept_sign(","):
                break
        self.expect_sign(")")
        if plain:
            self.note("columns of a view", start)
        return fields

    # ---------------------------------------------------------------- changes of data

    def _insert(self) -> None:
        self.take()
        self.expect("INTO")
        self.table_name()
        if self.at_sign("(") and not self.at_query():
            self.names_in_brackets()
        self._returning()
        if self.accept("VALUES"):
            while True:
                self.expect_sign("(")
                self.values()
                self.expect_sign(")")
                if not self.accept_sign(","):
                    break
        elif self.accept("SET"):
            self._assignments()
        elif self.at("SELECT", "WITH") or self.at_sign("("):
            self.query("top")
        elif self.at_words("DEFAULT", "VALUES"):
            word = self.take()
            self.note("change", word, self.take().end, said="INSERT … DEFAULT VALUES")
        else:
            self.fail("`values` ou `select` était attendu")
        if self.at_words("ON", "CONFLICT") or self.at_words("ON", "DUPLICATE"):
            word = self.take()
            self.note("change", word, self.take().end, said="ON CONFLICT")
            while not (self.at_end() or self.at("RETURNING", "CONTEXT", "TRACE")):
                self.take()
        self._returning()
        self.ending(exp.Command(), [])

    def _returning(self) -> None:
        if self.accept("RETURNING"):
            self.fields()

    def _assignments(self) -> None:
        while True:
            if self.at_sign("("):
                self.names_in_brackets()
            else:
                self.column()
            self.expect_sign("=")
            self.expression()
            if not self.accept_sign(","):
                return

    def _where(self) -> None:
        if self.accept("WHERE"):
            with self.in_clause("where"):
                self.expression()

    def _skip_to(self, said: str, *words: str) -> None:
        self.note("change", self.take(), said=said)
        while not (self.at_end() or self.at(*words)):
            self.take()

    def _update(self) -> None:
        self.take()
        self.table_name()
        if not self.at("SET"):
            self.alias(frozenset({"SET"}))
        self.expect("SET")
        with self.in_clause("where"):
            self._assignments()
        if self.at("FROM"):
            self._skip_to("UPDATE … FROM", "WHERE", "RETURNING")
        self._where()
        self._returning()
        self.ending(exp.Command(), [])

    def _delete(self) -> None:
        self.take()
        self.expect("FROM")
        self.table_name()
        if not self.at("USING", "WHERE"):
            self.alias(_AFTER_DELETE)
        if self.at("USING"):
            self._skip_to("DELETE … USING", "WHERE", "RETURNING")
        self._where()
        if self.at("RETURNING"):
            self.note("change", self.peek(), said="DELETE … RETURNING")
            self._returning()
        self.ending(exp.Command(), [])


def read(sql: str) -> Text:
    """Reads a text whatever it holds: what cannot be read is a fault, and reading goes on after it."""
    text = Text(sql)
    try:
        reader = Statements(sql)
    except VqlSyntaxError as error:
        text.faults.append(error)
        return text
    text.seen, text.hashes = reader.seen, reader.hashes
    with deep_calls():
        while reader.peek().value or not reader.at_end():
            if reader.accept_sign(";"):
                continue
            first = len(reader.seen)
            try:
                text.statements.append(reader.statement())
                if not reader.at_end():
                    reader.fail("la fin de la requête était attendue")
            except VqlSyntaxError as error:
                text.faults.append(error)
                while not reader.at_end():
                    reader.take()
            except RecursionError:
                del reader.seen[first:]
                token = reader.peek()
                reason = "trop de parenthèses emboîtées"
                text.faults.append(VqlSyntaxError(reason, sql, token.start, token.end))
                break
    return text


def parse(sql: str) -> list[Node]:
    """The statements of a VQL text as trees. Raises VqlSyntaxError."""
    text = read(sql)
    if text.faults:
        raise text.faults[0]
    return text.statements


@contextmanager
def deep_calls() -> Iterator[None]:
    """Room for what a deep tree asks of the stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
