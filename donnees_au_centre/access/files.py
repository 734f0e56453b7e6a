"""Reads policies/access/*.yml and says, in French, what is wrong in them: file, entry, key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.reading import unreadable_yaml

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
CLASSIFICATIONS = ("public", "interne", "confidentiel", "sensible")

REQUIRED = ("role", "ag", "actions", "justification", "approbateur", "revue")
OPTIONAL = ("couche", "jeu_de_donnees", "classification", "masque", "lignes")
ROLE = re.compile(r"[a-z](?:[a-z0-9_]|<ag>){1,40}")
# Names that PostgreSQL, or the platform, keeps for itself.
RESERVED = re.compile(r"pg_.*|public|none|donnees|postgres|current_user|session_user|user")
PERSON = re.compile(r"\S+@\S+")


@dataclass(frozen=True)
class Entry:
    """One right asked for, argued and approved.

    Attributes:
        file: below the checkout.
        number: place in the file, from 1.
        role: PostgreSQL role; may hold `<ag>`: one role an administration.
        ag: a domain, `tous`, or `<ag>` (the role's own).
        layers: of LAYERS; empty when data sets are named.
        datasets: names of models, or `source.table`; empty when layers are named.
        actions: of ACTIONS.
        classifications: only data sets of these; None means all.
        masked: through the views that hide what identifies a person.
        rows: filter -> values the role may see in filtered marts; None if nothing is said, ALL_ROWS.
        reason: the business case, in French.
        approver: function that approved.
        review: day until which it holds, included.
    """

    file: str
    number: int
    role: str
    ag: str
    layers: tuple[str, ...]
    datasets: tuple[str, ...]
    actions: tuple[str, ...]
    classifications: tuple[str, ...] | None
    masked: bool
    rows: Mapping[str, tuple[str, ...]] | str | None
    reason: str
    approver: str
    review: date

    @property
    def place(self) -> str:
        """How messages name the entry."""
        return f"{self.file}, entrée {self.number} (rôle {self.role})"


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
            content = yaml.safe_load(path.read_text("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            faults.append(f"{file} : {unreadable_yaml(error)}.")
            continue
        if (
            not isinstance(content, Mapping)
            or set(content) != {"acces"}
            or not isinstance(content["acces"], list)
        ):
            faults.append(
                f"{file} : le fichier contient une seule clé, « acces », qui est une liste d'entrées."
            )
            continue
        for number, raw in enumerate(content["acces"], start=1):
            if not isinstance(raw, Mapping):
                faults.append(
                    f"{file}, entrée {number} : une entrée est faite de clés ({', '.join(REQUIRED)})."
                )
                continue
            found = _Reading(file, number, raw, domains, path.stem)
            entry = found.entry()
            faults += found.faults
            if entry is not None:
                entries.append(entry)
    return entries, faults


class _Reading:
    """One entry being read; `faults` fills as it goes."""

    def __init__(
        self, file: str, number: int, raw: Mapping[Any, Any], domains: Collection[str], owner: str
    ) -> None:
        self.file, self.number, self.raw, self.domains, self.owner = file, number, raw, domains, owner
        self.faults: list[str] = []

    def entry(self) -> Entry | None:
        self._keys()
        role, ag = self._text("role"), self._text("ag")
        if role and (not ROLE.fullmatch(role) or RESERVED.fullmatch(role)):
            self._fault("role", f"« {role} » : minuscules sans accent, chiffres et _, et aucun nom réservé.")
        if ag:
            self._one_of("ag", ag, (*sorted(self.domains), ALL, EACH))
            if ag == EACH and role and EACH not in role:
                self._fault("ag", f"{EACH} est l'AG du rôle : le nom du rôle doit contenir {EACH}.")
            if self.owner != "plateforme" and ag != self.owner:
                self._fault(
                    "ag",
                    f"ce fichier dit qui voit les données de {self.owner}, pas de {ag} : "
                    "écrivez l'entrée dans "
                    f"policies/access/{ag if ag in self.domains else 'plateforme'}.yml.",
                )
        layers, datasets = self._list("couche", LAYERS), self._list("jeu_de_donnees")
        if bool(layers) == bool(datasets):
            self._fault("couche", "une entrée nomme soit une couche, soit un jeu_de_donnees.")
        actions = self._list("actions", ACTIONS)
        if not actions and "actions" in self.raw:
            self._fault("actions", f"aucune action ; choisissez parmi {', '.join(ACTIONS)}.")
        if "creation" in actions and datasets:
            self._fault("actions", "creation est un droit sur une couche, pas sur un jeu de données.")
        masked = self.raw.get("masque", False)
        if not isinstance(masked, bool):
            self._fault("masque", "true ou false.")
        elif masked:
            if set(actions) - {"lecture"}:
                self._fault("masque", "une vue masquée se lit seulement : actions: [lecture].")
            if set(layers) - set(BUILT):
                self._fault("masque", f"seules les couches {', '.join(BUILT)} ont des vues masquées.")
        classes = self._list("classification", CLASSIFICATIONS) if "classification" in self.raw else None
        if classes is not None and set(layers) - {"marts", "brut"}:
            self._fault("classification", "seuls les marts et les tables brutes en ont une.")
        rows = self._rows()
        approver = self._text("approbateur")
        if approver and PERSON.search(approver):
            self._fault("approbateur", "une fonction (« Direction … »), ni une personne ni une adresse.")
        reason = self._text("justification")
        if reason and len(reason) < 20:
            self._fault("justification", "dites en une phrase à quoi sert cet accès.")
        review = self.raw.get("revue")
        if "revue" in self.raw and (not isinstance(review, date) or hasattr(review, "hour")):
            self._fault("revue", "une date aaaa-mm-jj, sans guillemets.")
        if self.faults:
            return None
        return Entry(
            file=self.file,
            number=self.number,
            role=role,
            ag=ag,
            layers=layers,
            datasets=datasets,
            actions=actions,
            classifications=classes,
            masked=masked,
            rows=rows,
            reason=reason,
            approver=approver,
            review=review,
        )

    def _keys(self) -> None:
        for key in self.raw:
            if key not in (*REQUIRED, *OPTIONAL):
                close = difflib.get_close_matches(str(key), (*REQUIRED, *OPTIONAL), 1, 0.5)
                self._fault(str(key), f"clé inconnue.{f' Vouliez-vous « {close[0]} » ?' if close else ''}")
        for key in REQUIRED:
            if key not in self.raw:
                self._fault(key, "elle manque.")

    def _text(self, key: str) -> str:
        value = self.raw.get(key)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
        if key in self.raw:
            self._fault(key, "un texte est attendu.")
        return ""

    def _list(self, key: str, known: Collection[str] | None = None) -> tuple[str, ...]:
        value = self.raw.get(key)
        if value is None:
            return ()
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            self._fault(key, "un mot ou une liste de mots est attendu.")
            return ()
        for one in values if known is not None else ():
            self._one_of(key, one, known)
        return tuple(dict.fromkeys(values))

    def _rows(self) -> Mapping[str, tuple[str, ...]] | str | None:
        value = self.raw.get("lignes")
        if value is None or value == ALL_ROWS:
            return value
        if (
            isinstance(value, Mapping)
            and value
            and all(isinstance(one, list) and one for one in value.values())
        ):
            for one in value.values():
                if any(str(item) == "*" or isinstance(item, (dict, list, float)) for item in one):
                    self._fault("lignes", "les valeurs sont des mots ou des nombres entiers.")
            return {str(name): tuple(map(str, one)) for name, one in value.items()}
        self._fault(
            "lignes", "« toutes », ou {filtre: [valeurs]}, par exemple {pouvoir_organisateur: [123]}."
        )
        return None

    def _one_of(self, key: str, value: str, known: Collection[str]) -> None:
        if value not in known:
            self._fault(key, f"« {value} » n'existe pas ; choisissez parmi {', '.join(known)}.")

    def _fault(self, key: str, message: str) -> None:
        role = self.raw.get("role")
        named = f" (rôle {role})" if isinstance(role, str) else ""
        self.faults.append(f"{self.file}, entrée {self.number}{named}, clé « {key} » : {message}")
