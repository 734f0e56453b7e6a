"""A table filled load by load has the rows that its query gives over all there is, whatever happened."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.results import NodeResult
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.landing.life import withdraw
from donnees_au_centre.privacy.removal import note_removed
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT
from tests.campaigns import long
from tests.small_project import SOURCE, SmallProject, borrowing_macros, small_project

SEQUENCES = int(os.environ.get("SEQUENCES", "20"))
FOLDER = "models/age/staging/effectifs"
STAGING = """
{{ staging(source('effectifs', 'effectifs'), [
    integer('fase', required="numéro absent ou illisible"),
    text('nom'),
    integer('eleves', optional="effectif illisible"@option@),
], rules=[exclude('nom', "nom = 'Total'", "ligne de total")], stored=true) }}
"""
BY_LOAD = "{{ config(materialized='by_load') }}\n\n"
PARTIAL = f"""
{BY_LOAD}select chargement_id, nom, count(*) as lignes, sum(eleves) as eleves
from {{{{ ref('stg_effectifs__effectifs') }}}}
group by chargement_id, nom
"""
FACT = """
select nom as fase, sum(lignes) as lignes, sum(eleves) as eleves
from {{ ref('int_effectifs__par_nom') }}
group by nom
"""
FILES = {
    "dbt_project.yml": borrowing_macros("vars: {patience_verrou: 2}").replace(
        "      marts:",
        "      intermediate: {+materialized: table, +access: private}\n"
        '      +post-hook: "{{ analyze_table() }}"\n'
        "      marts:",
        1,
    ),
    f"{FOLDER}/_effectifs__sources.yml": SOURCE.format(name="effectifs").replace(
        "{name: nom}", "{name: nom}, {name: eleves}"
    ),
    f"{FOLDER}/stg_effectifs__effectifs.yml": """
models: [{name: stg_effectifs__effectifs, config: {indexes: [{columns: [fase], type: brin}]}}]
""",
    f"{FOLDER}/stg_effectifs__effectifs_ecarts.sql": "{{ issues(source('effectifs', 'effectifs')) }}",
    "models/age/intermediate/int_effectifs__par_nom.sql": PARTIAL,
    "models/age/marts/fct_effectifs.sql": FACT,
}
TESTS = """
models:
  - name: stg_effectifs__effectifs
    data_tests:
      - unique_combination: {name: cle, arguments: {columns: [fase, nom]}}
      - reconciles_with_source: {name: rien_ne_se_perd}
  - name: stg_effectifs__effectifs_ecarts
    data_tests: [few_set_aside: {name: peu}]
"""
# What each table must have, in plain SQL over what was received.
_WHOLE = "^[ ]*[0-9]{1,9}[ ]*$"
ORACLE = f"""
with jugees as (
    select
        *,
        coalesce(nom = 'Total', false) as totale,
        coalesce(fase ~ '{_WHOLE}', false) as bonne,
        coalesce(eleves ~ '{_WHOLE}', false) as lisible
    from raw_age.effectifs
),

staging as (
    select
        source_fichier, source_ligne, charge_le, chargement_id,
        fase::integer as fase,
        nullif(nom, '') as nom,
        case when lisible then eleves::integer @plus@ end as eleves
    from jugees
    where not totale and bonne
),

ecarts as (
    select source_fichier, source_ligne, chargement_id, 'exclusion' as nature, 'nom' as colonne
    from jugees where totale
    union all
    select source_fichier, source_ligne, chargement_id, 'rejet', 'fase'
    from jugees where not totale and not bonne
    union all
    select source_fichier, source_ligne, chargement_id, 'anomalie', 'eleves'
    from jugees where not totale and bonne and not lisible and btrim(eleves) <> ''
),

par_nom as (
    select chargement_id, nom, count(*) as lignes, sum(eleves) as eleves
    from staging group by chargement_id, nom
),

