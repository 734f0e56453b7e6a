from __future__ import annotations

from typing import Any

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import read_declarations
from tests.unit.landing_sources import as_nodes, source, table


def test_reads_a_table() -> None:
    declared = table(
        "age/ise/ise_{edition}.csv",
        ("etablissement", "edition"),
        options={"encoding": "latin1", "header": False},
        name="ise",
        identifier="ise_brut",
    )
    assert (declared.domain, declared.source, declared.name) == ("age", "essai", "ise")
    assert (declared.schema, declared.identifier) == ("raw_age", "ise_brut")
    variant, captured = declared.match("age/ise/ise_2024.csv") or pytest.fail("no match")
    assert captured == {"edition": "2024"}
    assert (variant.encoding.codec, variant.header, variant.delimiter) == ("iso8859-1", False, ",")
    assert declared.required_columns(variant) == ("etablissement",)


def test_sources_without_external_are_left_alone() -> None:
    plain = source(name="autre") | {"external": None}
    assert [table.name for table in read_declarations(as_nodes(plain, source()))] == ["essai"]


@pytest.mark.parametrize(
    ("location", "path", "matches"),
    [
        ("age/essai/*.csv", "age/essai/x.csv", True),
        ("age/essai/*.csv", "age/essai/sous/x.csv", False),
        ("age/essai/x?.csv", "age/essai/x1.csv", True),
        ("age/essai/x?.csv", "age/essai/x12.csv", False),
        ("age/essai/x+(1).csv", "age/essai/x+(1).csv", True),
        ("age/essai/{annee:202[0-3]}.csv", "age/essai/2023.csv", True),
        ("age/essai/{annee:202[0-3]}.csv", "age/essai/2024.csv", False),
        ("age/essai/{nom}.csv", "age/essai/.csv", False),
    ],
)
def test_location_is_a_pattern(location: str, path: str, matches: bool) -> None:
    assert (table(location).match(path) is not None) is matches


def test_variants_inherit_and_the_first_match_wins() -> None:
    declared = table(
        "age/essai/x_{annee}.csv",
        options={
            "delimiter": ";",
            "optional": ["b"],
            "variants": [
                {"name": "ancien", "location": "age/essai/x_2019.csv", "encoding": "cp1252"},
                {"name": "actuel", "renames": {"aa": "a"}},
                {"name": "classeur", "location": "age/essai/x_*.xlsx", "file_format": "xlsx"},
            ],
        },
    )
    assert [variant.name for variant in declared.variants] == ["ancien", "actuel", "classeur"]
    old, recent, sheet = declared.variants
    assert (old.encoding.codec, old.delimiter, old.optional) == ("cp1252", ";", ("b",))
    assert (recent.location, recent.renames) == ("age/essai/x_{annee}.csv", {"aa": "a"})
    assert sheet.optional == ("b",)
    assert (declared.match("age/essai/x_2019.csv") or pytest.fail("no match"))[0] is old
    assert declared.columns == ("a", "b", "annee")


def test_own_location_stays_first_beside_variants_elsewhere() -> None:
    declared = table(
        "age/essai/*.json",
        file_format="json",
        options={"variants": [{"name": "plat", "location": "age/essai/*.csv", "file_format": "csv"}]},
    )
    assert [variant.name for variant in declared.variants] == ["principal", "plat"]


