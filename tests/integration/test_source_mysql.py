"""A MariaDB base as a source: what its own client prints is what arrives."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre.connectors import (
    Described,
    Incremental,
    PassingFault,
    RecordSource,
    connection_named,
    kind_named,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from tests.conformance.records import SECRET, RecordConformance, Row, str_of
from tests.servers.copied import cells_of, sorted_out
from tests.servers.mariadb import PASSWORD, MariaDB, mariadb
from tests.servers.relay import Relay, nobody, relay
from tests.unit.landing_sources import as_nodes, source

pytest.importorskip("pymysql", reason="make drivers NAME=mysql")

OTHER = "127.0.0.2"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that is its own authority, for OTHER."""
    folder = tmp_path_factory.mktemp("tls")
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", "key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=essai",
             "-addext", f"subjectAltName=IP:{OTHER}"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip
    except OSError as error:
        pytest.skip(f"openssl makes the certificate: {error}")
    return folder


@pytest.fixture(scope="module")
def amont(authority: Path) -> Iterator[MariaDB]:
    with mariadb(f"--ssl-cert={authority / 'ca.pem'}", f"--ssl-key={authority / 'key.pem'}") as running:
        running.run("create database essai character set utf8mb4")
        yield running


@pytest.fixture(scope="module")
def passage(amont: MariaDB) -> Iterator[Relay]:
    with relay(amont.port) as found:
        yield found


def reader(
    port: int,
    location: str = "essai.t",
    *,
    user: str = "lecteur",
    password: str = PASSWORD,
    host: str = "127.0.0.1",
    base: str = "essai",
    authority: Path | None = None,
    **options: Any,
) -> RecordSource:
    kind = kind_named("mysql")
    environ = {"SOURCE_ESSAI": f"mysql://{user}@{host}:{port}/{base}", "SOURCE_ESSAI_PASSWORD": password}
    if authority:
        environ["SOURCE_ESSAI_CA_FILE"] = str(authority)
    made = kind.options_class(**options)
    location = "" if options.get("query") else location
    kind.check(location, made)
    found = kind(connection_named("essai", environ), location, made)
    assert isinstance(found, RecordSource)
    return found


def literal(value: Any) -> str:
    if value is None:
        return "null"
    text = str_of(value)
    return f"convert(x'{text.encode().hex()}' using utf8mb4)" if isinstance(value, str) else text


class TestConformance(RecordConformance):
    """Through a relay, that can cut."""

    @pytest.fixture
    def system(self, amont: MariaDB, passage: Relay) -> Iterator[TestConformance]:
        self.amont, self.passage = amont, passage
        # The client keeps ' and \ out of the way as bytes.
        password = SECRET.replace("'", "''")
        amont.run(
            f"create or replace user conforme identified by '{password}'; grant select on *.* to conforme;"
            "create or replace table essai.conforme (id int primary key, texte text, montant decimal(38, 10),"
            " grand decimal(38, 0));"
        )
        yield self
        passage.limit = None

    def put(self, rows: Sequence[Row]) -> None:
        self.amont.run(
            "truncate essai.conforme;"
            + "".join(
                f"insert into essai.conforme values ({', '.join(map(literal, row.values()))});"
                for row in rows
            )
        )

    def source(self, secret: str = SECRET) -> RecordSource:
        return reader(self.passage.port, "essai.conforme", user="conforme", password=secret)

    def down(self) -> RecordSource:
        return reader(nobody(), "essai.conforme", user="conforme", password=SECRET)

    def cut(self) -> None:
        self.passage.limit = 150_000

    def mended(self) -> None:
        self.passage.limit = None

    def rows(self, source: RecordSource) -> list[dict[str, str | None]]:
        return cells_of(source)


