from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import encodings
from donnees_au_centre.landing.json_hints import shape_hint
from donnees_au_centre.landing.json_records import JsonRecords
from donnees_au_centre.landing.received import Withheld
from donnees_au_centre.landing.rejects import Reject
from tests.unit.landing_sources import table


def read(text: str | bytes, scalar_rows: bool = False, **options: Any) -> tuple[JsonRecords, list[Any]]:
    variant = table("age/essai/*.json", file_format="json", options=options).variants[0]
    records = JsonRecords(variant, scalar_rows)
    return records, list(records.read(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def rows(text: str | bytes, scalar_rows: bool = False, **options: Any) -> list[dict[str, str | None]]:
    return [record[1] for record in read(text, scalar_rows, **options)[1]]


def test_values_keep_their_text() -> None:
    text = '[{"n": 1.50, "e": 1E+2, "i": 12345678901234567890, "t": true, "f": false, "v": null, "s": "1.0"}]'
    assert rows(text) == [
        {
            "n": "1.50",
            "e": "1E+2",
            "i": "12345678901234567890",
            "t": "true",
            "f": "false",
            "v": None,
            "s": "1.0",
        }
    ]


def test_objects_are_flattened_and_lists_stay_json() -> None:
    text = (
        '[{"geo": {"lat": 1.10, "p": {"x": 2}}, "l": [1.0, "é", {"a": null}], "o": {}, "Nom complet": "é"}]'
    )
    assert rows(text) == [
        {"geo_lat": "1.10", "geo_p_x": "2", "l": '[1.0, "é", {"a": null}]', "o": "{}", "nom_complet": "é"}
    ]


@pytest.mark.parametrize(
    ("path", "text", "keys", "expected"),
    [
        ("*", '{"k": {"a": 1}, "l": {"a": 2}}', ["cle"], [{"cle": "k", "a": "1"}, {"cle": "l", "a": "2"}]),
        (
            "*.*",
            '{"e": {"2020": {"a": 1}, "2021": {"a": 2}}}',
            ["ecole", "annee"],
            [{"ecole": "e", "annee": "2020", "a": "1"}, {"ecole": "e", "annee": "2021", "a": "2"}],
        ),
        (
            "codes.*",
            '{"prefix": {"x": [1]}, "codes": {"001": {"a": 1}}}',
            ["code"],
            [{"code": "001", "a": "1"}],
        ),
        ("h.*", '{"d": "x", "h": [{"a": 1}, {"b": 2}], "z": [[1]]}', [], [{"a": "1"}, {"b": "2"}]),
        (
            "*.*",
            '{"p": [{"a": 1}], "s": [{"a": 2}]}',
            ["niveau"],
            [{"niveau": "p", "a": "1"}, {"niveau": "s", "a": "2"}],
        ),
    ],
)
def test_rows_are_found_by_path(path: str, text: str, keys: list[str], expected: list[Any]) -> None:
    assert rows(text, rows=path, keys=keys) == expected


def test_scalar_rows_need_the_column_valeur() -> None:
    text = '{"e": {"0": "u", "1": 2.0}}'
    assert rows(text, True, rows="*.*", keys=["ecole", "rang"]) == [
        {"ecole": "e", "rang": "0", "valeur": "u"},
        {"ecole": "e", "rang": "1", "valeur": "2.0"},
    ]
    assert [record.motif for record in read(text, rows="*.*")[1]] == ["pas_un_objet", "pas_un_objet"]


def test_fields_reach_deep() -> None:
    text = '[{"geopoint": [50.10, 4.2], "x": {"y": [{"z": "q"}]}}, {"geopoint": null}]'
    found = rows(text, fields={"latitude": "geopoint.0", "z": "x.y.0.z"})
    assert (found[0]["latitude"], found[0]["z"]) == ("50.10", "q")
    assert (found[1]["latitude"], found[1]["z"]) == (None, None)


def test_opendatasoft_envelopes() -> None:
    first = (
        '{"nhits": 3, "q": {"rows": 1}, "records": [{"recordid": "r", "fields": {"a": 1, "g": {"x": 2}}}]}'
    )
    records, found = read(first, envelope="opendatasoft_v1")
    assert found == [(1, {"recordid": "r", "a": "1", "g_x": "2"})]
    assert (records.announced, records.found) == (3, 1)
    records, found = read('{"results": [{"a": 1}], "total_count": 1}', envelope="opendatasoft_v2")
    assert found == [(1, {"a": "1"})]
    assert (records.announced, records.found) == (1, 1)


@pytest.mark.parametrize(
    ("record", "motif"),
    [
        ('{"a": 1, "a": 2}', "cle_en_double"),
        ('{"g": {"a": 1, "a": 2}}', "cle_en_double"),
        ('{"a": "x\\u0000y"}', "caractere_nul"),
        ('{"a": "\\ud800"}', "caractere_invalide"),
        ("3", "pas_un_objet"),
        ('["é"]', "pas_un_objet"),
    ],
)
def test_record_that_is_no_row_is_refused_alone(record: str, motif: str) -> None:
    text = f'[{{"a": "é"}}, {record}, {{"a": "fin"}}]'
    first, refused, last = read(text)[1]
    assert (first, last) == ((1, {"a": "é"}), (3, {"a": "fin"}))
    assert isinstance(refused, Reject)
    assert (refused.line, refused.motif, refused.text) == (2, motif, record)
    raw = text.encode()
    assert refused.offset is not None
    assert raw[refused.offset : refused.offset + len(refused.raw)] == refused.raw == record.encode()


def test_step_into_a_scalar_is_refused_alone() -> None:
    found = read('{"a": {"x": {"v": 1}}, "b": 3}', rows="*.*")[1]
    assert found[0] == (1, {"v": "1"})
    assert (found[1].line, found[1].motif, found[1].text) == (2, "pas_un_objet", "3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"a": 1},\n {"a": ', "ligne 2, colonne 8"),
        ('[{"a": 1},\n {"a": é}]', "ligne 2, colonne 8"),
        ('[{"a": 1}\n {"b": 1}]', "ligne 2, colonne 2"),
        ('[{"a": "x', "un texte s'ouvre"),
        ("[1, 2", "fin du fichier"),
        ('[{"a": 1}] {"b"', "du texte suit"),
        ("", "vide"),
        ("[" * 100_000, "imbriqués"),
        ("pas du json", "ligne 1, colonne 1|attend"),
    ],
)
def test_malformed_file_fails_with_its_place(text: str, words: str) -> None:
    with pytest.raises(PlatformError) as caught:
        read(text)
    assert any(word in caught.value.message for word in words.split("|"))


@pytest.mark.parametrize("nested", ["[" * 5000 + "]" * 5000, '{"a":' * 5000 + "1" + "}" * 5000])
def test_deep_values_fail_in_french_where_they_are_passed_over(nested: str) -> None:
    text = f'{{"x": {nested}, "data": [{{"a": 1}}]}}'
    with pytest.raises(PlatformError, match="imbriqués"):
        read(text, rows="data.*")
    variant = table("age/essai/*.json", file_format="json").variants[0]
    assert shape_hint(io.BytesIO(text.encode()), variant) == ""


def test_deep_record_is_refused_alone() -> None:
    deep = '{"a":' * 300 + "1" + "}" * 300
    assert rows(f"[{deep}]")[0].popitem()[1] == "1"
    lines = f'{{"b": 1}}\n{{"a": {"[" * 5000}{"]" * 5000}}}\n{{"b": 2}}'
    _, found = read(lines)
    assert refused(found) == [(2, "json_illisible")]
    assert found[-1] == (3, {"b": "2"})


def test_truncation_at_every_byte_is_noticed() -> None:
    whole = json.dumps(
        {"nhits": 2, "records": [{"fields": {"a": 1.5}}, {"fields": {"b": "é\n"}}], "z": [1, {}]}
    )
    assert len(read(whole, envelope="opendatasoft_v1")[1]) == 2
    for length in range(len(whole)):
        with pytest.raises(PlatformError):
            read(whole[:length], envelope="opendatasoft_v1")


def test_chunk_ends_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [{"n": 10**k, "t": 'é\\"\n€' * k, "o": {"x": [True, None, -1.5e3]}} for k in range(12)]
    text = json.dumps({"skip": records, "records": records}, indent=1)
    lines = "\n".join(map(json.dumps, records))
    whole, whole_lines = rows(text, rows="records.*"), rows(lines)
    monkeypatch.setattr("donnees_au_centre.landing.json_records.CHUNK", 1)
    monkeypatch.setattr(encodings, "CHUNK", 1)
    assert rows(text, rows="records.*") == whole
    assert rows("\ufeff" + text, rows="records.*") == whole
    assert rows("\ufeff" + lines) == rows(lines.encode("utf-16"), encoding="utf-16") == whole_lines
    assert rows(text.encode("utf-16"), rows="records.*", encoding="utf-16") == whole


def test_wrong_encoding_fails_the_file() -> None:
    with pytest.raises(PlatformError, match="octet invalide"):
        read(b'[{"a": "\xe9"}]')


def test_missing_step_keeps_what_is_there() -> None:
    with pytest.raises(Withheld, match="« records » manque ; l'objet a 2 clés") as caught:
        read('{"lignes": [], "total": 0}', rows="records.*")
    assert caught.value.words == ("lignes", "total")


def test_memory_is_that_of_one_record() -> None:
    record = '{"a": "' + "x" * 200 + '", "b": 1}'
    text = ("[" + ",\n".join([record] * 50_000) + "]").encode()
    variant = table("age/essai/*.json", file_format="json").variants[0]
    tracemalloc.start()
    count = sum(1 for _ in JsonRecords(variant, False).read(io.BytesIO(text)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < len(text) / 2


def refused(found: list[Any]) -> list[tuple[int, str]]:
    return [(record.line, record.motif) for record in found if isinstance(record, Reject)]


@pytest.mark.parametrize("declared", ["*", "lines"])
def test_one_object_a_line_is_read_and_a_bad_line_is_refused_alone(declared: str) -> None:
    text = '{"id": 1, "nom": "é"}\r\n\n{"id": 2, "nom"}\n[3]\n{"id": 4}'
    records, found = read(text, rows=declared)
    assert [found[0], found[-1]] == [(1, {"id": "1", "nom": "é"}), (5, {"id": "4"})]
    assert refused(found) == [(3, "json_illisible"), (4, "pas_un_objet")]
    bad = found[1]
    assert (bad.detail, bad.text) == ("colonne 16 : « : » est attendu", '{"id": 2, "nom"}')
    assert text.encode()[bad.offset :].startswith(bad.raw)
    assert records.blank_lines == 1


def test_lines_of_other_encodings() -> None:
    text = '{"id": 1}\n{"id": "é"}\n'
    assert rows(text.encode("utf-16"), encoding="utf-16") == [{"id": "1"}, {"id": "é"}]
    assert rows(text.encode("cp1252"), encoding="cp1252")[1] == {"id": "é"}
    assert refused(read(text.encode("cp1252"))[1]) == [(2, "octets_invalides")]


def test_one_object_of_one_line_is_a_line_only_where_declared() -> None:
    assert rows('{"id": 1}\n', rows="lines") == [{"id": "1"}]
    assert refused(read('{"id": 1}\n')[1]) == [(1, "pas_un_objet")]


NESTED = json.dumps(
    {
        "le": "2024",
        "ecoles": [{"classes": [{"n": 1}, {"n": 2}], "id": 7}, {"id": 8, "classes": None}, {"id": 9}],
    }
)


def test_rows_inside_rows_keep_what_the_declaration_names() -> None:
    options = {"rows": "ecoles.*.classes.*", "parents": {"ecole_id": "id", "jour": "le"}}
    assert rows(NESTED, **options) == [
        {"ecole_id": "7", "jour": "2024", "n": "1"},
        {"ecole_id": "7", "jour": "2024", "n": "2"},
    ]
    lines = '{"id": 7, "classes": [{"n": 1}]}\n{"id": 8, "classes": [{"n": 2}, 3]}'
    _, found = read(lines, rows="*.classes.*", parents={"ecole_id": "id"})
    assert found[:2] == [(1, {"ecole_id": "7", "n": "1"}), (2, {"ecole_id": "8", "n": "2"})]
    assert refused(found) == [(3, "pas_un_objet")]


def test_rows_inside_rows_are_refused_when_nothing_says_whose_they_are() -> None:
    with pytest.raises(Withheld) as caught:
        rows(NESTED, rows="ecoles.*.classes.*")
    assert "1 autre membre " in caught.value.message
    assert caught.value.words == ("id",)
    assert "`parents: {<colonne>: <membre>}`" in caught.value.advice
    assert "`rows: 'ecoles.*'`" in caught.value.advice
    assert rows(NESTED, rows="ecoles.*.classes.*", parents={}) == [{"n": "1"}, {"n": "2"}]


def test_step_that_no_row_has_fails_and_one_that_some_have_does_not() -> None:
    with pytest.raises(PlatformError, match="l'objet a 1 clé"):
        rows('[{"id": 1}]', rows="*.classes.*", parents={})
    assert rows('[{"id": 1}, {"classes": [{"n": 1}]}]', rows="*.classes.*", parents={}) == [{"n": "1"}]


def test_two_members_with_one_column_cost_one_record() -> None:
    text = '[{"id": 1, "nom_fr": "A"}, {"id": 2, "nom": {"fr": "B"}}, {"charge_le": 3}, {"id": 4}]'
    records, found = read(text)
    assert records.taken == 2
    assert [found[0], found[3]] == [(1, {"id": "1", "nom_fr": "A"}), (4, {"id": "4"})]
    assert refused(found) == [(2, "nom_de_colonne"), (3, "nom_de_colonne")]
    assert "`fields: {<colonne>: nom.fr}`" in found[1].detail
    declared = rows(text, fields={"nom_traduit": "nom.fr", "recu_le": "charge_le"})
    assert declared[1] == {"id": "2", "nom_traduit": "B", "recu_le": None}
    assert declared[2]["recu_le"] == "3"


def test_keys_without_a_column_are_noticed() -> None:
    assert read('{"k": {"a": 1}}')[0].keys_lost
    assert not read('{"k": {"a": 1}}', keys=["cle"])[0].keys_lost


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ('{"meta": {"n": 2}, "data": [{"id": 1}]}', {}, "écrivez `rows: data.*`"),
        ('{"result": {"records": [{"id": 1}]}}', {}, "écrivez `rows: result.records.*`"),
        ('{"total_count": 1, "results": [{"id": 1}]}', {}, "écrivez `envelope: opendatasoft_v2`"),
        (
            '{"nhits": 1, "records": [{"id": 1}]}',
            {"envelope": "opendatasoft_v2"},
            "écrivez `envelope: opendatasoft_v1`",
        ),
        ('{"error": {"code": 404}, "path": "/x"}', {}, "réponse d'erreur d'un service"),
        ('{"status": 503, "message": "indisponible"}', {}, "réponse d'erreur d'un service"),
        ('{"error": "absent"}', {"rows": "data.*"}, "réponse d'erreur d'un service"),
        ('{"id": 1, "nom": "A"}', {}, "`rows: lines`"),
        ('[{"id": 1}]', {}, ""),
        ('{"data": [{"id": 1}]}', {"rows": "data.*"}, ""),
    ],
)
def test_hint_says_where_the_rows_are(text: str, options: dict[str, Any], said: str) -> None:
    variant = table("age/essai/*.json", file_format="json", options=options).variants[0]
    hint = shape_hint(io.BytesIO(text.encode()), variant)
    assert said in hint if said else hint == ""