def test_fingerprint_follows_what_decides_the_rows() -> None:
    one, described = table(), table()
    other = table(options={"delimiter": ";"})
    longer = table(columns=("a", "b", "c"))
    shapes = [{"header_row": 5}, {"header_rows": 2}, {"names": "position"}, {"footer": "Source.*"}]
    shapes += [{"comment": "#"}, {"short_rows": True}, {"long_rows": True}, {"beside": "b"}, {"member": "*"}]
    others = [table(options=shape) for shape in shapes]
    prints = [
        declared.fingerprint(declared.variants[0]) for declared in (one, described, other, longer, *others)
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3 + len(shapes)


@pytest.mark.parametrize(
    ("changes", "option", "words"),
    [
        ({"options": {"delimitter": ";"}}, "delimitter", "Options permises : delimiter"),
        ({"file_format": "orc"}, "file_format", "csv, json, fixed"),
        ({"location": None}, "location", "location"),
        ({"location": "../x.csv"}, "location", "zone de dépôt"),
        ({"location": "age/{a b}.csv"}, "location", "motif"),
        ({"location": "age/{a}/{a}.csv"}, "location", "motif"),
        ({"location": "age/{Année}.csv"}, "location", "motif|colonne"),
        ({"options": {"encoding": "klingon"}}, "encoding", "utf-8"),
        ({"options": {"encoding": "shift_jis"}}, "encoding", "utf-8"),
        ({"options": {"delimiter": ";;"}}, "delimiter", "un caractère"),
        ({"options": {"delimiter": "1"}}, "delimiter", "un caractère"),
        ({"options": {"delimiter": '"'}}, "delimiter", "un caractère"),
        ({"options": {"header": "non"}}, "header", "true ou false"),
        ({"options": {"optional": ["z"]}}, "optional", "columns:"),
        ({"options": {"renames": {"x": "z"}}}, "renames", "columns:"),
        ({"options": {"rows": "*"}}, "rows", "Options permises"),
        ({"options": {"variants": {"name": "x"}}}, "variants", "name"),
        ({"options": {"variants": [{"name": "x"}, {"name": "x"}]}}, "variants", "distincts"),
        ({"columns": ("Nom",)}, "columns", "minuscules"),
        ({"columns": ("source_ligne",)}, "columns", "réservés"),
        ({"columns": (), "options": {"header": False}}, "header", "columns:"),
        ({"file_format": "json", "options": {"envelope": "odata"}}, "envelope", "opendatasoft_v1"),
        ({"file_format": "json", "options": {"rows": "a..b"}}, "rows", "point"),
        ({"file_format": "json", "options": {"fields": {"x": 1}}}, "fields", "geopoint.0"),
        ({"file_format": "xlsx", "options": {"header_row": 0}}, "header_row", "à partir de 1"),
        ({"file_format": "xlsx", "options": {"sheet": True}}, "sheet", "rang"),
        ({"options": {"header_row": "5"}}, "header_row", "à partir de 1"),
        ({"options": {"header_rows": True}}, "header_rows", "à partir de 1"),
        ({"options": {"header_rows": 2, "header": False}}, "header", "header_rows"),
        ({"options": {"names": "ordre"}}, "names", "position"),
        ({"columns": (), "options": {"names": "position"}}, "names", "columns:"),
        ({"options": {"footer": "("}}, "footer", "Source.*"),
        ({"options": {"footer": 3}}, "footer", "guillemets"),
        ({"options": {"comment": ",#"}}, "comment", "début de ligne"),
        ({"options": {"short_rows": "oui"}}, "short_rows", "true ou false"),
        ({"options": {"beside": "note"}}, "beside", "columns:"),
        ({"options": {"max_unpacked": 0}}, "max_unpacked", "à partir de 1"),
        ({"file_format": "json", "options": {"footer": "x"}}, "footer", "Options permises"),
        ({"file_format": "xlsx", "options": {"sheet": 1, "sheets": ["b"]}}, "sheets", "pas les deux"),
        ({"file_format": "xlsx", "options": {"sheets": [""]}}, "sheets", "entre guillemets"),
        ({"file_format": "xlsx", "options": {"sheet_column": "Année"}}, "sheet_column", "minuscules"),
        ({"file_format": "xlsx", "options": {"range": "F:A"}}, "range", "A:F"),
        ({"file_format": "xlsx", "options": {"range": "A1:F9"}}, "range", "A:F"),
        ({"file_format": "json", "options": {"parents": ["id"]}}, "parents", "ecole_id: id"),
    ],
)
def test_mistakes_name_source_table_and_option(changes: dict[str, Any], option: str, words: str) -> None:
    with pytest.raises(PlatformError) as caught:
        read_declarations(as_nodes(source(**changes)))
    assert "source essai, table essai" in caught.value.message
    assert f"option « {option} »" in caught.value.message
    assert any(word in str(caught.value) for word in words.split("|"))
    assert "_essai__sources.yml" in caught.value.advice


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("age/essai/x_{annee:yyyy}.csv", "csv"),
        ("age/essai/x_{jour:yyyy-MM-dd}.json.gz", "json"),
        ("age/essai/*.xlsx", "xlsx"),
    ],
)
def test_the_end_of_a_location_says_the_format(location: str, said: str) -> None:
    [variant] = table(location, file_format=None).variants
    assert variant.file_format == said


def test_a_variant_of_another_ending_is_of_another_format() -> None:
    other = {"name": "b", "location": "age/essai/x.csv", "delimiter": ";"}
    declared = table("age/essai/x.json", file_format=None, options={"variants": [other]})
    assert [variant.file_format for variant in declared.variants] == ["json", "csv"]


def test_a_location_that_says_no_format_needs_one() -> None:
    with pytest.raises(PlatformError, match=r"« age/essai/\* » ne le dit pas"):
        table("age/essai/*", file_format=None)


def test_two_tables_with_one_relation_are_refused() -> None:
    with pytest.raises(PlatformError, match=r"raw_age\.commune"):
        read_declarations(as_nodes(source(name="x", identifier="commune"), source(name="commune")))


def test_the_tables_of_the_loader_are_nobody_elses() -> None:
    for name in ("rejets_chargement", "lignes_modifiees", "chargements_presents"):
        with pytest.raises(PlatformError, match="table du chargement lui-même"):
            read_declarations(as_nodes(source(name=name)))


def test_a_declaration_to_correct_leaves_the_others_to_be_loaded() -> None:
    faults: list[PlatformError] = []
    wrong = source(name="fausse", file_format="orc")
    declared = read_declarations(as_nodes(wrong, source(name="bonne")), faults)
    assert [table.name for table in declared] == ["bonne"]
    assert ["fausse" in str(fault) and "orc" in str(fault) for fault in faults] == [True]
