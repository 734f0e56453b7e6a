"""What a merge request changes: classed, counted in PostgreSQL, and told without a small count."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pytest

from donnees_au_centre.project import parse
from donnees_au_centre.project.inheritance import inherit
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.review import (
    BREAKING,
    HARMLESS,
    WORDS,
    Review,
    as_data,
    find_changes,
    letter,
    review,
    to_compile,
)
from donnees_au_centre.review.comparison import Comparison, compare, find_table
from donnees_au_centre.review.compiling import compile_some, read_dbt
from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import EmbeddedServer
from tests.small_project import PROJECT, small_project
from tests.unit import manifests

TODAY = date(2026, 11, 30)
# Of our macros, those that say where a model stands, and what a measure is.
BORROWED = [ROOT / "macros" / "naming", ROOT / "macros" / "testing", ROOT / "tests" / "generic"]
DBT_PROJECT = PROJECT.replace("flags:", f"macro-paths: {json.dumps([*map(str, BORROWED), 'macros'])}\nflags:")
ECOLES = """
models:
  - name: dim_ecoles
    description: "Les écoles."
    config:
      contract: {enforced: true}
      meta:
        gouvernance:
          proprietaire: {fonction: "Direction des écoles", courriel: ecoles.age@fwb.example}
          gestionnaire: {fonction: "Cellule Données", courriel: donnees.age@fwb.example}
          classification: public
          rafraichissement: {tous_les: 1, unite: mois}
    columns:
      - {name: fase, data_type: text, description: "Numéro.", data_tests: [not_null, unique]}
      - {name: nom, data_type: text, description: "Nom.", data_tests: [not_null]}
      - name: budget
        data_type: numeric
        description: "Budget en euros."
        data_tests: [{stable_measure: {name: budget_stable, arguments: {measure: total}}}]
      - {name: reseau, data_type: text, description: "Réseau."}
"""
AIDES = """
models:
  - name: fct_aides
    description: "Les aides aux élèves."
    config: {contract: {enforced: true}}
    data_tests: [{unique_combination: {name: aides_cle, arguments: {columns: [fase, annee]}}}]
    columns:
      - {name: fase, data_type: text, config: {meta: {donnee_personnelle: pseudonyme}}}
      - {name: annee, data_type: integer}
      - {name: aide, data_type: integer, description: "Aide en euros."}
"""
TOUT = """
models:
  - name: fct_tout
    columns:
      - {name: reseau, data_type: text, data_tests: [not_null, unique]}
      - {name: places, data_type: bigint}
exposures:
  - name: carte
    label: "Carte des écoles"
    type: dashboard
    owner: {name: "Direction du pilotage", email: pilotage@fwb.example}
    depends_on: [ref('fct_tout')]
