"""What a project brings besides models: packages, what runs by itself, names of places, secrets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import yaml

from donnees_au_centre.adoption.texts import (
    YAML,
    line_at,
    listed,
    mapping,
    plain_sql,
    without_comments,
    without_jinja_comments,
    yaml_lines,
)
from donnees_au_centre.git import discreet
from donnees_au_centre.reading import NO_YAML

# File, line, what, in French.
Finding = tuple[str, int, str]

PACKAGE_FILES = ("packages.yml", "dependencies.yml")
PACKAGE_KEYS = ("package", "git", "local", "tarball", "private")
HOOKS = {"on-run-start", "on-run-end", "pre-hook", "post-hook", "pre_hook", "post_hook"}
PLACES = {"schema", "database", "target_schema", "target_database", "catalog"}
# dbt's own decisions, which a macro of this name would take over for the whole project.
OVERRIDES = re.compile(
    r"\{%-?\s*macro\s+(?P<name>(?:generate_(?:schema|database|alias)_name|ref|source|drop_relation|"
    r"create_schema|get_create_\w+_sql|(?:postgres|default)__\w+))\s*\("
)
EFFECTS = {
    "interroge ou change la base pendant la compilation": re.compile(
        r"\brun_query\s*\(|\bcall\s+statement\b"
    ),
    "change la base par l'adaptateur": re.compile(
        r"\badapter\.(?:execute|create_schema|drop_schema|drop_relation|rename_relation|truncate_relation|"
        r"expand_target_column_types)\s*\("
    ),
    "écrit son propre ordre SQL": re.compile(
        r"\b(?:drop|truncate|alter|create(?:\s+or\s+replace)?)\s+(?:table|view|schema|index|function|role|user)\b|"
        r"\bdelete\s+from\b|\binsert\s+into\b|\bupdate\s+[\w.\"{} ]+\s+set\b|"
        r"\b(?:grant|revoke)\s+[\w, ]+\s+(?:on|to)\b|"
        r"\bcopy\s+[\w.\"]+\s+(?:from|to)\b",
        re.IGNORECASE,
    ),
    "lit l'environnement de la machine": re.compile(r"\benv_var\s*\("),
    "remplace la façon de construire": re.compile(r"\{%-?\s*materialization\s"),
}
PACKAGE_CALL = re.compile(
    r"\b(?P<package>dbt_\w+|elementary|audit_helper|codegen|metrics)\.(?P<macro>\w+)\s*\("
)
PACKAGE_TEST = re.compile(r"(?:dbt_\w+|elementary)\.\w+")
# A name with its schema after FROM or JOIN; extract(year from t.jour) is none.
PLACE = re.compile(r"\b(?:from|join)\s+(?P<name>\"?\w+\"?(?:\.\"?\w+\"?){1,2})(?!\s*\()", re.IGNORECASE)
FUNCTION = re.compile(
    r"\b(?:extract|trim|substring|overlay|position)\s*\([^()]*$|\bdistinct\s*$", re.IGNORECASE
)
SECRET_KEY = re.compile(
    r"(?:^|_)(?:pass|password|passwd|pwd|token|secret|api_?key|private_key|keyfile_json|access_key|client_secret)"
    r"(?:_id)?$",
    re.IGNORECASE,
)
SECRETS = {
    "une clé privée": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "une adresse avec son mot de passe": re.compile(
        r"\b[a-z][a-z0-9+]*://[^\s:/@'\"{}]+:[^\s@/'\"{}]+@", re.IGNORECASE
    ),
    "un jeton": re.compile(r"\b(?:glpat-[\w-]{16,}|gh[pousr]_\w{30,}|AKIA[0-9A-Z]{16}|xox[abp]-[\w-]{10,})"),
    "un mot de passe": re.compile(
        r"\b(?:PG)?(?:password|passwd|pwd|secret|api_?key|token)\s*[=:]\s*['\"][^'\"{}\s]{4,}['\"]|"
        r"^\s*(?:export\s+)?(?:\w+_)?(?:PG)?(?:PASSWORD|PASSWD|SECRET|TOKEN|API_KEY)=[^\s$'\"{][^\s]*",
        re.IGNORECASE | re.MULTILINE,
    ),
}
FROM_OUTSIDE = re.compile(r"env_var\s*\(|\bvar\s*\(|^\$\{?\w+\}?$|^\s*$")


def packages(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Packages that the project asks for, and where their macros and tests are called first."""
    for file in PACKAGE_FILES:
        text = texts.get(file, "")
        try:
            wanted = listed(mapping(yaml.safe_load(text)).get("packages"))
        except NO_YAML:
            continue
        for package in wanted:
            key = next((key for key in PACKAGE_KEYS if key in package), None)
            if key:
                named = str(package[key])
                how = "du hub de dbt" if key == "package" else f"par {key}"
                line = line_at(text, max(text.find(named), 0))
                yield file, line, f"demande le paquet {discreet(named)} ({how})"
    first: dict[str, Finding] = {}
    times: Counter[str] = Counter()
    for file, line, name in _calls(texts):
        first.setdefault(name, (file, line, name))
        times[name] += 1
    for file, line, name in first.values():
        yield file, line, f"se sert de {name}" + (f", {times[name]} fois" if times[name] > 1 else "")


