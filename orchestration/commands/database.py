"""`env`, `stop`, `clean`: the server beside which a person works."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping

from orchestration.commands.services import stop_services
from orchestration.commands.session import Session, child_environment, platform_variables
from orchestration.errors import PlatformError
from orchestration.governance.keys import KEY_FILE, pgoptions
from orchestration.manifest.nodes import domains_in
from orchestration.settings import Settings
from orchestration.warehouse import EmbeddedServer


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
        raise PlatformError(f"CLES={domain} n'est pas un domaine.", f"Choisissez parmi {', '.join(known)}.")
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
    """Removes results, Dagster's memory and the embedded server with its data; `.venv` stays.

    A server that is not ours (`ci`, `staging`, `prod`) is never touched.

    Raises:
        PlatformError: a folder belongs to another account.
    """
    stop(settings, options)
    # The server may keep its data outside the checkout: it alone knows all that it wrote.
    EmbeddedServer(settings.state).destroy()
    print("Serveur PostgreSQL du projet : effacé, avec ses bases.")
    for folder in ("target", "build", "logs", ".dagster"):
        path = settings.root / folder
        if not path.exists():
            continue
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise PlatformError(
                f"Le dossier {path} ne peut pas être effacé : {error.strerror}.",
                "Relancez avec le compte qui l'a créé, ou effacez-le avec ce compte.",
            ) from error
        print(f"{folder}/ : effacé.")
    # The pseudonyms went with the databases: nothing is left to be made again with these keys.
    if (settings.root / KEY_FILE).exists():
        (settings.root / KEY_FILE).unlink()
        print(f"{KEY_FILE} (clés de pseudonymisation) : effacé.")
    print("make demo reconstruit tout.")
    return 0