"""
FILES = {
    "dbt_project.yml": DBT_PROJECT,
    "macros/remise.sql": "{% macro remise(colonne) %}{{ colonne }} - 0{% endmacro %}",
    "models/age/marts/dim_ecoles.sql": (
        "select fase, nom, {{ remise('cast(fase as numeric)') }} as budget, "
        "'r' || (cast(fase as integer) % 7) as reseau from {{ ref('stg_ecoles__ecoles') }}\n"
        "where nom is not null"
    ),
    "models/age/marts/dim_ecoles.yml": ECOLES,
    "models/age/marts/fct_aides.sql": (
        "select fase, 2026 as annee, 100 as aide from {{ ref('stg_ecoles__ecoles') }}"
    ),
    "models/age/marts/fct_aides.yml": AIDES,
    "models/transversal/marts/fct_tout.sql": (
        "select reseau, count(*) as places from {{ ref('dim_ecoles') }} group by reseau"
    ),
    "models/transversal/marts/fct_tout.yml": TOUT,
}
# What the merge request writes over them: a filter and a column that goes; a macro; two persons; a form.
CHANGED = {
    "macros/remise.sql": "{% macro remise(colonne) %}{{ colonne }} + 10{% endmacro %}",
    "models/age/marts/dim_ecoles.sql": (
        "select fase, {{ remise('cast(fase as numeric)') }} as budget, "
        "'r' || (cast(fase as integer) % 7) as reseau, 'x' as region from {{ ref('stg_ecoles__ecoles') }}\n"
        "where nom is not null and cast(fase as integer) > 20"
    ),
    "models/age/marts/dim_ecoles.yml": re.sub(r" +- \{name: nom.*\n", "", ECOLES)
    + '      - {name: region, data_type: text, description: "Région."}\n',
    "models/age/marts/fct_aides.sql": (
        "select fase, 2026 as annee, case when fase in ('7', '8') then 6123 else 100 end as aide "
        "from {{ ref('stg_ecoles__ecoles') }}"
    ),
    "models/age/marts/dim_batiments.sql": (
        "-- Les bâtiments.\nSELECT\n    fase,\n    nom\nFROM {{ ref('stg_batiments__batiments') }}"
    ),
}


@dataclass
class Both:
    """Production and a merge request, read by dbt, and the tables of both.

    Attributes:
        base, head: the content of their manifests.
        sql: the compiled SQL of what may differ.
        production: all of the compiled SQL of production.
        conninfo: of the database.
    """

    base: dict[str, Any]
    head: dict[str, Any]
    sql: tuple[dict[str, str], dict[str, str]]
    production: dict[str, str]
    conninfo: str

    def review(self, connection: psycopg.Connection | None, missing: str = "") -> Review:
        base, head = Manifest(self.base), Manifest(self.head)
        return review(base, head, TODAY, *self.sql, connection, missing)


@pytest.fixture(scope="module")
def both(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Read, compiled and built once for all the tests."""
    name = f"essai_{uuid.uuid4().hex[:12]}"
    server.ensure_database(name)
    folder = tmp_path_factory.mktemp("demande")
    with (
        small_project(folder, server.start().conninfo(name), FILES) as project,
        pytest.MonkeyPatch.context() as patch,
    ):
        parse(project.settings, whole=True)
        production = folder / "production"
        production.mkdir()
        project.settings.manifest_path.rename(production / "manifest.json")
        base = json.loads((production / "manifest.json").read_text(encoding="utf-8"))
        for path, text in CHANGED.items():
            project.write(path, text)
        patch.setenv("DBT_SCHEMA_PREFIX", "mr_12")
        parsed = parse(project.settings, whole=True)
        head = json.loads(project.settings.manifest_path.read_text(encoding="utf-8"))
        for content in (base, head):
            inherit(content)
        sides = (read_dbt(production / "manifest.json"), base), (parsed.project, head)
        ids = {one.unique_id for said in (base, head) for one in Manifest(said).models}
        compiled = [compile_some(project.settings, dbt, Manifest(said), ids) for dbt, said in sides]
        with psycopg.connect(project.conninfo, autocommit=True) as connection:
            connection.execute("create schema raw_age")
            for table, rows in (("ecoles", 200), ("batiments", 9)):
                connection.execute(
                    f"create table raw_age.{table} as select i::text as fase, 'N' || i as nom "
                    f"from generate_series(1, {rows}) as i"
                )
            for said, sql in zip((base, head), compiled, strict=True):
                _build(connection, Manifest(said), sql)
        changed = to_compile(Manifest(base), Manifest(head))
        asked = [{one: text for one, text in sql.items() if one in changed} for sql in compiled]
        yield Both(base, head, (asked[0], asked[1]), compiled[0], project.conninfo)
    server.drop_database(name)


def _build(connection: psycopg.Connection, manifest: Manifest, sql: dict[str, str]) -> None:
    """A table for each model, what is read first."""
    order = {"staging": 0, "marts": 1}
    for model in sorted(manifest.models, key=lambda one: (order[one.layer or ""], one.domain)):
        connection.execute(f"create schema if not exists {model.schema}")
        connection.execute(f"create table {model.schema}.{model.relation} as {sql[model.unique_id]}")


@pytest.fixture
def connection(both: Both) -> Iterator[psycopg.Connection]:
    with psycopg.connect(both.conninfo, autocommit=True) as opened:
        yield opened


# Classes


PREFIX = "donnees_au_centre"
ID = f"model.{PREFIX}.dim_ecoles"
STAGING = f"model.{PREFIX}.stg_ecoles__ecoles"
SEED = f"seed.{PREFIX}.reseaux"
Content = dict[str, Any]
Edit = Callable[[Content], None]


def mart(content: Content) -> Content:
    return content["nodes"][ID]


def column(content: Content, name: str) -> Content:
    return mart(content)["columns"][name]


def governance(content: Content) -> Content:
    return mart(content)["config"]["meta"]["gouvernance"]


def named(content: Content, kind: str, name: str | None = None) -> list[str]:
    return [
        one
        for one, node in content["nodes"].items()
        if (node.get("test_metadata") or {}).get("name") == kind
        and node["attached_node"] == ID
        and name in (None, node["column_name"])
    ]


def check(content: Content, kind: str, name: str) -> Content:
    return content["nodes"][named(content, kind, name)[0]]


def drop_test(content: Content, kind: str, name: str) -> None:
    for one in named(content, kind, name):
        del content["nodes"][one]


def drop_mart(content: Content) -> None:
    del content["nodes"][ID]


