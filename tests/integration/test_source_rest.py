from __future__ import annotations

import json
import logging
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from donnees_au_centre.connectors import Incremental, PassingFault, connection_named, web
from donnees_au_centre.connectors.kinds.rest import RestOptions, RestSource
from donnees_au_centre.errors import PlatformError
from tests.conformance.records import (
    SECRET,
    TOLD,
    RecordConformance,
    Row,
    everything_said,
    read,
    rows_of,
)
from tests.mailboxes import free_port, make_certificate
from tests.servers.api import Api, api_server

PAGINGS: dict[str, dict[str, Any]] = {
    "page": {"by": "page", "size_param": "size", "size": 7},
    "offset": {"by": "offset", "size": 7},
    "cursor": {"by": "cursor", "next": "suite"},
    "link": {"by": "link"},
}


@pytest.fixture(scope="module")
def running() -> Iterator[Api]:
    with api_server() as api:
        yield api


@pytest.fixture
def api(running: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    running.reset()
    monkeypatch.setattr(web, "PAUSES", (0.0, 0.0))
    return running


def as_text(row: Row) -> str:
    members = (
        f"{json.dumps(name)}: {format(value, 'f') if isinstance(value, Decimal) else json.dumps(value)}"
        for name, value in row.items()
    )
    return f"{{{', '.join(members)}}}"


def numbered(count: int) -> list[str]:
    return [f'{{"id": {n}, "maj": "2026-01-{n % 28 + 1:02}"}}' for n in range(count)]


def source(
    api: Api, path: str = "whole", environ: dict[str, str] | None = None, **options: Any
) -> RestSource:
    given = {"SOURCE_ESSAI": api.url, **(environ or {})}
    if path in PAGINGS:
        options.setdefault("paging", PAGINGS[path])
        options.setdefault("params", {"size": 7})
    if path != "list":
        options.setdefault("rows", "lignes.*")
    return RestSource(connection_named("essai", given), path, RestOptions(**options))


class ApiSystem:
    """The generic API, entered with a key."""

    def __init__(self, api: Api, path: str) -> None:
        self.api, self.path = api, path
        self.api.secrets = {"api_key": SECRET}

    def put(self, rows: Sequence[Row]) -> None:
        self.api.records = [as_text(row) for row in rows]

    def source(self, secret: str = SECRET) -> RestSource:
        options: dict[str, Any] = {"auth": "api_key", "total": "total"}
        if self.path == "offset":
            options |= {"key_param": "cle"}
        if self.path in ("page", "offset"):
            options |= {"paging": {**PAGINGS[self.path], "size": 100}}
        return source(self.api, self.path, {"SOURCE_ESSAI_API_KEY": secret}, **options)

    def down(self) -> RestSource:
        environ = {"SOURCE_ESSAI": f"http://127.0.0.1:{free_port()}"}
        return RestSource(connection_named("essai", environ), "whole", RestOptions(rows="lignes.*"))

    def cut(self) -> None:
        self.api.fault(*["cut"] * 50, after=1 if self.path != "whole" else 0)

    def mended(self) -> None:
        self.api.fault()


@pytest.mark.parametrize("system", ["whole", "page", "offset", "link"], indirect=True)
class TestConformance(RecordConformance):
    page = 834

    @pytest.fixture
    def system(self, api: Api, request: pytest.FixtureRequest) -> ApiSystem:
        return ApiSystem(api, request.param)


def test_one_page_is_asked_where_a_few_rows_are_enough(api: Api) -> None:
    api.records = numbered(50)
    for path in PAGINGS:
        api.asked.clear()
        found = source(api, path, total="total")
        found.few = 5
        with found.open():
            columns = found.columns()
            rows = [row for batch in found.batches(columns, None) for row in batch.cells()]
            assert (found.announced(), 5 <= len(rows) < 50, len(api.asked)) == (50, True, 1)


def test_pages_are_not_asked_beyond_the_time_there_is(api: Api) -> None:
    api.records = numbered(50)
    found = source(api, "page", total="total")
    found.deadline = time.monotonic()
    with pytest.raises(PassingFault, match="a duré trop longtemps"):
        read(found)
    assert len(api.asked) < 5


# Pages


@pytest.mark.parametrize("path", PAGINGS)
@pytest.mark.parametrize("count", [0, 1, 7, 22])
def test_every_page_is_read(api: Api, path: str, count: int) -> None:
    api.records = numbered(count)
    assert [row["id"] for row in read(source(api, path))] == [str(n) for n in range(count)]
    assert [row["id"] for row in read(source(api, path, total="total"))] == [str(n) for n in range(count)]


def test_pages_come_in_order_when_they_are_asked_together(api: Api) -> None:
    api.records = numbered(300)
    found = read(source(api, "page", total="total", max_parallel=8))
    assert [row["id"] for row in found] == [str(n) for n in range(300)]
    assert sorted(int(one.query["page"][0]) for one in api.asked) == list(range(1, 44))


def test_a_server_may_give_smaller_pages_than_asked(api: Api) -> None:
    api.records, api.size = numbered(25), 5
    for path in ("page", "offset"):
        assert len(read(source(api, path, paging={**PAGINGS[path], "size": 9}, total="total"))) == 25
        assert len(read(source(api, path, paging={**PAGINGS[path], "size": 9}))) == 25


def test_the_count_may_stand_in_a_header_and_the_link_in_the_answer(api: Api) -> None:
    api.records = numbered(20)
    linked = source(api, "link", paging={"by": "link", "next": "suite"}, total_header="X-Total")
    with linked.open():
        assert linked.announced() == 20
        assert len(rows_of(linked, linked.columns())) == 20


@pytest.mark.parametrize("announced", [49, 51])
@pytest.mark.parametrize("path", ["whole", *PAGINGS])
def test_another_count_than_announced_loads_nothing(api: Api, path: str, announced: int) -> None:
    api.records, api.total = numbered(50), announced
    with pytest.raises(PlatformError, match=f"annonce {announced} lignes et en donne"):
        read(source(api, path, total="total"))


def test_a_count_beyond_reason_costs_no_more_than_its_pages(api: Api) -> None:
    api.records, api.total = numbered(20), 999_999_999_999
    with pytest.raises(PlatformError, match="annonce 999999999999 lignes et en donne 20"):
        read(source(api, "page", total="total"))
    assert len(api.asked) < 15


def test_more_rows_than_announced_are_seen_behind_a_full_last_page(api: Api) -> None:
    api.records, api.total = numbered(22), 21
    with pytest.raises(PlatformError, match="annonce 21 lignes et en donne au moins 22"):
        read(source(api, "page", total="total"))


@pytest.mark.parametrize("path", ["page", "cursor", "link"])
@pytest.mark.parametrize("total", [None, "total"])
def test_a_paging_without_end_is_seen(api: Api, path: str, total: str | None) -> None:
    api.records, api.endless = numbered(50), True
    with pytest.raises(PlatformError, match="n'en finirait pas"):
        read(source(api, path, total=total))


def test_what_an_api_does_not_reach_is_said_before_it_is_read(api: Api) -> None:
    api.records = numbered(50)
    bounded = {**PAGINGS["offset"], "max": 30}
    with pytest.raises(PlatformError, match="plus de lignes que les 30"):
        read(source(api, "offset", paging=bounded, total="total"))
    assert len(api.asked) == 1
    with pytest.raises(PlatformError, match="plus de lignes que les 30"):
        read(source(api, "offset", paging=bounded))


def test_the_memory_holds_some_pages_only(api: Api) -> None:
    api.records = [f'{{"id": {n}, "texte": "{"x" * 1000}"}}' for n in range(6000)]
    reader = source(api, "page", total="total", paging={**PAGINGS["page"], "size": 100}, max_parallel=2)
    tracemalloc.start()
    with reader.open():
        count = sum(len(batch.rows) for batch in reader.batches(reader.columns(), None))
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 6000
    # The server of the test, in this process, holds a page more a request; all the rows are 6 MB.
    assert peak < 4 << 20


# Cells


def test_cells_are_those_of_a_json_file(api: Api, tmp_path: Path) -> None:
    from tests.unit.test_landing_json import rows

    api.records = [
        '{"a": 1.50, "b": {"c": [1E+2, {"d": null}], "e": {}}, "Nom": "é\\u00e9"}',
        '{"b": {"c": true, "f": 12345678901234567890123}, "a": null}',
        '{"a": "\\ud83d\\ude00\\ud800"}',
        '{"a": "x\\u0000y"}',
        '{"a": 1, "a": 2}',
        '{"a": 1, "b_c": 2, "b": {"c": 3}}',
        '"seul"',
        '{"a": ""}',
    ]
    reader = source(api, "list")
    with reader.open():
        columns = reader.columns()
        (batch,) = reader.batches(columns, None)
    assert [column.name for column in columns] == ["a", "b_c", "b_e", "Nom", "b_f"]
    expected = rows(f"[{', '.join(api.records[:2] + api.records[-1:])}]")
    found = [
        {k.lower(): v for k, v in zip((c.name for c in columns), row, strict=True) if v is not None}
        for row in batch.rows
    ]
    assert found == [{k: v for k, v in row.items() if v is not None} for row in expected]
    assert [(one.motif, one.before) for one in batch.unreadable] == [
        ("caractere_invalide", 2),
        ("caractere_nul", 2),
        ("cle_en_double", 2),
        ("nom_de_colonne", 2),
        ("pas_un_objet", 2),
    ]
    assert batch.unreadable[1].text == '{"a": "x\\u0000y"}'
    assert batch.unreadable[2].text == '{"a": 1, "a": 2}'


def test_rows_that_are_elsewhere_are_said(api: Api) -> None:
    for wrong in ("resultats.*", "total.*", "lignes", "*"):
        with pytest.raises(PlatformError, match="ne sont pas là où la déclaration les cherche"):
            read(source(api, rows=wrong))


def test_a_field_that_comes_late_is_a_column(api: Api) -> None:
    api.records = [*numbered(20), '{"id": 20, "tard": "oui"}']
    found = read(source(api, "page"))
    assert found[0]["tard"] is None
    assert found[20] == {"id": "20", "maj": None, "tard": "oui"}


# Faults


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut", "early"])
@pytest.mark.parametrize("path", ["page", "cursor"])
def test_a_fault_that_passes_costs_one_page(api: Api, path: str, fault: str) -> None:
    api.records = numbered(30)
    api.fault(fault, fault, after=2)
    assert len(read(source(api, path, total="total"))) == 30
    assert len(api.asked) == 7


@pytest.mark.parametrize("fault", ["429 3600", "503", "cut", "early"])
def test_a_fault_that_stays_may_be_asked_again(api: Api, fault: str) -> None:
    api.records = numbered(30)
    api.fault(*[fault] * 9, after=1)
    with pytest.raises(PassingFault) as found:
        read(source(api, "page"))
    if fault.startswith("429"):
        assert found.value.wait == pytest.approx(3600, abs=1)
        assert "Too many requests" in found.value.message
        assert "à demander à nouveau à partir du" in found.value.message


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("400", "corrigez les `options`"),
        ("403", "demandez-en le droit"),
        ("404", "vérifiez `location`"),
        ("html", "page de connexion"),
        ("invalid", "n'est pas du JSON"),
    ],
)
def test_what_does_not_pass_is_said_at_once(api: Api, fault: str, said: str) -> None:
    api.records = numbered(30)
    api.fault(fault, after=1)
    with pytest.raises(PlatformError, match=said) as found:
        read(source(api, "page"))
    assert not isinstance(found.value, PassingFault)
    assert len(api.asked) == 2


