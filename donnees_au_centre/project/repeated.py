"""What dbt and the containers cannot read in administration.yml, and so repeat; never written by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from donnees_au_centre.administration import FILE, Administration, read_administration
from donnees_au_centre.errors import PlatformError

TIME_ZONE = "macros/naming/time_zone.sql"
HOLIDAYS, SCHOOL_YEARS = "seeds/commun/jours_feries_regles.csv", "seeds/commun/annees_scolaires.csv"
COMPOSE = "deploy/compose.yml"
_MACRO = """\
{{# The time zone of the administration. Written by `make fix` from {file}. #}}
{{% macro time_zone() -%}}
    {zone}
{{%- endmacro %}}
"""
_CLOCK = re.compile(r"(?m)^(  TZ: ).*$")


def repeated(root: Path, administration: Administration) -> dict[str, str]:
    """File, below the checkout -> what it says for this administration; what is not there needs nothing.

    A macro is always there: dates would follow another clock without it.
    """
    found = {TIME_ZONE: _MACRO.format(file=FILE, zone=administration.timezone)}
    tables = {HOLIDAYS: _holidays(administration), SCHOOL_YEARS: _school_years(administration)}
    found |= {name: text for name, text in tables.items() if (root / name).is_file()}
    if (root / COMPOSE).is_file():
        said = (root / COMPOSE).read_text("utf-8")
        found[COMPOSE] = _CLOCK.sub(rf"\g<1>{administration.timezone}", said)
    return found


def stale(root: Path) -> dict[str, str]:
    """Files of a checkout that say something else than administration.yml, with what they should say.

    Raises:
        PlatformError: administration.yml cannot be read.
    """
    return {
        name: text
        for name, text in repeated(root, read_administration(root)).items()
        if not (root / name).is_file() or (root / name).read_text("utf-8") != text
    }


def mend_repeated(root: Path) -> list[str]:
    """Writes what is stale again, and returns its files.

    Raises:
        PlatformError: administration.yml cannot be read.
    """
    wrong = stale(root)
    for name, text in wrong.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return [*wrong]


def refuse_stale(root: Path) -> None:
    """Refuses a checkout whose dbt would follow another clock or another calendar than administration.yml.

    Raises:
        PlatformError: a file is stale, or administration.yml cannot be read.
    """
    if wrong := stale(root):
        raise PlatformError(
            f"{FILE} a changé, et ne dit plus la même chose que {', '.join(wrong)}.",
            "make fix les écrit d'après lui ; à la main, changez administration.yml seulement.",
        )


def _holidays(administration: Administration) -> str:
    rows = []
    for code, one in administration.calendar.holidays.items():
        month, day = one.month_and_day or ("", "")
        rows.append((code, one.name, one.nature, month, day, "" if one.easter is None else one.easter))
    return _table("ferie_code,nom,nature,mois,jour_du_mois,jours_apres_paques", rows)


def _school_years(administration: Administration) -> str:
    years = administration.calendar.school_years
    return _table("annee_scolaire,debut,fin", years.days() if years else ())


def _table(header: str, rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    text.write(f"{header}\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
