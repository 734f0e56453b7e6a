"""Raw rows of production, pseudonymised on their way to where a release candidate is tried.

Rows go from one server to the other through this process, and nothing of them is kept on the way. All is read
at one moment and written in one transaction: whoever reads the target finds the former copy, or the whole new
one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.declaration import SourceTable
from donnees_au_centre.landing.identifiers import METADATA_COLUMNS, OWN_TABLES, REJECTS_TABLE
from donnees_au_centre.landing.rejects import MOTIFS
from donnees_au_centre.landing.tables import add_columns, ensure_audit, ensure_table, holder
from donnees_au_centre.numbered_lines import ESCAPES, NULL
from donnees_au_centre.privacy.pseudonyms import Like, Pseudonyms, pool
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Manifest, Source

JOURNAL = ("plateforme", "chargements")
# A value that fewer people bear may tell of one of them: it is never drawn.
LEAST_BEARERS = 5
# How long a reader of the target may keep its tables.
PATIENCE = "60s"
_LOCK = 0x636F7069
_DATED = re.compile(r"date|naissance|(?:^|_)jour(?:_|$)|(?:^|_)le$")
_LITERALS = re.compile(r"'([^'\n]+)'"), re.compile(r'"([^"\n]+)"')
# What COPY writes of a sign that no cell may hold as it is.
_READ = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NULL = NULL.encode()
# A row as COPY writes it, cell by cell, changed in place.
Change = Callable[[list[bytes]], None]


@dataclass(frozen=True)
class Copied:
    """A raw table that is copied.

    Attributes:
        table: as the loader knows it.
        columns: of the raw table of production, in its order.
        hidden: those that get a pseudonym.
        drawn: those whose values are drawn among those that many people bear.
        undeclared: those of `hidden` that nobody has said anything of.
        kept: column -> texts that are nobody's, which the model that reads the column names.
        dated: those of `hidden` that hold days.
        bearer: column that says who a row is about; None where none does.
        paths: whether a path of a file may say something of a person.
    """

    table: SourceTable
    columns: tuple[str, ...]
    hidden: frozenset[str] = frozenset()
    drawn: frozenset[str] = frozenset()
    undeclared: tuple[str, ...] = ()
    kept: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dated: frozenset[str] = frozenset()
    bearer: str | None = None
    paths: bool = False

    @property
    def personal(self) -> bool:
        """Whether something of it is not copied as it is."""
        return bool(self.hidden or self.drawn)


@dataclass(frozen=True)
class Plan:
    """What would be copied.

    Attributes:
        tables: those of the candidate that production has.
        absent: tables of the candidate that production has not: they will be empty.
        left: raw tables of production that the candidate does not declare.
        rejects: schemas of production with lines that could not be read.
    """

    tables: tuple[Copied, ...]
    absent: tuple[SourceTable, ...]
    left: tuple[str, ...]
    rejects: tuple[str, ...]


def read_plan(source: psycopg.Connection, manifest: Manifest, tables: Sequence[SourceTable]) -> Plan:
    """What of production the candidate needs, and how each column goes.

    Args:
        source: to production, in the transaction that will be copied.
        manifest: the candidate's.
        tables: the candidate's source tables.

    Raises:
        PlatformError: this account may not read all of it.
    """
    there: dict[tuple[str, str], tuple[str, ...]] = {}
    unreadable = []
    for schema, name, readable, columns in source.execute(
        "select n.nspname, c.relname, has_schema_privilege(n.oid, 'usage') "
        "and has_table_privilege(c.oid, 'select'), array_agg(a.attname::text order by a.attnum) "
        "from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
        "inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where c.relkind in ('r', 'p') and (n.nspname like 'raw\\_%' or (n.nspname, c.relname) = "
        "('plateforme', 'chargements')) group by n.oid, n.nspname, c.oid, c.relname order by 1, 2"
    ):
        there[schema, name] = tuple(columns)
        if not readable:
            unreadable.append(f"{schema}.{name}")
    if JOURNAL not in there:
        raise PlatformError(
            f"La base de production n'a pas de journal des chargements, {'.'.join(JOURNAL)}.",
            "Vérifiez les variables PROD_PG… : elles mènent à une autre base que celle qu'on charge.",
        )
    if unreadable:
        raise PlatformError(
            f"Ce compte ne lit pas tout le brut de production : {', '.join(unreadable)}.",
            "Donnez-lui la lecture des schémas raw_… et de plateforme.chargements "
            "(docs/exploitant/livraison.md, « Le candidat sur le brut de production »).",
        )
    nodes = {(node.schema, node.relation): node for node in manifest.own_sources}
    wanted = {(table.schema, table.identifier) for table in tables}
    return Plan(
        tables=tuple(
            _how(
                manifest, nodes[table.schema, table.identifier], table, there[table.schema, table.identifier]
            )
            for table in tables
            if (table.schema, table.identifier) in there
        ),
        absent=tuple(table for table in tables if (table.schema, table.identifier) not in there),
        left=tuple(
            f"{schema}.{name}"
            for schema, name in there
            if (schema, name) not in wanted and name not in OWN_TABLES and (schema, name) != JOURNAL
        ),
        rejects=tuple(schema for schema, name in there if name == REJECTS_TABLE),
    )


def _how(manifest: Manifest, node: Source, table: SourceTable, columns: tuple[str, ...]) -> Copied:
    """How each column of a raw table goes."""
    received = [name for name in columns if name not in METADATA_COLUMNS]
    said = {name: node.columns[name] for name in received if name in node.columns}
    sensitive = governance_of(manifest, node).get("classification") in words.CLASSIFICATIONS[2:]
    about_people = table.person is not None or sensitive or any(one.is_personal for one in said.values())
    # What nobody has declared may be anything; what is declared in data about nobody is about nobody.
    undeclared = [
        name for name in received if name not in said or (about_people and said[name].category is None)
    ]
    personal = {name for name, one in said.items() if one.is_personal}
    drawn = {name for name in personal if said[name].meta.get(words.COPY) == words.DRAWN}
    hidden = (personal | set(undeclared)) - drawn
    direct = [name for name, one in said.items() if one.category == words.DIRECT]
    captured = {name for variant in table.variants for name in variant.captures()}
    return Copied(
        table=table,
        columns=columns,
        hidden=frozenset(hidden),
        drawn=frozenset(drawn),
        undeclared=tuple(undeclared),
        kept={
            name: found
            for name in hidden - set(direct) - set(undeclared)
            # A model that tells one diagnosis from another names them: they are somebody's all the same.
            if said[name].category != words.SENSITIVE
            if (found := _named(manifest, node.unique_id, name))
        },
        dated=frozenset(name for name in hidden if _DATED.search(name) or _has_format(said.get(name))),
        bearer=table.person or next(iter(direct), None),
        paths=bool(captured & (hidden | drawn)),
    )


def _has_format(column: object) -> bool:
    return bool(getattr(column, "meta", {}).get("format_date"))


def _named(manifest: Manifest, source: str, column: str) -> frozenset[str]:
    """The texts that the models of a source write on a line that names the column."""
    word = re.compile(rf"\b{re.escape(column)}\b")
    return frozenset(
        text.strip()
        for model in manifest.of_type("model")
        if source in model.reads
        for line in model.raw_code.splitlines()
        if word.search(line)
        for literals in _LITERALS
        for text in literals.findall(line)
    ) - {column}


def refuse_same(source: psycopg.Connection, target: psycopg.Connection) -> None:
    """Makes sure that the two connections lead to two databases, whatever they are called.

    Raises:
        PlatformError: they lead to one; or the target was built as production once.
    """
    source.execute("select pg_advisory_xact_lock_shared(%s)", [_LOCK])
    # An advisory lock is of one database; this one is kept until the connection ends.
    if target.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        raise PlatformError(
            "La base où copier est celle de production, ou une autre copie y est en cours. Rien n'a été "
            "touché.",
            "Faites mener PGHOST, PGPORT et PGDATABASE à une base d'essai, et PROD_PG… à la production.",
        )
    if target.execute("select to_regclass('historique.executions')").fetchone() == (None,):
        return
    found = target.execute(
        "select count(*), max(commencee_le)::date::text from historique.executions where cible = 'prod'"
    ).fetchone()
    if found and found[0]:
        raise PlatformError(
            f"La base où copier a servi de production, dit son historique : {found[0]} exécution(s) de la "
            f"cible prod, la dernière du {found[1]}. Rien n'a été touché.",
            "Donnez une base d'essai, faite pour cela : create database …",
        )


def prepare(target: psycopg.Connection, plan: Plan) -> None:
    """Makes the raw tables of the candidate in the target, with their rights.

    Args:
        target: in autocommit.
    """
    ensure_audit(target)
    for copied in plan.tables:
        ensure_table(target, copied.table)
        extra = [name for name in copied.columns if name not in METADATA_COLUMNS]
        with target.transaction():
            add_columns(target, copied.table, extra)
    for table in plan.absent:
        ensure_table(target, table)


def copy_rows(
    source: psycopg.Connection, target: psycopg.Connection, plan: Plan, key: bytes, say: Callable[[str], None]
) -> dict[str, int]:
    """Puts the rows of production in the place of those of the target, within its transaction in progress.

    Args:
        source: in a transaction that sees one moment.
        target: in a transaction, its tables made by `prepare`.
        key: of the pseudonyms, for this copy alone.
        say: tells of the progress.

    Returns:
        Rows by table.

    Raises:
        PlatformError: a session keeps a table of the target, or a row was lost on the way.
        psycopg.Error: one of the two servers refuses.
    """
    pseudonyms = Pseudonyms(key)
    _empty(target)
    counts: dict[str, int] = {}
    personal = {(one.table.domain, one.table.source, one.table.name): one for one in plan.tables}
    for copied in plan.tables:
        place = (copied.table.schema, copied.table.identifier)
        change = _change_of(source, copied, pseudonyms) if copied.personal else None
        counts[".".join(place)] = _pass_on(source, target, place, copied.columns, change)
        say(f"{'.'.join(place)} : {counts['.'.join(place)]} lignes.")
    for schema in plan.rejects:
        place = (schema, REJECTS_TABLE)
        if target.execute("select to_regclass(%s)", [_named_table(place).as_string(target)]).fetchone() == (
            None,
        ):
            continue
        columns = _common(source, target, place)
        domain = schema.removeprefix("raw_")
        change = _reject_change(columns, domain, personal, pseudonyms)
        counts[".".join(place)] = _pass_on(source, target, place, columns, change)
    columns = _common(source, target, JOURNAL)
    change = _journal_change(columns, personal, pseudonyms)
    counts[".".join(JOURNAL)] = _pass_on(source, target, JOURNAL, columns, change)
    target.execute(
        "select setval(pg_get_serial_sequence('plateforme.chargements', 'chargement_id'), "
        "(select coalesce(max(chargement_id), 0) + 1 from plateforme.chargements), false)"
    )
    # Which loads each table has, for what is built load by load.
    for copied in plan.tables:
        ensure_table(target, copied.table)
    for name in counts:
        target.execute(sql.SQL("analyze {}").format(_named_table(name.split(".", 1))))
    return counts


def _empty(target: psycopg.Connection) -> None:
    """Takes the former copy away, whatever was in it."""
    found = target.execute(
        "select n.nspname, c.relname from pg_class as c "
        "inner join pg_namespace as n on n.oid = c.relnamespace "
        "where c.relkind = 'r' and (n.nspname like 'raw\\_%%' and c.relname <> all(%s) "
        "or (n.nspname, c.relname) = ('plateforme', 'chargements')) order by 1, 2",
        [list(set(OWN_TABLES) - {REJECTS_TABLE})],
    ).fetchall()
    target.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(PATIENCE)))
    for place in found:
        table = _named_table(place)
        try:
            with target.transaction():
                target.execute(sql.SQL("truncate table {}").format(table))
        except psycopg.errors.LockNotAvailable:
            raise PlatformError(
                f"La table {'.'.join(place)} de la base d'essai est gardée par {holder(target, table)} "
                f"depuis plus de {PATIENCE[:-1]} s. L'ancienne copie reste.",
                "Attendez la fin de cette session, ou faites-la arrêter, puis relancez.",
            ) from None
        except psycopg.errors.InsufficientPrivilege:
            raise PlatformError(
                f"Ce compte ne vide pas {'.'.join(place)} dans la base d'essai ; l'ancienne copie reste.",
                "Lancez la copie avec le compte qui possède cette table.",
            ) from None
    target.execute("set local lock_timeout = 0")


def _common(
    source: psycopg.Connection, target: psycopg.Connection, place: tuple[str, str]
) -> tuple[str, ...]:
    """The columns that both sides have of a table of the loader, which may be of two versions."""
    query = (
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 "
        "and not attisdropped order by attnum"
    )
    name = _named_table(place).as_string(source)
    there = {row[0] for row in target.execute(query, [name])}
    return tuple(column for (column,) in source.execute(query, [name]) if column in there)


def _pass_on(
    source: psycopg.Connection,
    target: psycopg.Connection,
    place: tuple[str, str],
    columns: Sequence[str],
    change: Change | None,
) -> int:
    """Streams a table; returns how many rows it has.

    Raises:
        PlatformError: the two sides do not count as many.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    read = sql.SQL("copy (select {} from {}) to stdout").format(names, _named_table(place))
    write = sql.SQL("copy {} ({}) from stdin").format(_named_table(place), names)
    with source.cursor() as reader, target.cursor() as writer:
        with reader.copy(read) as given, writer.copy(write) as taken:
            if change is None:
                for data in given:
                    taken.write(data)
            else:
                for row in _rows(given):
                    cells = row.split(b"\t")
                    change(cells)
                    taken.write(b"\t".join(cells) + b"\n")
        if reader.rowcount != writer.rowcount:
            raise PlatformError(
                f"{'.'.join(place)} : {reader.rowcount} lignes lues, {writer.rowcount} écrites.",
                "L'ancienne copie reste ; relancez, et prévenez qui s'occupe de la plateforme si cela dure.",
            )
        return writer.rowcount