def _calls(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Each call of a macro or a test of a package: file, line, name."""
    for file, text in texts.items():
        if file.endswith(".sql"):
            bare = without_jinja_comments(text)
            for found in PACKAGE_CALL.finditer(bare):
                yield file, line_at(bare, found.start()), f"{found['package']}.{found['macro']}"
        for one in yaml_lines(text) if file.endswith(YAML) else ():
            # A test is an item of a list, or the key of one.
            last = one.keys[-1] if one.keys else ""
            named = str(one.value) if isinstance(last, int) and one.value else str(last)
            if {"tests", "data_tests"} & {*one.keys} and PACKAGE_TEST.fullmatch(named):
                yield file, one.number, named


def effects(texts: Mapping[str, str]) -> Iterator[Finding]:
    """What would run by itself, or do more than make SQL: hooks, macros, Python."""
    for file, text in texts.items():
        if file.endswith(YAML):
            for one in yaml_lines(text):
                if one.keys and str(one.keys[-1]).lstrip("+") in HOOKS:
                    yield file, one.number, f"a un crochet {str(one.keys[-1]).lstrip('+')}"
        if file.endswith(".py"):
            yield file, 1, "est du Python : un modèle ou un outil qui s'exécuterait"
        if not file.endswith(".sql"):
            continue
        bare = without_jinja_comments(text)
        for found in re.finditer(r"\b(pre_hook|post_hook)\s*=", bare):
            yield file, line_at(bare, found.start()), f"a un crochet {found[1]}"
        for found in OVERRIDES.finditer(bare):
            yield file, line_at(bare, found.start()), f"remplace {found['name']} pour tout le projet"
        for what, pattern in EFFECTS.items():
            if first := pattern.search(without_comments(bare)):
                yield file, line_at(bare, first.start()), what


def places(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Schemas and databases that are written where ref(), source() or the folder should say them."""
    for file, text in texts.items():
        if file.endswith(YAML) and PurePosixPath(file).name != "profiles.yml":
            for one in yaml_lines(text):
                key = str(one.keys[-1]).lstrip("+") if one.keys else ""
                if key in PLACES and one.value and "sources" not in one.keys and one.keys[0] != "vars":
                    yield file, one.number, f"fixe {key} : {one.value}"
        if file.endswith(".sql") and not file.startswith(("macros/", "analyses/")):
            plain = without_comments(plain_sql(text))
            for found in PLACE.finditer(plain):
                if not FUNCTION.search(plain[: found.start()]):
                    yield file, line_at(plain, found.start()), f"lit {found['name']} sans ref() ni source()"
            for config in re.finditer(
                r"\b(schema|database)\s*=\s*['\"](\w+)['\"]", without_jinja_comments(text)
            ):
                yield file, line_at(text, config.start()), f"fixe {config[1]} : {config[2]}"


def secrets(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Secrets in files; which, never what they are."""
    for file, text in texts.items():
        seen: set[int] = set()
        if file.endswith(YAML):
            for one in yaml_lines(text):
                if (
                    one.keys
                    and one.value
                    and SECRET_KEY.search(str(one.keys[-1]))
                    and not FROM_OUTSIDE.search(one.value)
                ):
                    seen.add(one.number)
                    yield file, one.number, f"porte la valeur de {one.keys[-1]}"
        for what, pattern in SECRETS.items():
            for found in pattern.finditer(text):
                line = line_at(text, found.start() + len(found[0]) - len(found[0].lstrip()))
                if line not in seen:
                    seen.add(line)
                    yield file, line, f"semble porter {what}"
        if PurePosixPath(file).name in (".env", "profiles.yml", ".user.yml") and not seen:
            yield file, 1, "est un réglage de poste, qui ne se partage pas"
