"""The types that `new-model` guesses from received cells."""

from __future__ import annotations

from collections import Counter

import pytest

from donnees_au_centre.discovery.source_types import typed
from donnees_au_centre.discovery.typings import TEXT, Typing, guess

SPACED = "group_separators=[' ']"
POINTED = "group_separators=['.']"
COMMA = "decimal_separator=','"
COMMAS = "group_separators=[',']"


@pytest.mark.parametrize(
    ("name", "cells", "typing"),
    [
        ("annee", ["2023", "2024", None, " "], Typing("to_integer")),
        ("solde", ["-5", "0", "12"], Typing("to_integer")),
        ("habitants", ["1 234", "12", "1\u00a0234\u202f567"], Typing("to_integer", (SPACED,))),
        ("n", ["12", "#N/A", "13"], Typing("to_integer")),
        ("code_postal", ["1000", "5000"], Typing("to_code", ("'[0-9]{4}'",))),
        ("numero", ["0012", "1234"], Typing("to_code", ("'[0-9]{4}'",))),
        ("numero", ["012", "1234"], TEXT),
        ("dossier", ["12345678901", "22345678901"], Typing("to_code", ("'[0-9]{11}'",))),
        ("montant", ["12345678901", "7"], Typing("to_decimal", ("14", "0"))),
        ("prix", ["12.5", "1234.56", "7"], Typing("to_decimal", ("9", "2"))),
        ("montant", ["12,5", "1 234,56"], Typing("to_decimal", ("9", "2", COMMA, SPACED))),
        ("montant", ["1.234,5", "7,25"], Typing("to_decimal", ("9", "2", COMMA, POINTED))),
        ("latitude", ["50.4754410000001", "49.5"], Typing("to_decimal", ("11", "6", "round=true"))),
        ("ambigu", ["1,234", "2,345"], TEXT),
        ("ambigu", ["1.234", "2.345"], TEXT),
        ("latitude", ["50.125", "50.375"], Typing("to_decimal", ("8", "3"))),
        ("debut", ["2024-02-29", "2024-03-01"], Typing("to_date", ("'yyyy-MM-dd'",))),
        ("debut", ["29/02/2024"], Typing("to_date", ("'dd/MM/yyyy'",))),
        ("debut", ["5/3/2024", "15/12/2024"], Typing("to_date", ("'d/M/yyyy'",))),
        ("debut", ["29-02-24"], Typing("to_date", ("'dd-MM-yy'",))),
        ("debut", ["2024-02-29T00:00:00"], Typing("to_date", ("\"yyyy-MM-dd'T'HH:mm:ss\"",))),
        ("modifie", ["2024-02-29T10:00:00", "2024-02-29 00:00:00.123456+00"], Typing("to_moment")),
        ("modifie", ["2024-02-29T10:00+01:00"], Typing("to_moment")),
        ("recu", ["29/02/2024 10:00", "01/03/2024 00:00"], Typing("to_moment", ("'dd/MM/yyyy HH:mm'",))),
        ("recu", ["29/02/2024 00:00"], Typing("to_date", ("'dd/MM/yyyy HH:mm'",))),
        ("debut", ["12/31/2024", "31/12/2024"], TEXT),
        ("debut", ["2024/02/29", "2024/03/01"], Typing("to_date", ("'yyyy/MM/dd'",))),
        ("date_debut", ["20240229", "20240301"], Typing("to_date", ("'yyyyMMdd'",))),
        ("date_fin", ["29022024", "01032024"], Typing("to_date", ("'ddMMyyyy'",))),
        ("dossier", ["20240229", "20240301"], Typing("to_integer")),
        ("montant", ["12,345.60", "7.25", "1,204.10"], Typing("to_decimal", ("10", "2", COMMAS))),
        ("part", ["0.025", "31913", "70500"], Typing("to_decimal", ("11", "3"))),
        # Departments of Corsica: letters among codes, be they rare.
        ("numero", [*map(str, range(1001, 1097)), "2A04", "2B05", "2B33"], TEXT),
        ("siren", ["240100156", "240200444"], Typing("to_code", ("'[0-9]{9}'",))),
        ("pmr", ["Oui", "NON", "oui"], Typing("to_boolean")),
        ("actif", ["Yes", "no"], Typing("to_boolean")),
        ("actief", ["Ja", "Nee", "ja"], Typing("to_boolean")),
        ("actif", ["Y", "N", "n"], Typing("to_boolean")),
        ("statut", ["N", "N"], TEXT),
        ("hemisphere", ["N", "S"], TEXT),
        ("drapeau", ["0", "1"], Typing("to_integer")),
        ("jour", ["12/31/2024", "01/02/2024"], Typing("to_date", ("'MM/dd/yyyy'",))),
        ("jour", ["1/31/2024", "11/2/2024"], Typing("to_date", ("'M/d/yyyy'",))),
        ("jour", ["01/31/24"], Typing("to_date", ("'MM/dd/yy'",))),
        ("jour", ["1/31/24", "11/2/24"], Typing("to_date", ("'M/d/yy'",))),
        ("jour", ["31/1/24", "2/11/24"], Typing("to_date", ("'d/M/yy'",))),
        ("jour", ["01/02/2024", "03/04/2024"], Typing("to_date", ("'dd/MM/yyyy'",))),
        ("envoi", ["5/19/2024 0:00:00", "12/3/2024 0:00:00"], Typing("to_date", ("'M/d/yyyy H:mm:ss'",))),
        ("envoi", ["19/5/2024 8:30:00"], Typing("to_moment", ("'d/M/yyyy H:mm:ss'",))),
        ("expire", ["1/2025", "12/2026"], TEXT),
        ("aide_commune", ["900", "15000", "130000"], Typing("to_integer")),
        ("code_commune", ["900", "15000", "130000"], TEXT),
        ("montant", [*(f"12345678{place:02d}" for place in range(40)), "123456789"],
         Typing("to_decimal", ("13", "0"), 1.0)),
        ("id", [*map(str, range(1, 60)), "Source : SPF, 2024"], Typing("to_integer", (), 0.983)),
        ("speaker_id", ["11000001", "999990103", "11004930001"], TEXT),
        ("isbn", ["2070360024", "9782070360024"], TEXT),
        ("ins", ["80642", "9375", "130000"], Typing("to_integer")),
        ("id_beneficiaire", [*(f"2253000110{place:04d}" for place in range(40)), "9999"],
         Typing("to_code", ("'[0-9]{14}'",), 0.976)),
        ("phone", ["5551234", "0475123456", "5559876"], TEXT),
        ("effectif", ["10", "[c]", "20", "**"], Typing("to_integer")),
        ("menages", ["2,666", "498", "3,108", "22,927", "577", "4,497", "20,725", "1,611", "4,666", "4,319"],
         Typing("to_integer", (COMMAS,))),
        ("mesure", ["2,666", "498", "3,108"], TEXT),
        ("nom", ["Ath", "Mons"], TEXT),
        ("vide", [None, "", " "], TEXT),
        # One cell in twenty may be dirty: the écarts will tell.
        ("annee", ["2024"] * 19 + ["inconnue"], Typing("to_integer")),
        ("annee", ["2024"] * 9 + ["inconnue"], TEXT),
    ],
)  # fmt: skip
def test_a_type_is_guessed(name: str, cells: list[str | None], typing: Typing) -> None:
    assert guess(name, Counter(cells)) == typing


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        ("bool", ["t", "f"], Typing("to_boolean")),
        ("tinyint(1)", ["0", "1"], Typing("to_boolean")),
        ("tinyint(1)", ["0", "7"], Typing("to_integer")),
        ("bigint", ["1", "2"], Typing("to_decimal", ("19", "0"))),
        ("int unsigned", ["1", "2"], Typing("to_decimal", ("19", "0"))),
        ("numeric(38, 10)", ["0.1000000000"], Typing("to_decimal", ("38", "10"))),
        ("numeric(4, 4)", ["0.1000"], Typing("to_decimal", ("5", "4"))),
        ("numeric(5)", [], Typing("to_integer")),
        ("float8", ["1.234", "2.345"], Typing("to_decimal", ("7", "3"))),
        ("timestamptz", ["2026-01-01 00:00:00+00"], Typing("to_moment")),
        ("timestamp(3) without time zone", [], Typing("to_moment")),
        ("date", [], Typing("to_date", ("'yyyy-MM-dd'",))),
        ("numeric", ["NaN"], TEXT),
        ("_int4", ["{1,2}"], TEXT),
        ("timestamptz", ["2026-01-01 22:00:00+00"], Typing("to_moment")),
        ("datetime", ["2026-01-01T00:00:00+00:00"], Typing("to_date", ("\"yyyy-MM-dd'T00:00:00+00:00'\"",))),
    ],
)
def test_the_type_that_a_source_names_says_more_than_its_cells(
    kind: str, cells: list[str], expected: Typing
) -> None:
    received = dict(Counter(cells))
    assert typed(kind, guess("colonne", received), received) == expected


def test_a_code_stays_a_code_whatever_its_type() -> None:
    received = {"4000": 3, "1000": 5}
    assert typed("int4", guess("code_postal", received), received).macro == "to_code"
