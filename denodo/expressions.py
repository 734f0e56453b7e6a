"""Reads the values and conditions of VQL (see denodo.parser)."""

from __future__ import annotations

from sqlglot import exp

from denodo.cursor import _Cursor, words_of
from denodo.lexer import Token
from denodo.tree import Call

# Words that never begin an operand.
NO_OPERAND = words_of(
    """
    FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH UNION MINUS INTERSECT EXCEPT ON USING JOIN AND OR
    THEN WHEN ELSE END AS IN IS LIKE BETWEEN SELECT SET
    """
)
_LISTS = words_of("CONTAINS CONTAINSAND CONTAINSOR ISCONTAINED")
_BARE = words_of(
    """
    CURRENT_DATE CURRENT_TIMESTAMP CURRENT_TIME LOCALTIME LOCALTIMESTAMP CURRENT_USER SESSION_USER
    """
)
_LITERALS = words_of("DATE TIME TIMESTAMP TIMESTAMPTZ TIMETZ")
_UNITS = words_of("YEAR MONTH DAY HOUR MINUTE SECOND")
_COMPARISONS: dict[str, type[exp.Expression]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_OTHERS = words_of("|| -> ->> @> <@ && << >> ~* !~ !~* ~~ ~~* !~~ !~~* & | @@ @? ?| ?& ? # ! |/ ||/ => := **")


class _Expressions(_Cursor):
    """The part of the parser that reads values; queries within them are read by the class that extends it."""

    def query(self) -> exp.Expression:
        raise NotImplementedError

    def query_ahead(self) -> bool:
        raise NotImplementedError

    def ordered(self) -> exp.Expression:
        raise NotImplementedError

    # -------------------------------------------------------------- expressions

    def identifier(self, strings: bool = False) -> exp.Expression:
        token = self.token
        if token.kind == "word":
            self.advance()
            return self.mark(exp.Identifier(this=token.text, quoted=False), token, token="word")
        if token.kind == "quoted" or (strings and token.kind == "string"):
            self.advance()
            node = exp.Identifier(this=token.text, quoted=True)
            return self.mark(node, token, token=token.kind)
        self.fail("nom attendu")
        raise AssertionError

    def string(self) -> exp.Expression:
        if self.token.kind != "string":
            self.fail("texte entre apostrophes attendu")
        token = self.advance()
        return self.mark(exp.Literal.string(token.text), token, prefix=token.prefix)

    def condition(self) -> exp.Expression:
        """A value or a condition."""
        return self.disjunction()

    def expression(self) -> exp.Expression:
        """A value or a condition; a synonym that says a value is meant."""
        return self.disjunction()

    def binary(
        self,
        type_: type[exp.Expression],
        left: exp.Expression,
        right: exp.Expression,
        word: Token,
        last: Token,
        **more: object,
    ) -> exp.Expression:
        node = type_(this=left, expression=right, **more)
        self.part(node, "operator", word, last)
        return self.mark(node, left, operator=self.words(word, last))

    def disjunction(self) -> exp.Expression:
        left = self.conjunction()
        while self.at("OR"):
            word = self.advance()
            left = self.binary(exp.Or, left, self.conjunction(), word, word)
        return left

    def conjunction(self) -> exp.Expression:
        left = self.negation()
        while self.at("AND"):
            word = self.advance()
            left = self.binary(exp.And, left, self.negation(), word, word)
        return left

    def negation(self) -> exp.Expression:
        if self.at("NOT"):
            word = self.advance()
            node = exp.Not(this=self.negation())
            self.part(node, "operator", word, word)
            return self.mark(node, word, operator="NOT")
        return self.comparison()

    def comparison(self) -> exp.Expression:
        left = self.predicate()
        while True:
            word = self.token
            text = word.upper
            if text in _COMPARISONS and word.kind == "operator":
                self.advance()
                if self.at_any("ANY", "ALL", "SOME") and self.ahead().upper == "(":
                    right = self.quantified()
                else:
                    right = self.predicate()
                left = self.binary(_COMPARISONS[text], left, right, word, word)
            elif text == "IS":
                left = self.is_test(left)
            elif text in ("ISNULL", "NOTNULL"):
                self.advance()
                node = self.mark(exp.Is(this=left, expression=exp.Null()), left, operator=text)
                self.part(node, "operator", word, word)
                left = (
                    node
                    if text == "ISNULL"
                    else self.mark(exp.Not(this=node, infix=True), left, operator=text)
                )
                self.part(left, "operator", word, word)
            else:
                return left

    def quantified(self) -> exp.Expression:
        first = self.advance()
        type_ = exp.All if first.upper == "ALL" else exp.Any
        start = self.token
        if self.query_ahead() or (self.at("(") and self.ahead().upper in ("SELECT", "WITH", "(")):
            self.expect("(")
            inner = self.query()
            self.expect(")")
            inner = self.mark(exp.Subquery(this=inner), start)
        else:
            inner = self.mark(exp.Paren(this=self.parenthesised(self.expression)[0]), start)
        return self.mark(type_(this=inner), first, operator=first.upper)

    def is_test(self, left: exp.Expression) -> exp.Expression:
        word = self.expect("IS")
        negated = self.take("NOT")
        value: exp.Expression
        node: exp.Expression
        start = self.token
        if self.take("NULL"):
            value = self.mark(exp.Null(), start)
        elif self.at_any("TRUE", "FALSE"):
            value = self.mark(exp.Boolean(this=self.advance().upper == "TRUE"), start)
        elif self.take("DISTINCT", "FROM"):
            last = self.last
            right = self.predicate()
            type_ = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return self.binary(type_, left, right, word, last)
        elif self.token.kind == "word":
            value = self.mark(exp.Var(this=self.advance().upper), start)
        else:
            self.fail("« NULL », « TRUE » ou « FALSE » attendu")
            raise AssertionError
        words = self.words(word)
        node = self.mark(exp.Is(this=left, expression=value), left, operator=words)
        self.part(node, "operator", word)
        if negated:
            node = self.mark(exp.Not(this=node, infix=True), left, operator=words)
            self.part(node, "operator", word)
        return node

    def predicate(self) -> exp.Expression:
        left = self.other_operators()
        while True:
            word = self.token
            negated = False
            if self.at("NOT") and self.ahead().upper in (
                _LISTS
                | {
                    "IN",
                    "LIKE",
                    "ILIKE",
                    "BETWEEN",
                    "REGEXP_LIKE",
                    "REGEXP_ILIKE",
                    "SIMILAR",
                    "RLIKE",
                    "REGEXP",
                }
            ):
                self.advance()
                negated = True
            node = self.one_predicate(left, word)
            if node is None:
                return left
            if negated:
                words = node.meta["operator"]
                parts = node.meta["parts"]["operator"]
                node = self.mark(exp.Not(this=node, infix=True), left, operator=words)
                node.meta.setdefault("parts", {})["operator"] = parts
            left = node

    def one_predicate(self, left: exp.Expression, word: Token) -> exp.Expression | None:
        text = self.token.upper
        if text == "IN":
            self.advance()
            last = self.last
            node = exp.In(this=left)
            if self.at("(") and self.ahead().upper == ")":
                self.parenthesised(self.expression, empty=True)
                node.set("expressions", [])
            elif self.at("("):
                start = self.token
                self.advance()
                if self.query_ahead():
                    inner = self.query()
                    self.expect(")")
                    node.set("query", self.mark(exp.Subquery(this=inner), start))
                else:
                    node.set("expressions", self.comma(self.expression))
                    self.expect(")")
            else:
                node.set("expressions", [self.other_operators()])
                node.meta["bare"] = True
            return self._placed(node, left, word, last)
        if text == "BETWEEN":
            self.advance()
            symmetric = self.take("SYMMETRIC")
            last = self.last
            low = self.other_operators()
            self.expect("AND")
            node = exp.Between(this=left, low=low, high=self.other_operators(), symmetric=symmetric or None)
            return self._placed(node, left, word, last)
        matchers: dict[str, type[exp.Expression]] = {
            "LIKE": exp.Like,
            "ILIKE": exp.ILike,
            "REGEXP_LIKE": exp.RegexpLike,
            "REGEXP_ILIKE": exp.RegexpILike,
        }
        if text in matchers or self.at("SIMILAR", "TO"):
            type_ = matchers.get(text, exp.SimilarTo)
            self.advance()
            if type_ is exp.SimilarTo:
                self.advance()
            last = self.last
            if self.at_any("ANY", "ALL") and self.ahead().upper == "(":
                right = self.quantified()
            else:
                right = self.other_operators()
            node = self._placed(type_(this=left, expression=right), left, word, last)
            clause = self.token
            if self.take("ESCAPE"):
                escape = self.other_operators()
                outer = exp.Escape(this=node, expression=escape)
                self.part(outer, "escape", clause)
                node = self._placed(outer, left, word, last)
            return node
        if text in _LISTS or (text == "~" and self.token.kind == "operator"):
            self.advance()
            last = self.last
            listed = self.at("(") and self.ahead().upper != "SELECT"
            values = self.parenthesised(self.expression) if listed else [self.other_operators()]
            node = Call(this=text, expressions=[left, *values], form="infix", list=listed)
            return self._placed(node, left, word, last)
        if text == "OVERLAPS":
            self.advance()
            last = self.last
            return self._placed(
                exp.Operator(this=left, operator=text, expression=self.other_operators()), left, word, last
            )
        return None

    def _placed(self, node: exp.Expression, left: exp.Expression, word: Token, last: Token) -> exp.Expression:
        self.part(node, "operator", word, last)
        return self.mark(node, left, operator=self.words(word, last))

    def other_operators(self) -> exp.Expression:
        left = self.sum()
        while self.token.kind == "operator" and self.token.text in _OTHERS:
            word = self.advance()
            right = self.sum()
            if word.text == "||":
                left = self.binary(exp.DPipe, left, right, word, word)
            else:
                left = self.binary(exp.Operator, left, right, word, word, operator=word.text)
        return left

    def sum(self) -> exp.Expression:
        left = self.product()
        while self.at_any("+", "-"):
            word = self.advance()
            left = self.binary(exp.Add if word.text == "+" else exp.Sub, left, self.product(), word, word)
        return left

    def product(self) -> exp.Expression:
        left = self.power()
        while self.at_any("*", "/", "%"):
            word = self.advance()
            type_ = {"*": exp.Mul, "/": exp.Div, "%": exp.Mod}[word.text]
            more = {"typed": True, "safe": False} if type_ is exp.Div else {}
            left = self.binary(type_, left, self.power(), word, word, **more)
        return left

    def power(self) -> exp.Expression:
        left = self.unary()
        while self.at("^"):
            word = self.advance()
            left = self.binary(exp.Operator, left, self.unary(), word, word, operator="^")
        return left

    def unary(self) -> exp.Expression:
        word = self.token
        if self.take("-"):
            return self.mark(exp.Neg(this=self.unary()), word, operator="-")
        if self.take("+"):
            node = self.unary()
            return node
        if self.token.kind == "operator" and self.token.text in ("~", "|/", "||/", "@", "!"):
            if self.token.text == "@" and self.ahead().kind in ("word", "quoted"):
                return self.postfix(self.operand())
            self.advance()
            node = exp.Operator(this=exp.Null(), operator=word.text, expression=self.unary(), unary=True)
            self.part(node, "operator", word, word)
            return self.mark(node, word, operator=word.text)
        return self.postfix(self.operand())

    def postfix(self, node: exp.Expression) -> exp.Expression:
        while True:
            word = self.token
            if self.at("::"):
                self.advance()
                node = self.mark(exp.Cast(this=node, to=self.type_(), form="::"), node, operator="::")
                self.part(node, "operator", word, word)
                type_at = node.args["to"].meta["at"]
                node.meta["parts"]["type"] = type_at
            elif self.at("["):
                self.advance()
                if self.take(":"):
                    index: exp.Expression = exp.Slice(expression=self.expression())
                else:
                    index = self.expression()
                    if self.take(":"):
                        index = exp.Slice(this=index, expression=None if self.at("]") else self.expression())
                self.expect("]")
                node = self.mark(exp.Bracket(this=node, expressions=[index]), node)
            elif self.at(".") and not isinstance(node, exp.Literal):
                self.advance()
                if self.at("*"):
                    star = self.mark(exp.Star(), self.advance())
                    node = self.mark(exp.Dot(this=node, expression=star), node)
                else:
                    node = self.mark(exp.Dot(this=node, expression=self.identifier()), node)
            elif self.at("COLLATE"):
                self.advance()
                start = self.token
                name = self.identifier()
                while self.take("."):
                    name = self.identifier()
                self.mark(name, start)
                node = self.mark(exp.Collate(this=node, expression=name), node)
                self.part(node, "operator", word)
            elif self.at("AT", "TIME", "ZONE"):
                self.expect("AT", "TIME", "ZONE")
                last = self.last
                node = self.mark(exp.AtTimeZone(this=node, zone=self.unary()), node)
                self.part(node, "operator", word, last)
            elif self.at("WITHIN", "GROUP"):
                self.expect("WITHIN", "GROUP", "(")
                clause = self.token
                self.expect("ORDER", "BY")
                order = self.mark(exp.Order(expressions=self.comma(self.ordered)), clause)
                self.expect(")")
                node = self.mark(exp.WithinGroup(this=node, expression=order), node)
                self.part(node, "within group", word)
            elif self.at("FILTER") and self.ahead().upper == "(":
                self.expect("FILTER", "(")
                clause = self.token
                self.expect("WHERE")
                where = self.mark(exp.Where(this=self.condition()), clause)
                self.expect(")")
                node = self.mark(exp.Filter(this=node, expression=where), node)
                self.part(node, "filter", word)
            elif self.at_any("IGNORE", "RESPECT") and self.ahead().upper == "NULLS":
                type_ = exp.IgnoreNulls if self.advance().upper == "IGNORE" else exp.RespectNulls
                self.advance()
                node = self.mark(type_(this=node), node)
                self.part(node, "nulls", word)
            elif (
                self.at("OVER")
                and (self.ahead().upper == "(" or self.ahead().kind in ("word", "quoted"))
                and isinstance(node, (Call, exp.WithinGroup, exp.Filter, exp.IgnoreNulls, exp.RespectNulls))
            ):
                self.advance()
                outer = exp.Window(this=node, over="OVER")
                if self.at("("):
                    self.window_body(outer)
                else:
                    outer.set("alias", self.identifier())
                    outer.set("named", True)
                node = self.mark(outer, node)
                self.part(node, "over", word)
            else:
                return node

    def window_body(self, node: exp.Expression) -> exp.Expression:
        self.expect("(")
        if not self.at_any("PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS", ")"):
            node.set("alias", self.identifier())
        clause = self.token
        if self.take("PARTITION", "BY"):
            node.set("partition_by", self.comma(self.expression))
            self.part(node, "partition by", clause)
        clause = self.token
        if self.take("ORDER", "BY"):
            node.set("order", self.mark(exp.Order(expressions=self.comma(self.ordered)), clause))
            self.part(node, "order", clause)
        clause = self.token
        if self.at_any("ROWS", "RANGE", "GROUPS"):
            spec = exp.WindowSpec(kind=self.advance().upper)
            if self.take("BETWEEN"):
                self.bound(spec, "start")
                self.expect("AND")
                self.bound(spec, "end")
            else:
                self.bound(spec, "start")
            if self.take("EXCLUDE"):
                words = []
                while not self.at(")"):
                    words.append(self.advance().upper)
                spec.set("exclude", exp.Var(this=" ".join(words)))
            node.set("spec", self.mark(spec, clause))
            self.part(node, "frame", clause)
        self.expect(")")
        return node

    def bound(self, spec: exp.Expression, end: str) -> None:
        if self.take("CURRENT", "ROW"):
            spec.set(end, "CURRENT ROW")
            return
        spec.set(end, "UNBOUNDED" if self.take("UNBOUNDED") else self.expression())
        side = self.take_any("PRECEDING", "FOLLOWING")
        if not side:
            self.fail("« PRECEDING » ou « FOLLOWING » attendu")
        spec.set(f"{end}_side", side)

    # ----------------------------------------------------------------- operands

    def operand(self) -> exp.Expression:
        token = self.token
        if token.kind == "number":
            self.advance()
            node = exp.Literal.number(token.text.replace("_", ""))
            return self.mark(node, token, raw=token.raw)
        if token.kind == "string":
            node = self.string()
            while (
                self.token.kind == "string" and self.token.line > self.last.line
            ):  # 'a'<newline>'b' is one string
                node = self.mark(
                    exp.Literal.string(node.name + self.advance().text), token, prefix=token.prefix
                )
            return node
        if token.kind == "quoted":
            return self.name()
        if token.kind == "word":
            return self.word_operand(token)
        if token.text == "(":
            return self.parentheses()
        if token.text == "{":
            if self.ahead().upper in ("D", "T", "TS", "FN") and self.ahead(2).kind in ("string", "word"):
                self.fail("valeur attendue", self.ahead())
            values = self.parenthesised(self.expression, marks="{}")
            return self.mark(Call(this="ARRAY", expressions=values, form="array"), token)
        if token.text == "[":
            values = self.parenthesised(self.expression, empty=True, marks="[]")
            return self.mark(Call(this="LIST", expressions=values, form="list"), token)
        if token.text == "*":
            self.advance()
            return self.mark(exp.Star(), token)
        if token.text in ("@", ":", "?", "$", "%"):
            self.advance()
            if token.text != "?" and self.token.kind in ("word", "number"):
                self.advance()
            elif token.text == "%" and self.take("("):
                self.advance()
                self.expect(")")
                self.advance()
            elif token.text != "?":
                self.fail("valeur attendue", token)
            return self.mark(exp.Placeholder(this=self.words(token)), token)
        self.fail("valeur attendue")
        raise AssertionError

    def parentheses(self) -> exp.Expression:
        first = self.token
        if self.query_ahead():
            self.expect("(")
            inner = self.query()
            self.expect(")")
            return self.mark(exp.Subquery(this=inner), first)
        self.expect("(")
        if self.take(")"):
            return self.mark(exp.Tuple(expressions=[]), first)
        values = self.comma(self.condition)
        self.expect(")")
        if len(values) == 1:
            return self.mark(exp.Paren(this=values[0]), first)
        return self.mark(exp.Tuple(expressions=values), first)

    def word_operand(self, token: Token) -> exp.Expression:
        word = token.upper
        follower = self.ahead()
        if word in ("NULL", "TRUE", "FALSE") and follower.upper not in ("(", "."):
            self.advance()
            node = exp.Null() if word == "NULL" else exp.Boolean(this=word == "TRUE")
            return self.mark(node, token)
        if word == "CASE":
            return self.case()
        if word in _LITERALS:
            literal = self.typed_literal()
            if literal is not None:
                return literal
        if word == "INTERVAL" and (follower.kind == "string" or follower.text == "-"):
            return self.interval()
        if word == "ARRAY" and follower.upper == "[":
            self.advance()
            values = self.parenthesised(self.expression, empty=True, marks="[]")
            return self.mark(Call(this="ARRAY", expressions=values, form="brackets"), token)
        if follower.upper == "(":
            if word == "EXISTS":
                self.advance()
                self.expect("(")
                inner = self.query()
                self.expect(")")
                return self.mark(exp.Exists(this=inner), token)
            if word == "ARRAY" and self.ahead(2).upper in ("SELECT", "WITH"):
                self.advance()
                self.expect("(")
                inner = self.query()
                self.expect(")")
                return self.mark(Call(this="ARRAY", expressions=[inner]), token)
            special = {
                "CAST": self.cast,
                "TRY_CAST": self.cast,
                "EXTRACT": self.extract,
                "TRIM": self.trim,
                "SUBSTRING": self.substring,
                "SUBSTR": self.substring,
                "POSITION": self.position_in,
                "ROW": self.row,
                "OVERLAY": self.overlay,
            }.get(word)
            if special:
                return special()
            if word not in NO_OPERAND:
                return self.name()
        if word in _BARE and follower.upper != ".":
            self.advance()
            return self.mark(Call(this=word, expressions=[], form="bare"), token)
        if word in NO_OPERAND and follower.upper not in (".", ",", ")") and not self.order_or_group():
            self.fail("valeur attendue")
        return self.name()

    def order_or_group(self) -> bool:
        """Whether ORDER or GROUP stands here as a name: only with BY are they reserved."""
        return self.at_any("ORDER", "GROUP") and self.ahead().upper != "BY"

    def name(self) -> exp.Expression:
        """A column `a`, `a.b`, `a.b.c`, or a call `f(…)`, `db.f(…)`."""
        first = self.token
        parts = [self.identifier()]
        while self.at(".") and self.ahead().kind in ("word", "quoted") and len(parts) < 4:
            self.advance()
            parts.append(self.identifier())
        if self.at("("):
            return self.call(first, parts)
        if self.at(".", "*"):
            self.advance()
            star = self.mark(exp.Star(), self.advance())
            tables = dict(zip(("table", "db", "catalog"), reversed(parts), strict=False))
            return self.mark(exp.Column(this=star, **tables), first)
        names = dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False))
        return self.mark(exp.Column(**names), first)

    def argument(self) -> exp.Expression:
        if self.query_ahead() and self.token.upper != "(":
            return self.query()
        node = self.condition()
        word = self.token
        if self.take("ORDER", "BY"):
            order = exp.Order(this=node, expressions=self.comma(self.ordered))
            node = self.mark(order, node)
            self.part(node, "order", word)
        elif self.token.kind == "operator" and self.token.text in ("=>", ":="):
            self.advance()
            node = self.mark(exp.Kwarg(this=node, expression=self.expression()), node)
        return node

    def call(self, first: Token, parts: list[exp.Expression]) -> exp.Expression:
        written = parts[-1]
        opening = self.expect("(")
        quantifier_token = self.token
        quantifier = None
        if self.at_any("DISTINCT", "ALL") and self.ahead().upper not in (",", ")", "."):
            quantifier = self.advance().upper
        if self.at("VARIADIC") and self.ahead().upper not in (",", ")", "."):
            self.advance()
        arguments = [] if self.at(")") else self.comma(self.argument)
        node = self.called(first, written, opening, arguments)
        if quantifier:
            node.set("quantifier", quantifier)
            self.part(node, "quantifier", quantifier_token, quantifier_token)
        if len(parts) > 1:
            node.set("database", parts[-2])
        return node

    def called(
        self, first: Token, written: exp.Expression, opening: Token, arguments: list[exp.Expression]
    ) -> exp.Expression:
        """A call whose arguments have been read up to the closing parenthesis."""
        self.expect(")")
        node = Call(this=written.name.upper(), expressions=arguments)
        if written.args.get("quoted"):
            node.set("quoted", True)
        node.meta["written"] = written.name
        self.mark(node, first)
        name_end = written.meta["at"][1]
        node.meta.setdefault("parts", {})["name"] = (first.start, name_end, first.line, first.column)
        self.part(node, "arguments", opening)
        return node

    def case(self) -> exp.Expression:
        first = self.expect("CASE")
        value = None if self.at("WHEN") else self.condition()
        branches = []
        while self.at("WHEN"):
            start = self.advance()
            test = self.condition()
            self.expect("THEN")
            branches.append(self.mark(exp.If(this=test, true=self.condition()), start))
        if not branches:
            self.fail("« WHEN » attendu")
        default = self.condition() if self.take("ELSE") else None
        self.expect("END")
        return self.mark(exp.Case(this=value, ifs=branches, default=default), first)

    def typed_literal(self) -> exp.Expression | None:
        first = self.token
        start = self.index
        name = self.advance()
        last = name
        if self.at_any("WITH", "WITHOUT") and self.ahead().upper in ("TIME", "LOCAL"):
            self.advance()
            self.take("LOCAL")
            if not self.take("TIME", "ZONE"):
                self.index = start
                return None
            last = self.last
        if self.token.kind != "string" or self.token.prefix:
            self.index = start
            return None
        words = self.words(name, last)
        value = self.string()
        to = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=words)
        node = exp.Cast(this=value, to=to, form="literal")
        self.part(node, "type", first, last)
        return self.mark(node, first)

    def interval(self) -> exp.Expression:
        first = self.expect("INTERVAL")
        negative = self.take("-")
        value = self.string()
        if negative:
            value = self.mark(exp.Literal.string(f"-{value.name}"), value)
        words: list[str] = []
        if self.at_any(*_UNITS, *(f"{unit}S" for unit in _UNITS)):
            words.append(self.advance().upper)
            if self.at("(") and self.ahead().kind == "number":
                self.raw_parentheses()
            if self.at("TO") and self.ahead().upper in _UNITS:
                self.advance()
                words += ["TO", self.advance().upper]
                if self.at("(") and self.ahead().kind == "number":
                    self.raw_parentheses()
        unit = exp.Var(this=" ".join(words)) if words else None
        return self.mark(exp.Interval(this=value, unit=unit), first)

    def type_(self) -> exp.Expression:
        first = self.token
        if first.kind not in ("word", "quoted", "string"):
            self.fail("nom de type attendu")
        words = [self.advance().upper or first.text]
        if words[0] == "DOUBLE" and self.take("PRECISION"):
            words.append("PRECISION")
        elif words[0] in ("CHARACTER", "CHAR", "BIT", "NCHAR") and self.take("VARYING"):
            words.append("VARYING")
        elif words[0] == "NATIONAL":
            words.append(self.advance().upper)
            if self.take("VARYING"):
                words.append("VARYING")
        elif words[0] == "INTERVAL":
            while self.at_any(*_UNITS, "TO"):
                words.append(self.advance().upper)
        while self.at(".") and self.ahead().kind in ("word", "quoted"):
            self.advance()
            words[-1] += "." + self.advance().text.upper()
        parameters: list[exp.Expression] = []
        if self.at("("):

            def parameter() -> exp.Expression:
                token = self.token
                value = (
                    exp.Literal.number(token.text)
                    if token.kind == "number"
                    else exp.Var(this=token.text.upper())
                )
                negative = self.take("-")
                token = self.advance()
                if negative:
                    value = exp.Literal.number(f"-{token.text}")
                if token.upper == "CHAR" or self.at_any("CHAR", "BYTE"):
                    self.advance()
                return self.mark(exp.DataTypeParam(this=value), token)

            parameters = self.parenthesised(parameter)
        if words[0] in ("TIMESTAMP", "TIME") and self.at_any("WITH", "WITHOUT"):
            words.append(self.advance().upper)
            if self.take("LOCAL"):
                words.append("LOCAL")
            self.expect("TIME", "ZONE")
            words += ["TIME", "ZONE"]
        while self.take("[", "]") or (self.at("[") and self.ahead().kind == "number" and self.raw_brackets()):
            words[-1] += "[]"
        node = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=" ".join(words), expressions=parameters)
        return self.mark(node, first)

    def raw_brackets(self) -> bool:
        self.index += 3
        return True

    def cast(self) -> exp.Expression:
        first = self.advance()
        self.expect("(")
        value = self.condition()
        if self.take("AS"):
            to = self.type_()
            node = exp.Cast(this=value, to=to, form="as")
            if first.upper != "CAST":
                node.set("word", first.upper)
            place = to.meta["at"]
        else:
            if not self.at(","):
                self.fail("« AS » ou « , » attendu")
            self.advance()
            name = value.name.upper() if isinstance(value, exp.Literal) and value.is_string else ""
            place = value.meta["at"]
            to = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=name or "?")
            more = self.condition()
            if not name:
                node = Call(this=first.upper, expressions=[value, more])
                self.expect(")")
                return self.mark(node, first)
            node = exp.Cast(this=more, to=to, form="vdp")
            node.meta["type_written"] = value.name
        self.expect(")")
        if self.at("FORMAT"):
            self.advance()
            self.string()
        node.meta.setdefault("parts", {})["type"] = place
        return self.mark(node, first)

    def extract(self) -> exp.Expression:
        first = self.advance()
        if self.ahead(1).kind in ("word", "string") and self.ahead(2).upper == "FROM":
            self.expect("(")
            start = self.token
            field = self.mark(exp.Var(this=self.advance().text.upper()), start)
            self.expect("FROM")
            node = exp.Extract(this=field, expression=self.condition())
            self.expect(")")
            return self.mark(node, first)
        return self.call(first, [self.mark(exp.Identifier(this=first.text, quoted=False), first)])

    def plain_call(self, first: Token, opening: Token, arguments: list[exp.Expression]) -> exp.Expression:
        """A call after all, of which the name, the parenthesis and perhaps one argument have been taken."""
        if self.take(","):
            arguments = [*arguments, *self.comma(self.argument)]
        at = (first.start, first.end, first.line, first.column)
        name = exp.Identifier(this=first.text, quoted=False)
        name.meta["at"] = at
        return self.called(first, name, opening, arguments)

    def trim(self) -> exp.Expression:
        first = self.advance()
        opening = self.expect("(")
        side = self.take_any("LEADING", "TRAILING", "BOTH")
        characters = None
        if not side and self.at(")"):
            return self.plain_call(first, opening, [])
        if not self.at("FROM"):
            value = self.condition()
            if self.at("FROM"):
                characters = value
            elif not side:
                return self.plain_call(first, opening, [value])
            else:
                # PostgreSQL's `trim(both x)`.
                self.expect(")")
                return self.mark(exp.Trim(this=value, position=side, no_from=True), first)
        self.expect("FROM")
        node = exp.Trim(this=self.condition(), expression=characters, position=side or None)
        self.expect(")")
        return self.mark(node, first)

    def substring(self) -> exp.Expression:
        first = self.advance()
        opening = self.expect("(")
        if self.at(")"):
            return self.plain_call(first, opening, [])
        value = self.condition()
        if not self.at_any("FROM", "FOR"):
            return self.plain_call(first, opening, [value])
        begin = length = None
        while self.at_any("FROM", "FOR"):
            if self.advance().upper == "FROM":
                begin = self.condition()
            else:
                length = self.condition()
        self.expect(")")
        node = exp.Substring(this=value, start=begin, length=length, word=first.upper)
        return self.mark(node, first)

    def position_in(self) -> exp.Expression:
        first = self.advance()
        opening = self.expect("(")
        if self.at(")"):
            return self.plain_call(first, opening, [])
        needle = self.other_operators()
        if not self.take("IN"):
            return self.plain_call(first, opening, [needle])
        node = exp.StrPosition(this=self.condition(), substr=needle)
        self.expect(")")
        return self.mark(node, first)

    def overlay(self) -> exp.Expression:
        first = self.advance()
        values = []
        self.expect("(")
        values.append(self.condition())
        while self.take_any("PLACING", "FROM", "FOR", ","):
            values.append(self.condition())
        self.expect(")")
        return self.mark(Call(this="OVERLAY", expressions=values), first)

    def row(self) -> exp.Expression:
        first = self.advance()
        values = self.parenthesised(self.condition, empty=True)
        return self.mark(Call(this="ROW", expressions=values, form="row"), first)
