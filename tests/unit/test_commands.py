"""What the commands decide by themselves: environments, names, layouts, checks of writing."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from donnees_au_centre.access import Change
from donnees_au_centre.cli import new_model
from donnees_au_centre.cli.access import plan_summary, write_script
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.database import exports
from donnees_au_centre.cli.main import COMMANDS, function_of, main, with_absolute_paths
from donnees_au_centre.cli.notifications import _refuse_failures as refuse_failures
from donnees_au_centre.cli.pipeline import is_set, load_failures, verdict
from donnees_au_centre.cli.project import failure_advice, find_model, preview, selected, selection_advice
from donnees_au_centre.cli.quality import placeholders
from donnees_au_centre.cli.quality import test_environment as quality_environment
from donnees_au_centre.cli.services import choose_port
from donnees_au_centre.cli.session import Access, child_environment, platform_variables
from donnees_au_centre.cli.writings import Writing
from donnees_au_centre.discovery.typings import Typing
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.landing import FileReport, LoadReport, TableReport
from donnees_au_centre.notifications.alerts import Outcome
from donnees_au_centre.project import __main__ as rules
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.nodes import Manifest, Node
from donnees_au_centre.settings import ROOT, Settings
from tests.small_project import settings_of
from tests.unit.manifests import good_manifest

ACCESS = Access("127.0.0.1", "54321", "donnees", "s'ec$ret `x`", "essai", Path("/x/mot_de_passe"))


def make(*arguments: str | Path, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {**environment, "PWD": str(folder), **variables}
    return subprocess.run(["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True)


# The command line


def test_every_command_has_its_function_and_its_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert targets - {"help"} == set(COMMANDS)
    for name, (module, _) in COMMANDS.items():
        assert f"def {function_of(name)}(" in (ROOT / f"donnees_au_centre/cli/{module}.py").read_text("utf-8")


def test_help_names_every_target_without_any_set_up(tmp_path: Path) -> None:
    done = make("-f", ROOT / "Makefile", folder=tmp_path)
    assert done.returncode == 0
    assert "make demo" in done.stdout and "make new-model" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["-C", "-f"])
def test_make_works_from_any_folder_and_below_any_path(tmp_path: Path, way: str) -> None:
    checkout = tmp_path / "l'école du $HOME"
    start = checkout / "dev/setup/start.sh"
    start.parent.mkdir(parents=True)
    start.write_text('echo "$1|$CALLER_FOLDER|$LANDING|$NAME|$STRICT|$CONFIRMER"\n')
    (checkout / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    place = checkout if way == "-C" else checkout / "Makefile"
    around = {"NAME": "LAPTOP-7", "STRICT": "1", "CONFIRMER": "1"}
    done = make("-s", way, place, "env", "LANDING=depots/age", folder=tmp_path, **around)
    assert done.stdout == f"env|{tmp_path}|depots/age||1|\n", done.stderr
    assert "CONFIRMER dans l'environnement ne compte pas" in done.stderr


def test_a_relative_landing_is_the_callers(tmp_path: Path) -> None:
    (tmp_path / "depots").mkdir()
    given = {"LANDING": "depots", "CALLER_FOLDER": str(tmp_path)}
    assert with_absolute_paths(given)["LANDING"] == str(tmp_path / "depots")
    assert with_absolute_paths({**given, "LANDING": "landing"})["LANDING"] == "landing"
    assert with_absolute_paths({"LANDING": "landing"}) == {"LANDING": "landing"}


def test_a_mistake_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"], {"DBT_TARGET": "production"}) == 1
    said = capsys.readouterr().err
    assert "DBT_TARGET=production n'existe pas" in said
    assert "Que faire : Choisissez parmi dev, ci, staging, prod" in said


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (["build"], {"SELECT": "'age"}, "SELECT='age : un guillemet n'est pas fermé."),
        (["lnit"], {}, "« lnit » n'est pas une commande.\nQue faire : Vouliez-vous lint"),
        (["lint", "x"], {}, "« lint x » n'est pas une commande."),
        ([], {}, "Quelle commande ?"),
    ],
)
def test_a_mistyped_command_is_told_in_french(
    arguments: list[str], options: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, options) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "built"),
    [
        ({}, ""),
        ({"SELECT": "+fct_marche"}, "+fct_marche"),
        ({"FICHIER": "models/ags/marts/fct_marche.sql"}, "ags"),
        ({"FICHIER": str(ROOT / "seeds/commun/chiffres.csv")}, "commun"),
        ({"FICHIER": "fct_marche.sql", "CALLER_FOLDER": str(ROOT / "models/ags/marts")}, "ags"),
    ],
)
def test_a_build_is_of_what_is_named_or_of_the_domain_of_a_file(given: dict[str, str], built: str) -> None:
    assert selected(given, ROOT) == built


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"FICHIER": "README.md"}, "Le fichier README.md n'est d'aucun domaine"),
        ({"FICHIER": "models/_docs.md"}, "n'est d'aucun domaine"),
        ({"FICHIER": "models/agx/x.sql"}, "n'est d'aucun domaine"),
        ({"FICHIER": "/tmp/models/ags/x.sql"}, "n'est d'aucun domaine"),
        ({"FICHIER": "models/ags/x.sql", "SELECT": "age"}, "SELECT et FICHIER"),
    ],
)
def test_a_file_of_no_domain_builds_nothing(given: dict[str, str], said: str) -> None:
    with pytest.raises(PlatformError, match=re.escape(said)):
        selected(given, ROOT)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "/x/build"),
            "/x/build : ce compte n'y a pas droit.",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "Un fichier : le disque est plein."),
        (KeyError("colonne"), "Erreur imprévue de la plateforme (KeyError)."),
    ],
)
def test_what_nobody_foresaw_shows_no_traceback(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(new_model, "new_model", fail)
    assert main(["new-model"], {}) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"\n{said}\nQue faire : ")
    assert "Traceback" not in told
    if kept := re.search(r"Donnez (\S+\.txt)", told):
        detail = Path(kept[1]).read_text("utf-8")
        assert detail.endswith("in fail\nKeyError\n") and "colonne" not in detail
        Path(kept[1]).unlink()


def test_a_shared_server_needs_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env"], {"DBT_TARGET": "prod", "PGHOST": "serveur"}) == 1
    assert "PGPORT, PGUSER, PGPASSWORD, PGDATABASE" in capsys.readouterr().err


# Environments


def test_exports_survive_any_value_in_a_shell() -> None:
    variables = {"PGPASSWORD": ACCESS.password, "LANDING": "/l'été/$(touch x)\n`y`", "VIDE": ""}
    shell = "\n".join([*exports(variables), *(f'printf "%s|" "${name}"' for name in variables)])
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True)
    assert done.stdout == "".join(f"{value}|" for value in variables.values())
    assert all(line.startswith("export ") for line in exports({"A": "b", "C": "d"}))


def test_tools_are_led_to_the_embedded_server_only() -> None:
    settings = Settings.load({})
    dirty = {
        "PGSERVICE": "autre",
        "PGHOSTADDR": "10.0.0.1",
        "MAKEFLAGS": "s",
        "PATH": "/usr/bin",
        "HOME": "/h",
    }
    environment = child_environment(settings, ACCESS, dirty)
    assert "PGSERVICE" not in environment and "PGHOSTADDR" not in environment
    assert "MAKEFLAGS" not in environment
    assert (environment["PGHOST"], environment["PGPORT"]) == ("127.0.0.1", "54321")
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    assert environment["HOME"] == "/h"


def test_a_shared_server_keeps_the_users_ways() -> None:
    shared = {name: "x" for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")}
    settings = Settings.load({**shared, "DBT_TARGET": "staging", "LANDING": "policies"})
    environment = child_environment(settings, ACCESS, {"PGOPTIONS": "-c role=x", "PATH": ""})
    assert environment["PGOPTIONS"] == "-c role=x"
    assert "PGSSLMODE" not in platform_variables(settings, ACCESS)


def test_the_tests_see_nobodys_database() -> None:
    given = {
        "PGHOST": "x",
        "SELECT": "age",
        "DBT_TARGET": "prod",
        "LANDING": "y",
        "MAKEFLAGS": "s",
        "HOME": "/h",
        "PGX_": "k",
    }
    kept = quality_environment(given)
    assert {"HOME", "PGX_"} <= set(kept)
    assert not {"PGHOST", "SELECT", "DBT_TARGET", "LANDING", "MAKEFLAGS"} & set(kept)


def test_a_password_is_never_in_a_message() -> None:
    assert ACCESS.password not in repr(ACCESS)


# Ports and options


def test_a_busy_port_is_reported_and_another_proposed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PlatformError, match="déjà pris") as raised:
            choose_port(str(port), 3000)
        assert f"PORT={port + 1}" in raised.value.advice


@pytest.mark.parametrize("port", ["abc", "80", "70000", "-1", "３０００0"])
def test_a_port_is_a_number_an_ordinary_account_may_use(port: str) -> None:
    with pytest.raises(PlatformError, match="n'est pas un numéro de port"):
        choose_port(port, 3000)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("oui", True), ("0", False), ("", False), (None, False), ("non", False)],
)
def test_strict_is_a_yes_or_no(value: str | None, expected: bool) -> None:
    assert is_set(value) is expected


def test_load_failures_keep_every_reason() -> None:
    failed = TableReport("age", "ecoles", "ecoles", "echec", message="Table verrouillée.")
    failed.files = [
        FileReport("age/a.csv", "", "echec", "colonne fase absente"),
        FileReport("b", "", "charge"),
    ]
    report = LoadReport([failed, TableReport("ags", "x", "x", "charge")], [])
    assert load_failures(report) == {
        "age.ecoles.ecoles": "Table verrouillée. ; age/a.csv : colonne fase absente"
    }


# Models shown and made

MANIFEST = {
    "nodes": {
        f"model.p.{name}": {"name": name, "resource_type": "model", "fqn": ["p", domain, layer, name]}
        for domain, layer, name in [
            ("ags", "staging", "stg_points_verts__marches"),
            ("ags", "staging", "stg_points_verts__marches_ecarts"),
            ("ags", "intermediate", "int_points_verts__marches"),
            ("ags", "marts", "fct_marche"),
            ("commun", "marts", "dim_commune"),
        ]
    },
    "sources": {
        f"source.p.{source}.{table}": {
            "source_name": source,
            "name": table,
            "fqn": ["p", "ags", "staging", source, source, table],
            "original_file_path": "x.yml",
            "columns": {
                "id": {"name": "id", "description": 'La « clé », "unique" : ' + "très " * 30 + "longue."},
                "nom": {"name": "nom", "description": ""},
            },
        }
        for source, table in [("points_verts", "points_verts"), ("clubs", "clubs"), ("clubs", "membres")]
    },
}


def test_an_unknown_model_brings_the_closest_names() -> None:
    assert find_model(Manifest(MANIFEST), "fct_marche").name == "fct_marche"
    with pytest.raises(PlatformError) as raised:
        find_model(Manifest(MANIFEST), "dim_communes")
    assert raised.value.advice.startswith("Vouliez-vous dim_commune")


@pytest.mark.parametrize(
    ("word", "close"),
    [("+fct_marches", "fct_marche"), ("2+common+1", "commun"), ("source:point_vert+", "source:points_verts")],
)
def test_a_selection_of_nothing_brings_the_closest_names(word: str, close: str) -> None:
    advice = selection_advice(Manifest(MANIFEST), [word])
    assert advice.startswith(f"Vouliez-vous {close}")
    assert "SELECT prend un domaine (ags, commun)" in advice


def test_a_selection_close_to_nothing_says_what_may_be_selected() -> None:
    assert selection_advice(Manifest(MANIFEST), ["zzzz"]).startswith("SELECT prend un domaine")


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        ('relation "raw_ags.x" does not exist', "make build SELECT=+dim_x"),
        ('schema "raw_ags" does not exist', "make build SELECT=+dim_x"),
        ("la relation « raw_ags.x » n'existe pas", "make build SELECT=+dim_x"),
        ('column "zut" does not exist\nLINE 3: select zut', "Vérifiez le nom de cette colonne"),
        ("la colonne « zut » n'existe pas", "Vérifiez le nom de cette colonne"),
        ('column "zut" of relation "x" does not exist', "Vérifiez le nom de cette colonne"),
        ('syntax error at or near "form"', "Corrigez dim_x.sql"),
    ],
)
def test_the_advice_fits_the_failure(problem: str, advice: str) -> None:
    assert advice in failure_advice("dim_x", "dim_x.sql", f"Database Error in model dim_x\n  {problem}")


def test_rows_are_laid_out_for_the_terminal() -> None:
    assert preview(["id", "nom"], [], 80) == "Aucune ligne."
    assert preview(["id", "nom"], [["1", "Ath"], ["22", ""]], 80) == "id  nom\n1   Ath\n22"
    wide = preview(["id", "texte"], [["1", "a" * 60], ["2", "b"], ["3", "c"]], 60)
    assert wide.splitlines() == [
        "id     1                         2",
        f"texte  {'a' * 23}…  b",
    ]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for domain in ("ags", "commun"):
        (tmp_path / "models" / domain).mkdir(parents=True)
        (tmp_path / f"models/{domain}/_{domain}.yml").write_text("")
    (tmp_path / "models/ags/fct_marche.sql").write_text("select 1")
    return tmp_path


@pytest.mark.parametrize(
    ("domain", "name", "said"),
    [
        ("", "dim_x", "Dans quel domaine"),
        ("xyz", "dim_x", "AG=xyz n'est pas un domaine"),
        ("ags", "", "Comment nommer"),
        ("ags", "Dim_École", "n'est pas un nom de modèle"),
        ("ags", "marches", "n'est pas un nom de modèle"),
        ("ags", "dim_" + "x" * 60, "n'est pas un nom de modèle"),
        ("ags", "stg_marches", "ne dit pas de quelle source"),
        ("ags", "fct_marche", "existe déjà : models/ags/fct_marche.sql"),
        ("../x", "dim_x", "n'est pas un domaine"),
    ],
)
def test_bad_names_are_refused_with_advice(checkout: Path, domain: str, name: str, said: str) -> None:
    with pytest.raises(PlatformError) as raised:
        new_model.check_names(checkout, domain, name)
    assert said in raised.value.message
    assert raised.value.advice


def test_a_good_name_says_its_layer(checkout: Path) -> None:
    names = ("stg_clubs__membres", "int_club", "dim_club", "fct_match")
    layers = [new_model.check_names(checkout, "ags", name) for name in names]
    assert layers == ["staging", "intermediate", "marts", "marts"]


def staging_files(
    manifest: dict, name: str, source: str | None, typings: dict[str, Typing] | None = None
) -> dict[str, str]:
    answers = Answers({"SOURCE": source or ""}, asks=False)
    node = new_model.choose_source(Manifest(manifest), "ags", name, answers)
    return new_model.staging_files("ags", name, node, new_model.source_columns(node), typings or {})


def test_what_the_rows_say_is_written_with_its_rules() -> None:
    typings = {
        "id": Typing("to_integer"),
        "nom": Typing("to_decimal", ("14", "2", "decimal_separator=','", "group_separators=[' ']")),
    }
    files = staging_files(MANIFEST, "stg_clubs__membres", "clubs.membres", typings)
    statement, _, issues = files.values()
    assert (
        "    decimal(\n        'nom',\n        precision=14,\n        scale=2,\n"
        "        decimal_separator=',',\n        group_separators=[' '],\n"
        '        optional="nom : illisible"\n    ),'
    ) in statement
    assert issues == "{{ issues(source('clubs', 'membres')) }}\n"
    long = new_model.entry("c" * 60, typings["nom"], required=False)
    assert max(map(len, long.splitlines())) <= new_model.WIDTH
    assert new_model.entry("id", Typing("to_integer"), required=True) == (
        "    integer('id', required=\"id : absent ou illisible\"),"
    )
    assert new_model.entry("nom", Typing(), required=False) == "    text('nom'),"
    assert new_model.entry("nom", Typing(), required=True) == "    text('nom', required=\"nom : vide\"),"


@pytest.mark.parametrize(
    ("column", "typing", "kind"),
    [
        ("code_postal", Typing("to_code", ("'[0-9]{4}'",)), "postal_code('code_postal',"),
        ("code_nis", Typing("to_code", ("'[0-9]{5}'",)), "nis_code('code_nis',"),
        ("code_nis", Typing("to_code", ("'[0-9]{4}'",)), "code('code_nis', pattern='[0-9]{4}',"),
        ("n_fase_du_p_o", Typing("to_integer"), "fase_number('n_fase_du_p_o',"),
        ("debut", Typing("to_date", ("'dd/MM/yyyy'",)), "day('debut', pattern='dd/MM/yyyy',"),
        ("pmr", Typing("to_boolean"), "yes_no('pmr',"),
    ],
)
def test_a_column_is_declared_with_its_type(column: str, typing: Typing, kind: str) -> None:
    reason = f'optional="{column.replace("_", " ")} : illisible"),'
    assert new_model.entry(column, typing, required=False) == f"    {kind} {reason}"


def test_cells_that_say_nothing_are_known_for_what_they_are() -> None:
    typing = Typing("to_integer", nulls=("[c]", "**", "n.d."))
    written = new_model.entry("effectif", typing, required=False)
    assert r"is_code('effectif', '\\[c\\]|[*][*]|n[.]d[.]')" in written


def test_a_staging_model_comes_with_its_ecarts_and_its_test() -> None:
    files = staging_files(MANIFEST, "stg_points_verts__pieds", None)
    folder = "models/ags/staging/points_verts/stg_points_verts__pieds"
    assert list(files) == [f"{folder}.sql", f"{folder}.yml", f"{folder}_ecarts.sql"]
    assert "{{ staging(source('points_verts', 'points_verts'), [" in files[f"{folder}.sql"]
    assert "    text('id', required=\"id : vide\"),\n    text('nom'),\n" in files[f"{folder}.sql"]
    model, issues = yaml.safe_load(files[f"{folder}.yml"])["models"]
    assert "reconciles_with_source" in model["data_tests"][0]
    # What the source says of its columns holds here too.
    assert "columns" not in model
    assert "{{ issues(source('points_verts', 'points_verts')) }}" in files[f"{folder}_ecarts.sql"]
    assert (issues["name"], "few_set_aside" in issues["data_tests"][0]) == (f"{model['name']}_ecarts", True)
    assert max(len(line) for text in files.values() for line in text.splitlines()) <= 110


def test_a_staging_model_is_built_with_its_ecarts() -> None:
    files = staging_files(MANIFEST, "stg_clubs__gens", "clubs.membres")
    assert " make build SELECT=source:clubs+ " in new_model.next_steps("stg_clubs__gens", list(files))
    assert " make build SELECT=dim_club " in new_model.next_steps(
        "dim_club", ["models/ags/marts/dim_club.sql"]
    )


def test_a_staging_model_keeps_what_the_file_name_says() -> None:
    node = {
        **MANIFEST["sources"]["source.p.clubs.membres"],
        "schema": "raw_ags",
        "identifier": "membres",
        "external": {"location": "ags/clubs/membres_{annee}_{nom}.csv", "file_format": "csv"},
    }
    manifest = {"sources": {"source.p.clubs.membres": node}}
    files = staging_files(manifest, "stg_clubs__membres", None)
    statement, description = list(files.values())[:2]
    assert statement.count("text('annee')") == 1
    # A column that is captured and declared is written once, and described by its source.
    assert statement.count("text('nom')") == 1
    described = yaml.safe_load(description)["models"][0]["columns"]
    assert described == [{"name": "annee", "description": "Lu dans le nom du fichier reçu."}]


@pytest.mark.parametrize("source", [None, "clubs", "clubs.x"])
def test_a_doubtful_source_is_asked_for(source: str | None) -> None:
    with pytest.raises(PlatformError, match=r"source") as raised:
        staging_files(MANIFEST, "stg_clubs__gens", source)
    assert "clubs.clubs, clubs.membres" in raised.value.advice


def test_a_model_reads_its_own_domain_unless_told_otherwise() -> None:
    def chosen(domain: str, name: str, layer: str, wanted: str | None = None) -> str:
        return new_model.choose_upstream(Manifest(MANIFEST), domain, name, layer, wanted).name

    assert chosen("ags", "dim_marche", "marts") == "int_points_verts__marches"
    assert chosen("ags", "int_marches", "intermediate") != "stg_points_verts__marches_ecarts"
    assert chosen("ags", "fct_commune", "marts", "dim_commune") == "dim_commune"
    assert chosen("transversal", "fct_marche", "marts") == "fct_marche"
    with pytest.raises(PlatformError, match="aucun modèle à lire"):
        chosen("agc", "dim_x", "marts")
    with pytest.raises(PlatformError, match="MODEL=stg_x"):
        chosen("ags", "dim_x", "marts", "stg_x")


def test_a_mart_has_a_contract_a_key_and_a_unit_test(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [
        new_model.Column("numero", "Numéro.", "integer"),
        new_model.Column("jour", "Jour.", "timestamp with time zone"),
    ]
    node = Node(MANIFEST["nodes"]["model.p.int_points_verts__marches"])
    files = new_model.model_files("ags", "dim_marche", "marts", node, columns, "jour")
    content = yaml.safe_load(files["models/ags/marts/dim_marche.yml"])
    numero, jour = content["models"][0]["columns"]
    assert (numero["data_type"], "data_tests" in numero) == ("integer", False)
    assert (jour["data_type"], jour["data_tests"]) == ("timestamp with time zone", ["unique"])
    assert jour["constraints"] == [{"type": "not_null"}]
    test = content["unit_tests"][0]
    assert test["given"][0]["input"] == "ref('int_points_verts__marches')"
    assert list(test["expect"]["rows"][0]) == ["jour"]
    assert capsys.readouterr().out == ""
    new_model.model_files("ags", "dim_marche", "marts", node, columns, None)
    assert "Attention" in capsys.readouterr().out


def test_a_mart_has_its_governance_to_complete() -> None:
    node = Node(MANIFEST["nodes"]["model.p.int_points_verts__marches"])
    columns = [new_model.Column("id", "Clé.", "integer")]

    def governance(defaults: dict) -> dict:
        manifest = {
            "groups": {"g": {"name": "ags", "config": {"meta": {"gouvernance_par_defaut": defaults}}}}
        }
        lines = new_model.governance_lines(Manifest(manifest), "ags", "dim_marche")
        files = new_model.model_files("ags", "dim_marche", "marts", node, columns, "id", lines)
        text = files["models/ags/marts/dim_marche.yml"]
        assert max(map(len, text.splitlines())) <= 110
        return yaml.safe_load(text)["models"][0]["config"]["meta"]["gouvernance"]

    assert list(governance({})) == list(words.REQUIRED)
    inherited = {"proprietaire": {"fonction": "F"}, "classification": "public", "base_legale": "Un décret."}
    asked = governance(inherited)
    assert list(asked) == [key for key in words.REQUIRED if key not in ("classification", "base_legale")]
    assert asked["proprietaire"]["courriel"].startswith(new_model.TO_COMPLETE)
    intermediate = new_model.model_files(
        "ags", "int_x", "intermediate", node, columns, None, "    config: {}\n"
    )
    assert "config" not in intermediate["models/ags/intermediate/int_x.yml"]


def test_what_a_source_says_of_people_is_said_of_its_staging() -> None:
    node = MANIFEST["sources"]["source.p.clubs.membres"]
    told = {
        name: {**column, "config": {"meta": {"donnee_personnelle": "identifiant_direct"}}}
        for name, column in node["columns"].items()
    }
    manifest = {"sources": {"source.p.clubs.membres": {**node, "columns": told}}}
    files = staging_files(manifest, "stg_clubs__membres", "clubs.membres")
    columns = yaml.safe_load(list(files.values())[1])["models"][0]["columns"]
    assert columns[-1]["config"] == {"meta": {"donnee_personnelle": "identifiant_direct"}}


def test_a_mart_after_personal_data_has_its_categories_to_complete() -> None:
    manifest = good_manifest()
    inter = manifest["nodes"]["model.donnees_au_centre.int_ecoles"]
    columns = [
        new_model.Column("nom", "Nom.", "text", "identifiant_direct"),
        new_model.Column("ville", "Ville.", "text"),
    ]
    assert new_model.with_categories(Manifest(manifest), Node(inter), columns) == columns
    source = next(one for one in manifest["sources"].values() if one["name"] == "ecoles")
    source["columns"]["fase"]["config"] = {"meta": {"donnee_personnelle": "identifiant_direct"}}
    nom, ville = new_model.with_categories(Manifest(manifest), Node(inter), columns)
    assert nom == columns[0]
    assert new_model.TO_COMPLETE in ville.category
    written = yaml.safe_load(new_model.documented([nom, ville]))
    assert [column["config"]["meta"]["donnee_personnelle"] for column in written] == [
        "identifiant_direct",
        new_model.TO_COMPLETE,
    ]


def test_a_view_never_reads_a_mart() -> None:
    columns = [new_model.Column("id", "Clé.", "text")]

    def intermediate(reads: str) -> str:
        node = Node(MANIFEST["nodes"][f"model.p.{reads}"])
        files = new_model.model_files("ags", "int_x", "intermediate", node, columns, None)
        return files["models/ags/intermediate/int_x.sql"]

    assert intermediate("dim_commune").startswith("{{ config(materialized='table') }}\n\nwith ")
    assert intermediate("stg_points_verts__marches").startswith("with ")


def test_an_existing_file_is_never_written_over(checkout: Path) -> None:
    with pytest.raises(FileExistsError):
        Writing(checkout).create({"models/ags/fct_marche.sql": "select 2"})
    assert (checkout / "models/ags/fct_marche.sql").read_text() == "select 1"


# Checks of writing


def test_what_the_template_leaves_to_be_written_is_found(checkout: Path) -> None:
    (checkout / "models/ags/_ags.yml").write_text('a: 1\ndescription: "À décrire : une ligne"\n')
    (checkout / "models/ags/x.sql").write_text("required('id', none, \"À compléter : la clé\")\n")
    (checkout / "models/ags/y.yml").write_text('description: "Ce qui reste à décrire."\n')
    assert [line.split(" : ")[0] for line in placeholders(checkout)] == [
        "models/ags/_ags.yml:2",
        "models/ags/x.sql:1",
    ]


# Counts that agree with what they count


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 mois reste"), (1, "1 mois reste"), (2000, "2\u202f000 mois restent")]
)
def test_words_agree_with_their_number(number: int, said: str) -> None:
    assert counted(number, "mois reste", "mois restent") == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 fichier ne correspond à"), (2, "2 fichiers ne correspondent à")]
)
def test_undeclared_files_are_counted(number: int, said: str) -> None:
    summary = SimpleNamespace(succeeded=True, unmatched=["a"] * number)
    with pytest.raises(PlatformError, match=f"^{said}"):
        verdict(summary, {"STRICT": "1"}, "load")


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 message n'a pas pu partir,"), (2, "2 messages n'ont pas pu partir,")]
)
def test_messages_that_stay_are_counted(number: int, said: str) -> None:
    with pytest.raises(PlatformError, match=f"^{said}"):
        refuse_failures(Outcome(failed=["a"] * number))


@pytest.mark.parametrize(("number", "said"), [(1, "1 point à corriger."), (2, "2 points à corriger.")])
def test_broken_rules_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, said: str
) -> None:
    fault = SimpleNamespace(file="a.yml", rule="essai", message="Faux.", advice="Corrigez.")
    monkeypatch.setattr(rules, "parse", lambda _: SimpleNamespace(notice=None, manifest={}))
    monkeypatch.setattr(rules, "broken_rules", lambda *_: [fault] * number)
    assert rules.main() == 1
    assert capsys.readouterr().out.endswith(f"\n{said}\n")


def test_a_plan_of_rights_is_a_short_list_and_a_file(tmp_path: Path) -> None:
    changes = [Change("Rôles", f"create role r{number}\n  nologin") for number in range(5)]
    changes.append(Change("Droits", f"grant select on {'x' * 200} to bi"))
    assert plan_summary(changes).splitlines() == [
        "À changer dans la base : 6 points.",
        "  Rôles : 5",
        *(f"    create role r{number} nologin" for number in range(3)),
        "    …",
        "  Droits : 1",
        f"    grant select on {'x' * 93}…",
    ]
    assert write_script(settings_of(tmp_path), changes) == "build/acces.sql"
    written = (tmp_path / "build" / "acces.sql").read_text("utf-8")
    assert [f"create role r{number}" in written for number in range(6)] == [True] * 5 + [False]
    assert plan_summary([]).startswith("Rien à changer")
