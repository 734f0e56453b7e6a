"""The systems of the sample that no file comes from: a database of an application and a portal's data set.

Both run on this machine, for as long as somebody reads them; their content is invented, and always the same.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from dev.sample import DEFAULT_SEED
from dev.sample.reference import World, commune_of, place

HOST = "127.0.0.1"
# What the declarations call the two, and where the database is.
ROOMS, SPORT = "SOURCE_SALLES", "SOURCE_INFRASTRUCTURES_SPORTIVES"
DATABASE = "application_salles"
DATASET = "infrastructures-sportives"
# Of Explore v2.1: rows of a page, and the rank beyond which none is given.
_MOST, _REACHED = 100, 10_000
_PATH = f"/api/explore/v2.1/catalog/datasets/{DATASET}"
_BRUSSELS = timezone(timedelta(hours=2))

BUILDINGS = ("Aubépin", "Clairbois", "Mirebel", "Noisetier", "Sorbiéroux", "Valdorge")
MEETING_ROOMS = ("Salle 1", "Salle 2", "Grande salle")
MONTHS = tuple(date(2024 + month // 12, month % 12 + 1, 1) for month in range(21))
_TABLE = """
create table reservations.occupation (
    id bigint primary key,
    batiment text not null,
    salle text,
    mois date not null,
    reservations integer,
    heures_reservees numeric(8, 2),
    heures_ouvertes numeric(8, 2),
    modifie_le timestamptz not null
)
"""

FACILITIES = 150
KINDS = {
    "Hall omnisports": (800, 2400),
    "Piscine": (250, 1250),
    "Terrain de football": (6000, 8000),
    "Piste d'athlétisme": (4000, 9000),
    "Court de tennis": (600, 2600),
    "Centre sportif": (1500, 9000),
}
FIELDS = {
    "numero": "text",
    "denomination": "text",
    "genre": "text",
    "commune": "text",
    "surface_m2": "int",
    "annee_ouverture": "text",
    "accessible_pmr": "text",
    "geo_point_2d": "geo_point_2d",
    "mis_a_jour": "date",
}


class Occupation(NamedTuple):
    """A meeting room in a month, or the total of a month."""

    number: int
    building: str
    room: str | None
    month: date
    bookings: int | None
    booked: Decimal | None
    opened: Decimal | None
    changed: datetime


def occupations(world: World) -> Iterator[Occupation]:
    """What the application of meeting rooms holds: totals among the rows, empty cells, late changes."""
    number = 0
    for month in MONTHS:
        closed = datetime(month.year, month.month, 28, 18, tzinfo=_BRUSSELS) + timedelta(days=7)
        rows = []
        for building in BUILDINGS:
            for room in MEETING_ROOMS:
                number += 1
                dice = world.dice("room", number)
                bookings = dice.between(8, 60)
                rows.append(
                    Occupation(
                        number,
                        f"Bâtiment {building}",
                        room,
                        month,
                        bookings,
                        Decimal(bookings * dice.between(4, 9)) / 4,
                        Decimal(dice.between(170, 200)),
                        closed + timedelta(minutes=dice.below(600)),
                    )
                )
        number += 1
        whole = sum(row.bookings or 0 for row in rows)
        yield from (_spoilt(row) for row in rows)
        yield Occupation(number, "TOTAL", None, month, whole, None, None, closed + timedelta(hours=11))


def _spoilt(row: Occupation) -> Occupation:
    if row.number == 77:
        return row._replace(bookings=None)
    if row.number == 120:
        # Somebody corrected it half a year later.
        return row._replace(
            bookings=(row.bookings or 0) + 4, changed=datetime(2025, 3, 3, 9, tzinfo=_BRUSSELS)
        )
    if row.number % 90 == 31:
        return row._replace(booked=None)
    if row.number % 160 == 45:
        return row._replace(building=f" {row.building}\u00a0")
    return row._replace(opened=Decimal(0)) if row.number == 210 else row


def facilities(world: World) -> Iterator[dict[str, Any]]:
    """The records of the data set: a key that is missing, years in words, a commune that nobody knows."""
    for index in range(FACILITIES):
        dice = world.dice("facility", index)
        commune = commune_of(dice, index)
        kind = dice.pick(tuple(KINDS))
        record: dict[str, Any] = {
            "numero": f"IS{index + 1:04d}",
            "denomination": f"{kind} du {place(dice)}",
            "genre": kind,
            "commune": commune.names.fr,
            "surface_m2": dice.between(*KINDS[kind]),
            "annee_ouverture": str(dice.between(1955, 2023)),
            "accessible_pmr": "Oui" if dice.chance(0.7) else "Non",
            "geo_point_2d": {
                "lon": round(commune.longitude + (dice.below(80_000) - 40_000) / 1_000_000, 6),
                "lat": round(commune.latitude + (dice.below(50_000) - 25_000) / 1_000_000, 6),
            },
            "mis_a_jour": dice.day(date(2023, 1, 1), date(2025, 9, 30)).isoformat(),
        }
        if index == 21:
            record["numero"] = None
        elif index == 47:
            record["commune"] = f"{commune.names.fr.upper()} (ent.)"
        elif index == 73:
            record["accessible_pmr"] = "à vérifier"
        elif index % 60 == 35:
            record["annee_ouverture"] = f"vers {record['annee_ouverture']}"
        elif index % 50 == 11:
            record["surface_m2"] = record["geo_point_2d"] = None
        yield record


@contextmanager
def sample_systems(conninfo: str, password_file: Path) -> Iterator[dict[str, str]]:
    """Fills the database, and serves the data set until the end of the block.

    Args:
        conninfo: of the application's database, DATABASE, which exists.
        password_file: that holds the password of the account in `conninfo`.

    Yields:
        The variables that say where both are, for the environment of whoever loads.

    Raises:
        psycopg.Error: the server refuses.
        OSError: no port is free.
    """
    world = World(DEFAULT_SEED, 1.0)
    fill(conninfo, list(occupations(world)))
    parts = conninfo_to_dict(conninfo)
    user, database = (quote(str(parts[name]), safe="") for name in ("user", "dbname"))
    with portal([json.dumps(record, ensure_ascii=False) for record in facilities(world)]) as address:
        yield {
            ROOMS: f"postgresql://{user}@{parts['host']}:{parts['port']}/{database}",
            f"{ROOMS}_PASSWORD_FILE": str(password_file),
            SPORT: address,
        }


def fill(conninfo: str, rows: Sequence[Occupation]) -> None:
    """Writes the rows, unless they are there; whoever reads meanwhile reads all of them or all those before.

    Raises:
        psycopg.Error: the server refuses.
    """
    digest = hashlib.sha256(repr((_TABLE, rows)).encode()).hexdigest()
    with psycopg.connect(conninfo) as connection:
        connection.execute("select pg_advisory_xact_lock(1)")
        known = connection.execute(
            "select obj_description(to_regnamespace('reservations'), 'pg_namespace')"
        ).fetchone()
        if known == (digest,):
            return
        connection.execute("drop schema if exists reservations cascade; create schema reservations")
        connection.execute(_TABLE)
        with connection.cursor().copy("copy reservations.occupation from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute(sql.SQL("comment on schema reservations is {}").format(sql.Literal(digest)))


@contextmanager
def portal(records: Sequence[str]) -> Iterator[str]:
    """Serves the data set as Explore v2.1 does, on a free port of this machine; yields the address.

    Args:
        records: JSON objects, one a row.
    """
    handler = type("Handler", (_Portal,), {"records": records})
    server = ThreadingHTTPServer((HOST, 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Portal(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    records: Sequence[str] = ()

    def log_message(self, *_: Any) -> None:
        """Whoever reads has a journal of their own."""

    def do_GET(self) -> None:
        """Describes the data set, gives a page of it, or exports it."""
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        unknown = sorted(asked.keys() - {"limit", "offset"})
        if parts.path == _PATH:
            fields = [{"name": name, "type": kind, "label": name} for name, kind in FIELDS.items()]
            self._answer({"dataset_id": DATASET, "has_records": True, "fields": fields})
        elif unknown:
            self._refuse("InvalidRESTParameterError", f"The sample does not know {', '.join(unknown)}", 400)
        elif parts.path == f"{_PATH}/records":
            self._page(asked)
        elif parts.path == f"{_PATH}/exports/jsonl":
            self._send("\n".join(self.records), "application/jsonlines")
        else:
            self._refuse("NotFoundError", "There is nothing here", 404)

    def _page(self, asked: Mapping[str, str]) -> None:
        limit, offset = (asked.get(name, usual) for name, usual in (("limit", "10"), ("offset", "0")))
        if not (limit.isdecimal() and offset.isdecimal() and int(limit) <= _MOST):
            self._refuse("InvalidRESTParameterError", f"limit goes to {_MOST}", 400)
        elif int(offset) + int(limit) > _REACHED:
            self._refuse("InvalidRESTParameterError", f"offset + limit goes to {_REACHED}", 400)
        else:
            shown = self.records[int(offset) : int(offset) + int(limit)]
            self._send(f'{{"total_count": {len(self.records)}, "results": [{", ".join(shown)}]}}')

    def _answer(self, content: Mapping[str, Any], status: int = 200) -> None:
        self._send(json.dumps(content), status=status)

    def _refuse(self, code: str, message: str, status: int) -> None:
        self._answer({"error_code": code, "message": message}, status)

    def _send(self, text: str, kind: str = "application/json", status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
