"""Reads statements: queries, the definitions of views, and what VQL changes data with.

Source: Denodo 7.0 manual, VQL guide, "Defining a Derived View", "Inserts, Updates and Deletes over Views",
"Statements".
"""

from __future__ import annotations

from denodo.checking.lexer import Kind, Token
from denodo.checking.queries import Queries
from denodo.cursor import words_of

# Statements of VQL that define or list elements of its catalogue: their details are not a model's business.
CATALOGUE_STATEMENTS = words_of(
    """
    BEGIN CALL CLOSE COMMIT CONNECT DESC DESCRIBE ENTER EXIT GRANT HELP LIST QUERY REVOKE
    ROLLBACK IMPORT EXPORT LOAD
    """
)
CREATED = words_of(
    """
    ASSOCIATION DATABASE DATASOURCE FOLDER INTERFACE JAR LISTENER MAP METADATA PROCEDURE REMOTE RESOURCE REST
    ROLE STORED TABLE TYPE USER VIEW VIEWSTATSUMMARY WEBSERVICE WEBSERVICES WIDGET WRAPPER
    """
)
# What ALTER and DROP name besides.
CHANGED = CREATED | words_of("CONSTRAINT CUSTOMCOMPONENT ENVIRONMENT OPERATION SCANNER SOAP")


