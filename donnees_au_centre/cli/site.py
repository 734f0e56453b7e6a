"""`site`: the documentation as a site that opens from the disk, beside the catalogue; from files only."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

from donnees_au_centre import french
from donnees_au_centre.catalogue import describe
from donnees_au_centre.catalogue.last_runs import read_knowledge
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.pages.catalogue import write_site as write_catalogue
from donnees_au_centre.pages.documentation import write_site
from donnees_au_centre.settings import Settings


def site(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes build/site, and build/catalogue, to which its search leads; opens no database.

    Raises:
        PlatformError: the project does not parse; or a page cannot be shown, or leads to nothing.
    """
    session = Session.without_database(settings)
    manifest = parse_or_fail(session).manifest
    now = datetime.now().astimezone()
    with session.step("Catalogue"):
        catalogue = describe(settings, manifest, read_knowledge(settings), now)
    with session.step("Documentation"):
        begun = time.process_time()
        done = write_site(settings.root, manifest, catalogue, settings.build, now)
        taken = time.process_time() - begun
    # After it: the catalogue leads to the documentation where that is.
    write_catalogue(catalogue, settings.build / "catalogue")
    pages = french.counted(done.pages, "page")
    size = f"{french.decimal(done.bytes / 1e6)} Mo"
    blocks = french.counted(done.code, "bloc de code", "blocs de code")
    print(
        f"\nDocumentation : {done.page}\n{pages}, {size}, {french.number(done.things)} réponses possibles "
        f"de la recherche, en {french.decimal(taken)} s de processeur.\n"
        f"{blocks}, dont {french.number(done.not_played)} que personne ne joue (nonjoue).\n"
        "Ouvrez ce fichier dans un navigateur."
    )
    return 0
