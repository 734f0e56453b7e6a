"""The protection macros on a real server: what they give, what they refuse, and where keys never are."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from denodo import check
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.keys import Need, pads, pgoptions
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT, SERVER_VARIABLES, Settings
from tests.macros.rendering import Rendered, render
from tests.memory import recall

HMAC = "{{ pseudonymise('valeur', 'commun', 'essai') }}"
ELSEWHERE = "{{ pseudonymise('valeur', 'agaj', 'essai') }}"
MISSPELT = "{{ pseudonymise('valeur', 'commun', 'Suivi des jeunes') }}"
HIDDEN = "{{ mask('valeur') }}"
BEGUN = "{{ mask('valeur', keep=2) }}"
SOME = "{{ mask('valeur', when=\"valeur = 'secret'\") }}"
AGE = "{{ age_band('naissance', 'jour', width=10, oldest=65) }}"
PLACE = "{{ arrondissement_code('valeur') }}"
CALLS = (HMAC, ELSEWHERE, MISSPELT, HIDDEN, BEGUN, SOME, AGE, PLACE)
KEY = bytes(range(100, 140))
MODEL = "stg_prises_en_charge__prises_en_charge"
NEED = Need("agaj", "suivi")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Rendered]]:
    return {
        engine: {one.call: one for one in render(CALLS, engine, tmp_path_factory.mktemp(engine))}
        for engine in ("postgres", "denodo")
    }


def keyed(conninfo: str, key: bytes, name: str = "commun_essai") -> psycopg.Connection:
    inner, outer = pads(key)
    return psycopg.connect(conninfo, options=f"-c dac.i_{name}={inner} -c dac.o_{name}={outer}")


@pytest.mark.parametrize("key", [KEY, b"k" * 32, b"long" * 40])
@pytest.mark.parametrize("value", ["J0000169", "", "Élodie ' \\ \n", "x" * 1000])
def test_a_pseudonym_is_python_s_hmac(rendered, database: str, key: bytes, value: str) -> None:
    sql = rendered["postgres"][HMAC].sql
    with keyed(database, key) as connection:
        found = connection.execute(f"select {sql} from (select %s::text as valeur) as t", [value]).fetchone()
        nothing = connection.execute(f"select {sql} from (select null::text as valeur) as t").fetchone()
    assert found == (hmac.new(key, value.encode(), hashlib.sha256).hexdigest(),)
    assert nothing == (None,)


def test_a_session_without_the_key_is_told_which(rendered, database: str) -> None:
    with psycopg.connect(database) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(f"select {rendered['postgres'][HMAC].sql} from (select 'x' as valeur) as t")
    assert "DAC_CLE_COMMUN_ESSAI manque" in str(caught.value) and "make build" in str(caught.value)


def test_bad_calls_are_refused(rendered) -> None:
    assert "un modèle du domaine commun demande la clé de agaj" in rendered["postgres"][ELSEWHERE].refusal
    assert "Suivi des jeunes" in rendered["postgres"][MISSPELT].refusal
    assert "VQL n'a pas de HMAC" in rendered["denodo"][HMAC].refusal
    assert "sur_denodo: vue_de_base" in rendered["denodo"][HMAC].refusal


@pytest.mark.parametrize("call", [HIDDEN, BEGUN, SOME, AGE, PLACE])
def test_the_others_are_documented_vql(rendered, call: str) -> None:
    sql = f"select {rendered['denodo'][call].sql} as resultat from t"
    assert [str(fault) for fault in check(sql) if fault.severity == "erreur"] == []


def test_masks_and_places(rendered, database: str) -> None:
    cases = {
        HIDDEN: {"Lambert": "***", "": "***", None: None},
        BEGUN: {"5000": "50***", "50": "***", "5": "***", "": "***", None: None},
        SOME: {"secret": "***", "public": "public", None: None},
        PLACE: {"25072": "25000", "62063": "62000", None: None},
    }
    with psycopg.connect(database) as connection:
        for call, expected in cases.items():
            sql = f"select {rendered['postgres'][call].sql} from (select %s::text as valeur) as t"
            found = {value: connection.execute(sql, [value]).fetchone()[0] for value in expected}
            assert found == expected


def test_ages_are_bands(rendered, database: str) -> None:
    day = date(2024, 3, 1)
    cases = {
        date(2024, 3, 1): "De 0 à 9 ans",
        date(2014, 3, 2): "De 0 à 9 ans",
        date(2014, 3, 1): "De 10 à 19 ans",
        # Born on a 29 February: ten on 1 March of a year without one.
        date(2004, 2, 29): "De 20 à 29 ans",
        date(1964, 3, 1): "De 60 à 64 ans",
        date(1959, 3, 2): "De 60 à 64 ans",
        date(1959, 3, 1): "65 ans et plus",
        date(1900, 1, 1): "65 ans et plus",
        date(2024, 3, 2): None,
        None: None,
    }
    sql = f"select {rendered['postgres'][AGE].sql} from (select %s::date as naissance, %s::date as jour) as t"
    with psycopg.connect(database) as connection:
        assert {born: connection.execute(sql, [born, day]).fetchone()[0] for born in cases} == cases
        assert connection.execute(sql, [day, None]).fetchone() == (None,)


@pytest.fixture
def built(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Settings, bytes]]:
    """The pseudonymising model of the real project, built and tested by dbt with a key of the environment."""
    key = bytes.fromhex("d1ce" * 16)
    parts = conninfo_to_dict(database)
    names = ("host", "port", "user", "password", "dbname")
    for name, part in zip(SERVER_VARIABLES, names, strict=True):
        monkeypatch.setenv(name, str(parts[part]))
    monkeypatch.setenv("DBT_TARGET", "ci")
    settings = replace(Settings.load(), target_path=tmp_path / "target", build=tmp_path / "build")
    recall(settings)
    parsed = parse(settings)
    sources = [source for source in parsed.manifest.own_sources if source.source_name == "prises_en_charge"]
    load_landing(database, ROOT / "landing", read_declarations(sources))
    monkeypatch.setenv(NEED.variable, key.hex())
    monkeypatch.setenv("PGOPTIONS", pgoptions(["agaj"], settings))
    arguments = ["build", "--select", MODEL, f"{MODEL}_ecarts", "--debug"]
    run = DbtRun(settings, "agaj", parsed.project, arguments)
    results = list(run.results())
    monkeypatch.delenv("PGOPTIONS")
    assert run.error is None and results and not any(result.bad for result in results), results
    yield database, settings, key


def test_the_key_stands_nowhere_after_a_build(built, server) -> None:
    database, settings, key = built
    secrets = [key, *(bytes.fromhex(pad) for pad in pads(key))]
    needles = [form for secret in secrets for form in (secret, secret.hex().encode())]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("checkpoint")
        data = Path(connection.execute("show data_directory").fetchone()[0])
        sign = connection.execute(f"select min(jeune_pseudonyme) from agaj_staging.{MODEL}").fetchone()[0]
    places = [path for folder in (settings.target_path, server.state, data) for path in folder.rglob("*")]
    read = [path for path in places if path.is_file()]
    assert any(path.name == "dbt.log" for path in read) and any("manifest" in path.name for path in read)
    # The search finds what is there: a pseudonym, in the files of the database.
    assert any(sign.encode() in path.read_bytes() for path in data.rglob("*") if path.is_file())
    for path in read:
        content = path.read_bytes()
        assert not any(needle in content for needle in needles), path
    # What another session sees: no setting, no query text.
    with psycopg.connect(database) as connection:
        assert connection.execute("select current_setting('dac.i_agaj_suivi', true)").fetchone() == (None,)
        for view in ("pg_stat_activity", "pg_settings", "pg_db_role_setting", "pg_views", "pg_file_settings"):
            text = str(connection.execute(f"select t::text from {view} as t").fetchall())
            assert not any(needle.decode() in text for needle in needles if needle.isascii()), view


def test_pseudonyms_follow_a_person_and_no_identifier_stays(built) -> None:
    database, _, key = built
    with psycopg.connect(database) as connection:
        received = connection.execute("select identifiant_du_jeune from raw_agaj.prises_en_charge").fetchall()
        pairs = connection.execute(f"select jeune_pseudonyme from agaj_staging.{MODEL}").fetchall()
        rows = connection.execute(f"select t::text from agaj_staging.{MODEL} as t").fetchall()
        issues = connection.execute(f"select t::text from agaj_staging.{MODEL}_ecarts as t").fetchall()
    expected = {
        hmac.new(key, value.strip().encode(), hashlib.sha256).hexdigest() for (value,) in received if value
    }
    assert {pseudonym for (pseudonym,) in pairs} <= expected
    assert len({pseudonym for (pseudonym,) in pairs}) < len(pairs)
    text = str(rows) + str(issues)
    assert not [value for (value,) in received if value and value.strip() in text]
    assert "n/d" not in str(issues) and "***" in str(issues)
