"""Reads queries and reports what the documented SELECT of VQL does not have.

Source: Denodo 7.0 manual, VQL guide, "Queries: SELECT Statement" and its pages.
"""

from __future__ import annotations

from denodo.checking import meaning
from denodo.checking.endings import Endings
from denodo.checking.finding import Edit
from denodo.checking.lexer import Kind, Token
from denodo.checking.sources import AFTER_FIELD, SET_WORDS, equalities
from denodo.checking.tree import Column, Expr, Output, Scope


class Queries(Endings):
    """The grammar of SELECT."""

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
                if not columns:
                    self.named_by_author(output)
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
            begin = self.peek()
            right = self._branch("set")
            if not extended:
                self._same_names(word, left, right, begin)
        if combined:
            self.sortable = None
        return left

    def _same_names(self, word: Token, left: Output, right: Output, branch: Token) -> None:
        if not (left.complete and right.complete):
            return
        if len(left.columns) != len(right.columns):
            self.report(
                "sens-union-noms" if word.value == "UNION" else "vql-ensemble-noms",
                branch.start,
                branch.end,
                f"La première branche rend {_columns(left)}, celle-ci {_columns(right)}.",
                write="Écrivez les mêmes colonnes dans chaque branche ; pour celle qui manque, "
                "`cast(null as text) as nom`.",
            )
            return
        # MINUS and INTERSECT ask for the same names, whatever their order; PostgreSQL goes by place.
        same = {column.name for column in left.columns} == {column.name for column in right.columns}
        rule = "sens-union-noms" if word.value == "UNION" or same else "vql-ensemble-noms"
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
            equal += equalities(condition)
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
        # Inner expressions first, so that the types of long sums are known piece by piece.
        self._judge(scope)
        output = self._output(fields, scope, select)
        self._doubles(fields, output, scope, equal)
        self.pending = outer
        self.sortable, self.distinct = fields, distinct
        return output

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
        elif expr.condition and expr.name in {"=", "exists"}:
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


def _columns(output: Output) -> str:
    count = len(output.columns)
    return f"{count} colonne{'s' if count > 1 else ''}"
