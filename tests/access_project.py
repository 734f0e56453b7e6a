"""A dbt project of two administrations under the real access files, with one login account a role."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml
from dbt.cli.main import dbtRunner
from psycopg import sql
from psycopg.conninfo import make_conninfo

from donnees_au_centre.access import Change, apply_access, declare, plan_access, read_entries
from donnees_au_centre.access.declaration import Declaration, check_entries
from donnees_au_centre.landing import LoadReport, load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.project.domains import group_file
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.project.vocabulary import ACCESS_DEFAULTS
from donnees_au_centre.settings import ROOT, Settings
from donnees_au_centre.warehouse import EmbeddedServer
from tests.memory import recall
from tests.small_project import environment, settings_of

TODAY = date(2026, 12, 1)
PASSWORD = "essai"
PREFIX = "acces_compte_"

PROJECT = f"""
name: donnees_au_centre
version: "1.0"
config-version: 2
profile: donnees_au_centre
macro-paths: ['{ROOT / "macros"}']
flags: {{send_anonymous_usage_stats: false}}
models:
  donnees_au_centre:
    +post-hook: "{{{{ apply_access() }}}}"
    +persist_docs: {{relation: true, columns: true}}
    age: {{+group: age, staging: {{+materialized: view}}, marts: {{+materialized: table}}}}
    agaj: {{+group: agaj, staging: {{+materialized: view}}, marts: {{+materialized: table}}}}
    data_platform: {{+group: data_platform, marts: {{+materialized: table}}}}
seeds:
  donnees_au_centre:
    +group: age
    +post-hook: "{{{{ apply_access() }}}}"
"""
SOURCE = """
version: 2
sources:
  - name: {source}
    schema: raw_{ag}
    tables:
      - name: {source}
        external: {{location: "{ag}/{source}/*.csv", file_format: csv}}
        columns: [{columns}]
"""
MODELS = """
version: 2
models:
  - name: stg_ecoles__ecoles
    columns: [{name: fase}, {name: nom}, {name: po}]
  - name: dim_ecoles
    config:
      meta:
        gouvernance: {classification: public}
        acces: {filtre: pouvoir_organisateur, colonne: po}
    columns: [{name: fase}, {name: nom}, {name: po}]
  - name: fct_interne
    config: {meta: {gouvernance: {classification: interne}}}
    columns: [{name: nombre}]
"""
CASES = """
version: 2
models:
  - name: stg_dossiers__dossiers
    columns:
      - {name: dossier}
      - name: nom
        config: {meta: {donnee_personnelle: identifiant_direct}}
      - name: naissance
        config: {meta: {donnee_personnelle: identifiant_indirect}}
      - name: mesure
        config: {meta: {donnee_personnelle: sensible}}
      - {name: service}
  - name: stg_dossiers__dossiers_ecarts
    config: {materialized: table}
    columns: [{name: motif}]
  - name: fct_dossiers
    config: {meta: {gouvernance: {classification: confidentiel}}}
    columns: [{name: service}, {name: nombre}]
"""
FILES = {
    "models/age/staging/ecoles/stg_ecoles__ecoles.sql": (
        "select fase, nom, po from {{ source('ecoles', 'ecoles') }}"
    ),
    "models/age/marts/dim_ecoles.sql": "select fase, nom, po from {{ ref('stg_ecoles__ecoles') }}",
    "models/age/marts/fct_interne.sql": "select count(*) as nombre from {{ ref('stg_ecoles__ecoles') }}",
    "models/age/marts/_marts.yml": MODELS,
    "seeds/age/reseau.csv": "code,libelle\nw,WBE\n",
    "models/agaj/staging/dossiers/stg_dossiers__dossiers.sql": (
        "select dossier, nom, naissance, mesure, service from {{ source('dossiers', 'dossiers') }}"
    ),
    "models/agaj/staging/dossiers/stg_dossiers__dossiers_ecarts.sql": (
        "select nom as valeur_brute, cast('absent' as text) as motif "
        "from {{ source('dossiers', 'dossiers') }}"
    ),
    "models/agaj/marts/fct_dossiers.sql": (
        "select service, count(*) as nombre from {{ ref('stg_dossiers__dossiers') }} group by service"
    ),
    "models/agaj/marts/_marts.yml": CASES,
    "models/data_platform/marts/fct_chargement.sql": (
        "select fichier, lignes from {{ source('plateforme', 'chargements') }}"
    ),
    "models/data_platform/staging/plateforme/_plateforme__sources.yml": (
        "version: 2\nsources: [{name: plateforme, schema: plateforme, tables: [{name: chargements}]}]\n"
    ),
    "landing/age/ecoles/ecoles.csv": "fase,nom,po\n1,Un,10\n2,Deux,20\n3,Trois,20\n",
    "landing/agaj/dossiers/dossiers.csv": (
        "dossier,nom,naissance,mesure,service\nd1,Nom inventé,2010-01-01,accueil,s1\nligne illisible\n"
    ),
}
SCHOOLS = """
  - role: po_essai
    ag: age
    jeu_de_donnees: dim_ecoles
    actions: [lecture]
    lignes: {pouvoir_organisateur: [20]}
    justification: "Montrer à un pouvoir organisateur ses propres écoles."
    approbateur: "AGE, direction générale du pilotage du système éducatif"
    revue: 2027-11-15
  - role: ecoles_masquees
    ag: age
    jeu_de_donnees: dim_ecoles
    actions: [lecture]
    masque: true
    lignes: {pouvoir_organisateur: [10]}
    justification: "Montrer des écoles sans leur nom à un service d'étude."
    approbateur: "AGE, direction générale du pilotage du système éducatif"
    revue: 2027-11-15