NASTY = """
set sql_mode = '';
create or replace table essai.t (
    id int primary key, d decimal(38, 10), petit decimal(2, 2) zerofill, f float, g double, b bit(12),
    un bit(1), oui boolean, n bigint unsigned, j date, m datetime(6), ts timestamp(3) null, h time(3),
    a year, blob_ blob, vb varbinary(20), c char(10), vc varchar(200), l longtext, latin varchar(20)
    character set latin1, e enum('a', 'é'), s set('x', 'y'), doc json, u uuid, ip inet6, geo point,
    `nom: %s "à" ``x` varchar(5)
) character set utf8mb4;
insert into essai.t values
    (1, 1234567890123456789012345678.0123456789, 0.5, 0.1, 0.1, b'101', b'1', true, 18446744073709551615,
     '0000-00-00', '0000-00-00 00:00:00', '2026-03-29 01:30:00.123', '-838:59:59.000', 2155,
     x'BLOB', x'0000', '  x ', 'a\\tb\\nc\\r\\\\d''"e', '🎓 œ', 'déjà €', 'é', 'x,y',
     '{"a": 1.10, "b": "\\\\u00e9"}', '123e4567-e89b-12d3-a456-426655440000', '::1', point(1, 2), '%'),
    (2, -0.0000000001, 0, 1e38, 1.7976931348623157e308, b'0', b'0', false, 0, '9999-12-31',
     '9999-12-31 23:59:59.999999', null, '00:00:00', 0, '', '', '', '', '', '', '', '', '[]', null, null,
     null, ''),
    (3, null, null, null, null, null, null, null, null, '2026-02-31', '2026-00-01', null, null, null, null,
     null, null, null, null, null, null, null, null, null, null, null, null),
    (4, 0, 0, -0.0, 1e-300, 1, 1, 1, 1, '2026-01-01', '2026-01-01 00:00:00', null, '-00:00:01', 2000, x'00',
     x'fe', 'NULL', '\\\\N', '\\n', '\\t', 'a', 'y', 'null', null, null, null, ':x');
""".replace("BLOB", bytes(range(256)).hex())


def test_values_arrive_as_its_client_prints_them(amont: MariaDB) -> None:
    amont.run(NASTY)
    names = amont.run("select * from essai.t limit 1", "--raw", "--binary-as-hex").split("\n")[0].split("\t")
    # One value at a time, for the client separates neither tabs nor null from what looks like them.
    shown = [
        f"select isnull({column}), {f'{column} + 0' if name in ('b', 'un') else column}, '.fin.'"
        f" from essai.t where id = {number};"
        for number in range(1, 5)
        for name in names
        for column in [f"`{name.replace('`', '``')}`"]
    ]
    said = iter(
        amont.run("".join(shown), "--raw", "--skip-column-names", "--binary-as-hex").split("\t.fin.\n")
    )
    printed = [
        {
            name: None if null == "1" else cell
            for name in names
            for null, _, cell in [next(said).partition("\t")]
        }
        for _ in range(1, 5)
    ]
    found = cells_of(reader(amont.port))
    assert found == printed
    assert found[0]["blob_"] == "0x" + bytes(range(256)).hex().upper()
    assert (found[0]["j"], found[0]["h"], found[0]["b"]) == ("0000-00-00", "-838:59:59.000", "5")
    assert (found[1]["vc"], found[2]["vc"], found[3]["vc"]) == ("", None, "\\N")
    # A query is no different from its table.
    query = "select * from essai.t -- le pourcentage % et le : ne sont pas des paramètres :x\n;"
    assert cells_of(reader(amont.port, query=query)) == found


