"""A backup restored into an empty server: every table, sequence, view and right; erased people stay so."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from donnees_au_centre.access import apply_access
from donnees_au_centre.audit.rights import grant_rights
from donnees_au_centre.cli import backup as commands
from donnees_au_centre.cli import rights
from donnees_au_centre.cli.access import read_declaration
from donnees_au_centre.cli.project import build
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.privacy.restored import read_erased, read_erased_file
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT, Settings, database_address
from donnees_au_centre.warehouse import EmbeddedServer
from orchestration import home
from tests.access_project import drop_with_roles
from tests.campaigns import long
from tests.memory import recall
from tests.small_project import environment

DATABASE, HISTORY = "essai_sauvegarde", "essai_sauvegarde_dagster"
KEYS = (
    *("AGAJ_SUIVI", "AGMJ_SUIVI", "SG_EFFECTIFS", "AGC_SUBVENTIONS"),
    *("AGAJ_DROITS", "AGMJ_DROITS", "SG_DROITS", "AGC_DROITS"),
)
RAW = "raw_agaj.prises_en_charge"
STAGED = "agaj_staging.stg_prises_en_charge__prises_en_charge"
# What the catalogues say of a database, beside the rows: the same text means the same thing.
CATALOGUES = {
    "views": "select schemaname, viewname, definition from pg_views order by 1, 2",
    "sequences": "select schemaname, sequencename, last_value, increment_by from pg_sequences order by 1, 2",
    "columns": "select table_schema, table_name, column_name, data_type, is_nullable, column_default "
    "from information_schema.columns where table_schema not like 'pg\\_%' order by 1, 2, 3",
    "functions": "select p.oid::regprocedure::text, pg_get_functiondef(p.oid), proacl::text "
    "from pg_proc as p join pg_namespace as n on n.oid = pronamespace where nspname not like 'pg\\_%' "
    "and nspname <> 'information_schema' and prokind in ('f', 'p') order by 1",
    "triggers": "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger "
    "where not tgisinternal order by 1, 2",
    "rights": "select c.oid::regclass::text, relkind::text, pg_get_userbyid(relowner), (select "
    "array_agg(a::text order by a::text) from unnest(coalesce(relacl, acldefault(case relkind when 'S' then "
    "'s' else 'r' end::\"char\", relowner))) as a)::text, relrowsecurity from pg_class as c "
    "join pg_namespace as n on n.oid = relnamespace where nspname not like 'pg\\_%' "
    "and nspname <> 'information_schema' and relkind in ('r', 'v', 'S', 'm', 'p') order by 1",
    "policies": "select schemaname, tablename, policyname, roles::text, qual from pg_policies order by 1, 2",
    "schemas": "select nspname, pg_get_userbyid(nspowner), (select array_agg(a::text order by a::text) from "
    "unnest(nspacl) as a)::text from pg_namespace where nspname not like 'pg\\_%' order by 1",
    "comments": "select d.classoid::regclass::text, c.oid::regclass::text, objsubid, "
    "description from pg_description as d join pg_class as c on c.oid = d.objoid and d.classoid = "
    "'pg_class'::regclass join pg_namespace as n on n.oid = relnamespace where nspname not like 'pg\\_%' "
    "and nspname <> 'information_schema' order by 1, 2, 3",
    "database": "select (select array_agg(a::text order by a::text) from unnest(datacl) as a)::text "
    "from pg_database where datname = current_database()",
}


@dataclass
class Platform:
    """A loaded and built part of the sample, and where its backups go."""

    settings: Settings
    conninfo: str
    folder: Path

    def ask(self, query: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def typed(self, **more: str) -> dict[str, str]:
        """What a person types on a server shared with others."""
        address = database_address(DATABASE, os.environ["PGHOST"], os.environ["PGPORT"])
        return {"CONFIRMER": "1", "BASE": address, **more}

    def newest(self) -> Path:
        return max(one for one in self.folder.iterdir() if one.is_dir())


@pytest.fixture(scope="module")
def platform(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("sauvegarde")
    for name in (DATABASE, HISTORY):
        server.ensure_database(name)
    conninfo = server.start().conninfo(DATABASE)
    before = dict(os.environ)
    os.environ |= environment(conninfo) | {f"DAC_CLE_{name}": secrets.token_hex(32) for name in KEYS}
    os.environ |= {
        "DBT_TARGET": "ci",
        "DAGSTER_HOME": str(folder / ".dagster"),
        home.STORAGE_DATABASE: HISTORY,
    }
    settings = replace(
        Settings.load(), target_path=folder / "target", build=folder / "build", landing=ROOT / "landing"
    )
    recall(settings)
    manifest = parse(settings).manifest
    load_landing(conninfo, ROOT / "landing", read_declarations(manifest.sources.values()), ("agaj",))
    declaration = read_declaration(settings, manifest)
    apply_access(conninfo, declaration)
    with psycopg.connect(conninfo, autocommit=True) as admin:
        grant_rights(admin)
    build(settings, {"SELECT": STAGED.partition(".")[2]})
    with psycopg.connect(server.start().conninfo(HISTORY), autocommit=True) as history:
        history.execute("create table runs (run_id text primary key, body text)")
        history.execute("insert into runs values ('1', 'a')")
    made = Platform(settings, conninfo, folder / "sauvegardes")
    made.folder.mkdir()
    try:
        yield made
    finally:
        for (name,) in made.ask("select datname from pg_database where datname ~ '^essai_sauvegarde_'"):
            server.drop_database(name)
        os.environ.clear()
        os.environ.update(before)
        drop_with_roles(server, DATABASE, declaration.roles)


def content(conninfo: str) -> dict[str, object]:
    """All that a database holds: the catalogues, and the rows of each table as a count and a digest."""
    found: dict[str, object] = {}
    with psycopg.connect(conninfo) as connection:
        for name, query in CATALOGUES.items():
            found[name] = connection.execute(query).fetchall()
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not like 'pg\\_%' "
            "and schemaname <> 'information_schema' order by 1, 2"
        ).fetchall()
        for table in tables:
            digest = sql.SQL("select count(*), md5(string_agg(t::text, '|' order by t::text)) from {} as t")
            found[".".join(table)] = connection.execute(digest.format(sql.Identifier(*table))).fetchone()
    return found


def test_what_is_restored_into_an_empty_server_is_what_was_saved(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(platform.conninfo)
    assert before[RAW] and len(before) > len(CATALOGUES) + 10
    assert commands.backup(platform.settings, {"DOSSIER": str(platform.folder)}) == 0
    said = capsys.readouterr().out
    assert "Les clés n'y sont pas" in said and "DAC_CLE_AGAJ_SUIVI" in said
    saved = platform.newest()
    key = os.environ["DAC_CLE_AGAJ_SUIVI"].encode()
    assert not any(key in file.read_bytes() for file in saved.rglob("*") if file.is_file())
    empty = EmbeddedServer(tmp_path / "vide", durable=False, preferred_port=0)
    try:
        for name in (DATABASE, HISTORY):
            empty.ensure_database(name)
        conninfo = empty.start().conninfo(DATABASE)
        for name, value in environment(conninfo).items():
            monkeypatch.setenv(name, value)
        for name in home.STORAGE[:-1]:
            monkeypatch.delenv(name, raising=False)
        there = Platform(platform.settings, conninfo, platform.folder)
        # Nothing past its retention: it would go.
        monkeypatch.setattr(commands, "plan", lambda *_: [])
        assert commands.restore(platform.settings, there.typed(DOSSIER=str(saved))) == 0
        after = content(conninfo)
        differing = [name for name in {*before, *after} if before.get(name) != after.get(name)]
        told = [
            (
                name,
                *(
                    set(one or ()) - set(other or ())
                    for one, other in ((before[name], after[name]), (after[name], before[name]))
                ),
            )
            for name in differing
            if name in before and name in after
        ]
        assert not differing, told
        with psycopg.connect(empty.start().conninfo(HISTORY)) as history:
            assert history.execute("select * from runs").fetchall() == [("1", "a")]
    finally:
        empty.destroy()


@long
def test_who_was_erased_since_and_what_is_past_its_time_do_not_come_back(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.backup(platform.settings, {"DOSSIER": str(platform.folder)})
    saved = platform.newest()
    [(person,)] = platform.ask(
        f"select identifiant_du_jeune from {RAW} group by 1 order by count(*) desc, 1 limit 1"
    )
    [(rows,)] = platform.ask(f"select count(*) from {RAW}")
    rights.person_erase(platform.settings, platform.typed(IDENTIFIANT=person, AG="agaj"))
    rights.purge(platform.settings, platform.typed())
    [(left,)] = platform.ask(f"select count(*) from {RAW}")
    assert left < rows
    with psycopg.connect(platform.conninfo) as connection:
        [erased] = read_erased(connection)
    capsys.readouterr()

    # Shown first, and then nothing has changed.
    assert commands.restore(platform.settings, {"DOSSIER": str(saved)}) == 0
    said = capsys.readouterr().out
    assert "Rien n'a été touché" in said and f"la base {platform.typed()['BASE']} : 1 empreinte" in said
    assert commands.restore(platform.settings, platform.typed(DOSSIER=str(saved))) == 0
    said = capsys.readouterr().out
    assert "1 personne effacée à nouveau" in said and person not in said
    assert platform.ask(f"select count(*) from {RAW}") == [(left,)]
    assert platform.ask(f"select count(*) from {RAW} where identifiant_du_jeune = %s", person) == [(0,)]
    with psycopg.connect(platform.conninfo) as connection:
        assert read_erased(connection) == {erased}
    assert platform.ask("select count(*) from audit.evenements where action = 'effacement'") == [(1,)]

    # The server is lost with its list: the newest that was saved serves.
    commands.backup(platform.settings, {"DOSSIER": str(platform.folder)})
    assert read_erased_file(platform.folder / commands.ERASED) == {erased}
    platform.ask("delete from plateforme.personnes_effacees")
    commands.restore(platform.settings, platform.typed(DOSSIER=str(saved)))
    assert platform.ask(f"select count(*) from {RAW} where identifiant_du_jeune = %s", person) == [(0,)]


def test_a_backup_that_changed_or_is_not_whole_is_refused(platform: Platform) -> None:
    commands.backup(platform.settings, {"DOSSIER": str(platform.folder)})
    saved = platform.newest()
    before = platform.ask("select oid from pg_database where datname = current_database()")
    with (saved / commands.WAREHOUSE).open("r+b") as file:
        file.seek(100)
        file.write(b"x")
    for folder, words in ((saved, "a changé depuis"), (platform.folder, "pas une sauvegarde entière")):
        with pytest.raises(PlatformError, match=words):
            commands.restore(platform.settings, platform.typed(DOSSIER=str(folder)))
    with pytest.raises(PlatformError, match="Quel dossier"):
        commands.backup(platform.settings, {})
    assert platform.ask("select oid from pg_database where datname = current_database()") == before
