"""The synthetic landing zone: shapes and dirt of the real files, invented content, always the same."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from dev.sample import agaj, agc, age, agmj, ags, commun, pupils, sg
from dev.sample.reference import World
from dev.sample.writers import FileTally, Zone
from donnees_au_centre.errors import PlatformError

__all__ = ["DEFAULT_SEED", "SCALABLE", "SOURCES", "FileTally", "generate"]

DEFAULT_SEED = 20251020
SCALABLE = "age/population_scolaire"
SOURCES: dict[str, Callable[[Zone, World], None]] = {
    "age/signaletique_fase": age.school_register,
    "age/indice_socio_economique": age.socio_economic_index,
    "age/places_secondaire": age.secondary_places,
    "age/ecoles_geolocalisees": age.school_snapshots,
    "age/ecoles_attributs": age.school_attributes,
    "age/eleves_par_commune": age.pupils_by_commune,
    SCALABLE: pupils.school_population,
    "agc/cadastre_subventions": agc.subsidies,
    "agaj/prises_en_charge": agaj.care,
    "agmj/maisons_de_justice": agmj.houses_of_justice,
    "agmj/prisons": agmj.prisons,
    "agmj/mandats": agmj.mandates,
    "ags/points_verts": ags.walks,
    "commun/communes": commun.communes,
    "commun/refnis": commun.divisions,
    "commun/population": commun.population,
    "commun/conges": commun.holidays,
    "commun/codes_bce": commun.codes,
    "commun/territoire": commun.territory,
    "sg/baremes": sg.pay_scales,
    "sg/index": sg.price_index,
    "sg/agents": sg.agents,
}


def generate(
    root: Path,
    *,
    seed: int = DEFAULT_SEED,
    scale: float = 1.0,
    only: Collection[str] = (),
    rows: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, FileTally]:
    """Writes the zone below `root`, in constant memory.

    Args:
        root: folder of the zone; files with the same names are replaced, others are left alone.
        seed: same seed, scale and rows: same bytes.
        scale: factor on the number of schools, walks, subsidies, agents; geography keeps its size.
        only: sources (`domain/source`) to write; all when empty.
        rows: number of records of the school population over twenty years, instead of the scale.
        progress: called with each source before it is written.

    Returns:
        What was put into each file, by path relative to `root`.

    Raises:
        PlatformError: an unknown source, `rows` for other sources, or a file that cannot be written.
    """
    unknown = sorted(set(only) - set(SOURCES))
    if unknown:
        raise PlatformError(
            f"L'échantillon n'a pas de source {', '.join(unknown)}.",
            f"Choisissez parmi : {', '.join(sorted(SOURCES))}.",
        )
    if rows is not None and set(only) != {SCALABLE}:
        raise PlatformError(
            f"Un nombre de lignes ne peut être demandé que pour {SCALABLE}.",
            f"Ajoutez --seulement {SCALABLE}, ou remplacez --lignes par --echelle.",
        )
    zone, world = Zone(root), World(seed, scale)
    scalable = partial(pupils.school_population, rows=rows)
    for source, plain in SOURCES.items():
        write = scalable if source == SCALABLE else plain
        if not only or source in only:
            if progress:
                progress(source)
            write(zone, world)
    return zone.tallies
