"""Proof that the controls see what goes wrong, and only that: ten clean days, then twenty kinds of fault.

By day, two of the days, and six of the kinds: one of each way in which a fault is seen, or is not. Real
files, the real loader and dbt as a Dagster step runs them, the history, and what the pages then say.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.french import counted
from donnees_au_centre.landing import LoadReport, load_landing, read_declarations
from donnees_au_centre.project import ParseResult, parse
from donnees_au_centre.project.nodes import Manifest, domains_in
from donnees_au_centre.quality.facts import FRESHNESS, TEST, Control, Quality
from donnees_au_centre.quality.reading import read_quality
from donnees_au_centre.settings import ROOT, Settings
from donnees_au_centre.warehouse import EmbeddedServer
from orchestration.assets import Assets, read_assets
from orchestration.work import Journal, Work
from tests.campaigns import WHOLE, campaign, long
from tests.faults import (
    CARE,
    FAULTS,
    FIRST,
    HOUSES,
    ISE,
    MANDATES,
    NURSERY,
    PRISONS,
    PROVINCES,
    PUPILS,
    REFNIS,
    SCALES,
    SECOND,
    SUBSIDIES,
    WARNED,
    Fault,
    Place,
    repair,
    walks,
)  # fmt: skip
from tests.memory import recall
from tests.small_project import environment

# All of it is one story, told in the fixtures of its first test.
pytestmark = [campaign, pytest.mark.timeout(2400)]

DATABASE = "essai_fautes"
TABLE = ROOT / "docs/gestionnaire/detection.md"
# By day: seen by the volume of a file, as a column that is missing, as a value that nobody declared, by its
# date, in the database itself, and by nothing.
BY_DAY = (
    "Fichier coupé en deux",
    "Colonne absente",
    "Catégorie nouvelle",
    "Fichier en retard",
    "Lignes effacées à la main",
    "Colonne triée sans les autres",
)
PLAYED = FAULTS if WHOLE else tuple(fault for fault in FAULTS if fault.name in BY_DAY)
DAYS = 10 if WHOLE else 2
# Sources that receive something in the ten days -> marts that are built from them.
ALIVE = {
    "population_scolaire": ("fct_population_scolaire",),
    "cadastre_subventions": ("fct_subvention", "fct_subvention_particulier"),
    "baremes": ("fct_bareme",),
    "index_traitements": ("fct_index_traitement",),
    "prisons": ("dim_prison",),
    "mandats": ("fct_mandat_maison",),
    "prises_en_charge": ("fct_prise_en_charge_arrondissement",),
    "points_verts": ("fct_marche",),
    "eleves_maternel": ("fct_eleves_par_commune",),
    "provinces": (),
    "refnis": (),
}
if not WHOLE:
    ALIVE = {name: ALIVE[name] for name in ("population_scolaire", "mandats", "prisons")}


@dataclass
class Platform:
    """The platform over a landing zone and a database of its own."""

    place: Place
    settings: Settings
    parsed: ParseResult
    catalogue: Assets
    good: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        manifest = self.parsed.manifest
        self.sources = {source.name: source.unique_id for source in manifest.own_sources if source.external}
        self.models = {model.name: model.unique_id for model in manifest.models}

    def around(self, table: str, marts: Collection[str]) -> set[str]:
        """A source, the staging that reads it, and what leads from there to some marts."""
        manifest, source = self.parsed.manifest, self.sources[table]
        above = manifest.content["parent_map"]
        after = _reached(manifest.content["child_map"], source)
        staging = {child for child in manifest.readers(source) if child.startswith("model.")}
        between = {
            node
            for mart in marts
            for node in after & {self.models[mart], *_reached(above, self.models[mart])}
            if node.startswith("model.")
        }
        return {source, *staging, *between}

    def before(self, wanted: Collection[str]) -> set[str]:
        """What these nodes and their tests read, however far."""
        manifest = self.parsed.manifest
        tests = [test.unique_id for test in manifest.tests if test.tested_id in wanted]
        return set().union(*(_reached(manifest.content["parent_map"], node) for node in (*wanted, *tests)))

    def load(self, tables: Collection[str]) -> LoadReport:
        """Loads some source tables, as `make load` does."""
        sources = [self.parsed.manifest.sources[self.sources[table]] for table in tables]
        return load_landing("", self.settings.landing, read_declarations(sources))

    def run(self, wanted: Collection[str], quiet: Collection[str] = (), load: bool = True) -> Journal:
        """Does what a Dagster step does: builds some nodes and plays their tests, `quiet` ones without.

        With `load`, the source tables among them are loaded first, and their freshness is measured.
        """
        found, manifest = self.catalogue, self.parsed.manifest
        every = {**found.tables, **found.models} if load else found.models
        assets = [key for key, unique_id in every.items() if unique_id in {*wanted, *quiet}]
        checks = [
            key for key, unique_id in found.tests.items() if manifest.nodes[unique_id].tested_id in wanted
        ]
        journal = Journal()
        work = Work(self.settings, "fautes", found, "essai", self.parsed)
        try:
            for _ in work.run(assets, checks, journal):
                pass
        except dg.Failure:
            assert journal.errors
        assert journal.notices == []
        return journal

    def quality(self) -> Quality:
        """What the pages say now."""
        with psycopg.connect(self.place.conninfo) as connection:
            return read_quality(connection, self.parsed.manifest, datetime.now(UTC))

    def alarms(self) -> dict[str, Control]:
        """The controls that are bad now."""
        return {control.unique_id: control for control in self.quality().controls if control.bad}

    def a_day_passes(self) -> None:
        """What was received before is a day older."""
        self.place.ask(
            "update plateforme.chargements set recu_le = recu_le - interval '1 day', "
            "charge_le = charge_le - interval '1 day'"
        )


def _reached(links: dict[str, list[str]], start: str) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        for node in links.get(waiting.pop(), []):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


@pytest.fixture(scope="module")
def platform(
    server: EmbeddedServer, systems: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """Everything loaded, built and tested once."""
    folder = tmp_path_factory.mktemp("fautes")
    shutil.copytree(ROOT / "landing", folder / "landing")
    settings = replace(
        Settings.load({}),
        landing=folder / "landing",
        target_path=folder / "target" / DATABASE,
        build=folder / "build",
    )
    server.ensure_database(DATABASE)
    conninfo = server.start().conninfo(DATABASE)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(conninfo).items():
            patch.setenv(name, value)
        recall(settings)
        parsed = parse(settings)
        # They look at no data.
        parsed.project.unit_tests.clear()
        parsed = replace(parsed, manifest=Manifest({**parsed.manifest.content, "unit_tests": {}}))
        catalogue = read_assets(parsed.manifest, domains_in(ROOT))
        found = Platform(Place(settings.landing, conninfo), settings, parsed, catalogue)
        watched = _places(found, PLAYED).union(*(found.around(*one) for one in ALIVE.items()))
        journal = found.run(watched, found.before(watched) | set(found.sources.values()))
        assert journal.errors == []
        assert [control.name for control in found.alarms().values()] == []
        yield found
    server.drop_database(DATABASE)


# The first hour


@pytest.fixture(scope="module")
def corrected(platform: Platform) -> Platform:
    """A file that came cut in half within the hour of the good one, was seen, and came again whole."""
    good, around = platform.place.read(PUPILS), platform.around("population_scolaire", ())
    rows = good.splitlines(keepends=True)
    platform.place.write(PUPILS, b"".join(rows[: len(rows) // 2]))
    platform.load({"population_scolaire"})
    platform.run(around, load=False)
    (alarm,) = platform.alarms().values()
    assert (alarm.name, alarm.outcome) == ("population_scolaire_volume_comparable", WARNED)
    assert (alarm.rows, alarm.counted) == (1, "fichier")
    platform.place.write(PUPILS, good)
    platform.load({"population_scolaire"})
    platform.run(around, load=False)
    return platform


def test_a_file_cut_within_the_hour_of_the_good_one_is_seen(corrected: Platform) -> None:
    assert corrected.alarms() == {}


# Ten days


def _csv(place: Place, path: str, share: float, day: int, change) -> None:
    """Adds some rows to a file: lines that are there, changed as `change` says."""
    dice = random.Random(day)
    header, *rows = place.read(path).decode("utf-8-sig").splitlines()
    end = "\r\n" if b"\r\n" in place.read(path) else "\n"
    clean = [row for row in rows if change(row, 0) is not None]
    more = [
        change(row, 1000 * day + rank)
        for rank, row in enumerate(dice.sample(clean, max(2, round(len(clean) * share))))
    ]
    place.write(path, end.join([header, *rows, *more, ""]).encode())


def _numbered(pattern: str):
    """Gives a line the number asked for; None for a line that is not in order."""

    def change(row: str, number: int) -> str | None:
        return (
            re.sub(pattern, lambda m: f"{m[1]}{900000 + number:06d}", row, count=1)
            if re.match(pattern, row)
            else None
        )

    return change


def pupils_counted_again(place: Place, day: int) -> None:
    dice = random.Random(day)

    def change(line: str) -> str:
        if dice.random() < 0.01:
            return ""
        return re.sub(
            r";(\d+)(\r?\n)$", lambda m: f";{max(1, int(m[1]) + dice.choice((-1, 0, 1)))}{m[2]}", line
        )

    place.change(PUPILS, change)


def subsidies_paid(place: Place, day: int) -> None:
    _csv(place, SUBSIDIES, 0.02, day, _numbered(r"(\d+;S2024-)\d{6}(?=;)"))


def young_people_helped(place: Place, day: int) -> None:
    _csv(place, CARE, 0.03, day, _numbered(r"(PC-2024-)\d{6}(?=;J\d{7};)"))


def mandates_given(place: Place, day: int) -> None:
    _csv(place, MANDATES, 0.03, day, _numbered(r"(M2024-)\d{6}(?=;)"))


def walks_published(place: Place, day: int) -> None:
    dice = random.Random(day)
    _, extract = walks(place)
    for record in extract["records"]:
        if dice.random() < 0.05:
            record["fields"]["statut"] = "Modifié"
    if day % 3 == 0:
        extract["records"].pop(dice.randrange(len(extract["records"])))
        extract["nhits"] = len(extract["records"])
    place.write(f"ags/points_verts/points_verts_2025-07-{day:02d}.json", json.dumps(extract).encode())


def walks_published_unchanged(place: Place, day: int) -> None:
    place.write(f"ags/points_verts/points_verts_2025-07-{day:02d}.json", place.read(walks(place)[0]))


def index_grows(place: Place, day: int) -> None:
    last = max((place.landing / "sg/index").glob("*.csv")).read_bytes().rstrip()
    line = f"\r\n01/{day:02d}/2026;2,12{day:02d};{37 + day}\r\n"
    place.write(f"sg/index/index_2026-{day:02d}-01.csv", last + line.encode())


def scales_indexed(place: Place, day: int) -> None:
    place.change(SCALES, lambda line: re.sub(r"^[\d.]+", lambda m: f"{float(m[0]) * 1.02:.2f}", line))


def a_new_school_year(place: Place, day: int) -> None:
    dice = random.Random(day)

    def change(line: str) -> str:
        return re.sub(
            r"(\d+)(\r?\n)$", lambda m: f"{round(int(m[1]) * dice.uniform(0.95, 1.05))}{m[2]}", line
        )

    path = NURSERY.replace("2024", "2025")
    place.write(path, place.read(NURSERY))
    place.change(path, change)


def the_same_again(*paths: str):
    def deposit(place: Place, day: int) -> None:
        for path in paths:
            place.touch(path)

    return deposit


def refnis_again(place: Place, day: int) -> None:
    place.write(REFNIS.replace("2025-01", "2025-02"), place.read(REFNIS))


DEPOSITS = {
    1: {"points_verts": walks_published, "cadastre_subventions": subsidies_paid},
    2: {"points_verts": walks_published_unchanged, "population_scolaire": pupils_counted_again},
    3: {"points_verts": walks_published, "prises_en_charge": young_people_helped, "baremes": scales_indexed},
    4: {"prisons": the_same_again(PRISONS), "provinces": the_same_again(PROVINCES), "refnis": refnis_again},
    5: {"points_verts": walks_published, "mandats": mandates_given, "index_traitements": index_grows},
    6: {"population_scolaire": pupils_counted_again, "cadastre_subventions": subsidies_paid},
    7: {"points_verts": walks_published, "eleves_maternel": a_new_school_year},
    8: {"prises_en_charge": young_people_helped, "mandats": mandates_given},
    9: {"index_traitements": index_grows, "baremes": the_same_again(SCALES)},
    10: {
        "points_verts": walks_published,
        "population_scolaire": pupils_counted_again,
        "prises_en_charge": young_people_helped,
    },
}
if not WHOLE:
    DEPOSITS = {
        1: {"population_scolaire": pupils_counted_again, "mandats": mandates_given},
        2: {"prisons": the_same_again(PRISONS)},
    }


@pytest.fixture(scope="module")
def lived(corrected: Platform) -> Platform:
    """The platform after ten days, each with its deposits; the last day builds every source that lives."""
    platform = corrected
    for day in range(1, DAYS + 1):
        platform.a_day_passes()
        for deposit in DEPOSITS[day].values():
            deposit(platform.place, day)
        report = platform.load(DEPOSITS[day])
        assert {table.status for table in report.tables} <= {"charge", "identique"}
        # The last day every source that lives is built, and asked how old it is.
        alive = ALIVE if day == DAYS else DEPOSITS[day]
        wanted = set().union(*(platform.around(name, ALIVE[name]) for name in alive))
        journal = platform.run(wanted, load=day == DAYS)
        assert journal.errors == [], day
        assert [(day, control.name) for control in platform.alarms().values()] == []
    platform.good = {
        path.relative_to(platform.place.landing).as_posix(): path.read_bytes()
        for path in platform.place.landing.rglob("*.*")
        if path.is_file()
    }
    return platform


def test_ten_clean_days_raise_no_alarm(lived: Platform) -> None:
    quality = lived.quality()
    assert [control.name for control in quality.controls if control.bad] == []
    assert not quality.broken
    assert not any(source.failure or source.late for source in quality.sources)
    assert {control.kind for control in quality.controls} == {TEST, FRESHNESS}
    with psycopg.connect(lived.place.conninfo) as connection:
        builds = connection.execute(
            "select count(*) from historique.executions where commande = 'build'"
        ).fetchone()
        days = connection.execute(
            "select count(distinct date_trunc('day', recu_le)) from plateforme.chargements"
        ).fetchone()
    # The first build, the two of the first hour, and one a day.
    assert builds == (DAYS + 3,)
    assert days is not None
    assert days[0] >= DAYS


# Twenty faults


def _wanted(fault: Fault, controls: Collection[Control]) -> Control | None:
    return next((control for control in controls if control.name == fault.control), None)


def _places(platform: Platform, faults: Collection[Fault]) -> set[str]:
    return set().union(*(platform.around(fault.source, fault.marts) for fault in faults))


@pytest.fixture(scope="module")
def first(lived: Platform) -> tuple[Platform, dict[str, Control]]:
    """What is bad after the first faults."""
    lived.a_day_passes()
    faults = [fault for fault in PLAYED if fault.round == FIRST]
    for fault in faults:
        fault.inject(lived.place)
    lived.run(_places(lived, faults))
    return lived, lived.alarms()


@pytest.fixture(scope="module")
def second(
    first: tuple[Platform, dict[str, Control]], blinded: dict[str, str]
) -> tuple[Platform, dict[str, Control]]:
    """What is bad after the first files came again, good, and the second faults with them."""
    lived, _ = first
    lived.a_day_passes()
    # A second edition that is one, in the place of the copy.
    if WHOLE:
        lived.good[ISE.replace("2025", "2026")] = re.sub(rb",(\d)\r?\n", rb",1\1\n", lived.good[ISE])
    repair(lived.place, lived.good)
    lived.place.touch(HOUSES)
    # Before the hands that touch the database: a file that comes again puts its rows back.
    lived.load(lived.sources)
    faults = [fault for fault in PLAYED if fault.round == SECOND]
    for fault in faults:
        fault.inject(lived.place)
    lived.run(_places(lived, PLAYED))
    return lived, lived.alarms()


@pytest.fixture(scope="module")
def verdicts(
    first: tuple[Platform, dict[str, Control]], second: tuple[Platform, dict[str, Control]]
) -> dict[str, list[Control]]:
    """Fault -> the controls that say it, the expected one first."""
    found = {}
    for number, (platform, alarms) in ((FIRST, first), (SECOND, second)):
        for fault in PLAYED:
            if fault.round == number:
                about = platform.around(fault.source, fault.marts)
                mine = [control for control in alarms.values() if control.dataset in about]
                found[fault.name] = sorted(mine, key=lambda one: (one.name != fault.control, one.name))
    return found


@pytest.mark.parametrize("fault", PLAYED, ids=lambda fault: fault.name)
def test_each_fault_is_seen_where_it_is(fault: Fault, verdicts: dict[str, list[Control]]) -> None:
    controls = verdicts[fault.name]
    if fault.why:
        assert controls == []
        return
    assert controls, f"nothing saw it: {fault.name}"
    assert (controls[0].name, controls[0].outcome) == (fault.control, fault.outcome)
    assert controls[0].text
    assert controls[0].advice
    assert (controls[0].kind == FRESHNESS) == ("." in fault.control)


def test_there_are_twenty_kinds_and_nineteen_are_seen() -> None:
    assert len({fault.name for fault in FAULTS}) == 20
    assert sum(not fault.why for fault in FAULTS) >= 19


def test_no_alarm_is_about_something_else(
    first: tuple[Platform, dict[str, Control]], second: tuple[Platform, dict[str, Control]]
) -> None:
    """Nor does what was mended go on: the second alarms are those of the second faults alone."""
    for number, (platform, alarms) in ((FIRST, first), (SECOND, second)):
        faults = [fault for fault in PLAYED if fault.round == number]
        about = _places(platform, faults)
        assert sorted(c.name for c in alarms.values() if c.dataset not in about) == []


def test_what_is_mended_is_said_so(
    second: tuple[Platform, dict[str, Control]], verdicts: dict[str, list[Control]]
) -> None:
    platform, _ = second
    mended = {control.name for control in platform.quality().controls if control.mended and not control.bad}
    seconds = [fault.name for fault in PLAYED if fault.round == SECOND]
    again = {control.name for name in seconds for control in verdicts[name]}
    assert {fault.control for fault in PLAYED if fault.round == FIRST and not fault.why} - again <= mended


# Controls that alone see a fault -> arguments that make them blind.
BLIND = {
    "population_scolaire_volume_comparable": {"at_least": 0},
    "fct_bareme_montant_annuel_moyenne_stable": {"at_most": 1000},
    "cadastre_subventions__paiements_ecarts_peu_nombreux": {"at_most": 1},
}
BLIND = {name: blind for name, blind in BLIND.items() if name in {fault.control for fault in PLAYED}}


@pytest.fixture(scope="module")
def blinded(first: tuple[Platform, dict[str, Control]]) -> dict[str, str]:
    """The outcome of some controls, made blind, with the first faults there; and of one left as it is."""
    platform, _ = first
    chosen = [
        node
        for node in platform.parsed.project.nodes.values()
        if node.name in (*BLIND, "mandats_comme_declare")
    ]
    kept = {node.name: dict(node.test_metadata.kwargs) for node in chosen}
    for node in chosen:
        node.test_metadata.kwargs.update(BLIND.get(node.name, {}))
    names = [f"fqn:{'.'.join(node.fqn)}" for node in chosen]
    run = DbtRun(platform.settings, "aveugle", platform.parsed.project, ["test", "--select", *names])
    try:
        return {result.unique_id.split(".")[2]: result.status for result in run.results()}
    finally:
        for node in chosen:
            node.test_metadata.kwargs = kept[node.name]


def test_without_its_control_a_fault_goes_through(
    blinded: dict[str, str], verdicts: dict[str, list[Control]]
) -> None:
    assert blinded == {**dict.fromkeys(BLIND, "pass"), "mandats_comme_declare": "warn"}
    for fault in PLAYED:
        if fault.control in BLIND:
            # Nothing else saw it.
            assert [control.name for control in verdicts[fault.name]] == [fault.control]


@long
def test_the_page_tells_what_was_seen(verdicts: dict[str, list[Control]], tmp_path: Path) -> None:
    written = TABLE.read_text(encoding="utf-8")
    expected = _table(verdicts)
    if expected not in written:
        copy = ROOT / "build" / "detection.md"
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(expected, encoding="utf-8")
        pytest.fail(f"docs/gestionnaire/detection.md no longer tells what is seen; the table is in {copy}")


def _table(verdicts: dict[str, list[Control]]) -> str:
    """The table of docs/gestionnaire/detection.md."""
    lines = [
        f"{counted(sum(bool(found) for found in verdicts.values()), 'faute')} vues sur {len(FAULTS)}.",
        "",
        "| faute | ce qui arrive | contrôle qui la voit | la règle que la page dit non respectée |",
        "|---|---|---|---|",
    ]
    for fault in FAULTS:
        found = verdicts[fault.name]
        if not found:
            lines.append(f"| {fault.name} | {fault.looks} | aucun | {fault.why} |")
            continue
        others = f" et {counted(len(found) - 1, 'autre')}" if len(found) > 1 else ""
        colour = "avertissement" if found[0].outcome == WARNED else "échec"
        name = f"fraîcheur de `{found[0].name}`" if found[0].kind == FRESHNESS else f"`{found[0].name}`"
        lines.append(f"| {fault.name} | {fault.looks} | {name} ({colour}){others} | {found[0].text} |")
    return "\n".join([*lines, ""])
