"""administration.yml: what it may say, what is refused of it and in which words, and what repeats it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from donnees_au_centre.administration import (
    DARK_PAPERS,
    FILE,
    PAPERS,
    contrast,
    day_of_rule,
    mixed,
    read_administration,
)
from donnees_au_centre.cli.main import main
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.repeated import (
    COMPOSE,
    HOLIDAYS,
    SCHOOL_YEARS,
    TIME_ZONE,
    mend_repeated,
    stale,
)
from donnees_au_centre.settings import ROOT

OURS = yaml.safe_load((ROOT / FILE).read_text("utf-8"))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Any], Path]:
    def write(said: Any) -> Path:
        text = said if isinstance(said, str) else yaml.safe_dump(said, allow_unicode=True)
        (tmp_path / FILE).write_text(text, "utf-8")
        return tmp_path

    return write


def harmed(harm: Callable[[Any], object]) -> Any:
    said = yaml.safe_load(yaml.safe_dump(OURS))
    harm(said)
    return said


def test_what_may_be_left_out_has_a_default(written: Callable[[Any], Path]) -> None:
    optional = ("couleurs", "calendrier", "langue")
    found = read_administration(written(harmed(lambda said: [said.pop(key) for key in optional])))
    assert (found.language, found.logo, found.calendar.holidays) == ("fr", None, {})
    assert found.colours.banner == "#14263d" and found.naming.whole == "Ministère"


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda said: said.pop("plateforme"), "plateforme.nom : manque."),
        (lambda said: said.update(fusaeu="x"), "fusaeu : n'est pas une clé ; vouliez-vous fuseau ?"),
        (
            lambda said: said.update(fuseau="Europe/Fribourg"),
            "fuseau : « Europe/Fribourg » n'est pas un fuseau",
        ),
        (lambda said: said.update(fuseau="Europe"), "fuseau : « Europe » n'est pas un fuseau"),
        (lambda said: said.update(langue="nl"), "langue : fr, ou fr-BE"),
        (
            lambda said: said["plateforme"].update(courriel="moi"),
            "plateforme.courriel : une boîte aux lettres",
        ),
        (
            lambda said: said["administration"].update(nom="À compléter"),
            "administration.nom : ce texte attend",
        ),
        (lambda said: said.update(logo="../x.svg"), "logo : ../x.svg n'est pas un fichier du projet"),
        (lambda said: said.update(logo="x.jpg"), "logo : un fichier .svg ou .png est attendu"),
        (lambda said: said["couleurs"].update(bandeau="navy"), "couleurs.bandeau : une couleur s'écrit"),
        # Black letters, which are paler beside the name, over the blue of by day.
        (
            lambda said: said["couleurs"].update(texte_du_bandeau="#000000"),
            "couleurs.texte_du_bandeau : ne se lit pas sur bandeau : contraste de 1,32",
        ),
        (lambda said: said["couleurs"].update(trait="#14263d"), "couleurs.trait : ne se lit pas sur bandeau"),
        # 4,54 on white: it is on the panes that it is not read.
        (
            lambda said: said["couleurs"].update(lien="#767676"),
            "couleurs.lien : ne se lit pas sur le fond #f4f6f8 : contraste de 4,19, il en faut au moins 4,5",
        ),
        (
            lambda said: said["calendrier"]["jours_feries"]["noel"].update(le="31 juin"),
            "calendrier.jours_feries.noel.le : « 31 juin » n'est pas un jour de chaque année",
        ),
        (
            lambda said: said["calendrier"]["jours_feries"]["noel"].update(paques=3),
            "calendrier.jours_feries.noel : donnez le",
        ),
        (
            lambda said: said["calendrier"]["annees_scolaires"]["regles"][1].update(fin="dernier jour"),
            "calendrier.annees_scolaires.regles.2.fin : un jour s'écrit « 1er septembre »",
        ),
        (
            lambda said: said["calendrier"]["annees_scolaires"]["regles"].pop(0),
            "calendrier.annees_scolaires.regles : de la plus ancienne",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(
    written: Callable[[Any], Path], harm: Callable[[Any], object], words: str
) -> None:
    with pytest.raises(PlatformError) as refused:
        read_administration(written(harmed(harm)))
    assert f"{FILE} : {words}" in refused.value.message and FILE in refused.value.advice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "ligne 1"),
        ("fuseau: 2024-13-45", "pas du YAML lisible"),
        ("", "plateforme.nom : manque."),
        (None, "manque"),
    ],
)
def test_a_file_that_is_none_is_refused(written: Callable[[Any], Path], text: str | None, words: str) -> None:
    root = written(text or "")
    if text is None:
        (root / FILE).unlink()
    with pytest.raises(PlatformError, match=words):
        read_administration(root)


def test_a_logo_stands_in_the_page_itself(written: Callable[[Any], Path]) -> None:
    root = written({**OURS, "logo": "logo.svg"})
    (root / "logo.svg").write_text("<svg/>")
    assert read_administration(root).logo_address(root) == "data:image/svg+xml;base64,PHN2Zy8+"
    (root / "logo.svg").write_bytes(b" " * 65537)
    with pytest.raises(PlatformError, match="dépasse 64 Kio"):
        read_administration(root)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # Known pairs: the palest grey that is read on white, and the next.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert mixed("#ffffff", "#000000", 0.5) == "#808080"


def test_links_are_checked_on_what_they_are_read_upon() -> None:
    page = (ROOT / "donnees_au_centre/pages/static/style.css").read_text("utf-8").replace("#fff;", "#ffffff;")
    answer = (ROOT / "donnees_au_centre/privacy/templates/base.html").read_text("utf-8")
    day, night = page.split("@media (prefers-color-scheme: dark)", 1)
    for grounds, sheet in ((PAPERS, day), (DARK_PAPERS, night)):
        for name, ground in zip(("paper", "wash"), grounds, strict=False):
            assert f"--{name}: {ground};" in sheet
        assert f"--soft: {grounds[2]}" in answer


def test_days_of_rules() -> None:
    assert day_of_rule("dernier lundi d'août", 2026) == date(2026, 8, 31)
    assert day_of_rule("premier vendredi de juillet", 2028) == date(2028, 7, 7)
    assert day_of_rule("troisième jeudi de mai", 2026) == date(2026, 5, 21)
    assert day_of_rule("1er septembre", 2026) == date(2026, 9, 1)


def test_what_repeats_it_is_written_again(written: Callable[[Any], Path]) -> None:
    root = written({**OURS, "fuseau": "Europe/Zurich", "calendrier": {}})
    for name in (HOLIDAYS, SCHOOL_YEARS, COMPOSE):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    assert sorted(mend_repeated(root)) == sorted([TIME_ZONE, HOLIDAYS, SCHOOL_YEARS, COMPOSE])
    assert "Europe/Zurich" in (root / TIME_ZONE).read_text("utf-8")
    assert re.findall(r"(?m)^  TZ: (.*)$", (root / COMPOSE).read_text("utf-8")) == ["Europe/Zurich"]
    assert len((root / HOLIDAYS).read_text("utf-8").splitlines()) == 1
    assert stale(root) == {} and stale(ROOT) == {}


def test_a_command_does_not_begin_with_a_clock_of_its_own(
    monkeypatch: pytest.MonkeyPatch, written: Callable[[Any], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("donnees_au_centre.cli.main.ROOT", written(OURS))
    assert main(["access-check"], {}) == 1
    said = capsys.readouterr().err
    assert TIME_ZONE in said and "make fix" in said