"""


@dataclass
class AccessProject:
    """The project, its database, and its administrator's connection string."""

    settings: Settings
    conninfo: str
    parsed: dict | None = None
    made: list[str] = field(default_factory=list)

    def write(self, path: str, text: str) -> None:
        file = self.settings.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.parsed = None

    def manifest(self) -> Manifest:
        """dbt's manifest, read again when a file has changed."""
        self.parsed = self.parsed or parse(self.settings).manifest
        return self.parsed

    def declaration(self, today: date = TODAY) -> Declaration:
        manifest = self.manifest()
        entries, faults = read_entries(self.settings.root, domains_in(self.settings.root))
        assert faults + check_entries(entries, manifest) == []
        return declare(entries, manifest, today)

    def apply(self, today: date = TODAY) -> list[Change]:
        """`make access`, then a login account for each new role."""
        declaration = self.declaration(today)
        changes = apply_access(self.conninfo, declaration).changes
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for role in declaration.roles:
                login = f"{PREFIX}{role}"
                found = connection.execute("select 1 from pg_roles where rolname = %s", [login])
                if found.fetchone() is None:
                    self.made.append(login)
                    make = "create role {} login password {} in role {}"
                    connection.execute(
                        sql.SQL(make).format(
                            sql.Identifier(login), sql.Literal(PASSWORD), sql.Identifier(role)
                        )
                    )
                    # What it makes belongs to the role, not to the account.
                    connection.execute(
                        sql.SQL("alter role {} set role to {}").format(
                            sql.Identifier(login), sql.Identifier(role)
                        )
                    )
        return changes

    def plan(self) -> list[Change]:
        declaration = self.declaration()
        with psycopg.connect(self.conninfo) as connection:
            return plan_access(connection, declaration)

    def account(self, role: str) -> str:
        """The connection string of the role's login account."""
        return make_conninfo(self.conninfo, user=f"{PREFIX}{role}", password=PASSWORD)

    def load(self) -> LoadReport:
        """The loader, as its own account."""
        tables = read_declarations(self.manifest().sources.values())
        return load_landing(self.account("chargeur"), self.settings.landing, tables)

    def dbt(self, role: str, *arguments: str) -> None:
        """Plain dbt, as the account of a role."""
        said: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment(self.account(role)).items():
                patch.setenv(name, value)
            done = dbtRunner(callbacks=[lambda event: said.append(event.info.msg)]).invoke(
                [
                    "--quiet", *arguments,
                    "--project-dir", str(self.settings.root),
                    "--profiles-dir", str(ROOT / "profiles"),
                    "--target-path", str(self.settings.root / "target" / role),
                    "--log-path", str(self.settings.root / "logs"),
                ]
            )  # fmt: skip
        assert done.success, "\n".join(said)

    def ask(self, query: str, role: str | None = None) -> list[tuple]:
        conninfo = self.account(role) if role else self.conninfo
        with psycopg.connect(conninfo, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def run(self, statements: str) -> None:
        """Changes the database as its superuser."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(statements.encode())

    def build_all(self, *options: str, domains: tuple[str, ...] = ("age", "agaj", "data_platform")) -> None:
        """Plain dbt, each domain by the account of its own role."""
        for domain in domains:
            self.dbt(f"dbt_{domain}", "build", "--select", domain, *options)


def write_access(folder: Path) -> None:
    """What declares the rights of two administrations and of the platform: the project's own words."""
    for domain in ("age", "agaj", "data_platform"):
        [group] = yaml.safe_load((ROOT / group_file(domain)).read_text("utf-8"))["groups"]
        meta = {key: said for key, said in group["config"]["meta"].items() if key == ACCESS_DEFAULTS}
        file = folder / group_file(domain)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump({"groups": [group | {"config": {"meta": meta}}]}), "utf-8")
    (folder / "policies/access").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "policies/access/plateforme.yml", folder / "policies/access/plateforme.yml")
    # The project's reads a mart of the whole project.
    (folder / "policies/access/age.yml").write_text(f"acces:{SCHOOLS}", "utf-8")


@contextmanager
def access_project(folder: Path, conninfo: str) -> Iterator[AccessProject]:
    """Writes the project; roles are cluster-wide and stay, their accounts go at the end."""
    settings = settings_of(folder)
    project = AccessProject(settings, conninfo)
    project.write("dbt_project.yml", PROJECT)
    project.write("profiles/profiles.yml", (ROOT / "profiles" / "profiles.yml").read_text("utf-8"))
    for ag, source, columns in (
        ("age", "ecoles", "fase nom po"),
        ("agaj", "dossiers", "dossier nom naissance mesure service"),
    ):
        listed = ", ".join(f"{{name: {column}}}" for column in columns.split())
        project.write(
            f"models/{ag}/staging/{source}/_{source}__sources.yml",
            SOURCE.format(ag=ag, source=source, columns=listed),
        )
    for path, text in FILES.items():
        project.write(path, text)
    write_access(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(conninfo).items():
            patch.setenv(name, value)
        recall(settings)
        yield project
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for login in project.made:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


def drop_with_roles(server: EmbeddedServer, database: str, roles: Iterable[str]) -> None:
    """Drops a database and the roles made for it: they outlive it, and other tests have their own."""
    names = [sql.Identifier(role) for role in roles]
    with psycopg.connect(server.start().conninfo(database), autocommit=True) as admin:
        for name in names:
            admin.execute(sql.SQL("drop owned by {}").format(name))
    server.drop_database(database)
    with psycopg.connect(server.start().conninfo("postgres"), autocommit=True) as admin:
        for name in names:
            admin.execute(sql.SQL("drop role {}").format(name))
