"""Rules on types and conversions."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from denodo import catalogue
from denodo.rules.meaning import FRACTIONS, INTEGERS, type_of
from denodo.rules.rule import Chapter, Fault, Reading, at
from denodo.tree import Node, Note, arguments, form, kind, name, span, text

CHAPTER = Chapter("Types et conversions")
rule = CHAPTER.rule

# The names that both engines know, for a name that VQL's CAST does not.
_PORTABLE = {
    "INT": "integer",
    "BIGINT": "int8",
    "BOOLEAN": "bool",
    "DOUBLE": "double precision",
    "STRING": "text",
    "TINYINT": "smallint",
    "MEDIUMINT": "integer",
    "LONG": "int8",
    "BIGNUMERIC": "numeric",
    "NUMBER": "numeric",
    "DEC": "numeric",
    "BLOB": "bytea",
    "BINARY": "bytea",
    "VARBINARY": "bytea",
    "DATETIME": "timestamp",
    "LOCALDATE": "date",
    "CLOB": "text",
    "BPCHAR": "text",
    "NAME": "text",
    "CITEXT": "text",
    "SERIAL": "integer",
    "BIGSERIAL": "int8",
    "OID": "int8",
}
_SAME_IN_POSTGRESQL = frozenset({"INT", "BIGINT", "BOOLEAN", "DEC"})


def _written(to: Node) -> str:
    """The name of a type, in upper case, without its numbers."""
    word: str = to.args["kind"]
    return word


def _fits(to: Node) -> bool:
    known = catalogue.cast_type(_written(to))
    return known is not None and known.minimum_numbers <= to.meta["numbers"] <= known.maximum_numbers


def _portable(to: Node, read: Reading) -> str | None:
    """The name both engines know for a type written in PostgreSQL's way, None when there is none."""
    if _written(to) == "FLOAT" and not to.meta["numbers"]:
        return "float8"
    if _fits(to):
        return read.of(to).lower()
    return _PORTABLE.get(_written(to)) if not to.meta["numbers"] else None


@rule(
    "vql-deux-points",
    exp.Cast,
    refused="la conversion `x::type`",
    why="VQL ne convertit que par CAST, une forme que PostgreSQL a aussi.",
    write="`cast(x as type)`, avec un type que les deux moteurs connaissent.",
    example="select '2024-01-01'::date as jour",
)
def colons(cast: Node, read: Reading) -> Iterator[Fault]:
    """A conversion by `::`."""
    if form(cast) != "::":
        return
    to = cast.args["to"]
    target = _portable(to, read)
    start, end = span(cast, "operator")[0], span(to)[1]
    edit = None
    if target:
        edit = (span(cast.this)[0], end, f"cast({read.of(cast.this)} as {target})")
    write = f"`cast(… as {target})`." if target else None
    if target and target.startswith(("numeric", "decimal")):
        write = "`{{ cast_decimal('x', 12, 2) }}`."
    yield Fault(start, end, f"`::{read.of(to)}` n'existe que dans PostgreSQL.", write=write, edit=edit)


@rule(
    "vql-type",
    exp.Cast,
    refused="un type que CAST de VQL ne connaît pas",
    why=("CAST de VQL n'accepte qu'une liste fermée de types, où `int`, `bigint` et `boolean` ne sont pas."),
    write=(
        "Écrivez l'un de ces types, communs aux deux moteurs : `integer`, `int8`, `float8`, "
        "`text`, `varchar(n)`, `bool`, `date`, `timestamp`. Pour un décimal exact : `{{ "
        "cast_decimal('x', 12, 2) }}`."
    ),
    example="select cast(x as uuid) as x from t",
)
def unknown_type(cast: Node, read: Reading) -> Iterator[Fault]:
    """A type that CAST does not know."""
    to = cast.args["to"]
    if form(cast) == "vdp":
        first = cast.meta["first"]
        if kind(first) == "text" and cast.meta["type"] not in catalogue.VDP_TYPES:
            write: str | None = f"Écrivez l'un de ces types : {', '.join(sorted(catalogue.VDP_TYPES))}."
            yield at(first, f"`{text(first)}` n'est pas un type de Denodo.", write=write)
    elif form(cast) == "as" and not _fits(to):
        known = catalogue.cast_type(_written(to))
        portable = _PORTABLE.get(_written(to)) if known is None and not to.meta["numbers"] else None
        write = f"`cast(x as {portable})`." if portable else None
        if portable == "numeric":
            portable, write = None, "`{{ cast_decimal('x', 12, 2) }}`."
        if known:
            write = f"`cast(x as {_written(to).lower()})`, sans nombre entre parenthèses."
        edit = (*span(to), portable) if portable and _written(to) in _SAME_IN_POSTGRESQL else None
        message = f"CAST de VQL ne connaît pas le type `{read.of(to).lower()}`."
        yield at(to, message, write=write, edit=edit)