fait as (
    select nom as fase, sum(lignes) as lignes, sum(eleves) as eleves from par_nom group by nom
)
"""
TABLES = {
    "staging": "age_staging.stg_effectifs__effectifs",
    "ecarts": "age_staging.stg_effectifs__effectifs_ecarts",
    "par_nom": "age_intermediate.int_effectifs__par_nom",
    "fait": "age.fct_effectifs",
}


@dataclass
class Story:
    """A source to which things happen."""

    project: SmallProject
    chance: random.Random
    option: str = ""
    told: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Reads the project, and loads what lies in the landing zone."""
        staging = STAGING.replace("@option@", self.option)
        self.project.write(f"{FOLDER}/stg_effectifs__effectifs.sql", staging)
        self.parsed = parse(self.project.settings)
        assert self.parsed.error is None, self.parsed.error
        self.sources = list(read_declarations(self.parsed.manifest.sources.values()))
        load_landing(self.project.conninfo, self.project.settings.landing, self.sources)

    def build(self, *arguments: str) -> list[NodeResult]:
        command = ["run", "--select", "+fct_effectifs", "stg_effectifs__effectifs_ecarts", *arguments]
        run = DbtRun(self.project.settings, "essai", self.parsed.project, command, reuse=True)
        results = [result for result in run.results() if not result.provisional]
        assert run.error is None, run.error
        assert [(one.unique_id, one.message) for one in results if not one.good] == []
        return results

    def sql(self, text: str) -> None:
        with psycopg.connect(self.project.conninfo, autocommit=True) as connection:
            connection.execute(text)

    def compare(self) -> None:
        """Every table against the oracle, to the last row."""
        oracle = ORACLE.replace("@plus@", "+ 1" if self.option else "")
        for name, table in TABLES.items():
            columns = (
                "source_fichier, source_ligne, chargement_id, nature, colonne" if name == "ecarts" else "*"
            )
            held = f"select {columns} from {table}"
            wrong = self.project.query(
                f"{oracle} (({held}) except all (select * from {name})) "
                f"union all ((select * from {name}) except all ({held}))"
            )
            assert wrong == [], (name, self.told[-8:])

    def held(self) -> dict[int, int]:
        """The loads that staging holds: their passages."""
        return dict(
            self.project.query(
                "select chargement_id, passage from age_versions.chargements_tenus "
                "where table_nom = 'stg_effectifs__effectifs'"
            )
        )

    def files(self) -> list[Path]:
        return sorted((self.project.root / "landing/age/effectifs").glob("*.csv"))


def another_file(story: Story) -> str:
    """A file that comes, or that is corrected."""
    name = f"effectifs_{story.chance.randrange(6)}.csv"
    cells = ["1", "12", "x", "", "  7 ", "999999999999"]
    rows = "".join(
        f"{story.chance.choice(cells)},{story.chance.choice(['Un', 'Deux', 'Total', ''])},"
        f"{story.chance.choice(cells)}\n"
        for _ in range(story.chance.randrange(1, 8))
    )
    # One good row at least, else the file is refused.
    story.project.write(f"landing/age/effectifs/{name}", f"fase,nom,eleves\n5,Un,3\n{rows}")
    return f"{name}: {rows!r}"


def another_name(story: Story) -> str:
    file = story.chance.choice(story.files())
    file.rename(file.with_name(f"effectifs_{story.chance.randrange(6, 9)}.csv"))
    return f"renamed: {file.name}"


def withdrawn(story: Story) -> str:
    file = story.chance.choice(story.files())
    path = str(file.relative_to(story.project.root / "landing"))
    (table,) = [one for one in story.sources if one.name == "effectifs"]
    file.unlink()
    with psycopg.connect(story.project.conninfo) as connection:
        withdraw(connection, table, path, None, "")
    return f"withdrawn: {path}"


