"""The managers' pages: a score to check by hand, what is wrong in order, and no small count in any byte."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
import yaml

from donnees_au_centre import french
from donnees_au_centre.catalogue.labels import full_name
from donnees_au_centre.pages.managers import full_names
from donnees_au_centre.pages.quality import Answers, write_pages
from donnees_au_centre.pages.quality.charts import Bar, Charts, Span
from donnees_au_centre.pages.quality.content import view
from donnees_au_centre.pages.quality.drawings import Drawings
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.versions import HELD
from donnees_au_centre.quality.facts import FAILED, GOOD, WARNED, Day, Quality
from donnees_au_centre.settings import ROOT
from tests.unit.qualities import NOW, broken, control, quality, received, rich


def pages(said: Quality, folder: Path, **answers: Answers) -> dict[str, str]:
    write_pages(said, folder / "reports" / "qualite", answers)
    return {path.name: path.read_text("utf-8") for path in (folder / "reports" / "qualite").glob("*.html")}


def text(page: str) -> str:
    """What a reader sees, in single spaces."""
    seen = re.sub(r"<(style|script|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"[\s\u00a0\u202f]+", " ", unescape(re.sub(r"<[^>]+>", " ", seen))).strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    for address in ("catalogue/index.html", "catalogue/jeux/age.dim_ecole.html", "reports/elementary.html"):
        (folder / address).parent.mkdir(parents=True, exist_ok=True)
        (folder / address).write_text("<title>là</title>", "utf-8")
    return pages(rich(), folder, age=Answers(12, 7))


@pytest.mark.parametrize(
    ("good", "played", "said"),
    [(271, 280, "96,8"), (280, 280, "100,0"), (2799, 2800, "99,9"), (1, 2800, "0,1"), (0, 3, "0,0")],
)
def test_the_score_is_good_controls_in_a_hundred_and_never_a_false_hundred(
    good: int, played: int, said: str
) -> None:
    assert french.score(good, played) == said


def test_words_of_counts_and_of_time_are_french() -> None:
    assert french.rows(12168) == "12\u202f168\u00a0lignes"
    assert [french.rows(n) for n in (0, 1, 4, 5)] == [
        "aucune\u00a0ligne", "moins de\u00a05\u00a0lignes", "moins de\u00a05\u00a0lignes", "5\u00a0lignes"
    ]  # fmt: skip
    assert [french.ago(NOW - timedelta(days=n), NOW).replace("\u00a0", " ") for n in (0, 1, 3, 200)] == [
        "depuis aujourd'hui", "depuis hier", "depuis 3 jours", "depuis le 10 mai 2026"
    ]  # fmt: skip
    assert french.late(date(2026, 11, 25), date(2026, 11, 26)) == "en retard d'un\u00a0jour"
    assert french.points(1.24) == "+1,2\u00a0point" and french.points(-3) == "\u22123,0\u00a0points"
    # Half past eleven in the evening, UTC, is the next day in Brussels.
    assert french.day_of(NOW.replace(hour=23, minute=30)) == date(2026, 11, 27)


def test_a_total_never_tells_the_part_that_is_not_told() -> None:
    assert french.total([100, 20]) == "120"
    assert french.total([100, 3]) == french.total([100, 1]) == "plus de\u00a0100"
    assert french.total([3]) == french.total([1]) == french.SMALL
    assert french.total([3, 3]) == french.total([1, 4])
    assert french.rounded(103) == french.rounded(100) and french.rounded(4) == french.rounded(1)


def test_no_byte_of_any_page_depends_on_a_small_count(tmp_path: Path) -> None:
    first = pages(rich(faulty=1, refused=1), tmp_path / "un")
    second = pages(rich(faulty=4, refused=4), tmp_path / "quatre")
    assert first == second
    assert "moins de" in first["age.html"] and "Got " not in first["age.html"]


def test_what_is_wrong_comes_by_gravity_then_strategic_then_age() -> None:
    def named(name: str, outcome: str, days: int, strategic: bool = False) -> object:
        return control(name, outcome, since=NOW - timedelta(days=days), strategic=strategic)

    found = view(
        quality(
            controls=(
                named("averti_vieux", WARNED, 20),
                named("echec_jeune", FAILED, 1),
                named("echec_vieux", FAILED, 9),
                named("averti_strategique", WARNED, 2, strategic=True),
                named("echec_strategique", FAILED, 1, strategic=True),
            )
        ),
        "age",
    )
    assert [problem.name for problem in found.problems] == [
        "echec_strategique", "echec_vieux", "echec_jeune", "averti_strategique", "averti_vieux"
    ]  # fmt: skip


def test_a_page_says_what_is_wrong_how_much_since_when_what_depends_on_it_and_who_acts(
    made: dict[str, str],
) -> None:
    age = text(made["age.html"])
    assert "Score = contrôles réussis ÷ contrôles joués × 100 = 32 ÷ 37 × 100 = 86,5" in age
    assert "32 contrôles réussis sur 37 joués" in age
    wrong = age[age.index("Question posée par cle_presente") :][:500]
    assert "1 234 cas en faute depuis 12 jours, dans dim_ecole" in wrong
    assert "Qui agit Cellule Données de l'AGE, data-steward.age@fwb.example" in wrong
    assert "Que faire Faites corriger le fichier à la source." in wrong
    strategic = age[age.index("Question posée par cle_unique") :][:400]
    assert "Moins de 5 cas en faute depuis" in strategic and "Tableau de bord : Rentrée scolaire" in strategic
    assert "Jeu : fct_inscription" in strategic
    assert "en retard de 12 jours" in age and "14 novembre 2026" in age
    assert "moins de 5" in age[age.index("nom : nom absent") :][:200]
    assert "Notées par le gestionnaire : 12 lignes , dont 7 encore en faute à l'exécution suivante." in age
    # Told of nothing but errors and strategic data sets: the owner answers, and is not said to be warned.
    assert "Qui en répond Direction des écoles" in wrong and "prévenu" not in wrong
    assert "nombre de champs inattendu" in age and "nombre_de_champs" not in made["age.html"]
    assert "les lignes respectent la règle" in age
    assert "Réparé le 24 novembre 2026" in age and "Moins de lignes refusées : environ 240" in age
    # What got worse is not among what improved.
    assert "Moins de valeurs vidées" not in age
    ministry = text(made["index.html"])
    assert "6 contrôles sur 50 ne sont pas bons, dont 3 en échec" in ministry
    assert "2 contrôles écrits n'ont pas encore été joués" in ministry
    assert "plus de 103" in ministry and "106" not in ministry
    assert "« Quelques-unes » : plusieurs nombres de 1 à 4" in ministry
    assert "Lignes laissées de côté exprès : connues d'avance (des totaux, par exemple)." in ministry
    assert "personne n'est désigné" in ministry


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((FAILED, GOOD), "1 contrôle sur 2 est en échec."),
        ((FAILED, FAILED), "2 contrôles sur 2 sont en échec."),
        ((WARNED, GOOD), "1 contrôle sur 2 est en avertissement."),
        ((WARNED, WARNED, GOOD), "2 contrôles sur 3 sont en avertissement."),
        ((WARNED, FAILED, GOOD), "2 contrôles sur 3 ne sont pas bons, dont 1 en échec."),
    ],
)
def test_the_sentence_counts_bad_controls(outcomes: tuple[str, ...], said: str) -> None:
    controls = tuple(control(f"c_{n}", outcome, since=NOW) for n, outcome in enumerate(outcomes))
    assert view(quality(controls=controls), "age").sentence.replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("aside", "end"),
    [
        ({"rejected": {"nom absent": 2}}, " Des lignes mises de côté restent à corriger : voyez plus bas."),
        ({"unreadable": {"ligne_vide": 9}, "anomalies": {"date illisible": 1}},
         " Des lignes mises de côté restent à corriger : voyez plus bas."),
        ({"anomalies": {"date illisible": 7}}, " Des valeurs vidées restent à corriger : voyez plus bas."),
        # Left out on purpose: nothing to correct.
        ({"excluded": {"ligne de total": 6}}, ""),
    ],
)  # fmt: skip
def test_all_is_well_tells_what_is_left_to_correct(aside: dict[str, dict[str, int]], end: str) -> None:
    said = view(quality(controls=(control("seul"),), sources=(received("ecoles", **aside),)))
    well = "Tout va bien : le seul contrôle joué est bon, et rien n'est en retard."
    assert said.sentence == well + end


def test_what_was_put_aside_again_is_not_said_of_controls(tmp_path: Path) -> None:
    said = quality(controls=(control("seul"),), sources=(received("ecoles", rejected={"nom absent": 12}),))
    age = text(pages(said, tmp_path / "ecarts", age=Answers(9, aside=7))["age.html"])
    assert "Aucun contrôle n'est en faute" in age and "encore en faute" not in age
    assert "9 lignes , dont 7 parmi les écarts (mis de côté), revenus à la réception suivante." in age
    both = text(pages(said, tmp_path / "deux", age=Answers(90, 30, 2))["age.html"])
    assert "dont 30 encore en faute à l'exécution suivante et moins de 5 parmi les écarts" in both


def test_an_acronym_is_spelled_and_a_domain_is_no_administration(tmp_path: Path) -> None:
    assert full_name("ags", "Administration générale du Sport (AGS, ADEPS).") == (
        "AGS, Administration générale du Sport"
    )
    assert full_name("commun", "Dimensions communes : communes, codes postaux.") == "Commun"
    assert full_name("ags", "") == "AGS"
    said = [yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / "models").glob("*/_*.yml")]
    groups = {group["name"]: group for one in said for group in one.get("groups", ())}
    names = full_names(Manifest({"groups": groups}))
    assert names["agmj"] == "AGMJ, Administration générale des Maisons de justice"
    assert names["sg"] == "SG, Secrétariat général" and names["data_platform"] == "Plateforme"
    said = quality(
        domains={"ags": "AGS", "commun": "Commun"}, controls=(control("seul", domain="commun"),), coverage={}
    )
    write_pages(said, tmp_path, names={"ags": "AGS, Administration générale du Sport"})
    ags, commun = (text((tmp_path / f"{name}.html").read_text("utf-8")) for name in ("ags", "commun"))
    assert "Qualité des données : AGS, Administration générale du Sport" in ags
    assert "Cette administration ne dépose aucun fichier : ses données viennent des autres." in ags
    assert "Qualité des données : Commun" in commun
    assert "Ce domaine ne dépose aucun fichier." in commun and "Rien n'est reçu ici." in commun
    assert "dministration" not in commun.replace("Administrations", "")
    assert ">Administration<" not in (tmp_path / "index.html").read_text("utf-8")


def test_the_last_point_of_the_trend_is_the_score(made: dict[str, str]) -> None:
    days = view(rich(), "age").days
    assert (days[-1].good, days[-1].played, days[-1].day) == (32, 37, date(2026, 11, 26))
    assert len({day.day for day in days}) == len(days) == 30
    assert "Courbe du score de AGE, du 28 octobre 2026 au 26 novembre 2026" in made["age.html"]


def test_links_lead_only_to_what_is_there(made: dict[str, str], tmp_path: Path) -> None:
    assert 'href="../../catalogue/jeux/age.dim_ecole.html"' in made["age.html"]
    assert 'href="../elementary.html"' in made["index.html"]
    assert "fct_marche.html" not in made["ags.html"]
    alone = pages(quality(controls=(control("seul"),)), tmp_path)
    assert "catalogue" not in alone["age.html"] and "elementary" not in alone["age.html"]


@pytest.mark.parametrize("ahead", [30, 165, 400])
def test_the_ticks_of_an_axis_of_time_never_repeat(ahead: int) -> None:
    span = Span("points_verts", NOW.date(), NOW.date() + timedelta(days=ahead), late=False)
    drawn = unescape(str(Charts().freshness([span], NOW.date())))
    ticks = re.findall(r">((?:\d+ )?[a-zûé]{3,5}\.?(?: \d{4})?)</text>", drawn)
    assert len(ticks) >= 3 and len(set(ticks)) == len(ticks)


def test_what_is_not_there_yet_is_said(tmp_path: Path) -> None:
    nothing = pages(quality(runs=(), coverage={}), tmp_path / "rien")
    assert "Aucun contrôle n'a encore été joué" in text(nothing["index.html"])
    assert "<svg" not in nothing["index.html"]
    one = pages(
        quality(
            controls=(control("seul"),),
            sources=(received("ecoles", last=None, due=None, files=0, rows=0),),
            days={"": (Day(NOW.date(), 1, 1),), "age": (Day(NOW.date(), 1, 1),), "ags": ()},
        ),
        tmp_path / "un",
    )
    age, ags = text(one["age.html"]), text(one["ags.html"])
    assert "L'histoire n'a qu'un jour" in age and "100,0 sur 100" in age
    assert "Tout va bien : le seul contrôle joué est bon" in age and "Jamais reçue" in age
    assert "la qualité de ces données n'est pas encore mesurée" in ags
    assert "ne dépose aucun fichier" in ags


def test_pages_are_written_again_where_build_leads(tmp_path: Path) -> None:
    (tmp_path / "partage").mkdir()
    (tmp_path / "build").symlink_to(tmp_path / "partage")
    for _ in range(2):
        pages(rich(), tmp_path / "build")
    assert (tmp_path / "build").is_symlink()
    assert [path.name for path in (tmp_path / "partage" / "reports").iterdir()] == ["qualite"]


def test_what_comes_from_the_project_is_escaped_and_ids_are_unique(tmp_path: Path) -> None:
    bad = control("x", FAILED, text="<script>alert(1)</script> & « ici »", label="<b>")
    made = pages(replace(rich(), controls=(bad, *rich().controls)), tmp_path)
    for page in made.values():
        assert "<script>" not in page and "<b>" not in page
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        # Nothing but files beside the page, and mailboxes.
        for link in re.findall(r'(?:href|src)="([^"]+)"', page):
            assert link.startswith(("#", "mailto:", "data:,")) or re.fullmatch(r"[a-z.-]+(#[a-z]+)?", link), (
                link
            )
        assert not re.search(r'="#0a0b0', page), "a colour is not the page's own"


def test_counts_of_the_pages_are_those_of_the_controls() -> None:
    said = rich()
    ministry = view(said)
    domains = [view(said, domain) for domain in said.domains]
    assert (ministry.good, ministry.played) == (44, 50)
    assert ministry.played == sum(one.played for one in domains) == len(said.controls)
    assert ministry.good == sum(one.good for one in domains) == ministry.count(GOOD)
    assert sum(many for _, many in ministry.actors) == len(ministry.problems) == 7


def test_the_page_tells_which_figures_stay_and_why() -> None:
    held = f"{HELD} : à corriger d'abord : essai. En attendant, les chiffres d'hier restent."
    faults = (broken("fct_a", message=held), broken("fct_b", message=held))
    found = view(quality(controls=(control("seul"),), broken=faults), "age")
    assert found.sentence.replace("\u00a0", " ").startswith("2 marts gardent leurs chiffres d'avant")
    (title, _) = [problem.title for problem in found.problems]
    assert title == (
        "fct_a n'est pas offert. À corriger d'abord : essai. En attendant, les chiffres d'hier restent."
    )


def test_a_chart_is_drawn_again_when_it_shows_something_else(tmp_path: Path) -> None:
    kept = tmp_path / "dessins.json"

    def drawn(late: bool = False, before: int = 0) -> list[str]:
        drawings = Drawings(kept)
        charts = Charts(drawings)
        for number in range(before):
            charts.bars([Bar(f"a{number}", 1, "1")], "Une barre.")
        span = Span("points_verts", NOW.date(), NOW.date() + timedelta(days=30), late=late)
        made = [str(charts.freshness([span], NOW.date())), str(charts.bars([Bar("a", 1, "1")], "Une barre."))]
        drawings.keep()
        return made

    first, keys = drawn(), set(json.loads(kept.read_text("utf-8")))
    kept.write_text(json.dumps(dict.fromkeys(keys, "<svg>gardé</svg>")), "utf-8")
    assert drawn() == 2 * ["<svg>gardé</svg>"]
    assert drawn(late=True)[0] not in ("<svg>gardé</svg>", first[0])
    # What is shown no more is kept no more.
    assert len(set(json.loads(kept.read_text("utf-8"))) & keys) == 1
    # Elsewhere in a page its parts have other names: no two of a page have the same.
    assert "<svg>gardé</svg>" not in drawn(before=1)
    kept.write_text("{", "utf-8")
    assert drawn() == first