class Statements(Queries):
    """The grammar of statements."""

    def statement(self) -> None:
        """Reads one statement."""
        token = self.peek()
        if self.at("SELECT", "WITH") or self.at_sign("("):
            self.named_by_author(self.query("top"))
        elif self.at("CREATE"):
            self._create()
        elif self.at("INSERT"):
            self._insert()
        elif self.at("UPDATE"):
            self._update()
        elif self.at("DELETE"):
            self._delete()
        elif self.at("VALUES"):
            self.query("top")
        elif self.at("ALTER", "DROP"):
            self._change()
        elif (self.at("SET") and self.peek(1).kind is Kind.TEXT) or self.at(*CATALOGUE_STATEMENTS):
            self._skip_statement()
        elif token.kind is Kind.WORD and (self.peek(1).kind is not Kind.END or token.value in _FOREIGN):
            if token.value not in _FOREIGN:
                self.fail("une instruction (`select`, `with`, `create view`…) était attendue")
            self._skip_statement()
            self.report(
                "vql-instruction", token.start, token.end, f"{token.value} n'est pas une instruction de VQL."
            )
        else:
            self.fail("une instruction (`select`, `with`, `create view`…) était attendue")

    def _skip_statement(self) -> None:
        while not self.at_end():
            self.take()

    def _change(self) -> None:
        """ALTER and DROP: what they name, and the ways of PostgreSQL to change it."""
        verb, kind = self.take(), self.peek()
        if self.at(*CHANGED) or self.at_words("MATERIALIZED", "TABLE"):
            while not self.at_end():
                if self.at("ADD", "DROP") and self.at("COLUMN", ahead=1):
                    self._foreign_change(self.peek().start, self.peek(1).end)
                elif self.at_words("RENAME", "TO"):
                    self._foreign_change(
                        self.peek().start, self.peek(1).end, "`alter view ancien rename nouveau`."
                    )
                self.take()
        else:
            self._skip_statement()
            self._foreign_change(verb.start, kind.end)

    def _foreign_change(self, start: int, end: int, write: str | None = None) -> None:
        said = " ".join(self.sql[start:end].upper().split())
        self.report("vql-instruction", start, end, f"{said} n'est pas documenté en VQL.", write=write)

    def _create(self) -> None:
        create = self.take()
        self.accept("OR", "REPLACE")
        foreign: list[Token] = []
        while self.at(
            "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "RECURSIVE", "MATERIALIZED", "UNIQUE"
        ):
            foreign.append(self.take())
        kind = self.peek()
        words = [token.value for token in foreign]
        if self.at("VIEW"):
            self.take()
            for token in foreign:
                self.report(
                    "vql-vue",
                    token.start,
                    token.end,
                    f"CREATE {token.value} VIEW n'est pas documenté en VQL.",
                )
            self._view()
        elif self.at("TABLE") and words in ([], ["MATERIALIZED"], ["TEMPORARY"]):
            self._table_definition(create, words)
        elif kind.kind is Kind.WORD and kind.value in CREATED and not foreign:
            self._skip_statement()
        else:
            self._skip_statement()
            self.report(
                "vql-instruction",
                create.start,
                kind.end,
                f"CREATE {kind.value} n'est pas une instruction de VQL.",
            )

    def _table_definition(self, create: Token, words: list[str]) -> None:
        table = self.take()
        if self.accept("IF"):
            self.accept("NOT", "EXISTS")
        self._table_name()
        if self.at_sign("("):
            self.skip_brackets()
        base_view = self.at("I18N")
        while not (self.at_end() or self.at("AS")):
            self.take()
        if not words and not base_view and not self.at("AS"):
            self.report(
                "vql-instruction",
                create.start,
                table.end,
                "CREATE TABLE n'existe en VQL que pour une vue de base, avec I18N.",
                write="Écrivez une requête `select` : dbt crée la vue ; pour une vue de base, "
                "`create table nom i18n fr_euro (…)`.",
            )
        if self.accept("AS"):
            if not words:
                self.report(
                    "vql-instruction",
                    create.start,
                    table.end,
                    "CREATE TABLE … AS n'est pas documenté en VQL.",
                    write="Écrivez seulement la requête `select` : sur Denodo, un modèle est une vue.",
                )
            bracket = self.at_sign("(") and not self.at_query()
            if not bracket:
                self.named_by_author(self.query("top"))
        self._skip_statement()

    def _view(self) -> None:
        if self.at_words("IF", "NOT"):
            begin = self.take().start
            self.accept("NOT", "EXISTS")
            self.report(
                "vql-vue",
                begin,
                self.last_end,
                "IF NOT EXISTS n'est pas documenté pour une vue.",
                write="`create or replace view`.",
            )
        self._table_name()
        while self.at("FOLDER", "DESCRIPTION") and self.at_sign("=", ahead=1):
            self.take()
            self.take()
            if self.take().kind is not Kind.TEXT:
                self.index -= 1
                self.fail("un texte entre apostrophes était attendu")
        if self.accept("PRIMARY", "KEY"):
            if self.peek().kind is Kind.TEXT:
                self.take()
            self.skip_brackets()
        named = self.at_sign("(")
        if named:
            self._view_fields()
        if self.at("WITH") and self.at_sign("(", ahead=1):
            word = self.take()
            self.skip_brackets()
            self.report("vql-vue", word.start, word.end, "WITH (…) n'est pas documenté pour une vue.")
        self.expect("AS")
        output = self.query("top")
        if not named:
            self.named_by_author(output)
        if self.accept("USING", "PARAMETERS"):
            self.skip_brackets()
            if self.accept("ORDER", "BY"):
                self.order_items()
        if self.at_words("WITH", "NO", "DATA") or self.at_words("WITH", "DATA"):
            word = self.take()
            self._skip_statement()
            self.report(
                "vql-vue", word.start, self.last_end, "WITH [NO] DATA n'est pas documenté pour une vue."
            )
        if self.accept("WITH"):
            if self.at("CASCADED", "LOCAL"):
                self.take()
            self.expect("CHECK")
            self.expect("OPTION")
        self._ending()

    def _view_fields(self) -> None:
        """VQL lists fields with their properties here; names alone are PostgreSQL's."""
        start = self.peek().start
        self.take()
        plain = True
        while not self.at_sign(")"):
            self.name(any_word=True)
            if self.at_sign("("):
                self.skip_brackets()
                plain = False
            if not self.accept_sign(","):
                break
        self.expect_sign(")")
        if plain:
            self.report(
                "vql-vue",
                start,
                self.last_end,
                "Une vue de VQL ne nomme pas ses colonnes ainsi.",
                write="Donnez un alias à chaque colonne du SELECT.",
            )

    def _insert(self) -> None:
        self.take()
        self.expect("INTO")
        self._table_name()
        if self.at_sign("(") and not self.at_query():
            self._names_in_brackets()
        self._returning()
        if self.at("VALUES"):
            self.take()
            while True:
                self.expect_sign("(")
                self._values()
                self.expect_sign(")")
                if not self.accept_sign(","):
                    break
        elif self.accept("SET"):
            self._assignments()
        elif self.at("SELECT", "WITH") or self.at_sign("("):
            self.query("top")
        elif self.at_words("DEFAULT", "VALUES"):
            word = self.take()
            self.report(
                "vql-modification",
                word.start,
                self.take().end,
                "INSERT … DEFAULT VALUES n'est pas documenté en VQL.",
            )
        else:
            self.fail("`values` ou `select` était attendu")
        if self.at_words("ON", "CONFLICT") or self.at_words("ON", "DUPLICATE"):
            word = self.take()
            end = self.take().end
            while not (self.at_end() or self.at("RETURNING", "CONTEXT", "TRACE")):
                self.take()
            self.report("vql-modification", word.start, end, "ON CONFLICT n'est pas documenté en VQL.")
        self._returning()
        self._ending()

    def _returning(self) -> None:
        if self.accept("RETURNING"):
            self._fields()

    def _assignments(self) -> None:
        while True:
            if self.at_sign("("):
                self._names_in_brackets()
            else:
                self._column()
            self.expect_sign("=")
            self.expression()
            if not self.accept_sign(","):
                return

    def _update(self) -> None:
        self.take()
        self._table_name()
        if not self.at("SET"):
            self._alias(frozenset({"SET"}))
        self.expect("SET")
        with self._in_clause("where"):
            self._assignments()
        if self.at("FROM"):
            word = self.take()
            while not (self.at_end() or self.at("WHERE", "RETURNING")):
                self.take()
            self.report("vql-modification", word.start, word.end, "UPDATE … FROM n'est pas documenté en VQL.")
        if self.accept("WHERE"):
            with self._in_clause("where"):
                self.expression()
        self._returning()
        self._ending()

    def _delete(self) -> None:
        self.take()
        self.expect("FROM")
        self._table_name()
        if not self.at("USING", "WHERE"):
            self._alias(AFTER_DELETE)
        if self.at("USING"):
            word = self.take()
            while not (self.at_end() or self.at("WHERE", "RETURNING")):
                self.take()
            self.report(
                "vql-modification", word.start, word.end, "DELETE … USING n'est pas documenté en VQL."
            )
        if self.accept("WHERE"):
            with self._in_clause("where"):
                self.expression()
        if self.at("RETURNING"):
            word = self.peek()
            self._returning()
            self.report(
                "vql-modification", word.start, word.end, "DELETE … RETURNING n'est pas documenté en VQL."
            )
        self._ending()


AFTER_DELETE = frozenset({"WHERE", "USING", "RETURNING", "CONTEXT", "TRACE"})
_FOREIGN = words_of(
    """
    ABORT ANALYZE CHECKPOINT CLUSTER COMMENT COPY DEALLOCATE DECLARE DISCARD DO END EXECUTE EXPLAIN
    LISTEN LOCK MERGE MOVE NOTIFY PREPARE REASSIGN REFRESH REINDEX RELEASE REPLACE RESET SAVEPOINT
    SECURITY SET SHOW START TABLE TRUNCATE UNLISTEN UPSERT USE VACUUM FETCH PIVOT ATTACH DETACH CACHE
    UNCACHE OPTIMIZE
    """
)
