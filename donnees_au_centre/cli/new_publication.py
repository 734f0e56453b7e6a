"""`new-publication`: what of a public mart is published as open data, and the portal that reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date

from donnees_au_centre.administration import FILE as ADMINISTRATION
from donnees_au_centre.administration import ours
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.new_indicator import (
    check_mart_name,
    columns_of,
    documented_columns,
    governance_from,
    key_test,
    lasting,
    mart_to_read,
    refuse_people,
    write_checked,
)
from donnees_au_centre.cli.new_model import EXAMPLES, fill, governance_told, quoted
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.consumers import FOLDER as CONSUMERS
from donnees_au_centre.project.metadata import governance_of
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.project.promises import promised
from donnees_au_centre.project.versions import LONGEST
from donnees_au_centre.settings import Settings

USAGE = 'make new-publication MART=fct_population_scolaire COLONNES="annee_scolaire implantation_id …"'
OPEN = words.CLASSIFICATIONS[0]
SUFFIX = "_ouvert"


def new_publication(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes what is published of a mart as open data: a mart of its own, and its reader, the portal.

    Reads MART, NAME, COLONNES, COURRIEL (whom to tell when it changes), DESCRIPTION, FINALITE, TITRE and
    MOTS_CLES; LICENCE and THEMES where they are not those of administration.yml and of the administration.
    Nothing is published that its owner did not classify as public: no classification is lowered here.

    Raises:
        PlatformError: administration.yml names no portal, the mart is not public or is about people, its key
            would be lost, nobody said which mart, or what is written breaks a rule of the project. Nothing is
            then left.
    """
    open_data = ours().open_data
    if open_data is None:
        raise PlatformError(
            f"{ADMINISTRATION} ne dit pas sur quel portail se publient les données ouvertes.",
            "Écrivez-y donnees_ouvertes: {portail: https://…, licence: http://…} "
            "(docs/contributeur/adapter.md), puis relancez.",
        )
    answers, session = Answers.to(options), Session.without_database(settings)
    manifest = parse_or_fail(session).manifest
    mart = mart_to_read(manifest, answers, USAGE)
    refuse_people(manifest, mart)
    refuse_closed(manifest, mart)
    every = " ".join(lasting(mart))
    columns = columns_of(mart, answers.of("COLONNES", "Quelles colonnes publier ?", every), "COLONNES")
    key = key_of(manifest, mart, columns)
    name = answers.of("NAME", "Comment nommer le jeu publié ?", f"{mart.declared}{SUFFIX}"[:LONGEST])
    check_mart_name(settings.root, mart, name, USAGE)
    description = mart.description.strip() or f"{mart.name}, tel que publié."
    described = answers.of("DESCRIPTION", "Que dit ce jeu, pour quelqu'un du dehors ?", description)
    told = governance_from(manifest, mart, answers, "À quoi sert cette publication ?")
    steward = told["gestionnaire"]
    assert isinstance(steward, Mapping)
    email = answers.of("COURRIEL", "Qui prévenir quand ce jeu change ?", str(steward["courriel"]))
    title = answers.of("TITRE", "Sous quel titre ?", re.split(r"\s*[.:;](?:\s|$)", described)[0])
    synonyms = told.get("synonymes")
    known = ", ".join(synonyms) if isinstance(synonyms, list) else " ".join(mart.name.split("_")[1:])
    keywords = _listed(answers.of("MOTS_CLES", "Quels mots-clés (séparés par des virgules) ?", known))
    said = {
        "themes": [one.upper() for one in re.split(r"[,\s]+", answers.given("THEMES")) if one],
        "licence": answers.given("LICENCE"),
    }
    values = {
        "name": name,
        "reads": mart.declared,
        "config": "",
        "described": "\n".join(quoted("description", described, 4)),
        "governance": governance_told(manifest, mart.domain, name, told),
        "columns": ",\n".join(f"        {one}" for one in columns),
        "key": key_test(name, key),
        "documented_columns": documented_columns(mart, columns),
        "example": ", ".join(f"{one}: {_example(mart, one)}" for one in key),
    }
    reader = {
        "named": "\n".join(quoted("nom", f"Portail {open_data.host}, jeu {name}", 0)),
        "title": "\n".join(quoted("titre", title, 2)),
        "keywords": "\n".join(f"    - {json.dumps(one, ensure_ascii=False)}" for one in keywords),
        "own": "".join(f"  {key}: {json.dumps(one)}\n" for key, one in said.items() if one),
        "email": email,
        "since": date.today().isoformat(),
        "purpose": "\n".join(quoted("finalite", f"Publier en données ouvertes : {described}", 0)),
        "mart": f"{mart.domain}.{name}",
    }
    portal = re.sub(r"[^a-z0-9]+", "_", open_data.host.partition(".")[0])
    path, consumer = f"models/{mart.domain}/marts/{name}", f"{CONSUMERS.as_posix()}/{portal}_{name}.yml"
    files = {
        f"{path}.sql": fill("model.sql", values),
        f"{path}.yml": fill("publication.yml", values),
        consumer: fill("consumer.yml", reader),
    }
    written = write_checked(settings, session, f"new-publication NAME={name}", name, files)
    print("\nÉcrits :", *(f"  {one}" for one in written), sep="\n")
    print(f"\n{next_steps(mart.domain, name)}")
    return 0


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (one.strip() for one in text.split(",")))))


def refuse_closed(manifest: Manifest, mart: Node) -> None:
    """Refuses a mart that is not for everybody.

    Raises:
        PlatformError: its classification is another one.
    """
    said = governance_of(manifest, mart)
    if (classification := said.get("classification")) != OPEN:
        owner = said.get("proprietaire") or {}
        raise PlatformError(
            f"{mart.name} est classé {classification} : seul ce qui est classé {OPEN} se publie.",
            f"Son propriétaire ({owner.get('fonction', 'voir ' + mart.described_in)}) décide ; un indicateur "
            "moins fin (make new-indicator) peut être public quand le détail ne l'est pas.",
        )


def key_of(manifest: Manifest, mart: Node, columns: list[str]) -> list[str]:
    """The key of the mart, of which a publication keeps all the columns.

    Raises:
        PlatformError: the mart has no tested key, or one of its columns would not be published.
    """
    keys = promised(manifest)[mart.domain][mart.name].keys
    if kept := next((key for key in keys if {*key} <= {*columns}), None):
        return list(kept)
    raise PlatformError(
        "Sans les colonnes de la clé, deux lignes publiées ne se distinguent plus.",
        f"Ajoutez à COLONNES : {' ou '.join(', '.join(key) for key in keys)} ; ou groupez d'abord par "
        "make new-indicator."
        if keys
        else f"{mart.name} n'a pas de clé testée : ajoutez ce test dans {mart.described_in}.",
    )


def _example(mart: Node, column: str) -> str:
    return EXAMPLES.get(str(mart.columns[column].data_type).split("(")[0].split()[0], "exemple")


def next_steps(domain: str, name: str) -> str:
    """What to do with a publication, in French."""
    return (
        "Ensuite :\n"
        "  1. make check : il passe déjà ; relisez la description, que le public lira ;\n"
        f"  2. make build SELECT={name} le construit et le teste ; make show MODEL={name} le montre ;\n"
        "  3. make contracts écrit ce que le portail en dira (titre, licence, thème, contact), en DCAT-AP ;\n"
        f"  4. fusionné et construit, donnez-lui la vue {domain}.{name} "
        "(docs/exploitant/publication.md#données-ouvertes) ;\n"
        "  5. une erreur ? make undo montre ce qu'il défait."
    )
