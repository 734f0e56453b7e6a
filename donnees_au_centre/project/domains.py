"""What the declaration of a domain asks for elsewhere, said from the files alone, before dbt reads them.

A domain is a folder of models/, declared by the dbt group of its `_<domain>.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.checks import Violation
from donnees_au_centre.project.codeowners import FILE as OWNERS
from donnees_au_centre.project.codeowners import concerned, read_sections
from donnees_au_centre.project.isolation import BY_DOMAIN
from donnees_au_centre.project.nodes import CROSSING, LAYERS, domains_in
from donnees_au_centre.project.vocabulary import ACCESS_DEFAULTS

PROJECT = "dbt_project.yml"
WORKSPACE = "orchestration/workspace.yaml"
COMPONENTS = "orchestration/defs/defs.yaml"
ACCESS = "policies/access"
# The containers, and what a Swarm adds: a service and a network a domain.
COMPOSE, STACK = "deploy/compose.yml", "deploy/stack.yml"
# Folders and files that bear the name of a domain, besides those of models/.
NAMED = ("landing/*/", "observability/models/*.yml", "seeds/*/", "snapshots/*/")
NEW = 'make new-ag AG={0} NAME="…"'
# What each file of deploy/ has of a domain: its text, in the order of the file.
_DEPLOYED = {
    COMPOSE: (
        "    {0}=code_{0}:4000\n",
        "  - code_{0}\n",
        "  code_{0}:\n    <<: *code\n    command: [orchestration.code_server, {0}, --adresse, 0.0.0.0]\n"
        "    networks: [code_{0}]\n",
        "  code_{0}: {{}}\n",
    ),
    STACK: ("  code_{0}: *overlay\n",),
}
# Of one that is gone: the same lines, its service whatever was added to it, and its keys.
_GONE = (
    r"    (?P<name>\w+)=code_(?P=name):4000\n",
    r"  - code_(?P<name>\w+)\n",
    r"  code_(?P<name>\w+):(?: (?:\{\}|\*overlay|\{deploy: \*there\})\n|\n(?: {4}.*\n)+)",
)
_HEADER = """\
# Written by `make fix` from the folders of models/. Each domain is a code location with a process of its own:
# one that breaks leaves the others up. Served from the checkout's root by orchestration/dagster_ui.py, and
# read by the daemon.
load_from:
"""
_LOCATION = """\
  - python_module:
      module_name: orchestration.code_locations
      attribute: {0}
      location_name: {0}