def test_a_reset_of_the_quota_may_be_said_in_many_ways() -> None:
    from datetime import UTC, datetime, timedelta
    from email.utils import format_datetime

    later = datetime.now(UTC) + timedelta(minutes=5)
    for headers, body in (
        ({"retry-after": "300"}, None),
        ({"retry-after": format_datetime(later)}, None),
        ({"x-ratelimit-reset": str(later.timestamp())}, None),
        ({"x-ratelimit-reset": later.isoformat()}, None),
        ({}, {"reset_time": later.strftime("%Y-%m-%dT%H:%M:%SZ")}),
    ):
        assert web._asked_to_wait(headers, body) == pytest.approx(300, abs=2)
    assert web._asked_to_wait({"retry-after": "bientôt"}, None) is None


def test_data_that_changes_on_the_way_is_read_again(api: Api) -> None:
    api.records = numbered(30)
    reader = source(api, "page", total="total", max_parallel=1)
    with reader.open():
        api.records = numbered(31)
        with pytest.raises(PassingFault, match="a changé pendant sa lecture"):
            reader.columns()
        assert len(rows_of(reader, reader.columns())) == 31


# Who may read


def test_tokens_are_asked_anew_when_they_end(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.records, api.secrets = numbered(30), {"oauth2": "s3cret"}
    environ = {
        "SOURCE_ESSAI_TOKEN_URL": f"{api.url}/token",
        "SOURCE_ESSAI_CLIENT_ID": "client",
        "SOURCE_ESSAI_CLIENT_SECRET": "s3cret",
        "SOURCE_ESSAI_SCOPE": "lire",
    }
    with caplog.at_level(logging.DEBUG):
        assert len(read(source(api, "page", environ, auth="oauth2"))) == 30
        assert api.tokens == 1
        # Ended by its time: each is too short to be used twice.
        api.lifetime = 1
        assert len(read(source(api, "page", environ, auth="oauth2"))) == 30
        # Ended before its time: the API refuses it.
        api.lifetime, api.revoked, before = 3600, True, api.tokens
        assert len(read(source(api, "page", environ, auth="oauth2"))) == 30
        assert api.tokens - before == 6
        said = everything_said(ValueError(), caplog)
    assert TOLD not in said
    assert "jeton-secret" not in said
    api.secrets = {"oauth2": "autre"}
    caplog.clear()
    with caplog.at_level(logging.DEBUG), pytest.raises(PlatformError, match="invalid_client") as refused:
        read(source(api, "page", environ, auth="oauth2"))
    assert TOLD not in everything_said(refused.value, caplog)


@pytest.mark.parametrize(
    ("auth", "environ", "secret"),
    [
        ("bearer", {"SOURCE_ESSAI_TOKEN": SECRET}, SECRET),
        ("basic", {"SOURCE_ESSAI_USER": "moi", "SOURCE_ESSAI_PASSWORD": SECRET}, f"moi:{SECRET}"),
        ("api_key", {"SOURCE_ESSAI_API_KEY": SECRET}, SECRET),
    ],
)
def test_each_way_to_prove_oneself(api: Api, auth: Any, environ: dict[str, str], secret: str) -> None:
    api.records, api.secrets = numbered(10), {auth: secret}
    assert len(read(source(api, "page", environ, auth=auth))) == 10
    with pytest.raises(PlatformError, match="a besoin d"):
        read(source(api, "page", auth=auth))


@pytest.mark.parametrize("way", ["redirect", "link"])
def test_nothing_is_asked_of_another_machine(api: Api, way: str) -> None:
    with api_server() as other:
        api.records = other.records = numbered(30)
        environ = {"SOURCE_ESSAI_API_KEY": "s3cret"}
        api.secrets = {"api_key": "s3cret"}
        if way == "redirect":
            api.fault(f"to {other.url}/whole")
            reader = source(api, "whole", environ, auth="api_key")
        else:
            api.records = ['{"id": 1}']
            reader = source(
                api, "whole", environ, auth="api_key", paging={"by": "link", "next": "lignes.0.ou"}
            )
            api.records = [json.dumps({"ou": f"{other.url}/whole"})]
        with pytest.raises(PlatformError, match="renvoie vers une autre adresse"):
            read(reader)
        assert other.asked == []


def test_a_key_that_an_api_writes_in_its_links_is_not_logged(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    api.records, api.secrets = numbered(3), {"api_key": "s3cret"}
    api.fault("to /whole?cle=s3cret&x=1")
    reader = source(
        api, "page", {"SOURCE_ESSAI_API_KEY": "s3cret"}, auth="api_key", key_param="cle", paging=None
    )
    with caplog.at_level(logging.DEBUG):
        assert len(read(reader)) == 3
    assert api.asked[-1].query == {"x": ["1"], "cle": ["s3cret"]}
    # httpcore tells the headers of every answer, the address that the API chose to write among them.
    said = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert TOLD not in "\n".join(said)


def test_a_certificate_is_verified(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with api_server(certificate) as secure:
        secure.records = numbered(3)
        with pytest.raises(PlatformError, match="certificat de « essai » n'est pas reconnu") as unknown:
            read(source(secure))
        assert not isinstance(unknown.value, PassingFault)
        assert len(read(source(secure, environ={"SOURCE_ESSAI_CA_FILE": str(certificate)}))) == 3


def test_secrets_do_not_cross_the_network_in_clear() -> None:
    environ = {"SOURCE_ESSAI": "http://api.example", "SOURCE_ESSAI_TOKEN": SECRET}
    clear = RestSource(connection_named("essai", environ), "x", RestOptions(auth="bearer"))
    with pytest.raises(PlatformError, match="passeraient en clair"):
        read(clear)
    with pytest.raises(ValueError, match="une clé ne s'écrit pas"):
        RestOptions(params={"API_KEY": "x"})


# From where the last reading ended


def test_only_what_is_new_is_read(api: Api) -> None:
    api.records = numbered(50)
    reader = source(api, "page", since_param="depuis", total="total")
    reader.since = "2026-01-22 00:00:00"
    reader.incremental = Incremental("maj", "time", None, ("id",))
    with reader.open():
        columns = reader.columns()
        asked = len(api.asked)
        found = rows_of(reader, columns, reader.since)
        assert len(api.asked) == asked
    assert api.asked[-1].query["depuis"] == ["2026-01-22T00:00:00"]
    assert {row["maj"] for row in found} == {f"2026-01-{day}" for day in range(23, 29)}
    reader.since = "2027-01-01 00:00:00+00"
    with reader.open():
        assert [column.name for column in reader.columns()] == ["id", "maj"]
        assert rows_of(reader, reader.columns(), reader.since) == []


def test_a_cursor_that_nothing_takes_is_said(api: Api) -> None:
    reader = source(api, "page")
    with reader.open(), pytest.raises(PlatformError, match="since_param"):
        rows_of(reader, reader.columns(), "2026-01-22")
