"""The JSON Schemas of reviewed YAML: up to date, described, named by each file, and true of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from donnees_au_centre.cli.schemas import FOLDER, schema_texts
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.datasets import Governance
from donnees_au_centre.settings import ROOT

SCHEMAS = schema_texts()
# By which editors know the schema of a file below policies/<folder>/.
FIRST_LINE = "# yaml-language-server: $schema=../schemas/{}.json"
# The schema of each reviewed file below policies/; that of models/ is in .vscode/settings.json.
SCHEMA_OF = {
    "access/*.yml": "acces",
    "channels/canaux.yml": "canaux",
    "consumers/*.yml": "consommateurs",
    "contracts/*.yml": "contrats",
    "gdpr/gels.yml": "gels",
    "gdpr/purge.yml": "purge",
    "releases/*.yml": "livraison",
}
REVIEWED = {
    path: name for pattern, name in SCHEMA_OF.items() for path in sorted((ROOT / "policies").glob(pattern))
}
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
GROUP = ROOT / "models/sg/_sg.yml"


def underlined(schema: str, path: Path, harm: Callable[[Any], None] = lambda _: None) -> list[str]:
    """Where an editor sees a fault in a file that somebody harmed."""
    # Editors read YAML 1.2, where a date is a text.
    content = json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str))
    harm(content)
    validator = Draft202012Validator(json.loads(SCHEMAS[schema]), format_checker=FormatChecker())
    return [error.json_path for error in validator.iter_errors(content)]


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
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


def test_the_yaml_of_models_follows_the_schema_that_editors_give_it() -> None:
    given = json.loads((ROOT / ".vscode/settings.json").read_text("utf-8"))["yaml.schemas"]
    assert given == {f"{FOLDER}/gouvernance.json": ["models/**/*.yml"]}
    for path in (ROOT / "models").rglob("*.yml"):
        assert underlined("gouvernance", path) == [], path


def test_the_model_has_the_keys_of_the_vocabulary() -> None:
    assert {field.alias or name for name, field in Governance.model_fields.items()} == set(words.KEYS)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_key_is_described(schema: str) -> None:
    frame = {"config", "meta", "columns", "tables", "models", "sources", "groups"}
    frame |= {"gouvernance", "gouvernance_par_defaut", "acces", "acces_par_defaut", "refus"}
    frame |= {"gels", "purges"}
    silent = [key for key, said in properties(json.loads(SCHEMAS[schema])) if "description" not in said]
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
    ],
)
def test_an_editor_underlines_what_lint_refuses(
    schema: str, path: Path, harm: Callable[[Any], None], place: str
) -> None:
    assert place in underlined(schema, path, harm)
