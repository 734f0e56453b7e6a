"""policies/releases/<name>.yml: the version that is delivered of the platform, or of a domain by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reviewed import Line, Reviewed, Says, checked, read_yaml, refuse

FOLDER = Path("policies") / "releases"
PLATFORM = "plateforme"
ADVICE = f"Corrigez {FOLDER} (docs/exploitant/livraison.md)."
Text = Annotated[Line, Says("{key} attend un texte.")]


class Release(Reviewed):
    """What is delivered of the platform, or of a domain that does not follow it.

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


@dataclass(frozen=True)
class Delivery:
    """What is delivered together.

    Attributes:
        platform: a tag, a branch or a commit of this repository.
        domains: those that have a version of their own; the others are the platform's.
    """

    platform: str = "HEAD"
    domains: dict[str, Release] = field(default_factory=dict)


def read_delivery(root: Path, domains: Collection[str]) -> Delivery:
    """Reads the files of a checkout, one a domain; all is the platform's at HEAD when there is none.

    Args:
        root: the checkout.
        domains: that the platform has; another may be named when it comes from elsewhere.

    Raises:
        PlatformError: something in them cannot be followed; all faults are named.
    """
    found: dict[str, Release] = {}
    told: list[str] = []
    for path in sorted((root / FOLDER).glob("*.yml")):
        file, name = FOLDER / path.name, path.stem
        release, faults = checked(Release, read_yaml(path, file, ADVICE))
        told += [f"{file} : {fault.words}" for fault in faults]
        if release is None:
            continue
        elsewhere = release.repository or release.folder
        if name == PLATFORM and elsewhere:
            told.append(f"{file} : la plateforme est ce dépôt : version seule est attendue.")
        elif name != PLATFORM and name not in domains and not elsewhere:
            told.append(f"{file} : ce domaine n'existe pas ici ({', '.join(domains)}).")
        found[name] = release
    if told:
        raise PlatformError("\n".join(told), ADVICE)
    platform = found.pop(PLATFORM, None)
    return Delivery((platform and platform.version) or "HEAD", found)
