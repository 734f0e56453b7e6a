"""The tables that builds make of a mart, one each, beside the view by which readers know it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# The schema of a domain's tables, after the name of that of its marts.
SUFFIX = "_versions"
# There too: the loads whose rows a table filled load by load holds (macros/materialization/by_load.sql).
HELD_LOADS = "chargements_tenus"
# The schemas of a domain, after its name: marts, and their versions; staging, intermediate, seeds.
LAYERS = ("", SUFFIX, "_staging", "_intermediate", "_reference")
# c: a candidate, that no reader is to see yet, or again; v: a version, that was offered.
_NAME = re.compile(r"(?P<mart>.+)__[cv](?P<stamp>\d{8}_\d{6}_\d{3})")
_STAMP = "%Y%m%d_%H%M%S_%f"
# How begins what is said of a mart that was built and is not offered.
HELD = "Construit, et pas offert"
# And of what was taken as it was, for nothing of what it is made of had changed.
REUSED = "Repris"
# The longest name of a mart: PostgreSQL cuts names at 63 characters.
LONGEST = 63 - len("__v20261231_235959_999")


def candidate_name(mart: str, begun: datetime) -> str:
    """The table that a build makes of a mart; macro candidate_of writes the same.

    Args:
        mart: its name in the database.
        begun: when the build began, in any time zone.
    """
    return f"{mart}__c{begun.astimezone(UTC).strftime(_STAMP)[:-3]}"


def offered_name(candidate: str) -> str:
    """The name of a candidate once it is offered."""
    mart, _, stamp = candidate.rpartition("__c")
    return f"{mart}__v{stamp}"


def withdrawn_name(version: str) -> str:
    """The name of a version that is to be as if it had never been offered."""
    mart, _, stamp = version.rpartition("__v")
    return f"{mart}__c{stamp}"


def is_apart(schema: str) -> bool:
    """True for a schema of versions."""
    return schema.endswith(SUFFIX)


def mart_of(schema: str, table: str) -> tuple[str, str]:
    """Schema and name of the mart that a table was made of; its own where it is none."""
    found = _NAME.fullmatch(table)
    return (schema.removesuffix(SUFFIX), found["mart"]) if found and is_apart(schema) else (schema, table)


def built_at(table: str) -> datetime | None:
    """When the build of a version began; None for a table that was there before versions were."""
    found = _NAME.fullmatch(table)
    try:
        return datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
