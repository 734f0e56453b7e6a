"""A PostgreSQL base as a source: read by COPY, whole or from where the last reading ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from donnees_au_centre.cli.source_check import source_check
from donnees_au_centre.connectors import Described, RecordSource, connection_named, kind_named
from donnees_au_centre.connectors.kinds.postgresql import PostgresSource
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.fingerprints import fingerprint, rights_key, witness
from donnees_au_centre.landing import LoadReport, SourceTable, load_landing, read_declarations, row_counts
from donnees_au_centre.landing.audit import last_entry, placing_entry
from donnees_au_centre.landing.records import Period
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings
from orchestration.resources import resources_of
from orchestration.translator import Translator
from tests.conformance.records import SECRET, RecordConformance, Row
from tests.servers.relay import nobody, relay
from tests.unit.landing_sources import as_nodes, environment_of, source


class TestConformance(RecordConformance):
    """Through a relay, that can cut; as an account of its own."""

    @pytest.fixture
    def system(self, database: str) -> Iterator[TestConformance]:
        found = conninfo_to_dict(database)
        self.database, self.name = database, str(found["dbname"])
        self.account = f"lecteur_{self.name}"
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                sql.SQL(
                    "create role {} login password {}; create table conforme "
                    "(id int, texte text, montant numeric(38, 10), grand numeric(38, 0));"
                    "grant select on conforme to {}"
                ).format(sql.Identifier(self.account), sql.Literal(SECRET), sql.Identifier(self.account))
            )
            with relay(int(str(found["port"])), str(found["host"])) as self.passage:
                yield self
            connection.execute(
                sql.SQL("drop table conforme; drop owned by {}; drop role {}").format(
                    sql.Identifier(self.account), sql.Identifier(self.account)
                )
            )

    def put(self, rows: Sequence[Row]) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute("truncate conforme")
            with connection.cursor().copy("copy conforme from stdin") as copy:
                for row in rows:
                    copy.write_row([*row.values()])

    def source(self, secret: str = SECRET) -> RecordSource:
        return self._reader(self.passage.port, secret)

    def down(self) -> RecordSource:
        return self._reader(nobody(), SECRET)

    def cut(self) -> None:
        self.passage.limit = 150_000

    def mended(self) -> None:
        self.passage.limit = None

    def _reader(self, port: int, secret: str) -> RecordSource:
        environ = {
            "SOURCE_ESSAI": f"postgresql://{self.account}@127.0.0.1:{port}/{self.name}",
            "SOURCE_ESSAI_PASSWORD": secret,
        }
        kind = kind_named("postgresql")
        found = kind(connection_named("essai", environ), "public.conforme", kind.options_class())
        assert isinstance(found, RecordSource)
        return found


COLUMNS = ("id", "nom", "montant", "modifie_le")
NASTY = """
create schema amont;
create table amont.dossiers (
    id integer primary key, nom text, montant numeric(38, 10), modifie_le timestamptz not null
);
insert into amont.dossiers values
    (1, 'Éléonore', 0.1234567890, '2026-01-01 10:00+01'),
    (2, '', 'NaN', '2026-01-02 10:00+01'),
    (3, null, 12345678901234567890123456.1, '2026-01-03 10:00+01'),
    (4, E'a\\tb\\nc\\\\d"e', null, 'infinity');
"""


@pytest.fixture
def amont(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """A base that is a source: another schema of the test's own server, by an address of its own."""
    for name, value in environment_of(database).items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(NASTY)
        yield connection


def table(options: dict[str, Any] | None = None, **external: Any) -> SourceTable:
    entry = source(location="amont.dossiers", columns=COLUMNS, file_format=None, options=options)
    entry["external"] |= {"kind": "postgresql", "connection": "amont", **external}
    return read_declarations(as_nodes(entry))[0]


@pytest.fixture
def read(database: str, tmp_path: Path) -> Callable[..., LoadReport]:
    def run(options: dict[str, Any] | None = None, **more: Any) -> LoadReport:
        return load_landing(database, tmp_path, [table(options)], **more)

    return run


