"""The sample's public marts as SQL that another PostgreSQL takes: tables, comments and rows for COPY."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.datasets import Dataset, read_datasets
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings

# What may be read by anybody who may read the pages; the rows are invented all the same.
OPEN = ("public", "interne")


@dataclass(frozen=True)
class Column:
    """A column of a mart.

    Attributes:
        name, data_type: as PostgreSQL says them.
        description: French; "" when nothing is said.
    """

    name: str
    data_type: str
    description: str


@dataclass(frozen=True)
class Table:
    """A mart as it was built.

    Attributes:
        unique_id: dbt's.
        name: schema.table.
        description: French.
        columns: in their order.
        count: number of rows.
        rows: as COPY writes them, in an order that means nothing.
    """

    unique_id: str
    name: str
    description: str
    columns: tuple[Column, ...]
    count: int
    rows: bytes


def check_sample(settings: Settings) -> None:
    """Refuses any database that is not the embedded one of the invented sample.

    Raises:
        PlatformError: it may hold other rows.
    """
    if settings.embedded and settings.sample:
        return
    if not (settings.root / "dev" / "sample").is_dir():
        raise PlatformError(
            "Les exercices se font sur l'échantillon inventé de la plateforme, qui n'est pas dans ce dépôt : "
            "ce qui est dans landing/ peut être réel, et n'entre dans aucune page.",
            "Lancez make learn dans une copie du dépôt d'où celui-ci vient ; docs/contributeur/adapter.md "
            "dit ce qui n'en est pas parti.",
        )
    raise PlatformError(
        f"Ces pages montrent des lignes : elles ne se font que de l'échantillon inventé, jamais de "
        f"la base {settings.database} (cible {settings.target}, zone {settings.landing}).",
        "Lancez make learn sans LANDING ni DBT_TARGET.",
    )


def marts_named(manifest: Manifest, names: Iterable[str]) -> list[Dataset]:
    """The marts that exercises name.

    Args:
        names: schema.table.

    Raises:
        PlatformError: one is no public mart, or is not for everybody.
    """
    marts = {f"{one.schema}.{one.identifier}": one for one in read_datasets(manifest) if one.kind == "mart"}
    told, found = [], []
    for name in sorted(set(names)):
        mart = marts.get(name)
        if mart is None:
            told.append(f"{name} n'est pas un mart public.")
        elif mart.classification not in OPEN or mart.has_personal_data:
            told.append(
                f"{name} n'est pas pour tous : classification {mart.classification}, ou données personnelles."
            )
        else:
            found.append(mart)
    if told:
        raise PlatformError(
            "\n".join(told),
            "Nommez d'autres marts dans docs/apprendre/exercices ; make catalogue les montre.",
        )
    return found


def read_tables(connection: psycopg.Connection, marts: Iterable[Dataset]) -> list[Table]:
    """Reads the rows of marts.

    Args:
        connection: to the database of the sample; nothing is written.

    Raises:
        PlatformError: a mart is not built, or has no row.
    """
    connection.execute("set time zone 'UTC'")
    return [_table(connection, mart) for mart in marts]


def _table(connection: psycopg.Connection, mart: Dataset) -> Table:
    name = f"{mart.schema}.{mart.identifier}"
    relation = sql.Identifier(mart.schema, mart.identifier)
    described = {column.name: column.description for column in mart.columns}
    try:
        columns = connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = cast(%s as regclass) and attnum > 0 and not attisdropped order by attnum",
            [relation.as_string(connection)],
        ).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise _not_built(name) from error
    # An order that means nothing: a learner who asks for none must not get a good one by chance.
    query = sql.SQL("copy (select * from {} as t order by md5(cast(t as text))) to stdout").format(relation)
    with connection.cursor().copy(query) as copy:
        rows = b"".join(bytes(part) for part in copy)
    if not rows:
        raise _not_built(name)
    return Table(
        unique_id=mart.unique_id,
        name=name,
        description=" ".join(mart.description.split()),
        columns=tuple(
            Column(column, kind, " ".join(described.get(column, "").split())) for column, kind in columns
        ),
        count=rows.count(b"\n"),
        rows=rows,
    )


def _not_built(name: str) -> PlatformError:
    return PlatformError(
        f"{name} n'est pas construit, ou n'a aucune ligne.", "Lancez make demo, puis make learn."
    )


def statements(tables: Iterable[Table]) -> str:
    """The SQL that makes empty tables, with what their columns mean."""
    tables = list(tables)
    made = [sql.SQL("create schema {};").format(sql.Identifier(schema)) for schema in _schemas(tables)]
    for table in tables:
        relation = sql.Identifier(*table.name.split("."))
        columns = sql.SQL(",\n").join(
            # The type is PostgreSQL's own word.
            sql.SQL("    {} " + column.data_type).format(sql.Identifier(column.name))
            for column in table.columns
        )
        made.append(sql.SQL("create table {} (\n{}\n);").format(relation, columns))
        said = sql.SQL("comment on table {} is {};").format(relation, sql.Literal(table.description))
        made.append(said)
        made += [
            sql.SQL("comment on column {}.{} is {};").format(
                relation, sql.Identifier(column.name), sql.Literal(column.description)
            )
            for column in table.columns
            if column.description
        ]
    return sql.SQL("\n").join(made).as_string() + "\n"


def _schemas(tables: Iterable[Table]) -> list[str]:
    return sorted({table.name.partition(".")[0] for table in tables})
