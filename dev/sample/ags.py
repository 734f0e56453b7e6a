"""AGS, administration of sport: walks, as the Opendatasoft v1 API gives them and as the same in CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from dev.sample.reference import World, commune_of, fold_locality, place, street
from dev.sample.writers import Zone

WALKS = 60
COLUMNS = (
    "10km", "15km", "activite", "adep_sante", "balade_guidee", "bewapp", "date", "entite", "gare",
    "geopoint", "groupement", "id", "ign", "infos_rendez_vous", "latitude", "lieu_de_rendez_vous",
    "localite", "longitude", "ndeg_pv", "orientation", "pmr", "poussettes", "province", "ravitaillement",
    "statut", "traces_gpx", "velo", "vtt",
)  # fmt: skip
ZONES = {
    "": ("Bruxelles", "B"),
    "20002": ("Brabant Wallon", "B"),
    "60000": ("Liège", "L"),
    "80000": ("Luxembourg", "U"),
    "90000": ("Namur", "N"),
}
MEETING_PLACES = ("Salle communale", "Ecole communale", "Buvette")
GROUPS = ("Comité des fêtes", "Les marcheurs", "Cercle des promeneurs", "Jeunesse", "Amicale sportive")


class Walk(NamedTuple):
    """A point vert: its fields without the absent ones, and what is wrong with them."""

    fields: dict[str, Any]
    record: str
    updated: str
    reject: str
    anomalies: tuple[str, ...]
    notes: tuple[str, ...]


def walks(zone: Zone, world: World) -> None:
    """`points_verts`: one extract in two formats."""
    stem = "ags/points_verts/points_verts_2025-06-14"
    query = {
        "dataset": "points-verts-de-ladeps",
        "q": 'date >="2025-06-14"',
        "rows": 10000,
        "start": 0,
        "format": "json",
        "timezone": "UTC",
    }
    head = f'{{"nhits": {world.count(WALKS)}, "parameters": {json.dumps(query)}, "records": '
    with zone.json(f"{stem}.json", indent=None, head=head, tail="}") as out:
        for walk in _walks(world):
            out.add(_record(walk), reject=walk.reject, anomalies=walk.anomalies, notes=walk.notes)
    with zone.csv(f"{stem}.csv", delimiter=";", newline="\r\n") as table:
        table.header(COLUMNS)
        for walk in _walks(world):
            values = [_flat(walk.fields.get(column, "")) for column in COLUMNS]
            table.row(values, reject=walk.reject, anomalies=walk.anomalies, notes=walk.notes)


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _record(walk: Walk) -> dict[str, Any]:
    latitude, longitude = walk.fields["geopoint"]
    return {
        "datasetid": "points-verts-de-ladeps",
        "recordid": walk.record,
        "fields": walk.fields,
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "record_timestamp": walk.updated,
    }


def _walks(world: World) -> Iterator[Walk]:
    for index in range(world.count(WALKS)):
        yield _walk(world, index)


def _walk(world: World, index: int) -> Walk:
    dice = world.dice("walk", index)
    commune = commune_of(dice, index)
    west = commune.arrondissement in ("51000", "57000", "53000")
    area, letter = ZONES.get(commune.province, ("Hainaut Ouest" if west else "Hainaut Est", "H"))
    latitude = round(commune.latitude + (dice.below(50_000) - 25_000) / 1_000_000, 7)
    longitude = round(commune.longitude + (dice.below(80_000) - 40_000) / 1_000_000, 7)
    locality = commune.localities[0][0] if commune.localities and dice.chance(0.5) else commune.names.fr
    fields: dict[str, Any] = {
        "statut": dice.pick(("OK", "OK", "OK", "Modifié", "Annulé")),
        "activite": dice.pick(("Marche",) * 9 + ("Orientation",)),
        "ndeg_pv": f"{letter}{index + 1:03d}",
        "entite": commune.names.fr,
        "groupement": f"{dice.pick(GROUPS)} du {place(dice)}",
        "province": area,
        "geopoint": [latitude, longitude],
        "lieu_de_rendez_vous": f"{dice.pick(MEETING_PLACES)}, {street(dice)}",
        "latitude": str(latitude),
        "longitude": str(longitude),
        "date": (date(2025, 6, 15) + timedelta(days=7 * dice.below(28))).isoformat(),
        "id": 20001 + index,
        "localite": fold_locality(locality),
        "traces_gpx": "[]",
        "ign": f"{dice.between(30, 70)}/{dice.between(1, 8)}",
    }
    for column, share in (("10km", 0.4), ("15km", 0.3), ("pmr", 0.2), ("poussettes", 0.5), ("velo", 0.3)):
        fields[column] = _yes(dice.chance(share))
    for column in ("adep_sante", "balade_guidee", "bewapp", "orientation", "ravitaillement", "vtt"):
        fields[column] = _yes(dice.chance(0.15))
    if dice.chance(0.3):
        fields["gare"] = f"Gare à {dice.between(2, 30) * 100} m ; bus {dice.between(1, 99)}"
    if dice.chance(0.4):
        fields["infos_rendez_vous"] = f'Suivre les flèches "{place(dice)}"'
    reject, anomalies, notes = _spoil(fields, index)
    day = f"2025-0{dice.between(1, 6)}-{dice.between(1, 14):02d}"
    return Walk(
        fields, dice.hexadecimal(40), f"{day}T09:{dice.below(60):02d}:12.792Z", reject, anomalies, notes
    )


def _spoil(fields: dict[str, Any], index: int) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Spoils a few walks in sixty; returns the reason of a reject, the bad cells, and oddities."""
    position = index % WALKS
    if position == 8:
        del fields["id"]
        return "cle_absente", (), ()
    if position == 17:
        fields["id"] = "PV-17"
        return "cle_non_numerique", (), ()
    if position == 23:
        fields["latitude"] = "n/d"
        return "", ("latitude",), ()
    if position == 35:
        fields["date"] = "2025-02-31"
        return "", ("date",), ()
    if position == 41:
        fields["pmr"] = "peut-être"
        return "", ("pmr",), ()
    if position == 47:
        fields["entite"] = fields["entite"].replace("è", "e").replace("-", " ").upper() + " (ent.)"
        return "", (), ("commune_introuvable",)
    if position == 52:
        fields["traces_gpx"] = '[{"distance": "10", "fichier": "trace.gpx"}]'
        return "", (), ("json_dans_une_chaine",)
    return "", (), ()


def _yes(value: bool) -> str:
    return "Oui" if value else "Non"
