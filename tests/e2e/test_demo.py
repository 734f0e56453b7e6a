"""`make demo` from a clean landing zone to the marts: once, again, and with what goes wrong in real life."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.sample import DEFAULT_SEED, generate
from dev.sample.reference import World
from dev.sample.systems import DATABASE, facilities, occupations, sample_systems
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.settings import DEFAULT_DATABASE, ROOT, Settings
from donnees_au_centre.warehouse import EmbeddedServer
from tests.campaigns import long
from tests.e2e.conftest import Checkout
from tests.memory import recall
from tests.small_project import environment

REAL_LANDING = ROOT.parent / "shared" / "data" / "landing"
LOADED_ROWS = """
    select source_fichier, count(*), min(chargement_id), max(charge_le)
    from raw_{domain}.{table} group by source_fichier order by source_fichier
"""
RECEIPTS = "select fichier, statut from plateforme.chargements"

# The schemas of the marts.
MARTS = tuple(domains_in(ROOT))


def raw_tables(checkout: Checkout) -> list[tuple[str, str]]:
    return [(line["domain"], line["table"]) for line in checkout.summary()["sources"]]


def everything_loaded(checkout: Checkout) -> dict[str, list[tuple]]:
    return {
        f"{domain}.{table}": checkout.ask(LOADED_ROWS.format(domain=domain, table=table))
        for domain, table in raw_tables(checkout)
    }


def test_every_line_of_the_sample_is_where_its_maker_says(built: Checkout, tmp_path: Path) -> None:
    made = generate(tmp_path)
    rows = {file: count for tables in everything_loaded(built).values() for file, count, *_ in tables}
    refused = {
        file: count
        for domain in sorted({domain for domain, _ in raw_tables(built)})
        for file, count in built.ask(
            f"select source_fichier, count(*) from raw_{domain}.rejets_chargement group by source_fichier"
        )
    }
    twins = {
        file for (file,) in built.ask("select fichier from plateforme.chargements where statut = 'doublon'")
    }
    assert twins == {"ags/points_verts/points_verts_2025-06-14.csv"}
    expected = {str(file): tally for file, tally in made.items() if str(file) not in twins}
    maker = World(DEFAULT_SEED, 1.0)
    assert rows["sg/salles/occupation_salles.postgresql"] == len(list(occupations(maker)))
    portal = "ags/infrastructures_sportives/infrastructures_sportives.opendatasoft"
    assert rows[portal] == len(list(facilities(maker)))
    # What the project has received since the sample is no business of its maker.
    assert {file: rows.get(file) for file in expected} == {
        file: tally.lignes for file, tally in expected.items()
    }
    assert {file: count for file, count in refused.items() if file in expected} == {
        file: tally.rejets_chargement.total()
        for file, tally in expected.items()
        if tally.rejets_chargement.total()
    }
    assert sum(refused.values()) > 0


def test_every_received_row_is_in_staging_or_in_the_ecarts(built: Checkout) -> None:
    pairs = built.ask(
        """
        select staging.table_schema, staging.table_name
        from information_schema.tables as staging
        inner join information_schema.tables as ecarts
            on staging.table_schema = ecarts.table_schema
            and ecarts.table_name = staging.table_name || '_ecarts'
        where right(staging.table_schema, 7) <> '_masque'
        """
    )
    assert len(pairs) == sum(line["failure"] is None for line in built.summary()["sources"])
    kept = sum(built.ask(f"select count(*) from {schema}.{name}")[0][0] for schema, name in pairs)
    summary = built.summary()["sources"]
    set_aside = sum(line["rejected_rows"] + line["excluded_rows"] for line in summary)
    assert kept + set_aside == sum(line["rows"] for line in summary)
    assert set_aside > 0


def test_marts_hold_rows_and_carry_their_descriptions(built: Checkout) -> None:
    marts = built.ask(
        f"""
        select table_schema, table_name from information_schema.tables
        where table_schema in {MARTS}
            -- The lock of builds, where a domain has no private schema.
            and table_name <> 'tour_de_construction'
        """
    )
    assert len(marts) >= 25
    empty = [name for schema, name in marts if not built.ask(f"select 1 from {schema}.{name} limit 1")]
    assert empty == []
    silent = built.ask(
        """
        select attrelid::regclass, attname from pg_attribute
        inner join pg_class on pg_class.oid = attrelid
        where relnamespace in ('age'::regnamespace, 'ags'::regnamespace, 'transversal'::regnamespace)
            and relkind = 'r' and attnum > 0 and col_description(attrelid, attnum) is null
        """
    )
    assert silent == []


# Raw column of a person -> how a mart would show it: a part of a text, a whole text, or a day.
PERSONAL_VALUES = {
    "raw_agaj.prises_en_charge": {
        "identifiant_du_jeune": "part", "n_de_prise_en_charge": "part", "date_de_naissance": "day",
    },
    "raw_agmj.mandats": {"identifiant_du_justiciable": "part", "n_de_mandat": "part"},
    "raw_sg.agents": {
        "adresse_electronique": "part", "nom": "whole", "prenom": "whole", "matricule": "whole",
        "date_de_naissance": "day",
    },
    "raw_agc.cadastre_subventions": {"beneficiaire": "part"},
}  # fmt: skip


def test_no_mart_holds_a_value_that_identifies_a_person(built: Checkout) -> None:
    columns = built.ask(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        f"where table_schema in {MARTS}"
    )
    path = built.folder / "target" / DEFAULT_DATABASE / "manifest.json"
    sources = Manifest(json.loads(path.read_text("utf-8"))).sources.values()
    naming = {
        (f"{source.schema}.{source.relation}", name)
        for source in sources
        for name, column in source.columns.items()
        if column.category == "identifiant_direct"
    }
    searched_for = {(table, column) for table, columns in PERSONAL_VALUES.items() for column in columns}
    assert naming - searched_for == set()
    # Of people only: bodies, of the same column, are named in the cadastre.
    natural = (
        " and coalesce(type_de_beneficiaire, '') <> 'Personne morale'"
        " and coalesce(beneficiaire_numero_entreprise, '') = '' and n_de_dossier <> 'TOTAL GÉNÉRAL'"
    )
    wanted: dict[str, set[str]] = {"part": set(), "whole": set(), "day": set()}
    for table, kinds in PERSONAL_VALUES.items():
        for column, kind in kinds.items():
            values = built.ask(
                f"select distinct trim({column}) from {table} "
                f"where coalesce(trim({column}), '') not in ('', 'n/d', 'à attribuer')"
                f"{natural if column == 'beneficiaire' else ''}"
            )
            assert values, (table, column)
            wanted[kind] |= {value.casefold() for (value,) in values}
    people = {first for (first,) in built.ask("select distinct nom || ' ' || prenom from raw_sg.agents")}
    wanted["part"] |= {name.casefold() for name in people}
    found, searched = [], 0
    for schema, table, column, kind in columns:
        cells = {
            str(value).casefold()
            for (value,) in built.ask(f'select distinct "{column}"::text from {schema}.{table}')
            if value is not None
        }
        searched += len(cells)
        mine = schema in ("sg", "agaj", "agmj", "agc")
        if kind == "text":
            found += [(table, column, part) for part in wanted["part"] if any(part in cell for cell in cells)]
        if kind == "text" and mine:
            found += [(table, column, cell) for cell in cells & wanted["whole"]]
        if schema in ("agaj", "agmj", "agc") or table == "fct_effectif":
            # A birth date has no business in the marts of these sources, however it is written.
            days = {f"{day[6:]}-{day[3:5]}-{day[:2]}" if "/" in day else day for day in wanted["day"]}
            found += [(table, column, cell) for cell in cells & (days | wanted["day"])]
    assert found == []
    assert searched > 10_000
    # The search sees what is there: the raw tables hold all of it.
    raw = built.ask("select identifiant_du_jeune from raw_agaj.prises_en_charge")
    assert any(value and value.casefold() in wanted["part"] for (value,) in raw)


def test_no_row_set_aside_keeps_a_personal_value(built: Checkout) -> None:
    for table in (
        "agaj_staging.stg_prises_en_charge__prises_en_charge_ecarts",
        "agmj_staging.stg_mandats__mandats_ecarts",
        "sg_staging.stg_agents__agents_ecarts",
    ):
        assert built.ask(f"select distinct valeur_brute from {table} where valeur_brute is not null") == [
            ("***",)
        ]


def test_a_second_run_changes_nothing(built: Checkout) -> None:
    before = everything_loaded(built)
    receipts = built.ask(RECEIPTS)
    done = built.command("demo", STRICT="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert everything_loaded(built) == before
    assert built.ask(RECEIPTS) == receipts
    assert not list((built.folder / "target").glob("*/runs/*/*/manifest.json"))


@pytest.fixture(scope="module")
def systems(built: Checkout) -> Iterator[dict[str, str]]:
    """Where the sample's systems are, for another zone, over which nobody runs them."""
    connection = EmbeddedServer(built.folder / ".warehouse").start()
    with sample_systems(connection.conninfo(DATABASE), connection.password_file) as given:
        yield given


