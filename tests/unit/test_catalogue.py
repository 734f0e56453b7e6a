"""The catalogue's content: what it says of each data set, escaped, in French, and from which files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from donnees_au_centre import french
from donnees_au_centre.catalogue import Catalogue, describe, labels
from donnees_au_centre.catalogue.content import Page
from donnees_au_centre.catalogue.last_runs import due, newest, read_knowledge
from donnees_au_centre.pages.catalogue import write_site
from donnees_au_centre.project.datasets import Refresh, Retention
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings
from tests.unit.manifests import PROJECT, good_manifest, versions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MART = f"model.{PROJECT}.dim_ecole"
SOURCE = f"source.{PROJECT}.ecoles.ecoles"
TEST = f"test.{PROJECT}.unique_dim_ecole_fase.0123456789"
ACCESS = """
acces:
  - {{role: lecteur, ag: age, couche: marts, actions: [lecture], justification: "Suivre les inscriptions.",
     approbateur: "Direction des écoles", revue: {review}}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for domain in ("age", "ags", "commun", "transversal"):
        (tmp_path / "models" / domain).mkdir(parents=True)
    (tmp_path / "policies" / "access").mkdir(parents=True, exist_ok=True)
    target, build = tmp_path / "target" / "essai", tmp_path / "build"
    return Settings(tmp_path, "dev", tmp_path, "essai", target, tmp_path / ".warehouse", build)


@pytest.fixture
def make(settings: Settings) -> Callable[..., Catalogue]:
    def made(manifest: dict[str, Any] | None = None) -> Catalogue:
        manifest = manifest or good_manifest()
        for node in manifest["nodes"].values():
            # As dbt writes it; the rules, for which these manifests are made, do not look at it.
            node.setdefault("schema", node["fqn"][1])
        return describe(settings, Manifest(manifest), read_knowledge(settings), NOW)

    return made


def page_of(catalogue: Catalogue, name: str) -> Page:
    return next(page for page in catalogue.pages if page.dataset.name == name)


def run(which: str, at: str, **statuses: str) -> dict[str, Any]:
    ids = {"mart": MART, "test": TEST}
    return {
        "args": {"which": which},
        "metadata": {"generated_at": at},
        "results": [
            {
                "unique_id": ids[name],
                "status": status,
                "timing": [],
                "message": "Dupont, 85.07.30-033.61",
                "failures": 3 if status == "fail" else 0,
                "adapter_response": {"rows_affected": 120},
            }
            for name, status in statuses.items()
        ],
    }


def keep_run(settings: Settings, name: str, content: dict[str, Any]) -> None:
    folder = settings.target_path / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run_results.json").write_text(json.dumps(content), encoding="utf-8")


def keep_summary(settings: Settings, database: str = "essai", **more: Any) -> None:
    source = {
        "domain": "age",
        "source": "ecoles",
        "table": "ecoles",
        "files": 2,
        "rows": 450,
        "unreadable": {"nombre_de_champs": 2},
        "rejected": {},
        "anomalies": {"geo_lat : latitude illisible": 4},
        "failure": None,
        "last_received": "2026-02-01T08:00:00+00:00",
    }
    settings.build.mkdir(exist_ok=True)
    content = {
        "connection": {"database": database},
        "made_at": "2026-02-01T09:00:00+00:00",
        "sources": [source | more],
    }
    (settings.build / "summary.json").write_text(json.dumps(content), encoding="utf-8")


# Words


def test_french_sentences() -> None:
    assert french.day(date(2026, 3, 1)) == "1er mars 2026"
    assert french.number(12168) == "12\u202f168"
    assert french.unbroken(1, "jeu", "jeux") == "1\u00a0jeu"
    assert french.unbroken(2, "jeu", "jeux") == "2\u00a0jeux"
    assert labels.refresh(Refresh(tous_les=1, unite="mois")) == "chaque mois"
    assert labels.refresh(Refresh(tous_les=2, unite="semaine")) == "toutes les 2 semaines"
    assert labels.retention(Retention(mois=120, depuis="reception", sort="effacement")).startswith(
        "10\u00a0ans après la ré"
    )
    assert labels.retention(Retention(mois=18, depuis="debut", sort="archivage")).startswith(
        "18\u00a0mois après la date"
    )
    assert "séries" in labels.retention(
        Retention(mois="illimitee", depuis="reception", sort="archivage", motif="Les séries.")
    )


@pytest.mark.parametrize(
    ("last", "every", "unit", "expected"),
    [
        ("2026-01-31", 1, "mois", "2026-02-28"),
        ("2024-02-29", 1, "annee", "2025-02-28"),
        ("2026-12-15", 1, "mois", "2027-01-15"),
        ("2026-11-30", 3, "mois", "2027-02-28"),
        ("2026-12-30", 1, "semaine", "2027-01-06"),
        ("2026-02-28", 1, "jour", "2026-03-01"),
    ],
)
def test_next_data_are_due(last: str, every: int, unit: str, expected: str) -> None:
    assert due(date.fromisoformat(last), Refresh(tous_les=every, unite=unit)) == date.fromisoformat(expected)


# Quality


def test_nothing_is_known_before_the_first_run(make: Callable[..., Catalogue], settings: Settings) -> None:
    page = page_of(make(), "dim_ecole")
    assert (page.state, page.freshness, page.last) == ("inconnu", "inconnu", None)
    text = (write_site(make(), settings.build / "catalogue").parent / page.address).read_text("utf-8")
    assert "Pas encore construit" in text


def test_newest_result_counts_and_compilation_is_none(
    make: Callable[..., Catalogue], settings: Settings
) -> None:
    keep_run(settings, "tout", run("build", "2026-02-01T10:00:00Z", mart="success", test="fail"))
    keep_run(settings, "age", run("build", "2026-02-03T10:00:00Z", test="pass"))
    keep_run(settings, "compile", run("compile", "2026-02-04T10:00:00Z", mart="error", test="error"))
    page = page_of(make(), "dim_ecole")
    assert page.state == "bon"
    assert page.built and page.built.rows == 120
    assert page.count("reussi") == 1
    keep_run(settings, "age", run("build", "2026-02-03T10:00:00Z", test="fail"))
    assert page_of(make(), "dim_ecole").state == "defaut"


def test_an_old_version_says_until_when_and_what_to_read_then(
    settings: Settings, make: Callable[..., Catalogue]
) -> None:
    manifest = good_manifest()
    former, latest = versions(manifest["nodes"].pop(MART), "2027-06-01")
    manifest["nodes"] |= {one["unique_id"]: one for one in (former, latest)}
    manifest["nodes"][f"model.{PROJECT}.fct_croise"]["depends_on"]["nodes"][0] = latest["unique_id"]
    del manifest["nodes"][f"test.{PROJECT}.une_ecole_a_une_commune"]
    folder = write_site(make(manifest), settings.build / "catalogue").parent
    old, new = (
        (folder / f"jeux/age.{name}.html").read_text("utf-8") for name in ("dim_ecole", "dim_ecole_v2")
    )
    assert "Offert jusqu'au 1<sup>er</sup> juin 2027" in old or "Offert jusqu'au 1er juin 2027" in old
    assert 'lisez <a href="../jeux/age.dim_ecole_v2.html">dim_ecole_v2</a>' in old
    assert "Offert jusqu'au" not in new
    assert "<code>age.dim_ecole_v2</code>" in new


def test_messages_of_dbt_which_may_quote_people_reach_no_page(
    make: Callable[..., Catalogue], settings: Settings
) -> None:
    keep_run(settings, "tout", run("build", "2026-02-01T10:00:00Z", mart="error", test="fail"))
    folder = write_site(make(), settings.build / "catalogue").parent
    assert not [path for path in folder.rglob("*.*") if "Dupont" in path.read_text("utf-8")]


def test_a_truncated_result_says_nothing(settings: Settings) -> None:
    settings.target_path.mkdir(parents=True)
    (settings.target_path / "run_results.json").write_text('{"results": [', encoding="utf-8")
    assert read_knowledge(settings).results == {}
    assert newest([{}]) == {}


@pytest.mark.parametrize(("month", "freshness"), [("2026-02", "jour"), ("2025-01", "retard")])
def test_freshness_of_a_source_and_of_what_is_made_from_it(
    make: Callable[..., Catalogue], settings: Settings, month: str, freshness: str
) -> None:
    keep_summary(settings, last_received=f"{month}-01T08:00:00+00:00")
    keep_run(settings, "tout", run("build", "2026-02-01T10:00:00Z", mart="success"))
    catalogue = make()
    received, offered = page_of(catalogue, "ecoles.ecoles"), page_of(catalogue, "dim_ecole")
    assert received.state == "surveiller"
    assert (received.freshness, offered.freshness) == (freshness, freshness)
    assert offered.late_sources == ((SOURCE,) if freshness == "retard" else ())


def test_no_byte_of_any_page_depends_on_a_small_count_of_rows(
    make: Callable[..., Catalogue], settings: Settings
) -> None:
    written = []
    for low, high in ((1, 4), (4, 1)):
        aside = {"nom absent": low, "fase illisible": 120, "date absente": high}
        keep_summary(settings, rejected=aside, anomalies={"geo_lat : illisible": low}, unreadable={})
        keep_run(settings, "tout", run("build", "2026-02-01T10:00:00Z", mart="success"))
        catalogue = make()
        folder = write_site(catalogue, settings.build / "catalogue").parent
        written.append({path.name: path.read_text("utf-8") for path in folder.rglob("*.html")})
    assert written[0] == written[1]
    page = (
        written[0][Path(page_of(catalogue, "ecoles.ecoles").address).name]
        .replace("\u00a0", " ")
        .replace("&nbsp;", " ")
    )
    assert "<strong>plus de 120</strong> mises de côté" in page and "125" not in page
    assert page.count('<td class="num">moins de 5</td>') == 3
    assert "plusieurs ensemble, « quelques-unes »" in page


def test_a_test_tells_no_small_count_of_rows_in_fault(
    make: Callable[..., Catalogue], settings: Settings
) -> None:
    keep_run(settings, "tout", run("build", "2026-02-01T10:00:00Z", mart="success", test="fail"))
    catalogue = make()
    folder = write_site(catalogue, settings.build / "catalogue").parent
    page = (folder / page_of(catalogue, "dim_ecole").address).read_text("utf-8")
    assert '<td class="num">moins de\u00a05</td>' in page and '<td class="num">3</td>' not in page


def test_reasons_are_words_and_not_the_identifiers_of_the_loader(
    make: Callable[..., Catalogue], settings: Settings
) -> None:
    keep_summary(settings, unreadable={"guillemet_isole": 7})
    aside = page_of(make(), "ecoles.ecoles").received.aside
    assert aside == {"illisible : guillemet ouvert et jamais fermé sur la ligne": 7}


def test_the_summary_of_another_database_says_nothing(
    make: Callable[..., Catalogue], settings: Settings
) -> None:
    keep_summary(settings, database="une_autre")
    assert page_of(make(), "ecoles.ecoles").state == "inconnu"


# Who may see it


def test_access_shows_its_end_and_that_it_is_past(make: Callable[..., Catalogue], settings: Settings) -> None:
    file = settings.root / "policies" / "access" / "age.yml"
    file.write_text(ACCESS.format(review="2026-03-01"), encoding="utf-8")
    catalogue = make()
    assert [entry.role for entry in page_of(catalogue, "dim_ecole").entries] == ["lecteur"]
    assert page_of(catalogue, "ecoles.ecoles").entries == page_of(catalogue, "fct_marche").entries == ()
    assert [gap.required for gap in catalogue.gaps] == [False]
    file.write_text(ACCESS.format(review="2026-02-28"), encoding="utf-8")
    catalogue = make()
    assert [gap.required for gap in catalogue.gaps] == [True]
    address = page_of(catalogue, "dim_ecole").address
    text = (write_site(catalogue, settings.build / "catalogue").parent / address).read_text("utf-8")
    assert "28 février 2026" in text and "accès retiré" in text


# Neighbours and gaps


def test_neighbours_are_data_sets_and_steps_what_is_between(make: Callable[..., Catalogue]) -> None:
    around = page_of(make(), "dim_ecole").origins
    assert around.above == (f"model.{PROJECT}.dim_commune", SOURCE)
    assert around.below == (f"model.{PROJECT}.fct_croise",)
    assert around.steps == ("int_ecoles", "stg_ecoles__ecoles")
    assert page_of(make(), "fct_croise").origins.all_sources == (SOURCE,)


def test_what_is_missing_stands_with_its_data_set(make: Callable[..., Catalogue]) -> None:
    manifest = good_manifest()
    del manifest["nodes"][MART]["config"]["meta"]["gouvernance"]["proprietaire"]
    catalogue = make(manifest)
    required = [gap for page in catalogue.pages for gap in page.gaps if gap.required]
    assert required and all(gap in page_of(catalogue, "dim_ecole").gaps for gap in required)
    assert "proprietaire" in required[0].text
    assert not [gap for page in make().pages for gap in page.gaps if gap.required]


# Pages


def test_what_the_yaml_says_is_escaped(make: Callable[..., Catalogue], settings: Settings) -> None:
    attack = "<script>alert(1)</script> \"quoted' `<b>code</b>`"
    manifest = good_manifest()
    mart = manifest["nodes"][MART]
    mart["description"] = attack
    mart["columns"]["fase"]["description"] = attack
    mart["config"]["meta"]["gouvernance"] |= {"finalite": attack, "synonymes": [attack]}
    folder = write_site(make(manifest), settings.build / "catalogue").parent
    for path in folder.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "<script>alert" not in text and "<b>code" not in text
    assert "<script" not in (folder / "donnees.js").read_text("utf-8")


def test_a_page_of_a_data_set_that_went_away_goes_away(
    make: Callable[..., Catalogue], settings: Settings
) -> None:
    folder = write_site(make(), settings.build / "catalogue").parent
    gone = folder / "jeux" / "transversal.fct_croise.html"
    assert gone.is_file()
    manifest = good_manifest()
    manifest["nodes"] = {name: node for name, node in manifest["nodes"].items() if "fct_croise" not in name}
    write_site(make(manifest), settings.build / "catalogue")
    assert not gone.exists() and (folder / "jeux" / "ags.fct_marche.html").is_file()
    assert [path.name for path in settings.build.iterdir()] == ["catalogue"]


def test_a_system_is_no_file(make: Callable[..., Catalogue], settings: Settings) -> None:
    keep_summary(settings, files=1)
    manifest = good_manifest()
    external = {"kind": "postgresql", "connection": "amont", "location": "public.ecoles"}
    manifest["sources"][SOURCE]["external"] = external
    catalogue = make(manifest)
    folder = write_site(catalogue, settings.build / "catalogue").parent
    text = (folder / page_of(catalogue, "ecoles.ecoles").address).read_text("utf-8")
    assert "<strong>1</strong> système" in text
    assert "Lu dans un système : base PostgreSQL, connexion « amont », public.ecoles." in text
    assert "Fichiers déposés" not in text
