"""What one reading of the project changes to another, item by item, and what readers lose by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from donnees_au_centre.french import counted, listed, some
from donnees_au_centre.project.nodes import (
    DataTest,
    Described,
    Exposure,
    Group,
    Macro,
    Manifest,
    Node,
    Source,
)
from donnees_au_centre.review.promises import lost_promises
from donnees_au_centre.review.queries import Query, scaled, told, words

# From what asks most of a reviewer: readers lose something; figures or rules change; only words do.
BREAKING, HARMLESS, WORDS = "rupture", "sans rupture", "texte seulement"
GRADES = (BREAKING, HARMLESS, WORDS)
ADDED, CHANGED, REMOVED = "ajout", "changement", "retrait"
# What changes, in French, and its gender.
MART, MODEL, COLUMN, SEED, SOURCE = "mart", "modèle", "colonne", "table de référence", "source"
TEST, CASE, MACRO, DASHBOARD, GROUP = "contrôle", "cas d'essai", "macro", "tableau de bord", "domaine"
FEMININE = (COLUMN, SEED, SOURCE, MACRO)
KINDS = (MART, COLUMN, MODEL, SEED, SOURCE, TEST, CASE, MACRO, DASHBOARD, GROUP)
# The options of a node that are said in their own words, or that say nothing of what it is.
_SAID_APART = frozenset(
    {
        "meta",
        "tags",
        "docs",
        "access",
        "group",
        "contract",
        "alias",
        "schema",
        "database",
        "enabled",
        "grants",
    }
)
_SHOWN = 4
Sql = Mapping[str, str]
_D = TypeVar("_D", bound=Described)


@dataclass(frozen=True)
class Change:
    """One thing that is not what it was.

    Attributes:
        kind: one of KINDS.
        name: as readers know it: `fct_marche`, `fct_marche.gare`, `raw_ags.points_verts`.
        domain: empty for what belongs to none.
        done: ADDED, CHANGED or REMOVED.
        grade: one of GRADES.
        said: what and, where it breaks, for whom, in French, a sentence without its full stop.
        about: unique id of the model, seed, source, test or exposure that it is about.
    """

    kind: str
    name: str
    domain: str
    done: str
    grade: str
    said: str
    about: str


@dataclass(frozen=True)
class Changes:
    """All that changes.

    Attributes:
        items: what breaks first, then by kind and name.
        moved: unique ids of the models, seeds and sources whose rows may not be what they were.
    """

    items: tuple[Change, ...]
    moved: frozenset[str]

    @property
    def grade(self) -> str:
        """That of the whole: the gravest; WORDS where nothing changes."""
        return min((one.grade for one in self.items), key=GRADES.index, default=WORDS)


def to_compile(base: Manifest, head: Manifest) -> set[str]:
    """The models whose SQL may differ: their text does, or a macro that they call."""
    touched = _touched_macros(base, head)
    found: set[str] = set()
    for old, new in _pairs(_models_of(base), _models_of(head)):
        if old and new and (old.raw_code != new.raw_code or touched.intersection(_macros_of(new, head))):
            found |= {old.unique_id, new.unique_id}
    return found


def find_changes(
    base: Manifest, head: Manifest, today: date, base_sql: Sql | None = None, head_sql: Sql | None = None
) -> Changes:
    """Compares two readings of the project.

    Args:
        base: what readers have now.
        head: what they would have.
        today: promises that ended before it are none any more.
        base_sql: the compiled SQL of the models of `to_compile`, by unique id; a model without any is
            compared as it is written.
        head_sql: likewise.
    """
    return _Comparison(base, head, today, base_sql or {}, head_sql or {}).changes()


class _Comparison:
    def __init__(self, base: Manifest, head: Manifest, today: date, base_sql: Sql, head_sql: Sql) -> None:
        self.base, self.head, self.today = base, head, today
        self.sql = base_sql, head_sql
        self.touched = _touched_macros(base, head)
        self.items: list[Change] = []
        self.moved: set[str] = set()

    def changes(self) -> Changes:
        self._models()
        self._seeds()
        self._sources()
        self._tests()
        self._cases()
        self._macros()
        self._exposures()
        self._groups()
        order = sorted(
            dict.fromkeys(self.items),
            key=lambda one: (GRADES.index(one.grade), KINDS.index(one.kind), one.domain, one.name),
        )
        return Changes(tuple(order), frozenset(self.moved))

    def _add(self, kind: str, name: str, domain: str, done: str, grade: str, said: str, about: str) -> None:
        self.items.append(Change(kind, name, domain, done, grade, said, about))

    # Models

    def _models(self) -> None:
        lost = lost_promises(self.base, self.head, self.today)
        for old, new in _pairs(_models_of(self.base), _models_of(self.head)):
            node = new or old
            assert node
            kind = MART if node.is_mart or (old and old.is_mart) else MODEL
            broken = lost.get(old.name, []) if old else []
            for one in broken:
                name = f"{node.name}.{one.column}" if one.column else node.name
                part, done = COLUMN if one.column else kind, REMOVED if one.gone else CHANGED
                self._add(part, name, node.domain, done, BREAKING, one.said, node.unique_id)
            if old and new:
                self._model(kind, old, new)
                continue
            self.moved.add(node.unique_id)
            if new:
                self._add(kind, new.name, new.domain, ADDED, HARMLESS, _first(new.description), new.unique_id)
            elif not broken:
                said = (
                    "son dernier jour est passé" if node.is_mart else "personne ne le lit hors de son domaine"
                )
                self._add(kind, node.name, node.domain, REMOVED, HARMLESS, said, node.unique_id)

    def _model(self, kind: str, old: Node, new: Node) -> None:
        def add(grade: str, said: str) -> None:
            self._add(kind, new.name, new.domain, CHANGED, grade, said, new.unique_id)

        self._query(old, new, add)
        for key in _different(old.config, new.config, _SAID_APART):
            self.moved.add(new.unique_id)
            add(HARMLESS, f"son réglage « {key} » change")
        if not old.has_contract and new.has_contract:
            add(HARMLESS, "ses colonnes et leurs types sont maintenant promis")
        if old.until != new.until:
            end = f"il finit le {new.until:%d/%m/%Y}" if new.until else "il n'a plus de dernier jour"
            add(HARMLESS, end)
        for said in _governance(old.meta, new.meta):
            add(HARMLESS, said)
        if sorted(old.tags) != sorted(new.tags):
            add(WORDS, "ses étiquettes changent")
        if words(old.description) != words(new.description):
            add(WORDS, "sa description change")
        self._columns(kind, old, new)

    def _query(self, old: Node, new: Node, add: Callable[[str, str], None]) -> None:
        called = self.touched.intersection(_macros_of(new, self.head))
        if old.raw_code == new.raw_code and not called:
            return
        before, after = self._queries(old, new)
        if before.same(after):
            if old.raw_code != new.raw_code:
                add(WORDS, "son SQL est écrit autrement, et calcule la même chose")
            return
        self.moved.add(new.unique_id)
        self._scaled(before, after, new)
        if old.raw_code == new.raw_code:
            names = [one.rpartition(".")[2] for one in sorted(called)]
            by = f"par {'la macro' if len(names) == 1 else 'les macros'} {some(names, _SHOWN)}"
            add(HARMLESS, f"son calcul change {by}")
            return
        joined = set(new.reads) - set(old.reads)
        left = set(old.reads) - set(new.reads)
        more = f", et lit en plus {self._labels(self.head, joined)}" if joined else ""
        less = f", sans plus lire {self._labels(self.base, left)}" if left else ""
        what = told(before, after)
        add(HARMLESS, f"son SQL change{' : ' if what else ''}{', '.join(what)}{more}{less}")

    def _scaled(self, before: Query, after: Query, model: Node) -> None:
        """A column that is so many times what it was, where a mart made of the model offers it."""
        times = dict(scaled(before, after))
        made = downstream(self.head, {model.unique_id}) if times else set()
        for mart in self.head.models:
            if mart.is_mart and mart.unique_id in made:
                for name in times.keys() & mart.columns.keys():
                    ratio = times[name]
                    by = f"multipliée par {ratio}" if ratio.denominator == 1 else f"divisée par {1 / ratio}"
                    said = f"son unité change : elle est {by}"
                    about = f"{mart.name}.{name}"
                    self._add(COLUMN, about, mart.domain, CHANGED, BREAKING, said, mart.unique_id)

    def _queries(self, old: Node, new: Node) -> tuple[Query, Query]:
        """The SQL of a model on both sides: compiled when both are."""
        compiled = self.sql[0].get(old.unique_id), self.sql[1].get(new.unique_id)
        before, after = compiled if all(compiled) else (old.raw_code, new.raw_code)
        return Query(before or "", self._names), Query(after or "", self._names)

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        """What stands for each table in SQL, wherever it is built; those of a branch may be in production."""
        return {
            (node.schema, node.relation): node.unique_id
            for manifest in (self.base, self.head)
            for node in manifest.of_type("model", "seed", "snapshot", "source")
        }

    @staticmethod
    def _labels(manifest: Manifest, ids: Collection[str]) -> str:
        return some(sorted(node.label for one in ids if (node := manifest.find(one))), _SHOWN)

    def _columns(self, kind: str, old: Node, new: Node) -> None:
        """What the YAML says of the columns; what readers lose of a mart was said before."""
        broken = {one.name for one in self.items if one.about == new.unique_id and one.grade == BREAKING}

        def add(name: str, done: str, grade: str, said: str) -> None:
            self._add(COLUMN, f"{new.name}.{name}", new.domain, done, grade, said, new.unique_id)

        for before, after in _pairs(old.columns, new.columns):
            one = after or before
            assert one
            if before is None:
                add(one.name, ADDED, HARMLESS, _first(one.description))
            elif after is None:
                if f"{new.name}.{one.name}" not in broken:
                    said = "son dernier jour est passé" if kind == MART else "hors des marts"
                    add(one.name, REMOVED, HARMLESS, said)
            else:
                if before.data_type != after.data_type and f"{new.name}.{one.name}" not in broken:
                    said = f"son type s'écrit {after.data_type or '(rien)'}, et s'écrivait "
                    add(one.name, CHANGED, HARMLESS, said + str(before.data_type or "(rien)"))
                gained = set(after.constraints) - set(before.constraints)
                if gained:
                    add(one.name, CHANGED, HARMLESS, f"promise en plus : {listed(sorted(gained))}")
                if dict(before.meta) != dict(after.meta) and f"{new.name}.{one.name}" not in broken:
                    keys = _different(before.meta, after.meta)
                    add(one.name, CHANGED, HARMLESS, f"ce qui est dit d'elle change ({', '.join(keys)})")
                if words(before.description) != words(after.description):
                    add(one.name, CHANGED, WORDS, "sa description change")

    # What models read

    def _seeds(self) -> None:
        for old, new in _pairs(_by_id(self.base.of_type("seed")), _by_id(self.head.of_type("seed"))):
            self._given(SEED, old, new, ("checksum",), "ses valeurs changent")

    def _sources(self) -> None:
        for old, new in _pairs(_by_id(self.base.of_type("source")), _by_id(self.head.of_type("source"))):
            keys = ("external", "schema", "identifier", "loaded_at_field")
            self._given(SOURCE, old, new, keys, "ce qui est lu change : sa place ou sa forme")
            if isinstance(old, Source) and isinstance(new, Source) and old.freshness != new.freshness:
                said = "son retard admis change"
                self._add(SOURCE, new.label, new.domain, CHANGED, HARMLESS, said, new.unique_id)

    def _given(self, kind: str, old: Node | None, new: Node | None, keys: tuple[str, ...], said: str) -> None:
        node = new or old
        assert node

        def add(grade: str, said: str, done: str = CHANGED) -> None:
            self._add(kind, node.label, node.domain, done, grade, said, node.unique_id)

        if old is None or new is None:
            self.moved.add(node.unique_id)
            done = REMOVED if new is None else ADDED
            add(HARMLESS, "plus aucun calcul ne la lit" if new is None else _first(node.description), done)
            return
        if any(old.written(key) != new.written(key) for key in keys):
            self.moved.add(new.unique_id)
            add(HARMLESS, said)
        for key in _different(old.config, new.config, _SAID_APART):
            self.moved.add(new.unique_id)
            add(HARMLESS, f"son réglage « {key} » change")
        for line in _governance(old.meta, new.meta):
            add(HARMLESS, line)
        if words(old.description) != words(new.description):
            add(WORDS, "sa description change")
        self._columns(kind, old, new)

    # Tests

    def _tests(self) -> None:
        old, new = _by_id(self.base.tests), _by_id(self.head.tests)
        gone = [old[one] for one in old.keys() - new.keys()]
        born = [new[one] for one in new.keys() - old.keys()]
        pairs = [(old[one], new[one]) for one in old.keys() & new.keys()]
        # One that has another name, or other arguments, has another id.
        for test in sorted(gone, key=lambda one: one.unique_id):
            alike = [other for other in born if _about(other) == _about(test) and not test.is_singular]
            alike = [other for other in alike if other.name == test.name] or alike
            if len(alike) == 1:
                born.remove(alike[0])
                pairs.append((test, alike[0]))
            else:
                self._test(self.base, test, REMOVED, HARMLESS, "")
        for test in born:
            self._test(self.head, test, ADDED, HARMLESS, "")
        for before, after in pairs:
            self._same_test(before, after)

    def _same_test(self, old: DataTest, new: DataTest) -> None:
        said = []
        if old.severity != new.severity:
            blocks = "arrête maintenant la publication" if new.severity == "error" else "avertit seulement"
            said.append(f"il {blocks}")
        if old.where != new.where:
            said.append("il ne regarde plus les mêmes lignes")
        if _plain_arguments(old) != _plain_arguments(new):
            said.append("ce qu'il admet change")
        before, after = Query(old.raw_code, {}), Query(new.raw_code, {})
        if old.is_singular and not before.same(after):
            said.append("son SQL change")
        said += [f"son réglage « {key} » change" for key in _different(_rest(old), _rest(new))]
        if said:
            self._test(self.head, new, CHANGED, HARMLESS, " ; ".join(said))
        elif words(old.description) != words(new.description) or old.name != new.name:
            self._test(self.head, new, CHANGED, WORDS, "son nom ou sa description change")
        elif old.raw_code != new.raw_code:
            self._test(self.head, new, CHANGED, WORDS, "son SQL est écrit autrement")

    def _test(self, manifest: Manifest, test: DataTest, done: str, grade: str, said: str) -> None:
        tested = manifest.find(test.tested_id) if test.tested_id else None
        place = tested.label if tested else ""
        place += f".{test.column_name}" if place and test.column_name else ""
        name = f"{place} : {test.generic or test.name}" if place else test.name
        domain = manifest.domain_of_test(test) or ""
        self._add(TEST, name, domain, done, grade, said or _first(test.description), test.unique_id)

    def _cases(self) -> None:
        old, new = _by_id(self.base.own_unit_tests), _by_id(self.head.own_unit_tests)
        for before, after in _pairs(old, new):
            case = after or before
            assert case
            if before and after:
                keys = ("given", "expect", "overrides", "model", "versions")
                same = all(before.written(key) == after.written(key) for key in keys)
                if same and words(before.description) == words(after.description):
                    continue
                done, grade = CHANGED, WORDS if same else HARMLESS
                said = "sa description change" if same else "ce qui est donné ou attendu change"
            else:
                done, grade, said = ADDED if after else REMOVED, HARMLESS, _first(case.description)
            self._add(CASE, case.name, case.domain, done, grade, said, case.unique_id)

    # The rest

    def _macros(self) -> None:
        old, new = _own_macros(self.base), _own_macros(self.head)
        for before, after in _pairs(old, new):
            one = after or before
            assert one
            manifest = self.head if after else self.base
            users = [model for model in manifest.models if one.unique_id in _macros_of(model, manifest)]
            read = counted(len(users), "modèle l'emploie", "modèles l'emploient")
            if before is None or after is None:
                done, grade, said = ADDED if after else REMOVED, HARMLESS, read
            elif words(before.sql) != words(after.sql):
                done, grade, said = CHANGED, HARMLESS, f"son texte change ; {read}"
            elif before.sql != after.sql or before.description != after.description:
                done, grade, said = CHANGED, WORDS, "sa mise en forme ou sa description change"
            elif before.arguments != after.arguments:
                done, grade, said = CHANGED, WORDS, "la description de ses arguments change"
            else:
                continue
            self._add(MACRO, one.name, "", done, grade, said, one.unique_id)

    def _exposures(self) -> None:
        for old, new in _pairs(dict(self.base.exposures), dict(self.head.exposures)):
            one = new or old
            assert one
            if old is None or new is None:
                done, grade, said = REMOVED if new is None else ADDED, HARMLESS, _first(one.description)
                if new is None:
                    said = "il n'est plus déclaré : vérifiez que personne ne l'ouvre"
            elif _facts(old) != _facts(new):
                done, grade, said = CHANGED, HARMLESS, "ce qu'il lit, ou qui en répond, change"
            elif (old.title, words(old.description)) != (new.title, words(new.description)):
                done, grade, said = CHANGED, WORDS, "son titre ou sa description change"
            else:
                continue
            self._add(DASHBOARD, one.label, one.domain, done, grade, said, one.unique_id)

    def _groups(self) -> None:
        for old, new in _pairs(dict(self.base.groups), dict(self.head.groups)):
            one = new or old
            assert one
            if old is None or new is None:
                said = "le domaine entre" if new else "le domaine s'en va"
                done, grade = REMOVED if new is None else ADDED, HARMLESS
            elif (dict(old.owner), dict(old.meta)) != (dict(new.owner), dict(new.meta)):
                who = _people(old) != _people(new)
                said = "qui en répond change" if who else "ce qui vaut par défaut pour ses données change"
                done, grade = CHANGED, HARMLESS
            elif words(old.description) != words(new.description):
                done, grade, said = CHANGED, WORDS, "sa description change"
            else:
                continue
            self._add(GROUP, one.name, one.name, done, grade, said, f"group.{one.name}")


def _people(group: Group) -> list[Any]:
    return [dict(group.owner), dict(group.steward)]


def _facts(exposure: Exposure) -> list[Any]:
    return [sorted(exposure.reads), dict(exposure.owner), exposure.url, exposure.type, exposure.maturity]


def _models_of(manifest: Manifest) -> dict[str, Node]:
    """By the name that readers know, which stays when a model gets versions."""
    return {node.name: node for node in manifest.of_type("model", "snapshot")}


def _by_id(nodes: Any) -> dict[str, Any]:
    return {node.unique_id: node for node in nodes}


def _pairs(old: Mapping[str, _D], new: Mapping[str, _D]) -> Iterator[tuple[_D | None, _D | None]]:
    """What has the same key on both sides; None where one side has none."""
    for key in dict.fromkeys([*new, *old]):
        yield old.get(key), new.get(key)


def _different(old: Mapping[str, Any], new: Mapping[str, Any], but: Collection[str] = ()) -> list[str]:
    """The keys that have another value; what is empty is as what is absent."""
    keys = sorted({*old, *new} - set(but))
    return [key for key in keys if (old.get(key) or None) != (new.get(key) or None)]


def _governance(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What the metadata of a node say otherwise."""
    if keys := _different(old, new):
        flat = [key for key in keys if not isinstance(old.get(key) or new.get(key), Mapping)]
        for key in (one for one in keys if one not in flat):
            flat += _different(old.get(key) or {}, new.get(key) or {})
        yield f"ses métadonnées changent ({', '.join(dict.fromkeys(flat))})"


