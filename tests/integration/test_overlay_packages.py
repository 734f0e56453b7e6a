"""Elementary complet with its real dbt packages, on two small marts: an anomaly is found, no row is kept.

The packages are no part of the project. DAC_MIROIR_PAQUETS names a folder that holds both git repositories,
bare, under their public names: dbt-labs/dbt-utils.git and elementary-data/dbt-data-reliability.git.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from donnees_au_centre.cli.quality import test_environment as without_connections
from donnees_au_centre.settings import ROOT

MIRRORS = os.environ.get("DAC_MIROIR_PAQUETS")
SECRET = "Zénobie Vanderstraeten 0470998877"
DAYS = 20

pytestmark = pytest.mark.skipif(
    not MIRRORS, reason="DAC_MIROIR_PAQUETS ne nomme pas le dossier des deux paquets dbt d'Elementary"
)


class Platform:
    """A copy of what `make elementary` needs, on a database of its own."""

    def __init__(self, folder: Path, conninfo: str) -> None:
        self.folder, self.conninfo = folder / "copie", conninfo
        for part in ("denodo", "dev", "donnees_au_centre", "observability", "orchestration", "profiles"):
            shutil.copytree(ROOT / part, self.folder / part, ignore=shutil.ignore_patterns("dbt_packages*"))
        (self.folder / "landing").mkdir()
        self.git = folder / "gitconfig"
        self.git.write_text(
            f'[url "{MIRRORS}/"]\n\tinsteadOf = https://github.com/\n[safe]\n\tdirectory = *\n'
        )

    def run(self, mirrors: bool = True) -> str:
        given = conninfo_to_dict(self.conninfo)
        done = subprocess.run(
            [sys.executable, "-m", "donnees_au_centre", "elementary"],
            cwd=self.folder,
            env={
                **without_connections(os.environ),
                "GIT_CONFIG_GLOBAL": str(self.git) if mirrors else os.devnull,
                "DBT_TARGET": "ci",
                "PGHOST": str(given["host"]),
                "PGPORT": str(given["port"]),
                "PGUSER": str(given["user"]),
                "PGPASSWORD": str(given["password"]),
                "PGDATABASE": str(given["dbname"]),
                "PGSSLMODE": "disable",
            },
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, query: str) -> list[tuple]:
        with psycopg.connect(self.conninfo) as connection:
            done = connection.execute(query)
            return done.fetchall() if done.description else []

    def page(self) -> str:
        html = (self.folder / "build/reports/elementary-complet.html").read_text("utf-8")
        data = re.search(r"atob\('([^']+)'\)", html)
        assert data is not None
        return html + base64.b64decode(data[1]).decode("utf-8")


@pytest.mark.timeout(1800)
def test_a_drop_and_a_new_column_are_found_and_no_row_is_kept(tmp_path: Path, database: str) -> None:
    platform = Platform(tmp_path, database)
    platform.ask(
        f"""
        create schema ags;
        create table ags.fct_marche as
        select n as marche_id, '{SECRET}' as groupement, '25014' as code_nis, 50.1 as latitude
        from generate_series(1, 400) as n;
        create schema agc;
        create table agc.fct_subvention as
        select 2025 as annee, '{SECRET}' as beneficiaire from generate_series(1, 90)
        """
    )
    said = platform.run()
    # fct_marche: volume, structure, two columns; fct_subvention, about people: volume and structure.
    assert "6 tests joués, 0 anomalie." in said
    assert "Pas encore construits" in said and "agc.fct_subvention," not in said
    assert "4 mesures sur 4 ont moins de" in said

    # As if it had been run every day of the last weeks, with small changes.
    platform.ask(
        f"""
        insert into elementary.data_monitoring_metrics
            (id, full_table_name, column_name, metric_name, metric_type, metric_value, bucket_end,
             updated_at, metric_properties, created_at)
        select
            md5(concat(id, day)), full_table_name, column_name, metric_name, metric_type,
            metric_value + case when metric_name = 'row_count' then day % 3 else 0 end,
            bucket_end - make_interval(days => day), updated_at - make_interval(days => day),
            metric_properties, created_at - make_interval(days => day)
        from elementary.data_monitoring_metrics
        cross join (select generate_series(1, {DAYS}) union all select 100) as days (day)
        """
    )
    said = platform.run(mirrors=False)
    assert "6 tests joués, 0 anomalie." in said and "ont moins de" not in said

    platform.ask(
        "delete from ags.fct_marche where marche_id > 150; alter table ags.fct_marche add ajout text"
    )
    said = platform.run(mirrors=False)
    assert set(re.findall(r"anomalie  (\w+)", said)) == {"fct_marche_volume", "fct_marche_structure"}, said
    [(description,)] = platform.ask(
        """
        select test_results_description from elementary.elementary_test_results
        where test_sub_type = 'row_count' and lower(table_name) = 'fct_marche'
        order by detected_at desc limit 1
        """
    )
    assert "150" in description

    page = platform.page()
    assert "fct_marche_volume" in page and SECRET not in page and SECRET.split()[-1] not in page
    columns = platform.ask(
        """
        select table_name, column_name from information_schema.columns
        where table_schema = 'elementary' and data_type in ('text', 'character varying')
        """
    )
    assert len(columns) > 100
    for table, column in columns:
        query = f'select count(*) from elementary."{table}" where "{column}" like \'%0470998877%\''
        assert platform.ask(query) == [(0,)], (table, column)
    schemas = {name for (name,) in platform.ask("select nspname from pg_namespace")}
    assert {name for name in schemas if not name.startswith("pg_")} <= {
        "ags", "agc", "elementary", "tests", "information_schema", "public",
    }  # fmt: skip
