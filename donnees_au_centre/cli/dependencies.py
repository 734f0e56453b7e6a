"""`dependencies`: what the environment is made of, its weight, and the known advisories about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dev.dependencies import (
    Advisories,
    Environment,
    bill_of_materials,
    find,
    read_advisories,
    read_environment,
)
from donnees_au_centre.audit.actor import revision
from donnees_au_centre.french import counted
from donnees_au_centre.settings import Settings

BILL = Path("dependances", "sbom.cdx.json")
# What is lighter than this, in MB, stands in one line.
LIGHT = 5
OLD = timedelta(days=30)


def dependencies(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes the bill of materials, prints the weights, and looks for advisories in the file AVIS.

    Returns:
        0 when nothing is wrong; 1 when an advisory is about an installed version, or the environment is not
        what the lock says.

    Raises:
        PlatformError: the file AVIS is no file of advisories.
    """
    environment = read_environment(settings.root)
    file = settings.build / BILL
    file.parent.mkdir(parents=True, exist_ok=True)
    bill = bill_of_materials(environment, revision(settings.root), datetime.now(UTC))
    file.write_text(json.dumps(bill, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(_weights(environment))
    print(f"\nInventaire (SBOM, CycloneDX 1.6) : {file}")
    if environment.strangers:
        print("\nL'environnement n'est pas celui que fixent requirements.txt et requirements-drivers.txt :")
        print("\n".join(f"  {one}" for one in environment.strangers))
        print("Que faire : effacez .venv, puis relancez ; la commande suivante le refait.")
    code = 1 if environment.strangers else 0
    if not options.get("AVIS"):
        print(
            "Failles connues : non cherchées. Donnez un fichier d'avis OSV : "
            "make dependencies AVIS=chemin/all.zip (docs/exploitant/installation.md)."
        )
        return code
    return max(code, _tell(environment, read_advisories(settings.root / options["AVIS"])))


def _weights(environment: Environment) -> str:
    """The table of what each wanted package costs."""
    total = sum(one.weight for one in environment.packages.values())
    rows = environment.weights()
    heavy = [row for row in rows if row[1] >= LIGHT * 1e6]
    lines = [
        f"{counted(len(environment.packages), 'paquet')}, {_megabytes(total)} Mo ; "
        f"{len(environment.wanted)} demandés par requirements.in"
        f"{f', {len(environment.drivers)} par des pilotes' if environment.drivers else ''} :",
        f"  {'Mo':<24}{'avec ce dont il a besoin':>24}{'dont lui seul':>15}",
        *(f"  {name:<24}{_megabytes(whole):>24}{_megabytes(alone):>15}" for name, whole, alone in heavy),
        f"  {counted(len(rows) - len(heavy), 'autre')} : moins de {LIGHT} Mo.",
    ]
    return "\n".join(lines)


def _tell(environment: Environment, advisories: Advisories) -> int:
    """Prints what the advisories say of this environment; 1 when one is about it."""
    found = find(advisories, environment.packages.values())
    when = f", le plus récent du {advisories.latest:%d/%m/%Y}" if advisories.latest else ""
    print(f"\nFailles connues ({counted(advisories.count, 'avis', 'avis')}{when}) :")
    for one in found:
        mended = f"corrigé en {one.mended}" if one.mended else "aucune version corrigée connue"
        print(f"  {one.package:<28}{one.advisory} : {one.summary} ({mended})")
    if advisories.unreadable:
        print(f"  {counted(advisories.unreadable, 'fiche illisible', 'fiches illisibles')} dans le fichier.")
    if advisories.latest and datetime.now(UTC) - advisories.latest.astimezone(UTC) > OLD:
        print("  Ce fichier a plus de 30 jours : ce qui a été découvert depuis n'y est pas.")
    if not found:
        print("  Aucune ne concerne une version installée.")
        return 0
    print(
        f"{counted(len(found), 'avis concerne', 'avis concernent')} cet environnement.\n"
        "Que faire : relevez la version dans requirements.in si elle y est fixée, make lock, make test, puis "
        "une demande de fusion ; sinon, écrivez au responsable de la sécurité pourquoi l'avis ne "
        "s'applique pas."
    )
    return 1


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.0f}"
