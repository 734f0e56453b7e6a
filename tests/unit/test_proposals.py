"""What is proposed for columns that nobody has described: by lineage, by name, and nothing where unsure."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from donnees_au_centre.cli.source_files import described
from donnees_au_centre.discovery.look import look
from donnees_au_centre.project.inheritance import inherit
from donnees_au_centre.project.lineage import trace
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.proposals import Proposal, Proposals, is_unsaid
from tests.unit.lineage_projects import HMAC, PROJECT, SEAL, model, source

Texts = Mapping[str, str]
PERSON = "identifiant_indirect"


class Built:
    """A project of sources and models: name -> its columns with their descriptions, and its SQL."""

    def __init__(self) -> None:
        self.nodes: dict[str, Any] = {}
        self.sources: dict[str, Any] = {}
        self.sql: dict[str, str] = {}

    def source(self, name: str, texts: Texts, category: str | None = None) -> Built:
        meta = {"donnee_personnelle": category} if category else {}
        node = source(name, dict.fromkeys(texts, meta))
        self._described(node, texts)
        self.sources[node["unique_id"]] = {**node, "config": {}}
        return self

    def model(self, name: str, sql: str, texts: Texts, layer: str = "marts") -> Built:
        node = model(name, {key: {} for key in texts}, [*self.sources, *self.nodes])
        node["fqn"][2] = layer
        self._described(node, texts)
        self.nodes[node["unique_id"]], self.sql[node["unique_id"]] = node, sql
        return self

    def staging(self, name: str, reads: str, columns: Texts, kind: str = "text") -> Built:
        """A staging model that declares its columns: name here -> received name."""
        sql = ", ".join(f"{received} as {name}" for name, received in columns.items())
        self.model(name, f"select {sql} from raw.{reads}", {}, "staging")
        entries = [{"type": kind, "noms": [one], "colonne": received} for one, received in columns.items()]
        self.nodes[f"model.{PROJECT}.{name}"]["config"] = {"meta": {"colonnes": {}, "lecture": entries}}
        return self

    def manifest(self) -> Manifest:
        content = {"metadata": {"project_name": PROJECT}, "nodes": self.nodes, "sources": self.sources}
        inherit({**content, "macros": {}})
        return Manifest(content)

    def of(self, name: str) -> dict[str, Proposal]:
        manifest = self.manifest()
        found = Proposals(manifest, trace(manifest, self.sql, SEAL))
        node = next(one for one in manifest.of_type("source", "model") if one.name == name)
        return {one.column.column: one for one in found.of(node)}

    @staticmethod
    def _described(node: dict[str, Any], texts: Texts) -> None:
        for name, text in texts.items():
            node["columns"][name]["description"] = text


def test_a_rename_a_cast_and_a_union_pass_a_description_on() -> None:
    built = Built().source("a", {"x": "Le prix. Reçu : avec une virgule."}).source("b", {"x": "Le prix."})
    built.model(
        "m",
        "with tout as (select x as prix, 1 as n from raw.a union all select x, 2 from raw.b) "
        "select cast(prix as integer) as montant, n from tout",
        {"montant": "", "n": ""},
    )
    found = built.of("m")
    assert found["montant"].text == "Le prix."
    assert [(one.label, one.path) for one in found["montant"].origins] == [
        ("raw.a.x", "union, renommage, conversion"),
        ("raw.b.x", "union, renommage, conversion"),
    ]
    assert (found["n"].text, found["n"].why != "") == ("", True)


def test_origins_that_disagree_propose_nothing_and_are_quoted() -> None:
    built = Built().source("a", {"x": "Le prix."}).source("b", {"x": "Le poids."})
    built.model("m", "select x as y from raw.a union all select x from raw.b", {"y": ""})
    found = built.of("m")["y"]
    assert found.text == ""
    assert "« Le prix »" in found.why
    assert "« Le poids »" in found.why


def test_a_value_that_is_changed_or_plays_two_parts_inherits_nothing() -> None:
    built = Built().source("a", {"x": "Le matricule.", "d": "Un jour."}, PERSON)
    built.model(
        "m",
        "select upper(x) || 'a' as autre, d as debut, d as fin from raw.a",
        dict.fromkeys(("autre", "debut", "fin"), ""),
    )
    assert not any(one.text for one in built.of("m").values())


def test_a_pseudonym_says_of_what_it_is_one_and_takes_no_category() -> None:
    built = Built().source("a", {"x": "Le matricule. Reçu : cinq chiffres.", "y": "La rue."}, PERSON)
    mixed = f"case when y = 'z' then {HMAC.format('x')} end"
    built.model(
        "m", f"select {HMAC.format('x')} as cle, {mixed} as autre from raw.a", {"cle": "", "autre": ""}
    )
    found = built.of("m")
    assert (found["cle"].text, found["cle"].category) == ("Pseudonyme : Le matricule.", None)
    assert found["cle"].origins[0].path == "pseudonymisation"
    assert found["autre"].text == ""


def test_a_key_of_a_school_is_split_into_two_known_numbers() -> None:
    built = Built().source("a", {"ecole": "Clé de l'école."})
    built.staging("stg_a", "a", {"etablissement_id": "ecole", "implantation_id": "ecole"}, "school_key")
    (entry, _) = built.nodes[f"model.{PROJECT}.stg_a"]["config"]["meta"]["lecture"]
    entry["noms"] = ["etablissement_id", "implantation_id"]
    built.nodes[f"model.{PROJECT}.stg_a"]["config"]["meta"]["lecture"] = [entry]
    assert [one.text for one in built.of("stg_a").values()] == [
        "Numéro FASE de l'établissement.",
        "Numéro FASE de l'implantation.",
    ]


def test_a_category_rises_with_its_description_and_never_falls() -> None:
    built = Built().source("a", {"x": "Le matricule."}, PERSON).source("b", {"x": "Le prix."}, "aucune")
    built.model("m", "select a.x as qui, b.x as prix from raw.a as a, raw.b as b", {"qui": "", "prix": ""})
    built.nodes[f"model.{PROJECT}.m"]["columns"]["prix"]["config"]["meta"] = {"donnee_personnelle": PERSON}
    found = built.of("m")
    assert {name: (one.text, one.category) for name, one in found.items()} == {
        "qui": ("Le matricule.", PERSON),
        "prix": ("Le prix.", None),
    }


def test_a_source_takes_what_its_staging_says_but_not_a_mart_that_chooses_rows() -> None:
    built = Built().source("a", {"x": "", "y": "« y » dans le fichier."})
    built.staging("stg_a", "a", {"prix": "x", "code": "y"})
    built.nodes[f"model.{PROJECT}.stg_a"]["columns"]["prix"] = {"name": "prix", "description": "Le prix."}
    built.model("m", "select code from age.stg_a where prix = '1'", {"code": "Code des communes."})
    found = built.of("a")
    assert (found["x"].text, found["x"].origins[0].path) == ("Le prix.", "lecture, renommage")
    assert found["y"].text == ""


def test_names_are_known_when_conformed_or_when_two_sources_agree() -> None:
    built = Built().source(
        "a", {"rue": "Rue et numéro, en capitales.", "nature": "Le prix.", "etat": "Bon état."}
    )
    built.source("b", {"rue": "Rue et numéro.", "nature": "Le poids."})
    wanted = dict.fromkeys(("rue", "nature", "etat", "cp", "inconnue"), "")
    found = built.source("c", wanted).of("c")
    assert {name: one.text for name, one in found.items()} == {
        "rue": "Rue et numéro.",
        "nature": "",
        "etat": "",
        "cp": "Code postal.",
        "inconnue": "",
    }
    assert found["cp"].origins[0].path == "nom conforme"
    assert "seule de ce nom" in found["etat"].why


def test_another_type_is_another_thing() -> None:
    built = Built().source("a", {"cp": "« CP » dans le fichier. Reçu : nombre décimal."})
    assert built.of("a")["cp"].text == ""


def test_a_known_name_takes_the_complement_of_the_header_but_not_a_number() -> None:
    headers = {
        "c": "« Code postal du service » dans le fichier.",
        "n": "« Numéro BCE de la filiale » dans le fichier.",
    }
    found = Built().source("a", headers).of("a")
    assert {name: one.text for name, one in found.items()} == {"c": "Code postal du service.", "n": ""}


def test_a_former_name_keeps_its_words_and_gives_them_to_nobody() -> None:
    built = Built().source("a", {"x": "Le prix."})
    built.model("m", "select x as cout from raw.a", {"cout": "Ancien nom de prix."})
    former = {"ancien_nom": {"remplace_par": "prix", "retire_le": "2027-06-30"}}
    built.nodes[f"model.{PROJECT}.m"]["columns"]["cout"]["config"]["meta"] = former
    assert built.of("m") == {}
    built.model("n", "select cout as prix from age.m", {"prix": ""})
    assert built.of("n")["prix"].text == "Le prix."


def test_what_new_source_writes_is_not_yet_a_description() -> None:
    found = look(io.BytesIO(b"Code postal;Jour;x y\n5000;2025-01-31;a\n5001;2025-02-28;b\n"))
    assert all(is_unsaid(described(one, found)) for one in found.table.columns)
    assert not is_unsaid("Code postal.")


def test_the_first_that_is_filled_of_two_cells_is_neither() -> None:
    built = Built().source("a", {"x": "Nom français.", "y": "Nom néerlandais."})
    built.staging("stg_a", "a", {"nom": "x"})
    built.sql[f"model.{PROJECT}.stg_a"] = "select coalesce(x, y) as nom from raw.a"
    built.model("m", "select nom as titre from age.stg_a", {"titre": ""})
    assert built.of("m")["titre"].text == ""
