"""Who answers for the processing, policies/gdpr/traitement.yml: the head of the register of Article 30."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reviewed import Line, Reviewed, Says, checked, read_yaml

FILE = Path("policies") / "gdpr" / "traitement.yml"
ADVICE = (
    f"Complétez {FILE} (docs/gestionnaire/droits-des-personnes.md) : responsable_du_traitement, "
    "delegue_a_la_protection_des_donnees, avec nom, adresse, courriel pour chacun."
)
Text = Annotated[Line, Says("attend un texte")]


class _Part(Reviewed):
    SHAPE = "attend des clés et des valeurs"
    MISSING = "manque"
    UNKNOWN = NEAR = "inconnu"


class Contact(_Part):
    """One of them, with the role that the register shows."""

    role: ClassVar[str] = ""

    name: Text = Field(alias="nom", description="L'administration ou la fonction, jamais une personne.")
    address: Text = Field(alias="adresse", description="Adresse postale.")
    email: Text = Field(alias="courriel", description="Boîte fonctionnelle.")


class Controller(Contact):
    """Who answers for the processing."""

    role = "Responsable du traitement"


class Officer(Contact):
    """Who watches over it."""

    role = "Délégué à la protection des données"


class Answering(_Part):
    """The whole file."""

    controller: Controller = Field(alias="responsable_du_traitement", description=Controller.role)
    officer: Officer = Field(alias="delegue_a_la_protection_des_donnees", description=Officer.role)


def read_contacts(root: Path) -> list[Contact]:
    """Reads the controller, then the data protection officer.

    Args:
        root: the checkout.

    Raises:
        PlatformError: one of them is missing or incomplete.
    """
    try:
        content = read_yaml(root / FILE, FILE, ADVICE)
    except FileNotFoundError:
        raise PlatformError(f"{FILE} manque : le registre n'a pas de responsable.", ADVICE) from None
    found, faults = checked(Answering, content or {})
    if found is None:
        told = ", ".join(f"{'.'.join(map(str, fault.path))} {fault.words}".strip() for fault in faults)
        raise PlatformError(f"{FILE} : {told}.", ADVICE)
    return [found.controller, found.officer]
