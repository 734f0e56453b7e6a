"""Reading a project again in one process costs no more than the first time."""

from __future__ import annotations

from donnees_au_centre.project.behavior_flags import keep_flags_few


def test_flags_that_dbt_adds_at_each_adapter_stay_as_many() -> None:
    from dbt_common.behavior_flags import Behavior

    keep_flags_few()
    keep_flags_few()
    # dbt's own way: one list of the process, to which each adapter adds.
    shared = [{"name": "a", "default": False, "docs_url": "x"}]
    for _ in range(3):
        shared.append({"name": "b", "default": True, "docs_url": "x"})
        behavior = Behavior(shared, {"a": True})
        assert [flag["name"] for flag in shared] == ["a", "b"]
        assert behavior.a and behavior.b
