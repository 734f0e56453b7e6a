"""What a protection looks like in SQL: the keyed hash, the aggregates, and the seal of our macros.

A comment proves nothing, anybody can type it. The seal is the name of a function that exists nowhere, drawn
anew at each compilation, which `donnees_au_centre.project.lineage.compilation` puts around what the macros of
macros/governance return; only SQL that really went through the macro bears it.
"""

from __future__ import annotations

import re
import secrets

from sqlglot import exp

from donnees_au_centre.project.vocabulary import PROTECTIONS

KEY = re.compile(r"dac\.([io])_(\w+)")
# An aggregate that gives no person's own value back. min, max, any_value, string_agg, percentile… do.
PROTECTING = (
    *(exp.Count, exp.Sum, exp.Avg, exp.CountIf, exp.Stddev, exp.StddevPop, exp.StddevSamp),
    *(exp.Variance, exp.VariancePop, exp.Corr, exp.CovarPop, exp.CovarSamp),
)
LISTING = (exp.GroupConcat, exp.ArrayAgg, exp.ArrayConcatAgg, exp.JSONArrayAgg, exp.JSONObjectAgg)
EXTREME = (exp.Min, exp.Max, exp.AnyValue)
# Aggregates that sqlglot knows by their name only.
LISTING_NAMES = re.compile(r"(json|jsonb|array|xml|string|range)\w*_agg\w*")
RANKS = re.compile(r"row_?number|rank|dense_?rank|percent_?rank|cume_?dist|ntile")
# Functions that are given SQL or the name of a relation as a text, or read files and other servers.
READS_ELSEWHERE = re.compile(
    r"(query|table|schema|database|cursor)_to_xml\w*|dblink\w*|pg_read_\w+|lo_\w+|crosstab\w*|ts_stat"
)
DIGESTS = re.compile(r"md5\w*|sha\d*\w*|digest|hmac|hash\w*|crypt|crc32\w*|farm_?fingerprint")


def new_seal() -> str:
    """A prefix of function names that nothing else can bear."""
    return f"sceau_{secrets.token_hex(16)}_"


def sealed(node: exp.Expr, seal: str | None) -> str | None:
    """The protection of a sealed expression; None for any other."""
    if seal is None or not isinstance(node, exp.Anonymous):
        return None
    return of_seal(str(node.this), seal)


def of_seal(name: str, seal: str | None) -> str | None:
    """The protection that a sealed name says; None for any other name."""
    if seal is None or not name.startswith(seal):
        return None
    protection = name[len(seal) :]
    return protection if protection in PROTECTIONS else None


def keyed_hash(node: exp.Expr) -> exp.Expr | None:
    """What is hashed by HMAC-SHA-256 under a key of the session; None when `node` is not exactly that.

    sha256(<outer key> || sha256(<inner key> || value)), both keys read from the settings dac.o_x and dac.i_x
    of one and the same x.
    """
    outer = _hash_under_key(node, "o")
    if outer is None:
        return None
    name, inside = outer
    inner = _hash_under_key(inside, "i")
    if inner is None or inner[0] != name:
        return None
    return inner[1]


def _hash_under_key(node: exp.Expr, place: str) -> tuple[str, exp.Expr] | None:
    """The name of the key and what follows it, for sha256(decode(current_setting('dac.o_x'), 'hex') || y)."""
    node = node.unnest()
    if isinstance(node, exp.SHA2 | exp.SHA2Digest):
        length = node.args.get("length")
        if length is not None and length.name not in ("256", ""):
            return None
        joined = node.this
    elif isinstance(node, exp.Anonymous) and str(node.this).lower() == "sha256" and node.expressions:
        joined = node.expressions[0]
    else:
        return None
    joined = joined.unnest()
    if not isinstance(joined, exp.DPipe):
        return None
    key = joined.this.unnest()
    if not isinstance(key, exp.Decode) or key.text("charset").lower() != "hex":
        return None
    name = _key_name(key.this.unnest(), place)
    return None if name is None else (name, joined.expression)


def _key_name(node: exp.Expr, place: str) -> str | None:
    """The x of current_setting('dac.o_x'), alone or first of a coalesce whose others are settings too."""
    if isinstance(node, exp.Coalesce):
        others = [other.unnest() for other in node.expressions]
        if not all(_setting(other) is not None for other in others):
            return None
        node = node.this.unnest()
    if isinstance(node, exp.Nullif):
        node = node.this.unnest()
    found = KEY.fullmatch(_setting(node) or "")
    return found[2] if found and found[1] == place else None


def _setting(node: exp.Expr) -> str | None:
    """The name of the setting that current_setting('…') reads; None for anything else."""
    if not isinstance(node, exp.Anonymous) or str(node.this).lower() != "current_setting":
        return None
    first = node.expressions[0] if node.expressions else None
    return first.name if isinstance(first, exp.Literal) and first.is_string else None


def function_name(node: exp.Expr) -> str:
    """The name of a function, in small letters; empty for what is none."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        return str(node.this).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def ranks(node: exp.Expr) -> bool:
    """True for a window function that says the place of a row in its order, as a running count does too."""
    return bool(RANKS.fullmatch(function_name(node))) or (
        isinstance(node, exp.Count) or (isinstance(node, exp.AggFunc) and node.find(exp.Column) is None)
    )


def never(node: exp.Expr) -> bool:
    """True when what a macro does hangs on a condition without any column: `when='1 = 0'` masks nothing."""
    return any(branch.this.find(exp.Column) is None for branch in node.find_all(exp.If))


def only_presence(node: exp.Expr) -> bool:
    """True when `node is null` says only whether a cell is filled: no value can be told from another."""
    for part in node.walk():
        if isinstance(part, exp.Nullif):
            if not (isinstance(part.expression, exp.Literal) and part.expression.name.strip() == ""):
                return False
        elif not isinstance(
            part,
            exp.Column
            | exp.Identifier
            | exp.Literal
            | exp.ByteString
            | exp.Null
            | exp.Trim
            | exp.Cast
            | exp.DataType
            | exp.DataTypeParam
            | exp.Lower
            | exp.Upper
            | exp.Paren
            | exp.Coalesce,
        ):
            return False
    return True
