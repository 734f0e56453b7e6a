"""Rules on names and on the columns of a result."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from denodo import catalogue
from denodo.lexer import shortened
from denodo.rules.meaning import Column, fields, output, star_table
from denodo.rules.rule import Chapter, Fault, Reading, at
from denodo.tree import Node, Note, bare, kind, name, qualifier, span

CHAPTER = Chapter("Noms et colonnes")
rule = CHAPTER.rule
_PLAIN_NAME = re.compile("[a-z][a-z0-9_]*")


@rule(
    "vql-mot-reserve",
    exp.Identifier,
    refused="un mot réservé de VQL comme nom",
    why="VQL réserve ce mot : il ne peut nommer ni une colonne, ni une table, ni un alias.",
    write=(
        "Choisissez un autre nom, plus précis : `utilisateur` plutôt que `user`, `rang` plutôt que `row`."
    ),
    example="select user from t",
)
def reserved(node: Node, read: Reading) -> Iterator[Fault]:
    """A name that is a word of VQL."""
    word = node.this.upper()
    # Denodo reserves ORDER BY and GROUP BY; PostgreSQL each word alone.
    counts = read.portable or word not in {"ORDER", "GROUP"}
    if not node.args["quoted"] and catalogue.is_reserved(word) and counts:
        yield at(node, f"`{read.of(node)}` est un mot réservé de VQL.")


@rule(
    "vql-nom-souligne",
    exp.Identifier,
    refused="un nom qui commence par `_`",
    why="En VQL, un nom sans guillemets commence par une lettre.",
    write="Commencez le nom par une lettre : `tmp_ecoles` plutôt que `_tmp_ecoles`.",
    example="select _a from t",
)
def underscore(node: Node, read: Reading) -> Iterator[Fault]:
    """A name that begins with an underscore."""
    if not node.args["quoted"] and node.this.startswith("_"):
        yield at(node, f"Le nom `{read.of(node)}` commence par `_`.")


@rule(
    "vql-nom-accent",
    exp.Identifier,
    refused="un nom sans guillemets avec une lettre accentuée",
    why=(
        "Un serveur Denodo n'accepte les lettres accentuées dans les noms que si son réglage "
        "Unicode est activé."
    ),
    write="Écrivez le nom sans accent : `annee`, `ecole`.",
    example="select année from t",
)
def accent(node: Node, read: Reading) -> Iterator[Fault]:
    """A name with an accented letter."""
    if not (node.args["quoted"] or node.this.isascii() or node.this.startswith("_")):
        yield at(node, f"Le nom `{read.of(node)}` a une lettre accentuée.")


@rule(
    "vql-nom-trois-parties",
    "name in parts",
    refused="un nom de table en trois parties",
    why="VQL nomme une vue par `base.vue` : il n'y a pas de schéma entre les deux.",
    write="`cda.ecoles`, ou mieux `{{ ref('modele') }}` : dbt écrit le nom de chaque moteur.",
    example="select a from entrepot.public.ecoles",
)
def parts(note: Note, read: Reading) -> Iterator[Fault]:
    """A table whose name has more than two parts."""
    yield at(note, f"`{read.sql[note.start : note.end]}` a {note.count} parties.")


@rule(
    "vql-alias-apostrophes",
    "alias between apostrophes",
    refused="un alias entre apostrophes",
    why="Entre apostrophes, c'est un texte ; VQL comme PostgreSQL attendent un nom.",
    write="Écrivez l'alias sans apostrophes, en minuscules et sans espaces : `as chiffre_affaires`.",
    example="select nom as 'Nom' from t",
)
def alias_text(note: Note, read: Reading) -> Iterator[Fault]:
    """An alias written as a text."""
    plain = note.token.value.lower()
    edit = (note.start, note.end, plain) if plain.isidentifier() and plain.isascii() else None
    written = shortened(read.sql[note.start : note.end])
    yield at(note, f"L'alias {written} est entre apostrophes.", edit=edit)


@rule(
    "vql-alias-colonnes",
    "columns of an alias",
    "using as",
    "alias of a join",
    refused="un alias de table avec des noms de colonnes",
    why=(
        "La grammaire de VQL ne donne à une table qu'un alias simple ; seule une CTE peut nommer "
        "ses colonnes."
    ),
    write="Nommez les colonnes dans la sous-requête : `(select a as x from t) as v`.",
    example="select v.x from (select a from t) as v(x)",
)
def alias_columns(note: Note, read: Reading) -> Iterator[Fault]:
    """An alias that VQL does not give there."""
    if note.kind == "columns of an alias":
        yield at(note, "Un alias de table nomme ici ses colonnes.")
    elif note.kind == "using as":
        yield at(note, "USING (…) AS n'est pas documenté en VQL.")
    else:
        yield at(
            note,
            "Une jointure entre parenthèses n'a pas d'alias en VQL.",
            write="Donnez un alias à chaque table, non à la jointure.",
        )


@rule(
    "vql-nom-double",
    exp.Select,
    refused="deux colonnes du même nom dans un résultat",
    why="VQL interdit deux colonnes du même nom, dans une vue comme dans une requête.",
    write="Écrivez la liste des colonnes et donnez un alias à l'une des deux : `b.id as id_b`.",
    example="select *, nom from t",
)
def twice(select: Node, read: Reading) -> Iterator[Fault]:
    """Two columns of the same name, as far as the text tells."""
    if "scope" not in select.meta:
        return
    scope, found = select.meta["scope"], fields(select)
    seen: set[str] = set()
    told: set[int] = set()
    for column in output(select).columns:
        if column.name is None or (scope.merged and column.node is None):
            continue
        if column.name in seen and column.start not in told:
            told.add(column.start)
            message = f"Deux colonnes du résultat s'appellent `{column.name}`."
            yield Fault(column.start, column.end, message)
        seen.add(column.name)
    stars = [field for field in found if field.node is not None and kind(field.node) == "star"]
    for field in found:
        if field.start not in told and _in_a_star(field, stars):
            told.add(field.start)
            yield Fault(field.start, field.end, f"`{field.name}` est déjà dans `*`.")
    yield from _twice_in_star(select, stars, told)


def _in_a_star(field: Column, stars: list[Column]) -> bool:
    if field.node is None or kind(field.node) != "column" or field.name != name(field.node):
        return False
    return any(
        star.node is not None and star_table(star.node) in (None, qualifier(field.node)) for star in stars
    )


def _twice_in_star(select: Node, stars: list[Column], told: set[int]) -> Iterator[Fault]:
    scope = select.meta["scope"]
    names = {source.name for source in scope.sources}
    covered = {star_table(star.node) for star in stars if star.node is not None}
    for left, right in (pair for condition in scope.conditions for pair in equalities(condition)):
        shown = {qualifier(left), qualifier(right)}
        both = None in covered or shown <= covered
        if name(left) == name(right) and len(shown) == 2 and shown <= names and both:
            star = stars[-1] if stars else None
            if star is not None and star.start not in told:
                told.add(star.start)
                message = f"`*` rend deux colonnes `{name(left)}`, une par table jointe."
                yield Fault(star.start, star.end, message)


def equalities(condition: Node) -> list[tuple[Node, Node]]:
    """The pairs of columns that a condition holds equal."""
    pairs: list[tuple[Node, Node]] = []
    waiting = [condition]
    while waiting:
        part = bare(waiting.pop())
        if isinstance(part, exp.And):
            waiting += [part.expression, part.this]
        elif isinstance(part, exp.EQ):
            sides = [bare(part.this), bare(part.expression)]
            if all(isinstance(side, exp.Column) and qualifier(side) for side in sides):
                pairs.append((sides[0], sides[1]))
    return pairs


@rule(
    "sens-sans-alias",
    "columns named by the author",
    refused="une colonne calculée sans alias",
    why=(
        "Chaque moteur invente alors un nom, et VQL ne documente pas le sien : ce qui lit cette "
        "colonne peut ne pas la trouver."
    ),
    write="Ajoutez un alias : `cast(a as int8) as nom`, `count(*) as lignes`.",
    example="select 1 union all select 2",
)
def without_alias(note: Note, read: Reading) -> Iterator[Fault]:
    """A calculation whose name each engine would make up."""
    found = output(note.about)
    names = {column.name for column in found.columns}
    for column in found.columns:
        node = column.node
        # A condition or a subquery has no business there at all, which is said already.
        if column.name is not None or node is None or kind(node) in {"star", "subquery", "tuple"}:
            continue
        if kind(node) == "condition" and not isinstance(bare(node), (exp.EQ, exp.Exists)):
            continue
        shown = shortened(" ".join(read.of(node).split()))
        own = _name_in_postgresql(node)
        known = own is not None and own not in names and found.complete
        end = span(node)[1]
        yield at(
            node,
            f"`{shown}` n'a pas d'alias.",
            write=f"Ajoutez un alias : `as {own}`." if known else None,
            edit=(end, end, f" as {own}") if known else None,
        )
        names.add(own)


def _name_in_postgresql(node: Node) -> str | None:
    """The name PostgreSQL gives a conversion, that of the column, when it can stand as an alias."""
    while kind(node) == "cast" and not isinstance(bare(node), exp.AtTimeZone):
        node = bare(node).this
    plain = kind(node) == "column" and _PLAIN_NAME.fullmatch(name(node)) is not None
    return name(node) if plain and not catalogue.is_reserved(name(node).upper()) else None


@rule(
    "avis-etoile-table",
    exp.Column,
    refused="`t.*`",
    why=("La grammaire de VQL ne connaît que `*` seul ; deux exemples du manuel écrivent pourtant `t.*`."),
    write="Écrivez les colonnes une par une : `t.id, t.nom`.",
    example="select e.* from ecoles as e",
)
def star_of_table(node: Node, read: Reading) -> Iterator[Fault]:
    """All the columns of one table."""
    if isinstance(node.this, exp.Star):
        yield at(node, f"`{read.of(node)}` n'est pas dans la grammaire de VQL.")
