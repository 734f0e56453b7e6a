"""Legal holds, policies/gdpr/gels.yml: what no purge and no erasure may touch for a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from donnees_au_centre.project.datasets import Dataset
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.reviewed import Day, Line, Reviewed, Says, read_listed, refused

FILE = Path("policies") / "gdpr" / "gels.yml"
ADVICE = f"Corrigez {FILE} (docs/gestionnaire/droits-des-personnes.md) : un gel mal écrit arrête toute purge."
Text = Annotated[Line, Says("il manque {key}.")]
ABSENT = "le jeu {value} n'existe pas ; écrivez <ag>.<source>.<table> ou <ag>.<mart>."


class Person(Reviewed):
    """Somebody whose rows must stay, known by a fingerprint."""

    SHAPE = "personne attend {ag: …, empreinte: …}."
    MISSING = UNKNOWN = NEAR = SHAPE

    ag: Annotated[Line, Says(SHAPE)] = Field(description="L'AG dont viennent les données.")
    fingerprint: Annotated[
        str,
        Field(pattern=r"^[0-9a-f]{64}$"),
        Says("empreinte attend 64 chiffres hexadécimaux, que donne make person-access ; jamais un nom."),
    ] = Field(alias="empreinte", description="64 chiffres hexadécimaux, que donne make person-access.")


class Hold(Reviewed):
    """One hold, on a data set or on a person, the last day included."""

    UNKNOWN = NEAR = "clé inconnue {key} ; les clés sont {known}."

    dataset: Annotated[str | None, Says(ABSENT)] = Field(
        None, alias="jeu_de_donnees", description="<ag>.<source>.<table> ou <ag>.<mart>."
    )
    person: Person | None = Field(None, alias="personne", description="À la place d'un jeu de données.")
    reason: Text = Field(alias="motif", description="Le contentieux ou le contrôle.")
    approver: Text = Field(alias="approbateur", description="La fonction qui l'a approuvé.")
    until: Day = Field(alias="jusqu_a", description="Dernier jour du gel, compris.")

    @field_validator("person")
    @classmethod
    def _one_of_both(cls, person: Person | None, info: ValidationInfo) -> Person | None:
        if "dataset" in info.data and (info.data["dataset"] is None) == (person is None):
            raise refused("il gèle un jeu_de_donnees ou une personne, l'un des deux.")
        return person


def read_holds(root: Path, datasets: Iterable[Dataset]) -> list[Hold]:
    """Reads the holds of a checkout; none when there is no file.

    Args:
        root: the checkout.
        datasets: those of the project.

    Raises:
        PlatformError: something in it cannot be followed; all faults are named.
    """
    known = {f"{dataset.domain}.{dataset.name}" for dataset in datasets}
    domains = {name.partition(".")[0] for name in known}

    def judge(hold: Hold) -> Iterator[str]:
        if hold.dataset is not None and hold.dataset not in known:
            yield ABSENT.replace("{value}", hold.dataset)
        if hold.person is not None and hold.person.ag not in domains:
            yield Person.SHAPE

    return read_listed(root, FILE, "gels", Hold, ADVICE, judge)


def held_datasets(
    holds: Sequence[Hold], manifest: Manifest, datasets: Iterable[Dataset], today: date
) -> dict[str, Hold]:
    """Unique id -> the hold on it; what a held mart is made from is held too, or a rebuild would empty it."""
    by_name = {f"{dataset.domain}.{dataset.name}": dataset.unique_id for dataset in datasets}
    found: dict[str, Hold] = {}
    for hold in holds:
        if hold.dataset is None or hold.until < today:
            continue
        left = [by_name[hold.dataset]]
        while left:
            unique_id = left.pop()
            if unique_id not in found:
                found[unique_id] = hold
                node = manifest.nodes.get(unique_id)
                left.extend(node.reads if node else ())
    return found


def held_people(holds: Sequence[Hold], today: date) -> dict[str, dict[str, Hold]]:
    """Administration -> fingerprint -> hold, of the people whose rows must stay."""
    found: dict[str, dict[str, Hold]] = {}
    for hold in holds:
        if hold.person is not None and hold.until >= today:
            found.setdefault(hold.person.ag, {})[hold.person.fingerprint] = hold
    return found