def test_values_are_loaded_as_they_arrive(
    amont: MariaDB, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    amont.run(NASTY)
    for name, value in amont.environ("essai").items():
        monkeypatch.setenv(name, value)
    columns = ("id", "d", "vc", "l", "vb", "h", "doc")
    query = {"query": f"select {', '.join(columns)} from essai.t"}
    entry = source(location="", columns=columns, file_format=None, options=query)
    entry["external"] |= {"kind": "mysql", "connection": "essai"}
    report = load_landing(database, tmp_path, read_declarations(as_nodes(entry)))
    assert (report.tables[0].files[0].status, report.tables[0].files[0].message) == ("charge", "")
    with psycopg.connect(database) as warehouse:
        loaded = warehouse.execute(
            f"select {', '.join(columns)} from raw_age.essai order by source_ligne"
        ).fetchall()
    assert loaded == [tuple(row[name] for name in columns) for row in cells_of(reader(amont.port))]


def test_columns_have_the_types_of_the_server(amont: MariaDB) -> None:
    amont.run("create or replace table essai.t (id int unsigned, d decimal(38, 10), e enum('a', 'b'))")
    opened = reader(amont.port)
    with opened.open():
        assert [(column.name, column.type) for column in opened.columns()] == [
            ("id", "int(10) unsigned"), ("d", "decimal(38,10)"), ("e", "enum('a','b')"),
        ]  # fmt: skip
    opened = reader(amont.port, query="select id as n, d from essai.t")
    with opened.open():
        assert [(column.name, column.type) for column in opened.columns()] == [
            ("n", "long"),
            ("d", "newdecimal"),
        ]


def test_comments_are_told(amont: MariaDB) -> None:
    amont.run(
        "create or replace table essai.commentee (id int, nom varchar(9) comment 'Nom de l''élève')"
        " comment = 'Un élève'; create or replace view essai.vue_commentee as select nom from essai.commentee"
    )
    base = reader(amont.port, "essai.commentee")
    with base.open():
        assert base.described() == Described("Un élève", {"nom": ("", "Nom de l'élève")})
    view = reader(amont.port, "essai.vue_commentee")
    with view.open():
        assert view.described().table == ""


def test_it_is_one_snapshot_in_which_nothing_is_written(amont: MariaDB) -> None:
    amont.run("create or replace table essai.t (id int primary key); insert into essai.t values (1), (2);")
    opened = reader(amont.port)
    with opened.open():
        amont.run("delete from essai.t where id = 1; insert into essai.t values (3), (4);")
        assert opened.announced() == 2
        columns = opened.columns()
        first, again = (b"".join(b.copied for b in opened.batches(columns, None)) for _ in range(2))
        assert first == again == b"1\t1\n2\t2\n"
    amont.run(
        f"create or replace user ecrivain identified by '{PASSWORD}'; grant all on *.* to ecrivain;\n"
        "delimiter //\ncreate or replace function essai.ecrit() returns int "
        "begin insert into essai.t values (9); return 1; end//"
    )
    with pytest.raises(PlatformError):
        cells_of(reader(amont.port, user="ecrivain", query="select essai.ecrit() as x from essai.t"))
    assert amont.run("select max(id) from essai.t", "--skip-column-names") == "4\n"


@pytest.mark.parametrize(
    ("kind", "cursor", "since", "expected"),
    [
        ("time", "m", "2026-01-02 00:00:00", ["2", "3"]),
        ("time", "m", "2026-01-02 00:00:00.000001", ["3"]),
        ("time", "j", "2026-01-03 00:00:00+00", ["3"]),
        ("number", "n", "9007199254740993", ["2", "3"]),
        ("text", "t", "b'\\", ["2", "3"]),
    ],
)
def test_it_is_read_from_a_value_of_its_cursor_on(
    amont: MariaDB, kind: Any, cursor: str, since: str, expected: list[str]
) -> None:
    amont.run(
        "create or replace table essai.t (id int primary key, m datetime(6), j date, n bigint, t varchar(9));"
        "insert into essai.t values (1, '2026-01-01', '2026-01-01', 9007199254740992, 'a'),"
        "(2, '2026-01-02', '2026-01-02', 9007199254740993, 'b''\\\\'),"
        "(3, '2026-01-03', '2026-01-03', 9007199254740994, 'c');"
    )
    for whole in (reader(amont.port), reader(amont.port, query="select * from essai.t")):
        whole.incremental = Incremental(cursor, kind, None, ("id",))
        assert [row["id"] for row in cells_of(whole, since)] == expected


def test_what_postgresql_cannot_keep_is_no_row(amont: MariaDB) -> None:
    amont.run(
        "create or replace table essai.t (id int primary key, t varchar(9) character set latin1);"
        "insert into essai.t values (1, 'a'), (2, x'610062'), (3, 'c'), (4, x'00'), (5, 'e');"
    )
    rows, unreadable = sorted_out(reader(amont.port))
    assert [row["id"] for row in rows] == ["1", "3", "5"]
    assert [(one.motif, one.before) for one in unreadable] == [("caractere_nul", 1), ("caractere_nul", 2)]
    assert unreadable[0].text == '["2", "a\\u0000b"]'


def test_what_is_left_midway_is_not_read_to_its_end(amont: MariaDB) -> None:
    opened = reader(
        amont.port, query="select seq, repeat('x', 500) as x from essai.seq_1_to_900000000 where seq > 0"
    )
    started = time.monotonic()
    with opened.open():
        batches = opened.batches(opened.columns(), None)
        assert next(batches).copied
    assert time.monotonic() - started < 5


REFUSED = {
    "password": (dict(password="autre-mot-de-passe"), "le compte ou son mot de passe est refusé"),
    "database": (dict(base="inconnue"), "la base de données est inconnue"),
    "table": (dict(location="essai.inconnue"), "n'existe pas (Table 'essai.inconnue' doesn't exist)"),
    "column": (dict(query="select inconnue from essai.t"), "n'existe pas (Unknown column 'inconnue'"),
    "right": (dict(user="etranger", base="", location="mysql.user"), "n'a pas le droit de lire"),
    "syntax": (dict(query="select from essai.t"), "la requête ne se lit pas"),
    "names": (dict(query="select 1 as a, 2 as a"), "Duplicate column name 'a'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_pass_is_said_for_people(amont: MariaDB, case: str) -> None:
    amont.run(
        f"create or replace user etranger identified by '{PASSWORD}';"
        "create or replace table essai.t (id int primary key);"
    )
    arguments, expected = REFUSED[case]
    with pytest.raises(PlatformError) as refused:
        cells_of(reader(amont.port, **arguments))
    assert not isinstance(refused.value, PassingFault)
    assert expected in refused.value.message
    assert refused.value.advice
    assert PASSWORD not in str(refused.value) and "autre-mot" not in str(refused.value)


def test_a_server_with_too_many_sessions_may_be_asked_again(amont: MariaDB) -> None:
    amont.run(
        f"create or replace user seul identified by '{PASSWORD}' with max_user_connections 1;"
        "grant select on essai.* to seul; create or replace table essai.t (id int);"
    )
    with reader(amont.port, user="seul").open(), pytest.raises(PassingFault, match="trop occupé"):
        cells_of(reader(amont.port, user="seul"))


def test_no_error_repeats_a_value_of_a_row(amont: MariaDB) -> None:
    amont.run("create or replace table essai.t (nom varchar(20)); insert into essai.t values ('Dupont');")
    with pytest.raises(PlatformError) as refused:
        cells_of(reader(amont.port, query="select updatexml(1, concat('~', nom), 1) as x from essai.t"))
    assert "Dupont" not in str(refused.value)


def test_the_way_is_encrypted_and_its_certificate_verified(amont: MariaDB, authority: Path) -> None:
    amont.run("create or replace table essai.t (id int); insert into essai.t values (1);")
    amont.run(
        f"create or replace user chiffre identified by '{PASSWORD}' require ssl;"
        "grant select on *.* to chiffre;"
    )
    with relay(amont.port, OTHER) as elsewhere:
        known = authority / "ca.pem"
        assert cells_of(reader(elsewhere.port, host=OTHER, user="chiffre", authority=known)) == [{"id": "1"}]
        with pytest.raises(PlatformError, match="certificat") as refused:
            cells_of(reader(elsewhere.port, host=OTHER))
        assert not isinstance(refused.value, PassingFault)
        assert "SOURCE_ESSAI_CA_FILE" in refused.value.advice
        assert cells_of(reader(elsewhere.port, host=OTHER, tls=False)) == [{"id": "1"}]
    with relay(amont.port, "127.0.0.3") as wrong, pytest.raises(PlatformError, match="certificat"):
        cells_of(reader(wrong.port, host="127.0.0.3", authority=known))


def test_what_there_is_to_read(amont: MariaDB) -> None:
    amont.run(
        "create or replace table essai.t (id int); create or replace view essai.v as select id from essai.t"
    )
    places = reader(amont.port).places()
    assert {"essai.t", "essai.v"} <= {*places}
    assert not [place for place in places if place.startswith(("mysql.", "sys.", "information_schema."))]


def test_a_server_that_says_nothing_is_left_in_time(amont: MariaDB) -> None:
    found = reader(amont.port, query="select sleep(20) as n")
    began = found.deadline = time.monotonic() + 1
    with pytest.raises(PassingFault), found.open():
        list(found.batches(found.columns(), None))
    assert time.monotonic() - began < 8
