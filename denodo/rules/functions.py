"""Rules on functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from denodo import catalogue
from denodo.finding import Edit
from denodo.lexer import Kind, shortened
from denodo.rules.advice import advice_for
from denodo.rules.meaning import DATETIMES, type_of
from denodo.rules.rule import Chapter, Fault, Reading, at
from denodo.tree import Node, Note, arguments, form, kind, span, text

CHAPTER = Chapter("Fonctions")
rule, refuse = CHAPTER.rule, CHAPTER.refuse

_PATTERN_LETTERS = re.compile(
    r"[GyYMLdDFEuaHhkKmsSzZXQqWwIJCTBCROZF\W\d_]+|.*(?:YYYY|yyyy|HH24|MI\b|Mon|Month).*"
)
_SIDES = {"TRIM": "both", "LTRIM": "leading", "RTRIM": "trailing"}


def _plain(call: Node, *functions: str) -> bool:
    """Whether a call is one of these functions, of any when none is given, and has no OVER."""
    return bool(call.meta.get("plain")) and not form(call) and (not functions or call.name in functions)


def _starred(call: Node) -> bool:
    return call.meta["star"] and call.name not in {"COUNT", "NEST"}


def _documented(call: Node, *functions: str) -> bool:
    """Whether a call is one of these functions, with arguments that the manual gives it."""
    if not _plain(call, *functions) or _starred(call):
        return False
    entries, count = catalogue.lookup_plain(call.name), len(arguments(call))
    return bool(entries) and (
        any(entry.accepts(count) for entry in entries) or call.name in {"TRUNC", "ROUND"}
    )


def _named(call: Node, read: Reading) -> str:
    """The name of a function as its author wrote it."""
    start, end = span(call, "name")
    return read.sql[start:end]


@rule(
    "vql-fonction",
    "refused call",
    exp.Anonymous,
    refused="une fonction que VQL ne documente pas",
    why=("Denodo lit lui-même la requête : une fonction de la base source n'y existe que si VQL la décrit."),
    write=("Écrivez une fonction documentée ou une macro du projet (voir la liste des macros portables)."),
    example="select chr(65) as n",
)
def unknown(seen: Node | Note, read: Reading) -> Iterator[Fault]:
    """A function that the manual has not."""
    if isinstance(seen, Note):
        token = seen.name
        shown = token.value.lower() if seen.lower else read.sql[token.start : token.end]
        if seen.node is not None and form(seen.node) == "bare":
            message = f"`{shown}` n'est pas documenté en VQL."
        else:
            message = f"La fonction `{shown}` n'est pas documentée en VQL."
        yield at(seen, message, write=advice_for(token.value))
    elif _plain(seen) and not catalogue.lookup(seen.name):
        message = f"La fonction `{_named(seen, read)}` n'est pas documentée en VQL."
        yield at(seen, message, part="name", write=advice_for(seen.name), edit=_renamed(seen, read))


def _renamed(call: Node, read: Reading) -> Edit | None:
    """The same call under a name or in a form that both engines have, when PostgreSQL gives the same."""
    parts, at_name = arguments(call), span(call, "name")
    whole = (span(call)[0], span(call, "arguments")[1])
    match (call.name, [read.of(part) for part in parts]):
        case ("CEILING", [_]):
            return (*at_name, "ceil")
        case ("POW", [_, _]):
            return (*at_name, "power")
        case ("LOG10", [_]):
            return (*at_name, "log")
        case ("STRPOS", [subject, wanted]) if kind(parts[1]) in {"text", "column", "call"}:
            return (*whole, f"position({wanted} in {subject})")
        case ("LEFT", [subject, count]) if count.isdigit() and int(count) > 0:
            return (*whole, f"substr({subject}, 1, {count})")
        case ("BTRIM", [subject]):
            return (*whole, f"trim(both ' ' from {subject})")
        case ("BTRIM", [subject, letter]) if kind(parts[1]) == "text" and len(text(parts[1])) == 1:
            return (*whole, f"trim(both {letter} from {subject})")
    return None


@rule(
    "vql-arguments",
    "position with a comma",
    "cast format",
    exp.Anonymous,
    refused="une fonction documentée avec un autre nombre d'arguments",
    why="VQL ne connaît que les formes que le manuel décrit, même là où PostgreSQL en a d'autres.",
    write="Donnez les arguments que le manuel décrit.",
    example="select sum(*) as n from t",
)
def wrong_arguments(seen: Node | Note, read: Reading) -> Iterator[Fault]:
    """Arguments that the manual does not give a function."""
    if isinstance(seen, Note):
        if seen.kind == "cast format":
            write = "`{{ parse_date('x', 'yyyy-MM-dd') }}`."
            yield at(seen, "CAST … FORMAT n'existe pas en VQL.", write=write)
        else:
            yield at(seen, "POSITION s'écrit avec IN.", write="`position('cherché' in x)`.")
    elif _plain(seen) and (entries := catalogue.lookup_plain(seen.name)):
        accepted = any(entry.accepts(len(arguments(seen))) for entry in entries)
        if _starred(seen):
            yield at(seen, f"`{_named(seen, read)}(*)` n'est pas documenté en VQL.", part="name")
        elif seen.name in {"TRUNC", "ROUND"}:
            yield from _rounding(seen, read)
        elif not accepted and seen.name not in _SIDES:
            yield _wrong_count(seen, read, entries)


def _rounding(call: Node, read: Reading) -> Iterator[Fault]:
    parts = arguments(call)
    count = len(parts)
    if count == 2 and kind(parts[1]) == "text":
        if call.name == "ROUND":
            write: str | None = "`{{ dbt.date_trunc('month', 'x') }}`."
            yield at(call, "ROUND n'arrondit pas une date en VQL.", part="name", write=write)
    elif not _rounds(call):
        write = (
            "`trunc(x * 100) / 100.0` pour tronquer, `{{ cast_decimal('x', 12, 2) }}` pour arrondir."
            if count == 2
            else None
        )
        message = f"`{_named(call, read)}` n'a pas {count} arguments en VQL pour un nombre."
        yield at(call, message, part="name", write=write)


def _rounds(call: Node) -> bool:
    """Whether TRUNC or ROUND has the arguments of a number."""
    parts = arguments(call)
    both = len(parts) == 2 and call.name == "TRUNC" and kind(parts[1]) == "number"
    return 0 < len(parts) < 3 and not both


def _wrong_count(call: Node, read: Reading, entries: list[catalogue.Function]) -> Fault:
    shown, count = _named(call, read), len(arguments(call))
    signatures = [signature for entry in entries for signature in entry.signatures]
    forms = " ; ".join(dict.fromkeys(entry.syntax for entry in entries if entry.syntax))
    forms = forms.replace(" or ", " ou ")
    write = f"Donnez {_counts(signatures)} à `{shown.lower()}`"
    if not any(signature.maximum != 0 for signature in signatures):
        write = f"Retirez ce qui est entre les parenthèses de `{shown.lower()}`"
    message = f"`{shown}` a ici {count} argument{'s' if count > 1 else ''}."
    return at(call, message, part="name", write=f"{write} ({forms})." if forms else f"{write}.")


def _counts(signatures: list[catalogue.Signature]) -> str:
    """How many arguments there may be: « 2 arguments », « 2 ou 3 arguments », « au moins 2 arguments »."""
    least = min(signature.minimum for signature in signatures)
    known = [signature.maximum for signature in signatures if signature.maximum is not None]
    if len(known) < len(signatures):
        return f"au moins {least} argument{'s' if least > 1 else ''}"
    allowed = [count for count in range(max(known) + 1) if any(one.accepts(count) for one in signatures)]
    plural = "s" if allowed[-1] > 1 else ""
    return f"{' ou '.join(map(str, allowed))} argument{plural}"


@rule(
    "vql-forme-appel",
    "call with schema",
    "variadic",
    "named argument",
    refused="un appel `schema.fonction(…)`, `nom => valeur` ou VARIADIC",
    why="VQL appelle une fonction par son seul nom, et ses arguments par leur place.",
    write="`fonction(a, b)`, sans schéma ni nom d'argument.",
    example="select pg_catalog.upper(nom) as n from t",
)
def shape(note: Note, read: Reading) -> Iterator[Fault]:
    """A call that VQL does not write so."""
    if note.kind == "call with schema":
        yield at(note, f"`{read.sql[note.start : note.end]}` est précédé d'un schéma.")
    elif note.kind == "variadic":
        yield at(note, "VARIADIC n'existe pas en VQL.")
    else:
        yield at(note, "VQL ne nomme pas les arguments d'une fonction.")


@rule(
    "vql-ordre-motif",
    exp.Anonymous,
    refused="le motif de date en second argument",
    why="En VQL, le motif vient en premier et suit Java : `to_localdate('yyyy-MM-dd', x)`.",
    write=("`{{ parse_date('x', 'yyyy-MM-dd') }}` ou `{{ parse_timestamp('x', 'yyyy-MM-dd HH:mm:ss') }}`."),
    example="select to_localdate(x, 'yyyy-MM-dd') as n from t",
)
def pattern_order(call: Node, read: Reading) -> Iterator[Fault]:
    """The pattern of a date after the text."""
    functions: tuple[str, ...] = ("TO_LOCALDATE", "TO_TIME", "TO_TIMESTAMPTZ", "FORMATDATE")
    if not read.portable:
        functions += ("TO_DATE", "TO_TIMESTAMP")
    if not _documented(call, *functions) or len(arguments(call)) < 2:
        return
    first, second = arguments(call)[:2]
    if kind(second) != "text" or kind(first) == "text":
        return
    if _PATTERN_LETTERS.fullmatch(text(second)) and any(letter.isalpha() for letter in text(second)):
        yield at(call, f"`{_named(call, read)}` a son motif en second.", part="name")


@rule(
    "vql-substring",
    exp.Substring,
    refused="SUBSTRING par expression rationnelle, ou FOR sans FROM",
    why="VQL n'écrit que `substring(x from début for longueur)`, avec des nombres.",
    write=(
        "`substr(x, 1, 3)` ; pour une expression rationnelle : `{{ regexp_replace('x', 'motif', "
        "'remplacement') }}`."
    ),
    example="select substring(nom for 3) as n from t",
)
def substring_words(node: Node, read: Reading) -> Iterator[Fault]:
    """SUBSTRING with words that VQL has not."""
    word, follows = node.meta["by"], node.meta["follows"]
    if word.value == "SIMILAR" or kind(node.meta["first"]) == "text":
        yield at(node, "SUBSTRING cherche ici une expression rationnelle.", part="name")
    elif word.value == "FOR":
        from_follows = follows.kind is Kind.WORD and follows.value == "FROM"
        edit = None if from_follows else (word.start, word.start, "from 1 ")
        yield Fault(word.start, word.end, "FOR n'est pas précédé de FROM.", edit=edit)


@rule(
    "vql-trim",
    exp.Anonymous,
    refused="`trim(x, 'c')`, `ltrim(x, 'c')`, `rtrim(x, 'c')`",
    why="En VQL, le caractère à retirer s'écrit avant FROM, et LTRIM et RTRIM n'ont qu'un argument.",
    write="`trim(both ' ' from x)`, ou `trim(leading '0' from x)`.",
    example="select trim(nom, 'x') as n from t",
)
def trim_list(call: Node, read: Reading) -> Iterator[Fault]:
    """TRIM with a list of characters."""
    if not _plain(call, *_SIDES) or _starred(call) or _documented(call):
        return
    side, parts = _SIDES[call.name], arguments(call)
    edit = None
    if len(parts) == 2 and kind(parts[1]) == "text" and len(text(parts[1])) == 1:
        x, letters = (read.of(part) for part in parts)
        edit = (span(call)[0], span(call, "arguments")[1], f"trim({side} {letters} from {x})")
    shown = _named(call, read).strip('"`').lower()
    yield at(
        call,
        f"`{shown}` avec des caractères à retirer n'est pas documenté en VQL.",
        part="name",
        write=f"`trim({side} '0' from x)`, un caractère à la fois.",
        edit=edit,
    )


@rule(
    "sens-trim-caracteres",
    exp.Trim,
    refused="TRIM avec plusieurs caractères à retirer",
    why="PostgreSQL retire chacun de ces caractères, Denodo seulement le premier.",
    write=(
        "Un TRIM par caractère : `trim(both '-' from trim(both '.' from x))`, si leur ordre est "
        "connu ; sinon `{{ regexp_replace('x', '^[.-]+', '') }}` pour le début, `'[.-]+$'` pour la "
        "fin."
    ),
    example="select trim(both 'xyz' from nom) as n from t",
)
def trim_letters(node: Node, read: Reading) -> Iterator[Fault]:
    """TRIM of several characters."""
    letters = node.args.get("expression")
    if letters is not None and kind(letters) == "text" and len(text(letters)) > 1:
        yield at(letters, "TRIM ne retire sur Denodo que le premier de ces caractères.")


_FIELD_ADVICE = {
    "EPOCH": "Écrivez une différence : `{{ dbt.datediff('debut', 'fin', 'second') }}`.",
    "ISODOW": "`{{ iso_day_of_week('x') }}`.",
    "ISOYEAR": "`{{ iso_year('x') }}`.",
    "CENTURY": "`ceil(extract(year from x) / 100.0)`.",
    "DECADE": "`floor(extract(year from x) / 10)`.",
}


@rule(
    "vql-extract",
    exp.Extract,
    refused="un champ d'EXTRACT que VQL n'a pas",
    why=(
        "EXTRACT ne connaît en VQL que YEAR, QUARTER, MONTH, WEEK, DAY, DOY, DOW, HOUR, MINUTE, "
        "SECOND et MILLISECOND."
    ),
    write=(
        "`{{ date_part('…', 'x') }}`, `{{ iso_week('x') }}`, `{{ iso_year('x') }}` ou `{{ "
        "iso_day_of_week('x') }}`."
    ),
    example="select extract(isodow from jour) as n from t",
)
def extract(node: Node, read: Reading) -> Iterator[Fault]:
    """A field that EXTRACT has not."""
    field = node.meta["field"]
    wanted = field.value.upper()
    known = wanted in catalogue.EXTRACT_FIELDS
    if known and field.kind is not Kind.TEXT:
        return
    edit = (field.start, field.end, wanted.lower()) if known else None
    write = (
        f"Retirez les apostrophes : `extract({wanted.lower()} from x)`."
        if edit
        else _FIELD_ADVICE.get(wanted)
    )
    message = f"EXTRACT de VQL n'a pas le champ {shortened(read.sql[field.start : field.end])}."
    yield at(node, message, part="field", write=write, edit=edit)


@rule(
    "vql-filter",
    exp.Filter,
    refused="FILTER (WHERE …) après un agrégat",
    why=(
        "WHERE filtre toutes les lignes ; pour un seul agrégat, la condition se met dans son "
        "argument : il ignore les valeurs absentes."
    ),
    write=(
        "`sum(case when condition then x end)`, ou `{{ sum_if('condition', 'x') }}` et `{{ "
        "count_if('condition') }}`."
    ),
    example="select sum(x) filter (where actif) as n from t",
)
def filter_(node: Node, read: Reading) -> Iterator[Fault]:
    """FILTER after an aggregate."""
    call = node.meta["call"]
    parts, (start, end) = arguments(call), span(node)
    word = span(node, "filter")[0]
    function = _named(call, read)
    test = read.of(node.expression.this)
    edit: Edit | None = None
    if call.meta["star"]:
        edit = (start, end, f"{function}(case when {test} then 1 end)")
    elif len(parts) == 1 and call.name in {"COUNT", "SUM", "AVG", "MIN", "MAX"}:
        distinct = f"{call.args['quantifier'].lower()} " if call.args.get("quantifier") else ""
        edit = (start, end, f"{function}({distinct}case when {test} then {read.of(parts[0])} end)")
    if read.sql[start:word].count("'") % 2:
        edit = None
    yield Fault(word, word + len("FILTER"), "FILTER n'est pas documenté en VQL.", edit=edit)


refuse(
    "vql-agregat-ordre",
    "ordered aggregate",
    message="Un agrégat de VQL n'a pas d'ordre.",
    refused="ORDER BY dans un agrégat",
    why="Entre les parenthèses d'un agrégat, VQL ne décrit que DISTINCT ou ALL et les arguments.",
    write=("Retirez l'ordre, ou écrivez `{{ dbt.listagg('x', \"', '\") }}`, dont l'ordre n'est pas garanti."),
    example="select string_agg(nom, ', ' order by nom) as n from t",
)


refuse(
    "vql-within-group",
    "within group alone",
    message="WITHIN GROUP n'est documenté en VQL qu'avec OVER.",
    refused="WITHIN GROUP sans OVER",
    why=(
        "VQL ne décrit PERCENTILE_CONT, PERCENTILE_DISC et LISTAGG que suivis de OVER (…), et "
        "délégués à une source."
    ),
    write="Pour la médiane, écrivez `{{ median('x') }}` ; sinon, calculez par comptage dans une CTE.",
    example="select mode() within group (order by x) as n from t",
)


@rule(
    "vql-fenetre",
    exp.Window,
    exp.IgnoreNulls,
    exp.RespectNulls,
    exp.Anonymous,
    refused="une fonction de fenêtre que VQL ne décrit pas",
    why=(
        "OVER n'admet en VQL qu'une liste de fonctions, une seule expression de PARTITION BY et "
        "une seule d'ORDER BY, sans FILTER, EXCLUDE, GROUPS ni IGNORE NULLS."
    ),
    write=(
        "Groupez (group by) dans une CTE, puis joignez ; pour la dernière ligne de chaque clé : "
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`."
    ),
    example="select rank() as n from t",
)
def window(node: Node, read: Reading) -> Iterator[Fault]:
    """A window that the manual has not."""
    if isinstance(node, (exp.IgnoreNulls, exp.RespectNulls)):
        yield at(node, "IGNORE NULLS et RESPECT NULLS n'existent pas en VQL.", part="nulls")
    elif isinstance(node, exp.Window):
        yield from _window_faults(node)
    elif _plain(node) and catalogue.lookup(node.name) and not catalogue.lookup_plain(node.name):
        macro = "`{{ dbt.listagg('x', \"', '\") }}`." if node.name == "LISTAGG" else None
        message = f"`{_named(node, read)}` n'est documentée en VQL qu'avec OVER (…)."
        yield at(node, message, part="name", write=macro)


def _window_faults(node: Node) -> Iterator[Fault]:
    """What a function with OVER has that VQL has not; nothing for the windows of the clause WINDOW."""
    call = node.meta.get("call")
    if call is None:
        return
    written = call.meta["written"].lower()
    analytic = [entry for entry in catalogue.lookup(call.name) if entry.kind == catalogue.ANALYTIC]
    if not analytic:
        yield at(call, f"`{written}` n'est pas une fonction de fenêtre de VQL.", part="name")
    elif not any(entry.accepts(len(arguments(call))) for entry in analytic):
        yield at(call, f"`{written}` n'a pas ces arguments en VQL.", part="name")
    if call.args.get("quantifier") == "DISTINCT":
        yield at(call, "DISTINCT n'est pas documenté dans une fenêtre.", part="quantifier")
    if node.args.get("alias"):
        yield at(node.args["alias"], "VQL n'a pas de fenêtre nommée.")
    for items, message in (
        (node.args.get("partition_by") or [], "PARTITION BY n'a en VQL qu'une expression."),
        (
            [item.this for item in node.args["order"].expressions] if node.args.get("order") else [],
            "ORDER BY d'une fenêtre n'a en VQL qu'une expression.",
        ),
    ):
        if len(items) > 1:
            yield Fault(span(items[1])[0], span(items[-1])[1], message)
    if node.args.get("spec"):
        yield from _frame_faults(node.args["spec"])


def _frame_faults(spec: Node) -> Iterator[Fault]:
    word = spec.meta["word"]
    if word.value == "GROUPS":
        yield Fault(word.start, word.end, "GROUPS n'est pas documenté en VQL.")
    for token in spec.meta["tokens"]:
        if token.value == "EXCLUDE":
            yield Fault(token.start, token.end, "EXCLUDE n'est pas documenté en VQL.")
        elif token.kind in (Kind.TEXT, Kind.QUOTED) or token.value == "INTERVAL":
            yield Fault(token.start, token.end, "Une borne de fenêtre est en VQL un nombre entier.")


@rule(
    "sens-substring",
    exp.Anonymous,
    refused="`substring(x, début, longueur)`",
    why=("Sur Denodo, le premier caractère est le 0 et le troisième argument est une fin, non une longueur."),
    write=("`substr(x, 1, 3)` ou `substring(x from 1 for 3)` : début puis longueur, sur les deux moteurs."),
    example="select SUBSTRING(nom, 2) as n from t",
)
def substring(call: Node, read: Reading) -> Iterator[Fault]:
    """SUBSTRING with commas."""
    if _documented(call, "SUBSTRING"):
        first, shown = read.of(arguments(call)[1]), _named(call, read)
        safe = not first.lstrip().startswith("-") and first != "0"
        edit = (*span(call, "name"), "substr") if safe else None
        yield at(call, f"`{shown}(x, a, b)` n'a pas le même sens sur Denodo.", part="name", edit=edit)


@rule(
    "sens-instr",
    exp.Anonymous,
    refused="INSTR",
    why="INSTR de VQL compte à partir de 0 et donne -1 quand rien n'est trouvé.",
    write="`position('cherché' in x)`, qui compte à partir de 1 et donne 0, sur les deux.",
    example="select instr(nom, 'a') as n from t",
)
def instr(call: Node, read: Reading) -> Iterator[Fault]:
    """INSTR."""
    if _documented(call, "INSTR"):
        yield at(call, f"`{_named(call, read)}` compte à partir de 0.", part="name")


@rule(
    "sens-trim",
    exp.Anonymous,
    refused="`trim(x)`, `ltrim(x)`, `rtrim(x)`",
    why=("PostgreSQL ne retire que les espaces : un retour de chariot à la fin d'une valeur y resterait."),
    write="`trim(both ' ' from x)` (leading pour le début, trailing pour la fin).",
    example="select trim(nom) as n from t",
)
def trim(call: Node, read: Reading) -> Iterator[Fault]:
    """TRIM of white space."""
    if _documented(call, *_SIDES):
        whole = f"trim({_SIDES[call.name]} ' ' from {read.of(arguments(call)[0])})"
        edit = (span(call)[0], span(call, "arguments")[1], whole)
        message = f"`{_named(call, read)}` retire aussi les retours de chariot sur Denodo."
        yield at(call, message, part="name", write=f"`{whole}`.", edit=edit)


@rule(
    "sens-to-date",
    exp.Anonymous,
    refused="TO_DATE et TO_TIMESTAMP",
    why=(
        "PostgreSQL attend (texte, motif), Denodo (motif, texte) ; et les motifs sont ceux de Java "
        "sur Denodo."
    ),
    write=("`{{ parse_date('x', 'yyyy-MM-dd') }}` ou `{{ parse_timestamp('x', 'yyyy-MM-dd HH:mm:ss') }}`."),
    example="select to_date(x, 'YYYY-MM-DD') as n from t",
)
def to_date(call: Node, read: Reading) -> Iterator[Fault]:
    """TO_DATE and TO_TIMESTAMP."""
    if _documented(call, "TO_DATE", "TO_TIMESTAMP"):
        message = f"`{_named(call, read)}` n'attend pas ses arguments dans le même ordre."
        yield at(call, message, part="name")


@rule(
    "sens-log",
    exp.Anonymous,
    refused="`log(base, x)`",
    why="PostgreSQL attend (base, x), Denodo (x, base).",
    write="`ln(x) / ln(b)`, ou `log(x)` pour la base 10.",
    example="select log(2, x) as n from t",
)
def log(call: Node, read: Reading) -> Iterator[Fault]:
    """LOG with a base."""
    if _documented(call, "LOG") and len(arguments(call)) == 2:
        message = f"`{_named(call, read)}` à deux arguments les prend dans l'autre ordre sur Denodo."
        yield at(call, message, part="name")


@rule(
    "sens-trunc-date",
    exp.Anonymous,
    refused="TRUNC et ROUND sur une date",
    why=(
        "Denodo tronque une date avec un motif ; sur PostgreSQL, TRUNC et ROUND ne reçoivent que des nombres."
    ),
    write="`{{ dbt.date_trunc('month', 'x') }}`.",
    example="select trunc(current_date) as n",
)
def trunc_date(call: Node, read: Reading) -> Iterator[Fault]:
    """TRUNC of a date."""
    if not _documented(call, "TRUNC", "ROUND"):
        return
    parts, select = arguments(call), call.meta.get("select")
    if len(parts) == 2 and kind(parts[1]) == "text":
        if call.name == "TRUNC":
            yield at(call, f"`{_named(call, read)}` tronque ici une date.", part="name")
    elif _rounds(call) and select is not None and type_of(parts[0], select) in DATETIMES:
        yield Fault(span(call)[0], span(call, "name")[1], f"{call.name} reçoit ici une date.")


@rule(
    "sens-max-min",
    exp.Anonymous,
    refused="MAX et MIN à plusieurs arguments",
    why=(
        "Sur Denodo, c'est le plus grand de la ligne (NULL si l'un manque) ; sur PostgreSQL, MAX "
        "est un agrégat."
    ),
    write="`{{ greatest(['a', 'b']) }}` ou `{{ least(['a', 'b']) }}`.",
    example="select max(a, b) as n from t",
)
def max_min(call: Node, read: Reading) -> Iterator[Fault]:
    """MAX of one row."""
    if _documented(call, "MAX", "MIN") and len(arguments(call)) > 1:
        yield at(call, f"`{_named(call, read)}` a plusieurs arguments.", part="name")


@rule(
    "sens-jour-semaine",
    exp.Anonymous,
    refused="GETDAYOFWEEK, FIRSTDAYOFWEEK et LASTDAYOFWEEK",
    why=("Leur résultat dépend de la langue du serveur : la semaine y commence le dimanche ou le lundi."),
    write=(
        "`{{ iso_day_of_week('x') }}` ou `{{ dbt.date_trunc('week', 'x') }}`, où la semaine commence lundi."
    ),
    example="select getdayofweek(jour) as n from t",
)
def day_of_week(call: Node, read: Reading) -> Iterator[Fault]:
    """A week whose first day depends on the server."""
    if _documented(call, "GETDAYOFWEEK", "FIRSTDAYOFWEEK", "LASTDAYOFWEEK"):
        yield at(call, f"`{_named(call, read)}` dépend de la langue du serveur.", part="name")


@rule(
    "sens-milliseconde",
    exp.Extract,
    refused="`extract(millisecond from x)`",
    why="PostgreSQL y compte aussi les secondes (5 250), Denodo non (250).",
    write="`{{ date_part('second', 'x') }}` et évitez les fractions de seconde.",
    example="select extract(millisecond from instant) as n from t",
)
def millisecond(node: Node, read: Reading) -> Iterator[Fault]:
    """MILLISECOND."""
    field = node.meta["field"]
    if field.value.upper() == "MILLISECOND" and field.kind is not Kind.TEXT:
        yield at(node, "MILLISECOND n'a pas le même sens sur Denodo.", part="field")


@rule(
    "sens-fenetre",
    exp.Window,
    refused="les fonctions de fenêtre (OVER)",
    why=(
        "Denodo n'exécute jamais une fonction de fenêtre : il la délègue à une source, ou la requête échoue."
    ),
    write=(
        "Groupez (group by) dans une CTE, puis joignez ; pour la dernière ligne de chaque clé : "
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`."
    ),
    example="select sum(x) over () as n from t",
)
def delegated(node: Node, read: Reading) -> Iterator[Fault]:
    """A window that the manual has."""
    if node.meta.get("call") is not None and not any(_window_faults(node)):
        shown = node.meta["call"].meta["written"].lower()
        yield at(node, f"`{shown}(…) over (…)` ne s'exécute pas sur Denodo.", part="word")


@rule(
    "avis-extract-seconde",
    exp.Extract,
    refused="`extract(second from x)` d'un instant",
    why="PostgreSQL garde les fractions de seconde, Denodo donne un entier.",
    write="`{{ date_part('second', 'x') }}`, entier sur les deux moteurs.",
    example="select extract(second from timestamp '2024-01-01 10:00:00') as n",
)
def second(node: Node, read: Reading) -> Iterator[Fault]:
    """The seconds of an instant."""
    select, start = node.meta.get("select"), span(node, "field")[0]
    if select is not None and type_of(node.expression, select) in {"timestamp", "timestamptz", "time"}:
        message = "SECOND garde les fractions sur PostgreSQL seulement."
        yield Fault(start, start + len("SECOND"), message)


@rule(
    "avis-motif-java",
    exp.Anonymous,
    refused="`YYYY` ou `DD` dans un motif de date",
    why="Dans un motif de Java, `YYYY` est l'année de la semaine et `DD` le jour dans l'année.",
    write="`yyyy` pour l'année et `dd` pour le jour du mois.",
    example="select formatdate('YYYY-MM-DD', jour) as n from t",
)
def java_pattern(call: Node, read: Reading) -> Iterator[Fault]:
    """Letters of PostgreSQL in a pattern of Java."""
    if not _documented(call, "TO_LOCALDATE", "TO_TIME", "TO_TIMESTAMPTZ", "FORMATDATE"):
        return
    pattern = arguments(call)[0]
    letters = re.sub(r"'[^']*'", "", text(pattern)) if kind(pattern) == "text" else ""
    if "YYYY" in letters or "DD" in letters:
        yield at(pattern, "Ce motif n'a pas le sens que PostgreSQL lui donne.")
