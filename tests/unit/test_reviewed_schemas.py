"""The JSON Schemas of reviewed YAML: up to date, described, named by each file, and true of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from donnees_au_centre.cli.external_schema import PAGE, told_options
from donnees_au_centre.cli.schemas import FOLDER, schema_texts
from donnees_au_centre.connectors import kind_named, kinds
from donnees_au_centre.landing.declaration import options_of
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import Governance
from donnees_au_centre.settings import ROOT

SCHEMAS = schema_texts()
# By which editors know the schema of a file below policies/<folder>/.
FIRST_LINE = "# yaml-language-server: $schema=../schemas/{}.json"
# The schema of each file, by the settings of VS Code.
BOUND = json.loads((ROOT / ".vscode/settings.json").read_text("utf-8"))["yaml.schemas"]
SCHEMA_OF = {pattern: schema for schema, patterns in BOUND.items() for pattern in patterns}
FILES = {
    path: Path(schema).stem for pattern, schema in SCHEMA_OF.items() for path in sorted(ROOT.glob(pattern))
}
REVIEWED = {path: name for path, name in FILES.items() if path.is_relative_to(ROOT / "policies")}
ACCESS, CHANNELS, CONSUMER, CONTRACT = (
    ROOT / "policies" / name
    for name in (
        "access/age.yml",
        "channels/canaux.yml",
        "consumers/cadastre_sportif.yml",
        "contracts/age.yml",
    )
)
ADMINISTRATION = ROOT / "administration.yml"
SOURCE = ROOT / "models/sg/staging/agents/_agents__sources.yml"
SYSTEM = ROOT / "models/sg/staging/salles/_salles__sources.yml"
GROUP = ROOT / "models/sg/_sg.yml"
COURSE = ROOT / "docs/apprendre/exercices/1-lire.yml"
EXTERNAL = "$.sources[0].tables[0].external"


def external(harm: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda said: harm(said["sources"][0]["tables"][0]["external"])


def underlined(schema: str, path: Path, harm: Callable[[Any], None] = lambda _: None) -> list[str]:
    """Where an editor sees a fault in a file that somebody harmed."""
    # Editors read YAML 1.2, where a date is a text.
    content = json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str))
    harm(content)
    validator = Draft202012Validator(json.loads(SCHEMAS[schema]), format_checker=FormatChecker())
    return [error.json_path for error in validator.iter_errors(content)]


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict) and "if" not in schema:
        yield from schema.get("properties", {}).items()
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        if not (isinstance(inner, dict) and "if" in inner):
            yield from properties(inner)


def test_the_schemas_are_those_of_the_models() -> None:
    written = {path.stem: path.read_text("utf-8") for path in (ROOT / FOLDER).iterdir()}
    assert written == SCHEMAS, "make fix writes them again"


def test_every_reviewed_file_names_its_schema_and_follows_it() -> None:
    assert set(REVIEWED) == set((ROOT / "policies").rglob("*.yml"))
    for path, schema in REVIEWED.items():
        assert path.read_text("utf-8").startswith(f"{FIRST_LINE.format(schema)}\n"), path
        assert underlined(schema, path) == [], path
    first = ADMINISTRATION.read_text("utf-8").splitlines()[0]
    assert (ROOT / first.partition("$schema=")[2]).is_file()
    assert underlined("administration", ADMINISTRATION) == []


def test_vs_code_gives_each_file_one_schema() -> None:
    assert {Path(schema) for schema in BOUND} == {Path(FOLDER, f"{name}.json") for name in SCHEMAS}
    found = [path for pattern in SCHEMA_OF for path in ROOT.glob(pattern)]
    assert len(found) == len(set(found))
    assert [pattern for pattern in SCHEMA_OF if not list(ROOT.glob(pattern))] == []
    assert set((ROOT / "models").rglob("*.yml")) <= set(found)


def test_the_yaml_beside_policies_follows_the_schema_that_vs_code_gives_it() -> None:
    for path, schema in FILES.items():
        if path not in REVIEWED:
            assert underlined(schema, path) == [], path


def test_a_declared_source_may_say_every_option_and_no_other() -> None:
    definitions = json.loads(SCHEMAS["gouvernance"])["$defs"]
    said = told_options((ROOT / PAGE).read_text("utf-8"))
    assert {*said} | {"min_rows"} == options_of(None)
    for kind in (None, *map(kind_named, kinds())):
        name = f"options_{kind.__module__.rpartition('.')[2]}" if kind else "options_fichiers"
        options = definitions.get(name, definitions["options_fichiers"])["properties"]
        assert {*options} == options_of(kind)


def test_the_model_has_the_keys_of_the_vocabulary() -> None:
    assert {field.alias or name for name, field in Governance.model_fields.items()} == set(words.KEYS)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_key_is_described(schema: str) -> None:
    frame = {"config", "meta", "columns", "tables", "models", "sources", "groups"}
    frame |= {"gouvernance", "gouvernance_par_defaut", "acces", "acces_par_defaut", "refus"}
    frame |= {"gels", "purges"}
    whole = json.loads(SCHEMAS[schema])
    silent = [key for key, said in properties(whole) if not {"description", "$ref"} & said.keys()]
    assert set(silent) <= frame


@pytest.mark.parametrize(
    ("schema", "path", "harm", "place"),
    [
        ("acces", ACCESS, lambda said: said["acces"][0].update(couches="marts"), "$.acces[0]"),
        ("acces", ACCESS, lambda said: said["acces"][0].update(actions=["lire"]), "$.acces[0].actions"),
        ("acces", ACCESS, lambda said: said["acces"][0].update(revue="demain"), "$.acces[0].revue"),
        ("acces", ACCESS, lambda said: said["acces"][0].update(role="pg_x"), "$.acces[0].role"),
        ("acces", ACCESS, lambda said: said["acces"][0].pop("approbateur"), "$.acces[0]"),
        ("acces", ACCESS, lambda said: said.update(refus=[{"role": "steward_age"}]), "$.refus[0]"),
        ("acces", ACCESS, lambda said: said.update(refuse=[]), "$"),
        ("acces", ACCESS, lambda said: said.clear(), "$"),
        (
            "gouvernance",
            GROUP,
            lambda said: said["groups"][0]["config"]["meta"]["acces_par_defaut"].pop("revue"),
            "$.groups[0].config.meta.acces_par_defaut",
        ),
        (
            "gouvernance",
            GROUP,
            lambda said: said["groups"][0]["config"]["meta"]["acces_par_defaut"].update(masque=False),
            "$.groups[0].config.meta.acces_par_defaut",
        ),
        ("administration", ADMINISTRATION, lambda said: said.update(responsable={}), "$"),
        (
            "administration",
            ADMINISTRATION,
            lambda said: said["couleurs"].update(lien="bleu"),
            "$.couleurs.lien",
        ),
        (
            "canaux",
            CHANNELS,
            lambda said: said["canaux"]["teams"].update(genre="msn"),
            "$.canaux.teams.genre",
        ),
        ("canaux", CHANNELS, lambda said: said["rappels"].update(ensuite=0), "$.rappels.ensuite"),
        ("consommateurs", CONSUMER, lambda said: said.update(courriel="personne"), "$.courriel"),
        ("consommateurs", CONSUMER, lambda said: said.update(marts={}), "$.marts"),
        ("consommateurs", CONSUMER, lambda said: said.pop("depuis"), "$"),
        (
            "contrats",
            CONTRACT,
            lambda said: said["dim_implantation"].update(classification="secret"),
            "$.dim_implantation.classification",
        ),
        (
            "contrats",
            CONTRACT,
            lambda said: said["dim_implantation"].update(cles=["fase"]),
            "$.dim_implantation.cles[0]",
        ),
        (
            "gouvernance",
            SOURCE,
            lambda said: said["sources"][0]["tables"][0]["config"]["meta"]["gouvernance"].update(
                finalites="x"
            ),
            "$.sources[0].tables[0].config.meta.gouvernance",
        ),
        (
            "gouvernance",
            SOURCE,
            lambda said: said["sources"][0]["tables"][0]["config"]["meta"].update(donnee_personnelle="sante"),
            "$.sources[0].tables[0].config.meta.donnee_personnelle",
        ),
        ("gouvernance", SOURCE, external(lambda said: said.update(emplacement="x")), EXTERNAL),
        ("gouvernance", SOURCE, external(lambda said: said.update(kind="oracle")), f"{EXTERNAL}.kind"),
        ("gouvernance", SOURCE, external(lambda said: said["options"].update(seet=1)), f"{EXTERNAL}.options"),
        (
            "gouvernance",
            SOURCE,
            external(lambda said: said["options"].update(delimiter=";;")),
            f"{EXTERNAL}.options.delimiter",
        ),
        # A table of a database has no worksheets, a file no cursor.
        ("gouvernance", SOURCE, external(lambda said: said.update(kind="postgresql")), f"{EXTERNAL}.options"),
        (
            "gouvernance",
            SOURCE,
            external(lambda said: said["options"].update(incremental={})),
            f"{EXTERNAL}.options",
        ),
        (
            "gouvernance",
            SYSTEM,
            external(lambda said: said["options"]["incremental"].update(type="date")),
            f"{EXTERNAL}.options.incremental.type",
        ),
        (
            "gouvernance",
            SOURCE,
            lambda said: said["sources"][0]["tables"][0]["config"]["meta"].update(fichiers="s_ajoute"),
            "$.sources[0].tables[0].config.meta.fichiers",
        ),
        ("parcours", COURSE, lambda said: said["exercices"][0].pop("titre"), "$.exercices[0]"),
    ],
)
def test_an_editor_underlines_what_lint_refuses(
    schema: str, path: Path, harm: Callable[[Any], None], place: str
) -> None:
    assert place in underlined(schema, path, harm)