@rule(
    "vql-litteral-type",
    "foreign literal",
    "zoned literal",
    refused="un littéral `type '…'` autre que DATE, TIME, TIMESTAMP et INTERVAL",
    why=(
        "VQL ne connaît que `date '…'`, `time '…'`, `timestamp '…'`, `timestamp with time zone "
        "'…'` et `interval '…'` suivi d'une unité."
    ),
    write="`cast('…' as type)`.",
    example="select json '{}' as x",
)
def literal(note: Note, read: Reading) -> Iterator[Fault]:
    """A text after the name of a type, where VQL has none."""
    word = note.word.value
    if note.kind == "zoned literal":
        yield at(note, "Ce littéral n'est pas documenté en VQL.", write=f"`{word.lower()} '…'`.")
        return
    edit, write = None, None
    if word == "TIMESTAMPTZ":
        edit = (note.start, note.word.end, "timestamp with time zone")
        write = "`timestamp with time zone '…'`."
    elif note.known:
        edit = (note.start, note.end, f"cast({read.of(note.about.this)} as {word.lower()})")
    message = f"Le littéral `{word.lower()} '…'` n'existe que dans PostgreSQL."
    yield at(note, message, write=write, edit=edit)


@rule(
    "vql-intervalle",
    exp.Interval,
    refused="un intervalle écrit à la manière de PostgreSQL",
    why=(
        "VQL n'écrit un intervalle qu'à la manière ANSI, l'unité hors des apostrophes, sans "
        "semaine ni trimestre."
    ),
    write="`{{ dbt.dateadd('day', 1, 'x') }}`, qui convient aux deux moteurs.",
    example="select jour + interval 1 day as x from t",
)
def interval(node: Node, read: Reading) -> Iterator[Fault]:
    """An interval that is not written as the manual writes them."""
    if not node.meta["ansi"]:
        yield at(node, "Cet intervalle n'est pas écrit comme VQL le documente.")


def _refuse_target(id: str, *names: str, does: str, instead: str | None = None, **texts: str) -> None:
    """Makes a rule that refuses these targets of CAST.

    Args:
        id: as in `rule`, as are the texts.
        names: of the types, in upper case.
        does: what each of them does, in the sentence that it begins.
        instead: the type that surely means the same, when there is one.
    """

    @rule(id, exp.Cast, **texts)
    def visit(cast: Node, read: Reading) -> Iterator[Fault]:
        to = cast.args["to"]
        if form(cast) == "as" and _written(to) in names and _fits(to):
            edit = (*span(to), instead) if instead else None
            yield at(to, f"Le type `{read.of(to).lower()}` {does}.", edit=edit)


_refuse_target(
    "sens-decimal",
    "NUMERIC",
    "DECIMAL",
    does="donne un double sur Denodo",
    refused="`cast(x as numeric)` et `cast(x as decimal)`",
    why="Sur Denodo, ces types donnent un double, dont les centimes ne sont pas exacts.",
    write="`{{ cast_decimal('x', 12, 2) }}`, exact sur les deux moteurs.",
    example="select cast(montant as decimal) as montant from t",
)


_refuse_target(
    "sens-flottant",
    "FLOAT",
    does="a 32 bits sur Denodo et 64 sur PostgreSQL",
    instead="float8",
    refused="`cast(x as float)`",
    why=("FLOAT a 64 bits sur PostgreSQL et 32 bits sur Denodo : sept chiffres seulement y sont justes."),
    write="`cast(x as float8)` ou `cast(x as double precision)`, de 64 bits sur les deux.",
    example="select cast(x as float) as x from t",
)


_refuse_target(
    "sens-char",
    "CHAR",
    "CHARACTER",
    "NCHAR",
    does="ne complète pas par des espaces sur Denodo",
    refused="`cast(x as char(n))`",
    why=(
        "PostgreSQL complète par des espaces (et `char` seul n'en garde qu'un caractère) ; Denodo "
        "ne complète pas."
    ),
    write="`cast(x as varchar(n))` ou `cast(x as text)`.",
    example="select cast(code as char(5)) as code from t",
)


