"""What `new-source` writes, asks and refuses."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from donnees_au_centre.cli import new_source
from donnees_au_centre.cli.answers import Answers
from donnees_au_centre.cli.source_files import NewTable, source_yaml, table_yaml
from donnees_au_centre.cli.writings import writing
from donnees_au_centre.discovery.locations import place_of
from donnees_au_centre.discovery.look import FileLook, look
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import read_declarations
from donnees_au_centre.project import vocabulary as words
from donnees_au_centre.project.nodes import Manifest, Source
from donnees_au_centre.settings import Settings
from tests.small_project import settings_of

# Nobody has these names, these numbers, these addresses.
PEOPLE = [
    ["85073003328", "Quintiniaux", "Brunehilde", f"b{place}@exemple.be", f"{place},50", "oui"]
    for place in range(40)
]
HEADER = ["N° national", "Nom", "Prénom", "Courriel", "Frais", "Présent"]
SECRETS = ("85073003328", "quintiniaux", "brunehilde", "exemple.be")
PROJECT = (
    "sources: {essai: {+meta: {gouvernance_du_dossier: {strategique: false, classification: interne}}}}\n"
)
SAID = {
    "FINALITE": "Compter.", "BASE_LEGALE": "Décret ; RGPD, article 6(1)(e).", "CONSERVATION": "60",
    "PAR_PERSONNE": "non",
}  # fmt: skip
OF_PEOPLE = {"PERSONNES": "Élèves.", "DESTINATAIRES": "Direction."}


def written(rows: list[list[str]], delimiter: str = ";") -> bytes:
    return "\n".join(delimiter.join(row) for row in rows).encode()


def answers(asked: tuple[str, ...] | None = None, **options: str) -> Answers:
    replies: Iterator[str] = iter(asked or ())
    return Answers(options, asked is not None, lambda question: next(replies))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    for domain in ("age", "ags"):
        (tmp_path / f"models/{domain}").mkdir(parents=True)
        (tmp_path / f"models/{domain}/_{domain}.yml").write_text("version: 2\n", encoding="utf-8")
    (tmp_path / "landing/age/inscriptions").mkdir(parents=True)
    return settings_of(tmp_path)


MANIFEST = Manifest(
    {
        "metadata": {"project_name": "donnees_au_centre"},
        "sources": {},
        "nodes": {},
        "groups": {
            "group.age": {
                "name": "age",
                "owner": {"name": "Direction", "email": "direction.age@fwb.example"},
                "config": {
                    "meta": {
                        "steward": {"name": "Cellule", "email": "cellule.age@fwb.example"},
                        "gouvernance_par_defaut": {
                            "source_authentique": "Une base.",
                            "rafraichissement": {"tous_les": 1, "unite": "annee"},
                        },
                    }
                },
            }
        },
    }
)


def declared(
    settings: Settings, found: FileLook, path: str = "age/inscriptions/eleves_2024.csv", **options: str
) -> NewTable:
    return new_source.declared(settings.root, MANIFEST, answers(**SAID, **OF_PEOPLE, **options), path, found)


def node_of(new: NewTable) -> Source:
    """The node that dbt makes of the YAML."""
    source = yaml.safe_load(source_yaml(new))["sources"][0]
    table = source["tables"][0]
    return Source(
        {
            "resource_type": "source",
            "source_name": source["name"],
            "source_description": source["description"],
            "name": table["name"],
            "identifier": table["name"],
            "description": table["description"],
            "schema": source["schema"],
            "fqn": ["donnees_au_centre", new.domain, "staging", new.source, table["name"]],
            "original_file_path": new.file,
            "external": table["external"],
            "config": table["config"],
            "meta": table["config"]["meta"],
            "columns": {column["name"]: column for column in table["columns"]},
        }
    )


def everything(new: NewTable) -> str:
    """All that is written and printed of a new source."""
    files = new_source.staging_of(new, new_source.staging_name(new), node_of(new))
    return "\n".join([source_yaml(new), *files.values(), new_source.shown("age/x/y.csv", new.look)])


def test_no_value_of_a_person_is_written(settings: Settings) -> None:
    for rows, options in (([HEADER, *PEOPLE], {}), (PEOPLE, {}), (PEOPLE[:2], {"EN_TETE": "non"})):
        said = new_source.is_set(options["EN_TETE"]) if options else None
        new = declared(settings, look(io.BytesIO(written(rows)), header=said))
        text = everything(new).lower()
        assert not [secret for secret in SECRETS if secret in text], rows[0]


def test_people_are_classified_and_stay_raw(settings: Settings) -> None:
    new = declared(settings, look(io.BytesIO(written([HEADER, *PEOPLE]))))
    table = yaml.safe_load(source_yaml(new))["sources"][0]["tables"][0]
    meta = table["config"]["meta"]
    assert meta["personne"] == {"identifiant": "n_national"}
    assert meta["gouvernance"]["classification"] == "confidentiel"
    assert {*words.RESPONSIBLES, *words.PERSONAL, "finalite", "base_legale", "conservation"} <= {
        *meta["gouvernance"]
    }
    assert all(column["config"]["meta"]["donnee_personnelle"] for column in table["columns"])
    statement, model, _ = new_source.staging_of(new, new_source.staging_name(new), node_of(new)).values()
    assert "sql=pseudonymise('{}', 'age', 'inscriptions')" in statement and "stored=true" in statement
    assert not [name for name in ("'nom'", "'prenom'", "'courriel'") if name in statement]
    described = yaml.safe_load(model)
    assert described["models"][1]["columns"] == [
        {"name": "valeur_brute", "config": {"meta": {"protection": "masque"}}}
    ]
    assert described["unit_tests"][0]["model"] == "stg_inscriptions__eleves"


def test_what_is_written_can_be_followed(settings: Settings) -> None:
    titles = [["Liste"], [""], HEADER, *PEOPLE, ["Source : registre"]]
    new = declared(settings, look(io.BytesIO(written(titles, "\t"))))
    (table,) = read_declarations([node_of(new)])
    variant = table.variants[0]
    assert (variant.delimiter, variant.header_row, variant.footer) == ("\t", 3, "(?i)source.*")
    assert variant.location == "age/inscriptions/eleves_{annee:yyyy}.csv"
    assert table.declared[-1] == "annee" and table.person == "n_national"
    assert max(map(len, source_yaml(new).splitlines())) <= 110


def test_a_person_corrects_what_was_guessed(settings: Settings) -> None:
    found = look(io.BytesIO(written([["Code", "Nom"], ["01", "Les Mésanges"], ["02", "Les Tilleuls"]])))
    assert declared(settings, found).categories["nom"] == "identifiant_direct"
    assert declared(settings, found, PERSONNEL="nom=aucune").categories == {}
    with pytest.raises(PlatformError) as raised:
        declared(settings, found, PERSONNEL="nom=rien")
    assert "identifiant_indirect" in raised.value.advice
    place = place_of("age/inscriptions/eleves.csv", "csv", [])
    asked = new_source.categories_of(found, place, answers(("peut-être", "professionnel")), by_person=False)
    assert asked == {"code": "aucune", "nom": "professionnel"}


def test_where_rows_are_people_all_they_say_is_about_them(settings: Settings) -> None:
    """What no name and no cell tells: a person says it, once for the table."""
    unknown = look(io.BytesIO(written([["Ckand", "Vek"], *([f"{place}", "41"] for place in range(9))])))
    assert new_source.about_people(unknown, answers()) is None
    assert new_source.about_people(unknown, answers(("", "oui"))) is True
    place = place_of("age/inscriptions/eleves.csv", "csv", [])
    for by_person, category in ((True, "identifiant_indirect"), (False, None)):
        found = new_source.categories_of(unknown, place, answers(), by_person)
        assert {found.get(name) for name in ("ckand", "vek")} == {category}
    said = new_source.categories_of(unknown, place, answers(PERSONNEL="vek=aucune"), by_person=True)
    assert said == {"ckand": "identifiant_indirect", "vek": "aucune"}


def test_rows_that_seem_to_be_people_need_a_no(settings: Settings) -> None:
    staff = look(io.BytesIO(written([["Naam", "Voornaam", "Etage"], *(["A", "B", "3"] for _ in range(9))])))
    place = place_of("age/inscriptions/eleves.csv", "csv", [])
    assert new_source.about_people(staff, answers()) is True
    assert new_source.categories_of(staff, place, answers(), True)["etage"] == "identifiant_indirect"
    assert new_source.categories_of(staff, place, answers(), False)["etage"] == "aucune"


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    found = look(io.BytesIO(written([HEADER, *PEOPLE])))
    with pytest.raises(PlatformError, match="c'est oui, ou non"):
        new_source.about_people(found, answers(PAR_PERSONNE="n"))


def test_what_nobody_can_know_is_listed_at_once(settings: Settings) -> None:
    found = look(io.BytesIO(written([HEADER, *PEOPLE])))
    with pytest.raises(PlatformError) as raised:
        new_source.declared(settings.root, MANIFEST, answers(), "age/inscriptions/eleves_2024.csv", found)
    assert "PAR_PERSONNE" not in raised.value.advice
    unknown = look(io.BytesIO(written([["Ckand", "Vek"], ["1", "41"], ["2", "41"]])))
    with pytest.raises(PlatformError, match="dire 4 choses"):
        new_source.declared(settings.root, MANIFEST, answers(), "age/inscriptions/eleves_2024.csv", unknown)
    for option in ("FINALITE", "BASE_LEGALE", "CONSERVATION", "PERSONNES", "DESTINATAIRES"):
        assert f"{option}=" in raised.value.advice


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"BASE_LEGALE": "Un décret."}, "article du RGPD"),
        ({"BASE_LEGALE": "groupe"}, "base_legale"),
        ({"CONSERVATION": "toujours"}, "nombre de mois"),
        ({"SUCCESSION": "parfois"}, "SUCCESSION"),
        ({"TABLE": "Élèves"}, "TABLE"),
        ({"PERSONNE": "absente"}, "PERSONNE"),
    ],
)
def test_what_cannot_be_followed_is_refused(settings: Settings, options: dict[str, str], said: str) -> None:
    found = look(io.BytesIO(written([HEADER, *PEOPLE])))
    given = answers(**{**SAID, **OF_PEOPLE, **options})
    with pytest.raises(PlatformError) as raised:
        new_source.declared(settings.root, MANIFEST, given, "age/inscriptions/eleves_2024.csv", found)
    assert said in raised.value.message


def test_a_file_is_found_or_copied_where_it_belongs(settings: Settings, tmp_path: Path) -> None:
    inside = settings.landing / "age/inscriptions/eleves.csv"
    inside.write_bytes(written([HEADER, *PEOPLE]))
    for given in ("age/inscriptions/eleves.csv", "landing/age/inscriptions/eleves.csv", str(inside)):
        assert new_source.landed(settings, answers(FICHIER=given)) == "age/inscriptions/eleves.csv"
    outside = tmp_path / "reçu.csv"
    outside.write_bytes(b"a;b\n1;2\n")
    with pytest.raises(PlatformError) as raised:
        new_source.landed(settings, answers(FICHIER=str(outside)))
    assert "AG= et SOURCE=" in raised.value.advice
    copied = new_source.landed(settings, answers(FICHIER=str(outside), AG="ags", SOURCE="clubs"))
    assert (copied, (settings.landing / copied).read_bytes()) == ("ags/clubs/reçu.csv", b"a;b\n1;2\n")
    for wrong in ("absent.csv", "age/inscriptions"):
        with pytest.raises(PlatformError):
            new_source.landed(settings, answers(FICHIER=wrong))


def test_what_was_written_is_taken_back_when_the_load_fails(settings: Settings) -> None:
    new = declared(settings, look(io.BytesIO(written([HEADER, *PEOPLE]))))
    file = settings.root / new.file
    with pytest.raises(PlatformError), writing(settings.root, "new-source") as at_work:
        new_source.declare(at_work, new)
        at_work.create({"models/age/staging/inscriptions/x.sql": ""})
        assert file.is_file()
        raise PlatformError("non chargé", "corrigez")
    assert not file.exists() and not file.parent.exists()
    file.parent.mkdir(parents=True)
    before = source_yaml(new).replace("name: eleves", "name: autres")
    file.write_text(before, encoding="utf-8")
    with writing(settings.root, "new-source") as at_work:
        new_source.declare(at_work, new)
        tables = yaml.safe_load(file.read_text("utf-8"))["sources"][0]["tables"]
        assert [table["name"] for table in tables] == ["autres", "eleves"]
    assert file.read_text("utf-8").endswith(table_yaml(new))


def test_a_file_that_a_declaration_reads_is_left_to_it(settings: Settings) -> None:
    new = declared(settings, look(io.BytesIO(written([HEADER, *PEOPLE]))))
    manifest = Manifest({"sources": {"source.x": node_of(new)._said}})
    with pytest.raises(PlatformError) as raised:
        new_source.refuse_declared("age/inscriptions/eleves_2025.csv", manifest)
    assert "make load" in raised.value.advice
    new_source.refuse_declared("age/inscriptions/autres.csv", manifest)


def test_each_part_of_a_key_of_a_school_is_described(settings: Settings) -> None:
    rows = [["Ecole", "Places"], *([f"{n}/{n + 1}", str(n)] for n in range(1, 40))]
    new = declared(settings, look(io.BytesIO(written(rows))))
    files = new_source.staging_of(new, new_source.staging_name(new), node_of(new))
    said = yaml.safe_load(files["models/age/staging/inscriptions/stg_inscriptions__eleves.yml"])
    assert said["models"][0]["columns"] == [
        {"name": "ecole_etablissement", "description": "Numéro FASE de l'établissement, lu dans ecole."},
        {"name": "ecole_implantation", "description": "Numéro FASE de l'implantation, lu dans ecole."},
    ]
