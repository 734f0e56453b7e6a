"""What the access policies and the project's manifest mean together: roles, rights, masks, filters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from donnees_au_centre.access.files import ACTIONS, ALL, ALL_ROWS, BUILT, EACH, LAYERS, Entry
from donnees_au_centre.administration import ours
from donnees_au_centre.french import meant
from donnees_au_centre.landing.erased import LIST as ERASED
from donnees_au_centre.landing.tables import CHANGED_TABLE, PRESENT_TABLE, REJECTS_TABLE
from donnees_au_centre.project.datasets import read_datasets
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.project.promises import MASKED
from donnees_au_centre.project.versions import SUFFIX

# A role that may read only masked sees null in these columns, and in those the YAML does not describe.
MASKED_CATEGORIES = frozenset({"identifiant_direct", "identifiant_indirect", "sensible"})
MASKED_SUFFIX = "_masque"
# Where a role that may see some rows only reads: `<schema>_filtre`.
FILTERED_SUFFIX = "_filtre"
# What is said of who reads through a masked view.
LIMIT_MASKED = " masquée"
# The empty table by whose lock a build holds its turn (donnees_au_centre/building/turns.py).
TURN = "tour_de_construction"
# Layers that only the loader writes.
RECEIVED = ("brut", "plateforme")
FILTERS = ("ag", "pouvoir_organisateur")
FILTER_KEYS = {"filtre", "colonne"}
WARNING_DAYS = 30
# A year and the time of a merge request.
LONGEST_DAYS = 400


@dataclass(frozen=True)
class Relation:
    """A table or view of the project.

    Attributes:
        domain, layer: where it stands; layer is one of LAYERS.
        schema, name: in the database.
        label: model's name, or `source.table`.
        file: where it is described.
        classification: of a data set; None when it has none.
        clear: columns that a masked view shows.
        filter: (filter, column) when rows are shared out; None when everybody sees all of them.
    """

    domain: str
    layer: str
    schema: str
    name: str
    label: str
    file: str
    classification: str | None
    clear: tuple[str, ...]
    filter: tuple[str, str] | None


@dataclass(frozen=True)
class Declaration:
    """What must be true in the database.

    Attributes:
        roles: role -> its description in French, for PostgreSQL's comments.
        schemas: schemas that are managed, in order; they are made when missing.
        builders: schema -> roles that create in it.
        owners: schema -> roles that may own something there: those of `builders`, past reviews included.
        content: the part that the database keeps (table acces.declaration), see functions.sql.
    """

    roles: Mapping[str, str]
    schemas: tuple[str, ...]
    builders: Mapping[str, frozenset[str]]
    owners: Mapping[str, frozenset[str]]
    content: Mapping[str, Any]

    @property
    def creators(self) -> list[str]:
        """Roles that own what they create."""
        return sorted({role for roles in self.builders.values() for role in roles})


def read_relations(manifest: Manifest) -> list[Relation]:
    """The tables and views of the project, raw ones included."""
    classes = {dataset.unique_id: dataset.classification for dataset in read_datasets(manifest)}
    return [
        Relation(
            domain=node.domain,
            layer=_layer(node),
            schema=node.schema,
            name=node.relation,
            label=node.label,
            file=node.file,
            classification=classes.get(node.unique_id),
            clear=tuple(_clear(node)),
            filter=_filter(node),
        )
        for node in manifest.of_type("model", "seed", "source")
        if not node.is_ephemeral
    ]


def entries_on(entries: Sequence[Entry], manifest: Manifest) -> dict[str, list[Entry]]:
    """The entries that give a right on each table or view, by its label; past reviews included."""
    relations = read_relations(manifest)
    found: dict[str, list[Entry]] = {relation.label: [] for relation in relations}
    for entry in entries:
        for relation in _covered(entry, relations):
            found[relation.label].append(entry)
    return found


def readers_of(entries: Sequence[Entry], manifest: Manifest) -> dict[str, list[str]]:
    """The roles that read each mart, by its unique id, as policies/contracts/ names them.

    Without those that every domain has: its steward, and who builds (`dbt_<ag>`). A role that reads through
    the views that hide persons is said to be `masqué`; one whose review is past is still there.
    """
    granted = entries_on(entries, manifest)
    return {
        model.unique_id: [
            entry.role + (MASKED if entry.masked else "")
            for entry in granted[model.label]
            if "lecture" in entry.actions
            and EACH not in entry.role
            and entry.role != f"steward_{model.domain}"
        ]
        for model in manifest.models
        if model.is_mart and model.label in granted
    }


def rights_on(
    entries: Sequence[Entry], manifest: Manifest, today: date
) -> dict[str, dict[str, dict[str, date]]]:
    """Who may do what where, as the entries say whose review is not past.

    Returns:
        By the label of a table or view (`rejets de age`, `tests` for what has none), then by role: what it
        may do, in French, and until when.
    """
    relations = read_relations(manifest)
    domains = sorted({relation.domain for relation in relations})
    found: dict[str, dict[str, dict[str, date]]] = {}
    for entry, role, only in _expanded(entries, domains):
        if entry.review < today:
            continue
        given = [
            (relation.label, action, _limit(entry, relation) if action == "lecture" else "")
            for relation in _covered(entry, relations, only)
            for action in entry.actions
        ]
        given += [(label, action, "") for label in _apart(entry, domains, only) for action in entry.actions]
        for label, action, limit in given:
            held = found.setdefault(label, {}).setdefault(role, {})
            what = action.replace("creation", "création") + limit
            held[what] = max(entry.review, held.get(what, entry.review))
    return found


def _limit(entry: Entry, relation: Relation) -> str:
    """What an entry does not let its role read of a relation, in French."""
    if entry.masked:
        return LIMIT_MASKED
    if not relation.filter or entry.rows == ALL_ROWS:
        return ""
    values = ", ".join(_values(entry, relation.filter[0]))
    return f" des lignes où {relation.filter[0]} est {values}" if values else " d'aucune ligne"


def _apart(entry: Entry, domains: Sequence[str], only: str | None) -> Iterator[str]:
    """The places of an entry that are no table or view of the project."""
    if "rejets" in entry.layers:
        wanted = {ALL: domains, EACH: [only]}.get(entry.ag, [entry.ag])
        yield from (f"rejets de {domain}" for domain in wanted)
    if "tests" in entry.layers:
        yield "tests"


def check_entries(entries: Sequence[Entry], manifest: Manifest) -> list[str]:
    """What the files say that the project does not know; one French sentence each."""
    relations = read_relations(manifest)
    labels = {relation.label for relation in relations}
    faults = list(_filter_faults(manifest))
    for entry in entries:
        for name in entry.datasets:
            if name not in labels:
                problem = f"{entry.place}, clé « jeu_de_donnees » : « {name} » n'existe pas."
                faults.append(f"{problem} {meant(name, labels, '')}".rstrip())
        names = {relation.label: relation for relation in relations}
        if entry.masked and any(names[name].layer not in BUILT for name in entry.datasets if name in names):
            faults.append(f"{entry.place}, clé « masque » : une table brute n'a pas de vue masquée.")
        if "lecture" not in entry.actions:
            continue
        filtered = [relation for relation in _covered(entry, relations) if relation.filter]
        if filtered and entry.rows is None:
            named = ", ".join(sorted({relation.label for relation in filtered}))
            faults.append(
                f"{entry.place}, clé « lignes » : elle manque, et {named} partage ses lignes. "
                f"Écrivez « lignes: {ALL_ROWS} », ou les valeurs que le rôle peut voir."
            )
        if isinstance(entry.rows, Mapping):
            if entry.actions != ("lecture",):
                faults.append(
                    f"{entry.place}, clé « lignes » : qui ne voit que des lignes lit seulement : "
                    "actions: [lecture]."
                )
            known = {relation.filter[0] for relation in filtered if relation.filter}
            for name in sorted(set(entry.rows) - known):
                faults.append(
                    f"{entry.place}, clé « lignes » : aucun mart de cette entrée ne filtre par « {name} »."
                )
    return faults


def review_faults(entries: Iterable[Entry], today: date) -> tuple[list[str], list[str]]:
    """Entries whose review is past, then those whose review is near or too far; one French line each."""
    past, soon = [], []
    for entry in entries:
        if entry.review < today:
            past.append(
                f"{entry.place}, clé « revue » : échue le {entry.review:%d/%m/%Y} ; l'accès est retiré."
            )
        elif entry.review <= today + timedelta(days=WARNING_DAYS):
            soon.append(f"{entry.place}, clé « revue » : à renouveler avant le {entry.review:%d/%m/%Y}.")
        elif entry.review > today + timedelta(days=LONGEST_DAYS):
            soon.append(
                f"{entry.place}, clé « revue » : le {entry.review:%d/%m/%Y} est trop loin ; "
                "un accès se revoit chaque année."
            )
    return past, soon


def declare(entries: Sequence[Entry], manifest: Manifest, today: date) -> Declaration:
    """Works out what must be true in the database.

    Args:
        entries: those of the files, checked.
        manifest: the content of manifest.json.
        today: an entry whose review is past gives nothing, but its role stays.
    """
    relations = read_relations(manifest)
    domains = sorted({relation.domain for relation in relations})
    roles: dict[str, str] = {}
    rights: set[tuple[str, str, str | None, str]] = set()
    rows: set[tuple[str, str, str, str]] = set()
    builders: dict[str, set[str]] = {}
    owners: dict[str, set[str]] = {}
    # (suffix of the schema, relation) -> whether somebody reads it there today, through a view.
    restricted: dict[tuple[str, Relation], bool] = {}
    for entry, role, only in _expanded(entries, domains):
        roles.setdefault(role, f"{ours().platform.name}, {entry.file}. {entry.reason}")
        valid = entry.review >= today
        for schema, name, action in _rights(entry, relations, only):
            if action == "creation":
                owners.setdefault(schema, set()).add(role)
                if valid:
                    builders.setdefault(schema, set()).add(role)
            elif valid:
                rights.add((role, schema, name, ACTIONS[action]))
        if "lecture" not in entry.actions:
            continue
        for relation in _covered(entry, relations, only):
            if suffix := _suffix(entry, relation):
                restricted[suffix, relation] = valid or restricted.get((suffix, relation), False)
            if relation.filter and valid:
                for value in _values(entry, relation.filter[0]):
                    rows.add((role, relation.schema, relation.name, value))
    for suffix, relation in restricted:
        # The view is made, and made again, by who builds its table.
        for places in (builders, owners):
            places.setdefault(f"{relation.schema}{suffix}", set()).update(places.get(relation.schema, ()))
    for relation in relations:
        # The tables that a mart's view shows, or showed: made where the mart is, and nobody's to read.
        # A table filled load by load says there what it holds, be there a mart or not.
        if relation.layer in ("marts", "staging"):
            place = f"{relation.schema.removesuffix('_staging')}{SUFFIX}"
            for places in (builders, owners):
                places.setdefault(place, set()).update(places.get(relation.schema, ()))
    schemas = (
        {relation.schema for relation in relations} | {schema for _, schema, _, _ in rights} | set(owners)
    )
    content = {
        "schemas": sorted(schemas),
        "tour": TURN,
        # Nothing in a schema but this, for the entries of a whole layer.
        "exceptions": sorted(
            [relation.schema, REJECTS_TABLE]
            for relation in _one_by_schema(relations)
            if relation.layer == "brut"
        ),
        # What is received and the journal of it: who made the table may not empty it either.
        "bornees": sorted(
            {(relation.schema, relation.name) for relation in relations if relation.layer in RECEIVED}
            | {
                (relation.schema, name)
                for relation in relations
                if relation.layer == "brut"
                for name in (REJECTS_TABLE, CHANGED_TABLE, PRESENT_TABLE)
            }
            | {tuple(ERASED.split("."))}
        ),
        "droits": [
            {"role": role, "schema": schema, "relation": name, "droit": privilege}
            for role, schema, name, privilege in sorted(rights, key=lambda right: tuple(map(str, right)))
        ],
        "createurs": [
            {"role": role, "schema": schema}
            for schema in sorted(builders)
            for role in sorted(builders[schema])
        ],
        "lignes": [
            {"role": role, "schema": schema, "relation": name, "valeur": value}
            for role, schema, name, value in sorted(rows)
        ],
        "restreintes": [
            {
                "suffixe": suffix,
                "schema": relation.schema,
                "relation": relation.name,
                "claires": sorted(relation.clear) if suffix == MASKED_SUFFIX else None,
                "colonne": relation.filter[1] if relation.filter else None,
            }
            for suffix, relation in sorted(restricted, key=lambda one: (one[0], one[1].schema, one[1].name))
            if restricted[suffix, relation]
        ],
    }
    return Declaration(
        roles=dict(sorted(roles.items())),
        schemas=tuple(sorted(schemas)),
        builders={schema: frozenset(found) for schema, found in builders.items()},
        owners={schema: frozenset(found) for schema, found in owners.items()},
        content=json.loads(json.dumps(content)),
    )


def _suffix(entry: Entry, relation: Relation) -> str:
    """Of the schema in which an entry reads a relation: "" for the relation itself."""
    if entry.masked:
        return MASKED_SUFFIX
    return FILTERED_SUFFIX if relation.filter and isinstance(entry.rows, Mapping) else ""


def _expanded(entries: Iterable[Entry], domains: Sequence[str]) -> Iterator[tuple[Entry, str, str | None]]:
    """Each entry with a real role, and the domain of `<ag>`."""
    for entry in entries:
        if EACH in entry.role:
            yield from ((entry, entry.role.replace(EACH, domain), domain) for domain in domains)
        else:
            yield entry, entry.role, None


def _covered(entry: Entry, relations: Iterable[Relation], only: str | None = None) -> Iterator[Relation]:
    """The relations an entry is about."""
    for relation in relations:
        in_domain = entry.ag in (ALL, relation.domain) or (
            entry.ag == EACH and only in (None, relation.domain)
        )
        named = relation.layer in entry.layers or relation.label in entry.datasets
        classed = entry.classifications is None or relation.classification in entry.classifications
        if in_domain and named and classed:
            yield relation


def _rights(
    entry: Entry, relations: Sequence[Relation], only: str | None
) -> Iterator[tuple[str, str | None, str]]:
    """(schema, relation or None for all of them, action) of an entry."""
    # Who sees some rows only has no right on what `make access` has not seen yet.
    whole = entry.classifications is None and not isinstance(entry.rows, Mapping)
    suffix = MASKED_SUFFIX if entry.masked else ""
    for action in entry.actions:
        if whole:
            for layer in entry.layers:
                for schema in _schemas(entry, layer, relations, only):
                    named = layer == "rejets" and action != "creation"
                    yield f"{schema}{suffix}", REJECTS_TABLE if named else None, action
                    # Who erases a person does so in what readers no longer see, too.
                    if layer == "marts" and "effacement" in entry.actions:
                        yield f"{schema}{SUFFIX}", None, action
        for relation in _covered(entry, relations, only):
            if not whole or relation.label in entry.datasets:
                yield f"{relation.schema}{_suffix(entry, relation)}", relation.name, action


def _schemas(entry: Entry, layer: str, relations: Iterable[Relation], only: str | None) -> Iterator[str]:
    """The schemas of a layer: those that the project has."""
    pattern = LAYERS[layer]
    if EACH.strip("<>") not in pattern:
        yield pattern
        return
    present = {(relation.domain, relation.layer): relation.schema for relation in relations}
    one = only if entry.ag == EACH else entry.ag
    wanted = {domain for domain, _ in present} if entry.ag == ALL else {one or ""}
    for domain in sorted(filter(None, wanted)):
        if schema := present.get((domain, "brut" if layer == "rejets" else layer)):
            yield schema


def _values(entry: Entry, name: str) -> Iterator[str]:
    if entry.rows == ALL_ROWS:
        yield "*"
    elif isinstance(entry.rows, Mapping):
        yield from entry.rows.get(name, ())


def _one_by_schema(relations: Iterable[Relation]) -> list[Relation]:
    return list({relation.schema: relation for relation in relations}.values())


def _layer(node: Node) -> str:
    if node.kind == "source":
        return "brut" if node.schema.startswith("raw_") else "plateforme"
    return "reference" if node.kind == "seed" else node.layer or ""


def _clear(node: Node) -> Iterator[str]:
    for column in node.columns.values():
        if column.category not in MASKED_CATEGORIES:
            yield column.name


def _filter(node: Node) -> tuple[str, str] | None:
    said = node.meta.get("acces")
    if not isinstance(said, Mapping) or not set(said) >= FILTER_KEYS:
        return None
    return str(said["filtre"]), str(said["colonne"])


def _filter_faults(manifest: Manifest) -> Iterator[str]:
    for node in manifest.of_type("model", "seed", "source"):
        said = node.meta.get("acces")
        if said is None:
            continue
        place = f"{node.file}, {node.label}, config.meta.acces"
        if not node.is_mart:
            yield f"{place} : seul un mart partage ses lignes."
        elif node.materialized == "view":
            yield f"{place} : la plateforme filtre les lignes d'une table ; matérialisez le mart en table."
        elif not isinstance(said, Mapping) or set(said) != FILTER_KEYS:
            yield f"{place} : deux clés, filtre ({', '.join(FILTERS)}) et colonne."
        elif said["filtre"] not in FILTERS:
            known = ", ".join(FILTERS)
            yield f"{place}, clé « filtre » : « {said['filtre']} » n'existe pas ; choisissez parmi {known}."
        elif said["colonne"] not in node.columns:
            yield f"{place}, clé « colonne » : le mart n'a pas de colonne « {said['colonne']} »."
