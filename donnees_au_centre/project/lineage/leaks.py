"""Personal data that lost their tag: each column made from a tagged one, held against what its YAML says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from donnees_au_centre.french import some
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.lineage.graph import (
    AGGREGATED,
    GENERALISED,
    MASKED,
    PSEUDONYMISED,
    SUPPRESSED,
    ColumnId,
    Guard,
    Lineage,
    Origin,
)

PSEUDONYM = "pseudonyme"
DIRECT = "identifiant_direct"
# A derived column may not be said less personal than what it is made from.
RANKS = {
    "sensible": 3,
    DIRECT: 3,
    "identifiant_indirect": 2,
    "financier": 1,
    "professionnel": 1,
    PSEUDONYM: 0,
}
# The place of a raw line: no personal data, but a group of one line is one person.
LINE, LINE_COLUMN = "ligne", "source_ligne"
IDENTIFYING = frozenset({DIRECT, PSEUDONYM, LINE})
# A value that went through one of these no longer says whose it is.
BLURRED = frozenset({GENERALISED, MASKED, AGGREGATED})
# A column may come from hundreds of columns by thousands of ways; reports need a few of them.
MOST_WAYS = 4000


class Step(NamedTuple):
    """One column on the way, and what made it from the one before (empty for the first)."""

    column: ColumnId
    operation: str


@dataclass(frozen=True)
class Leak:
    """A column that holds personal data, and does not say so.

    Attributes:
        column: where the tag is lost.
        file: the YAML to correct, below the checkout.
        label: the column, as reports name it.
        category: what its source column is tagged.
        reason: what is wrong, in French.
        advice: what to do, in French.
        path: from the tagged column to this one.
        labels: how reports name each column of the path.
        reaches: the public marts' columns and others that are made from it further on, as reports name them.
    """

    column: ColumnId
    file: str
    label: str
    category: str
    reason: str
    advice: str
    path: tuple[Step, ...]
    labels: tuple[str, ...]
    reaches: tuple[str, ...] = ()

    def way(self) -> str:
        """The path on one line: raw_x.y.a → stg_y.b (copie) → dim_z.c (concaténation)."""
        return " → ".join(
            label + (f" ({step.operation})" if step.operation else "")
            for label, step in zip(self.labels, self.path, strict=True)
        )

    def __str__(self) -> str:
        """The leak as the check prints it."""
        lines = [f"{self.label} : {self.reason}", f"    Chemin : {self.way()}"]
        if self.reaches:
            lines.append(f"    Lue ensuite par : {some(self.reaches, 3)}")
        return "\n".join([*lines, f"    Que faire : {self.advice}"])


class Burden(NamedTuple):
    """What a column carries of one tagged column.

    Attributes:
        origin: the tagged column.
        category: its category; pseudonyme once it went through the keyed hash.
        guards: the names of the protections met on the way.
    """

    origin: ColumnId
    category: str
    guards: frozenset[str]


def leaks(lineage: Lineage) -> list[Leak]:
    """Finds the columns that are made from personal data without saying so.

    A column made from a tagged one must bear a tag at least as strong, or declare a protection that its SQL
    really went through, on every way from every tagged column. `aucune` is no tag.

    Returns:
        One leak per column and tagged column, those nearest to the sources first.
    """
    return list(_Search(lineage).run())


class _Search:
    def __init__(self, lineage: Lineage) -> None:
        self._lineage = lineage
        # What each column carries on to its readers, and by which column and operation it came.
        self._carried: dict[ColumnId, dict[Burden, tuple[Origin, Burden] | None]] = {}
        self._with_personal_data = {column.relation for column in lineage if self._tag(column)}

    def run(self) -> Iterator[Leak]:
        for unique_id in self._lineage.relations:
            for column in self._lineage.columns_of(unique_id):
                yield from self._visit(column)

    def _tag(self, column: ColumnId) -> str | None:
        said = self._lineage.relations[column.relation].categories.get(column.column)
        return None if said == words.NOT_PERSONAL else said

    def _visit(self, column: ColumnId) -> Iterator[Leak]:
        arriving = self._arriving(column)
        tag = self._tag(column)
        carried = self._carried[column] = {}
        found: dict[ColumnId, Leak] = {}
        for burden, came_by in arriving.items():
            if burden.category == LINE:
                carried[burden] = came_by
                continue
            fault, goes_on = self._judge(column, tag, burden)
            if goes_on is not None:
                carried.setdefault(goes_on, came_by)
            if fault is not None and burden.origin not in found:
                found[burden.origin] = self._leak(column, burden, came_by, *fault)
        if not any(burden.category != LINE for burden in arriving):
            if tag is not None:
                carried[Burden(column, tag, frozenset())] = None
            elif self._is_line(column):
                carried[Burden(column, LINE, frozenset())] = None
            claim = self._unfounded_claim(column)
            if claim is not None:
                yield claim
        yield from found.values()

    def _is_line(self, column: ColumnId) -> bool:
        relation = self._lineage.relations[column.relation]
        return (
            relation.kind == "source"
            and column.column == LINE_COLUMN
            and column.relation in self._with_personal_data
        )

    def _arriving(self, column: ColumnId) -> dict[Burden, tuple[Origin, Burden]]:
        """What the columns upstream carry, and the protections of this step."""
        arriving: dict[Burden, tuple[Origin, Burden]] = {}
        for origin in sorted(
            self._lineage.columns[column].origins,
            key=lambda o: (o.column, o.operation, sorted(o.guards, key=repr)),
        ):
            burdens = self._carried.get(origin.column)
            if not burdens:
                continue
            guards = frozenset(guard.name for guard in origin.guards if self._protects(guard))
            for burden in burdens:
                after = Burden(burden.origin, burden.category, burden.guards | guards)
                arriving.setdefault(after, (origin, burden))
                if len(arriving) >= MOST_WAYS:
                    return arriving
        return arriving

    def _protects(self, guard: Guard) -> bool:
        """False for an aggregate whose groups are single persons."""
        return not any(
            burden.category in IDENTIFYING and not (burden.guards | names) & BLURRED
            for column, names in guard.keys
            for burden in self._carried.get(column, ())
        )

    def _judge(
        self, column: ColumnId, tag: str | None, burden: Burden
    ) -> tuple[tuple[str, str] | None, Burden | None]:
        """What is wrong (reason and advice, or None), and what the column carries on (None: nothing)."""
        protection = self._lineage.relations[column.relation].protections.get(column.column)
        if PSEUDONYMISED in burden.guards:
            pseudonym = Burden(burden.origin, PSEUDONYM, burden.guards)
        else:
            pseudonym = None
        if protection is not None:
            fault = self._claimed(column, protection, burden)
            if fault is not None:
                return fault, burden
            if protection == PSEUDONYMISED:
                return None, pseudonym
            # Protected, yet said personal by its own tag: it goes on under that tag.
            return None, None if tag is None else Burden(burden.origin, tag, burden.guards)
        if tag is None:
            return self._untagged(burden), burden
        if tag == PSEUDONYM:
            if pseudonym is not None or burden.category == PSEUDONYM:
                return None, pseudonym or burden
            return (
                f"elle est dite {PSEUDONYM}, mais rien ne la pseudonymise sur ce chemin.",
                "faites passer la valeur par pseudonymise(…), ou donnez-lui sa vraie catégorie "
                f"(donnee_personnelle: {burden.category}).",
            ), burden
        if RANKS.get(tag, 0) < RANKS.get(burden.category, 3) and not burden.guards & set(words.PROTECTIONS):
            return (
                f"elle est dite « {tag} », moins que la colonne dont elle vient ({burden.category}), "
                "sans protection sur ce chemin.",
                f"écrivez donnee_personnelle: {burden.category} dans son YAML, ou protégez la valeur par une "
                "macro de macros/governance.",
            ), burden
        return None, burden

    def _claimed(self, column: ColumnId, protection: str, burden: Burden) -> tuple[str, str] | None:
        """What is wrong with a protection that the YAML declares; None when the SQL went through it."""
        if protection not in words.PROTECTIONS:
            return (
                f"la protection « {protection} » n'existe pas.",
                f"choisissez parmi {', '.join(words.PROTECTIONS)}.",
            )
        identifies = burden.category in (DIRECT, PSEUDONYM) and not burden.guards & BLURRED
        # The macro hides counts; the names of its rows and columns are all published.
        if protection == SUPPRESSED and identifies:
            return (
                "elle se dit protégée par « supprime », mais elle publie ce qui identifie la personne : la "
                "macro cache les effectifs, pas les noms des lignes et des colonnes.",
                "comptez par une colonne qui n'identifie personne (row, column, within).",
            )
        if protection in burden.guards:
            return None
        if protection == SUPPRESSED and AGGREGATED in burden.guards:
            if SUPPRESSED in self._lineage.columns[column].marks:
                return None
            return (
                "elle se dit protégée par « supprime », mais ses effectifs ne passent pas par la macro.",
                "faites passer l'effectif par la suppression des petits nombres (macros/governance).",
            )
        if protection == AGGREGATED:
            return (
                "elle se dit agrégée, mais une valeur de personne la traverse : ni comptage, ni somme, ni "
                "moyenne sur ce chemin, ou un groupe par personne.",
                "agrégez par count, sum ou avg, sans identifiant ni pseudonyme dans le group by ; min, max "
                "et string_agg rendent la valeur d'une personne. Sinon, étiquetez la colonne "
                f"(donnee_personnelle: {burden.category}).",
            )
        return (
            f"elle se dit protégée par « {protection} », mais ce chemin ne passe pas par la macro.",
            "faites passer la valeur par la macro (macros/governance), sur tous les chemins ; ou étiquetez "
            f"la colonne (donnee_personnelle: {burden.category}).",
        )

    @staticmethod
    def _untagged(burden: Burden) -> tuple[str, str]:
        met = [name for name in words.PROTECTIONS if name in burden.guards]
        reason = f"elle vient d'une donnée personnelle ({burden.category}) et ne le dit pas."
        if met:
            return reason, f"déclarez ce que son SQL fait déjà : config.meta.protection: {met[-1]}."
        return (
            reason,
            f"dans son YAML, écrivez config.meta.donnee_personnelle: {burden.category} ; ou protégez la "
            "valeur par une macro de macros/governance et déclarez config.meta.protection.",
        )

    def _unfounded_claim(self, column: ColumnId) -> Leak | None:
        """A protection declared where the SQL holds none, though no tagged column leads here."""
        relation = self._lineage.relations[column.relation]
        protection = relation.protections.get(column.column)
        marks = self._lineage.columns[column].marks
        # A generalisation may come by a join: an arrondissement is a column of another relation.
        if (
            protection is None
            or protection == GENERALISED
            or protection in marks
            or relation.kind == "source"
        ):
            return None
        return Leak(
            column=column,
            file=relation.file,
            label=self._lineage.label(column),
            category=words.NOT_PERSONAL,
            reason=f"elle se dit protégée par « {protection} », et son SQL n'y passe pas.",
            advice="faites passer la valeur par la macro, ou ôtez config.meta.protection.",
            path=(Step(column, ""),),
            labels=(self._lineage.label(column),),
        )

    def _leak(
        self, column: ColumnId, burden: Burden, came_by: tuple[Origin, Burden], reason: str, advice: str
    ) -> Leak:
        steps = [Step(column, came_by[0].operation)]
        back: tuple[Origin, Burden] | None = came_by
        while back is not None:
            origin, upstream = back
            back = self._carried[origin.column][upstream]
            steps.append(Step(origin.column, back[0].operation if back else ""))
        path = tuple(reversed(steps))
        return Leak(
            column=column,
            file=self._lineage.relations[column.relation].file,
            label=self._lineage.label(column),
            category=burden.category,
            reason=reason,
            advice=advice,
            path=path,
            labels=tuple(self._lineage.label(step.column) for step in path),
            reaches=tuple(self._lineage.label(reader) for reader in self._reached(column)),
        )

    def _reached(self, column: ColumnId) -> list[ColumnId]:
        found: dict[ColumnId, None] = {}
        waiting = [column]
        while waiting:
            for reader, _ in self._lineage.downstream(waiting.pop()):
                if reader not in found:
                    found[reader] = None
                    waiting.append(reader)
        return list(found)