def by_hand(story: Story) -> str:
    text = story.chance.choice(
        [
            # A person erased, a cell rectified, rows that somebody should not have touched.
            "delete from raw_age.effectifs where fase = '1'",
            "update raw_age.effectifs set nom = 'Deux' where nom = 'Un' and source_ligne = 2",
            "truncate raw_age.effectifs",
            "delete from age_staging.stg_effectifs__effectifs where eleves = 12",
            "update age_staging.stg_effectifs__effectifs set eleves = 1",
            "truncate age_intermediate.int_effectifs__par_nom",
            "delete from age_staging.stg_effectifs__effectifs_ecarts",
            "drop table age_staging.stg_effectifs__effectifs cascade",
            "delete from age_versions.chargements_tenus where chargement_id % 2 = 0",
            "drop trigger noter_delete on raw_age.effectifs",
            "insert into raw_age.effectifs (source_fichier, source_ligne, chargement_id, fase) "
            "select source_fichier, 9000 + random() * 1e6, chargement_id, '7' from raw_age.effectifs limit 1",
        ]
    )
    story.sql(text)
    return text


def another_code(story: Story) -> str:
    story.option = "" if story.option else ", sql='{} + 1'"
    return f"option {story.option!r}"


def another_way(story: Story) -> str:
    """Made anew, or a part alone, or by a run that is undone."""
    story.read()
    way = story.chance.choice([["--full-refresh"], ["--exclude", "int_effectifs__par_nom", "fct_effectifs"]])
    story.build(*way)
    return " ".join(way)


