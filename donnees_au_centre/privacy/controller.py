"""Who answers for the processing, policies/gdpr/traitement.yml: the head of the register of Article 30."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reading import unreadable_yaml

FILE = Path("policies") / "gdpr" / "traitement.yml"
# Key of the file -> how the register names it.
ROLES = {
    "responsable_du_traitement": "Responsable du traitement",
    "delegue_a_la_protection_des_donnees": "Délégué à la protection des données",
}
FIELDS = ("nom", "adresse", "courriel")
ADVICE = (
    f"Complétez {FILE} (docs/gestionnaire/droits-des-personnes.md) : {', '.join(ROLES)}, "
    f"avec {', '.join(FIELDS)} pour chacun."
)


@dataclass(frozen=True)
class Contact:
    """One of them.

    Attributes:
        role: French, as the register shows it.
        name: of the administration or the function.
        address: postal.
        email: functional mailbox.
    """

    role: str
    name: str
    address: str
    email: str


def read_contacts(root: Path) -> list[Contact]:
    """Reads the controller, then the data protection officer.

    Args:
        root: the checkout.

    Raises:
        PlatformError: one of them is missing or incomplete.
    """
    try:
        content = yaml.safe_load((root / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlatformError(f"{FILE} manque : le registre n'a pas de responsable.", ADVICE) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlatformError(f"{FILE} : {unreadable_yaml(error)}.", ADVICE) from error
    content = content if isinstance(content, Mapping) else {}
    missing = [f"{key} inconnu" for key in content if key not in ROLES]
    for key in ROLES:
        said = content.get(key)
        said = said if isinstance(said, Mapping) else {}
        missing += [f"{key}.{field} manque" for field in FIELDS if not str(said.get(field) or "").strip()]
    if missing:
        raise PlatformError(f"{FILE} : {', '.join(missing)}.", ADVICE)
    return [
        Contact(role, *(" ".join(str(content[key][field]).split()) for field in FIELDS))
        for key, role in ROLES.items()
    ]
