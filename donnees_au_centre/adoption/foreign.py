"""Somebody else's dbt project as a manifest, made of its files alone: what dbt would say, had it read them.

Nothing is rendered, imported, installed or connected to. What only a rendering tells (a reference made by a
macro, a model disabled by a variable) is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.adoption.texts import (
    CONFIG,
    MOST_VALUES,
    REF,
    SOURCE,
    YAML,
    files_of,
    line_at,
    listed,
    mapping,
    text_of,
    why_unread,
    without_comments,
    without_jinja_comments,
    yaml_lines,
)
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.portability.template import split
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.domains import PROJECT, group_file
from donnees_au_centre.project.nodes import LAYERS, Manifest
from donnees_au_centre.reading import NO_YAML, unreadable_yaml
from donnees_au_centre.settings import ROOT

PREFIXES = {"stg": "staging", "base": "staging", "int": "intermediate", "dim": "marts", "fct": "marts"}
MACRO = re.compile(
    r"\{%-?\s*(?P<kind>macro|test|materialization)\s+(?P<name>\w+).*?-?%\}.*?\{%-?\s*end(?P=kind)\s*-?%\}",
    re.DOTALL,
)
# Tests of packages that the house has under another name.
EQUIVALENTS = {
    "unique_combination_of_columns": "unique_combination",
    "expect_compound_columns_to_be_unique": "unique_combination",
    "accepted_range": "within_range",
    "expect_column_values_to_be_between": "within_range",
    "relationships_where": "mostly_related",
    "not_null_proportion": "mostly_filled",
}


@dataclass(frozen=True)
class Foreign:
    """A project of somebody else.

    Attributes:
        root: its folder.
        name: as its dbt_project.yml says.
        domain: of this project, in which its models would be.
        texts: file below root -> its text.
        manifest: what dbt would say of it, its models in the folders and the layers of this project.
        faults: what could not be understood: file, line, what, in French.
        known: True when the domain is declared here.
    """

    root: Path
    name: str
    domain: str
    texts: Mapping[str, str]
    manifest: Manifest
    faults: tuple[tuple[str, int, str], ...]
    known: bool

    def count(self, *kinds: str) -> int:
        """How many nodes of some kinds it has."""
        return sum(1 for _ in self.manifest.of_type(*kinds))


def read_foreign(root: Path, domain: str) -> Foreign:
    """Reads the files of a project.

    Args:
        root: its folder, in which dbt_project.yml is.
        domain: see Foreign.

    Raises:
        PlatformError: it has no dbt_project.yml that can be read.
    """
    if not (root / PROJECT).is_file():
        raise PlatformError(
            f"{root} n'est pas un projet dbt : il n'a pas de {PROJECT}.",
            "Donnez le dossier qui le contient : make adopt PROJET=../leur_projet AG=agx",
        )
    texts, unread = {}, []
    for file in files_of(root):
        name, text = file.as_posix(), text_of(root / file)
        if text is None and file.suffix in (".sql", ".csv", *YAML):
            # It is there all the same: others read it.
            text = ""
            if why := why_unread(root / file):
                unread.append((name, 1, why))
        if text is not None:
            texts[name] = text
    return _Reading(root, domain, texts, unread).done()


class _Reading:
    def __init__(
        self, root: Path, domain: str, texts: dict[str, str], unread: list[tuple[str, int, str]]
    ) -> None:
        self.root, self.domain, self.texts = root, domain, texts
        self.faults = unread
        self.said = mapping(self._loaded(PROJECT))
        if not self.said:
            why = "; ".join(fault[2] for fault in self.faults) or "il est vide"
            raise PlatformError(f"{root / PROJECT} : {why}.", "Corrigez-le, puis relancez.")
        self.name = str(self.said.get("name") or root.name)
        self.nodes: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.macros: dict[str, dict[str, Any]] = {}
        self.units: dict[str, dict[str, Any]] = {}
        self.exposures: dict[str, dict[str, Any]] = {}
        # What YAML files say of a node, by its name: the file and the words.
        self.described: dict[str, tuple[str, dict[str, Any]]] = {}

    def done(self) -> Foreign:
        contents = [
            (file, mapping(self._loaded(file)))
            for file in self.texts
            if file.endswith(YAML)
            and file.startswith(
                (
                    *self._folders("model"),
                    *self._folders("seed"),
                    *self._folders("macro"),
                    *self._folders("snapshot"),
                )
            )
        ]
        for file, content in contents:
            for key in ("models", "seeds", "snapshots"):
                for one in listed(content.get(key)):
                    self.described[str(one.get("name"))] = (file, one)
            for source in listed(content.get("sources")):
                self._source(file, source)
        self._models()
        self._seeds()
        self._reads()
        for file, content in contents:
            self._tests(file, content)
            self._others(file, content)
        self._macros(contents)
        group, known = _group(self.domain)
        content = {
            "metadata": {"project_name": self.name, "adapter_type": "postgres"},
            "nodes": self.nodes,
            "sources": self.sources,
            "macros": self.macros,
            "unit_tests": self.units,
            "exposures": self.exposures,
            "groups": {f"group.{self.name}.{self.domain}": group} if group else {},
        }
        return Foreign(
            self.root, self.name, self.domain, self.texts, Manifest(content), tuple(self.faults), known
        )

    def _loaded(self, file: str) -> Any:
        text = self.texts.get(file, "")
        # Aliases of aliases: harmless as they are, endless once written out.
        if ("*" in text or len(text) > MOST_VALUES) and sum(1 for _ in yaml_lines(text)) == MOST_VALUES:
            self.texts[file] = ""
            self.faults.append((file, 1, "n'est pas lu : il a trop de valeurs, ses alias comptés"))
            return None
        try:
            return yaml.safe_load(text)
        except NO_YAML as error:
            mark = getattr(error, "problem_mark", None)
            self.faults.append(
                (file, mark.line + 1 if mark else 1, f"ne se lit pas : {unreadable_yaml(error)}")
            )
            return None

    def _folders(self, kind: str) -> tuple[str, ...]:
        """The folders of one kind of file, each with its slash."""
        default = [{"model": "models", "seed": "seeds", "macro": "macros", "snapshot": "snapshots"}[kind]]
        given = self.said.get(f"{kind}-paths") or default
        return tuple(f"{str(one).strip('/')}/" for one in given) if isinstance(given, list) else ()

    def _in(self, kind: str, *suffixes: str) -> Iterator[tuple[str, str]]:
        """File and text of one kind, and its path below the folder of the kind."""
        for file in self.texts:
            for folder in self._folders(kind):
                if file.startswith(folder) and file.endswith(suffixes):
                    yield file, file.removeprefix(folder)

    def _models(self) -> None:
        for file, inner in self._in("model", ".sql"):
            name = Path(file).stem
            where, said = self.described.get(name, (None, {}))
            config = {
                **self._folder_config("models", inner),
                **{key.lstrip("+"): value for key, value in mapping(said.get("config")).items()},
                **config_of(self.texts[file]),
            }
            layer = layer_of(name, inner)
            folders = [
                self.domain,
                layer,
                *([name.removeprefix("stg_").partition("__")[0]] if layer == "staging" else []),
            ]
            mart = layer == "marts"
            meta = {**mapping(said.get("meta")), **mapping(config.get("meta"))}
            if mart:
                meta = {words.FOLDER_DEFAULTS: {"strategique": False}, **meta}
            given_access = config.get("access") or said.get("access")
            self.nodes[f"model.{self.name}.{name}"] = {
                "unique_id": f"model.{self.name}.{name}",
                "resource_type": "model",
                "name": name,
                "package_name": self.name,
                "fqn": [self.name, *folders, name],
                "original_file_path": file,
                "patch_path": f"{self.name}://{where}" if where else None,
                "description": said.get("description") or "",
                "columns": _columns(said),
                "access": given_access or ("public" if mart else "private"),
                "group": self.domain,
                "raw_code": self.texts[file],
                "config": {
                    **config,
                    "materialized": self._materialized(config, layer),
                    "contract": {
                        "enforced": mart and mapping(config.get("contract")).get("enforced") is not False
                    },
                    "meta": meta,
                },
                "depends_on": {"nodes": [], "macros": []},
                "tags": [],
                "meta": {},
            }

    def _materialized(self, config: Mapping[str, Any], layer: str) -> str:
        """As it is said; what the folder of the layer gives here when nothing is."""
        return str(config.get("materialized") or ("view" if layer == "staging" else "table"))

    def _folder_config(self, kind: str, inner: str) -> dict[str, Any]:
        """What dbt_project.yml says of a file, folder by folder; its default materialization is left out."""
        level = mapping(mapping(self.said.get(kind)).get(self.name))
        found: dict[str, Any] = {}
        for folder in [*Path(inner).parent.parts, ""]:
            found |= {key.lstrip("+"): value for key, value in level.items() if key.startswith("+")}
            level = mapping(level.get(folder))
        found.pop("materialized", None)
        return found

    def _seeds(self) -> None:
        for file, inner in self._in("seed", ".csv"):
            name = Path(file).stem
            where, said = self.described.get(name, (None, {}))
            config = {**self._folder_config("seeds", inner), **mapping(said.get("config"))}
            self.nodes[f"seed.{self.name}.{name}"] = {
                "unique_id": f"seed.{self.name}.{name}",
                "resource_type": "seed",
                "name": name,
                "package_name": self.name,
                "fqn": [self.name, self.domain, name],
                "original_file_path": file,
                "root_path": str(self.root),
                "patch_path": f"{self.name}://{where}" if where else None,
                "description": said.get("description") or "",
                "columns": _columns(said),
                "config": {**config, "materialized": "seed", "meta": mapping(config.get("meta"))},
                "depends_on": {"macros": []},
                "tags": [],
                "meta": {},
            }

    def _source(self, file: str, source: dict[str, Any]) -> None:
        name = str(source.get("name"))
        shared = {**mapping(source.get("meta")), **mapping(mapping(source.get("config")).get("meta"))}
        for table in listed(source.get("tables")):
            own = {**mapping(table.get("meta")), **mapping(mapping(table.get("config")).get("meta"))}
            label = str(table.get("name"))
            unique_id = f"source.{self.name}.{name}.{label}"
            self.sources[unique_id] = {
                "unique_id": unique_id,
                "resource_type": "source",
                "source_name": name,
                "name": label,
                "identifier": table.get("identifier") or label,
                "schema": source.get("schema") or name,
                "package_name": self.name,
                "fqn": [self.name, self.domain, "staging", name, name, label],
                "original_file_path": file,
                "patch_path": None,
                "source_description": source.get("description") or "",
                "description": table.get("description") or "",
                "columns": _columns(table),
                "external": mapping(table.get("external")),
                "freshness": mapping(table.get("freshness") or source.get("freshness")),
                "source_meta": shared,
                "config": {
                    "meta": {
                        words.FOLDER_DEFAULTS: {"strategique": False, "classification": "interne"},
                        **shared,
                        **own,
                    }
                },
                "tags": [],
                "meta": {},
            }

    def _reads(self) -> None:
        """What each model reads, as its text says; what nobody declares is a fault."""
        by_name = {node["name"]: unique_id for unique_id, node in self.nodes.items()}
        by_name |= {
            Path(file).stem: f"snapshot.{self.name}.{Path(file).stem}"
            for file, _ in self._in("snapshot", ".sql", *YAML)
        }
        for node in [*self.nodes.values()]:
            if node["resource_type"] != "model":
                continue
            file = node["original_file_path"]
            text = without_comments(without_jinja_comments(self.texts[file]))
            reads: dict[str, None] = {}
            for found in REF.finditer(text):
                name = found[2] or found[1]
                if found[2] and found[1] != self.name:
                    self.faults.append(
                        (file, line_at(text, found.start()), f"ref() lit {name} du paquet {found[1]}")
                    )
                elif (parent := by_name.get(name)) is None:
                    self.faults.append(
                        (
                            file,
                            line_at(text, found.start()),
                            f"ref() lit {name}, que le projet ne contient pas",
                        )
                    )
                elif not parent.startswith("snapshot."):
                    reads[parent] = None
            for found in SOURCE.finditer(text):
                parent = f"source.{self.name}.{found[1]}.{found[2]}"
                if parent in self.sources:
                    reads[parent] = None
                else:
                    self.faults.append(
                        (
                            file,
                            line_at(text, found.start()),
                            f"source() lit {found[1]}.{found[2]}, qui n'est pas déclarée",
                        )
                    )
            node["depends_on"]["nodes"] = [*reads]

    def _tests(self, file: str, content: Mapping[str, Any]) -> None:
        for key in ("models", "seeds", "snapshots"):
            for one in listed(content.get(key)):
                about = next(
                    (
                        f"{kind}.{self.name}.{one.get('name')}"
                        for kind in ("model", "seed")
                        if f"{kind}.{self.name}.{one.get('name')}" in self.nodes
                    ),
                    None,
                )
                if about:
                    self._tests_of(file, about, one)
        for source in listed(content.get("sources")):
            for table in listed(source.get("tables")):
                self._tests_of(file, f"source.{self.name}.{source.get('name')}.{table.get('name')}", table)

    def _tests_of(self, file: str, about: str, said: Mapping[str, Any]) -> None:
        for column, holder in [
            (None, said),
            *((str(one.get("name")), one) for one in listed(said.get("columns"))),
        ]:
            for key in ("tests", "data_tests"):
                given = holder.get(key)
                for test in given if isinstance(given, list) else []:
                    called, arguments = _called(test)
                    kind = called.rpartition(".")[2]
                    kind = EQUIVALENTS.get(kind, kind)
                    name = f"{kind}_{about.rpartition('.')[2]}_{column or 'table'}_{len(self.nodes)}"
                    self.nodes[f"test.{self.name}.{name}"] = {
                        "unique_id": f"test.{self.name}.{name}",
                        "resource_type": "test",
                        "name": name,
                        "package_name": self.name,
                        "fqn": [self.name, self.domain, "marts", name],
                        "original_file_path": file,
                        "description": arguments.get("description") or "",
                        "attached_node": about,
                        "column_name": column,
                        "test_metadata": {
                            "name": kind,
                            "kwargs": mapping(arguments.get("arguments")) or arguments,
                        },
                        "config": {"severity": "ERROR", "meta": {}},
                        "depends_on": {"nodes": [about], "macros": []},
                    }

    def _others(self, file: str, content: Mapping[str, Any]) -> None:
        for unit in listed(content.get("unit_tests")):
            about = f"model.{self.name}.{unit.get('model')}"
            self.units[f"unit_test.{self.name}.{unit.get('name')}"] = {
                "unique_id": f"unit_test.{self.name}.{unit.get('name')}",
                "resource_type": "unit_test",
                "name": str(unit.get("name")),
                "package_name": self.name,
                "fqn": [self.name, self.domain, "marts", str(unit.get("name"))],
                "original_file_path": file,
                "description": unit.get("description") or "",
                "config": {"meta": {}},
                "depends_on": {"nodes": [about] if about in self.nodes else [], "macros": []},
            }
        for exposure in listed(content.get("exposures")):
            read = [
                f"model.{self.name}.{found[1]}"
                for one in exposure.get("depends_on") or []
                for found in REF.finditer(str(one))
            ]
            name = str(exposure.get("name"))
            self.exposures[f"exposure.{self.name}.{name}"] = {
                **{
                    key: exposure.get(key)
                    for key in ("label", "description", "owner", "type", "url", "maturity")
                },
                "unique_id": f"exposure.{self.name}.{name}",
                "resource_type": "exposure",
                "name": name,
                "package_name": self.name,
                "fqn": [self.name, self.domain, name],
                "original_file_path": file,
                "depends_on": {"nodes": read},
            }

    def _macros(self, contents: list[tuple[str, dict[str, Any]]]) -> None:
        told = {str(one.get("name")): one for _, content in contents for one in listed(content.get("macros"))}
        for file, _ in self._in("macro", ".sql"):
            for found in MACRO.finditer(self.texts[file]):
                if found["kind"] == "materialization":
                    continue
                name = ("test_" if found["kind"] == "test" else "") + found["name"]
                said = told.get(found["name"], {})
                self.macros[f"macro.{self.name}.{name}"] = {
                    "unique_id": f"macro.{self.name}.{name}",
                    "name": name,
                    "package_name": self.name,
                    "original_file_path": file,
                    "macro_sql": found[0],
                    "description": said.get("description") or "",
                    "arguments": [
                        {"name": str(one.get("name")), "description": one.get("description") or ""}
                        for one in listed(said.get("arguments"))
                    ],
                }


def _columns(said: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        str(one["name"]): {**one, "name": str(one["name"]), "description": one.get("description") or ""}
        for one in listed(said.get("columns"))
        if one.get("name")
    }


def _called(test: Any) -> tuple[str, dict[str, Any]]:
    """The name of a generic test, and what the YAML gives it."""
    if not isinstance(test, dict) or not test:
        return str(test), {}
    if "test_name" in test:
        return str(test["test_name"]), test
    name, given = next(iter(test.items()))
    return str(name), mapping(given)


def layer_of(name: str, inner: str) -> str:
    """The layer that the prefix of a model says, else its folder; a mart when nothing tells."""
    if layer := PREFIXES.get(name.partition("_")[0]):
        return layer
    return next((folder for folder in Path(inner).parts if folder in LAYERS), "marts")


def config_of(template: str) -> dict[str, Any]:
    """What `config()` says in a model, of its values those that are written there; None for the others."""
    found: dict[str, Any] = {}
    for piece in split(template):
        if piece.kind != "output" or not CONFIG.match(piece.text):
            continue
        call = piece.text[2:-2].strip().strip("-+").strip()
        try:
            tree = ast.parse(call, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if isinstance(tree, ast.Call):
            for keyword in tree.keywords:
                try:
                    found[str(keyword.arg)] = ast.literal_eval(keyword.value)
                except (ValueError, TypeError, RecursionError):
                    found[str(keyword.arg)] = None
    return found


def _group(domain: str) -> tuple[dict[str, Any], bool]:
    """The group of a domain of this project, as dbt has it; nothing when it is not declared."""
    file = ROOT / group_file(domain)
    if not file.is_file():
        return {}, False
    for group in listed(mapping(yaml.safe_load(file.read_text(encoding="utf-8"))).get("groups")):
        if group.get("name") == domain:
            return {**group, "original_file_path": group_file(domain)}, True
    return {}, False
