"""The raw rows of production where a candidate is tried: nothing clear arrives, everything is still built."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace

import psycopg
import pytest
from psycopg import sql

from donnees_au_centre.audit import ensure_journal
from donnees_au_centre.cli import copying as commands
from donnees_au_centre.cli.project import build
from donnees_au_centre.cli.session import Access
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.privacy import copying
from donnees_au_centre.privacy.pseudonyms import Pseudonyms
from donnees_au_centre.project import parse
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, SERVER_VARIABLES, Settings, database_address
from donnees_au_centre.warehouse import EmbeddedServer
from tests.memory import recall
from tests.small_project import environment

PRODUCTION, CANDIDATE = "essai_copie_prod", "essai_copie_candidat"
KEYS = ("AGAJ_SUIVI", "AGMJ_SUIVI", "SG_EFFECTIFS", "AGC_SUBVENTIONS")
LOADED = ("agaj", "agc", "agmj", "sg")
BUILT = (
    "+fct_effectif stg_agents__agents_ecarts stg_mandats__mandats stg_mandats__mandats_ecarts "
    "stg_prises_en_charge__prises_en_charge stg_prises_en_charge__prises_en_charge_ecarts "
    "stg_cadastre_subventions__paiements stg_cadastre_subventions__paiements_ecarts"
)
# A name that nobody declared, in data about people; it is also in a line that could not be read.
STRANGER = "Ysengrimus-Vandermolen"


@dataclass(frozen=True)
class Both:
    """Production and the database of the candidate, which the environment leads to."""

    settings: Settings
    manifest: Manifest
    production: str
    candidate: str

    def run(self, **more: str) -> int:
        parts = psycopg.conninfo.conninfo_to_dict(self.production)
        names = ("host", "port", "user", "password", "dbname")
        given = {f"PROD_{name}": str(parts[key]) for name, key in zip(SERVER_VARIABLES, names, strict=True)}
        return commands.copy_prod(self.settings, {**given, **more})

    def confirmed(self, **more: str) -> int:
        address = database_address(CANDIDATE, os.environ["PGHOST"], os.environ["PGPORT"])
        return self.run(CONFIRMER="1", BASE=address, **more)

    def ask(self, conninfo: str, query: str | sql.Composable) -> list[tuple]:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            cursor = connection.execute(query)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def both(
    server: EmbeddedServer, systems: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("copie")
    before = dict(os.environ)
    for name in (PRODUCTION, CANDIDATE):
        server.ensure_database(name)
    production, candidate = (server.start().conninfo(name) for name in (PRODUCTION, CANDIDATE))
    os.environ |= {f"DAC_CLE_{name}": secrets.token_hex(32) for name in KEYS}
    os.environ |= {"DBT_TARGET": "ci", "DAGSTER_HOME": str(folder / ".dagster"), **environment(production)}
    settings = replace(Settings.load(), target_path=folder / "target", build=folder / "build")
    recall(settings)
    manifest = parse(settings).manifest
    load_landing(production, ROOT / "landing", read_declarations(manifest.own_sources), LOADED)
    made = Both(settings, manifest, production, candidate)
    made.ask(production, "alter table raw_sg.agents add column surnom text")
    made.ask(production, f"update raw_sg.agents set surnom = '{STRANGER}' where matricule like '%1'")
    made.ask(
        production,
        "insert into raw_sg.rejets_chargement select chargement_id, source_nom, table_nom, fichier, 99, 1, "
        f"'guillemet_isole', 'Lu : {STRANGER}', '{STRANGER}', '{STRANGER}'::bytea "
        "from plateforme.chargements where table_nom = 'agents' limit 1",
    )
    with psycopg.connect(production, autocommit=True) as connection:
        ensure_journal(connection)
    build(settings, {"SELECT": BUILT})
    os.environ |= environment(candidate)
    recall(settings)
    try:
        with pytest.MonkeyPatch.context() as patch:
            # Read once: dbt takes as long as all else here.
            patch.setattr(commands, "parse_or_fail", lambda session: SimpleNamespace(manifest=manifest))
            yield replace(made, settings=replace(settings, database=CANDIDATE))
    finally:
        os.environ.clear()
        os.environ.update(before)
        for name in (PRODUCTION, CANDIDATE):
            server.drop_database(name)


def tables(both: Both, conninfo: str, like: str) -> dict[str, int]:
    found = both.ask(
        conninfo,
        "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = relnamespace "
        f"where relkind in ('r', 'v') and nspname ~ '{like}' and relname <> 'lignes_modifiees' order by 1, 2",
    )
    return {
        f"{schema}.{name}": both.ask(
            conninfo, sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
        )[0][0]
        for schema, name in found
    }


def content(both: Both, conninfo: str) -> str:
    """All that a database holds in rows and in statistics, as text."""
    parts = []
    for schema, name in both.ask(
        conninfo,
        "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = relnamespace "
        "where relkind = 'r' and nspname !~ '^pg_|^information_schema$' "
        "union all select 'pg_catalog', 'pg_stats' order by 1, 2",
    ):
        rows = both.ask(
            conninfo, sql.SQL("select cast(t as text) from {} as t").format(sql.Identifier(schema, name))
        )
        parts += [row[0] for row in rows]
    return bare("\n".join(parts))


def bare(text: str) -> str:
    """A text without what a row that is written as text adds to it."""
    return text.replace('"', "").replace("\\", "")


def personal_values(both: Both) -> set[str]:
    """What tells of somebody in the raw columns of production that are said to be personal."""
    found, public = {STRANGER}, []
    for node in both.manifest.own_sources:
        for name, column in node.columns.items() if node.domain in LOADED else ():
            query = sql.SQL("select distinct {0} from {1} where {0} is not null").format(
                sql.Identifier(name), sql.Identifier(node.schema, node.relation)
            )
            cells = [value.strip() for (value,) in both.ask(both.production, query)]
            if not column.is_personal:
                public += cells
            elif column.meta.get("copie") is None:
                found |= set(cells)
    # A short one, or a day, may be another's by chance; a municipality is in data about nobody too; and what
    # the project itself names is nobody's.
    everybody_s = "\n".join(public)
    days = re.compile(r"[\d/.-]{8,10}(?: .*)?")
    return {
        bare(one)
        for one in found
        if len(one) >= 7 and not days.fullmatch(one) and one not in everybody_s and one != "TOTAL GÉNÉRAL"
    }


def test_nothing_clear_arrives_and_everything_is_built_as_in_production(
    both: Both, capsys: pytest.CaptureFixture[str]
) -> None:
    assert both.run() == 0
    said = capsys.readouterr().out
    assert "agents : surnom" in said and "Rien n'a été touché" in said
    assert tables(both, both.candidate, "^raw_") == {}
    values = personal_values(both)
    assert len(values) > 500
    for _ in range(2):
        assert both.confirmed() == 0
    printed = capsys.readouterr().out
    arrived = content(both, both.candidate)
    assert sorted(one for one in values if one in arrived or one in printed) == []
    # What was searched for is found where it is.
    there = content(both, both.production)
    assert all(one in there for one in values)
    expected = {name: count for name, count in tables(both, both.production, "^raw_").items() if count}
    assert {name: count for name, count in tables(both, both.candidate, "^raw_").items() if count} == expected
    # Keys and joins: as many people, as many rows of each.
    for table, column in (
        ("raw_agaj.prises_en_charge", "identifiant_du_jeune"),
        ("raw_sg.agents", "matricule"),
        ("raw_agc.cadastre_subventions", "beneficiaire"),
    ):
        shape = f"select count(*) from {table} where {column} is not null group by {column} order by 1"
        assert both.ask(both.candidate, shape) == both.ask(both.production, shape)
    build(both.settings, {"SELECT": BUILT})
    layers = "^(agaj|agc|agmj|sg)(_staging|_intermediate)?$"
    assert tables(both, both.candidate, layers) == tables(both, both.production, layers)
    gaps = "select nature, colonne, motif, count(*) from {} group by 1, 2, 3 order by 1, 2, 3"
    for name in (name for name in tables(both, both.production, layers) if name.endswith("_ecarts")):
        query = sql.SQL(gaps).format(sql.Identifier(*name.split(".")))
        assert both.ask(both.candidate, query) == both.ask(both.production, query), name
    noted = (
        "select details from audit.evenements where action = '{}' "
        "and objet like 'brut de production%' order by id"
    )
    exports = both.ask(both.production, noted.format("export"))
    assert len(exports) == 2 and exports[0][0]["vers"].startswith(CANDIDATE)
    assert len(both.ask(both.candidate, noted.format("chargement"))) == 2


def test_a_copy_that_is_killed_leaves_the_former_one(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    both.confirmed()
    before = both.ask(both.candidate, "select nom, matricule from raw_sg.agents order by 1, 2")
    made, calls = Pseudonyms.of, iter(range(200))

    def killed(self: Pseudonyms, *words: object) -> str:
        if next(calls, None) is None:
            both.ask(
                both.production,
                "select pg_terminate_backend(pid) from pg_stat_activity "
                f"where datname = '{CANDIDATE}' and application_name = 'copy-prod'",
            )
        return made(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(Pseudonyms, "of", killed)
    with pytest.raises(PlatformError, match="s'est arrêtée"):
        both.confirmed()
    assert both.ask(both.candidate, "select nom, matricule from raw_sg.agents order by 1, 2") == before
    monkeypatch.undo()
    both.confirmed()
    assert both.ask(both.candidate, "select nom, matricule from raw_sg.agents order by 1, 2") != before


@pytest.mark.parametrize("target", ["prod", "dev"])
def test_production_is_no_target(both: Both, target: str) -> None:
    with pytest.raises(PlatformError, match=f"La cible {target} ne reçoit pas"):
        replace(both, settings=replace(both.settings, target=target)).confirmed()


def test_the_same_database_under_another_name_is_no_target(both: Both) -> None:
    with pytest.raises(PlatformError, match="est celle de production"):
        both.confirmed(PROD_PGDATABASE=CANDIDATE, PROD_PGHOST="localhost")


def test_a_database_that_was_production_is_no_target(both: Both, database: str) -> None:
    with psycopg.connect(both.production) as source, psycopg.connect(database, autocommit=True) as target:
        copying.refuse_same(source, target)
        target.execute("create schema historique")
        target.execute("create table historique.executions (cible text, commencee_le timestamptz)")
        target.execute("insert into historique.executions values ('staging', now())")
        copying.refuse_same(source, target)
        target.execute("insert into historique.executions values ('prod', now())")
        with pytest.raises(PlatformError, match="a servi de production"):
            copying.refuse_same(source, target)


def test_what_leads_to_production_is_named_when_it_is_missing(both: Both) -> None:
    with pytest.raises(PlatformError, match="Il manque PROD_PGDATABASE"):
        both.confirmed(PROD_PGDATABASE="")


def test_what_the_account_may_not_read_is_named(both: Both) -> None:
    both.ask(both.production, "create role essai_copie login password 'essai'")
    try:
        with pytest.raises(PlatformError, match=r"ne lit pas tout le brut.*raw_sg\.agents"):
            both.confirmed(PROD_PGUSER="essai_copie", PROD_PGPASSWORD="essai")
    finally:
        both.ask(both.production, "drop role essai_copie")


def test_a_path_that_names_somebody_is_hidden_everywhere(both: Both) -> None:
    changes: Mapping[tuple[str, str, str], copying.Copied] = {}
    change = copying._journal_change(
        ("domaine", "source_nom", "table_nom", "fichier", "message"), changes, Pseudonyms(bytes(32))
    )
    cells = [b"sg", b"agents", b"inconnue", b"sg/agents/dupont.csv", b"dupont.csv est vide"]
    change(cells)
    assert b"dupont" not in b"".join(cells) and cells[4] == b""


def test_rows_that_a_policy_hides_are_not_left_out_in_silence(database: str) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(database)
    role = f"{parts['dbname']}_lecteur"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("create schema raw_sg; create table raw_sg.agents (nom text)")
        admin.execute("insert into raw_sg.agents values ('a'), ('b')")
        admin.execute("alter table raw_sg.agents enable row level security")
        name = sql.Identifier(role)
        admin.execute(sql.SQL("create role {} login password 'essai'").format(name))
        admin.execute(sql.SQL("grant usage on schema raw_sg to {}").format(name))
        admin.execute(sql.SQL("grant select on raw_sg.agents to {}").format(name))
        admin.execute(sql.SQL("create policy a on raw_sg.agents to {} using (nom = 'a')").format(name))
        reader = Access(str(parts["host"]), str(parts["port"]), role, "essai", str(parts["dbname"]), None)
        try:
            with (
                commands._connected(reader) as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
            ):
                connection.execute("select nom from raw_sg.agents")
        finally:
            admin.execute(sql.SQL("drop owned by {0}; drop role {0}").format(name))