def test_another_landing_zone_has_a_database_of_its_own(
    built: Checkout, systems: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "zone/sg").mkdir(parents=True)
    shutil.copytree(built.landing / "sg/baremes", tmp_path / "zone/sg/baremes")
    # Where infrastructures find their communes.
    shutil.copytree(built.landing / "commun", tmp_path / "zone/commun")
    (tmp_path / "zone/sg/baremes/inconnu.txt").write_text("?")
    variables = {"LANDING": str(tmp_path / "zone"), "STRICT": "1"}
    # dbt would read the whole project again for another database: `built` shows that.
    settings = Settings.load(variables, built.folder)
    server = EmbeddedServer(settings.state).start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server.conninfo(settings.database)).items():
            patch.setenv(name, value)
        recall(settings)
    refused = built.command("load", **systems, **variables)
    assert refused.returncode == 1
    assert "sg/baremes/inconnu.txt" in refused.stdout
    (tmp_path / "zone/sg/baremes/inconnu.txt").unlink()
    # A system that was read, and is no longer connected, fails alone, and says what to define.
    done = built.command("load", **variables)
    assert done.returncode == 1
    for connection in ("SOURCE_SALLES", "SOURCE_INFRASTRUCTURES_SPORTIVES"):
        assert f"{connection} est absente" in done.stdout
    assert [line["table"] for line in built.summary()["sources"] if line["failure"]] == [
        "infrastructures_sportives",
        "occupation_salles",
    ]
    database = built.summary()["connection"]["database"]
    marts = "sg.marts.fct_bareme age.marts.fct_population_scolaire"
    done = built.command("build", **variables, SELECT=" ".join(f"+{one}" for one in marts.split()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert built.ask("select count(*) > 0 from sg.fct_bareme", database) == [(True,)]
    # Declared, never received: empty, and built all the same.
    assert built.ask("select count(*) from age.fct_population_scolaire", database) == [(0,)]


@long
def test_a_landing_zone_of_one_source_builds_every_model(
    built: Checkout, systems: dict[str, str], tmp_path: Path
) -> None:
    for place in ("sg/baremes", "commun"):
        shutil.copytree(built.landing / place, tmp_path / place)
    done = built.command("demo", **systems, LANDING=str(tmp_path), STRICT="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "jamais reçu" in done.stdout.lower()


@long
@pytest.mark.skipif(
    not REAL_LANDING.is_dir(), reason=f"no real landing zone beside the checkout: {REAL_LANDING}"
)
def test_the_real_landing_zone_passes_whole(built: Checkout, systems: dict[str, str]) -> None:
    done = built.command("demo", LANDING=str(REAL_LANDING), STRICT="1", **systems)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = built.summary()
    database = summary["connection"]["database"]
    lines = {line["table"]: line for line in summary["sources"]}
    assert lines["signaletique_fase"]["rows"] == 8346
    assert sum(lines["indice_socio_economique"]["unreadable"].values()) == 1
    assert lines["population"]["excluded_rows"] == 2142
    assert set(summary["tests"]) == {"success"}
    for mart, rows in {
        "age.dim_etablissement": 3029,
        "age.dim_implantation": 5516,
        "age.dim_pouvoir_organisateur": 1035,
        "ags.fct_marche": 480,
    }.items():
        assert built.ask(f"select count(*) from {mart}", database) == [(rows,)]
