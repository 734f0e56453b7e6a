"""What the figures of a domain were made from, worked out from runs alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from donnees_au_centre.french import local_zone, span
from donnees_au_centre.history.upstream import (
    BY_HAND,
    Old,
    Publication,
    Reading,
    Upstream,
    downstream,
    readings_of,
    tells,
)
from donnees_au_centre.project.nodes import Manifest
from tests.unit.manifests import good_manifest, model

READINGS = [
    Reading("int_age", "age", "dim_commune", "commun"),
    Reading("fct_tout", "transversal", "dim_ecole", "age"),
]
INNER = {"dim_commune": {"dim_commune"}, "dim_ecole": {"dim_ecole", "int_age"}}


def at(day: int, hour: int = 5) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=local_zone())


def run(number: int, begun: datetime, launcher: str = "dagster x", target: str = "prod") -> Publication:
    return Publication(begun, begun + timedelta(minutes=20), number, target, launcher)


def upstream(**runs: list[Publication]) -> Upstream:
    return Upstream(READINGS, INNER, runs)


def said(found: list[Old]) -> list[tuple[str, str, str, date | None]]:
    return [(one.domain, one.upstream, one.through, one.published) for one in found]


def test_what_is_of_the_day_is_not_old_and_the_rest_is() -> None:
    facts = upstream(dim_commune=[run(1, at(27))], dim_ecole=[run(2, at(27, 6)), run(3, at(28, 6))])
    assert facts.published("age", "prod", at(28)) == {"commun": date(2026, 11, 27)}
    assert said(facts.about_to_read({"int_age"}, "prod", at(28))) == [
        ("age", "commun", "", date(2026, 11, 27))
    ]
    # Until four in the morning it is still the day before.
    assert facts.about_to_read({"int_age"}, "prod", at(28, 3)) == []
    # Of another target, and what has not ended.
    assert facts.published("age", "dev", at(28)) == {"commun": None}
    assert facts.published("transversal", "prod", at(28, 6)) == {"age": date(2026, 11, 27)}
    # What the same build makes is not old.
    assert facts.about_to_read({"int_age", "dim_commune"}, "prod", at(28)) == []


def test_figures_that_are_old_two_domains_away_are_said_with_the_one_between() -> None:
    facts = upstream(
        dim_commune=[run(1, at(27))],
        int_age=[run(2, at(28, 7))],
        dim_ecole=[run(2, at(28, 7))],
        fct_tout=[run(3, at(28, 9))],
    )
    [age, far] = facts.standing()
    assert said([age]) == [("age", "commun", "", date(2026, 11, 27))]
    assert said([far]) == [("transversal", "commun", "age", date(2026, 11, 27))]
    assert far.sentence.endswith("(par ceux d'age)")
    assert said(facts.about_to_read({"fct_tout"}, "prod", at(28, 9))) == said([far])


def test_one_run_of_everything_reads_what_it_makes() -> None:
    whole = [run(1, at(28))]
    assert upstream(dim_commune=whole, int_age=whole, dim_ecole=whole, fct_tout=whole).standing() == []


@pytest.mark.parametrize(
    "target, launcher, told",
    [
        ("dev", BY_HAND, False),
        ("ci", BY_HAND, False),
        ("prod", BY_HAND, True),
        ("staging", BY_HAND, True),
        ("dev", "dagster age", True),
    ],
)
def test_a_part_built_by_hand_where_nobody_reads_says_nothing(target: str, launcher: str, told: bool) -> None:
    assert tells(target, launcher) is told
    facts = upstream(
        dim_commune=[run(1, at(20), launcher, target)], int_age=[run(2, at(28), launcher, target)]
    )
    assert bool(facts.standing()) is told


def test_the_sentence_names_the_days() -> None:
    old = Old("transversal", "age", date(2026, 11, 28), date(2026, 11, 27))
    assert old.sentence == (
        "construit sur les chiffres d'age du 27 novembre : ceux du 28 ne sont pas arrivés"
    )
    assert "transversal" in old.advice and "d'age" in str(old)
    never = Old("age", "commun", date(2026, 11, 28), None)
    assert never.sentence == "construit sans que les chiffres de commun aient été publiés depuis 60 jours"
    assert span(date(2026, 11, 30), date(2026, 12, 1)) == ("30 novembre", "1er décembre")
    assert span(date(2026, 12, 31), date(2027, 1, 1)) == ("31 décembre 2026", "1er janvier 2027")


def test_the_manifest_says_who_reads_whom_also_through_what_is_only_text() -> None:
    content = good_manifest()
    found = {(one.domain, one.upstream) for one in readings_of(Manifest(content))}
    assert ("age", "commun") in found
    text = model("age", "intermediate", "int_texte", ["model.donnees_au_centre.dim_commune"])
    text["config"] = {**text["config"], "materialized": "ephemeral"}
    reader = model("age", "marts", "fct_texte", [text["unique_id"]])
    content["nodes"] |= {one["unique_id"]: one for one in (text, reader)}
    readers = {one.reader for one in readings_of(Manifest(content)) if one.mart.endswith("dim_commune")}
    assert reader["unique_id"] in readers and text["unique_id"] not in readers


def test_all_that_is_made_of_old_figures_in_the_domain_says_so() -> None:
    content = good_manifest()
    first = "model.donnees_au_centre.int_ecoles"
    content["child_map"] = {first: ["model.donnees_au_centre.dim_ecole"]}
    old = Old("age", "commun", date(2026, 11, 28), date(2026, 11, 27), "", frozenset({first}))
    found = downstream(Manifest(content), [old])
    assert found == dict.fromkeys([first, "model.donnees_au_centre.dim_ecole"], old.sentence)
