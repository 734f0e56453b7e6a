"""Rules on operators and conditions."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from denodo.finding import Edit
from denodo.rules.advice import JSON
from denodo.rules.meaning import DATETIMES, INTEGERS, type_of
from denodo.rules.rule import Chapter, Fault, Reading, at
from denodo.tree import Node, Note, arguments, bare, form, kind, name, span, text

CHAPTER = Chapter("Opérateurs et conditions")
rule, refuse = CHAPTER.rule, CHAPTER.refuse
_CONDITION_WHY = (
    "En VQL, une condition (`a > b`, `a is null`, `not a`…) se place dans WHERE, ON, HAVING ou "
    "CASE WHEN ; elle ne s'emploie pas comme une valeur."
)

_ADVICE = {
    "~*": "`{{ regexp_like('lower(x)', 'motif') }}`.",
    "!~": "`not {{ regexp_like('x', 'motif') }}`.",
    "!~*": "`not {{ regexp_like('lower(x)', 'motif') }}`.",
    "~~": "`like`.",
    "!~~": "`not like`.",
    "~~*": "`lower(x) like 'motif'`.",
    "!~~*": "`lower(x) not like 'motif'`.",
    "^": "`power(x, 2)`.",
    "**": "`power(x, 2)`.",
    "|/": "`sqrt(x)`.",
    "||/": "`power(x, 1.0 / 3)`.",
    "@": "`abs(x)`.",
    "==": "`=`.",
    "^=": "`<>`.",
    "<=>": "`{{ dbt.equals('a', 'b') }}`.",
    "^@": "`x like 'début%'`.",
    "!": "`not`.",
    "<<": "`x * 2` autant de fois qu'il le faut, ou comparez les bornes par `<` et `>`.",
    ">>": "`floor(x / 2)` autant de fois qu'il le faut, ou comparez les bornes par `<` et `>`.",
    "&": "Écrivez une colonne booléenne par option au staging.",
    "|": "Écrivez une colonne booléenne par option au staging.",
    "@@": "`lower(x) like '%mot%' escape '~'`.",
    "&&": "Comparez les bornes : `debut_a <= fin_b and debut_b <= fin_a` ; pour « et », écrivez `and`.",
    "@>": "Lisez la structure au staging, puis comparez une colonne ou joignez une ligne par élément.",
    "<@": "Lisez la structure au staging, puis comparez une colonne ou joignez une ligne par élément.",
    "?": "Lisez le JSON au staging et donnez une colonne à chaque élément.",
    "OVERLAPS": "Comparez les bornes : `debut_a < fin_b and debut_b < fin_a`.",
    "RLIKE": "`{{ regexp_like('x', 'motif') }}`.",
    "REGEXP": "`{{ regexp_like('x', 'motif') }}`.",
    "GLOB": "`{{ regexp_like('x', 'motif') }}`.",
}
_SAME = {"==": "=", "^=": "<>"}


@rule(
    "vql-different",
    exp.NEQ,
    refused="l'opérateur `!=`",
    why="VQL n'écrit « différent de » que d'une façon.",
    write="`<>`, qui est le même opérateur sur PostgreSQL.",
    example="select nom from ecoles where annee != 2024",
)
def unequal(node: Node, read: Reading) -> Iterator[Fault]:
    """`!=`."""
    if node.meta["operator"] == "!=":
        edit = (*span(node, "operator"), "<>")
        yield at(node, "`!=` n'est pas documenté en VQL.", part="operator", edit=edit)


@rule(
    "vql-operateur",
    exp.Operator,
    exp.Anonymous,
    "unique",
    refused="un opérateur que VQL n'a pas",
    why=(
        "VQL ne connaît que `+ - * / %`, `||`, les six comparateurs `= <> < > <= >=` et des mots (LIKE, IN…)."
    ),
    write=("Écrivez la fonction documentée qui convient, ou préparez la valeur dans un modèle de staging."),
    example="select x ^ 2 as x from t",
)
def operator(seen: Node | Note, read: Reading) -> Iterator[Fault]:
    """An operator of PostgreSQL."""
    if isinstance(seen, Note):
        write = "Comptez les doubles dans une CTE : `having count(*) > 1`."
        yield at(seen, "UNIQUE (select …) n'existe pas en VQL.", write=write)
    elif isinstance(seen, exp.Operator):
        yield from _foreign_operator(seen, read)
    elif form(seen) == "infix" and seen.name == "~" and not read.portable:
        listed = seen.args["list"] and len(seen.expressions) > 2
        if not listed:
            yield at(
                seen,
                "`~` attend en VQL une liste : texte, seuil, algorithme.",
                part="operator",
                why="En VQL, `~` mesure la ressemblance de deux textes.",
                write="`x regexp_like 'motif'` pour une expression rationnelle.",
            )


def _foreign_operator(node: Node, read: Reading) -> Iterator[Fault]:
    word = node.args["operator"]
    if word == "+":
        return
    shown = word if word.isalpha() else f"`{word}`"
    advice = _ADVICE.get(word)
    if advice is None and (word.startswith(("->", "#", "@", "?")) or ">" in word):
        advice = JSON
    place = span(node, "operator")
    edit: Edit | None = (*place, _SAME[word]) if word in _SAME else None
    if word == "^":
        left, right = node.this, node.expression
        power = f"power({read.of(left)}, {read.of(right)})"
        edit = (span(left)[0], span(right)[1], power)
    message = f"L'opérateur {shown} n'existe pas en VQL."
    yield at(node, message, part="operator", write=advice, edit=edit)


def _of_a_list(node: Node) -> bool:
    return isinstance(node.expression, (exp.Any, exp.All))


@rule(
    "vql-ilike",
    exp.ILike,
    refused="ILIKE",
    why="VQL n'a pas de LIKE insensible à la casse.",
    write="`lower(x) like lower('motif')`, ou `{{ ilike('x', 'motif%') }}`.",
    example="select nom from t where nom ilike 'ath%'",
)
def ilike(node: Node, read: Reading) -> Iterator[Fault]:
    """ILIKE."""
    if _of_a_list(node):
        return
    known = _pattern(node.expression)
    safe = "escape" in node.meta or (known is not None and "\\" not in known)
    left, pattern = node.this, node.expression
    negated = "not " if node.meta["is negated"] else ""
    form_ = f"lower({read.of(left)}) {negated}like lower({read.of(pattern)})"
    edit = (span(left)[0], span(pattern)[1], form_) if safe else None
    yield at(node, "ILIKE n'est pas documenté en VQL.", part="operator", edit=edit)


refuse(
    "vql-similar-to",
    "similar to",
    message="SIMILAR TO n'est pas documenté en VQL.",
    refused="SIMILAR TO",
    why="VQL ne compare un texte à un motif que par LIKE, REGEXP_LIKE et REGEXP_ILIKE.",
    write="`{{ regexp_like('x', 'motif') }}` ou plusieurs LIKE reliés par OR.",
    example="select nom from t where nom similar to '(a|b)%'",
)


@rule(
    "vql-between-symmetric",
    "symmetric",
    refused="BETWEEN SYMMETRIC",
    why="VQL ne connaît que BETWEEN, dont la première borne est la plus petite.",
    write="`x between a and b or x between b and a`.",
    example="select nom from t where x between symmetric 3 and 1",
)
def symmetric(note: Note, read: Reading) -> Iterator[Fault]:
    """BETWEEN SYMMETRIC and its opposite."""
    word = note.word.value
    edit = (note.start, note.follows, "") if word == "ASYMMETRIC" else None
    write = "Retirez ASYMMETRIC : c'est le sens de BETWEEN." if edit else None
    yield at(note, f"BETWEEN {word} n'est pas documenté en VQL.", write=write, edit=edit)


@rule(
    "vql-is",
    "isnull",
    "is unknown",
    "is of",
    exp.Not,
    refused="IS autrement que IS [NOT] NULL, IS TRUE, IS FALSE",
    why="Le manuel ne décrit que `is null`, `is not null`, `is true` et `is false`.",
    write=("Pour « n'est pas vrai », écrivez `(x is false or x is null)` ; pour « inconnu », `x is null`."),
    example="select nom from t where a isnull",
)
def is_(seen: Node | Note, read: Reading) -> Iterator[Fault]:
    """What may not follow IS."""
    if not isinstance(seen, Note):
        inner = seen.this
        if seen.args.get("infix") and isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Boolean):
            yield _is_not(seen, inner, read)
        return
    if seen.kind == "is of":
        yield at(seen, "Cette forme de IS n'est pas documentée en VQL.")
        return
    word = read.sql[seen.start : seen.end].lower()
    negated = word == "notnull" or seen.negated
    plain = "is not null" if negated else "is null"
    shown = word if seen.kind == "isnull" else "is unknown"
    edit = (seen.start, seen.end, plain)
    yield at(seen, f"`{shown}` n'est pas documenté en VQL.", write=f"`{plain}`.", edit=edit)


def _is_not(node: Node, inner: Node, read: Reading) -> Fault:
    asked, opposite = ("true", "false") if inner.expression.this else ("false", "true")
    simple = kind(inner.this) == "column"
    subject = read.of(inner.this)
    whole = f"({subject} is {opposite} or {subject} is null)"
    edit = (span(inner.this)[0], span(node, "operator")[1], whole) if simple else None
    write = f"`{whole if simple else whole.replace(subject, 'x')}`."
    return at(node, f"`is not {asked}` n'est pas documenté en VQL.", part="operator", write=write, edit=edit)


@rule(
    "vql-is-distinct-from",
    "is distinct from",
    refused="IS [NOT] DISTINCT FROM",
    why="VQL n'a pas de comparaison qui traite deux valeurs absentes comme égales.",
    write=(
        "`{{ dbt.equals('a', 'b') }}` pour l'égalité, `not {{ dbt.equals('a', 'b') }}` pour la différence."
    ),
    example="select nom from t where a is distinct from b",
)
def is_distinct_from(note: Note, read: Reading) -> Iterator[Fault]:
    """IS DISTINCT FROM."""
    words = "IS NOT DISTINCT FROM" if note.negated else "IS DISTINCT FROM"
    write = "`{{ dbt.equals('a', 'b') }}`." if note.negated else None
    yield at(note, f"{words} n'est pas documenté en VQL.", write=write)


@rule(
    "vql-not-operateur",
    "negation",
    refused="NOT devant un opérateur autre que IN, LIKE, BETWEEN",
    why="VQL n'accepte NOT entre la valeur et l'opérateur que pour IN, LIKE et BETWEEN.",
    write="Mettez NOT devant la condition entière : `not (x regexp_like 'motif')`.",
    example="select nom from t where nom not regexp_like 'A.*'",
)
def negation(note: Note, read: Reading) -> Iterator[Fault]:
    """NOT before an operator that does not take it."""
    word = note.word.value
    if word not in {"IN", "LIKE", "BETWEEN", "ILIKE", "SIMILAR"}:
        write = f"Mettez NOT devant la condition entière : `not (x {word.lower()} …)`."
        yield at(note, f"`not {word.lower()}` n'est pas documenté en VQL.", write=write)


@rule(
    "vql-like-liste",
    "like a list",
    refused="LIKE ANY et LIKE ALL",
    why="En VQL, LIKE compare à un seul motif.",
    write="Écrivez un LIKE par motif, reliés par OR (ANY) ou par AND (ALL).",
    example="select nom from t where nom like all ('A%', '%B')",
)
def like_a_list(note: Note, read: Reading) -> Iterator[Fault]:
    """LIKE with several patterns."""
    yield at(note, f"{note.word.value} {note.option.value} n'est pas documenté en VQL.")


@rule(
    "vql-echappement",
    exp.Like,
    exp.ILike,
    exp.SimilarTo,
    refused="un caractère d'échappement de LIKE absent ou trop long",
    why=(
        "Ce caractère rend littéral le `%` ou le `_` qui le suit ; sans ESCAPE, VQL prend `$` et "
        "PostgreSQL `\\`."
    ),
    write="`like '…' escape '~'` en choisissant un caractère que le motif ne contient pas.",
    example="select nom from t where nom like 'A%' escape ''",
)
def escape(node: Node, read: Reading) -> Iterator[Fault]:
    """ESCAPE with several characters."""
    found = node.meta.get("escape")
    if found is not None and kind(found) == "text" and len(text(found)) != 1:
        yield at(found, "ESCAPE attend un seul caractère.")


refuse(
    "vql-fuseau",
    exp.AtTimeZone,
    message="AT TIME ZONE n'est pas documenté en VQL.",
    part="operator",
    refused="AT TIME ZONE",
    why="VQL n'a pas cet opérateur : le fuseau vient de la configuration i18n.",
    write=(
        "Convertissez à la réception (staging) et gardez un `timestamp` sans fuseau ; pour "
        "maintenant : `{{ current_timestamp_local() }}`."
    ),
    example="select instant at time zone 'UTC' as local from t",
)


refuse(
    "vql-collate",
    exp.Collate,
    message="COLLATE n'est pas documenté en VQL.",
    part="operator",
    refused="COLLATE",
    why="VQL compare les textes caractère par caractère, sans collation au choix.",
    write=(
        "Retirez COLLATE ; pour ignorer la casse ou les accents, comparez `lower(x)` ou `{{ "
        "remove_accents('x') }}`."
    ),
    example='select nom from t order by nom collate "C"',
)


def _index_fault(node: Node) -> str | None:
    index = node.expressions[0] if node.expressions else None
    if isinstance(index, exp.Slice) or kind(node.this) not in {"column", "tuple"}:
        return "Cette lecture d'un tableau n'existe pas en VQL."
    if index is None or kind(index) != "number":
        return "L'indice d'un tableau est en VQL un nombre écrit en chiffres."
    return None


@rule(
    "vql-tableau",
    exp.Bracket,
    "array",
    "array of a query",
    "any of an array",
    refused="les tableaux de PostgreSQL",
    why=("VQL n'a ni `array[…]`, ni tranche `x[1:2]`, ni comparaison avec `any` ou `all` d'un tableau."),
    write=(
        "Écrivez une liste : `x in (1, 2, 3)` ; ou dépliez le tableau à la réception, une ligne par élément."
    ),
    example="select liste[1:2] as x from t",
)
def array(seen: Node | Note, read: Reading) -> Iterator[Fault]:
    """An array as PostgreSQL writes it."""
    if not isinstance(seen, Note):
        if message := _index_fault(seen):
            yield at(seen, message, part="index")
    elif seen.kind == "any of an array":
        yield at(seen, f"`{seen.word.value.lower()}` est suivi d'un tableau.")
    else:
        shown = "array[…]" if seen.kind == "array" else "array(select …)"
        yield at(seen, f"`{shown}` n'existe que dans PostgreSQL.")


@rule(
    "vql-ligne",
    "value",
    "row",
    refused="la comparaison de lignes `(a, b) = (c, d)`",
    why="VQL n'a pas de comparaison ni de IN sur plusieurs valeurs entre parenthèses.",
    write=("Comparez colonne par colonne : `a = c and b = d` ; pour IN, écrivez une jointure ou EXISTS."),
    example="select nom from t where (a, b) in (select c, d from u)",
)
def several(note: Note, read: Reading) -> Iterator[Fault]:
    """Several values compared as one."""
    if note.kind == "row":
        yield at(note, "ROW ne se compare que par `=` et `<>`.")
    elif kind(note.about) == "tuple":
        yield at(note, "Plusieurs valeurs entre parenthèses sont comparées ensemble.")


@rule(
    "vql-booleen-projete",
    "projected condition",
    refused="une condition dans la liste du SELECT",
    why=("VQL ne projette qu'une égalité simple, `a = b` : ni `a > b`, ni `a is null`, ni AND, OR, NOT."),
    write=(
        "`case when … then true else false end as nom` (`when not … then false` sans ELSE pour "
        "garder « inconnu »)."
    ),
    example="select a <> b as x from t",
)
def projected_condition(note: Note, read: Reading) -> Iterator[Fault]:
    """A condition as a column of the result."""
    node = bare(note.about)
    if isinstance(node, (exp.EQ, exp.Exists)):
        return
    tested = node.this if isinstance(node, exp.Not) and node.args.get("infix") else node
    edit: Edit | None = None
    if isinstance(tested, exp.Is) and isinstance(tested.expression, exp.Null):
        whole = f"case when {read.of(note.about)} then true else false end"
        edit = (note.start, note.end, whole)
    yield at(note, "Une condition est projetée comme une colonne.", edit=edit)


@rule(
    "vql-booleen-valeur",
    "value",
    refused="une condition employée comme valeur",
    why=_CONDITION_WHY,
    write="`case when … then true else false end`, ou reformulez avec AND et OR.",
    example="select max(a is null) as x from t",
)
def condition_as_value(note: Note, read: Reading) -> Iterator[Fault]:
    """A condition where a value stands."""
    if kind(note.about) == "condition":
        yield at(note, "Une condition est employée ici comme une valeur.")


@rule(
    "sens-tilde",
    exp.Anonymous,
    refused="l'opérateur `~`",
    why=(
        "Denodo y dit seulement si deux textes se ressemblent assez : un motif y serait lu comme "
        "un texte ordinaire."
    ),
    write="`{{ regexp_like('x', 'motif') }}` : le motif doit décrire le texte entier.",
    example="select nom from t where nom ~ '^A[0-9]+$'",
)
def tilde(node: Node, read: Reading) -> Iterator[Fault]:
    """`~`."""
    if form(node) == "infix" and node.name == "~":
        yield at(
            node,
            "`~` cherche une expression rationnelle sur PostgreSQL et mesure une ressemblance sur Denodo.",
            part="operator",
        )


def _pattern(node: Node) -> str | None:
    """The text of a LIKE pattern, when the query writes it out."""
    node = bare(node)
    if kind(node) == "text":
        return text(node)
    if isinstance(node, exp.DPipe):
        parts = [node.this, node.expression]
    elif kind(node) == "call":
        parts = arguments(node)
        if name(node) != "CONCAT" and not (name(node) in {"LOWER", "UPPER"} and len(parts) == 1):
            return None
    else:
        return None
    known = [_pattern(part) for part in parts]
    return "".join(found or "" for found in known) if None not in known else None


def _like_without_escape(node: Node) -> bool:
    return "escape" not in node.meta and not _of_a_list(node)


@rule(
    "sens-like",
    exp.Like,
    refused="LIKE sans ESCAPE, avec `$` ou `\\` dans le motif",
    why=("Le caractère d'échappement est `\\` sur PostgreSQL et `$` sur Denodo : le motif change de sens."),
    write="Précisez-le : `like '100~%' escape '~'`.",
    example="select nom from t where nom like '%$_%'",
)
def like(node: Node, read: Reading) -> Iterator[Fault]:
    """LIKE with a pattern that each engine escapes in its own way."""
    known = _pattern(node.expression)
    if known is None or not _like_without_escape(node) or not any(sign in known for sign in "\\$"):
        return
    start, end = span(node, "operator")[0], span(node.expression)[1]
    edit = (end, end, " escape '~'") if "\\" not in known and "~" not in known else None
    yield Fault(start, end, "Le motif de LIKE contient `\\` ou `$` sans ESCAPE.", edit=edit)


def _date_calculation(node: Node) -> tuple[str, str] | None:
    """The rule that refuses a calculation with dates, and what is wrong."""
    select = node.meta.get("select")
    if select is None:
        return None
    left, right = type_of(node.this, select), type_of(node.expression, select)
    dates = [found for found in (left, right) if found in DATETIMES]
    if not dates or "interval" in (left, right):
        return None
    minus = isinstance(node, exp.Sub)
    if minus and len(dates) == 2:
        return "minus", "Une date est soustraite d'une autre."
    if minus and left in DATETIMES and right not in INTEGERS:
        return "minus", "Quelque chose est soustrait d'une date."
    if left in INTEGERS or right in INTEGERS:
        return "plus", "Un nombre est ajouté à une date ou retiré d'elle."
    if minus and right in DATETIMES:
        return "minus", "Une date est soustraite."
    return "plus", "Une date entre dans un calcul."


@rule(
    "sens-moins-dates",
    exp.Sub,
    refused="la soustraction de deux dates",
    why=(
        "Denodo donne un nombre de jours entiers ; PostgreSQL un nombre de jours ou un intervalle, "
        "selon le type."
    ),
    write="`{{ dbt.datediff('debut', 'fin', 'day') }}` ou `{{ days_between('debut', 'fin') }}`.",
    example="select now() - instant as ecart from t",
)
def minus_dates(node: Node, read: Reading) -> Iterator[Fault]:
    """What is taken from a date."""
    found = _date_calculation(node)
    if found and found[0] == "minus":
        yield at(node, found[1], part="operator")


@rule(
    "sens-date-plus-entier",
    exp.Add,
    exp.Sub,
    refused="une date plus ou moins un nombre",
    why=("PostgreSQL y compte des jours ; le manuel de VQL ne décrit que date plus ou moins intervalle."),
    write="`{{ add_days('x', 7) }}` ou `{{ dbt.dateadd('day', 7, 'x') }}`.",
    example="select current_date + 7 as x",
)
def plus_dates(node: Node, read: Reading) -> Iterator[Fault]:
    """A number added to a date."""
    found = _date_calculation(node)
    if found and found[0] == "plus":
        yield at(node, found[1], part="operator")


@rule(
    "sens-indice",
    exp.Bracket,
    refused="l'indice d'un tableau `x[1]`",
    why="Le premier élément est 1 sur PostgreSQL et 0 sur Denodo.",
    write=(
        "Dépliez le tableau à la réception, une ligne par élément ; pour un texte découpé : `{{ "
        "dbt.split_part('x', \"','\", 1) }}`."
    ),
    example="select liste[1] as x from t",
)
def index(node: Node, read: Reading) -> Iterator[Fault]:
    """The element of an array."""
    if _index_fault(node) is None:
        yield at(node, "L'indice d'un tableau ne compte pas à partir du même nombre.", part="index")


@rule(
    "sens-diese",
    "hash",
    refused="le signe `#`",
    why="VQL y voit un commentaire jusqu'à la fin de la ligne ; PostgreSQL un opérateur.",
    write="`--` pour un commentaire.",
    example="select nom # le nom\nfrom ecoles",
)
def hash_(note: Note, read: Reading) -> Iterator[Fault]:
    """A comment of VQL."""
    edit = (note.start, note.end, "--") if note.alone else None
    yield at(note, "`#` ouvre un commentaire sur Denodo seulement.", edit=edit)


@rule(
    "avis-like-variable",
    exp.Like,
    refused="LIKE sans ESCAPE, avec un motif calculé",
    why="Si le motif contient `\\` ou `$`, les deux moteurs l'interprètent autrement.",
    write="Ajoutez `escape '~'` si le motif ne contient pas de tilde.",
    example="select nom from t where nom like motif",
)
def computed_pattern(node: Node, read: Reading) -> Iterator[Fault]:
    """LIKE with a pattern that the text does not tell."""
    pattern = node.expression
    if _like_without_escape(node) and _pattern(pattern) is None and kind(pattern) != "parameter":
        message = "Le motif de LIKE est calculé, sans ESCAPE."
        yield Fault(span(node, "operator")[0], span(pattern)[1], message)


@rule(
    "avis-concat-null",
    exp.DPipe,
    exp.Anonymous,
    refused="un texte assemblé avec une valeur qui peut manquer",
    why="Sur PostgreSQL, `||` donne alors NULL et concat() l'ignore ; le manuel de VQL ne dit rien.",
    write="`coalesce(x, '')` autour de cette valeur, ou `{{ dbt.concat(['a', 'b']) }}`.",
    example="select nom || null as x from t",
)
def concatenated(node: Node, read: Reading) -> Iterator[Fault]:
    """A text made of parts of which one may be absent."""
    if isinstance(node, exp.DPipe):
        parts = [node.this, node.expression]
    elif node.name == "CONCAT" and node.meta.get("plain") and len(node.expressions) > 1:
        parts = arguments(node)
    else:
        return
    for part in parts:
        if kind(part) == "null" or (kind(part) == "call" and name(part) == "NULLIF"):
            yield at(part, "Cette valeur assemblée peut manquer (NULL).")
