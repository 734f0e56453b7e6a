"""What the project already says of a column that nobody has described: along its lineage, then by its name.

A proposal is never a guess. Along the lineage, the value must be passed on as it is: read, renamed, cast, or
gathered by a union; a pseudonym says of what it is one; a key of a school is split into two known numbers.
By its name, a received column must bear a conformed name, or one that other sources read as the same type and
describe alike: two of them at least, or one whose words are those of the name. « Code postal du service » is
a known name and what the header says of whose it is. What disagrees proposes nothing, and says why.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from donnees_au_centre.discovery.columns import name_key
from donnees_au_centre.landing.identifiers import METADATA_COLUMNS
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.inheritance import AS_RECEIVED, DECLARED, EXPRESSION, STANDARD
from donnees_au_centre.project.lineage.graph import COPY, ColumnId, Lineage
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Column, Manifest, Node, Source
from donnees_au_centre.project.rules.conforming import FORMER, conformed

# What `make new-source` and `make new-model` write where nobody has said anything yet.
UNSAID = re.compile(
    r"\s*$|À décrire|« (?P<header>.+) » (?:dans le fichier|à la source)\.|Lu dans le nom du fichier\."
    r"|Colonne .+, sans nom dans le fichier\."
)
SAME, JOINED = (COPY, "conversion"), "clé de jointure"
READING = "lecture"
PSEUDONYM = "pseudonymisation"
# The two columns that a key of a school is split into.
SCHOOL_KEY = ("school_key", ["etablissement_id", "implantation_id"])
# What the reading of a cell does to it in a staging model, which keeps every row.
READ = (*SAME, "condition", "concaténation", "expression")
# Types of the entries of a staging model that change what a cell says, or split it.
CHANGING = (EXPRESSION, "school_key", "tel quel")
# Columns that are like one another have one of these; the first that a type begins with.
KINDS = {
    "nombre": ("integer", "bigint", "smallint", "numeric", "decimal", "double", "real", "nombre"),
    "texte": ("text", "varchar", "character", "code", "bce_number", "school_year", "numéro", "année"),
    "moment": ("date", "day", "moment", "timestamp", "jour"),
    "oui ou non": ("boolean", "yes_no", "oui"),
}
# What links a head and its complement, in a header.
_LINK = re.compile(r"\s(?:du|de la|de l['’ ]|des|de|d['’])\s*", re.IGNORECASE)
_SMALL = frozenset(
    {"de", "du", "des", "d", "la", "le", "les", "l", "un", "une", "en", "et", "a", "au", "aux"}
)
# Its complement makes another thing of a number: the company number of a school is that of its unit.
_NUMBERED = re.compile(r"_id$|^numero|^id$")
# Letters of a synonym that is sought inside a name: « postalcode » has postal, « latin » has no lat.
_LONG = 5
_NONE = "rien de documenté n'a ce nom ni ce sens."
_RANK = {name: rank for rank, name in enumerate(words.CLASSIFICATIONS)}


@dataclass(frozen=True)
class Origin:
    """What says it already.

    Attributes:
        label: `source.table.column`, `model.column`, or the name of a conformed column.
        path: how one comes to it, in French.
        text: what is said there.
    """

    label: str
    path: str
    text: str


@dataclass(frozen=True)
class Proposal:
    """What can be said of a column.

    Attributes:
        column: that nobody has described.
        text: the description; "" where nothing is proposed.
        origins: where it comes from; those that disagree where nothing is proposed.
        why: in French, why nothing is proposed; "" otherwise.
        category: of personal data that its origins have and that it lacks; None to leave what it says.
        tags: of dbt, that its origins have.
    """

    column: ColumnId
    text: str
    origins: tuple[Origin, ...] = ()
    why: str = ""
    category: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Voice:
    """A description somewhere, and the source that it is about: its tables are one voice."""

    origin: Origin
    column: Column
    kind: str | None
    about: str


def is_unsaid(text: str) -> bool:
    """True for a description that is empty, or that a command wrote in the place of one."""
    return UNSAID.match(text) is not None


def core(text: str) -> str:
    """What a description says first, without the details that follow."""
    return re.split(r"[,:;.(]| — ", text.partition(AS_RECEIVED)[0].strip(), maxsplit=1)[0].strip()


def meaning(text: str) -> tuple[str, ...]:
    """The words of the core of a description, in order: « Nom de la commune » and « Commune » are alike."""
    found = [one for one in name_key(core(text)).split() if one not in _SMALL]
    return tuple(found[1:] if found[:1] == ["nom"] and len(found) > 1 else found)


class Proposals:
    """What can be proposed, from all that a project says.

    Args:
        manifest: with what it inherits, as `read_manifest` gives it.
        lineage: of the same files.
    """

    def __init__(self, manifest: Manifest, lineage: Lineage) -> None:
        """Looks at nothing yet."""
        self.manifest, self.lineage = manifest, lineage
        self._by_relation: dict[str, Mapping[str, Column]] = {}

    def of(self, node: Node) -> list[Proposal]:
        """One proposal for each column of a model or source table that nobody has described."""
        said = node.meta.get(STANDARD) or {}
        return [
            self._proposal(node, one)
            for one in self.lineage.columns_of(node.unique_id)
            if one.column not in METADATA_COLUMNS
            and one.column not in said
            and is_unsaid(self._column(one).description)
        ]

    # Along the lineage

    def _proposal(self, node: Node, column: ColumnId) -> Proposal:
        own = [*self._above(column, ()), *self._below(column)]
        if node.is_mart and column.column in conformed():
            # What `make lint` asks of a mart: the conformed meaning of a conformed name.
            fixed = _conformed(column.column)
            own = [one for one in own if _says(one, fixed)]
            return self._agreed(column, own) if own else Proposal(column, f"{fixed.text}.", (fixed,))
        if own:
            return self._agreed(column, own)
        if made := self._pseudonym(column) or self._of_school_key(node, column):
            return made
        return self._by_name(node, column) if isinstance(node, Source) else Proposal(column, "", why=_NONE)

    def _above(self, column: ColumnId, way: tuple[str, ...]) -> Iterator[_Voice]:
        """The nearest descriptions of what a column is made from without a change."""
        origins = self._passed_on.get(column, ())
        for origin in origins:
            path = (*way, *self._step(origin, column, len(origins) > 1))
            yield from self._heard(origin, path) or self._above(origin, path)

    def _below(self, column: ColumnId) -> Iterator[_Voice]:
        """What is said of a column by the staging that reads it; further down, rows are chosen."""
        for reader in self._readers.get(column, ()):
            yield from self._heard(reader, self._step(column, reader, False))

    def _step(self, above: ColumnId, below: ColumnId, union: bool) -> tuple[str, ...]:
        node = self.manifest.node(below.relation)
        operations = {one.operation for one in self.lineage.columns[below].origins if one.column == above}
        steps = [
            *([READING] if DECLARED in node.meta else []),
            *(["union"] if union else []),
            *(["renommage"] if above.column != below.column else []),
            *(["conversion"] if "conversion" in operations else []),
        ]
        return tuple(steps or [COPY])

    def _pseudonym(self, column: ColumnId) -> Proposal | None:
        """What a column is the pseudonym of, where it is of one column, whole."""
        origins = self.lineage.columns[column].origins
        if [one.operation for one in origins] != [PSEUDONYM]:
            return None
        (of,) = (one.column for one in origins)
        voices = self._heard(of, (PSEUDONYM,)) or [*self._above(of, (PSEUDONYM,))]
        told = self._agreed(column, voices) if voices else None
        return told and replace(told, text=told.text and f"Pseudonyme : {told.text}", category=None)

    def _of_school_key(self, node: Node, column: ColumnId) -> Proposal | None:
        """The number of the school, or of its site, that is read in a key of both."""
        for entry in node.meta.get(DECLARED) or ():
            if (entry["type"], entry["noms"]) == SCHOOL_KEY and column.column in entry["noms"]:
                fixed = replace(_conformed(column.column), path="nom conforme, clé d'école")
                return Proposal(column, f"{fixed.text}.", (fixed,))
        return None

    def _heard(self, column: ColumnId, path: tuple[str, ...]) -> list[_Voice]:
        text = self._text(column)
        # What is inherited by its name alone may be of another column.
        if is_unsaid(text) or self._column(column).is_inherited:
            return []
        shown = ", ".join([one for one in dict.fromkeys(path) if one != COPY] or [COPY])
        origin = Origin(self.lineage.label(column), shown, text.partition(AS_RECEIVED)[0])
        return [_Voice(origin, self._column(column), None, column.relation)]

    @cached_property
    def _passed_on(self) -> Mapping[ColumnId, tuple[ColumnId, ...]]:
        """What each column is, unchanged: one column, or those that a union gathers.

        One that a model shows under several names plays several parts there: only its own name is the same.
        """
        found = {one: tuple(self._same(one)) for one in self.lineage}
        shown = Counter((one.relation, origin) for one, origins in found.items() for origin in origins)
        return {
            one: origins
            for one, origins in found.items()
            if all(shown[one.relation, origin] == 1 or origin.column == one.column for origin in origins)
        }

    def _same(self, column: ColumnId) -> Iterator[ColumnId]:
        node = self.manifest.node(column.relation)
        if DECLARED in node.meta:
            read = next((one for one in node.meta[DECLARED] if one["noms"] == [column.column]), None)
            if read and read["type"] not in CHANGING and not self._column(column).protection:
                origins = self.lineage.columns[column].origins
                # Of two received cells, the first that is filled is neither of them.
                if all(one.column.column == read.get("colonne") for one in origins) and all(
                    one.operation in READ and not one.guards for one in origins
                ):
                    yield from sorted({one.column for one in origins})
            return
        given = [one for one in self.lineage.columns[column].origins if one.operation != JOINED]
        if all(one.operation in SAME and not one.guards for one in given):
            yield from sorted({one.column for one in given})

    @cached_property
    def _readers(self) -> Mapping[ColumnId, list[ColumnId]]:
        """The columns of a staging model that are one of its source as it is."""
        found: dict[ColumnId, list[ColumnId]] = defaultdict(list)
        for column, origins in self._passed_on.items():
            node = self.manifest.node(column.relation)
            if len(origins) == 1 and node.layer == "staging" and not node.name.endswith(ISSUES_SUFFIX):
                found[origins[0]].append(column)
        return found

    # By the name

    def _by_name(self, node: Source, column: ColumnId) -> Proposal:
        """What other sources say of a name, or of the one that the staging gives; else of its head."""
        kind = self._kind(column)
        received, names = column.column, self._names(column)
        name = _conformed_name(received)
        if name and _alike(kind, _kind_of(conformed()[name]["type"])):
            return self._told(column, [received], kind, name)
        told = self._told(column, names, kind, next((one for one in names if _fits(one, received)), None))
        return self._composed(column, kind) or told

    def _told(self, column: ColumnId, names: Sequence[str], kind: str | None, known: str | None) -> Proposal:
        """What voices of these names agree upon; known: the conformed name that they have, if one has."""
        heard = dict.fromkeys(one for name in names for one in self._voices.get(name, ()))
        voices = [one for one in heard if _alike(kind, one.kind)]
        if known:
            fixed = _conformed(known)
            others = [one for one in voices if not _says(one, fixed)]
            if others:
                return _disagreeing(column, [fixed, *(one.origin for one in others)])
            return Proposal(column, f"{fixed.text}.", (fixed,), category=self._category(column, voices, True))
        if not voices:
            return Proposal(column, "", why=_NONE)
        # Of another source, only what the column is holds here: its values and its form are its own.
        agreed = self._agreed(column, voices)
        spoken = {part for name in names for part in name.split("_")}
        alone = len({one.about for one in voices}) == 1
        if agreed.text and alone and not {*meaning(agreed.text)} <= spoken:
            return Proposal(
                column, "", why=f"{voices[0].origin.label} est seule de ce nom et en dit davantage."
            )
        category = self._category(column, voices, True)
        return replace(agreed, text=agreed.text and f"{core(agreed.text)}.", category=category)

    def _composed(self, column: ColumnId, kind: str | None) -> Proposal | None:
        """« Code postal du service »: a name that is known, and the complement that the header writes."""
        header = UNSAID.match(self._text(column))
        text = header["header"] if header and header["header"] else ""
        link = _LINK.search(text)
        if not link:
            return None
        head = "_".join(name_key(text[: link.start()]).split())
        name = _conformed_name(head)
        if _NUMBERED.search(name or head) or (name and not _alike(kind, _kind_of(conformed()[name]["type"]))):
            return None
        told = self._told(column, [head], kind, name)
        if not told.text:
            return None
        whose = text[link.start() :].lower() if text.isupper() else text[link.start() :]
        origins = [replace(one, path=f"{one.path}, complément de l'en-tête") for one in told.origins]
        return replace(told, text=f"{core(told.text)}{whose.rstrip('.')}.", origins=tuple(origins))

    def _names(self, column: ColumnId) -> list[str]:
        """The received name, and those that the staging gives to the same value."""
        return [column.column, *dict.fromkeys(one.column for one in self._readers.get(column, ()))]

    @cached_property
    def _voices(self) -> Mapping[str, list[_Voice]]:
        """What is said of columns, by each of their names."""
        found: dict[str, list[_Voice]] = defaultdict(list)
        for column in self.lineage:
            node = self.manifest.node(column.relation)
            text = self._text(column)
            if node.kind != "source" or is_unsaid(text) or column.column in METADATA_COLUMNS:
                continue
            about = node.unique_id.rpartition(".")[0]
            origin = Origin(self.lineage.label(column), "même nom, même type", text.partition(AS_RECEIVED)[0])
            voice = _Voice(origin, self._column(column), self._kind(column), about)
            for name in self._names(column):
                found[name].append(voice)
        return found

    # What origins say together

    def _agreed(self, column: ColumnId, voices: Sequence[_Voice]) -> Proposal:
        origins = tuple(dict.fromkeys(one.origin for one in voices))
        if len({meaning(one.text) for one in origins}) > 1:
            return _disagreeing(column, origins)
        texts = list(dict.fromkeys(one.text.strip() for one in origins))
        text = texts[0] if len(texts) == 1 else f"{min(map(core, texts), key=len)}."
        tags = sorted({tag for one in voices for tag in one.column.tags})
        return Proposal(column, text, origins, category=self._category(column, voices), tags=tuple(tags))

    def _category(self, column: ColumnId, voices: Sequence[_Voice], named: bool = False) -> str | None:
        """The gravest category of personal data among origins; None when the column says as grave a one.

        Args:
            column: that nobody has described.
            voices: its origins.
            named: True for origins that only have its name, which must all have that category.
        """
        own = self._column(column)
        found = [one.column.category for one in voices]
        known = [one for one in found if one in words.CATEGORIES and one != words.NOT_PERSONAL]
        if not known or own.protection or (named and {*found} != {known[0]}):
            return None
        gravest = max(known, key=_gravity)
        return gravest if not own.is_personal or _gravity(gravest) > _gravity(own.category) else None

    # What a column is

    def _column(self, column: ColumnId) -> Column:
        return self._columns_of(column.relation).get(column.column) or Column({"name": column.column})

    def _columns_of(self, unique_id: str) -> Mapping[str, Column]:
        if unique_id not in self._by_relation:
            self._by_relation[unique_id] = self.manifest.node(unique_id).columns
        return self._by_relation[unique_id]

    def _text(self, column: ColumnId) -> str:
        """What a column says to others: nothing, for a former name, which only leads to the new one."""
        own = self._column(column)
        return "" if FORMER in own.meta else own.description

    def _kind(self, column: ColumnId) -> str | None:
        """What a received column is read as, by its staging, else by what the look at its file wrote."""
        for node in self._staging.get(column.relation, ()):
            for one in node.meta[DECLARED]:
                if one.get("colonne") == column.column and one["type"] not in CHANGING:
                    return _kind_of(one["type"])
        own = self._column(column)
        return _kind_of(own.data_type or own.description.partition(AS_RECEIVED)[2])

    @cached_property
    def _staging(self) -> Mapping[str, list[Node]]:
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.manifest.of_type("model"):
            if DECLARED in node.meta:
                for parent in node.reads:
                    found[parent].append(node)
        return found


def _disagreeing(column: ColumnId, origins: Sequence[Origin]) -> Proposal:
    texts = list({meaning(one.text): core(one.text) for one in origins}.values())
    return Proposal(
        column,
        "",
        tuple(origins),
        f"ses origines disent des choses différentes : {' ; '.join(f'« {text} »' for text in texts)}.",
    )


def _says(voice: _Voice, fixed: Origin) -> bool:
    """True when a description begins with a conformed meaning."""
    said = meaning(fixed.text)
    return meaning(voice.origin.text)[: len(said)] == said


def _conformed(name: str) -> Origin:
    return Origin(name, "nom conforme", str(conformed()[name]["sens"]))


def _conformed_name(name: str) -> str | None:
    """The conformed name of a received one, its small words left out: `cp`, `nom_de_la_commune`."""
    bare = "_".join(part for part in name.split("_") if part not in _SMALL)
    parts = sorted(bare.split("_"))
    for known, one in conformed().items():
        if any(parts == sorted(other.split("_")) for other in (known, *one["au_lieu_de"])):
            return known
    return None


def _fits(staged: str, received: str) -> bool:
    """True when the staging gives a conformed name, and the received one has a synonym of it in itself."""
    known = conformed().get(staged)
    if known is None:
        return False
    joined = "".join(received.split("_"))
    return any(
        name in received.split("_") or (len(name) >= _LONG and name.replace("_", "") in joined)
        for name in (staged, *known["au_lieu_de"])
    )


def _kind_of(text: str) -> str | None:
    said = text.lower()
    return next((kind for kind, starts in KINDS.items() if said.startswith(starts)), None)


def _alike(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _gravity(category: str | None) -> int:
    return _RANK[words.CATEGORIES.get(category or "", words.CLASSIFICATIONS[0])]
