"""`env`, `stop`, `clean`: the server beside which a person works."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping

from donnees_au_centre.cli.confirmation import is_set
from donnees_au_centre.cli.services import stop_services
from donnees_au_centre.cli.session import Session, child_environment, platform_variables
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import meant
from donnees_au_centre.keys import KEY_FILE, pgoptions
from donnees_au_centre.project.nodes import domains_in
from donnees_au_centre.settings import RESULTS, Settings, database_address
from donnees_au_centre.warehouse import EmbeddedServer


def env(settings: Settings, options: Mapping[str, str]) -> int:
    """Prints the exports that lead psql, dbt and other clients to the database, started if needed.

    The keys of pseudonyms are not among them: a shell, and all that it starts, would keep them. CLES=<ag>
    adds those of one administration, for plain dbt, and never to a terminal.

    Raises:
        PlatformError: the server cannot be started or reached; CLES is no administration, or a person would
            read its keys.
    """
    domain = options.get("CLES")
    if domain and domain not in (known := domains_in(settings.root)):
        raise PlatformError(
            f"CLES={domain} n'est pas un domaine.",
            meant(domain, known, f"Choisissez parmi {', '.join(known)}."),
        )
    if domain and sys.stdout.isatty():
        raise PlatformError(
            "Les clés de pseudonymisation ne s'affichent pas à l'écran.",
            f'Donnez-les au shell sans les montrer : eval "$(make -s env CLES={domain})"',
        )
    access = Session(settings, quiet=True).open_database()
    variables = platform_variables(settings, access)
    variables["PATH"] = child_environment(settings, access)["PATH"]
    if domain and (keys := pgoptions([domain], settings, child_environment(settings, access))):
        variables["PGOPTIONS"] = keys
    print("\n".join(exports(variables)))
    return 0


def exports(variables: Mapping[str, str]) -> list[str]:
    """Writes variables as shell lines, safe for `eval` whatever they hold."""
    return ["export {}='{}'".format(name, value.replace("'", "'\\''")) for name, value in variables.items()]


def stop(settings: Settings, _options: Mapping[str, str]) -> int:
    """Stops what this checkout runs on this machine: Dagster, the documentation, the embedded server."""
    for name in stop_services(settings):
        print(f"{name} : arrêté.")
    stopped = EmbeddedServer(settings.state).stop()
    print("Serveur PostgreSQL du projet : " + ("arrêté." if stopped else "il n'était pas démarré."))
    return 0


def clean(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows the results and the databases of this checkout's own server; with CONFIRMER, removes them all.

    `.venv` stays, and so does a server that is not ours (`ci`, `staging`, `prod`), whatever leads to it.

    Raises:
        PlatformError: a folder belongs to another account.
    """
    folders = [path for name in RESULTS if (path := settings.root / name).exists()]
    keys = settings.root / KEY_FILE
    server = EmbeddedServer(settings.state)
    print("Seraient effacés :")
    for path in folders:
        print(f"  {path}")
    if server.status().home:
        print(f"  le serveur PostgreSQL du projet ({settings.state}) et ses bases : {_databases(server)}")
    if keys.exists():
        print(f"  {keys} : les clés de pseudonymisation de ces bases")
    if not settings.embedded:
        there = database_address(settings.database, os.environ["PGHOST"], os.environ["PGPORT"])
        print(f"La cible {settings.target}, {there}, n'est jamais touchée par make clean.")
    print(
        "Sans retour : l'audit et ses ancres, l'historique, les effacements de personnes notés, les "
        "classeurs rendus par les gestionnaires. Les données, elles, se rechargent de la zone de dépôt."
    )
    if not is_set(options.get("CONFIRMER")):
        print("Rien n'a été touché : make clean CONFIRMER=1 le fait.")
        return 0
    stop(settings, options)
    # The server may keep its data outside the checkout: it alone knows all that it wrote.
    server.destroy()
    print("Serveur PostgreSQL du projet : effacé, avec ses bases.")
    for path in folders:
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise PlatformError(
                f"Le dossier {path} ne peut pas être effacé : {error.strerror or error}.",
                "Relancez avec le compte qui l'a créé, ou effacez-le avec ce compte.",
            ) from error
        print(f"{path.name}/ : effacé.")
    # The pseudonyms went with the databases: nothing is left to be made again with these keys.
    if keys.exists():
        keys.unlink()
        print(f"{KEY_FILE} (clés de pseudonymisation) : effacé.")
    print("make demo reconstruit tout.")
    return 0


def _databases(server: EmbeddedServer) -> str:
    """The names of the server's databases; what stands in the way of them when it cannot be asked."""
    try:
        return ", ".join(server.databases()) or "aucune"
    except PlatformError:
        return "illisibles, le serveur ne démarre pas"
