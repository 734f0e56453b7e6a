"""`assemble`, `approvals`, `release`: what is delivered, who agreed to it, and under which number."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from donnees_au_centre.cli.access import check_entries_of
from donnees_au_centre.cli.changes import ancestor, changed_files, text_at
from donnees_au_centre.cli.confirmation import is_set
from donnees_au_centre.cli.quality import check_rules
from donnees_au_centre.cli.session import Session, environment_kept, parse_or_fail
from donnees_au_centre.delivery.approvals import missing_approvals
from donnees_au_centre.delivery.assembly import ARCHIVE, PROJECT, RECEIPT
from donnees_au_centre.delivery.assembly import assemble as assembled
from donnees_au_centre.delivery.declaration import read_delivery
from donnees_au_centre.delivery.versions import plan_of_domain, plan_of_platform
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.codeowners import FILE, concerned, read_sections
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import Settings

FOLDER = "livraison"


def approvals(settings: Settings, options: Mapping[str, str]) -> int:
    """Fails until every rule of CODEOWNERS that the branch touches has the approvals that it asks for.

    CODEOWNERS is that of the revision which the branch left: a branch names no owners of its own.

    Raises:
        PlatformError: an approval is missing, or GitLab cannot be asked.
    """
    session = Session(settings)
    since = options.get("DEPUIS") or ancestor(settings.root)
    owned = read_sections(text_at(settings.root, since, FILE))
    wanted = concerned(owned, changed_files(settings.root, since))
    if not wanted:
        session.say("Rien de ce qui change n'a de propriétaire dans .gitlab/CODEOWNERS.")
        return 0
    missing = missing_approvals(wanted, options)
    for one in wanted:
        said = "à approuver" if one in missing else "facultatif" if one.optional else "approuvé"
        times = f" par {one.count} comptes" if one.count > 1 else ""
        session.say(f"{one.section} : {said}{times} ({', '.join('@' + owner for owner in one.owners)})")
    if missing:
        raise PlatformError(
            f"Il manque l'approbation de : {', '.join(dict.fromkeys(one.section for one in missing))}.",
            "Demandez-la à l'un des comptes nommés (bouton « Approve »), puis relancez ce travail. "
            "L'approbation de l'auteur ne compte pas.",
        )
    return 0


def release(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes the next version: its number from the commits, its notes from CHANGELOG.md, a commit and a tag.

    AG names an administration that is released alone: a tag and nothing else, for its version is its own.

    Raises:
        PlatformError: the checkout is not a clean main branch, or there is nothing to release.
    """
    session = Session(settings)
    confirmed = is_set(options.get("CONFIRMER"))
    planned = (
        plan_of_domain(settings.root, options["AG"])
        if options.get("AG")
        else plan_of_platform(settings.root, date.today())
    )
    session.say(planned.told)
    if not confirmed:
        session.say("Pour écrire cette version : la même commande avec CONFIRMER=1.")
        return 0
    planned.write(settings.root)
    session.say(f"Étiquette {planned.tag} posée ici. Pour la livrer : git push --follow-tags origin main")
    return 0


def assemble(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes build/livraison: the project, its archive, and what it was made of; opens no database.

    Raises:
        PlatformError: a version is unknown, or what is put together does not hold together.
    """
    session = Session(settings)
    into = settings.build / FOLDER
    delivery = read_delivery(settings.root, domains_in(settings.root))
    with session.step("Assemblage"):
        parts = assembled(settings.root, delivery, into)
    for part in parts:
        session.say(
            f"{part.name} : {part.version} ({part.commit[:12]}){f', {part.origin}' if part.origin else ''}"
        )
    try:
        # What was put together is judged as it will run: read by dbt, then by the rules.
        with environment_kept():
            whole = Session.without_database(replace(settings, root=into / PROJECT))
            manifest = parse_or_fail(whole).manifest
            with session.step("Règles, contrats et accès de ce qui est assemblé"):
                check_rules(whole.settings, manifest)
                check_entries_of(whole.settings, manifest)
    except BaseException:
        (into / ARCHIVE).unlink(missing_ok=True)
        (into / RECEIPT).unlink(missing_ok=True)
        raise
    finally:
        for made in ("target", "logs"):
            shutil.rmtree(into / PROJECT / made, ignore_errors=True)
    session.say(f"À promouvoir telle quelle, d'un environnement au suivant : {into / ARCHIVE} ({RECEIPT}).")
    return 0
