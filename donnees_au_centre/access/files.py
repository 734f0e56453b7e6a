"""Reads the rights that groups give by default, and those of policies/access/*.yml that say more or other.

What is wrong is said in French: file, entry, key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.domains import ACCESS as FOLDER
from donnees_au_centre.project.domains import group_file, group_meta
from donnees_au_centre.project.vocabulary import ACCESS_DEFAULTS, CLASSIFICATIONS
from donnees_au_centre.reviewed import Among, Fault, Line, Reviewed, Says, checked, read_yaml, refuse, refused

# The keys of a file: the entries it adds, and the rights of its group that it refuses.
ADDED, REFUSED = "acces", "refus"
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
# What an administration's steward reads once its group says who approved, and until when; {ag} is its name.
GIVEN: tuple[Mapping[str, Any], ...] = (
    {
        "role": "steward_{ag}",
        "couche": ["staging", "intermediate", "reference"],
        "masque": True,
        "justification": "Suivre la qualité des données de l'AG et leurs écarts, sans voir les personnes.",
    },
    {
        "role": "steward_{ag}",
        "couche": ["marts"],
        "lignes": ALL_ROWS,
        "justification": "Vérifier ce que l'AG offre avant et après chaque changement.",
    },
    {
        "role": "{ag}_donnees_brutes",
        "couche": ["brut", "rejets"],
        "justification": (
            "Retrouver une ligne telle que reçue, ou illisible, pour la faire corriger à la source."
        ),
    },
)


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
Approver = Annotated[
    Text, Field(pattern=NOBODY), Says("une fonction (« Direction … »), ni une personne ni une adresse.")
]
Reason = Annotated[Text, AfterValidator(_argued)]
ABSENT = "elle manque."
APPROVER = "La fonction qui a approuvé, jamais une personne."
REVIEW = "Dernier jour de l'accès, qui se revoit chaque année."


class Entry(Reviewed):
    """One right asked for, argued and approved. An attribute is what its description says, to editors too.

    The order counts: a check of two keys stands on the later one, and sees the earlier.
    """

    SHAPE: ClassVar[str] = (
        "une entrée est faite de clés (role, ag, actions, justification, approbateur, revue)."
    )
    MISSING: ClassVar[str] = ABSENT

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
    approver: Approver = Field(alias="approbateur", description=APPROVER)
    reason: Reason = Field(alias="justification", description="À quoi sert cet accès, en une phrase.")
    review: Day = Field(alias="revue", description=REVIEW)
    _place: tuple[str, str] = ("", "")

    def model_post_init(self, context: Any) -> None:
        """Notes the file and what, there, gives the right."""
        self._place = context["file"], context["where"]

    @property
    def file(self) -> str:
        """Below the checkout."""
        return self._place[0]

    @property
    def place(self) -> str:
        """How messages name the entry."""
        return f"{self.file}, {self._place[1]} (rôle {self.role})"

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


class Default(Reviewed):
    """What a group says once for the rights that its administration has by default (GIVEN)."""

    SHAPE: ClassVar[str] = "deux clés, approbateur et revue."
    MISSING: ClassVar[str] = ABSENT

    approver: Approver = Field(alias="approbateur", description=APPROVER)
    review: Day = Field(alias="revue", description=REVIEW)


class Refusal(Reviewed):
    """A right that a group gives by default and that its administration does not want, or wants otherwise."""

    SHAPE: ClassVar[str] = "un refus est fait de trois clés (role, couche, justification)."
    MISSING: ClassVar[str] = ABSENT

    role: Text = Field(description="Le rôle du droit par défaut.")
    layers: Layers = Field(alias="couche", description="Les couches du droit par défaut, toutes.")
    reason: Reason = Field(alias="justification", description="Pourquoi l'AG n'en veut pas, en une phrase.")


def read_entries(root: Path, domains: Collection[str]) -> tuple[list[Entry], list[str]]:
    """Reads what each group gives by default, and every file of policies/access/.

    Args:
        root: the checkout.
        domains: the administrations and other domains of the project.

    Returns:
        The entries that can be understood, without the rights by default that are refused; and what is wrong:
        one French sentence each.
    """
    reading = _Reading(root, domains)
    reading.read()
    return reading.entries, reading.faults


class _Reading:
    """One reading of all that gives a right."""

    def __init__(self, root: Path, domains: Collection[str]) -> None:
        self.root = root
        self.domains = domains
        self.entries: list[Entry] = []
        self.faults: list[str] = []

    def read(self) -> None:
        paths = sorted((self.root / FOLDER).glob("*.y*ml"))
        given: list[Entry] = []
        added: list[Entry] = []
        for owner in sorted({*self.domains, *(path.stem for path in paths)}):
            own = self._given(owner) if owner in self.domains else []
            refused: list[Entry] = []
            more: list[Entry] = []
            for path in (path for path in paths if path.stem == owner):
                file = path.relative_to(self.root).as_posix()
                content = self._content(path, file)
                more += self._added(content.get(ADDED, ()), file, owner)
                self._refuse(content.get(REFUSED, ()), file, own, refused)
            own = [one for one in own if one not in refused]
            self.entries += [*own, *more]
            given += own
            added += more
        self.faults += _given_twice(added, given)

    def _given(self, domain: str) -> list[Entry]:
        """The rights that the group of a domain gives by default: none when it has not the key."""
        file = group_file(domain)
        try:
            meta = group_meta(read_yaml(self.root / file, file, ""), domain)
        except FileNotFoundError:
            return []
        except PlatformError as error:
            # A group that cannot be read must not pass for one that gives nothing.
            self.faults.append(error.message)
            return []
        if ACCESS_DEFAULTS not in meta:
            return []
        said, wrong = checked(Default, meta[ACCESS_DEFAULTS])
        self.faults += [f"{file}, {ACCESS_DEFAULTS}{_key(fault)} : {fault.words}" for fault in wrong]
        if not said:
            return []
        shared = {"ag": domain, "actions": ["lecture"], "approbateur": said.approver, "revue": said.review}
        listed = [{**shared, **one, "role": one["role"].format(ag=domain)} for one in GIVEN]
        wheres = [f"{ACCESS_DEFAULTS} sur {', '.join(one['couche'])}" for one in GIVEN]
        return self._checked(zip(wheres, listed, strict=True), file, domain)

    def _content(self, path: Path, file: str) -> Mapping[str, Any]:
        """The lists of a file of policies/access/, by their keys."""
        if path.stem != "plateforme" and path.stem not in self.domains:
            known = ", ".join(sorted(self.domains))
            self.faults.append(f"{file} : le nom du fichier est plateforme ou un domaine ({known}).")
        try:
            content = read_yaml(path, file, "")
        except PlatformError as error:
            self.faults.append(error.message)
            return {}
        if (
            isinstance(content, Mapping)
            and content
            and content.keys() <= {ADDED, REFUSED}
            and all(isinstance(listed, list) for listed in content.values())
        ):
            return content
        self.faults.append(
            f"{file} : le fichier contient la clé « {ADDED} », qui est une liste d'entrées, ou la clé "
            f"« {REFUSED} », qui est une liste de droits par défaut refusés, ou les deux, et rien d'autre."
        )
        return {}

    def _added(self, listed: Sequence[Any], file: str, owner: str) -> list[Entry]:
        """The entries that a file adds."""
        return self._checked(((f"entrée {n}", raw) for n, raw in enumerate(listed, start=1)), file, owner)

    def _checked(self, listed: Iterable[tuple[str, Any]], file: str, owner: str) -> list[Entry]:
        """The entries that can be understood, of (where it stands, what is said there)."""
        entries: list[Entry] = []
        for where, raw in listed:
            entry, wrong = checked(Entry, raw, domains=self.domains, owner=owner, file=file, where=where)
            entries += [entry] if entry else []
            self.faults += [f"{file}, {where}{_named(raw)}{_key(fault)} : {fault.words}" for fault in wrong]
        return entries

    def _refuse(self, listed: Sequence[Any], file: str, given: Sequence[Entry], refused: list[Entry]) -> None:
        """Adds to `refused` the rights by default that a file refuses; to refuse no such right is a fault."""
        known = " ; ".join(f"{one.role} sur {', '.join(one.layers)}" for one in given)
        for number, raw in enumerate(listed, start=1):
            refusal, wrong = checked(Refusal, raw)
            place = f"{file}, {REFUSED} {number}{_named(raw)}"
            self.faults += [f"{place}{_key(fault)} : {fault.words}" for fault in wrong]
            if not refusal:
                continue
            wanted = (refusal.role, set(refusal.layers))
            found = [one for one in given if (one.role, set(one.layers)) == wanted]
            if not given:
                self.faults.append(f"{place} : le groupe ne donne aucun droit par défaut ; retirez ce refus.")
            elif not found:
                self.faults.append(
                    f"{place} : ce n'est pas un droit par défaut. Écrivez l'un de ceux-ci : {known}."
                )
            elif found[0] in refused:
                self.faults.append(f"{place} : ce droit est déjà refusé ; retirez l'un des deux refus.")
            refused += found


def _given_twice(added: Iterable[Entry], given: Sequence[Entry]) -> Iterator[str]:
    """Entries about a role and a layer that a group gives already: which of the two holds must be plain."""
    for entry in added:
        for one in given:
            if (
                entry.role.replace(EACH, one.ag) == one.role
                and entry.ag in (one.ag, EACH)
                and set(entry.layers) & set(one.layers)
            ):
                layers = ", ".join(one.layers)
                refusal = f"{REFUSED} : role {one.role}, couche [{layers}], justification"
                yield (
                    f"{entry.place}, clé « couche » : {one.file} donne déjà par défaut à {one.role} la "
                    f"lecture de {layers}. Retirez cette entrée ; ou, pour qu'elle remplace ce droit, "
                    f"refusez-le dans {FOLDER}/{one.ag}.yml ({refusal})."
                )


def _named(raw: Any) -> str:
    """The role of an entry that may be wrong otherwise."""
    role = raw.get("role") if isinstance(raw, Mapping) else None
    return f" (rôle {role})" if isinstance(role, str) else ""


def _key(fault: Fault) -> str:
    return f", clé « {fault.path[0]} »" if fault.path else ""