HAPPENINGS: list[tuple[Callable[[Story], str], int]] = [
    (another_file, 6), (another_name, 1), (withdrawn, 1), (by_hand, 4), (another_code, 1), (another_way, 1),
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    staging = {f"{FOLDER}/stg_effectifs__effectifs.sql": STAGING.replace("@option@", "")}
    with small_project(tmp_path, database, FILES | staging) as project:
        yield project


def begun(project: SmallProject, seed: int) -> Story:
    story = Story(project, random.Random(seed))
    for _ in range(6):
        another_file(story)
    story.read()
    story.build()
    story.compare()
    return story


def lived(story: Story, sequences: int) -> None:
    functions, weights = zip(*HAPPENINGS, strict=True)
    for _ in range(sequences):
        for happening in story.chance.choices(functions, weights, k=story.chance.choice([1, 1, 2, 3])):
            if story.files() or happening in (another_file, by_hand):
                story.told.append(f"{happening.__name__}: {happening(story)}")
        if os.environ.get("DIRE"):
            print(story.told[-3:], flush=True)
        if not story.files():
            another_file(story)
        story.read()
        story.build()
        story.compare()


def test_a_load_is_read_once_and_again_when_its_rows_change(project: SmallProject) -> None:
    story = begun(project, 1)
    before = story.held()
    assert len(before) > 2
    story.project.write("landing/age/effectifs/nouveau.csv", "fase,nom,eleves\n" + "9,Neuf,9\n" * 20_000)
    story.read()
    results = {one.unique_id.split(".")[2]: one for one in story.build()}
    after = story.held()
    # What is told is how many rows the table has, not how many came.
    [(rows,)] = project.query("select count(*) from age_staging.stg_effectifs__effectifs")
    assert results["stg_effectifs__effectifs"].rows == rows > 1
    assert {load: after[load] for load in before} == before
    assert len(after) == len(before) + 1
    # What the load added is in the index of ranges too.
    pages = (
        "select pg_relation_size(indrelid) / 8192 > 128, brin_summarize_new_values(indexrelid) from pg_index"
    )
    ranges = "where indrelid = '{}'::regclass and pg_get_indexdef(indexrelid) like '%USING brin%'"
    assert project.query(f"{pages} {ranges.format(TABLES['staging'])}") == [(True, 0)]
    story.compare()
    # As if it were large: what hardly changes it leaves its statistics as they are.
    story.sql("update pg_class set reltuples = 2e6 where relname = 'stg_effectifs__effectifs'")
    looked = (
        "select last_analyze from pg_stat_user_tables "
        "where relname in ('stg_effectifs__effectifs', 'stg_effectifs__effectifs_ecarts') order by relname"
    )
    [(once,), (aside,)] = project.query(looked)
    # A cell rectified: its load alone is read again.
    (load,) = after.keys() - before.keys()
    story.sql("update raw_age.effectifs set nom = 'Dix' where nom = 'Neuf'")
    story.build()
    again = story.held()
    assert [one for one in again if again[one] != after[one]] == [load]
    named = "select distinct nom from age_staging.stg_effectifs__effectifs where fase = 9"
    assert project.query(named) == [("Dix",)]
    [(still,), (again_aside,)] = project.query(looked)
    assert still == once and again_aside > aside
    story.compare()


def test_rows_of_an_unknown_load_go_and_the_others_are_counted(project: SmallProject) -> None:
    story = begun(project, 3)
    table = TABLES["staging"]
    # Rows that no trigger told of, of a load that was never received; and a person erased.
    story.sql(f"insert into {table} (fase, nom, chargement_id) values (0, 'Perdu', 0), (0, 'Perdu', 999999)")
    for change in (
        "delete from raw_age.effectifs where ctid in "
        "(select ctid from raw_age.effectifs where fase = '5' limit 1)",
        f"delete from {table} where ctid in (select ctid from {table} where fase = 5 limit 1)",
    ):
        story.sql(change)
        before = story.held()
        rows = {one.unique_id.split(".")[2]: one.rows for one in story.build()}
        assert 0 < len(before.items() - story.held().items()) < len(before), "not made anew"
        story.compare()
        for name, held in TABLES.items():
            [(counted,)] = project.query(f"select count(*) from {held}")
            if (model := held.split(".")[1]) in rows and name != "fait":
                assert rows[model] == counted, (change, name)


def test_what_changes_between_two_builds_leaves_nothing_behind(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCEPTER_BAISSE", "1")
    story = begun(project, 2)
    file = story.files()[0]
    path = str(file.relative_to(project.root / "landing"))
    # Rows of a load that is gone: it was touched, then replaced.
    story.sql(f"delete from age_staging.stg_effectifs__effectifs where source_fichier = '{path}'")
    file.write_text("fase,nom,eleves\n77,Un,1\n")
    story.read()
    story.build()
    story.compare()
    # What says which loads are held is made again, and everything with it.
    story.sql("drop table age_versions.chargements_tenus")
    story.build()
    story.compare()
    # Changed while nothing told of it.
    story.sql("alter table raw_age.effectifs disable trigger noter_update")
    story.sql("update raw_age.effectifs set nom = 'Tu' where fase = '77'")
    story.read()
    story.build()
    story.compare()
    # Its last file is gone.
    for one in story.files():
        one.unlink()
    story.sql("truncate raw_age.effectifs")
    story.read()
    story.build()
    story.compare()
    assert project.query("select * from age_staging.stg_effectifs__effectifs") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select fase from {{ ref('dim_ecoles') }}", "une seule"),
        ("select nom from {{ ref('stg_effectifs__effectifs') }} group by nom", "ajoutez chargement_id"),
        (
            "select chargement_id, count(*) over () from {{ ref('stg_effectifs__effectifs') }}",
            "over (",
        ),
    ],
)
def test_what_cannot_be_made_load_by_load_is_refused(project: SmallProject, query: str, said: str) -> None:
    project.write("models/age/intermediate/int_effectifs__par_nom.sql", f"{BY_LOAD}{query}")
    story = Story(project, random.Random(0))
    another_file(story)
    story.read()
    command = ["run", "--select", "+int_effectifs__par_nom"]
    results = list(DbtRun(project.settings, "essai", story.parsed.project, command, reuse=True).results())
    [refused] = [one.message for one in results if one.unique_id.endswith("par_nom")]
    assert said in refused and "Que faire :" in refused