def move(content: Content) -> None:
    mart(content)["fqn"][1] = "transversal"


def rename(content: Content) -> None:
    columns = mart(content)["columns"]
    columns["filiere"] = columns.pop("reseau") | {"name": "filiere"}


def write(old: str, new: str) -> Edit:
    """The compiled SQL of the mart, written otherwise."""

    def edit(content: Content) -> None:
        assert old in mart(content)["raw_code"]
        mart(content)["raw_code"] = mart(content)["raw_code"].replace(old, new)

    return edit


def add_model(content: Content) -> None:
    new = json.loads(json.dumps(mart(content)))
    content["nodes"][f"{ID}_2"] = new | {
        "unique_id": f"{ID}_2",
        "name": "dim_ecoles_2",
        "alias": "dim_ecoles_2",
    }


def macro(content: Content) -> Content:
    return content["macros"][f"macro.{PREFIX}.remise"]


def exposure(content: Content) -> Content:
    return content["exposures"][f"exposure.{PREFIX}.carte"]


def group(content: Content) -> Content:
    return content["groups"][f"group.{PREFIX}.age"]


def give(told: Callable[[Content], Content], **more: Any) -> Edit:
    return lambda content: told(content).update(more)


def take(told: Callable[[Content], Content], key: str) -> Edit:
    return lambda content: told(content).pop(key)


def described(text: str, name: str = "") -> Edit:
    return give((lambda content: column(content, name)) if name else mart, description=text)


SEEDED: dict[str, tuple[str, Edit]] = {
    "colonne retirée": (BREAKING, take(lambda content: mart(content)["columns"], "reseau")),
    "colonne renommée": (BREAKING, rename),
    "colonne d'un autre type": (BREAKING, give(lambda one: column(one, "budget"), data_type="text")),
    "mart retiré": (BREAKING, drop_mart),
    "mart d'un autre domaine": (BREAKING, move),
    "accès plus étroit": (BREAKING, give(mart, access="protected")),
    "classé plus haut": (BREAKING, give(governance, classification="confidentiel")),
    "mise à jour plus rare": (BREAKING, give(governance, rafraichissement={"tous_les": 1, "unite": "annee"})),
    "contrat levé": (BREAKING, give(lambda one: mart(one)["config"], contract={"enforced": False})),
    "clé retirée": (BREAKING, lambda content: drop_test(content, "unique", "fase")),
    "clé d'une autre colonne": (
        BREAKING,
        lambda one: check(one, "unique", "fase").update(column_name="nom"),
    ),
    "colonne qui peut être vide": (BREAKING, lambda content: drop_test(content, "not_null", "nom")),
    "colonne vide : avertit": (
        BREAKING,
        lambda content: check(content, "not_null", "nom")["config"].update(severity="WARN"),
    ),
    "autre unité, dite": (BREAKING, described("Budget en milliers d'euros.", "budget")),
    "autre unité, calculée": (
        BREAKING,
        write("cast(fase as numeric) - 0", "1000 * (cast(fase as numeric) - 0)"),
    ),
    "colonne masquée": (
        BREAKING,
        give(lambda content: column(content, "nom")["config"]["meta"], protection="masque"),
    ),
    "colonne de plus": (HARMLESS, give(lambda one: mart(one)["columns"], ville={"name": "ville"})),
    "mart de plus": (HARMLESS, add_model),
    "autre filtre": (HARMLESS, write("where nom is not null", "where nom > 'M'")),
    "type sous un autre nom": (HARMLESS, give(lambda one: column(one, "budget"), data_type="decimal")),
    "colonne d'une table privée": (HARMLESS, take(lambda one: one["nodes"][STAGING]["columns"], "fase")),
    "macro": (HARMLESS, give(macro, macro_sql="{% macro remise(colonne) %}{{ colonne }} - 1{% endmacro %}")),
    "contrôle de moins": (HARMLESS, lambda content: drop_test(content, "stable_measure", "budget")),
    "valeurs d'une table de référence": (
        HARMLESS,
        give(lambda one: one["nodes"][SEED], checksum={"checksum": "2"}),
    ),
    "lecteur de plus": (HARMLESS, give(exposure, owner={"name": "X", "email": "x@fwb.example"})),
    "propriétaire": (HARMLESS, give(group, owner={"name": "X", "email": "x@fwb.example"})),
    "description": (WORDS, described("Toutes les écoles.")),
    "description d'une colonne": (WORDS, described("Le numéro.", "fase")),
    "commentaire et majuscules": (WORDS, write("where nom is not null", "-- Tous.\nWHERE nom  IS NOT NULL")),
    "autre forme de conversion": (WORDS, write("cast(fase as integer)", "fase::int")),
    "commentaire d'une macro": (
        WORDS,
        lambda content: macro(content).update(macro_sql="{# Rien. #}" + macro(content)["macro_sql"]),
    ),
    "titre d'un tableau de bord": (WORDS, give(exposure, label="Écoles")),
    "description d'un contrôle": (
        WORDS,
        lambda content: check(content, "unique", "fase").update(description="Une seule."),
    ),
}


