"""The marts that are there to be watched, and what the tests of the overlay found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

# What grows with every run. Days kept: three times what the tests learn from.
GROWING = (
    "data_monitoring_metrics",
    "dbt_invocations",
    "dbt_run_results",
    "elementary_test_results",
    "schema_columns_snapshot",
    "test_result_rows",
)
KEPT = 90
# A score above 2 needs six points: (n - 1) / sqrt(n), with anomaly_sensitivity of dbt_project.yml.
POINTS_NEEDED = 6
# `days_back` of observability/dbt_project.yml.
DAYS_BACK = 30


@dataclass(frozen=True)
class Finding:
    """One test that did not pass.

    Attributes:
        test: its name.
        promise: its French description, what should have been true.
        error: True when it could not be played; False for an anomaly.
        message: dbt's, for an error; "" for an anomaly.
    """

    test: str
    promise: str
    error: bool
    message: str


def fingerprint(overlay: Path, models: Path, schema: str) -> str:
    """A digest of what Elementary's tables say of the project: it changes when they must be built again.

    Args:
        overlay: its dbt project.
        models: what is watched, as `write_models` wrote it.
        schema: where the tables are.
    """
    digest = hashlib.sha256(schema.encode())
    for file in sorted([*overlay.glob("*.yml"), *models.glob("*.yml")]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def built_marts(
    connection: psycopg.Connection, prefix: str, domains: Collection[str]
) -> set[tuple[str, str]]:
    """The tables that are in the schemas of the marts, by domain and name.

    Args:
        prefix: what stands before the name of a schema, `jdupont_` or "".
        domains: the domains to look at.
    """
    rows = connection.execute(
        "select table_schema, table_name from information_schema.tables where table_schema = any(%s)",
        ([f"{prefix}{domain}" for domain in domains],),
    ).fetchall()
    return {(schema.removeprefix(prefix), name) for schema, name in rows}


def learning(connection: psycopg.Connection, schema: str) -> tuple[int, int]:
    """How many measures are too young for an anomaly to show in them, out of how many.

    Args:
        schema: Elementary's.
    """
    query = sql.SQL(
        """
        select count(*) filter (where points < {needed}), count(*)
        from (
            select count(*) as points
            from {table}
            where bucket_end > now() - make_interval(days => {days})
            group by full_table_name, column_name, metric_name, metric_properties
        ) as measures
        """
    ).format(
        needed=sql.Literal(POINTS_NEEDED),
        days=sql.Literal(DAYS_BACK),
        table=sql.Identifier(schema, "data_monitoring_metrics"),
    )
    return connection.execute(query).fetchone() or (0, 0)


def forget(connection: psycopg.Connection, schema: str) -> None:
    """Deletes what is older than KEPT days. Elementary never does; to be called after the tests, so that the
    last picture of each table, which the next run compares with, is always young.

    Args:
        schema: Elementary's.
    """
    for table in GROWING:
        connection.execute(
            sql.SQL(
                "delete from {table} "
                "where created_at < now() at time zone 'utc' - make_interval(days => {days})"
            ).format(table=sql.Identifier(schema, table), days=sql.Literal(KEPT))
        )


def findings(target_path: Path) -> tuple[int, list[Finding]]:
    """Reads the results of the overlay's tests.

    Args:
        target_path: dbt's artefacts of the overlay.

    Returns:
        How many tests were played, and those that did not pass.
    """
    manifest = json.loads((target_path / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    results = json.loads((target_path / "run_results.json").read_text(encoding="utf-8"))["results"]
    # dbt lists the hooks of the run beside the tests.
    tests = [result for result in results if result["unique_id"].startswith("test.")]
    return len(tests), [
        Finding(
            test=manifest[result["unique_id"]]["name"],
            promise=manifest[result["unique_id"]]["description"],
            error=result["status"] != "warn",
            message=(result["message"] or "") if result["status"] != "warn" else "",
        )
        for result in tests
        if result["status"] != "pass"
    ]
