"""`assemble`: the project that is delivered, out of the platform and of domains at their own versions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace

from donnees_au_centre.cli.access import check_entries_of
from donnees_au_centre.cli.quality import check_rules
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.delivery.assembly import ARCHIVE, PROJECT, RECEIPT
from donnees_au_centre.delivery.assembly import assemble as assembled
from donnees_au_centre.delivery.declaration import read_delivery
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import Settings

FOLDER = "livraison"


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
    before = dict(os.environ)
    try:
        # What was put together is judged as it will run: read by dbt, then by the rules.
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
        os.environ.clear()
        os.environ.update(before)
        for made in ("target", "logs"):
            shutil.rmtree(into / PROJECT / made, ignore_errors=True)
    session.say(f"À promouvoir telle quelle, d'un environnement au suivant : {into / ARCHIVE} ({RECEIPT}).")
    return 0