_refuse_target(
    "sens-bits",
    "BIT",
    "BIT VARYING",
    "VARBIT",
    does="est un contenu binaire sur Denodo",
    refused="les conversions vers BIT, BIT VARYING et VARBIT",
    why="PostgreSQL en fait une suite de 0 et de 1, Denodo un contenu binaire (blob).",
    write="`cast(x as bytea)` pour un contenu binaire, ou gardez un texte.",
    example="select cast(x as bit(8)) as x from t",
)


_refuse_target(
    "sens-heure-fuseau",
    "TIMETZ",
    does="n'a pas de fuseau sur Denodo",
    refused="`cast(x as timetz)`",
    why="PostgreSQL garde le fuseau horaire, Denodo donne une heure sans fuseau.",
    write="`cast(x as time)`.",
    example="select cast(x as timetz) as x from t",
)


@rule(
    "sens-date-ancienne",
    exp.Cast,
    refused="`cast('date', x)`",
    why="L'ancien type « date » de Denodo est un instant avec fuseau, déconseillé par le manuel.",
    write="`cast(x as date)` : une date sans heure ni fuseau, sur les deux moteurs.",
    example="select cast('date', x) as x from t",
)
def old_date(cast: Node, read: Reading) -> Iterator[Fault]:
    """The date of Denodo that its manual advises against."""
    if form(cast) == "vdp" and cast.meta["type"] == "date":
        edit = (*span(cast), f"cast({read.of(cast.this)} as date)")
        yield at(cast.meta["first"], "`cast('date', x)` donne l'ancien type de Denodo.", edit=edit)


@rule(
    "sens-cast-entier",
    exp.Cast,
    refused="la conversion en entier d'un nombre à décimales",
    why="PostgreSQL arrondit (2,9 donne 3), Denodo tronque (2,9 donne 2).",
    write=(
        "Choisissez : `cast(round(x) as integer)` pour arrondir, `cast(floor(x) as integer)` pour "
        "l'entier inférieur."
    ),
    example="select cast(2.9 as integer) as x",
)
def cast_to_integer(cast: Node, read: Reading) -> Iterator[Fault]:
    """A number with decimals made an integer."""
    select, inner = cast.meta.get("select"), cast.this
    if select is None or cast.meta["type"] not in INTEGERS:
        return
    rounded = kind(inner) == "call" and name(inner) in {"ROUND", "FLOOR", "CEIL", "TRUNC"}
    if type_of(inner, select) in FRACTIONS and not (rounded and len(arguments(inner)) == 1):
        message = "Un nombre à décimales est converti en entier."
        yield Fault(span(cast, "type")[0], span(cast)[1] - 1, message)


_refuse_target(
    "avis-flottant-32",
    "FLOAT4",
    "REAL",
    does="n'a que 32 bits",
    refused="`cast(x as real)` et `cast(x as float4)`",
    why=(
        "Ces types de 32 bits n'ont que sept chiffres justes ; les calculs intermédiaires peuvent différer."
    ),
    write="`cast(x as float8)`.",
    example="select cast(x as real) as x from t",
)


_refuse_target(
    "avis-fuseau",
    "TIMESTAMPTZ",
    "TIMESTAMP WITH TIME ZONE",
    does="dépend du fuseau du serveur",
    refused="une conversion vers un instant avec fuseau",
    why=(
        "Denodo convertit avec le fuseau de la configuration i18n du serveur, PostgreSQL avec "
        "celui de la session."
    ),
    write=("Gardez une date ou un `timestamp` sans fuseau, ou fixez le fuseau : `context('i18n' = '…')`."),
    example="select cast(x as timestamptz) as x from t",
)


@rule(
    "avis-intervalle",
    exp.Interval,
    refused="un intervalle ANSI : `interval '1' day`",
    why="Le manuel 7.0 le décrit, mais les règles de Denodo pour les versions 8 et 9 l'interdisent.",
    write="`{{ dbt.dateadd('day', 1, 'x') }}`.",
    example="select jour + interval '1' day as demain from t",
)
def ansi_interval(node: Node, read: Reading) -> Iterator[Fault]:
    """An interval that only one version documents."""
    if node.meta["ansi"]:
        yield at(node, "Un intervalle ANSI est documenté en 7.0 seulement.")