def test_what_was_proven_is_not_looked_at_again_and_what_changes_is(project: SmallProject) -> None:
    macros = f"macro-paths: ['{ROOT / 'macros'}'"
    text = FILES["dbt_project.yml"].replace(macros, f"{macros}, '{ROOT / 'tests' / 'generic'}'")
    project.write("dbt_project.yml", text)
    project.write(f"{FOLDER}/stg_effectifs__effectifs.yml", TESTS)
    sources = project.root / f"{FOLDER}/_effectifs__sources.yml"
    sources.write_text(sources.read_text("utf-8") + "        data_tests: [fully_loaded: {name: entier}]\n")
    story = Story(project, random.Random(0))
    names = ("cle", "rien_ne_se_perd", "peu", "entier")
    for number in (*range(4), *range(100, 112)):
        project.write(f"landing/age/effectifs/f{number}.csv", f"fase,nom,eleves\n{number},N,1\nx,N,1\n")

    def results(reuse: bool = True) -> dict[str, str]:
        """What each test said; in the compiled SQL, what it looked at."""
        story.read()
        run = DbtRun(
            project.settings, "essai", story.parsed.project, ["build", "--select", "+age"], reuse=reuse
        )
        played = {one.unique_id.split(".")[2]: one.status for one in run.results()}
        assert run.error is None, run.error
        looked.update(
            (one["unique_id"].split(".")[2], one["compiled_code"]) for one in run.kept("run_results.json")
        )
        return {name: played[name] for name in names}

    good = dict.fromkeys(names, "pass")
    looked: dict[str, str] = {}

    def proven() -> set[str]:
        rows = project.query("select unique_id from age_versions.dernier_bon_etat where eprouve <> ''")
        return {name.split(".")[2] for (name,) in rows}

    assert results() == good
    assert proven() == set(names)
    # What was proven is taken on trust: a wrong row that no trigger told of is not seen in an old load.
    with_replicas = "set session_replication_role = replica; "
    story.sql(
        with_replicas + "insert into age_staging.stg_effectifs__effectifs (fase, nom, chargement_id) "
        "select 0, 'N', chargement_id from raw_age.effectifs where fase = '0'"
    )
    project.write("landing/age/effectifs/nouveau.csv", "fase,nom,eleves\n9,N,1\n")
    assert results() == good
    # A build that is to look at all does; and so does the next one, for it did not pass.
    assert results(reuse=False)["cle"] == "fail"
    assert results()["cle"] == "fail"
    story.sql("delete from age_staging.stg_effectifs__effectifs where source_ligne is null")
    assert results() == good
    # Rows of a new load that are wrong, alone or beside those of an old one.
    project.write("landing/age/effectifs/double.csv", "fase,nom,eleves\n1,N,1\n")
    assert results() == {**good, "cle": "fail"}
    # Between the bounds of what is new, for few others lie there.
    assert "\"fase\" >= cast('1' as integer)" in looked["cle"], looked["cle"]
    (project.root / "landing/age/effectifs/double.csv").write_text("fase,nom,eleves\n10,N,1\n")
    assert results() == good
    # A person erased: the journal notes her file again, and the next files bring no false alarm.
    with psycopg.connect(project.conninfo) as connection:
        connection.execute("delete from raw_age.effectifs where fase = '0'")
        names_of = ("raw_age", "effectifs"), ("age", "effectifs", "effectifs")
        note_removed(connection, *names_of, ["age/effectifs/f0.csv"], "Lignes effacées.")
    for number in (20, 21):
        assert results() == good
        project.write(f"landing/age/effectifs/{number}.csv", f"fase,nom,eleves\n{number},N,1\n")
    assert results() == good
    # A source that is read from where it ended: one name, of which a second load brings rows.
    story.sql(
        "insert into raw_age.effectifs (fase, nom, eleves, source_fichier, source_ligne, chargement_id) "
        "select '30', 'N', '1', 'age/effectifs/f1.csv', 9, max(chargement_id) + 1 from plateforme.chargements"
    )
    columns = "domaine, source_nom, table_nom, fichier, empreinte, signature"
    story.sql(
        f"insert into plateforme.chargements ({columns}, statut, lignes) "
        f"select {columns}, 'remplace', lignes + 1 from plateforme.chargements "
        "where fichier = 'age/effectifs/f1.csv' order by chargement_id desc limit 1"
    )
    assert results() == good
    # Rows that somebody takes out of an old load, of what was received or of what is made of it.
    story.sql("delete from raw_age.effectifs where fase = '2'")
    assert results()["entier"] == "fail"
    story.sql("truncate raw_age.effectifs")
    assert results() == good, "the loader brings the rows back"
    with psycopg.connect(project.conninfo, autocommit=True) as connection:
        connection.execute("delete from age_staging.stg_effectifs__effectifs where fase = 3")
        run = DbtRun(project.settings, "essai", story.parsed.project, ["test"], reuse=True)
        found = {one.unique_id.split(".")[2]: one.status for one in run.results()}
    assert found["rien_ne_se_perd"] == "fail"


