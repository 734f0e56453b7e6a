"""Reads queries and reports what the documented SELECT of VQL does not have.

Source: Denodo 7.0 manual, VQL guide, "Queries: SELECT Statement" and its pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from denodo.checking import meaning
from denodo.checking.advice import FUNCTION_ADVICE, TABLE_FUNCTIONS, advice_for
from denodo.checking.expressions import Expressions
from denodo.checking.finding import Edit
from denodo.checking.lexer import Kind, Token, words
from denodo.checking.tree import Column, Expr, Output, Scope, Source

METHODS = frozenset({"HASH", "NESTED", "MERGE", "PARALLEL", "ORDERED", "REVERSEORDER"})
JOIN_WORDS = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "NATURAL", "CROSS", "JOIN", "OUTER"})
FOREIGN_JOINS = frozenset({"SEMI", "ANTI", "ASOF", "POSITIONAL", "STRAIGHT_JOIN", "APPLY"})
SET_WORDS = frozenset({"UNION", "EXCEPT", "INTERSECT", "MINUS"})
# What may follow an expression of SELECT, and so is no alias.
AFTER_FIELD = SET_WORDS | words(
    "FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH INTO WINDOW QUALIFY CONTEXT TRACE FOR EXTENDED WITH"
)
AFTER_TABLE = (
    (AFTER_FIELD - {"FROM", "INTO"}) | JOIN_WORDS | FOREIGN_JOINS | {"ON", "USING", "TABLESAMPLE", "SET"}
)


class Queries(Expressions):
    """The grammar of SELECT."""

    def __init__(self, sql: str, *, portable: bool) -> None:
        """Begins at the start of a text; `portable` as in `check`."""
        super().__init__(sql, portable=portable)
        self.named: list[dict[str, Output]] = [{}]
        # The columns of the SELECT read last, when ORDER BY sorts that one alone.
        self.sortable: list[Column] | None = None
        self.distinct = False
        # NULLS FIRST and NULLS LAST of the ORDER BY read last: what is sorted, the finding, how to write it.
        self.nulls: list[tuple[Expr, int, Edit]] = []

    @contextmanager
    def _in_clause(self, clause: str) -> Iterator[None]:
        before = self.clause, self.nested
        self.clause, self.nested = clause, 0
        try:
            yield
        finally:
            self.clause, self.nested = before

    def query(self, level: str) -> Output:
        """Reads a query.

        Args:
            level: top, cte, from, where, exists, or branch for a bracketed part of a UNION.
        """
        before = self.clause, self.nested, self.pending
        self.nested, self.pending = 0, []
        self.named.append({})
        try:
            if self.at("WITH"):
                self._with(level)
                if self.at("INSERT", "UPDATE", "DELETE", "MERGE"):
                    return self._changed()
            output = self._combined(level)
            if self.at_words("ORDER", "BY"):
                word = self.take()
                self.take()
                with self._in_clause("order"):
                    items = self.order_items()
                if level == "branch":
                    self.report(
                        "vql-ordre-branche", word.start, word.end, "Une branche est triée pour elle-même."
                    )
                self._sorted(output, items)
            self._limits(level)
            self._ending()
            return output
        finally:
            self.named.pop()
            self.clause, self.nested, self.pending = before

    def _changed(self) -> Output:
        """WITH before a statement that changes data."""
        word = self.peek()
        self.report("vql-with-options", word.start, word.end, f"WITH ne précède pas {word.value} en VQL.")
        while not self.at_end():
            self.take()
        return Output([], complete=False)

    def _with(self, level: str) -> None:
        word = self.take()
        if level != "top":
            self.report(
                "vql-with-imbrique", word.start, word.end, "WITH n'est pas en tête de la requête entière."
            )
        if self.at("RECURSIVE"):
            recursive = self.take()
            self.report(
                "vql-recursif", recursive.start, recursive.end, "WITH RECURSIVE n'est pas documenté en VQL."
            )
        while True:
            name = self.name()
            columns = self._names_in_brackets() if self.at_sign("(") else []
            self.expect("AS")
            if self.at("MATERIALIZED") or self.at_words("NOT", "MATERIALIZED"):
                begin = self.peek().start
                end = (self.accept("NOT", "MATERIALIZED") or self.take()).end
                edit = (begin, self.peek().start, "")
                self.report(
                    "vql-with-options", begin, end, "MATERIALIZED n'est pas documenté en VQL.", edit=edit
                )
            if self.at("INSERT", "UPDATE", "DELETE", "MERGE", ahead=1):
                change = self.peek(1)
                self.skip_brackets()
                self.report(
                    "vql-with-options", change.start, change.end, "Une CTE de VQL ne modifie pas de données."
                )
                output = Output([], complete=False)
            else:
                self.expect_sign("(")
                output = self.query("cte")
                self.expect_sign(")")
            if columns and output.complete and len(columns) == len(output.columns):
                pairs = zip(columns, output.columns, strict=True)
                output = Output(
                    [Column(self.label(new), new.start, new.end, old.expr, old.type) for new, old in pairs]
                )
            self.named[-1][self.label(name)] = output
            if self.at("SEARCH", "CYCLE"):
                option = self.take()
                self.report(
                    "vql-with-options",
                    option.start,
                    option.end,
                    f"{option.value} n'est pas documenté en VQL.",
                )
                while not self.at_sign(",") and not self.at("SELECT") and not self.at_end():
                    self.take()
            if not self.accept_sign(","):
                return

    def _names_in_brackets(self) -> list[Token]:
        self.expect_sign("(")
        names = [self.name(any_word=True)]
        while self.accept_sign(","):
            names.append(self.name(any_word=True))
        self.expect_sign(")")
        return names

    def _combined(self, level: str) -> Output:
        combined = False
        left = self._branch(level)
        while self.at(*SET_WORDS) or self.at_words("EXTENDED", "UNION"):
            combined = True
            extended = self.accept("EXTENDED") is not None
            word = self.take()
            every = self.accept("ALL")
            distinct = None if every else self.accept("DISTINCT")
            end = self.last_end
            if self.at_words("BY", "NAME") or self.at("CORRESPONDING"):
                begin = self.peek().start
                self.report(
                    "vql-union-par-nom",
                    begin,
                    (self.accept("BY", "NAME") or self.take()).end,
                    "Cette façon d'associer les colonnes n'est pas documentée.",
                )
            if word.value == "UNION" and not every and not extended:
                self.report(
                    "sens-union", word.start, end, "UNION sans ALL ne rend pas les mêmes lignes sur Denodo."
                )
            elif word.value == "EXCEPT":
                self.report("vql-except", word.start, word.end, "EXCEPT n'est pas documenté en VQL.")
            if word.value != "UNION" and (every or distinct):
                last = every or distinct or word
                self.report(
                    "vql-ensemble-all",
                    last.start,
                    last.end,
                    f"{word.value} {last.value} n'est pas documenté en VQL.",
                )
            right = self._branch("set")
            if not extended:
                self._same_names(word, left, right)
        if combined:
            self.sortable = None
        return left

    def _same_names(self, word: Token, left: Output, right: Output) -> None:
        if not (left.complete and right.complete and len(left.columns) == len(right.columns)):
            return
        rule = "sens-union-noms" if word.value == "UNION" else "vql-ensemble-noms"
        for first, second in zip(left.columns, right.columns, strict=True):
            if first.name != second.name:
                shown = f"`{first.name}`" if first.name else "une colonne sans nom"
                other = f"`{second.name}`" if second.name else "une colonne sans nom"
                self.report(
                    rule,
                    second.start,
                    second.end,
                    f"La première branche nomme cette colonne {shown}, celle-ci {other}.",
                )
                return

    def _branch(self, level: str) -> Output:
        if self.at("SELECT"):
            return self._select()
        if self.at("VALUES"):
            return self._values_table()
        if self.at("TABLE") and self.at_name(ahead=1):
            word = self.take()
            self.name()
            self.report(
                "vql-instruction",
                word.start,
                word.end,
                "TABLE nom n'est pas une requête de VQL.",
                write="`select * from nom`.",
            )
            return Output([], complete=False)
        if self.at_sign("("):
            self.take()
            output = self.query("branch")
            self.expect_sign(")")
            return output
        self.fail("`select` était attendu")
        raise AssertionError

    def _values_table(self) -> Output:
        word = self.take()
        self.report("vql-values", word.start, word.end, "VALUES n'est pas une table en VQL.")
        while True:
            self.expect_sign("(")
            self._values()
            self.expect_sign(")")
            if not self.accept_sign(","):
                return Output([], complete=False)

    # SELECT

    def _select(self) -> Output:
        select = self.take()
        outer, self.pending = self.pending, []
        if self.at("ALL"):
            word = self.take()
            self.report(
                "vql-select-all",
                word.start,
                word.end,
                "SELECT ALL n'est pas documenté en VQL.",
                edit=(word.start, self.peek().start, ""),
            )
        distinct = self.at("DISTINCT")
        if distinct:
            self._distinct()
        elif self.at("TOP") and (self.peek(1).kind is Kind.NUMBER or self.at_sign("(", ahead=1)):
            word = self.take()
            self.operand()
            self.report("vql-select-all", word.start, self.last_end, "SELECT TOP n'est pas documenté en VQL.")
        with self._in_clause("select"):
            fields = self._fields()
        if self.at("INTO"):
            word = self.take()
            while self.at("TEMPORARY", "TEMP", "UNLOGGED", "TABLE"):
                self.take()
            self._table_name()
            self.report("vql-select-into", word.start, word.end, "SELECT … INTO n'est pas documenté en VQL.")
        scope, equal = Scope(), []
        if self.accept("FROM"):
            with self._in_clause("from"):
                equal = self._from(scope)
        if self.accept("WHERE"):
            with self._in_clause("where"):
                condition = self._tested(self.expression())
            equal += _equalities(condition)
        group = self._group() if self.at_words("GROUP", "BY") else None
        if group is not None:
            self._positions_in_group(group, fields)
        if self.at("HAVING"):
            word = self.take()
            if group is None:
                self.report(
                    "vql-having-sans-group-by", word.start, word.end, "HAVING n'est pas précédé de GROUP BY."
                )
            with self._in_clause("having"):
                self._tested(self.expression())
        self._windows()
        output = self._output(fields, scope, select)
        self._doubles(fields, output, scope, equal)
        self._judge(scope)
        self.pending = outer
        self.sortable, self.distinct = fields, distinct
        return output

    def _tested(self, expr: Expr) -> Expr:
        """A condition: a boolean column will do, a subquery or several values will not."""
        if expr.kind in {"subquery", "tuple"}:
            self.value(expr)
        return expr

    def _distinct(self) -> None:
        word = self.take()
        if self.at("ON") and self.at_sign("(", ahead=1):
            end = self.take().end
            self.expect_sign("(")
            self._values()
            self.expect_sign(")")
            self.report("vql-distinct-on", word.start, end, "DISTINCT ON n'existe que dans PostgreSQL.")

    def _fields(self) -> list[Column]:
        fields = [self._field()]
        while self.accept_sign(","):
            fields.append(self._field())
        return fields

    def _field(self) -> Column:
        if self.at_sign("*"):
            star = self.take()
            return Column(None, star.start, star.end, Expr("star", star.start, star.end))
        if self.at_name() and self._qualified_star():
            return self._star_of_table()
        expr = self.expression()
        self._projected(expr)
        alias = self._alias(AFTER_FIELD)
        if alias is not None:
            return Column(self.label(alias), alias.start, alias.end, expr)
        name = expr.name if expr.kind == "column" and expr.name else None
        return Column(name, expr.start, expr.end, expr)

    def _qualified_star(self) -> bool:
        ahead = 0
        while self.at_name(ahead) and self.at_sign(".", ahead=ahead + 1):
            if self.at_sign("*", ahead=ahead + 2):
                return True
            ahead += 2
        return False

    def _star_of_table(self) -> Column:
        first = self.name()
        table = first
        while self.accept_sign(".") and not self.at_sign("*"):
            table = self.name()
        end = self.expect_sign("*").end
        self.report(
            "avis-etoile-table",
            first.start,
            end,
            f"`{self.sql[first.start : end]}` n'est pas dans la grammaire de VQL.",
        )
        return Column(None, first.start, end, Expr("star", first.start, end, qualifier=self.label(table)))

    def _projected(self, expr: Expr) -> None:
        if expr.kind in {"subquery", "tuple"}:
            self.value(expr)
        elif expr.condition and expr.name == "=":
            return
        elif expr.condition:
            edit: Edit | None = None
            text = self.sql[expr.start : expr.end]
            if expr.name in {"is null", "is not null"}:
                edit = (expr.start, expr.end, f"case when {text} then true else false end")
            self.report(
                "vql-booleen-projete",
                expr.start,
                expr.end,
                "Une condition est projetée comme une colonne.",
                edit=edit,
            )

    def _alias(self, stop: frozenset[str]) -> Token | None:
        """Reads `[as] alias` when there is one."""
        explicit = self.accept("AS")
        token = self.peek()
        if token.kind is Kind.TEXT and (explicit or self.last_end < token.start):
            self.take()
            plain = token.value.lower()
            edit = (token.start, token.end, plain) if plain.isidentifier() and plain.isascii() else None
            self.report(
                "vql-alias-apostrophes",
                token.start,
                token.end,
                f"L'alias {self.written(token)} est entre apostrophes.",
                edit=edit,
            )
            return Token(Kind.QUOTED, token.start, token.end, token.value)
        if explicit:
            return self.name(any_word=True)
        if token.kind is Kind.QUOTED or (
            token.kind is Kind.WORD and token.value not in stop and self.at_name()
        ):
            return self.name()
        return None

    def _output(self, fields: list[Column], scope: Scope, select: Token) -> Output:
        columns: list[Column] = []
        complete = True
        for field in fields:
            if field.expr is None or field.expr.kind != "star":
                known = meaning.type_of(field.expr, scope) if field.expr else None
                columns.append(Column(field.name, field.start, field.end, field.expr, known))
                continue
            wanted = [source for source in scope.sources if field.expr.qualifier in (None, source.name)]
            if (
                scope.merged
                or not wanted
                or any(source.output is None or not source.output.complete for source in wanted)
            ):
                complete = False
            for source in wanted:
                for column in source.output.columns if source.output else []:
                    columns.append(Column(column.name, field.start, field.end, None, column.type))
        return Output(columns, complete)

    def _doubles(
        self, fields: list[Column], output: Output, scope: Scope, equal: list[tuple[Expr, Expr]]
    ) -> None:
        """Two columns of the same name, as far as the text tells."""
        seen: set[str] = set()
        told: set[int] = set()
        known = output.columns if not scope.merged else [column for column in output.columns if column.expr]
        for column in known:
            if column.name is None:
                continue
            if column.name in seen and column.start not in told:
                told.add(column.start)
                self.report(
                    "vql-nom-double",
                    column.start,
                    column.end,
                    f"Deux colonnes du résultat s'appellent `{column.name}`.",
                )
            seen.add(column.name)
        stars = [field for field in fields if field.expr is not None and field.expr.kind == "star"]
        for field in fields:
            if (
                field.expr is None
                or field.expr.kind != "column"
                or field.name != field.expr.name
                or field.start in told
            ):
                continue
            for star in stars:
                if star.expr is not None and star.expr.qualifier in (None, field.expr.qualifier):
                    told.add(field.start)
                    self.report(
                        "vql-nom-double", field.start, field.end, f"`{field.name}` est déjà dans `*`."
                    )
                    break
        self._doubles_of_star(stars, scope, equal, told)

    def _doubles_of_star(
        self, stars: list[Column], scope: Scope, equal: list[tuple[Expr, Expr]], told: set[int]
    ) -> None:
        names = {source.name for source in scope.sources}
        covered = {star.expr.qualifier for star in stars if star.expr is not None}
        for left, right in equal:
            shown = {left.qualifier, right.qualifier}
            both = None in covered or shown <= covered
            if left.name == right.name and left.qualifier != right.qualifier and shown <= names and both:
                star = stars[-1]
                if star.start not in told:
                    told.add(star.start)
                    self.report(
                        "vql-nom-double",
                        star.start,
                        star.end,
                        f"`*` rend deux colonnes `{left.name}`, une par table jointe.",
                    )

    # FROM

    def _from(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        equal = self._joined(scope)
        while self.accept_sign(","):
            equal += self._joined(scope)
        return equal

    def _joined(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        equal = self._table(scope)
        while self._at_join():
            equal += self._join(scope)
        return equal

    def _at_join(self) -> bool:
        if self.at(*JOIN_WORDS):
            return True
        if self.at(*FOREIGN_JOINS):
            return self.at("JOIN", ahead=1) or self.at("STRAIGHT_JOIN")
        ahead = 0
        while self.at(*METHODS, ahead=ahead):
            ahead += 1
        return ahead > 0 and self.at(*JOIN_WORDS, ahead=ahead)

    def _join(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        begin = self.peek()
        words: list[Token] = []
        while self.at(*METHODS, *FOREIGN_JOINS, *(JOIN_WORDS - {"JOIN"})):
            words.append(self.take())
        kinds = {word.value for word in words}
        foreign = [word for word in words if word.value in FOREIGN_JOINS]
        if foreign:
            first, last = words[0], foreign[-1]
            said = self.sql[first.start : last.end]
            self.report("vql-jointure", first.start, last.end, f"`{said}` n'est pas une jointure de VQL.")
        if not kinds & {"APPLY", "STRAIGHT_JOIN"}:
            begin = self.expect("JOIN")
        if self.peek().kind is Kind.NUMBER:
            self.take()
        equal = self._table(scope)
        if kinds & {"NATURAL", "CROSS", "APPLY", "STRAIGHT_JOIN"}:
            if "NATURAL" in kinds:
                scope.merged = True
            if self.accept("ON"):
                self._on()
            return equal
        while self._at_join():
            nested = self.peek()
            equal += self._join(scope)
            if self.at("ON", "USING"):
                self.report(
                    "vql-jointure",
                    nested.start,
                    nested.end,
                    "Une jointure est emboîtée dans une autre sans parenthèses.",
                    write="Écrivez les jointures l'une après l'autre, chacune avec son ON.",
                )
        if self.accept("ON"):
            return equal + _equalities(self._on())
        if self.accept("USING"):
            self._names_in_brackets()
            scope.merged = True
            if self.at("AS"):
                word = self.take()
                self.name()
                self.report(
                    "vql-alias-colonnes",
                    word.start,
                    self.last_end,
                    "USING (…) AS n'est pas documenté en VQL.",
                )
            return equal
        self.report("vql-jointure", begin.start, begin.end, "Cette jointure n'a ni ON ni USING.")
        return equal

    def _on(self) -> Expr:
        with self._in_clause("on"):
            return self._tested(self.expression())

    def _table(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        if self.at("LATERAL"):
            word = self.take()
            self.report("vql-lateral", word.start, word.end, "LATERAL n'est pas documenté en VQL.")
        if self.at("ONLY") and (self.at_name(1) or self.at_sign("(", ahead=1)):
            word = self.take()
            self.report("vql-from-options", word.start, word.end, "ONLY n'est pas documenté en VQL.")
        if self.at_sign("("):
            return self._bracketed_table(scope)
        if self.at("FLATTEN") and self.at_sign("(", ahead=1):
            self.take()
            self.skip_brackets()
            self._named_table(scope, None, None)
            return []
        if self.at("ROWS") and self.at("FROM", ahead=1):
            word = self.take()
            self.take()
            self.skip_brackets()
            self.report("vql-fonction-from", word.start, word.end, "ROWS FROM n'existe que dans PostgreSQL.")
            self._named_table(scope, None, None)
            return []
        if self.at("VALUES"):
            self._values_table()
            self._named_table(scope, None, None)
            return []
        start = self.peek().start
        parts = self._table_name()
        if self.at_sign("("):
            self._procedure(parts, start)
            self._named_table(scope, None, None)
            return []
        if self.accept_sign("*"):
            self.report("vql-from-options", start, self.last_end, "`table *` n'existe que dans PostgreSQL.")
        label = self.label(parts[-1])
        known = self._cte(label) if len(parts) == 1 else None
        self._named_table(scope, label, known)
        return []

    def _cte(self, label: str) -> Output | None:
        return next((known[label] for known in reversed(self.named) if label in known), None)

    def _table_name(self) -> list[Token]:
        parts = [self.name()]
        while self.accept_sign("."):
            parts.append(self.name(any_word=True))
        if len(parts) > 2:
            start, end = parts[0].start, parts[-1].end
            self.report(
                "vql-nom-trois-parties", start, end, f"`{self.sql[start:end]}` a {len(parts)} parties."
            )
        return parts

    def _procedure(self, parts: list[Token], start: int) -> None:
        function = parts[-1].value.upper()
        with self._in_clause("from"):
            self.expect_sign("(")
            self._arguments()
            self.expect_sign(")")
        foreign = (
            function in TABLE_FUNCTIONS or function in FUNCTION_ADVICE or function.startswith(("JSON", "PG_"))
        )
        if foreign:
            write = advice_for(function) if function != "UNNEST" else None
            self.report(
                "vql-fonction-from",
                start,
                parts[-1].end,
                f"`{self.sql[start : parts[-1].end]}(…)` n'est pas une table de VQL.",
                write=write,
            )

    def _bracketed_table(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        if self.at_query():
            output = (
                self._subquery_table()
                if not self.at_sign("(", ahead=1)
                else self.attempt(self._subquery_table)
            )
            if output is not None:
                self._named_table(scope, None, output)
                return []
        self.expect_sign("(")
        equal = self._joined(scope)
        self.expect_sign(")")
        if self.at("AS") or (self.at_name() and self._is_table_alias()):
            alias = self._alias(AFTER_TABLE)
            if alias is not None:
                self.report(
                    "vql-alias-colonnes",
                    alias.start,
                    alias.end,
                    "Une jointure entre parenthèses n'a pas d'alias en VQL.",
                    write="Donnez un alias à chaque table, non à la jointure.",
                )
        return equal

    def _subquery_table(self) -> Output:
        self.expect_sign("(")
        output = self.query("from")
        self.expect_sign(")")
        return output

    def _named_table(self, scope: Scope, label: str | None, output: Output | None) -> None:
        """Reads what may follow a table: ordinality, sampling, an alias and names of columns."""
        if self.at_words("WITH", "ORDINALITY"):
            word = self.take()
            end = self.take().end
            self.report("vql-from-options", word.start, end, "WITH ORDINALITY n'est pas documenté en VQL.")
        self._sample()
        if self.at("AS") or self._is_table_alias():
            alias = self._alias(AFTER_TABLE)
            if alias is not None:
                label = self.label(alias)
            if self.at_sign("("):
                begin = self.peek().start
                self.skip_brackets()
                self.report(
                    "vql-alias-colonnes", begin, self.last_end, "Un alias de table nomme ici ses colonnes."
                )
                output = None
        elif self.peek().kind is Kind.TEXT:
            self._alias(AFTER_TABLE)
        self._sample()
        scope.sources.append(Source(label, output))

    def _is_table_alias(self) -> bool:
        if not self.at_name() or self.at(*AFTER_TABLE):
            return False
        return not self._at_join()

    def _sample(self) -> None:
        if self.at("TABLESAMPLE"):
            word = self.take()
            self.name(any_word=True)
            self.skip_brackets()
            if self.accept("REPEATABLE"):
                self.skip_brackets()
            self.report("vql-from-options", word.start, word.end, "TABLESAMPLE n'est pas documenté en VQL.")

    # GROUP BY, ORDER BY and the end of a query

    def _group(self) -> list[Expr]:
        self.expect("GROUP")
        self.expect("BY")
        items: list[Expr] = []
        with self._in_clause("group"):
            if self.at("ALL", "DISTINCT"):
                word = self.take()
                self.report(
                    "vql-group-by-ensembles",
                    word.start,
                    word.end,
                    f"GROUP BY {word.value} n'est pas documenté en VQL.",
                )
                if self.at_end() or self.at(*AFTER_FIELD) or self.at_sign(")"):
                    return items
            while True:
                token = self.peek()
                if self.at("ROLLUP", "CUBE") and self.at_sign("(", ahead=1):
                    self.take()
                    self.skip_brackets()
                    self.report(
                        "vql-group-by-ensembles",
                        token.start,
                        token.end,
                        f"{token.value} n'est pas documenté en VQL.",
                    )
                elif self.at_words("GROUPING", "SETS"):
                    self.take()
                    end = self.take().end
                    self.skip_brackets()
                    self.report(
                        "vql-group-by-ensembles",
                        token.start,
                        end,
                        "GROUPING SETS n'est pas documenté en VQL.",
                    )
                elif self.at_sign("(") and self.at_sign(")", ahead=1):
                    self.take()
                    end = self.take().end
                    self.report(
                        "vql-group-by-ensembles",
                        token.start,
                        end,
                        "Un groupe vide n'est pas documenté en VQL.",
                        write="Retirez GROUP BY : sans lui, tout forme un seul groupe.",
                    )
                else:
                    expr = self.expression()
                    if expr.kind == "tuple":
                        self.report(
                            "vql-group-by-ensembles",
                            expr.start,
                            expr.end,
                            "VQL ne groupe pas par une ligne (a, b).",
                            write="Retirez les parenthèses : `group by a, b`.",
                        )
                    else:
                        self.value(expr)
                    items.append(expr)
                if self.at_words("WITH", "ROLLUP") or self.at_words("WITH", "CUBE"):
                    begin = self.take().start
                    self.report(
                        "vql-group-by-ensembles",
                        begin,
                        self.take().end,
                        "WITH ROLLUP n'est pas documenté en VQL.",
                    )
                if not self.accept_sign(","):
                    return items

    def _positions_in_group(self, group: list[Expr], fields: list[Column]) -> None:
        for item in group:
            if item.kind != "number":
                continue
            edit: Edit | None = None
            stars = any(field.expr is not None and field.expr.kind == "star" for field in fields)
            if item.name.isdigit() and not stars and 0 < int(item.name) <= len(fields):
                field = fields[int(item.name) - 1]
                if (
                    field.expr is not None
                    and not field.expr.aggregate
                    and field.expr.kind not in {"number", "text"}
                ):
                    edit = (item.start, item.end, self.sql[field.expr.start : field.expr.end])
            self.report(
                "vql-group-by-position",
                item.start,
                item.end,
                f"GROUP BY {item.name} désigne une colonne par son numéro.",
                edit=edit,
            )

    def _windows(self) -> None:
        if self.at("WINDOW") and self.at("AS", ahead=2):
            word = self.take()
            while True:
                self.name()
                self.expect("AS")
                self._window()
                if not self.accept_sign(","):
                    break
            self.report("vql-window", word.start, word.end, "La clause WINDOW n'est pas documentée en VQL.")
        if self.at("QUALIFY"):
            word = self.take()
            with self._in_clause("where"):
                self.expression()
            self.report("vql-qualify", word.start, word.end, "QUALIFY n'est pas documenté en VQL.")

    def order_items(self) -> list[Expr]:
        """Reads what follows ORDER BY."""
        items: list[Expr] = []
        self.nulls = []
        while True:
            expr = self.value(self.expression())
            items.append(expr)
            direction = ""
            if self.at("ASC", "DESC"):
                direction = self.take().value.lower()
            elif self.at("USING"):
                word = self.take()
                sign = self.take()
                edit = {"<": "asc", ">": "desc"}.get(sign.value)
                self.report(
                    "vql-order-using",
                    word.start,
                    sign.end,
                    "ORDER BY … USING n'est pas documenté en VQL.",
                    edit=(word.start, sign.end, edit) if edit else None,
                )
            if self.at("NULLS") and self.at("FIRST", "LAST", ahead=1):
                word, place = self.take(), self.take()
                first, last = ("0", "1") if place.value == "FIRST" else ("1", "0")
                subject = self.sql[expr.start : expr.end]
                form = f"case when {subject} is null then {first} else {last} end, {subject}"
                form += f" {direction}" if direction else ""
                plain = expr.kind == "column"
                self.report(
                    "vql-nulls",
                    word.start,
                    place.end,
                    f"NULLS {place.value} n'est pas documenté en VQL.",
                    write=f"`order by {form}`." if plain else None,
                )
                if plain:
                    self.nulls.append((expr, len(self.findings) - 1, (expr.start, place.end, form)))
            if not self.accept_sign(","):
                return items

    def _sorted(self, output: Output, items: list[Expr]) -> None:
        """ORDER BY sees the columns of the result only."""
        fields = self.sortable or []
        self._mend_nulls(fields)
        stars = any(field.expr is not None and field.expr.kind == "star" for field in fields)
        if not fields or stars or not output.complete:
            return
        seen = {column.name for column in output.columns}
        seen |= {
            column.expr.name for column in output.columns if column.expr and column.expr.kind == "column"
        }
        texts = {
            _plain(self.sql[column.expr.start : column.expr.end]) for column in output.columns if column.expr
        }
        for item in items:
            if item.aggregate or _plain(self.sql[item.start : item.end]) in texts:
                continue
            for part in item.walk():
                if part.kind == "column" and part.name and part.name not in seen:
                    self.report(
                        "vql-order-projete",
                        part.start,
                        part.end,
                        f"La requête trie par `{self.sql[part.start : part.end]}`, qu'elle ne rend pas.",
                    )

    def _mend_nulls(self, fields: list[Column]) -> None:
        """Offers CASE for NULLS LAST where PostgreSQL takes an expression: not on an alias."""
        if self.distinct:
            return
        for expr, index, edit in self.nulls:
            for field in fields:
                read = field.expr is not None and (
                    field.expr.kind == "star"
                    or (field.expr.kind == "column" and field.name == field.expr.name == expr.name)
                )
                if read:
                    self.findings[index] = replace(self.findings[index], edit=edit)
                    break

    def _limits(self, level: str) -> None:
        first: Token | None = None
        limited: Token | None = None
        spans: dict[str, tuple[int, int]] = {}
        swapped = False
        while self.at("LIMIT", "OFFSET", "FETCH"):
            word = self.take()
            first = first or word
            if word.value == "OFFSET":
                swapped = swapped or limited is not None
                self._amount(word)
                if self.at("ROW", "ROWS"):
                    self.take()
            elif word.value == "FETCH":
                limited = limited or word
                self._fetch()
            else:
                limited = limited or word
                if not (self.at_end() or self.at_sign(")") or self.at(*AFTER_FIELD)):
                    self._amount(word)
                if self.at_sign(","):
                    comma = self.take()
                    self._amount(comma)
                    self.report(
                        "vql-limite-forme",
                        word.start,
                        self.last_end,
                        "`LIMIT a, b` n'est pas documenté en VQL.",
                    )
            spans[word.value] = (word.start, self.last_end)
        if first is None:
            return
        if level not in {"top", "values"}:
            edit: Edit | None = None
            if level == "exists" and set(spans) == {"LIMIT"}:
                before = self.sql[: spans["LIMIT"][0]].rstrip()
                edit = (len(before), spans["LIMIT"][1], "")
            self.report(
                "vql-limite-sous-requete",
                first.start,
                self.last_end,
                f"{first.value} est dans une sous-requête.",
                edit=edit,
            )
        elif swapped and limited is not None:
            edit = None
            if set(spans) == {limited.value, "OFFSET"} and self._apart(
                spans[limited.value][1], spans["OFFSET"][0]
            ):
                texts = [self.sql[start:end] for start, end in (spans["OFFSET"], spans[limited.value])]
                edit = (limited.start, self.last_end, " ".join(texts))
            self.report(
                "vql-limite-ordre",
                limited.start,
                self.last_end,
                f"{limited.value} est écrit avant OFFSET.",
                edit=edit,
            )

    def _apart(self, start: int, end: int) -> bool:
        """True when only white space lies between: a comment must not be lost."""
        return not self.sql[start:end].strip()

    def _amount(self, word: Token) -> None:
        expr = self.operand() if not self.at("ALL") else Expr("null", self.peek().start, self.take().end)
        if expr.kind != "number" or not expr.name.isdigit():
            self.report(
                "vql-limite-forme",
                word.start,
                self.last_end,
                f"{word.value} n'est pas suivi d'un nombre entier.",
            )

    def _fetch(self) -> None:
        if not self.at("FIRST", "NEXT"):
            self.fail("`first` ou `next` était attendu après `fetch`")
        self.take()
        if not self.at("ROW", "ROWS"):
            self._amount(self.tokens[self.index - 2])
        if self.at("PERCENT"):
            word = self.take()
            self.report("vql-limite-forme", word.start, word.end, "PERCENT n'est pas documenté en VQL.")
        if not self.at("ROW", "ROWS"):
            self.fail("`row` ou `rows` était attendu après `fetch`")
        self.take()
        if self.at_words("WITH", "TIES"):
            word = self.take()
            self.report(
                "vql-limite-forme", word.start, self.take().end, "WITH TIES n'est pas documenté en VQL."
            )
        else:
            self.expect("ONLY")

    def _ending(self) -> None:
        while self.at("FOR") and self.at("UPDATE", "SHARE", "NO", "KEY", ahead=1):
            word = self.take()
            while not (self.at_end() or self.at_sign(")") or self.at("FOR", "CONTEXT", "TRACE")):
                self.take()
            self.report("vql-verrou", word.start, self.last_end, "FOR UPDATE n'est pas documenté en VQL.")
        if self.at("CONTEXT") and self.at_sign("(", ahead=1):
            self.take()
            self.skip_brackets()
        self.accept("TRACE")

    # What needs the tables to be known

    def _judge(self, scope: Scope) -> None:
        for expr in self.pending:
            if expr.kind == "operation":
                self._date_arithmetic(expr, scope)
            elif expr.kind == "cast":
                self._cast_to_integer(expr, scope)
            elif expr.name == "EXTRACT" and expr.value:
                if meaning.type_of(expr.parts[0], scope) in {"timestamp", "timestamptz", "time"}:
                    field = int(expr.value)
                    self.report(
                        "avis-extract-seconde",
                        field,
                        field + 6,
                        "SECOND garde les fractions sur PostgreSQL seulement.",
                    )
            elif meaning.type_of(expr.parts[0], scope) in meaning.DATETIMES and expr.value:
                self.report(
                    "sens-trunc-date", expr.start, int(expr.value), f"{expr.name} reçoit ici une date."
                )

    def _date_arithmetic(self, expr: Expr, scope: Scope) -> None:
        left, right = (meaning.type_of(part, scope) for part in expr.parts)
        dates = [kind for kind in (left, right) if kind in meaning.DATETIMES]
        if not dates or "interval" in (left, right) or expr.value is None:
            return
        sign = int(expr.value)
        if expr.name == "-" and len(dates) == 2:
            self.report("sens-moins-dates", sign, sign + 1, "Une date est soustraite d'une autre.")
        elif expr.name == "-" and left in meaning.DATETIMES and right not in meaning.INTEGERS:
            self.report("sens-moins-dates", sign, sign + 1, "Quelque chose est soustrait d'une date.")
        elif any(kind in meaning.INTEGERS for kind in (left, right)):
            self.report(
                "sens-date-plus-entier", sign, sign + 1, "Un nombre est ajouté à une date ou retiré d'elle."
            )
        elif expr.name == "-" and right in meaning.DATETIMES:
            self.report("sens-moins-dates", sign, sign + 1, "Une date est soustraite.")
        else:
            self.report("sens-date-plus-entier", sign, sign + 1, "Une date entre dans un calcul.")

    def _cast_to_integer(self, expr: Expr, scope: Scope) -> None:
        inner = expr.parts[0]
        rounded = (
            inner.kind == "call"
            and inner.name in {"ROUND", "FLOOR", "CEIL", "TRUNC"}
            and len(inner.parts) == 1
        )
        fraction = meaning.type_of(inner, scope) in meaning.FRACTIONS
        if expr.name in meaning.INTEGERS and fraction and not rounded and expr.value:
            start = int(expr.value)
            self.report(
                "sens-cast-entier", start, expr.end - 1, "Un nombre à décimales est converti en entier."
            )


def _equalities(condition: Expr) -> list[tuple[Expr, Expr]]:
    """The pairs of columns that a condition holds equal."""
    if condition.name == "and":
        return [pair for part in condition.parts for pair in _equalities(part)]
    columns = [part for part in condition.parts if part.kind == "column" and part.qualifier]
    return [(columns[0], columns[1])] if condition.name == "=" and len(columns) == 2 else []


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
