"""Every role connects and tries everything: what is declared is allowed, and nothing else."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from donnees_au_centre.access import apply_access
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.warehouse import EmbeddedServer
from tests.access_project import AccessProject, access_project
from tests.security.matrix import RELATIONS, faults, missing, rights

REFUSAL = """
refus:
  - role: agaj_donnees_brutes
    couche: [brut, rejets]
    justification: "Personne de l'AG n'a à relire ce qui est reçu."
"""


def mistakes(project: AccessProject) -> list[str]:
    """What the roles may do with tables and views, and schemas, that is not as declared, either way."""
    roles = list(project.declaration().roles)
    with psycopg.connect(project.conninfo) as connection:
        relations = connection.execute(RELATIONS).fetchall()
        found = rights(connection, roles)
    assert len(relations) > 10
    ours = {schema for schema, _ in relations}
    judged = [
        right
        for right in found
        if right[1] in ("table", "column", "schema", "function") and right[2].partition(".")[0] in ours
    ]
    return faults(judged, (), relations, ()) + missing(found, roles, relations)


@pytest.fixture(scope="module")
def built(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccessProject]:
    """Rights first, then loaded by the loader's account and built by dbt's: nobody is superuser."""
    name = f"essai_{uuid.uuid4().hex[:12]}"
    server.ensure_database(name)
    with access_project(tmp_path_factory.mktemp("acces"), server.start().conninfo(name)) as project:
        project.apply()
        assert not project.load().failed
        project.build_all()
        yield project
    server.drop_database(name)


def test_everything_declared_is_allowed_and_nothing_else(built: AccessProject) -> None:
    assert mistakes(built) == []


def test_nothing_is_left_to_apply_after_a_load_and_a_build(built: AccessProject) -> None:
    assert [change.statement for change in built.plan()] == []


@pytest.mark.parametrize("options", [(), ("--full-refresh",)], ids=["rebuild", "full refresh"])
def test_rights_hold_after_plain_dbt_rebuilds(built: AccessProject, options: tuple[str, ...]) -> None:
    before = built.ask("select pg_get_viewdef('age.dim_ecoles'::regclass)")
    built.build_all(*options, domains=("age", "agaj") if not options else ("age",))
    assert built.ask("select pg_get_viewdef('age.dim_ecoles'::regclass)") != before, "no new version"
    assert mistakes(built) == []
    assert built.plan() == []


@pytest.mark.parametrize(
    ("relation", "file"),
    [
        ("age.dim_ecoles", "models/age/marts/dim_ecoles.sql"),
        (
            "agaj_staging.stg_dossiers__dossiers",
            "models/agaj/staging/dossiers/stg_dossiers__dossiers.sql",
        ),
    ],
)
def test_a_rebuild_takes_a_masked_view_before_what_it_masks(
    built: AccessProject, relation: str, file: str
) -> None:
    """A reader takes the masked view, then what it masks: the other order would make a deadlock."""
    schema, name = relation.split(".")
    domain = file.split("/")[1]
    before = (built.settings.root / file).read_text("utf-8")
    # A new column has the masked view made again.
    built.write(file, before.replace(" from ", ", 1 as un from ", 1))
    with psycopg.connect(built.conninfo) as reader:
        reader.execute(f"comment on view {schema}_masque.{name} is 'lue'")
        building = threading.Thread(target=built.build_all, kwargs={"domains": (domain,)})
        building.start()
        # Until the build waits for the view.
        waiting = (
            "select count(*) > 0 from pg_stat_activity "
            "where application_name in ('dbt', 'publication') and wait_event_type = 'Lock'"
        )
        deadline = time.monotonic() + 60
        while built.ask(waiting) == [(False,)]:
            assert time.monotonic() < deadline, "the build did not ask for the view"
            time.sleep(0.02)
        begun = time.monotonic()
        reader.execute(f"select count(*) from {relation}")
        assert time.monotonic() - begun < 1
        reader.rollback()
        building.join()
    assert mistakes(built) == []
    built.write(file, before)
    built.build_all(domains=(domain,))


def test_rights_hold_for_new_columns_new_models_and_new_tables(built: AccessProject) -> None:
    staging = "models/age/staging/ecoles/stg_ecoles__ecoles.sql"
    before = (built.settings.root / staging).read_text("utf-8")
    built.write(staging, "select po, fase, nom, 1 as un from {{ source('ecoles', 'ecoles') }}")
    built.write("models/age/marts/fct_nouveau.sql", "select nom from {{ ref('stg_ecoles__ecoles') }}")
    built.write(
        "landing/agaj/dossiers/autres.csv",
        "dossier,nom,naissance,mesure,service,surprise\nd2,N,2011-01-01,a,s,x\n",
    )
    assert not built.load().failed
    built.build_all()
    with psycopg.connect(built.account("dbt_age"), autocommit=True) as connection:
        connection.execute("create table age.a_la_main (x integer)")
    assert mistakes(built) == []
    built.run("drop table age.a_la_main")
    built.write(staging, before)
    built.build_all(domains=("age",))
    assert mistakes(built) == []


def test_a_power_of_schools_sees_its_own_rows_only(built: AccessProject) -> None:
    everything = "select fase from age{}.dim_ecoles order by fase"
    assert built.ask(everything.format("_filtre"), "po_essai") == [("2",), ("3",)]
    assert len(built.ask(everything.format(""), "bi")) == 3
    assert len(built.ask(everything.format(""), "dbt_agaj")) == 3


def test_rows_follow_the_files(built: AccessProject) -> None:
    file = built.settings.root / "policies" / "access" / "age.yml"
    before = file.read_text("utf-8")
    try:
        file.write_text(before.replace("[20]", "[10, 999]"), "utf-8")
        built.apply()
        assert built.ask("select fase from age_filtre.dim_ecoles", "po_essai") == [("1",)]
    finally:
        file.write_text(before, "utf-8")
        built.apply()


def test_masked_views_hide_the_person_and_what_nobody_described(built: AccessProject) -> None:
    [row] = built.ask(
        "select dossier, nom, naissance, mesure, service from agaj_staging_masque.stg_dossiers__dossiers "
        "where dossier = 'd1'",
        "steward_agaj",
    )
    assert row == ("d1", None, None, None, "s1")
    ecarts = "select distinct valeur_brute, motif from agaj_staging_masque.stg_dossiers__dossiers_ecarts"
    assert built.ask(ecarts, "steward_agaj") == [(None, "absent")]
    # A masked reader of shared-out rows sees its rows only.
    assert built.ask("select fase from age_masque.dim_ecoles", "ecoles_masquees") == [("1",)]
    types = "select attname, atttypid from pg_attribute where attrelid = '{}'::regclass and attnum > 0"
    base, masked = (
        dict(built.ask(types.format(f"{schema}.stg_dossiers__dossiers")))
        for schema in ("agaj_staging", "agaj_staging_masque")
    )
    assert base == masked


def test_what_is_withdrawn_from_the_files_is_withdrawn_from_the_base(built: AccessProject) -> None:
    file = built.settings.root / "policies/access/agaj.yml"
    query = "select from raw_agaj.dossiers"
    assert built.ask(query, "agaj_donnees_brutes")
    try:
        file.write_text(REFUSAL, "utf-8")
        changes = built.apply()
        assert any(change.statement.startswith("revoke") for change in changes)
        with pytest.raises(psycopg.Error, match="permission denied"):
            built.ask(query, "agaj_donnees_brutes")
        assert built.plan() == []
    finally:
        file.unlink()
        built.apply()
    assert built.ask(query, "agaj_donnees_brutes")


def test_an_access_past_its_review_is_withdrawn(built: AccessProject) -> None:
    try:
        built.apply(today=date(2027, 11, 16))
        with pytest.raises(psycopg.Error, match="permission denied"):
            built.ask("select from age.dim_ecoles", "bi")
    finally:
        built.apply()
    assert mistakes(built) == []


def test_a_stranger_has_nothing(built: AccessProject) -> None:
    built.run("create role inconnu login password 'essai'")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(make_conninfo(built.conninfo, user="inconnu", password="essai"))
    finally:
        built.run("drop role inconnu")


def test_an_account_without_the_right_to_give_rights_is_told_whom_to_ask(built: AccessProject) -> None:
    with pytest.raises(PlatformError) as refused:
        apply_access(built.account("bi"), built.declaration())
    assert "ne peut pas donner de droits" in str(refused.value)
    assert "make access-plan" in refused.value.advice


def test_a_manager_who_is_no_superuser_applies_and_everything_holds(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    """On a managed server nobody is superuser: an account that owns the base and creates roles is enough."""
    name = f"essai_{uuid.uuid4().hex[:12]}"
    server.ensure_database(name)
    admin = server.start().conninfo(name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("create role gerant login createrole password 'essai'")
        # Roles belong to whoever made them: here, to the superuser of the other tests.
        for (role,) in connection.execute(
            "select rolname from pg_roles where shobj_description(oid, 'pg_authid') like 'Données au Centre%'"
        ).fetchall():
            connection.execute(f"grant {role} to gerant with admin true, inherit true, set true".encode())
        connection.execute(f"alter database {name} owner to gerant".encode())
    try:
        with access_project(tmp_path, admin) as project:
            gerant = make_conninfo(admin, user="gerant", password="essai")
            declaration = project.declaration()
            assert apply_access(gerant, declaration).changes
            assert not project.load().failed
            project.build_all(domains=("age",))
            assert apply_access(gerant, declaration).changes == []
            assert mistakes(project) == []
    finally:
        server.drop_database(name)
        with psycopg.connect(server.start().conninfo("postgres"), autocommit=True) as connection:
            connection.execute("drop role gerant")
