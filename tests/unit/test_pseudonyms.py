"""What stands for a personal value: never the value, of the same form, the same one for the same one."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from donnees_au_centre.discovery.checks import is_bce_number, is_iban, is_national_number
from donnees_au_centre.privacy.copying import _bytes, _text
from donnees_au_centre.privacy.pseudonyms import Pseudonyms, pool

KEY = b"une cle d'essai qui a 32 octets."


@pytest.fixture
def made() -> Pseudonyms:
    return Pseudonyms(KEY)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Dupont-Lejeune", r"[A-Z][a-z]{5}-[A-Z][a-z]{6}"),
        ("Hélène d'Ôrval", r"[A-Z][à-ü][a-z][à-ü][a-z]{2} [a-z]'[À-Ü][a-z]{4}"),
        ("J0000169", r"J0\d{6}"),
        ("PC-2023-000001", r"PC-[1-9]\d{3}-0\d{5}"),
        ("marie.dupont@fwb.be", r"[a-z]{5}\.[a-z]{6}@[a-z]{3}\.invalid"),
        ("marie.dupont@@fwb.be", r"[a-z]{5}\.[a-z]{6}@@[a-z]{3}\.[a-z]{2}"),
        ("+32 475 12 34 56", r"\+32 \d{3} \d\d \d\d \d\d"),
        ("0475/12.34.56", r"0\d{3}/\d\d\.\d\d\.\d\d"),
        ("Rue de Loi 16, 1040 Mons", r"[A-Z][a-z]{2} [a-z]{2} [A-Z][a-z]{2} \d\d, \d{4} [A-Z].{3}"),
        ("-1 234,50", r"-[1-9] [1-9]\d{2},[1-9]\d|-[1-9] \d{3},\d\d"),
        # What does not parse is not copied as it is either.
        ("12/03/1985 Dupont", r"[1-9]\d/0\d/[1-9]\d{3} [A-Z][a-z]{5}"),
        ("né vers 1985", r"[a-z][à-ü] [a-z]{4} [1-9]\d{3}"),
        ("Ωμέγα", r"[À-Üà-ü]{5}"),
    ],
)  # fmt: skip
def test_a_value_becomes_another_of_its_form(made: Pseudonyms, value: str, shape: str) -> None:
    found = made.of(value)
    assert re.fullmatch(shape, found), found
    assert not set(re.findall(r"\w{4,}", value)) & set(re.findall(r"\w{4,}", found))


@pytest.mark.parametrize("value", ["", "  ", "-", "?", "#N/A", "#VALEUR!", "0", "0,00", "0 €"])
def test_what_says_nothing_stays(made: Pseudonyms, value: str) -> None:
    assert made.of(value) == value


def test_two_values_never_become_one_and_one_never_two(made: Pseudonyms) -> None:
    for values in (
        [f"{one:05}" for one in range(1, 5000)],
        [f"{one // 100},{one % 100:02}" for one in range(5000)],
        [first + second + third for first in "abcdefghijklm" for second in "éèàz" for third in "0123"],
    ):
        assert len({made.of(value) for value in values}) == len(values)
    again = Pseudonyms(KEY)
    assert again.of("Dupont") == made.of("Dupont") != Pseudonyms(KEY[::-1]).of("Dupont")
    # What a model makes one by capitals and spaces stays so.
    assert made.of("DUPONT  jean") == made.of("dupont JEAN").replace(" ", "  ").swapcase()
    assert made.of(" Dupont\t") == f" {made.of('Dupont')}\t"


def test_numbers_keep_their_check_digits(made: Pseudonyms) -> None:
    written = ("0403.227.515", "0403227515", "BE 0403.227.515", "403227515")
    enterprises = [made.of(one) for one in written]
    assert all(map(is_bce_number, enterprises))
    # Of one enterprise however it is written.
    assert (
        len({re.sub(r"\D", "", one).zfill(10) for one in enterprises}) == 1 and enterprises[0] != written[0]
    )
    for number in ("85.07.30-033.28", "85073003328", "00.02.29-001.62", "85400000109"):
        if is_national_number(number):
            assert is_national_number(made.of(number)) and made.of(number) != number
    assert is_iban(made.of("BE68 5390 0754 7034")) and made.of("BE68 5390 0754 7034") != "BE68 5390 0754 7034"
    ranks = [f"850730{rank:03}" for rank in range(1, 998)]
    people = [f"{rank}{97 - int(rank) % 97:02}" for rank in ranks]
    assert len({made.of(one) for one in people}) == len(people)


def test_a_day_keeps_its_month_its_order_and_its_dirt(made: Pseudonyms) -> None:
    for month in range(1, 13):
        (moved,) = {made.of(f"{day:02}/{month:02}/2020") for day in range(1, 29)}
        day, same, year = map(int, moved.split("/"))
        # Never one that can be taken for a month.
        assert (same, year) == (month, 2020) and date(year, same, day) and day > 12
    assert (
        made.of("2020-02-03T10:20:30Z")[:8] == "2020-02-"
        and made.of("2020-02-03T10:20:30Z")[10:] == "T00:00:00Z"
    )
    assert re.fullmatch(r"06/(1[3-9]|2\d)/2020", made.of("06/25/2020")), "month first: still dirt"
    assert made.of("31/02/2020") == "99/99/2020"
    assert made.of("20200203", dated=True)[:6] == "202002" and made.of("20200203")[:6] != "202002"


def test_a_json_keeps_its_members_and_loses_its_values(made: Pseudonyms) -> None:
    found = json.loads(made.of('[{"nom": "Dupont", "Dupont": ["02 123 45 67", 12.5, true, null]}]'))
    assert [*found[0]] == ["nom", made.of("Dupont")] and found[0]["nom"] == made.of("Dupont")
    phone, number, *rest = found[0][made.of("Dupont")]
    assert phone != "02 123 45 67" and number != 12.5 and rest == [True, None]
    assert "Dupont" not in made.of('{"nom": "Dupont"'), "an unfinished one is text"


def test_a_long_text_is_hidden_to_its_last_letter(made: Pseudonyms) -> None:
    text = "abcdefghij" * 1000
    found = made.of(text)
    assert len(found) == len(text)
    assert sum(one == other for one, other in zip(text, found, strict=True)) < len(text) / 15


def test_a_drawn_value_is_one_that_many_bear(made: Pseudonyms) -> None:
    like = pool({"F": 600, "M": 400, "1": 7})
    drawn = [made.drawn("F", "sexe", str(person), like) for person in range(1000)]
    assert set(drawn) == {"F", "M"} and 0.5 < drawn.count("F") / len(drawn) < 0.7
    assert made.drawn("M", "sexe", "7", like) == drawn[7]
    towns = pool({"Liège": 8, "La Louvière": 9})
    assert made.drawn("Herstappe-la-Petite", "commune", "7", towns) in ("Liège", "La Louvière")
    # Dirt is nobody's code: it stays dirt, and is not copied.
    assert re.fullmatch(r"[1-9]\d[A-Z]\d", made.drawn("12A4", "code", "7", like))
    assert made.drawn("-", "code", "7", like) == "-"


def test_what_the_project_names_itself_stays(made: Pseudonyms) -> None:
    assert made.of(" TOTAL ", kept=frozenset({"TOTAL"})) == " TOTAL "
    assert made.of("TOTAUX", kept=frozenset({"TOTAL"})) != "TOTAUX"


def test_cells_go_through_copy_as_they_are() -> None:
    text = "a\tb\\c\nd\re\bf\x0b\x0c\\N é"
    assert _text(_bytes(text)) == text and b"\t" not in _bytes(text) and b"\n" not in _bytes(text)
