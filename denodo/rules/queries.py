"""Rules on queries."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from denodo.finding import Edit
from denodo.rules.advice import FUNCTION_ADVICE, TABLE_FUNCTIONS, advice_for
from denodo.rules.meaning import Output, fields, output
from denodo.rules.rule import Chapter, Fault, Reading, at
from denodo.tree import Node, Note, aggregates, columns_in, kind, name, span

CHAPTER = Chapter("Requêtes")
rule, refuse = CHAPTER.rule, CHAPTER.refuse
_SUBQUERY_WHY = (
    "En VQL, une sous-requête ne se place que dans FROM et dans WHERE, après un comparateur, IN ou EXISTS."
)


@rule(
    "vql-select-all",
    "select all",
    "select top",
    refused="SELECT ALL, SELECT TOP et SELECT sans colonne",
    why="Après SELECT, VQL n'attend que DISTINCT et une liste de colonnes.",
    write="`select` suivi des colonnes ; pour limiter, `limit n` à la fin de la requête.",
    example="select all nom from ecoles",
)
def select_all(note: Note, read: Reading) -> Iterator[Fault]:
    """A word after SELECT."""
    if note.kind == "select top":
        yield at(note, "SELECT TOP n'est pas documenté en VQL.")
    else:
        edit = (note.start, note.follows, "")
        yield at(note, "SELECT ALL n'est pas documenté en VQL.", edit=edit)


refuse(
    "vql-distinct-on",
    "distinct on",
    message="DISTINCT ON n'existe que dans PostgreSQL.",
    refused="DISTINCT ON (…)",
    why="Le DISTINCT de VQL compare la ligne entière : il ne choisit pas une ligne par clé.",
    write=(
        "Groupez par la clé (group by), puis joignez pour retrouver le reste de la ligne : `{{ "
        "deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`."
    ),
    example=(
        "with derniers as (\n    select distinct on (fase) fase, nom\n    from ecoles\n)\nselect "
        "fase from derniers"
    ),
)


refuse(
    "vql-lateral",
    "lateral",
    message="LATERAL n'est pas documenté en VQL.",
    refused="LATERAL",
    why="En VQL, une sous-requête de FROM ne voit pas les autres tables de FROM.",
    write="Écrivez une jointure avec une CTE groupée par la clé.",
    example="select e.nom from ecoles e, lateral (select annee from dates) d",
)


refuse(
    "vql-recursif",
    "recursive",
    message="WITH RECURSIVE n'est pas documenté en VQL.",
    refused="WITH RECURSIVE",
    why="Une CTE de VQL ne se lit pas elle-même.",
    write=(
        "Écrivez autant de jointures que de niveaux ; pour une suite de jours, écrivez `{{ "
        "calendar_spine(dbt.date(2024, 1, 1), dbt.date(2024, 12, 31)) }}`."
    ),
    example="with recursive n as (select 1 as i) select i from n",
)


refuse(
    "vql-with-imbrique",
    "with inside",
    message="WITH n'est pas en tête de la requête entière.",
    refused="WITH ailleurs qu'en tête de la requête",
    why=("VQL n'accepte WITH qu'au début de la requête entière, pas dans une CTE ni dans une sous-requête."),
    write="Remontez chaque CTE dans le seul WITH du début.",
    example="select n.x from (with b as (select 1 as x) select x from b) as n",
)


@rule(
    "vql-with-options",
    "with before a change",
    "materialized",
    "cte that changes",
    "cte option",
    refused="MATERIALIZED, SEARCH ou CYCLE dans WITH, ou une CTE qui modifie",
    why="Une CTE de VQL est un nom, une liste de colonnes facultative et une requête SELECT.",
    write="`with nom as (select …)`.",
    example="with a as materialized (select 1 as x) select x from a",
)
def with_options(note: Note, read: Reading) -> Iterator[Fault]:
    """A CTE that is more than a query."""
    match note.kind:
        case "with before a change":
            word = read.sql[note.start : note.end].upper()
            yield at(note, f"WITH ne précède pas {word} en VQL.")
        case "materialized":
            edit = (note.start, note.follows, "")
            yield at(note, "MATERIALIZED n'est pas documenté en VQL.", edit=edit)
        case "cte that changes":
            yield at(note, "Une CTE de VQL ne modifie pas de données.")
        case "cte option":
            yield at(note, f"{note.word.value} n'est pas documenté en VQL.")


refuse(
    "vql-values",
    "values",
    message="VALUES n'est pas une table en VQL.",
    refused="VALUES comme table",
    why="VQL n'accepte VALUES que dans INSERT.",
    write="`select 1 as a union all select 2 as a`, ou mettez les valeurs dans un fichier de seeds.",
    example="select v.a from (values (1), (2)) as v",
)


@rule(
    "vql-fonction-from",
    "table function",
    "rows from",
    refused="une fonction comme table",
    why=("VQL n'admet dans FROM que des vues, des sous-requêtes, FLATTEN et les procédures de Denodo."),
    write=(
        "Pour une suite de jours, écrivez `{{ calendar_spine(dbt.date(2024, 1, 1), dbt.date(2024, "
        "12, 31)) }}` ; pour des nombres, croisez le seed `chiffres` avec lui-même."
    ),
    example="select e from unnest(liste) as e",
)
def table_function(note: Note, read: Reading) -> Iterator[Fault]:
    """A function of PostgreSQL as a table."""
    if note.kind == "rows from":
        yield at(note, "ROWS FROM n'existe que dans PostgreSQL.")
        return
    function = note.about.name
    known = function in TABLE_FUNCTIONS or function in FUNCTION_ADVICE
    if known or function.startswith(("JSON", "PG_")):
        message = f"`{read.sql[note.start : note.end]}(…)` n'est pas une table de VQL."
        yield at(note, message, write=advice_for(function))


@rule(
    "vql-from-options",
    "only",
    "table and star",
    "ordinality",
    "sample",
    refused="TABLESAMPLE, ONLY ou WITH ORDINALITY",
    why="Dans FROM, VQL ne décrit après une vue que son alias et ses jointures.",
    write="Retirez-les ; pour un échantillon, filtrez sur une colonne : `where mod(id, 100) = 0`.",
    example="select nom from only ecoles",
)
def from_options(note: Note, read: Reading) -> Iterator[Fault]:
    """A word of PostgreSQL beside a table."""
    if note.kind == "table and star":
        yield at(note, "`table *` n'existe que dans PostgreSQL.")
    else:
        words = {"only": "ONLY", "ordinality": "WITH ORDINALITY", "sample": "TABLESAMPLE"}
        yield at(note, f"{words[note.kind]} n'est pas documenté en VQL.")


@rule(
    "vql-jointure",
    "foreign join",
    "nested join",
    "join without condition",
    refused="une jointure que VQL n'a pas",
    why="VQL décrit INNER, LEFT, RIGHT, FULL, CROSS et NATURAL JOIN, avec ON ou USING.",
    write="`left join … on …` ; pour « existe » ou « n'existe pas », EXISTS et NOT EXISTS dans WHERE.",
    example="select a.x from a join b",
)
def join(note: Note, read: Reading) -> Iterator[Fault]:
    """A join that VQL has not."""
    if note.kind == "foreign join":
        yield at(note, f"`{read.sql[note.start : note.end]}` n'est pas une jointure de VQL.")
    elif note.kind == "nested join":
        yield at(
            note,
            "Une jointure est emboîtée dans une autre sans parenthèses.",
            write="Écrivez les jointures l'une après l'autre, chacune avec son ON.",
        )
    else:
        yield at(note, "Cette jointure n'a ni ON ni USING.")


def _subquery(note: Note, clause: str, where: str) -> Iterator[Fault]:
    own = note.clause if note.clause in {"select", "having", "on"} else ""
    if own == clause and not note.allowed:
        yield at(note, f"Une sous-requête est employée {where}.")


@rule(
    "vql-sous-requete-select",
    "subquery",
    refused="une sous-requête dans la liste du SELECT",
    why=_SUBQUERY_WHY,
    write="Écrivez la sous-requête en CTE groupée par la clé, puis une jointure.",
    example="select exists (select 1 from dates) as connu",
)
def subquery_in_select(note: Note, read: Reading) -> Iterator[Fault]:
    """A subquery as a column."""
    yield from _subquery(note, "select", "dans la liste du SELECT")


@rule(
    "vql-sous-requete-having",
    "subquery",
    refused="une sous-requête dans HAVING",
    why=_SUBQUERY_WHY,
    write="Calculez les groupes dans une CTE, puis filtrez-les dans WHERE ou par une jointure.",
    example="select annee from ecoles group by annee having annee in (select annee from annees)",
)
def subquery_in_having(note: Note, read: Reading) -> Iterator[Fault]:
    """A subquery in HAVING."""
    yield from _subquery(note, "having", "dans HAVING")


@rule(
    "vql-sous-requete-jointure",
    "subquery",
    refused="une sous-requête dans ON",
    why=_SUBQUERY_WHY,
    write="Écrivez la sous-requête en CTE et joignez-la, ou déplacez la condition dans WHERE.",
    example="select a.x from a join b on a.i = b.i and b.d = (select max(d) from b)",
)
def subquery_in_join(note: Note, read: Reading) -> Iterator[Fault]:
    """A subquery in ON."""
    yield from _subquery(note, "on", "dans la condition ON d'une jointure")


@rule(
    "vql-sous-requete-valeur",
    "subquery",
    refused="une sous-requête employée comme une valeur",
    why=_SUBQUERY_WHY,
    write=(
        "Écrivez la sous-requête en CTE et joignez-la ; dans WHERE, placez-la seule à droite du "
        "comparateur : `x = (select max(y) from t)`."
    ),
    example="select nom from ecoles order by (select max(annee) from dates)",
)
def subquery_as_value(note: Note, read: Reading) -> Iterator[Fault]:
    """A subquery inside an expression."""
    yield from _subquery(note, "", "comme une valeur")


@rule(
    "vql-some",
    "some",
    refused="SOME (select …)",
    why="VQL ne connaît que ANY et ALL devant une sous-requête.",
    write="`= any (select …)` ou `in (select …)`.",
    example="select nom from ecoles where annee = some (select annee from dates)",
)
def some(note: Note, read: Reading) -> Iterator[Fault]:
    """SOME."""
    yield at(note, "SOME n'est pas documenté en VQL.", edit=(note.start, note.end, "any"))


@rule(
    "vql-group-by-position",
    "group by a position",
    refused="GROUP BY par numéro de colonne",
    why="VQL n'accepte le numéro d'une colonne que dans ORDER BY.",
    write="Écrivez le nom ou l'expression de la colonne : `group by annee`.",
    example="select annee, count(*) as n from ecoles group by 1",
)
def group_by_position(note: Note, read: Reading) -> Iterator[Fault]:
    """A column of GROUP BY by its number."""
    number, columns = name(note.about), fields(note.select)
    nodes = [column.node for column in columns if column.node is not None]
    edit: Edit | None = None
    plain = number.isdigit() and not any(kind(node) == "star" for node in nodes)
    if plain and 0 < int(number) <= len(nodes):
        node = nodes[int(number) - 1]
        if not aggregates(node) and kind(node) not in {"number", "text"}:
            edit = (note.start, note.end, read.of(node))
    yield at(note, f"GROUP BY {number} désigne une colonne par son numéro.", edit=edit)


@rule(
    "vql-group-by-ensembles",
    "group by sets",
    "empty group",
    "group by a row",
    refused="ROLLUP, CUBE, GROUPING SETS, GROUP BY ALL ou DISTINCT",
    why="VQL ne groupe que par une liste de colonnes et d'expressions.",
    write="Écrivez une requête par niveau de total, réunies par `union all`.",
    example="select sum(n) as n from ecoles group by ()",
)
def group_by_sets(note: Note, read: Reading) -> Iterator[Fault]:
    """More than a list in GROUP BY."""
    if note.kind == "empty group":
        write = "Retirez GROUP BY : sans lui, tout forme un seul groupe."
        yield at(note, "Un groupe vide n'est pas documenté en VQL.", write=write)
    elif note.kind == "group by a row":
        write = "Retirez les parenthèses : `group by a, b`."
        yield at(note, "VQL ne groupe pas par une ligne (a, b).", write=write)
    else:
        yield at(note, f"{note.said} n'est pas documenté en VQL.")


refuse(
    "vql-having-sans-group-by",
    "having without group",
    message="HAVING n'est pas précédé de GROUP BY.",
    refused="HAVING sans GROUP BY",
    why="La grammaire de VQL ne place HAVING qu'après GROUP BY.",
    write="Calculez l'agrégat dans une CTE et filtrez-le dans WHERE.",
    example="select count(*) as n from ecoles having count(*) > 1",
)


refuse(
    "vql-qualify",
    "qualify",
    message="QUALIFY n'est pas documenté en VQL.",
    refused="QUALIFY",
    why="VQL n'a pas cette clause (PostgreSQL non plus).",
    write=(
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`, ou groupez dans "
        "une CTE puis joignez."
    ),
    example="select nom from ecoles qualify row_number() over (partition by fase order by annee) = 1",
)


refuse(
    "vql-window",
    "windows",
    message="La clause WINDOW n'est pas documentée en VQL.",
    refused="la clause WINDOW",
    why=(
        "VQL n'écrit une fenêtre qu'entre les parenthèses de OVER, et ne l'exécute que si une source le fait."
    ),
    write="Groupez (group by) dans une CTE, puis joignez.",
    example="select sum(n) over w as total from ecoles window w as (partition by annee)",
)


@rule(
    "vql-nulls",
    exp.Ordered,
    refused="NULLS FIRST et NULLS LAST",
    why="VQL n'a pas cette clause, et l'ordre des valeurs absentes y dépend de la source.",
    write="`order by case when x is null then 1 else 0 end, x`.",
    example="select nom from ecoles order by nom nulls last",
)
def nulls(node: Node, read: Reading) -> Iterator[Fault]:
    """NULLS FIRST and NULLS LAST."""
    place = node.args.get("nulls")
    if not place:
        return
    subject = read.of(node.this)
    first, last = ("0", "1") if place == "FIRST" else ("1", "0")
    form = f"case when {subject} is null then {first} else {last} end, {subject}"
    form += f" {node.args['direction'].lower()}" if node.args.get("direction") else ""
    plain = kind(node.this) == "column"
    edit: Edit | None = None
    if plain and _read_from_tables(node):
        edit = (span(node.this)[0], span(node, "nulls")[1], form)
    write = f"`order by {form}`." if plain else None
    yield at(node, f"NULLS {place} n'est pas documenté en VQL.", part="nulls", write=write, edit=edit)


def _read_from_tables(node: Node) -> bool:
    """Whether PostgreSQL takes an expression instead of a column that sorts: not for an alias."""
    select = node.meta.get("select")
    if select is None or select.args.get("distinct"):
        return False
    own = name(node.this)
    return any(
        field.node is not None
        and (
            kind(field.node) == "star"
            or (kind(field.node) == "column" and field.name == name(field.node) == own)
        )
        for field in fields(select)
    )


@rule(
    "vql-order-using",
    "order using",
    refused="ORDER BY … USING",
    why="Un tri de VQL est croissant (ASC) ou décroissant (DESC), sans opérateur au choix.",
    write="`order by x asc` ou `order by x desc`.",
    example="select nom from ecoles order by nom using >",
)
def order_using(note: Note, read: Reading) -> Iterator[Fault]:
    """ORDER BY USING."""
    word = {"<": "asc", ">": "desc"}.get(note.sign)
    edit = (note.start, note.end, word) if word else None
    yield at(note, "ORDER BY … USING n'est pas documenté en VQL.", edit=edit)


@rule(
    "vql-order-projete",
    "sorted query",
    refused="un tri par une colonne que la requête ne rend pas",
    why="En VQL, ORDER BY ne voit que les colonnes du SELECT et leurs alias.",
    write="Ajoutez la colonne au SELECT, ou triez dans la requête qui lit ce résultat.",
    example="select nom from ecoles order by annee",
)
def sorted_by_what_it_has_not(note: Note, read: Reading) -> Iterator[Fault]:
    """A column that sorts and is not returned."""
    found = output(note.query)
    if note.select is None or not found.complete:
        return
    if any(field.node is not None and kind(field.node) == "star" for field in fields(note.select)):
        return
    nodes = [column.node for column in found.columns if column.node is not None]
    seen = {column.name for column in found.columns} | {
        name(node) for node in nodes if kind(node) == "column"
    }
    texts = {_plain(read.of(node)) for node in nodes}
    for item in note.about.expressions:
        if aggregates(item.this) or _plain(read.of(item.this)) in texts:
            continue
        for part in columns_in(item.this):
            if name(part) and name(part) not in seen:
                yield at(part, f"La requête trie par `{read.of(part)}`, qu'elle ne rend pas.")


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


refuse(
    "vql-ordre-branche",
    "sorted branch",
    message="Une branche est triée pour elle-même.",
    refused="ORDER BY dans une branche de UNION, MINUS ou INTERSECT",
    why="VQL ne trie que le résultat entier d'une requête combinée.",
    write="Retirez ce tri, ou triez à la fin de la requête entière.",
    example="(select nom from ecoles order by nom) union all select nom from prisons",
)


@rule(
    "vql-limite-sous-requete",
    "limits",
    refused="LIMIT, OFFSET ou FETCH dans une sous-requête ou une CTE",
    why="VQL ne limite que la requête principale.",
    write=(
        "Pour la plus grande valeur, écrivez `max(x)` ; pour une ligne par clé, `{{ "
        "deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`."
    ),
    example="select nom from (select nom from ecoles offset 5) as e",
)
def limited_subquery(note: Note, read: Reading) -> Iterator[Fault]:
    """A limit in a subquery."""
    if note.level == "top":
        return
    edit: Edit | None = None
    if note.level == "exists" and set(note.spans) == {"LIMIT"}:
        start, end = note.spans["LIMIT"]
        edit = (len(read.sql[:start].rstrip()), end, "")
    yield at(note, f"{note.first.value} est dans une sous-requête.", edit=edit)


@rule(
    "vql-limite-ordre",
    "limits",
    refused="LIMIT avant OFFSET",
    why="VQL n'accepte que OFFSET puis LIMIT ou FETCH.",
    write="`offset 20 limit 10`, que PostgreSQL accepte aussi.",
    example="select nom from ecoles order by nom limit 10 offset 20",
)
def limit_before_offset(note: Note, read: Reading) -> Iterator[Fault]:
    """LIMIT before OFFSET."""
    limited = note.limited
    if note.level != "top" or not note.swapped or limited is None:
        return
    edit: Edit | None = None
    if set(note.spans) == {limited.value, "OFFSET"}:
        limit, offset = note.spans[limited.value], note.spans["OFFSET"]
        # A comment between them must not be lost.
        if not read.sql[limit[1] : offset[0]].strip():
            texts = [read.sql[start:end] for start, end in (offset, limit)]
            edit = (limited.start, note.end, " ".join(texts))
    yield Fault(limited.start, note.end, f"{limited.value} est écrit avant OFFSET.", edit=edit)


@rule(
    "vql-limite-forme",
    "limit and comma",
    "amount",
    "percent",
    "with ties",
    refused="LIMIT ALL, `LIMIT a, b`, WITH TIES, PERCENT ou une limite calculée",
    why="LIMIT, OFFSET et FETCH n'attendent en VQL qu'un nombre entier écrit en chiffres.",
    write="`offset 20 limit 10` ; sans limite, retirez la clause.",
    example="select nom from ecoles limit all",
)
def limit_form(note: Note, read: Reading) -> Iterator[Fault]:
    """A limit that is no number."""
    if note.kind == "amount":
        yield at(note, f"{note.word.value} n'est pas suivi d'un nombre entier.")
    else:
        words = {"limit and comma": "`LIMIT a, b`", "percent": "PERCENT", "with ties": "WITH TIES"}
        yield at(note, f"{words[note.kind]} n'est pas documenté en VQL.")


@rule(
    "vql-except",
    "set operation",
    refused="EXCEPT",
    why="VQL nomme cette opération MINUS.",
    write="`{{ dbt.except() }}` entre les deux requêtes, ou `not exists (select …)`.",
    example="select nom from ecoles except select nom from prisons",
)
def except_(note: Note, read: Reading) -> Iterator[Fault]:
    """EXCEPT."""
    if note.word.value == "EXCEPT":
        yield Fault(note.word.start, note.word.end, "EXCEPT n'est pas documenté en VQL.")


@rule(
    "vql-ensemble-all",
    "set operation",
    refused="INTERSECT ALL, EXCEPT ALL et MINUS ALL",
    why="VQL ne décrit ALL qu'après UNION.",
    write=("Comptez les lignes dans chaque branche (group by) et comparez les nombres par une jointure."),
    example="select nom from ecoles minus all select nom from prisons",
)
def all_(note: Note, read: Reading) -> Iterator[Fault]:
    """INTERSECT ALL and MINUS ALL."""
    last = note.quantifier
    if note.word.value != "UNION" and last is not None:
        yield Fault(last.start, last.end, f"{note.word.value} {last.value} n'est pas documenté en VQL.")


def _names_differ(note: Note) -> tuple[str, Fault] | None:
    """The rule that refuses the columns of a branch, and what is wrong with them."""
    left, right = output(note.first), output(note.branch)
    if not (left.complete and right.complete):
        return None
    union = note.word.value == "UNION"
    if len(left.columns) != len(right.columns):
        message = f"La première branche rend {_counted(left)}, celle-ci {_counted(right)}."
        write = (
            "Écrivez les mêmes colonnes dans chaque branche ; pour celle qui manque, "
            "`cast(null as text) as nom`."
        )
        fault = at(note, message, write=write)
        return "sens-union-noms" if union else "vql-ensemble-noms", fault
    # MINUS and INTERSECT ask for the same names, whatever their order; PostgreSQL goes by place.
    same = {column.name for column in left.columns} == {column.name for column in right.columns}
    for first, second in zip(left.columns, right.columns, strict=True):
        if first.name != second.name:
            shown = f"`{first.name}`" if first.name else "une colonne sans nom"
            other = f"`{second.name}`" if second.name else "une colonne sans nom"
            message = f"La première branche nomme cette colonne {shown}, celle-ci {other}."
            fault = Fault(second.start, second.end, message)
            return "sens-union-noms" if union or same else "vql-ensemble-noms", fault
    return None


def _counted(found: Output) -> str:
    count = len(found.columns)
    return f"{count} colonne{'s' if count > 1 else ''}"


@rule(
    "vql-ensemble-noms",
    "branches",
    refused="MINUS ou INTERSECT entre des colonnes de noms différents",
    why="VQL exige les mêmes noms de colonnes dans chaque branche.",
    write="Donnez les mêmes alias dans chaque branche : `select b as a from u`.",
    example="select id from a minus select id, nom from b",
)
def names_of_sets(note: Note, read: Reading) -> Iterator[Fault]:
    """MINUS between columns of other names."""
    found = _names_differ(note)
    if found and found[0] == "vql-ensemble-noms":
        yield found[1]


refuse(
    "vql-union-par-nom",
    "by name",
    message="Cette façon d'associer les colonnes n'est pas documentée.",
    refused="UNION BY NAME et CORRESPONDING",
    why=(
        "PostgreSQL associe les colonnes par leur place, Denodo parfois par leur nom : un même "
        "ordre convient aux deux."
    ),
    write="`union all` avec les mêmes colonnes dans le même ordre.",
    example="select nom from ecoles union all by name select nom from prisons",
)


refuse(
    "vql-verrou",
    "lock",
    message="FOR UPDATE n'est pas documenté en VQL.",
    refused="FOR UPDATE et FOR SHARE",
    why="Une vue de Denodo ne se verrouille pas.",
    write="Retirez la clause.",
    example="select nom from ecoles for update",
)


refuse(
    "vql-select-into",
    "into",
    message="SELECT … INTO n'est pas documenté en VQL.",
    refused="SELECT … INTO",
    why="VQL ne crée pas de table par SELECT.",
    write="Retirez INTO : dbt crée la vue ou la table du modèle.",
    example="select nom into temp copie from ecoles",
)


@rule(
    "vql-modification",
    "change",
    refused="ON CONFLICT, UPDATE … FROM, DELETE … USING ou RETURNING avec DELETE",
    why=(
        "En VQL, UPDATE et DELETE ne choisissent leurs lignes que par WHERE, et INSERT ne règle "
        "aucun conflit de clé."
    ),
    write="Écrivez un modèle dbt : une requête `select` qui rend les lignes voulues.",
    example="delete from t using u where t.i = u.i",
)
def change(note: Note, read: Reading) -> Iterator[Fault]:
    """What INSERT, UPDATE and DELETE have not."""
    yield at(note, f"{note.said} n'est pas documenté en VQL.")


@rule(
    "vql-vue",
    "view option",
    "view if not exists",
    "columns of a view",
    refused="une option de CREATE VIEW que VQL n'a pas",
    why="VQL décrit `create or replace view nom [folder = …] [description = …] as select …`.",
    write="Écrivez seulement la requête `select` : dbt crée la vue sur chaque moteur.",
    example="create materialized view v as select nom from ecoles",
)
def view(note: Note, read: Reading) -> Iterator[Fault]:
    """What CREATE VIEW has not."""
    if note.kind == "view option":
        where = "en VQL" if note.said.startswith("CREATE") else "pour une vue"
        yield at(note, f"{note.said} n'est pas documenté {where}.")
    elif note.kind == "view if not exists":
        message = "IF NOT EXISTS n'est pas documenté pour une vue."
        yield at(note, message, write="`create or replace view`.")
    else:
        write = "Donnez un alias à chaque colonne du SELECT."
        yield at(note, "Une vue de VQL ne nomme pas ses colonnes ainsi.", write=write)


@rule(
    "sens-union",
    "set operation",
    refused="UNION sans ALL",
    why="Selon la version et le réglage du serveur, Denodo garde les doubles ou les retire.",
    write="`union all`, et `select distinct` ou `group by` si les doubles doivent partir.",
    example="select nom from ecoles union select nom from prisons",
)
def union(note: Note, read: Reading) -> Iterator[Fault]:
    """UNION without ALL."""
    distinct = note.quantifier is None or note.quantifier.value == "DISTINCT"
    if note.word.value == "UNION" and distinct and not note.extended:
        yield at(note, "UNION sans ALL ne rend pas les mêmes lignes sur Denodo.")


@rule(
    "sens-union-noms",
    "branches",
    refused="UNION ALL, MINUS ou INTERSECT entre des colonnes qui n'ont pas le même nom à la même place",
    why=(
        "Selon l'opération, la version et le réglage, Denodo associe les colonnes par leur nom, "
        "non par leur place."
    ),
    write="Donnez les mêmes alias, dans le même ordre, à chaque branche.",
    example="select a, b from t minus select b, a from u",
)
def names_of_union(note: Note, read: Reading) -> Iterator[Fault]:
    """UNION between columns of other names."""
    found = _names_differ(note)
    if found and found[0] == "sens-union-noms":
        yield found[1]
