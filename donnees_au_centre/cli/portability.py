"""`denodo-export`: the models as scripts of Denodo views."""

from __future__ import annotations

from collections.abc import Mapping

from donnees_au_centre.audit import note_run
from donnees_au_centre.cli.session import Session
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.portability import compile_for_denodo
from donnees_au_centre.portability.export import (
    Script,
    collect_views,
    save_scripts,
    write_scripts,
)
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings

EXPORT_FOLDER = "denodo"


def denodo_export(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes one script of views a domain into build/denodo; needs no Denodo, and a database only to note it.

    Raises:
        PlatformError: a model does not compile for Denodo, or documented VQL has not what it says.
    """
    session = Session(settings)
    with session.step("Compilation pour Denodo"):
        scripts = export_scripts(settings)
    paths = save_scripts(scripts, settings.build / EXPORT_FOLDER)
    print("\nÀ jouer dans cet ordre, par un administrateur de Virtual DataPort :")
    for script, path in zip(scripts, paths, strict=True):
        print(f"  {path.relative_to(settings.root)!s:<40} {counted(len(script.views), 'vue'):>9}")
    with session.step("Journal d'audit"):
        counts = {script.database: len(script.views) for script in scripts}
        access = session.open_database()
        note_run(settings, access.conninfo(), "export", EXPORT_FOLDER, {"issue": "reussi", "vues": counts})
    session.say("Scripts écrits : VQL documenté, vérifié ; aucun serveur Denodo n'a été interrogé.")
    return 0


def export_scripts(settings: Settings) -> list[Script]:
    """Compiles the project for Denodo and makes its scripts.

    Raises:
        PlatformError: see `denodo_export`.
    """
    compilation = compile_for_denodo(settings)
    # A test that does not compile stops no view.
    refused = [refusal for refusal in compilation.refusals if refusal.file.startswith("models/")]
    if refused:
        raise PlatformError(
            "Ces modèles ne se compilent pas pour Denodo :\n"
            + "\n".join(f"  {refusal}" for refusal in refused),
            "Corrigez-les comme chaque message le dit ; make lint les nomme aussi.",
        )
    views = collect_views(compilation.manifest, compilation.models, settings.root)
    return write_scripts(views, domain_titles(compilation.manifest))


def domain_titles(manifest: Manifest) -> dict[str, str]:
    """Domain -> what people call it, from the groups of dbt."""
    return {name: (group.description or name).rstrip(".") for name, group in manifest.groups.items()}
