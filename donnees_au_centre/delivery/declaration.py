"""policies/releases/livraison.yml: which revision of the platform, and of each domain, is delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reviewed import Line, Reviewed, Says, checked, read_yaml, refuse

FILE = Path("policies") / "releases" / "livraison.yml"
ADVICE = f"Corrigez {FILE} (docs/exploitant/livraison.md)."
Text = Annotated[Line, Says("{key} attend un texte.")]


class Release(Reviewed):
    """A domain that does not follow the platform.

    Attributes:
        version: a tag, a branch or a commit: of this repository, or of `repository`; of a submodule, none.
        repository: the address of the domain's own repository, whose files lie at the paths they have here.
        folder: of its submodule here, whose files lie below it at the paths they have here.
    """

    SHAPE = "version, depot et version, ou dossier sont attendus."
    UNKNOWN = NEAR = SHAPE

    version: Text | None = Field(default=None, description="Étiquette, branche ou commit.")
    repository: Text | None = Field(
        default=None, alias="depot", description="Adresse du dépôt du domaine, s'il a le sien."
    )
    folder: Text | None = Field(
        default=None, alias="dossier", description="Dossier de son sous-module git dans ce dépôt."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.folder) == bool(self.version):
            refuse(["donnez version, ou dossier (la version d'un sous-module est celle que git retient)."])
        if self.folder and self.repository:
            refuse(["dossier et depot ne vont pas ensemble."])
        return self


class Delivery(Reviewed):
    """What is delivered together.

    Attributes:
        platform: a tag, a branch or a commit of this repository.
        domains: those that have a version of their own; the others are the platform's.
    """

    SHAPE = "plateforme et domaines sont attendus."

    platform: Text = Field(
        default="HEAD", alias="plateforme", description="Étiquette, branche ou commit de ce dépôt."
    )
    domains: Annotated[dict[str, Release], Says("{key} attend un domaine par ligne.")] = Field(
        default_factory=dict, alias="domaines", description="Les domaines qui ont leur propre version."
    )


def read_delivery(root: Path, domains: list[str]) -> Delivery:
    """Reads the file of a checkout; all is the platform's at HEAD when there is none.

    Args:
        root: the checkout.
        domains: that the platform has; another may be named when it comes from elsewhere.

    Raises:
        PlatformError: something in it cannot be followed; all faults are named.
    """
    if not (root / FILE).exists():
        return Delivery()
    delivery, faults = checked(Delivery, read_yaml(root / FILE, FILE, ADVICE))
    told = [f"{FILE}, {' > '.join(map(str, fault.path))} : {fault.words}" for fault in faults]
    for name, release in (delivery.domains if delivery else {}).items():
        if name not in domains and not (release.repository or release.folder):
            told.append(f"{FILE}, {name} : ce domaine n'existe pas ici ({', '.join(domains)}).")
    if delivery is None or told:
        raise PlatformError("\n".join(told), ADVICE)
    return delivery
