"""Reads policies/access/*.yml and says, in French, what is wrong in them: file, entry, key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.vocabulary import CLASSIFICATIONS
from donnees_au_centre.reviewed import Among, Line, Reviewed, Says, checked, read_yaml, refuse, refused

FOLDER = "policies/access"
# The administration of the role itself, in a role's name or as `ag`: one role an administration.
EACH = "<ag>"
ALL = "tous"
ALL_ROWS = "toutes"

# action -> privilege; `creation` is a right on the schema.
ACTIONS = {
    "lecture": "SELECT",
    "ajout": "INSERT",
    "modification": "UPDATE",
    "effacement": "DELETE",
    "creation": "CREATE",
}
# layer -> schema, of an administration or of the platform.
LAYERS = {
    "brut": "raw_{ag}",
    "rejets": "raw_{ag}",
    "staging": "{ag}_staging",
    "intermediate": "{ag}_intermediate",
    "reference": "{ag}_reference",
    "marts": "{ag}",
    "plateforme": "plateforme",
    "tests": "tests",
}
# What dbt builds, and a view can mask.
BUILT = ("staging", "intermediate", "reference", "marts")
# Without the names that PostgreSQL, or the platform, keeps for itself.
ROLE = (
    r"^(?!(?:pg_.*|public|none|donnees|postgres|current_user|session_user|user)$)"
    r"[a-z](?:[a-z0-9_]|<ag>){1,40}$"
)
NOBODY = r"^(?!.*\S@\S)"


def _listed(value: Any) -> tuple[str, ...]:
    values = [] if value is None else value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, str) for one in values):
        raise refused("un mot ou une liste de mots est attendu.")
    return tuple(dict.fromkeys(values))


def _shared(value: Any) -> Mapping[str, tuple[str, ...]] | str | None:
    if value is None or value == ALL_ROWS:
        return ALL_ROWS if value else None
    lists = list(value.values()) if isinstance(value, Mapping) else []
    if not lists or not all(isinstance(one, list) and one for one in lists):
        raise refused("« toutes », ou {filtre: [valeurs]}, par exemple {pouvoir_organisateur: [123]}.")
    if any(str(item) == "*" or isinstance(item, (dict, list, float)) for one in lists for item in one):
        raise refused("les valeurs sont des mots ou des nombres entiers.")
    return {str(name): tuple(map(str, one)) for name, one in value.items()}


def _argued(reason: str) -> str:
    if len(reason) < 20:
        raise refused("dites en une phrase à quoi sert cet accès.")
    return reason


def _absent(known: Iterable[str]) -> str:
    return f"« {{value}} » n'existe pas ; choisissez parmi {', '.join(known)}."


TEXT = "un texte est attendu."
Text = Annotated[Line, Says(TEXT)]
Layer = Annotated[str, Among(tuple(LAYERS))]
Action = Annotated[str, Among(tuple(ACTIONS))]
Class = Annotated[str, Among(CLASSIFICATIONS)]
# One word, or a list of them.
Names = Annotated[tuple[str, ...], BeforeValidator(_listed, str | list[str])]
Layers = Annotated[tuple[Layer, ...], BeforeValidator(_listed, Layer | list[Layer]), Says(_absent(LAYERS))]
Actions = Annotated[
    tuple[Action, ...], BeforeValidator(_listed, Action | list[Action]), Says(_absent(ACTIONS))
]
Classes = Annotated[
    tuple[Class, ...] | None, BeforeValidator(_listed, Class | list[Class]), Says(_absent(CLASSIFICATIONS))
]
Rows = Annotated[
    Mapping[str, tuple[str, ...]] | str | None,
    BeforeValidator(_shared, Literal["toutes"] | dict[str, list[str | int]]),
]
Day = Annotated[date, Says("une date aaaa-mm-jj, sans guillemets.")]


class Entry(Reviewed):
    """One right asked for, argued and approved. An attribute is what its description says, to editors too.

    The order counts: a check of two keys stands on the later one, and sees the earlier.
    """

    SHAPE: ClassVar[str] = (
        "une entrée est faite de clés (role, ag, actions, justification, approbateur, revue)."
    )
    MISSING: ClassVar[str] = "elle manque."

    role: Annotated[
        str,
        Says(TEXT),
        Field(pattern=ROLE),
        Says("« {value} » : minuscules sans accent, chiffres et _, et aucun nom réservé."),
    ] = Field(description=f"Rôle PostgreSQL ; {EACH} dans son nom : un rôle par AG.")
    ag: Text = Field(description=f"Un domaine, « {ALL} », ou « {EACH} » : l'AG du rôle.")
    datasets: Names = Field(
        (), alias="jeu_de_donnees", description="Modèles ou source.table, à la place d'une couche."
    )
    layers: Layers = Field((), alias="couche", description="Couches, à la place d'un jeu_de_donnees.")
    actions: Actions = Field(description="Ce que le rôle peut faire ; creation : sur une couche seulement.")
    masked: Annotated[bool, Says("true ou false.")] = Field(
        False, alias="masque", description="Lire par les vues qui cachent ce qui identifie une personne."
    )
    classifications: Classes = Field(
        None,
        alias="classification",
        description="Seulement les marts ou tables brutes de ces classifications ; toutes si rien n'est dit.",
        validate_default=False,
    )
    rows: Rows = Field(
        None,
        alias="lignes",
        description="Dans les marts qui partagent leurs lignes : « toutes », ou filtre et valeurs visibles.",
    )
    approver: Annotated[
        Text, Field(pattern=NOBODY), Says("une fonction (« Direction … »), ni une personne ni une adresse.")
    ] = Field(alias="approbateur", description="La fonction qui a approuvé, jamais une personne.")
    reason: Annotated[Text, AfterValidator(_argued)] = Field(
        alias="justification", description="À quoi sert cet accès, en une phrase."
    )
    review: Day = Field(alias="revue", description="Dernier jour de l'accès, qui se revoit chaque année.")
    _place: tuple[str, int] = ("", 0)

    def model_post_init(self, context: Any) -> None:
        """Notes the file and the number of the entry."""
        self._place = context["file"], context["number"]

    @property
    def file(self) -> str:
        """Below the checkout."""
        return self._place[0]

    @property
    def place(self) -> str:
        """How messages name the entry."""
        return f"{self.file}, entrée {self._place[1]} (rôle {self.role})"

    @field_validator("ag")
    @classmethod
    def _in_its_file(cls, ag: str, info: ValidationInfo) -> str:
        domains, owner = (info.context or {})["domains"], (info.context or {})["owner"]
        known = (*sorted(domains), ALL, EACH)
        faults = []
        if ag not in known:
            faults.append(f"« {ag} » n'existe pas ; choisissez parmi {', '.join(known)}.")
        if ag == EACH and EACH not in info.data.get("role", EACH):
            faults.append(f"{EACH} est l'AG du rôle : le nom du rôle doit contenir {EACH}.")
        if owner not in ("plateforme", ag):
            faults.append(
                f"ce fichier dit qui voit les données de {owner}, pas de {ag} : écrivez l'entrée dans "
                f"{FOLDER}/{ag if ag in domains else 'plateforme'}.yml."
            )
        refuse(faults)
        return ag

    @field_validator("layers")
    @classmethod
    def _layers_or_datasets(cls, layers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if bool(layers) == bool(info.data.get("datasets", not layers)):
            raise refused("une entrée nomme soit une couche, soit un jeu_de_donnees.")
        return layers

    @field_validator("actions")
    @classmethod
    def _some_action(cls, actions: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not actions:
            raise refused(f"aucune action ; choisissez parmi {', '.join(ACTIONS)}.")
        if "creation" in actions and info.data.get("datasets"):
            raise refused("creation est un droit sur une couche, pas sur un jeu de données.")
        return actions

    @field_validator("masked")
    @classmethod
    def _read_only(cls, masked: bool, info: ValidationInfo) -> bool:
        if masked and set(info.data.get("actions", ())) - {"lecture"}:
            raise refused("une vue masquée se lit seulement : actions: [lecture].")
        if masked and set(info.data.get("layers", ())) - set(BUILT):
            raise refused(f"seules les couches {', '.join(BUILT)} ont des vues masquées.")
        return masked

    @field_validator("classifications")
    @classmethod
    def _classified(cls, classes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if set(info.data.get("layers", ())) - {"marts", "brut"}:
            raise refused("seuls les marts et les tables brutes en ont une.")
        return classes


def read_entries(root: Path, domains: Collection[str]) -> tuple[list[Entry], list[str]]:
    """Reads every file of policies/access/.

    Args:
        root: the checkout.
        domains: the administrations and other domains of the project.

    Returns:
        The entries that can be understood, and what is wrong: one French sentence each.
    """
    entries: list[Entry] = []
    faults: list[str] = []
    for path in sorted((root / FOLDER).glob("*.y*ml")):
        file = path.relative_to(root).as_posix()
        if path.stem != "plateforme" and path.stem not in domains:
            faults.append(
                f"{file} : le nom du fichier est plateforme ou un domaine ({', '.join(sorted(domains))})."
            )
        try:
            content = read_yaml(path, file, "")
        except PlatformError as error:
            faults.append(error.message)
            continue
        match content:
            case {"acces": list(listed), **others} if not others:
                pass
            case _:
                faults.append(
                    f"{file} : le fichier contient une seule clé, « acces », qui est une liste d'entrées."
                )
                continue
        for number, raw in enumerate(listed, start=1):
            entry, wrong = checked(Entry, raw, domains=domains, owner=path.stem, file=file, number=number)
            entries += [entry] if entry else []
            role = raw.get("role") if isinstance(raw, Mapping) else None
            named = f" (rôle {role})" if isinstance(role, str) else ""
            for fault in wrong:
                key = f", clé « {fault.path[0]} »" if fault.path else ""
                faults.append(f"{file}, entrée {number}{named}{key} : {fault.words}")
    return entries, faults