def rows(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(
        "select id, nom, montant, modifie_le from raw_age.essai order by id::int"
    ).fetchall()


def status(report: LoadReport) -> tuple[str, str]:
    file = report.tables[0].files[0]
    return file.status, file.message


INCREMENTAL = {"incremental": {"cursor": "modifie_le", "type": "time", "look_back": "2 days", "key": ["id"]}}


def test_values_arrive_as_the_source_writes_them(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    assert status(read()) == ("charge", "")
    assert rows(amont) == [
        ("1", "Éléonore", "0.1234567890", "2026-01-01 09:00:00+00"),
        ("2", "", "NaN", "2026-01-02 09:00:00+00"),
        ("3", None, "12345678901234567890123456.1000000000", "2026-01-03 09:00:00+00"),
        ("4", 'a\tb\nc\\d"e', None, "infinity"),
    ]
    kept = amont.execute("select source_fichier, source_ligne from raw_age.essai order by 2").fetchall()
    assert kept == [("age/essai/essai.postgresql", line) for line in (1, 2, 3, 4)]


def test_the_same_again_changes_nothing(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    read()
    before = amont.execute("select chargement_id, count(*) from raw_age.essai group by 1").fetchall()
    assert status(read())[0] == "inchange"
    assert amont.execute("select chargement_id, count(*) from raw_age.essai group by 1").fetchall() == before


def test_a_whole_reading_takes_the_place_of_the_last(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    read()
    amont.execute("delete from amont.dossiers where id = 4; update amont.dossiers set nom = 'x' where id = 1")
    assert status(read())[0] == "remplace"
    assert [row[:2] for row in rows(amont)] == [("1", "x"), ("2", ""), ("3", None)]


def test_an_incremental_reading_takes_what_changed_and_what_came_late(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    amont.execute("update amont.dossiers set modifie_le = '2026-01-04 10:00+01' where id = 4")
    assert status(read(INCREMENTAL))[0] == "charge"
    assert status(read(INCREMENTAL))[0] == "inchange"
    amont.execute(
        "update amont.dossiers set nom = 'corrigé', modifie_le = '2026-01-05 10:00+01' where id = 1;"
        "insert into amont.dossiers values (5, 'tardif', 1, '2026-01-03 11:00+01')"
    )
    assert status(read(INCREMENTAL)) == ("remplace", "Lu à partir de 2026-01-02 09:00:00+00.")
    assert [row[:2] for row in rows(amont)] == [
        ("1", "corrigé"), ("2", ""), ("3", None), ("4", 'a\tb\nc\\d"e'), ("5", "tardif"),
    ]  # fmt: skip
    loads = amont.execute(
        "select id from raw_age.essai where chargement_id = "
        "(select max(chargement_id) from raw_age.essai) order by id"
    ).fetchall()
    # The others keep the load that brought them: nothing is made of them again.
    assert loads == [("1",), ("5",)]
    # A row is one number of its delivery, however many readings made it.
    numbers = amont.execute("select count(distinct (source_fichier, source_ligne)) from raw_age.essai")
    assert numbers.fetchone() == (5,)
    held = amont.execute(
        "select lignes from plateforme.chargements order by chargement_id desc limit 1"
    ).fetchone()
    assert held == (5,)


def test_rows_are_counted_whatever_reading_is_gone(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_counts, "SMALL", 0)

    def rows_counted() -> bool:
        counted = amont.execute("select count(*) from raw_age.essai").fetchone()
        return counted == (row_counts.count_rows(amont, table(INCREMENTAL)),)

    amont.execute("update amont.dossiers set modifie_le = '2026-01-04 10:00+01' where id = 4")
    read(INCREMENTAL)
    amont.execute("insert into amont.dossiers values (5, 'nouveau', 1, '2026-01-05 10:00+01')")
    read(INCREMENTAL)
    assert rows_counted()
    # All that the second reading brought; then where nobody knows what any did.
    amont.execute("delete from raw_age.essai where id = '5'")
    assert rows_counted()
    amont.execute("drop table plateforme.chargements")
    assert rows_counted()


@pytest.mark.parametrize(
    ("column", "values", "back", "since"),
    [
        ("date", ["2026-01-31", "2026-02-02"], "1 day", "2026-02-01 00:00:00"),
        ("timestamp", ["2026-01-31 10:00", "infinity"], "1 hour", "2026-01-31 09:00:00"),
        ("timestamptz", ["2026-03-29 03:30+02", "-infinity"], "1 day", "2026-03-28 01:30:00+00"),
    ],
)
def test_the_mark_is_the_last_moment_less_the_look_back(
    amont: psycopg.Connection[Any],
    read: Callable[..., LoadReport],
    column: str,
    values: list[str],
    back: str,
    since: str,
) -> None:
    amont.execute(
        f"truncate amont.dossiers; alter table amont.dossiers alter modifie_le type {column} using null"
    )
    with amont.cursor() as cursor:
        cursor.executemany("insert into amont.dossiers values (%s, 'x', 1, %s)", list(enumerate(values)))
    said = {"incremental": {**INCREMENTAL["incremental"], "look_back": back}}
    assert status(read(said))[0] == "charge"
    amont.execute("update amont.dossiers set nom = 'y'")
    state, message = status(read(said))
    assert (state, message) == ("remplace", f"Lu à partir de {since}.")


def test_a_system_that_nobody_connected_was_never_received(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = os.environ["SOURCE_AMONT"]
    monkeypatch.delenv("SOURCE_AMONT")
    said: list[str] = []
    assert read(progress=said.append).tables[0].status == "jamais_recu"
    assert "jamais reçu. La connexion « amont » n'est pas définie sur cette machine" in said[0]
    monkeypatch.setenv("SOURCE_AMONT", address)
    read()
    # Once it was read, it is missed.
    monkeypatch.delenv("SOURCE_AMONT")
    report = read()
    assert report.tables[0].status == "echec"
    assert "SOURCE_AMONT est absente" in report.tables[0].reasons()[0]
    assert len(rows(amont)) == 4


def test_two_loads_at_once_leave_one_delivery(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    with ThreadPoolExecutor() as pool:
        found = [status(report)[0] for report in pool.map(lambda _: read(), range(3))]
    assert sorted(found) == ["charge", "inchange", "inchange"]
    assert amont.execute("select count(*) from raw_age.essai").fetchone() == (4,)


def test_a_cursor_that_is_empty_is_refused(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    amont.execute(
        "alter table amont.dossiers alter modifie_le drop not null;"
        "insert into amont.dossiers values (6, 'sans date', 1, null)"
    )
    state, said = status(read(INCREMENTAL))
    assert state == "echec"
    assert "1 ligne sans valeur dans « modifie_le »" in said
    assert amont.execute("select count(*) from raw_age.essai").fetchone() == (0,)


def test_a_column_of_another_type_waits(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    read()
    amont.execute("alter table amont.dossiers alter montant type text using montant::text || ' EUR'")
    state, said = status(read())
    assert state == "attente"
    assert "montant : numeric(38,10) -> text" in said
    assert rows(amont)[0][2] == "0.1234567890"
    digest = amont.execute(
        "select sha256 from plateforme.chargements order by chargement_id desc limit 1"
    ).fetchone()
    assert digest
    assert status(read(accepted={"age/essai/essai.postgresql": [digest[0]]}))[0] == "remplace"
    assert rows(amont)[0][2] == "0.1234567890 EUR"


def test_a_yes_is_for_the_next_reading_if_it_is_no_worse(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    """A live base never gives the same bytes again."""

    def accept() -> tuple[str, str]:
        waiting = last_entry(amont, table(few), "age/essai/essai.postgresql")
        assert waiting is not None
        return status(read(few, accepted={"age/essai/essai.postgresql": [str(waiting.sha256)]}))

    few = {"min_rows": 10}
    assert status(read(few))[0] == "attente"
    amont.execute("insert into amont.dossiers values (5, 'cinq', 5, now())")
    assert accept()[0] == "charge"
    assert len(rows(amont)) == 5
    amont.execute("update amont.dossiers set nom = 'autre' where id = 5")
    assert status(read(few))[0] == "attente"
    amont.execute("delete from amont.dossiers where id = 5")
    state, said = accept()
    assert (state, "4 lignes au lieu de 5" in said) == ("echec", True)
    assert status(read(few))[0] == "attente"
    amont.execute("alter table amont.dossiers alter nom type date using null")
    state, said = accept()
    assert (state, "nom : text -> date" in said) == ("echec", True)
    assert len(rows(amont)) == 5


def test_a_column_that_is_gone_fails_and_a_new_one_is_kept(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    read()
    amont.execute("alter table amont.dossiers add remarque text default 'neuve'")
    report = read()
    assert report.tables[0].files[0].columns_added == 1
    assert amont.execute("select distinct remarque from raw_age.essai").fetchall() == [("neuve",)]
    amont.execute("alter table amont.dossiers drop nom")
    state, said = status(read())
    assert state == "echec"
    assert "Il manque la colonne obligatoire : nom" in said
    assert rows(amont)[0][1] == "Éléonore"


def test_a_source_that_is_down_fails_alone_and_its_rows_stay(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    read()
    monkeypatch.setattr("donnees_au_centre.landing.records.PAUSES", (0.01, 0.01))
    monkeypatch.setenv("SOURCE_AMONT", "postgresql://lecteur@127.0.0.1:9/rien")
    monkeypatch.setenv("SOURCE_AMONT_PASSWORD", "un-secret-qui-ne-sort-pas")
    said: list[str] = []
    state, message = status(read(progress=said.append))
    assert state == "echec"
    assert "« amont » ne répond pas" in message
    assert "Essayé 3 fois." in message
    assert "Rien ne change : 4 lignes en place" in message
    assert len(rows(amont)) == 4
    audit = amont.execute("select string_agg(c::text, ' ') from plateforme.chargements as c").fetchone()
    assert "un-secret-qui-ne-sort-pas" not in "\n".join([message, *said, str(audit)])


def test_what_was_withdrawn_does_not_come_back_by_itself(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    from donnees_au_centre.landing.life import withdraw

    read()
    with amont.transaction():
        assert withdraw(amont, table(), "age/essai/essai.postgresql", None, "").rows == 4
    state, said = status(read())
    assert state == "retire"
    assert "make accept FICHIER=age/essai/essai.postgresql" in said
    amont.execute("update amont.dossiers set nom = 'autre' where id = 1")
    assert status(read())[0] == "charge"


def test_a_period_is_withdrawn_and_the_count_stays_right(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    amont.execute("update amont.dossiers set modifie_le = '2026-01-04 10:00+01' where id = 4")
    read(INCREMENTAL)
    # A moment without a zone is one of Brussels, whatever the session is set to.
    amont.execute("set timezone = 'Asia/Tokyo'")
    period = Period(table(INCREMENTAL), "2026-01-01", "2026-01-02 10:00")
    said = "depuis 01/01/2026 00:00:00 jusqu'à 02/01/2026 10:00:00 compris (fuseau Europe/Brussels)"
    assert period.words(amont) == said
    assert Period(table(INCREMENTAL), "", "2026-01-02 10:00").count(amont) == 2
    assert Period(table(INCREMENTAL), "", "2026-01-02T08:59:59Z").count(amont) == 1
    since = Period(table(INCREMENTAL), "2026-01-02T09:00:00Z", "")
    assert since.words(amont) == "depuis 02/01/2026 10:00:00 compris (fuseau Europe/Brussels)"
    with amont.transaction():
        assert (period.count(amont), period.withdraw(amont)) == (2, 2)
    assert [row[0] for row in rows(amont)] == ["3", "4"]
    placed = placing_entry(amont, table(INCREMENTAL), "age/essai/essai.postgresql")
    assert placed is not None
    assert (placed.lignes, placed.loaded) == (2, True)
    # What is before the look-back stays away.
    assert status(read(INCREMENTAL))[0] == "remplace"
    assert [row[0] for row in rows(amont)] == ["2", "3", "4"]
    with pytest.raises(PlatformError, match="ne se lit pas comme"), amont.transaction():
        Period(table(INCREMENTAL), "hier", "").count(amont)
    with pytest.raises(PlatformError, match="n'a pas de période"):
        Period(table(), "2026-01-01", "").count(amont)


def test_an_unknown_table_is_named(amont: psycopg.Connection[Any], database: str, tmp_path: Path) -> None:
    report = load_landing(database, tmp_path, [table(location="amont.absente")])
    state, said = status(report)
    assert state == "echec"
    assert "amont.absente" in said


def test_a_declaration_is_tried_without_loading(
    amont: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = source(location="amont.dossiers", columns=(*COLUMNS, "absente"), file_format=None)
    entry["external"] |= {"kind": "postgresql", "connection": "amont"}
    entry["columns"]["id"]["config"] = {"meta": {"donnee_personnelle": "aucune"}}
    (node,) = as_nodes(entry)
    parsed = SimpleNamespace(manifest=SimpleNamespace(sources={node.unique_id: node}))
    monkeypatch.setattr("donnees_au_centre.cli.source_check.parse_or_fail", lambda session: parsed)
    with pytest.raises(PlatformError, match="Il manque absente, que la source"):
        source_check(Settings.load({}), {"NAME": "essai.essai"})
    said = capsys.readouterr().out
    assert "montant                        numeric(38,10)" in said
    assert "\n    1 | Xxxxxxxx | 9.9999999999 | 9999-99-99 99:99:99+99\n" in said
    assert "∅" in said
    assert "Éléonore" not in said
    assert amont.execute("select to_regclass('raw_age.essai')").fetchone() == (None,)


def test_plain_dagster_code_reads_a_declared_system(amont: psycopg.Connection[Any]) -> None:
    entry = source(location="amont.dossiers", columns=COLUMNS, file_format=None)
    entry["external"] |= {"kind": "postgresql", "connection": "amont"}
    resources = resources_of(as_nodes(entry))
    seen: list[dict[str, str | None]] = []

    @dg.asset(required_resource_keys={"postgresql_amont"})
    def mine(context) -> None:  # type: ignore[no-untyped-def]
        seen.extend(context.resources.postgresql_amont.rows("amont.dossiers"))

    assert dg.materialize([mine], resources=resources).success
    assert [row["nom"] for row in seen] == ["Éléonore", "", None, 'a\tb\nc\\d"e']
    assert "lue par COPY" in (dg.Definitions(resources=resources).resources or {})["postgresql_amont"].__doc__


def refill(connection: psycopg.Connection[Any], *cursors: str, kind: str = "text") -> None:
    """A table of rows numbered from 1, with these cursors."""
    connection.execute("drop table if exists amont.dossiers")
    connection.execute(
        f"create table amont.dossiers (id integer, nom text, montant numeric, modifie_le {kind})"
    )
    for number, cursor in enumerate(cursors, 1):
        connection.execute("insert into amont.dossiers values (%s, 'x', 1, %s)", [number, cursor])


def by(cursor_type: str, **more: Any) -> dict[str, Any]:
    return {"incremental": {"cursor": "modifie_le", "type": cursor_type, "key": ["id"], **more}}


@pytest.mark.parametrize(
    ("cursor_type", "column", "cursors", "later"),
    [
        ("time", "timestamptz", ("2026-01-01 10:00+00", "infinity"), "2026-01-02 10:00+00"),
        ("time", "timestamp", ("2026-01-01 10:00", "infinity"), "2026-01-02 10:00"),
        ("time", "date", ("2026-01-01", "2026-01-02"), "2026-01-02"),
        ("time", "text", ("2026-01-01", "2026-01-02"), "2026-01-02"),
        ("time", "text", ("2026-01-01T10:00:00.0000004Z", "2026-01-01T10:00:00.0000007Z"),
         "2026-01-01T10:00:00.0000008Z"),
        ("time", "text", ("2026-01-01", "2026-01-02T08:00:00"), "2026-01-03"),
        ("number", "numeric", ("5", "NaN", "Infinity"), "6"),
        ("number", "text", ("9", "10"), "11"),
        ("number", "text", ("99",), "100"),
        ("text", "integer", ("9", "10"), "91"),
        ("text", "text", ("B1", "a1"), "a2"),
    ],
)  # fmt: skip
def test_no_cursor_hides_what_came_after_it(
    amont: psycopg.Connection[Any],
    read: Callable[..., LoadReport],
    cursor_type: str,
    column: str,
    cursors: tuple[str, ...],
    later: str,
) -> None:
    refill(amont, *cursors, kind=column)
    options = by(cursor_type)
    assert status(read(options))[0] == "charge"
    amont.execute("insert into amont.dossiers values (9, 'neuf', 1, %s)", [later])
    state, said = status(read(options))
    assert (state, "Lu à partir de" in said) == ("remplace", True)
    assert [row[0] for row in rows(amont)] == [*(str(n) for n, _ in enumerate(cursors, 1)), "9"]
    assert status(read(options))[0] == "inchange"


def test_a_source_that_was_empty_is_read_when_it_is_no_longer(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    refill(amont, kind="timestamptz")
    options = {**by("time"), "allow_empty": True}
    assert [status(read(options))[0] for _ in range(2)] == ["charge", "inchange"]
    amont.execute("insert into amont.dossiers values (1, 'x', 1, now())")
    assert status(read(options))[0] == "remplace"
    assert len(rows(amont)) == 1


def test_a_key_that_comes_twice_is_refused(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    refill(amont, "2026-01-01", "2026-01-02", kind="date")
    amont.execute("update amont.dossiers set id = 1")
    state, said = status(read(by("time")))
    assert state == "echec"
    assert "1 valeur de la clé (id)" in said
    assert rows(amont) == []


def test_each_line_of_a_source_has_a_number_of_its_own(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    refill(amont, "2026-01-01", "2026-01-02", kind="date")
    read(by("time"))
    for number in (3, 4):
        amont.execute("insert into amont.dossiers values (%s, 'x', 1, %s)", [number, f"2026-01-0{number}"])
        assert status(read(by("time")))[0] == "remplace"
    # A person's access and erasure follow rows by this number.
    lines = amont.execute("select id, source_ligne from raw_age.essai order by id").fetchall()
    assert len({line for _, line in lines}) == len(lines) == 4


def test_a_type_of_another_width_is_the_same(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport]
) -> None:
    refill(amont, "a", kind="varchar(10)")
    amont.execute(
        "create type amont.etat as enum ('x'); alter table amont.dossiers alter nom type amont.etat "
        "using nom::amont.etat"
    )
    read()
    amont.execute(
        "alter table amont.dossiers alter modifie_le type varchar(20), alter nom type text;"
        "drop type amont.etat; create type amont.etat as enum ('x', 'y');"
        "alter table amont.dossiers alter nom type amont.etat using nom::amont.etat;"
        "insert into amont.dossiers values (2, 'y', 1, 'b')"
    )
    assert status(read())[0] == "remplace"


def test_a_base_that_is_lost_in_the_midst_is_asked_again(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("donnees_au_centre.landing.records.PAUSES", (0.01,))
    amont.execute(
        "insert into amont.dossiers select n, repeat('x', 999), n, now() from generate_series(9, 20000) n"
    )
    kill = (
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'donnees-au-centre' and query like 'copy%'"
    )
    batches, tries = PostgresSource.batches, []

    def cut(self: PostgresSource, *asked: Any) -> Iterator[Any]:
        for batch in batches(self, *asked):
            if not tries:
                tries.append(amont.execute(kill).fetchall())
            yield batch

    monkeypatch.setattr(PostgresSource, "batches", cut)
    said: list[str] = []
    assert status(read(progress=said.append))[0] == "charge"
    assert "Nouvel essai" in said[0]
    assert amont.execute("select count(*) from raw_age.essai").fetchone() == (19996,)


def test_a_reading_that_lasts_too_long_is_stopped_and_says_so(
    amont: psycopg.Connection[Any], read: Callable[..., LoadReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    amont.execute(
        "insert into amont.dossiers select n, repeat('x', 999), n, now() from generate_series(9, 2000) n"
    )

    def tick() -> None:
        raise PlatformError("La lecture a dépassé sa durée.", "Revoyez-la.")

    monkeypatch.setattr("donnees_au_centre.landing.records.tick", tick)
    state, said = status(read())
    assert state == "echec"
    assert "a dépassé" in said


def test_a_base_that_says_nothing_is_stopped_in_time(
    amont: psycopg.Connection[Any], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two batches nobody looks at the time: the server does."""
    monkeypatch.setattr("donnees_au_centre.landing.records.PAUSES", (0.01, 0.01))
    query = "select id, nom, montant, modifie_le from amont.dossiers, pg_sleep(20)"
    slow = table({"query": query, "max_seconds": 1}, location="")
    began = time.monotonic()
    state, said = status(load_landing(database, tmp_path, [slow]))
    assert (state, "a dépassé 1 s" in said) == ("echec", True)
    amont.execute("begin; lock table amont.dossiers in access exclusive mode")
    state, said = status(load_landing(database, tmp_path, [table({"max_seconds": 1})]))
    amont.execute("rollback")
    assert (state, "a dépassé 1 s" in said) == ("echec", True)
    assert time.monotonic() - began < 15
    # One that has the time takes it.
    query = "select id, nom, montant, modifie_le from amont.dossiers, pg_sleep(1.2)"
    state, said = status(load_landing(database, tmp_path, [table({"query": query}, location="")]))
    assert state == "charge", said


def test_a_person_who_is_erased_during_the_reading_does_not_come_back(
    amont: psycopg.Connection[Any], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAC_CLE_AGE_DROITS", "0123456789abcdef" * 4)
    key = rights_key("age")
    batches = PostgresSource.batches

    def meanwhile(self: PostgresSource, *asked: Any) -> Iterator[Any]:
        amont.execute(
            "insert into plateforme.personnes_effacees (domaine, empreinte, cle) values (%s, %s, %s)",
            ["age", fingerprint(key, "Éléonore"), witness(key)],
        )
        yield from batches(self, *asked)

    monkeypatch.setattr(PostgresSource, "batches", meanwhile)
    entry = source(location="amont.dossiers", columns=COLUMNS, file_format=None)
    entry["external"] |= {"kind": "postgresql", "connection": "amont"}
    entry["config"] = {"meta": {"personne": {"identifiant": "nom"}}}
    assert status(load_landing(database, tmp_path, read_declarations(as_nodes(entry))))[0] == "charge"
    assert [row[0] for row in rows(amont)] == ["2", "3", "4"]


def test_a_fault_that_nobody_foresaw_says_no_word_of_it(
    read: Callable[..., LoadReport], amont: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def columns(self: PostgresSource) -> Any:
        raise ValueError("un-secret")

    monkeypatch.setattr(PostgresSource, "columns", columns)
    state, said = status(read())
    assert state == "echec"
    assert said.startswith("La lecture de la connexion « amont » s'est arrêtée")
    assert "un-secret" not in said
    assert "ValueError" in said


def test_each_system_is_a_resource_and_an_unknown_kind_stops_nothing() -> None:
    systems = ("postgresql", "amont"), ("rest", "https://a.be/x"), ("rest", "https://b.be"), ("folder", "")
    entries = []
    for place, (kind, connection) in enumerate((*systems, ("postgrsql", "amont"))):
        entry = source(name=f"t{place}", location="x", columns=COLUMNS, file_format=None)
        entry["external"] |= {"kind": kind, "connection": connection}
        entries.append(entry)
    nodes = as_nodes(*entries)
    assert sorted(resources_of(nodes)) == ["folder", "postgresql_amont", "rest_a_be", "rest_b_be"]
    origin = Translator(cast("Manifest", SimpleNamespace(groups={}))).origin(nodes[-1])
    assert origin.key.path == ["postgrsql", "age", "essai"]


def test_comments_are_told_of_a_table_and_of_what_a_query_hands_on(
    amont: psycopg.Connection[Any], database: str
) -> None:
    amont.execute(
        'create table public.commentee (id int, nom text, "Âge: %s" int);'
        "comment on table public.commentee is 'Une personne';"
        "comment on column public.commentee.nom is 'Nom de famille';"
        "comment on column public.commentee.\"Âge: %s\" is 'Âge en années'"
    )
    amont.commit()
    kind = kind_named("postgresql")

    def described(location: str, **options: str) -> Described:
        found = kind(
            connection_named("amont", environment_of(database)), location, kind.options_class(**options)
        )
        assert isinstance(found, RecordSource)
        with found.open():
            return found.described()

    whole = {"nom": ("", "Nom de famille"), "Âge: %s": ("", "Âge en années")}
    assert described("public.commentee") == Described("Une personne", whole)
    query = "select nom as appele, upper(nom) as nom, id from public.commentee"
    assert described("", query=query) == Described("", {"appele": ("", "Nom de famille")})