"""
_COMPONENTS = """\
# Written by `make fix` from the folders of models/: a document a domain, for `dg` (dg.toml).
"""
_COMPONENT = """\
---
type: orchestration.components.Domain
attributes: {{domain: {0}}}
"""


def group_file(domain: str) -> str:
    """The file that declares a domain, below the checkout."""
    return f"models/{domain}/_{domain}.yml"


def group_meta(content: Any, domain: str) -> dict[str, Any]:
    """What the group of a domain says under config.meta, from the content of its file; nothing without it."""
    found = [one for one in _groups(content) if one.get("name") == domain]
    config = found[0].get("config") if len(found) == 1 else None
    meta = config.get("meta") if isinstance(config, dict) else None
    return meta if isinstance(meta, dict) else {}


def project_line(domain: str) -> str:
    """The line of a domain in dbt_project.yml: its group, and what the layers of every domain are."""
    return f"    {domain}: {{<<: *domaine, +group: {domain}}}\n"


def owned_paths(domain: str) -> tuple[str, str]:
    """The lines of OWNERS that give a domain its folders and its files (`agx.yml`, `_agx.yml`), wherever."""
    return f"/*/{domain}/", f"/*/*/*{domain}.yml"


def workspace_texts(domains: Sequence[str]) -> dict[str, str]:
    """What WORKSPACE and COMPONENTS say for these domains, in their order."""
    return {
        WORKSPACE: _HEADER + "".join(map(_LOCATION.format, domains)),
        COMPONENTS: _COMPONENTS + "".join(map(_COMPONENT.format, domains)),
    }


def mend_workspace(root: Path) -> list[str]:
    """Writes again what of WORKSPACE, COMPONENTS, COMPOSE and STACK is not what the domains make of it.

    Returns:
        What was written, below the checkout.
    """
    wrong = _wrong(root, domains_in(root))
    for name, text in wrong.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(wrong)


def _wrong(root: Path, domains: Sequence[str]) -> dict[str, str]:
    wanted = workspace_texts(domains)
    # Without containers, the files may not be there.
    for name in _DEPLOYED:
        if (root / name).is_file():
            wanted[name] = deployed((root / name).read_text("utf-8"), name, domains)
    return {
        name: text
        for name, text in wanted.items()
        if not (root / name).is_file() or (root / name).read_text("utf-8") != text
    }


def deployed(text: str, file: str, domains: Sequence[str]) -> str:
    """A file of deploy/ with all that it says of these domains, and of no other.

    What one has beside (its keys, a volume) stays as it was written.

    Raises:
        PlatformError: the lines of the other domains are not where they should be.
    """
    for pattern in _GONE:
        text = re.sub(f"(?m)^{pattern}", lambda found: found[0] if found["name"] in domains else "", text)
    for name in set(re.findall(r"(?m)^  cle_([a-z0-9]+)_\w+: \{file:", text)).difference(domains):
        text = re.sub(rf"(?m)^  cle_{name}_\w+: \{{file:.*\n", "", text)
    for form in _DEPLOYED[file]:
        # Where a neighbour is: before the one that reads the others.
        place = f"\n{_first(form, CROSSING)}"
        for domain in domains:
            if f"\n{_first(form, domain)}" in text:
                continue
            if place not in text:
                raise PlatformError(
                    f"{file} n'a plus « {place.strip()} » : la place de {domain} n'y est pas trouvée.",
                    f"Rendez cette ligne, ou ajoutez là où sont les autres domaines : {form.format(domain)}",
                )
            text = text.replace(place, f"\n{form.format(domain)}{place[1:]}", 1)
    return text


def _first(form: str, domain: str) -> str:
    return form.format(domain).splitlines(keepends=True)[0]


def is_new(root: Path, domain: str) -> bool:
    """True for a domain that is declared and holds nothing yet: neither source, nor model, nor seed."""
    files = {
        path.relative_to(root).as_posix()
        for folder in BY_DOMAIN
        for path in (root / folder / domain).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    return files == {group_file(domain)}


def forgotten(root: Path) -> list[Violation]:
    """What a domain lacks, and what still speaks of one that is gone; none when all is as it should be."""
    domains = domains_in(root)
    return sorted(fault for find in _FINDERS for fault in find(root, domains))


def _without_group(root: Path, domains: Sequence[str]) -> Iterator[Violation]:
    for domain in domains:
        if [one.get("name") for one in _groups(_mapping(root / group_file(domain)))] != [domain]:
            yield Violation(
                group_file(domain),
                "domaine-groupe",
                f"Le domaine {domain} n'est pas déclaré : le groupe {domain}, et lui seul, est attendu là.",
                f"{NEW.format(domain)} l'écrit s'il manque ; sinon, comme celui d'un domaine voisin.",
            )


def _without_layers(root: Path, domains: Sequence[str]) -> Iterator[Violation]:
    project = _mapping(root / PROJECT)
    said = project.get("models", {}).get(project.get("name"), {})
    for domain in domains:
        line = said.get(domain)
        if not isinstance(line, dict) or line.get("+group") != domain or not line.keys() >= set(LAYERS):
            yield Violation(
                PROJECT,
                "domaine-couches",
                f"Le domaine {domain} n'a pas sa ligne sous models, ou elle est sans groupe ou sans couches.",
                f"Ajoutez-y : {project_line(domain).strip()}",
            )
    for name in said:
        if not name.startswith("+") and name not in domains:
            yield Violation(
                PROJECT, "domaine-retire", f"La ligne {name} n'est celle d'aucun domaine.", "Retirez-la."
            )


def _without_location(root: Path, domains: Sequence[str]) -> Iterator[Violation]:
    for name in _wrong(root, domains):
        yield Violation(
            name,
            "domaine-emplacement",
            "Les emplacements de Dagster ne sont pas ceux des domaines.",
            "make fix l'écrit : un emplacement ne s'y ajoute ni ne s'y ôte à la main.",
        )


def _without_steward(root: Path, domains: Sequence[str]) -> Iterator[Violation]:
    for domain in domains:
        file, role = f"{ACCESS}/{domain}.yml", f"steward_{domain}"
        said = [one.get("role") for one in _mappings(_mapping(root / file).get("acces"))]
        declared = _mapping(root / group_file(domain))
        # A domain without its group lacks more than this, and is told so.
        if _groups(declared) and ACCESS_DEFAULTS not in group_meta(declared, domain) and role not in said:
            yield Violation(
                group_file(domain),
                "domaine-acces",
                f"Le rôle {role} n'a aucun accès : le gestionnaire ne verrait aucune ligne en faute.",
                "Dites sous config.meta du groupe qui a approuvé les droits par défaut, et jusqu'à quand : "
                f'{ACCESS_DEFAULTS}: {{approbateur: "la direction qui approuve", revue: aaaa-mm-jj}} ; ou, '
                f"pour des droits autres, écrivez {file} (docs/exploitant/acces.md).",
            )


def _without_reviewers(root: Path, domains: Sequence[str]) -> Iterator[Violation]:
    path = root / OWNERS
    # Elsewhere than on GitLab, the file is not there.
    if not path.is_file():
        return
    try:
        sections = read_sections(path.read_text("utf-8"))
    except PlatformError as error:
        yield Violation(OWNERS, "domaine-relecture", error.message, error.advice)
        return
    for domain in domains:
        if not concerned(sections, [f"{group_file(domain).rpartition('/')[0]}/marts/x.sql"]):
            yield Violation(
                OWNERS,
                "domaine-relecture",
                f"Personne ne relit les dossiers de {domain}.",
                f"Ajoutez sa section, avec {' et '.join(owned_paths(domain))}.",
            )


def _left_behind(root: Path, domains: Sequence[str]) -> Iterator[Violation]:
    for pattern in NAMED:
        for path in sorted(root.glob(pattern)):
            if path.stem not in domains:
                yield Violation(
                    path.relative_to(root).as_posix(),
                    "domaine-retire",
                    f"{path.stem} n'est pas un domaine : models/{path.stem} n'existe pas.",
                    f"Effacez-le, ou déclarez le domaine : {NEW.format(path.stem)}.",
                )


_FINDERS: tuple[Callable[[Path, Sequence[str]], Iterator[Violation]], ...] = (
    _without_group,
    _without_layers,
    _without_location,
    _without_steward,
    _without_reviewers,
    _left_behind,
)


def _groups(content: Any) -> list[dict[str, Any]]:
    """The groups that the file of a domain declares: one, when it is right."""
    return _mappings(content.get("groups")) if isinstance(content, dict) else []


def _mapping(path: Path) -> dict[str, Any]:
    """A YAML file as keys and values; none when it is absent or unreadable, which the other checks say."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list; none of anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
