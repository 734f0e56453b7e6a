"""Rules on the reading of a text."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from denodo.finding import Edit
from denodo.lexer import shortened
from denodo.rules.rule import Chapter, Fault, Reading, at
from denodo.tree import Node, Note

CHAPTER = Chapter("Lire le texte")
rule = CHAPTER.rule


@rule(
    "vql-syntaxe",
    "unreadable",
    refused="un texte illisible en SQL",
    why="La lecture s'arrête à cet endroit : ni PostgreSQL ni VQL ne peut exécuter ce texte.",
    write=(
        "Vérifiez les parenthèses, les virgules, les apostrophes et l'ordre des clauses juste "
        "avant cet endroit."
    ),
    example="select from where",
)
def unreadable(note: Note, read: Reading) -> Iterator[Fault]:
    """Where reading stops."""
    yield at(note, f"Texte illisible : {note.reason}.")


@rule(
    "vql-instruction",
    "foreign statement",
    "foreign change",
    "foreign create",
    "create table",
    "create table as",
    "table as a query",
    refused="une instruction que VQL n'a pas",
    why="Le manuel de VQL ne décrit pas cette instruction, et sur Denodo un modèle est une vue.",
    write="Écrivez une requête `select` ; dbt en fait une vue sur chaque moteur.",
    example="table ecoles",
)
def statement(note: Note, read: Reading) -> Iterator[Fault]:
    """A statement of PostgreSQL."""
    match note.kind:
        case "foreign statement":
            yield at(note, f"{note.said} n'est pas une instruction de VQL.")
        case "foreign change":
            said = " ".join(read.sql[note.start : note.end].upper().split())
            write = "`alter view ancien rename nouveau`." if note.rename else None
            yield at(note, f"{said} n'est pas documenté en VQL.", write=write)
        case "foreign create":
            yield at(note, f"CREATE {note.what} n'est pas une instruction de VQL.")
        case "create table":
            yield at(
                note,
                "CREATE TABLE n'existe en VQL que pour une vue de base, avec I18N.",
                write="Écrivez une requête `select` : dbt crée la vue ; pour une vue de base, "
                "`create table nom i18n fr_euro (…)`.",
            )
        case "create table as":
            yield at(
                note,
                "CREATE TABLE … AS n'est pas documenté en VQL.",
                write="Écrivez seulement la requête `select` : sur Denodo, un modèle est une vue.",
            )
        case "table as a query":
            yield at(note, "TABLE nom n'est pas une requête de VQL.", write="`select * from nom`.")


@rule(
    "vql-chaine",
    "foreign text",
    "text after a text",
    exp.Identifier,
    refused="les textes `E'…'`, `U&'…'`, `B'…'`, `X'…'`, `$$…$$`",
    why="VQL ne connaît que les apostrophes simples, et la barre oblique inverse n'y échappe rien.",
    write="`'…'` en doublant chaque apostrophe : `'l''école'`.",
    example="select E'a\\nb' as x",
)
def foreign_text(seen: Note | Node, read: Reading) -> Iterator[Fault]:
    """A text between other marks than apostrophes."""
    if not isinstance(seen, Note):
        if seen.meta["fault"] not in (None, "`"):
            yield at(seen, f"{read.of(seen)} n'existe que dans PostgreSQL.")
    elif seen.kind == "foreign text":
        token = seen.token
        edit: Edit | None = None
        if token.fault == "$$" or (token.fault in {"E", "N"} and "\\" not in token.value):
            edit = (token.start, token.end, "'" + token.value.replace("'", "''") + "'")
        written = shortened(read.sql[token.start : token.end])
        yield at(seen, f"Le texte {written} n'existe pas en VQL.", edit=edit)
    else:
        write = "`'…' || '…'`, ou un seul texte."
        yield at(seen, "Deux textes qui se suivent ne s'assemblent pas en VQL.", write=write)


@rule(
    "vql-nombre",
    "foreign number",
    refused="les nombres écrits `1_000` ou `0xFF`",
    why="Un nombre s'écrit en VQL avec des chiffres, un point décimal et au plus un exposant.",
    write="Écrivez le nombre en chiffres décimaux, sans séparateur : `1000`, `255`.",
    example="select 0xff as x",
)
def number(note: Note, read: Reading) -> Iterator[Fault]:
    """A number that is not decimal."""
    written = read.sql[note.start : note.end]
    plain: str | None = written.replace("_", "")
    if written[:2].lower() in {"0x", "0o", "0b"}:
        try:
            plain = str(int(written.replace("_", ""), 0))
        except ValueError:
            plain = None
    edit = (note.start, note.end, plain) if plain else None
    yield at(note, f"`{written}` n'est pas un nombre de VQL.", edit=edit)


@rule(
    "vql-parametre",
    exp.Placeholder,
    refused="les paramètres `$1`, `:nom`, `%(nom)s`",
    why="Une vue n'a pas de paramètre de programme : Denodo n'a rien à mettre à cette place.",
    write="Écrivez la valeur, ou une variable dbt : `{{ var('nom') }}`.",
    example="select nom from t where id = $1",
)
def parameter(node: Node, read: Reading) -> Iterator[Fault]:
    """A place for a value that a program gives."""
    yield at(node, f"`{read.of(node)}` est un paramètre de programme.")


@rule(
    "vql-accents-graves",
    exp.Identifier,
    refused="les noms entre accents graves",
    why="VQL, comme PostgreSQL, n'entoure un nom que de guillemets doubles.",
    write=("Retirez les accents graves : un nom en minuscules sans accents n'a pas besoin de guillemets."),
    example="select `nom` from t",
)
def backquotes(node: Node, read: Reading) -> Iterator[Fault]:
    """A name between backquotes."""
    if node.meta["fault"] == "`":
        plain = node.this.lower()
        edit = (*node.meta["at"][:2], plain) if plain.isidentifier() and plain.isascii() else None
        yield at(node, f"Le nom {read.of(node)} est entre accents graves.", edit=edit)
