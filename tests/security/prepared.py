"""A database of two administrations under the real access files, made without dbt: one account a role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from donnees_au_centre.access import Change, apply_access, declare, plan_access, read_entries
from donnees_au_centre.access.declaration import Declaration, check_entries
from donnees_au_centre.landing.tables import apply_access as give
from donnees_au_centre.landing.tables import ensure_audit
from donnees_au_centre.project.nodes import Manifest
from tests.access_project import TODAY, write_access

DOMAINS = ("age", "agaj", "data_platform")
PASSWORD = "essai"
PREFIX = "attaque_"
# (kind, domain, layer, schema, name) -> columns; a column in capitals names a person.
RELATIONS = {
    ("source", "age", "staging", "raw_age", "ecoles"): "fase nom po",
    ("source", "agaj", "staging", "raw_agaj", "dossiers"): "dossier NOM",
    ("source", "data_platform", "staging", "plateforme", "chargements"): "",
    ("model", "age", "staging", "age_staging", "stg_ecoles"): "fase nom po",
    ("model", "age", "marts", "age", "dim_ecoles"): "fase nom po",
    ("model", "age", "marts", "age", "fct_interne"): "nombre",
    ("model", "agaj", "staging", "agaj_staging", "stg_dossiers"): "dossier NOM",
    ("model", "agaj", "marts", "agaj", "fct_dossiers"): "dossier",
    ("model", "data_platform", "marts", "data_platform", "fct_chargement"): "fichier",
}
META = {
    "dim_ecoles": {
        "gouvernance": {"classification": "public"},
        "acces": {"filtre": "pouvoir_organisateur", "colonne": "po"},
    },
    "fct_interne": {"gouvernance": {"classification": "interne"}},
}
ROWS = (
    "insert into age.dim_ecoles select n::text, 'Nom ' || n, (10 + 10 * (n % 3))::text "
    "from generate_series(1, 300) as n"
)


@dataclass
class Prepared:
    """The database, its administrator's connection string and what is declared.

    Attributes:
        folder: a checkout with what declares rights and nothing else.
    """

    conninfo: str
    folder: Path

    @property
    def declaration(self) -> Declaration:
        """What is declared means for the project."""
        entries, faults = read_entries(self.folder, DOMAINS)
        assert faults + check_entries(entries, manifest()) == []
        return declare(entries, manifest(), TODAY)

    def apply(self) -> list[Change]:
        """`make access`."""
        return apply_access(self.conninfo, self.declaration).changes

    def plan(self) -> list[str]:
        """`make access-plan`: its statements."""
        with psycopg.connect(self.conninfo) as connection:
            return [change.statement for change in plan_access(connection, self.declaration)]

    def account(self, role: str) -> str:
        """The connection string of a person who has this role and nothing else."""
        return make_conninfo(self.conninfo, user=f"{PREFIX}{role}", password=PASSWORD)

    @contextmanager
    def session(self, role: str | None = None) -> Iterator[psycopg.Connection]:
        """Of a role's account, or of the administrator."""
        with psycopg.connect(self.account(role) if role else self.conninfo, autocommit=True) as connection:
            yield connection

    def run(self, statements: str, role: str | None = None) -> list[tuple]:
        """Executes as a role's account; returns the rows of the last statement that has some."""
        with self.session(role) as connection:
            cursor = connection.execute(statements.encode())
            rows = cursor.fetchall() if cursor.description else []
            while cursor.nextset():
                rows = cursor.fetchall() if cursor.description else rows
            return rows

    def refuses(self, statements: str, role: str) -> str:
        """What PostgreSQL answers to a statement that it refuses; fails when it executes it."""
        try:
            self.run(statements, role)
        except psycopg.errors.InsufficientPrivilege as error:
            return str(error)
        raise AssertionError(f"{role} : {statements}")


def manifest() -> Manifest:
    """The project, as dbt would write it."""
    nodes = {}
    for (kind, domain, layer, schema, name), columns in RELATIONS.items():
        tags = {
            column.lower(): {"donnee_personnelle": "identifiant_direct"} if column.isupper() else {}
            for column in columns.split()
        }
        nodes[f"{kind}.p.{name}"] = {
            "unique_id": f"{kind}.p.{name}",
            "resource_type": kind,
            "package_name": "p",
            "fqn": ["p", domain, layer, name],
            "name": name,
            "identifier": name,
            "source_name": schema if schema == "plateforme" else name,
            "schema": schema,
            "original_file_path": f"models/{domain}/{layer}/{name}.yml",
            "patch_path": None,
            "description": "",
            "columns": {
                column: {"name": column, "description": "", "config": {"meta": meta}}
                for column, meta in tags.items()
            },
            "config": {"materialized": "table", "meta": META.get(name, {})},
        }
    sources = {key: node for key, node in nodes.items() if node["resource_type"] == "source"}
    models = {key: node for key, node in nodes.items() if key not in sources}
    return Manifest({"metadata": {"project_name": "p"}, "nodes": models, "sources": sources})


@contextmanager
def prepared(conninfo: str, folder: Path) -> Iterator[Prepared]:
    """Declares, gives the rights, then loads and builds by the accounts of the roles that do."""
    write_access(folder)
    base = Prepared(conninfo, folder)
    declaration = base.declaration
    base.apply()
    made = []
    with base.session() as admin:
        for role in declaration.roles:
            login = sql.Identifier(f"{PREFIX}{role}")
            make = "create role {} login password {} in role {}"
            admin.execute(sql.SQL(make).format(login, sql.Literal(PASSWORD), sql.Identifier(role)))
            made.append(login)
            admin.execute(sql.SQL("alter role {} set role to {}").format(login, sql.Identifier(role)))
    try:
        with base.session("chargeur") as connection:
            ensure_audit(connection)
            for schema in ("raw_age", "raw_agaj"):
                connection.execute(
                    f"create table {schema}.rejets_chargement (chargement_id bigint, source_nom text, "
                    "table_nom text, source_fichier text, source_ligne bigint, position_octet bigint, "
                    "motif text, detail text, texte text, octets bytea)"
                )
                give(connection, schema, "rejets_chargement")
        for (kind, domain, _, schema, name), columns in RELATIONS.items():
            with base.session("chargeur" if kind == "source" else f"dbt_{domain}") as connection:
                if columns:
                    listed = ", ".join(f"{column.lower()} text" for column in columns.split())
                    connection.execute(f"create table {schema}.{name} ({listed})".encode())
                give(connection, schema, name)
        base.run(ROWS, "dbt_age")
        base.run("analyze age.dim_ecoles", "dbt_age")
        base.run("insert into agaj_staging.stg_dossiers values ('d1', 'Nom inventé')", "dbt_agaj")
        base.run(
            "insert into plateforme.chargements (domaine, source_nom, table_nom, fichier, statut) "
            "values ('age', 'ecoles', 'ecoles', 'a.csv', 'charge')",
            "chargeur",
        )
        yield base
    finally:
        with psycopg.connect(conninfo, autocommit=True) as admin:
            for login in made:
                admin.execute(sql.SQL("drop role {}").format(login))
