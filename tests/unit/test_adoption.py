"""The checklist of a foreign dbt project: what is missing, and where; nothing of it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from donnees_au_centre.adoption import Item, checklist, read_foreign
from donnees_au_centre.adoption.texts import plain_sql
from donnees_au_centre.cli.adopt import adopt
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT
from tests.small_project import settings_of

# A shop as tutorials have it, with what they teach and this project does otherwise.
SHOP = {
    "dbt_project.yml": (
        "name: boulangerie\nconfig-version: 2\nprofile: boulangerie\non-run-end: '{{ droits() }}'\n"
        "models:\n  boulangerie:\n    staging:\n      +schema: stg\n"
    ),
    "packages.yml": (
        "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n"
        "  - git: https://robot:motDePasse9@git.example/outils.git\n"
    ),
    "profiles.yml": "boulangerie:\n  outputs:\n    dev:\n      password: tresSecret42\n      user: lecteur\n",
    ".env": "export PGPASSWORD=autreSecret\n",
    "models/schema.yml": (
        "version: 2\nsources:\n  - name: caisse\n    tables:\n      - name: clients\nmodels:\n"
        "  - name: stg_clients\n    columns:\n      - name: client_id\n        tests: [unique, not_null]\n"
        "  - name: clients\n    description: Les clients.\n    tests:\n"
        "      - dbt_utils.unique_combination_of_columns:\n          combination_of_columns: [client_id]\n"
    ),
    "models/staging/stg_clients.sql": (
        "{{ config(materialized='view', pre_hook=\"set work_mem = '1GB'\") }}\n"
        "select\n    id::int as client_id\nfrom {{ source('caisse', 'clients') }}\n"
    ),
    "models/staging/stg_commandes.sql": (
        "-- from brut.ancienne\nselect distinct on (id) id, extract(year from jour) as an\n"
        "from brut.commandes\n"
    ),
    "models/marts/clients.sql": (
        "{% set rangs = dbt_utils.get_column_values(ref('stg_commandes'), 'id') %}\n"
        "select client_id\nfrom {{ ref('stg_clients') }}\n"
        "{% if is_incremental() %}\nwhere 1 = 1\n{% endif %}\n"
    ),
    "models/marts/orphelin.sql": "select 1 as un\nfrom {{ ref('disparu') }}\n",
    "macros/droits.sql": (
        "{% macro droits() %}\n  {% do run_query('grant select on x to public') %}\n{% endmacro %}\n"
    ),
    "seeds/villes.csv": "code,nom\n01,Ath\n",
}


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def found(folder: Path, domain: str = "ags") -> dict[str, tuple[Item, ...]]:
    return {topic.title: topic.items for topic in checklist(read_foreign(folder, domain))}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Item, ...]]:
    return found(project(tmp_path_factory.mktemp("boulangerie"), SHOP))


def places(items: tuple[Item, ...]) -> list[str]:
    return [f"{item.file}:{item.line} {item.rule or item.message}" for item in items]


@pytest.mark.parametrize(
    ("title", "place"),
    [
        ("Fichiers", "models/marts/orphelin.sql:2 ref() lit disparu, que le projet ne contient pas."),
        ("Sources", "models/schema.yml:5 La source caisse.clients ne dit pas d'où viennent"),
        ("Noms", "models/schema.yml:3 description"),
        ("Noms", "models/marts/clients.sql:1 nom-de-modele"),
        ("Ce qui s'offre", "models/marts/orphelin.sql:1 mart-cle"),
        ("Ce qui s'offre", "seeds/villes.csv:1 seed-types"),
        ("Propriétaire", "models/schema.yml:11 gouvernance-requise"),
        ("SQL portable", "models/staging/stg_clients.sql:3 vql-deux-points"),
        ("SQL portable", "models/staging/stg_commandes.sql:2 vql-distinct-on"),
        ("Écriture", "models/staging/stg_clients.sql:3 sqlfluff : CV11"),
        ("Aucun paquet", "packages.yml:2 demande le paquet dbt-labs/dbt_utils (du hub de dbt)."),
        ("Aucun paquet", "models/marts/clients.sql:1 se sert de dbt_utils.get_column_values."),
        ("Aucun paquet", "models/schema.yml:14 se sert de dbt_utils.unique_combination_of_columns."),
        ("Rien qui s'exécute", "dbt_project.yml:4 a un crochet on-run-end."),
        ("Rien qui s'exécute", "models/staging/stg_clients.sql:1 a un crochet pre_hook."),
        ("Rien qui s'exécute", "macros/droits.sql:2 interroge ou change la base pendant la compilation."),
        ("Aucun schéma", "dbt_project.yml:8 fixe schema : stg."),
        ("Aucun schéma", "models/staging/stg_commandes.sql:3 lit brut.commandes sans ref() ni source()."),
        ("Aucun secret", "profiles.yml:4 porte la valeur de password."),
        ("Aucun secret", ".env:1 semble porter un mot de passe."),
        ("Aucun secret", "packages.yml:4 semble porter une adresse avec son mot de passe."),
    ],
)
def test_what_is_missing_is_said_with_its_place(
    shop: dict[str, tuple[Item, ...]], title: str, place: str
) -> None:
    (items,) = (items for name, items in shop.items() if name.startswith(title))
    assert [one for one in places(items) if one.startswith(place)], places(items)


def test_what_is_in_order_is_not_said(shop: dict[str, tuple[Item, ...]]) -> None:
    everything = "\n".join(place for items in shop.values() for place in places(items))
    # A key tested by a package's test, a place in a comment, a function's FROM, both branches of a condition.
    for absent in ("clients.sql:1 mart-cle", "brut.ancienne", "lit jour", "vql-syntaxe"):
        assert absent not in everything
    assert shop["Couches, et qui lit quoi"] == ()


def test_no_secret_is_ever_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path / "leur\x1b[2Jprojet", SHOP)
    options = {"PROJET": str(folder), "AG": "ags", "TOUT": "1", "STRICT": "1"}
    assert adopt(settings_of(tmp_path), options) == 1
    said = capsys.readouterr().out
    assert not [one for one in ("tresSecret42", "autreSecret", "motDePasse9", "\x1b") if one in said]
    assert "[ ] Aucun secret dans les fichiers" in said and "[x] Couches" in said


def test_nothing_of_it_is_run(tmp_path: Path) -> None:
    witness = tmp_path / "temoin"
    trap = f"import pathlib\npathlib.Path({str(witness)!r}).touch()\n"
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}\nselect 1 as un\n"
    files = {
        **SHOP,
        "models/marts/fct_piege.py": trap,
        "conftest.py": trap,
        "setup.py": trap,
        "models/marts/fct_boucle.sql": loop,
        "models/piege.yml": f"models: !!python/object/apply:pathlib.Path.touch [{witness}]\n",
        "macros/piege.sql": (
            "{% macro ref(x) %}{{ cycler.__init__.__globals__.os.system('touch temoin') }}{% endmacro %}"
        ),
    }
    folder = project(tmp_path / "projet", files)
    (folder / "lien").symlink_to("/etc", target_is_directory=True)
    items = [place for items in found(folder).values() for place in places(items)]
    assert not witness.exists() and not (Path.cwd() / "temoin").exists()
    for said in (
        "models/marts/fct_piege.py:1 est du Python",
        "macros/piege.sql:1 remplace ref",
        "models/piege.yml:1 ne se lit pas",
    ):
        assert [one for one in items if one.startswith(said)], said
    assert not [one for one in items if one.startswith("lien")]


def test_files_that_cannot_be_read_are_said_and_stop_nothing(tmp_path: Path) -> None:
    nests = "[" * 500 + "]" * 500
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    files = {
        **SHOP,
        "models/marts/fct_nul.sql": "{{ config(alias='\0') }}\nselect '\0' as un\n",
        "models/marts/fct_profond.sql": f"{{{{ config(x={nests}) }}}}\nselect 1 as un\n",
        "models/marts/fct_odd.sql": "{{ config(x={[]: 1}) }}\nselect {{ ref('stg_clients' }}\n",
        "models/marts/fct_lecteur.sql": "select {{ ref('fct_latin') }}, {{ ref('grand') }}\n",
        "seeds/grand.csv": "a,b\n" + "1,2\n" * 500_001,
        "models/date.yml": "models: [{name: x, deprecation_date: 2024-13-45}]\n",
        "models/casse.yml": "models:\n  - name: x\n   description: y\n",
        "models/profond.yml": f"models: {nests}\n",
        "models/bombe.yml": f"{bomb}models: [{{name: *a8}}]\n",
    }
    folder = project(tmp_path / "projet", files)
    for name in ("models/marts/fct_latin.sql", "models/latin.yml", "seeds/latin.csv"):
        (folder / name).write_bytes("nom: élève\n".encode("latin-1"))
    (folder / "boucle").symlink_to(folder, target_is_directory=True)
    (folder / "image.sql.png").write_bytes(bytes(range(256)))
    said = {file: message for file, _, message in read_foreign(folder, "ags").faults}
    unread = ("bombe", "casse", "date", "latin", "profond")
    assert {*said} - {"models/marts/orphelin.sql"} == {
        *(f"models/{name}.yml" for name in unread),
        "models/marts/fct_latin.sql",
        "seeds/latin.csv",
    }
    assert "« é » écrit par Windows" in said["models/marts/fct_latin.sql"]
    # The parser's own words are English, and quote the file.
    assert "à partir de la ligne 3" in said["models/casse.yml"]


def test_this_project_is_in_order_where_its_files_say_all(tmp_path: Path) -> None:
    """Of one administration of ours, what a reading without dbt can judge is in order."""
    for kind in ("models", "seeds"):
        for path in (ROOT / kind / "agmj").rglob("*.*"):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (tmp_path / "dbt_project.yml").write_text("name: agmj\nmodels: {agmj: {}}\n", encoding="utf-8")
    said = found(tmp_path, "agmj")
    for title in ("Aucun paquet dbt", "Aucun schéma en dur", "Aucun secret dans les fichiers"):
        assert said[title] == (), places(said[title])


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="n'est pas un projet dbt"):
        read_foreign(tmp_path, "ags")
    (tmp_path / "dbt_project.yml").write_text("name: [\n", encoding="utf-8")
    with pytest.raises(PlatformError, match=r"dbt_project\.yml"):
        read_foreign(tmp_path, "ags")
    for domain in ("AGS", "../ags", ""):
        with pytest.raises(PlatformError, match="AG"):
            adopt(settings_of(tmp_path), {"PROJET": str(tmp_path), "AG": domain})


def test_sql_keeps_its_lines_without_its_jinja() -> None:
    text = "{{ config(\n  x=1\n) }}\nselect {{ dbt.concat(['a']) }}\nfrom {{ ref('p', 'dim_x') }}{# rien #}\n"
    assert plain_sql(text) == "\n\n\nselect jinja\nfrom dim_x\n"
