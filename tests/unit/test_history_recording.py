"""What the history keeps of dbt's artefacts."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

from donnees_au_centre.history.recording import MESSAGE_KEPT, ages_of, message_kept, outcomes_of
from donnees_au_centre.project.nodes import Manifest
from tests.unit.manifests import model


def result(status: str, **more: object) -> dict:
    return {"unique_id": "model.p.m", "status": status, "execution_time": 1.5, "timing": [], **more}


def test_outcomes_have_one_word_for_models_and_tests() -> None:
    words = ("success", "pass", "warn", "fail", "error", "runtime error", "skipped", "no-op")
    found = [one.status for one in outcomes_of(result(word) for word in words)]
    assert found == ["reussi", "reussi", "averti", "echec", "erreur", "erreur", "saute", "reussi"]


def test_an_unknown_word_of_dbt_is_no_success() -> None:
    assert outcomes_of([result("some day")])[0].status == "erreur"


def test_a_node_begins_with_its_first_timing() -> None:
    timing = [
        {"name": "execute", "started_at": "2026-11-26T10:00:02Z", "completed_at": None},
        {"name": "compile", "started_at": "2026-11-26T10:00:01Z", "completed_at": None},
    ]
    assert outcomes_of([result("success", timing=timing)])[0].begun == datetime(
        2026, 11, 26, 10, 0, 1, tzinfo=UTC
    )


def test_rows_are_those_a_model_wrote_and_not_those_a_test_selected() -> None:
    response = {"rows_affected": 12}
    model_, test = outcomes_of(
        [
            result("success", adapter_response=response),
            result("pass", adapter_response=response, unique_id="test.p.t", failures=0),
        ]
    )
    assert (model_.rows, test.rows) == (12, None)


def test_a_success_has_no_message_and_a_failure_keeps_one_short_line() -> None:
    said = "Got 3 results\n\n  compiled code at target/x.sql\n" + "x" * 1000
    good, bad = outcomes_of([result("pass", message="PASS"), result("fail", message=said, failures=3)])
    assert good.message == ""
    assert bad.message.startswith("Got 3 results xxx")
    assert "compiled code" not in bad.message
    assert len(bad.message) == MESSAGE_KEPT
    assert bad.failures == 3


def test_a_dashboard_is_no_result() -> None:
    assert outcomes_of([result("no-op", unique_id="exposure.p.pilotage")]) == []


def test_message_kept_is_one_line() -> None:
    assert message_kept(" a \n\n b\ncompiled code at c\n") == "a b"


def test_freshness_tells_never_received_from_too_old_and_from_unreadable() -> None:
    found = ages_of(
        [
            {"unique_id": "source.a", "status": "pass", "max_loaded_at": "2026-11-01T00:00:00Z"},
            {"unique_id": "source.b", "status": "error", "max_loaded_at": "2020-11-01T00:00:00Z"},
            {"unique_id": "source.c", "status": "error", "max_loaded_at": "0001-01-01T00:00:00Z"},
            {"unique_id": "source.d", "status": "runtime error", "error": "no table"},
            {"unique_id": "source.e", "status": "warn", "max_loaded_at": "2025-11-01T00:00:00Z"},
        ]
    )
    assert [one.status for one in found] == ["reussi", "echec", "averti", "erreur", "averti"]
    assert [one.received and one.received.year for one in found] == [2026, 2020, None, None, 2025]
    assert found[3].message == "no table"


def test_the_digest_follows_the_project_and_not_the_moment() -> None:
    node = model("age", "marts", "fct_a", [])
    manifest = {"metadata": {"generated_at": "1"}, "nodes": {node["unique_id"]: node}}
    later = copy.deepcopy(manifest) | {"metadata": {"generated_at": "2"}}
    later["nodes"][node["unique_id"]]["created_at"] = 12.5
    changed = copy.deepcopy(manifest)
    changed["nodes"][node["unique_id"]]["raw_code"] = "select 1"
    assert Manifest(manifest).digest() == Manifest(later).digest() != Manifest(changed).digest()