@pytest.fixture(scope="module")
def small(both: Both) -> str:
    """What dbt read of the project alone, with the compiled SQL of its marts as theirs."""
    content = {
        key: both.base[key] for key in ("metadata", "nodes", "sources", "exposures", "groups", "unit_tests")
    }
    content["macros"] = {one: said for one, said in both.base["macros"].items() if one.endswith(".remise")}
    text = json.dumps(content)
    copy = json.loads(text)
    for unique_id, sql in both.production.items():
        copy["nodes"][unique_id]["raw_code"] = sql
    copy["nodes"][SEED] = manifests.seed("age", "reseaux") | {"checksum": {"checksum": "1"}}
    return json.dumps(copy)


@pytest.mark.parametrize("what", SEEDED)
def test_each_change_has_its_class(small: str, what: str) -> None:
    expected, edit = SEEDED[what]
    before, after = json.loads(small), json.loads(small)
    edit(after)
    found = find_changes(Manifest(before), Manifest(after), TODAY)
    assert found.grade == expected, [one.said for one in found.items]
    assert found.items


def test_nothing_is_no_change(small: str) -> None:
    found = find_changes(Manifest(json.loads(small)), Manifest(json.loads(small)), TODAY)
    assert not found.items
    assert not found.moved


# Rows


def test_rows_are_counted_key_by_key(both: Both, connection: psycopg.Connection) -> None:
    marts = {one.name: one for one in both.review(connection).marts}
    assert set(marts) == {"dim_ecoles", "fct_aides", "fct_tout"}
    found = marts["dim_ecoles"].found
    assert found
    assert found.key == ("fase",)
    assert (found.only_before, found.only_after, found.both) == (20, 0, 180)
    assert found.differing == {"budget": 180, "reseau": 0}
    assert (found.added, found.removed) == (("region",), ("nom",))
    moved = {one.said: (one.before, one.after) for one in marts["dim_ecoles"].indicators}
    assert moved == {"total de budget": (20100.0, 20100.0 - 210 + 1800)}
    moved = {one.said: (one.before, one.after) for one in marts["fct_tout"].indicators}
    assert moved == {"total de places": (200.0, 180.0)}


def table(connection: psycopg.Connection, name: str, rows: str) -> None:
    connection.execute(f"create temp table {name} as select * from (values {rows}) as v (k, v, d)")


def compared(
    connection: psycopg.Connection, before: str, after: str, key: tuple[str, ...] = ("k",)
) -> Comparison:
    with connection.transaction(force_rollback=True):
        table(connection, "avant_t", before)
        table(connection, "apres_t", after)
        schema = connection.execute(
            "select nspname from pg_namespace where oid = pg_my_temp_schema()"
        ).fetchone()
        assert schema
        sides = [find_table(connection, schema[0], name) for name in ("avant_t", "apres_t")]
        return compare(connection, sides[0], sides[1], [key])


def test_a_null_is_the_same_as_a_null_in_a_key_and_in_a_value(connection: psycopg.Connection) -> None:
    found = compared(
        connection, "(1, null, '{}'::json), (null, 'a', '{}')", "(1, null, '{}'::json), (null, 'b', '{}')"
    )
    assert (found.only_before, found.only_after, found.both) == (0, 0, 2)
    assert found.differing == {"v": 1, "d": 0}
    found = compared(connection, "(1, null, 1), (null, 2, 1)", "(1, null, 1), (null, 2, 1)", ("k", "v"))
    assert (found.both, found.differing) == (2, {"d": 0})


def test_two_nulls_are_twice_the_same_key(connection: psycopg.Connection) -> None:
    for one in ("1", "'a'"):
        found = compared(connection, f"({one}, 'a', 1)", f"({one}, 'a', 1), (null, 'a', 1), (null, 'b', 1)")
        assert "après, des lignes ont la même clé (k)" in found.why_not