RAW, HELD, ASIDE = "raw_age.effectifs", TABLES["staging"], TABLES["ecarts"]
ANY = "ctid = (select ctid from {0} order by md5(ctid::text || '{1}') limit 1)"
COPY = "insert into {0} select * from {0} where " + ANY
# Faults of which no trigger tells, in one of the three tables.
UNTOLD = [
    *(f"delete from {{0}} where {ANY}", COPY) * 2,
    f"update {{0}} set source_ligne = source_ligne + 1 where {ANY}",
    f"update {{0}} set source_ligne = 3 where {ANY}",
    f"update {{0}} set source_fichier = source_fichier || 'x' where {ANY}",
]
UNTOLD_OF_STAGING = [
    f"update {HELD} set {one} = null where {ANY}" for one in ("source_ligne", "source_fichier")
]


def test_what_is_looked_at_by_file_is_what_row_by_row_finds(project: SmallProject) -> None:
    macros = f"macro-paths: ['{ROOT / 'macros'}'"
    text = FILES["dbt_project.yml"].replace(macros, f"{macros}, '{ROOT / 'tests' / 'generic'}'")
    project.write("dbt_project.yml", text)
    tests = TESTS
    for name in ("cle", "rien_ne_se_perd"):
        [line] = [one for one in TESTS.splitlines() if f"name: {name}" in one]
        whole = line.replace(f"name: {name}", f"name: {name}_entier, config: {{limit: 1000}}")
        tests = tests.replace(line, f"{line}\n{whole}")
    project.write(f"{FOLDER}/stg_effectifs__effectifs.yml", tests)
    story = Story(project, random.Random(4))
    for number in range(3):
        rows = "".join(f"{number}{row},N{row % 3},1\n" for row in range(8))
        project.write(f"landing/age/effectifs/f{number}.csv", f"fase,nom,eleves\n{rows}x,N,1\n9,Total,1\n")
    story.read()

    # With a limit, they look at all rows as they are.
    run = DbtRun(project.settings, "essai", story.parsed.project, ["build", "--select", "+age"], reuse=True)
    assert [one for one in run.results() if one.bad] == [] and run.error is None, run.error
    queries = {
        one["unique_id"].split(".")[2]: one["compiled_code"].encode()
        for one in run.kept("run_results.json")
        if one["unique_id"].startswith("test.")
    }
    assert b"douteux" in queries["rien_ne_se_perd"] and b"condense" in queries["cle"]
    assert b"douteux" not in queries["rien_ne_se_perd_entier"] and b"condense" not in queries["cle_entier"]
    found = dict.fromkeys(("rien_ne_se_perd", "cle"), 0)
    with psycopg.connect(project.conninfo) as connection:
        connection.execute("set session_replication_role = replica")
        for _ in range(120):
            told = []
            with connection.transaction(force_rollback=True):
                for _ in range(story.chance.choice([1, 2, 3])):
                    table = story.chance.choice([RAW, HELD, HELD, ASIDE])
                    faults = UNTOLD + (UNTOLD_OF_STAGING if table == HELD else [])
                    told.append(story.chance.choice(faults).format(table, story.chance.random()))
                    connection.execute(told[-1])
                for name in found:
                    by_file, whole = (
                        connection.execute(queries[one]).fetchall() for one in (name, f"{name}_entier")
                    )
                    assert sorted(map(repr, by_file)) == sorted(map(repr, whole)), (name, told)
                    found[name] += bool(by_file)
    assert found["rien_ne_se_perd"] > 90 and found["cle"] > 10


@pytest.mark.parametrize("seed", [5])
def test_whatever_happens_the_rows_are_those_of_the_whole(project: SmallProject, seed: int) -> None:
    lived(begun(project, seed), 6)


@long
@pytest.mark.parametrize("seed", range(3))
def test_the_same_over_a_long_life(project: SmallProject, seed: int) -> None:
    lived(begun(project, seed), SEQUENCES)
