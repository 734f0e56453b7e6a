from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest

from orchestration.errors import PlatformError
from orchestration.landing import encodings
from orchestration.landing.json_records import JsonRecords
from orchestration.landing.rejects import Reject
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
        ('{"a": 1}\n{"a": 2}', "du texte suit"),
        ("", "vide"),
        ("[" * 100_000, "imbriqués"),
        ("pas du json", "ligne 1, colonne 1|attend"),
    ],
)
def test_malformed_file_fails_with_its_place(text: str, words: str) -> None:
    with pytest.raises(PlatformError) as caught:
        read(text)
    assert any(word in caught.value.message for word in words.split("|"))


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
    whole = rows(text, rows="records.*")
    monkeypatch.setattr("orchestration.landing.json_records.CHUNK", 1)
    monkeypatch.setattr(encodings, "CHUNK", 1)
    assert rows(text, rows="records.*") == whole
    assert rows("\ufeff" + text, rows="records.*") == whole
    assert rows(text.encode("utf-16"), rows="records.*", encoding="utf-16") == whole


def test_wrong_encoding_fails_the_file() -> None:
    with pytest.raises(PlatformError, match="octet invalide"):
        read(b'[{"a": "\xe9"}]')


def test_missing_step_lists_what_is_there() -> None:
    with pytest.raises(PlatformError, match="clés présentes : lignes, total"):
        read('{"lignes": [], "total": 0}', rows="records.*")


def test_two_members_with_one_column_fail_the_file() -> None:
    with pytest.raises(PlatformError, match=r"geo\.lat.*geo_lat|geo_lat.*geo\.lat"):
        read('[{"geo": {"lat": 1}}, {"geo_lat": 2}]')


def test_memory_is_that_of_one_record() -> None:
    record = '{"a": "' + "x" * 200 + '", "b": 1}'
    text = ("[" + ",\n".join([record] * 100_000) + "]").encode()
    variant = table("age/essai/*.json", file_format="json").variants[0]
    tracemalloc.start()
    count = sum(1 for _ in JsonRecords(variant, False).read(io.BytesIO(text)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < len(text) / 2