@pytest.mark.parametrize("twice", ["avant", "après"])
def test_rows_of_one_key_are_not_matched(connection: psycopg.Connection, twice: str) -> None:
    once, again = "(1, 'a', 1), (2, 'b', 1)", "(1, 'a', 1), (1, 'b', 1), (2, 'b', 1)"
    found = compared(connection, *((again, once) if twice == "avant" else (once, again)))
    assert found.both is None
    assert found.why_not == f"{twice}, des lignes ont la même clé (k) : on ne peut les apparier."
    assert [side.rows for side in (found.before, found.after) if side] == [3, 2][
        :: 1 if twice == "avant" else -1
    ]


def test_columns_of_other_types_are_not_compared(connection: psycopg.Connection) -> None:
    found = compared(connection, "(1, 'a', 1)", "(1, 'a'::varchar(9), 1::bigint)")
    assert found.retyped == {"v": ("text", "character varying"), "d": ("integer", "bigint")}
    assert found.differing == {}
    assert (
        compared(connection, "(1, 1, 1)", "('1', 1, 1)").why_not == "aucune clé testée n'est restée la même."
    )


# The letter


def test_the_letter_tells_what_matters_first(both: Both, connection: psycopg.Connection) -> None:
    found = both.review(connection)
    text = letter(found)
    titles = re.findall("^## (.*)$", text, re.MULTILINE)
    assert titles == [
        "Ce que des lecteurs perdent",
        "Les indicateurs qui bougent",
        "Les lignes, mart par mart",
        "Qui le lit, et à qui demander",
        "Tout ce qui change",
    ]
    assert "1. **Rupture** pour les lecteurs de `dim_ecoles.nom`." in text
    assert "      - {include: all, exclude: [nom]}\n" in text.partition("```yaml")[2].partition("```")[0]
    moved = "20\u202f100 | 21\u202f690 | +1\u202f590 (+7,9\u00a0%)"
    assert f"| total de budget | `dim_ecoles` | {moved} | ouvert à tous |" in text
    assert (
        "| total de places | `fct_tout` | 200 | 180 | \u221220 (\u221210,0\u00a0%) | Carte des écoles |"
        in text
    )
    assert "| `dim_ecoles` | 200 | 180 | 20 | 0 | `budget` : 180, `region` en plus, `nom` en moins |" in text
    assert "| transversal | AG ou domaine | `dim_ecoles` | Direction, owner.transversal@fwb.example |" in text
    assert (
        "| Carte des écoles | tableau de bord | `fct_tout` | Direction du pilotage, pilotage@fwb.example |"
        in text
    )
    assert "| Direction des écoles, ecoles.age@fwb.example | propriétaire | `dim_ecoles` |" in text
    assert "| `dim_ecoles` (mart, age) | sans rupture | son SQL change : calcul de budget, filtre |" in text
    assert "| `remise` (macro) | sans rupture | son texte change ; 1 modèle l'emploie |" in text
    assert "| `dim_batiments` (mart, age) | texte seulement |" in text
    data = as_data(found)
    assert data["classe"] == BREAKING
    assert data["resume"] == [line[3:] for line in text.splitlines() if re.match(r"\d\. ", line)]


def test_two_persons_are_told_nowhere(both: Both, connection: psycopg.Connection) -> None:
    found = both.review(connection)
    assert next(mart.found for mart in found.marts if mart.name == "fct_aides").differing == {"aide": 2}
    text, data = letter(found), json.dumps(as_data(found), ensure_ascii=False)
    row = next(line for line in text.splitlines() if line.startswith("| `fct_aides` | 200"))
    assert "`aide` : moins de\u00a05" in row
    assert "| total de aide | `fct_aides` | non dit : peu de lignes derrière |" in text
    for told in (text, data):
        assert not re.search(r"6\D?123|12\D?246|12\D?046|32\D?046|20\D?000", told)


def test_without_a_table_the_letter_says_so(both: Both, connection: psycopg.Connection) -> None:
    text = letter(both.review(None, "le serveur ne répond pas."))
    assert "2. Les chiffres n'ont pas été comparés (3 marts concernés) : le serveur ne répond pas." in text
    assert "**Rupture** pour les lecteurs de `dim_ecoles.nom`." in text
    with connection.transaction(force_rollback=True):
        connection.execute("drop table mr_12_transversal.fct_tout")
        text = letter(both.review(connection))
    why = "mr_12_transversal.fct_tout n'est pas dans la base : pas construit pour cette demande."
    assert f"## Ce que cette lettre ne dit pas\n\n- `fct_tout` : {why}" in text
    assert "| `dim_ecoles` | 200 | 180 |" in text


def test_the_same_project_asks_nothing(both: Both) -> None:
    same = review(Manifest(both.base), Manifest(both.base), TODAY)
    assert letter(same).count("##") == 0
    assert "1. **Rien.**" in letter(same)
    assert "3. Personne n'est à prévenir." in letter(same)
