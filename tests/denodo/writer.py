"""Writes a tree back as VQL: what was parsed from documented VQL comes back as an equal tree."""

from __future__ import annotations

import re

from sqlglot import exp

from denodo.tree import Call, form

_PLAIN = re.compile(r"[a-z\u0080-\uffff][a-z0-9_$\u0080-\uffff]*\Z", re.IGNORECASE)
_BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "mod": "%",
    "dpipe": "||",
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "and": "AND",
    "or": "OR",
    "like": "LIKE",
    "ilike": "ILIKE",
    "similarto": "SIMILAR TO",
    "regexplike": "REGEXP_LIKE",
    "regexpilike": "REGEXP_ILIKE",
    "nullsafeneq": "IS DISTINCT FROM",
    "nullsafeeq": "IS NOT DISTINCT FROM",
    "kwarg": "=>",
    "escape": "ESCAPE",
    "is": "IS",
}


def quote(text: str) -> str:
    """A VQL literal: between single quotes, those inside doubled."""
    return "'" + text.replace("'", "''") + "'"


class _Writer:
    """Writes one tree. A node that VQL does not have comes out in sqlglot's own generic SQL."""

    def sql(self, node: exp.Expression | str | None) -> str:
        """The text of a node; empty for None."""
        if node is None:
            return ""
        if isinstance(node, str):
            return node
        if node.key in _BINARY:
            left, right = self.sql(node.this), self.sql(node.expression)
            return f"{left} {_BINARY[node.key]} {right}"
        method = getattr(self, f"{node.key}_", None)
        if method is not None:
            return method(node)
        if isinstance(node, exp.Func):
            values = [value for value in node.args.values() if value is not None]
            flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
            arguments = [item for item in flat if isinstance(item, exp.Expression)]
            return f"{node.sql_name()}({self.list(arguments)})"
        return node.sql()

    def list(self, nodes: list[exp.Expression]) -> str:
        """Nodes separated by commas."""
        return ", ".join(self.sql(node) for node in nodes)

    # -- names and values

    def identifier_(self, node: exp.Expression) -> str:
        name = node.this
        if node.args.get("quoted") or not _PLAIN.match(name):
            return '"' + name.replace('"', '""') + '"'
        return name

    def column_(self, node: exp.Expression) -> str:
        return ".".join(
            self.sql(node.args.get(part))
            for part in ("catalog", "db", "table", "this")
            if node.args.get(part)
        )

    def star_(self, node: exp.Expression) -> str:
        return "*"

    def literal_(self, node: exp.Expression) -> str:
        return quote(node.this) if node.is_string else node.this

    def null_(self, node: exp.Expression) -> str:
        return "NULL"

    def boolean_(self, node: exp.Expression) -> str:
        return "TRUE" if node.this else "FALSE"

    def var_(self, node: exp.Expression) -> str:
        return node.this

    def placeholder_(self, node: exp.Expression) -> str:
        return str(node.this or "?")

    def interval_(self, node: exp.Expression) -> str:
        unit = f" {self.sql(node.args['unit'])}" if node.args.get("unit") else ""
        return f"INTERVAL {self.sql(node.this)}{unit}"

    def alias_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)} AS {self.sql(node.args['alias'])}"

    def paren_(self, node: exp.Expression) -> str:
        return f"({self.sql(node.this)})"

    def tuple_(self, node: exp.Expression) -> str:
        return f"({self.list(node.expressions)})"

    def bracket_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)}[{self.list(node.expressions)}]"

    def slice_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)}:{self.sql(node.expression)}"

    def dot_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)}.{self.sql(node.expression)}"

    # -- calls

    def anonymous_(self, node: exp.Expression) -> str:
        kind = form(node)
        values = node.expressions
        if kind == "infix":
            right = self.list(values[1:])
            right = f"({right})" if node.args.get("list") else right
            return f"{self.sql(values[0])} {node.name} {right}"
        if kind == "row":
            return f"ROW({self.list(values)})"
        if kind == "array":
            return "{" + self.list(values) + "}"
        if kind == "list":
            return f"[{self.list(values)}]"
        if kind == "brackets":
            return f"ARRAY[{self.list(values)}]"
        if kind == "bare":
            return node.name
        name = f'"{node.meta.get("written", node.name)}"' if node.args.get("quoted") else node.name
        if node.args.get("database"):
            name = f"{self.sql(node.args['database'])}.{name}"
        quantifier = f"{node.args['quantifier']} " if node.args.get("quantifier") else ""
        return f"{name}({quantifier}{self.list(values)})"

    def datatype_(self, node: exp.Expression) -> str:
        kind = node.args.get("kind")
        if not kind:
            return node.sql()
        parameters = f"({self.list(node.expressions)})" if node.expressions else ""
        name = str(kind)
        if " WITH" in name:  # TIMESTAMP(3) WITH TIME ZONE
            first, rest = name.split(" ", 1)
            return f"{first}{parameters} {rest}"
        return f"{name}{parameters}"

    def datatypeparam_(self, node: exp.Expression) -> str:
        return self.sql(node.this)

    def cast_(self, node: exp.Expression) -> str:
        value, to = self.sql(node.this), self.sql(node.args["to"])
        kind = form(node)
        if kind == "literal":
            return f"{to} {value}"
        if kind == "vdp":
            return f"CAST({quote(to.lower())}, {value})"
        if kind == "::":
            return f"{value}::{to}"
        return f"{node.args.get('word') or 'CAST'}({value} AS {to})"

    def trim_(self, node: exp.Expression) -> str:
        value = self.sql(node.this)
        side = node.args.get("position") or ""
        if node.args.get("no_from"):
            return f"TRIM({side} {value})"
        inside = " ".join(part for part in (side, self.sql(node.expression), "FROM", value) if part)
        return f"TRIM({inside})"

    def substring_(self, node: exp.Expression) -> str:
        start = f" FROM {self.sql(node.args['start'])}" if node.args.get("start") else ""
        length = f" FOR {self.sql(node.args['length'])}" if node.args.get("length") else ""
        return f"{node.args.get('word') or 'SUBSTRING'}({self.sql(node.this)}{start}{length})"

    def strposition_(self, node: exp.Expression) -> str:
        return f"POSITION({self.sql(node.args['substr'])} IN {self.sql(node.this)})"

    def extract_(self, node: exp.Expression) -> str:
        return f"EXTRACT({self.sql(node.this)} FROM {self.sql(node.expression)})"

    def case_(self, node: exp.Expression) -> str:
        value = f" {self.sql(node.this)}" if node.this else ""
        branches = "".join(
            f" WHEN {self.sql(b.this)} THEN {self.sql(b.args['true'])}" for b in node.args["ifs"]
        )
        default = f" ELSE {self.sql(node.args['default'])}" if node.args.get("default") else ""
        return f"CASE{value}{branches}{default} END"

    def collate_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)} COLLATE {self.sql(node.expression)}"

    def attimezone_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)} AT TIME ZONE {self.sql(node.args['zone'])}"

    def filter_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)} FILTER (WHERE {self.sql(node.expression.this)})"

    def withingroup_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)} WITHIN GROUP ({self.sql(node.expression)})"

    def ignorenulls_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)} IGNORE NULLS"

    def respectnulls_(self, node: exp.Expression) -> str:
        return f"{self.sql(node.this)} RESPECT NULLS"

    def window_(self, node: exp.Expression) -> str:
        if node.args.get("named"):
            return f"{self.sql(node.this)} OVER {self.sql(node.args['alias'])}"
        body = self.window_body(node)
        return f"{self.sql(node.this)} {'OVER' if node.args.get('over') else 'AS'} ({body})"

    def window_body(self, node: exp.Expression) -> str:
        """What stands between the parentheses of an OVER."""
        parts = []
        if node.args.get("alias"):
            parts.append(self.sql(node.args["alias"]))
        if node.args.get("partition_by"):
            parts.append(f"PARTITION BY {self.list(node.args['partition_by'])}")
        if node.args.get("order"):
            parts.append(self.sql(node.args["order"]))
        if node.args.get("spec"):
            parts.append(self.sql(node.args["spec"]))
        return " ".join(parts)

    def windowspec_(self, node: exp.Expression) -> str:
        start = self.bound(node, "start")
        text = f"{node.args['kind']} {start}"
        if node.args.get("end"):
            text = f"{node.args['kind']} BETWEEN {start} AND {self.bound(node, 'end')}"
        return f"{text} EXCLUDE {self.sql(node.args['exclude'])}" if node.args.get("exclude") else text

    def bound(self, node: exp.Expression, name: str) -> str:
        """One end of a window frame."""
        side = node.args.get(f"{name}_side")
        return f"{self.sql(node.args[name])} {side}" if side else self.sql(node.args[name])

    # -- conditions

    def not_(self, node: exp.Expression) -> str:
        inner = node.this
        if not node.args.get("infix"):
            return f"NOT {self.sql(inner)}"
        left = self.sql(inner.this.this if isinstance(inner, exp.Escape) else _left(inner))
        text = self.sql(inner)
        if isinstance(inner, exp.Is):
            return f"{left} IS NOT {self.sql(inner.expression)}"
        return f"{left} NOT{text[len(left) :]}"

    def neg_(self, node: exp.Expression) -> str:
        inner = self.sql(node.this)
        return f"- {inner}" if inner.startswith("-") else f"-{inner}"

    def operator_(self, node: exp.Expression) -> str:
        right = self.sql(node.expression)
        word = node.args["operator"]
        return f"{word}{right}" if node.args.get("unary") else f"{self.sql(node.this)} {word} {right}"

    def in_(self, node: exp.Expression) -> str:
        query = node.args.get("query")
        right = self.sql(query) if query else f"({self.list(node.expressions)})"
        return f"{self.sql(node.this)} IN {right}"

    def between_(self, node: exp.Expression) -> str:
        word = "BETWEEN SYMMETRIC" if node.args.get("symmetric") else "BETWEEN"
        return f"{self.sql(node.this)} {word} {self.sql(node.args['low'])} AND {self.sql(node.args['high'])}"

    def exists_(self, node: exp.Expression) -> str:
        return f"EXISTS ({self.sql(node.this)})"

    def any_(self, node: exp.Expression) -> str:
        return f"ANY {self.sql(node.this)}"

    def all_(self, node: exp.Expression) -> str:
        return f"ALL {self.sql(node.this)}"

    # -- queries

    def select_(self, node: exp.Expression) -> str:
        parts = ["SELECT"]
        distinct = node.args.get("distinct")
        if distinct:
            on = distinct.args.get("on")
            parts.append(f"DISTINCT ON {self.sql(on)}" if on else "DISTINCT")
        elif node.args.get("quantifier"):
            parts.append(node.args["quantifier"])
        if node.expressions:
            parts.append(self.list(node.expressions))
        if node.args.get("into"):
            parts.append(f"INTO {self.sql(node.args['into'].this)}")
        if node.args.get("from_"):
            parts.append(f"FROM {self.sql(node.args['from_'].this)}{self.joins(node)}")
        for name, word in (("where", "WHERE"), ("group", ""), ("having", "HAVING"), ("qualify", "QUALIFY")):
            clause = node.args.get(name)
            if clause:
                parts.append(f"{word} {self.sql(clause.this)}" if word else self.sql(clause))
        if node.args.get("windows"):
            parts.append(f"WINDOW {self.list(node.args['windows'])}")
        return self.query(node, " ".join(parts))

    def query(self, node: exp.Expression, text: str) -> str:
        """A query's text with its WITH before and its ORDER BY, OFFSET, FETCH, CONTEXT and TRACE after."""
        with_ = node.args.get("with_")
        parts = [self.sql(with_)] if with_ else []
        parts.append(text)
        for name in ("order", "offset", "limit"):
            if node.args.get(name):
                parts.append(self.sql(node.args[name]))
        if node.args.get("locks_text"):
            parts.append(node.args["locks_text"])
        if node.args.get("context"):
            parts.append(f"CONTEXT({node.args['context'].this})")
        if node.args.get("trace"):
            parts.append("TRACE")
        return " ".join(parts)

    def with_(self, node: exp.Expression) -> str:
        return f"WITH {'RECURSIVE ' if node.args.get('recursive') else ''}{self.list(node.expressions)}"

    def cte_(self, node: exp.Expression) -> str:
        word = {None: "", True: "MATERIALIZED ", False: "NOT MATERIALIZED "}[node.args.get("materialized")]
        return f"{self.sql(node.args['alias'])} AS {word}({self.sql(node.this)})"

    def tablealias_(self, node: exp.Expression) -> str:
        columns = node.args.get("columns")
        return f"{self.sql(node.this)}{f' ({self.list(columns)})' if columns else ''}"

    def set_operation(self, node: exp.Expression, word: str) -> str:
        """UNION, MINUS or INTERSECT with its two sides."""
        extended = "EXTENDED " if node.args.get("extended") else ""
        quantifier = "" if node.args.get("distinct") else " ALL"
        if node.args.get("spelled_distinct"):
            quantifier = " DISTINCT"
        by_name = " BY NAME" if node.args.get("by_name") else ""
        left, right = self.sql(node.this), self.sql(node.expression)
        return self.query(node, f"{left} {extended}{word}{quantifier}{by_name} {right}")

    def union_(self, node: exp.Expression) -> str:
        return self.set_operation(node, "UNION")

    def except_(self, node: exp.Expression) -> str:
        return self.set_operation(node, "MINUS")

    def intersect_(self, node: exp.Expression) -> str:
        return self.set_operation(node, "INTERSECT")

    def subquery_(self, node: exp.Expression) -> str:
        text = f"({self.sql(node.this)})" + (
            f" AS {self.sql(node.args['alias'])}" if node.args.get("alias") else ""
        )
        return self.query(node, text) + self.joins(node)

    def values_(self, node: exp.Expression) -> str:
        text = f"VALUES {self.list(node.expressions)}"
        return f"{text} AS {self.sql(node.args['alias'])}" if node.args.get("alias") else text

    def table_(self, node: exp.Expression) -> str:
        name = ".".join(
            self.sql(node.args.get(part)) for part in ("catalog", "db", "this") if node.args.get(part)
        )
        alias = f" AS {self.sql(node.args['alias'])}" if node.args.get("alias") else ""
        return f"{name}{alias}{self.joins(node)}"

    def lateral_(self, node: exp.Expression) -> str:
        alias = f" AS {self.sql(node.args['alias'])}" if node.args.get("alias") else ""
        return f"LATERAL {self.sql(node.this)}{alias}"

    def joins(self, node: exp.Expression) -> str:
        """The joins after a source, each with a blank or comma before it."""
        return "".join(self.sql(join) for join in node.args.get("joins") or [])

    def join_(self, node: exp.Expression) -> str:
        source = self.sql(node.this)
        hint = node.args.get("vql_hint")
        words = [
            word
            for word in (hint, node.args.get("method"), node.args.get("side"), node.args.get("kind"))
            if word
        ]
        on, using = node.args.get("on"), node.args.get("using")
        if not words and not on and not using and node.meta.get("operator", ",") == ",":
            return f", {source}"
        if node.args.get("parallel"):
            source = f"{self.sql(node.args['parallel'])} {source}"
        text = " " + " ".join([*words, "JOIN", source])
        if on:
            text += f" ON {self.sql(on)}"
        return f"{text} USING ({self.list(using)})" if using else text

    def group_(self, node: exp.Expression) -> str:
        word = f" WITH {node.args['with_word']}" if node.args.get("with_word") else ""
        return f"GROUP BY {self.list(node.expressions)}{word}"

    def order_(self, node: exp.Expression) -> str:
        text = f"ORDER BY {self.list(node.expressions)}"
        return f"{self.sql(node.this)} {text}" if node.this else text

    def ordered_(self, node: exp.Expression) -> str:
        direction = node.args.get("direction") or ("DESC" if node.args.get("desc") else "")
        nulls = f"NULLS {node.args['nulls']}" if node.args.get("nulls") else ""
        return " ".join(part for part in (self.sql(node.this), direction, nulls) if part)

    def limit_(self, node: exp.Expression) -> str:
        return f"LIMIT {self.sql(node.expression)}".rstrip()

    def offset_(self, node: exp.Expression) -> str:
        rows = f" {node.args['rows']}" if node.args.get("rows") else ""
        return f"OFFSET {self.sql(node.expression)}{rows}"

    def fetch_(self, node: exp.Expression) -> str:
        count = f" {self.sql(node.args['count'])}" if node.args.get("count") else ""
        return f"FETCH {node.args.get('direction') or 'FIRST'}{count} ROWS ONLY"

    # -- other statements

    def create_(self, node: exp.Expression) -> str:
        kind = node.args["kind"]
        parts = ["CREATE OR REPLACE" if node.args.get("replace") else "CREATE", kind, self.sql(node.this)]
        if kind == "FOLDER":
            if node.args.get("description"):
                parts.append(f"DESCRIPTION {self.sql(node.args['description'])}")
            return " ".join(parts)
        for name in ("folder", "description"):
            if node.args.get(name):
                parts.append(f"{name.upper()} = {self.sql(node.args[name])}")
        if node.args.get("primary_key"):
            parts.append(f"PRIMARY KEY ({self.list(node.args['primary_key'])})")
        if node.args.get("fields"):
            fields = [
                self.sql(f) + (f" ({f.meta['properties']})" if "properties" in f.meta else "")
                for f in node.args["fields"]
            ]
            parts.append(f"({', '.join(fields)})")
        query = node.args["expression"]
        parts += ["AS", self.sql(query)]
        if node.args.get("parameters"):
            parts.append(f"USING PARAMETERS ({node.args['parameters'].this})")
        if node.args.get("check_option"):
            parts.append(node.args["check_option"].this)
        return " ".join(parts)

    def use_(self, node: exp.Expression) -> str:
        return f"CONNECT DATABASE {self.sql(node.this)}"

    def command_(self, node: exp.Expression) -> str:
        return f"{node.this} {node.expression}".rstrip()


def _left(node: exp.Expression) -> exp.Expression:
    return node.expressions[0] if isinstance(node, Call) else node.this


def write(node: exp.Expression) -> str:
    """The VQL of a tree, on one line."""
    return _Writer().sql(node)
