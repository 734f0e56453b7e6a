from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from donnees_au_centre.connectors import Column, Incremental, PassingFault, connection_named, web
from donnees_au_centre.connectors.kinds.opendatasoft import OpendatasoftOptions, OpendatasoftSource
from donnees_au_centre.errors import PlatformError
from tests.conformance.records import SECRET, RecordConformance, Row, read, rows_of
from tests.integration.test_source_rest import as_text
from tests.mailboxes import free_port
from tests.servers.api import DATASETS, Api, api_server

FIELDS = [
    ("id", "int"),
    ("10km", "text"),
    ("geopoint", "geo_point_2d"),
    ("modifie", "datetime"),
    ("vide", "double"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Api]:
    with api_server() as api:
        yield api


@pytest.fixture
def portal(running: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    running.reset()
    running.fields = FIELDS
    monkeypatch.setattr(web, "PAUSES", (0.0, 0.0))
    return running


def walks(count: int) -> list[str]:
    return [
        json.dumps(
            {
                "id": n,
                "10km": "Oui",
                "geopoint": None if n % 2 else {"lon": 4.5, "lat": 50.25},
                "modifie": f"2026-01-{n % 28 + 1:02}T00:00:00+00:00",
                "vide": None,
            }
        )
        for n in range(count)
    ]


def source(portal: Api, environ: dict[str, str] | None = None, **options: Any) -> OpendatasoftSource:
    given = {"SOURCE_ODWB": portal.url, **(environ or {})}
    return OpendatasoftSource(connection_named("odwb", given), "points-verts", OpendatasoftOptions(**options))


class Portal:
    """A data set that a key opens."""

    def __init__(self, api: Api, through: str) -> None:
        self.api, self.through = api, through
        api.secrets = {"ods": SECRET}
        api.fields = [("id", "int"), ("texte", "text"), ("montant", "double"), ("grand", "int")]

    def put(self, rows: Sequence[Row]) -> None:
        self.api.records = [as_text(row) for row in rows]

    def source(self, secret: str = SECRET) -> OpendatasoftSource:
        return source(self.api, {"SOURCE_ODWB_API_KEY": secret}, through=self.through)

    def down(self) -> OpendatasoftSource:
        environ = {"SOURCE_ODWB": f"http://127.0.0.1:{free_port()}"}
        return OpendatasoftSource(connection_named("odwb", environ), "x", OpendatasoftOptions())

    def cut(self) -> None:
        self.api.fault(*["cut"] * 50, after=2)

    def mended(self) -> None:
        self.api.fault()


@pytest.mark.parametrize("system", ["export", "records"], indirect=True)
class TestConformance(RecordConformance):
    page = 100

    @pytest.fixture
    def system(self, portal: Api, request: pytest.FixtureRequest) -> Portal:
        return Portal(portal, request.param)


@pytest.mark.parametrize("through", ["export", "records"])
def test_columns_are_the_fields_of_the_data_set(portal: Api, through: str) -> None:
    portal.records = walks(230)
    reader = source(portal, through=through)
    with reader.open():
        assert reader.columns() == [
            Column("id", "int"),
            Column("10km", "text"),
            Column("geopoint_lon", "geo_point_2d"),
            Column("geopoint_lat", "geo_point_2d"),
            Column("modifie", "datetime"),
            Column("vide", "double"),
        ]
        rows = rows_of(reader, reader.columns())
    assert len(rows) == 230
    assert (rows[0]["geopoint_lon"], rows[0]["geopoint_lat"], rows[1]["geopoint_lon"]) == (
        "4.5",
        "50.25",
        None,
    )


def test_an_empty_data_set_has_its_columns(portal: Api) -> None:
    reader = source(portal)
    with reader.open():
        assert [column.name for column in reader.columns()][:3] == ["id", "10km", "geopoint_lon"]
        assert reader.announced() == 0
        assert rows_of(reader, reader.columns()) == []


def test_what_is_wanted_is_asked_of_the_portal(portal: Api) -> None:
    portal.records = walks(10)
    wanted = {"where": "id >= 5", "select": "id", "order_by": "id asc", "refine": ["a:b", "c:d"]}
    reader = source(portal, **wanted)
    with reader.open():
        assert reader.announced() == 5
        assert len(rows_of(reader, reader.columns())) == 5
    *_, export = portal.asked
    assert export.path == f"{DATASETS}points-verts/exports/jsonl"
    assert export.query == {
        name: given if isinstance(given, list) else [given] for name, given in wanted.items()
    }


def test_an_export_has_no_bound_and_pages_have_one(portal: Api) -> None:
    portal.records = [f'{{"id": {n}}}' for n in range(10_001)]
    assert len(read(source(portal))) == 10_001
    with pytest.raises(PlatformError, match="plus de lignes que les 10000"):
        read(source(portal, through="records"))


@pytest.mark.parametrize("fault", ["error", "early", "invalid", "cut", "429", "503"])
def test_an_export_that_fails_on_the_way_is_asked_again(portal: Api, fault: str) -> None:
    portal.records = walks(50)
    portal.fault(fault, after=2)
    assert len(read(source(portal))) == 50
    if fault != "invalid":
        portal.fault(*[fault] * 9, after=2)
        with pytest.raises(PassingFault):
            read(source(portal))


def test_another_count_than_announced_loads_nothing(portal: Api) -> None:
    portal.records, portal.total = walks(50), 51
    with pytest.raises(PlatformError, match="annonce 51 lignes et en donne 50"):
        read(source(portal))


def test_a_data_set_that_changes_meanwhile_is_read_again(portal: Api) -> None:
    portal.records = walks(50)
    reader = source(portal)
    with reader.open():
        portal.records = walks(51)
        assert len(rows_of(reader, reader.columns())) == 51


def test_refusals_say_what_the_portal_says(portal: Api) -> None:
    with pytest.raises(PlatformError, match=r"unknown field faux.*"):
        read(source(portal, where="faux = 1"))
    portal.dataset = "autre"
    with pytest.raises(PlatformError, match="dataset points-verts not found") as unknown:
        read(source(portal))
    assert "`location`" in unknown.value.advice
    with pytest.raises(PlatformError, match="ne nomme pas un jeu"):
        OpendatasoftSource.check("https://www.odwb.be/explore/dataset/x", OpendatasoftOptions())


def test_a_spent_quota_says_when_to_come_again(portal: Api) -> None:
    portal.records = walks(5)
    portal.fault("429 7200")
    with pytest.raises(PassingFault, match=r"Too many requests.*à partir du") as spent:
        read(source(portal))
    assert spent.value.wait == pytest.approx(7200, abs=1)


@pytest.mark.parametrize(
    ("cursor", "since", "kind", "condition"),
    [
        ("modifie", "2026-01-20 00:00:00+00", "time", "modifie >= date'2026-01-20T00:00:00+00:00'"),
        ("id", "20", "number", "id >= 20"),
        ("10km", "N", "text", "10km >= 'N'"),
    ],
)
def test_only_what_is_new_is_read(portal: Api, cursor: str, since: str, kind: Any, condition: str) -> None:
    portal.records = walks(28)
    reader = source(portal, where="vide is null")
    reader.since, reader.incremental = since, Incremental(cursor, kind, None, ("id",))
    with reader.open():
        found = rows_of(reader, reader.columns(), since)
    assert portal.asked[-1].query["where"] == [f"(vide is null) and {condition}"]
    assert len(found) == {"time": 9, "number": 8, "text": 28}[kind]


def test_a_cursor_that_would_be_a_condition_is_refused(portal: Api) -> None:
    reader = source(portal)
    reader.incremental = Incremental("id", "text", None, ("id",))
    with reader.open(), pytest.raises(PlatformError, match="n'est pas une valeur"):
        rows_of(reader, reader.columns(), "1 or true")


def test_names_are_those_of_a_file_of_the_same_data_set(portal: Api) -> None:
    from donnees_au_centre.landing.identifiers import to_identifiers
    from tests.unit.test_landing_json import rows as of_file

    portal.records = walks(3)
    columns = {column for row in read(source(portal)) for column in row}
    exported = f'{{"total_count": 3, "results": [{", ".join(portal.records)}]}}'
    in_file = {column for row in of_file(exported, envelope="opendatasoft_v2") for column in row}
    # A file has one column more for a point that is null in some rows.
    assert set(to_identifiers(sorted(columns))) | {"geopoint"} == in_file