def _rest(test: DataTest) -> dict[str, Any]:
    said = ("severity", "where", "meta", "tags", "group", "enabled", "alias", "schema", "database")
    return {key: value for key, value in test.config.items() if key not in said}


def _plain_arguments(test: DataTest) -> dict[str, Any]:
    return {key: value for key, value in test.arguments.items() if key != "model"}


def _about(test: DataTest) -> tuple[str | None, str, str | None]:
    return test.tested_id, test.generic, test.column_name


def _own_macros(manifest: Manifest) -> dict[str, Macro]:
    found = manifest.macros.items()
    return {key: one for key, one in sorted(found) if one.package == manifest.project_name}


def _touched_macros(base: Manifest, head: Manifest) -> set[str]:
    """The macros whose text is another one, comments apart, or that are on one side alone."""
    old, new = _own_macros(base), _own_macros(head)
    return {
        key
        for key in {*old, *new}
        if key not in old or key not in new or words(old[key].sql) != words(new[key].sql)
    }


def _macros_of(node: Node, manifest: Manifest) -> set[str]:
    """The macros that a node calls, and those that they call."""
    found: set[str] = set()
    ahead = list(node.uses)
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            macro = manifest.macros.get(one)
            ahead += macro.uses if macro else ()
    return found


def _first(description: str) -> str:
    """The first sentence of a description, without its full stop."""
    text = " ".join(description.split())
    return text.partition(". ")[0].rstrip(".")


def downstream(manifest: Manifest, ids: Collection[str]) -> set[str]:
    """Some nodes, and the models and exposures that are made of them, directly or not."""
    readers: dict[str, list[str]] = defaultdict(list)
    for node in manifest.of_type("model", "snapshot"):
        for parent in node.reads:
            readers[parent].append(node.unique_id)
    for exposure in manifest.exposures.values():
        for parent in exposure.reads:
            readers[parent].append(exposure.unique_id)
    found, ahead = set(ids), list(ids)
    while ahead:
        for reader in readers[ahead.pop()]:
            if reader not in found:
                found.add(reader)
                ahead.append(reader)
    return found