def _rows(given: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """The rows of a COPY, one line each, however they come."""
    left = b""
    for data in given:
        *whole, left = (left + bytes(data)).split(b"\n")
        yield from whole


def _change_of(source: psycopg.Connection, copied: Copied, pseudonyms: Pseudonyms) -> Change:
    """What happens to the rows of a table with personal columns."""
    at = {name: place for place, name in enumerate(copied.columns)}
    steps: list[Callable[[list[bytes], str], None]] = []
    for name in sorted(copied.hidden):
        kept, dated = copied.kept.get(name, frozenset()), name in copied.dated
        steps.append(
            _on(at[name], lambda text, _, kept=kept, dated=dated: pseudonyms.of(text, dated, kept))  # type: ignore[misc]
        )
    for name in sorted(copied.drawn):
        like = _bearers(source, copied, name)
        steps.append(
            _on(at[name], lambda text, who, name=name, like=like: pseudonyms.drawn(text, name, who, like))  # type: ignore[misc]
        )
    if copied.paths:
        steps.append(_on(at["source_fichier"], lambda text, _: pseudonyms.of(text)))
    # Drawn for a person, before her own cell changes; where nobody is named, for the row.
    who = [at[copied.bearer]] if copied.bearer in at else [at["source_fichier"], at["source_ligne"]]

    def change(cells: list[bytes]) -> None:
        person = b"\t".join(cells[place] for place in who).decode()
        for step in steps:
            step(cells, person)

    return change


def _bearers(source: psycopg.Connection, copied: Copied, name: str) -> Like:
    """The values of a column that many people bear; none where nothing says who is who."""
    if copied.bearer is None or copied.bearer not in copied.columns:
        return pool({})
    query = sql.SQL(
        "select btrim({column}), count(distinct {bearer}) from {table} where {column} is not null "
        "group by 1 having count(distinct {bearer}) >= {least}"
    ).format(
        column=sql.Identifier(name),
        bearer=sql.Identifier(copied.bearer),
        table=sql.Identifier(copied.table.schema, copied.table.identifier),
        least=sql.Literal(LEAST_BEARERS),
    )
    return pool(dict(source.execute(query).fetchall()))


def _reject_change(
    columns: Sequence[str],
    domain: str,
    known: Mapping[tuple[str, str, str], Copied],
    pseudonyms: Pseudonyms,
) -> Change:
    """What is left of a line that could not be read: its place and reason; its text where it is nobody's."""
    at = {name: place for place, name in enumerate(columns)}

    def change(cells: list[bytes]) -> None:
        source, table = (_text(cells[at[name]]) for name in ("source_nom", "table_nom"))
        copied = known.get((domain, source, table))
        if copied is not None and not copied.personal:
            return
        length = len(_text(cells[at["texte"]]))
        cells[at["texte"]] = _bytes(f"Retiré de la copie : {length} caractères.")
        cells[at["octets"]] = _bytes("\\x")
        cells[at["detail"]] = _bytes(MOTIFS.get(_text(cells[at["motif"]]), "raison retirée de la copie"))
        if copied is None or copied.paths:
            cells[at["source_fichier"]] = _bytes(pseudonyms.of(_text(cells[at["source_fichier"]])))

    return change


def _journal_change(
    columns: Sequence[str], known: Mapping[tuple[str, str, str], Copied], pseudonyms: Pseudonyms
) -> Change:
    """The journal of loads quotes nothing received, but for paths that say something of a person."""
    at = {name: place for place, name in enumerate(columns)}

    def change(cells: list[bytes]) -> None:
        copied = known.get(tuple(_text(cells[at[name]]) for name in ("domaine", "source_nom", "table_nom")))  # type: ignore[arg-type]
        if copied is None or copied.paths:
            cells[at["fichier"]] = _bytes(pseudonyms.of(_text(cells[at["fichier"]])))
            cells[at["message"]] = b""

    return change


def _on(place: int, made: Callable[[str, str], str]) -> Callable[[list[bytes], str], None]:
    """Changes one cell, unless it is null."""

    def step(cells: list[bytes], person: str) -> None:
        if (cell := cells[place]) != _NULL:
            cells[place] = _bytes(made(_text(cell), person))

    return step


def _text(cell: bytes) -> str:
    """A cell as COPY writes it."""
    text = cell.decode()
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda found: _READ.get(found[1], found[1]), text, flags=re.DOTALL)


def _bytes(text: str) -> bytes:
    """A cell as COPY reads it."""
    return text.translate(ESCAPES).encode()


def _named_table(place: Sequence[str]) -> sql.Identifier:
    return sql.Identifier(*place)
