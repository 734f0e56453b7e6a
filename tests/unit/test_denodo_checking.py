"""The checker refuses what it must, where it must, accepts the rest, and says in French what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from denodo.checking import RULES, Finding, Rule, check, fix
from denodo.checking.report import check_files, rules_page
from denodo.rules import CHAPTERS
from denodo.rules.advice import FUNCTION_ADVICE
from tests.unit.denodo_snippets import Snippet, snippets

ROOT = Path(__file__).parents[2]
REFUSED = snippets("refuses")
ACCEPTED = snippets("admis")


def told(findings: list[Finding]) -> list[tuple[int, int, str]]:
    return sorted((finding.start, finding.end, finding.rule) for finding in findings)


def differing(found: list[tuple[object, object, object]]) -> list[str]:
    """Each case that gives another thing than what is expected, by its name."""
    return [f"{name} : {given} au lieu de {expected}" for name, given, expected in found if given != expected]


def test_refused_exactly_there() -> None:
    found = [
        (snippet, told(check(snippet.sql, portable=snippet.portable)), sorted(snippet.expected))
        for snippet in REFUSED
    ]
    assert len(found) > 400
    assert differing(found) == []


def test_accepted() -> None:
    found = [(snippet, told(check(snippet.sql, portable=snippet.portable)), []) for snippet in ACCEPTED]
    assert len(found) > 180
    assert differing(found) == []


def test_every_rule_has_a_snippet() -> None:
    assert RULES.keys() == {rule for snippet in REFUSED for _, _, rule in snippet.expected}


def test_every_rule_is_in_a_chapter_and_refuses_its_example() -> None:
    assert [rule for rules in CHAPTERS.values() for rule in rules] == list(RULES)
    for rule in RULES.values():
        found = [*check(rule.example), *check(rule.example, portable=False)]
        assert rule.id in {finding.rule for finding in found}


ADVICE = re.compile(
    r"^(`|La macro : `|Écrivez|Retirez|Choisissez|Donnez|Lisez|Dépliez|Groupez|Comparez|Comptez|Calculez|"
    r"Un TRIM |Préparez|Mettez|Ajoutez|"
    r"Pour |Convertissez|Normalisez|Gardez|Précisez|Remontez|Commencez|Nommez|Vérifiez|Vouliez-vous|Autant )"
)


def teaches(rule: Rule) -> bool:
    whole = rule.why.endswith(".") and rule.write.endswith(".")
    return whole and not rule.why[0].islower() and ADVICE.match(rule.write) is not None


def test_rules_teach() -> None:
    assert [rule.id for rule in RULES.values() if not teaches(rule)] == []


def test_functions_teach() -> None:
    mute = [name for name, text in FUNCTION_ADVICE.items() if not (ADVICE.match(text) and text.endswith("."))]
    assert mute == []


def test_every_finding_says_why_and_what_to_write() -> None:
    for snippet in REFUSED:
        for finding in check(snippet.sql, portable=snippet.portable):
            assert finding.message.endswith(".") and finding.why.endswith("."), finding
            assert ADVICE.match(finding.portable_form) and finding.portable_form.endswith("."), finding
            assert finding.line == snippet.sql.count("\n", 0, finding.start) + 1


MENDED = {
    "select a from t where b != 1": "select a from t where b <> 1",
    "select a::int, b::text from t": "select cast(a as integer) as a, cast(b as text) as b from t",
    "select x.col::bigint from t as x": "select cast(x.col as int8) as col from t as x",
    "select cast(Nom as text) from t": "select cast(Nom as text) as nom from t",
    "with c as (select a::text::date from t) select a from c": (
        "with c as (select cast(cast(a as text) as date) as a from t) select a from c"
    ),
    "select (a + b)::bigint as x from t": "select cast((a + b) as int8) as x from t",
    "select a::text::date as x from t": "select cast(cast(a as text) as date) as x from t",
    "select cast(a as boolean) as x from t": "select cast(a as bool) as x from t",
    "select cast(a as float) as x from t": "select cast(a as float8) as x from t",
    "select trim(a) as x, ltrim(b) as y from t": (
        "select trim(both ' ' from a) as x, trim(leading ' ' from b) as y from t"
    ),
    "select substring(a, 1, 3) as x from t": "select substr(a, 1, 3) as x from t",
    "select left(a, 3) as x from t": "select substr(a, 1, 3) as x from t",
    "select strpos(a, 'b') as x from t": "select position('b' in a) as x from t",
    "select a from t where b ilike 'X%'": "select a from t where lower(b) like lower('X%')",
    "select a from t where b not ilike 'X%'": "select a from t where lower(b) not like lower('X%')",
    "select a from t where b is not true": "select a from t where (b is false or b is null)",
    "select a from t where b isnull or c notnull": "select a from t where b is null or c is not null",
    "select count(*) filter (where a > 1) as n from t": (
        "select count(case when a > 1 then 1 end) as n from t"
    ),
    "select sum(a) filter (where b ilike 'x') as n from t": (
        "select sum(case when lower(b) like lower('x') then a end) as n from t"
    ),
    "select count(distinct a) filter (where b) as n from t": (
        "select count(distinct case when b then a end) as n from t"
    ),
    "select a from t order by a nulls last": (
        "select a from t order by case when a is null then 1 else 0 end, a"
    ),
    "select a from t order by a desc nulls first": (
        "select a from t order by case when a is null then 0 else 1 end, a desc"
    ),
    "select a from t limit 10 offset 20": "select a from t offset 20 limit 10",
    "select a, count(*) as n from t group by 1": "select a, count(*) as n from t group by a",
    "select a from t where exists (select 1 from u limit 1)": (
        "select a from t where exists (select 1 from u)"
    ),
    "select a is null as x from t": "select case when a is null then true else false end as x from t",
    "select a ^ 2 as x from t": "select power(a, 2) as x from t",
    "select timestamptz '2024-01-01' as x": "select timestamp with time zone '2024-01-01' as x",
    "select a from t where b like '$5%'": "select a from t where b like '$5%' escape '~'",
    "select $$l'eau$$ as x": "select 'l''eau' as x",
    "select 1_000 as x": "select 1000 as x",
    "# note\nselect a from t": "-- note\nselect a from t",
    "select ceiling(a) as x, pow(a, 2) as y from t": "select ceil(a) as x, power(a, 2) as y from t",
}


def test_mended() -> None:
    assert differing([(sql, fix(sql), mended) for sql, mended in MENDED.items()]) == []


LEFT_TO_A_PERSON = [
    "select distinct a from t order by a nulls last",
    "select upper(a) as b from t order by b nulls last",
    "select cast(a as numeric(12, 2)) as x from t",
    "select a from t where lower(b) is not true",
    "select left(a, n) as x from t",
    "select substring(a, 0, 3) as x from t",
    "select a from t limit 10 -- dix\noffset 20",
    "select a from t union select a from u",
    "select a::jsonb as x from t",
    "select E'a\\n' as x",
    "select from where",
    "select upper(a) from t",
    "select a, cast(a as text) from t",
    "select *, cast(a as text) from t",
    'select cast("A b" as text) from t',
]


def test_left_to_a_person() -> None:
    assert [sql for sql in LEFT_TO_A_PERSON if not check(sql)] == []
    assert differing([(sql, fix(sql), sql) for sql in LEFT_TO_A_PERSON]) == []


def faults_of_mending(snippet: Snippet) -> list[str]:
    before = {rule for _, _, rule in told(check(snippet.sql, portable=snippet.portable))}
    after = check(fix(snippet.sql, portable=snippet.portable), portable=snippet.portable)
    return [f"{snippet} : {found.rule}" for found in after if found.rule not in before or found.edit]


def test_mending_makes_no_new_fault() -> None:
    assert [fault for snippet in (*REFUSED, *ACCEPTED) for fault in faults_of_mending(snippet)] == []


@pytest.mark.parametrize(
    "sql", ["", ";", "'", '"', "/*", "((((", "select (" * 3000, "é", "select $x$", "\x00", "{{ x }}"]
)
def test_never_raises(sql: str) -> None:
    findings = check(sql)
    assert len(findings) <= 1
    assert all(finding.rule == "vql-syntaxe" for finding in findings)
    assert fix(sql) == sql


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(", ")"),
        ("case when b = 1 then ", " end"),
        ("upper(", ")"),
        ("substr(", ", 2)"),
        ("substring(", " from 2)"),
        ("trim(both ' ' from ", ")"),
        ("- ", ""),
    ],
)
def test_deep_nesting_is_read(before: str, after: str) -> None:
    assert check(f"select {before * 200}a{after * 200} as x from t") == []
    [finding] = check(f"select {before * 200}a::text{after * 200} as x from t")
    assert finding.rule == "vql-deux-points"
    assert finding.column == len("select ") + len(before) * 200 + 2


def test_long_chains_are_read() -> None:
    conditions = " and ".join(f"a{number} = {number}" for number in range(3000))
    total = " + ".join(f"a{number}" for number in range(3000))
    text = " || ".join(f"a{number}" for number in range(3000))
    assert check(f"select {total} as x, {text} as y from t where {conditions}") == []


def test_a_long_view_is_read_to_its_last_line() -> None:
    branches = [f"select {number} as id\nfrom t" for number in range(2500)]
    sql = "\nunion all\n".join(branches)
    assert check(sql) == []
    [finding] = check(f"{sql} where b != 1")
    assert (finding.line, finding.column) == (sql.count("\n") + 1, len("from t where b ") + 1)


def test_two_statements_are_read_apart() -> None:
    found = check("select a from where;\nselect b from t where c != 1")
    assert [(finding.rule, finding.line, finding.column) for finding in found] == [
        ("vql-syntaxe", 1, 15),
        ("vql-different", 2, 25),
    ]


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, odd = (tmp_path / name for name in ("bon.sql", "mauvais.sql", "latin.sql"))
    good.write_text("select a from t\n", encoding="utf-8")
    bad.write_text("select a\nfrom t\nwhere b != 1\n", encoding="utf-8")
    odd.write_bytes("select 'é'".encode("latin-1"))
    assert check_files([good]) == 0
    assert "Rien à redire" in capsys.readouterr().out
    assert check_files([good, bad]) == 1
    printed = capsys.readouterr().out
    assert f"{bad}:3:9 : [vql-different]" in printed
    assert "À écrire : `<>`" in printed
    assert check_files([odd, tmp_path / "absent.sql"]) == 2
    assert "UTF-8" in capsys.readouterr().out


@pytest.mark.parametrize(
    "sql",
    [
        "select a from {{ ref('t') }}",
        "{{ config(\n  materialized='view'\n) }}\nselect a from",
        "{# note #} select 1",
    ],
)
def test_a_model_is_sent_to_make_lint(sql: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "modele.sql"
    model.write_text(sql, encoding="utf-8")
    assert check_files([model]) == 2
    assert capsys.readouterr().out == (
        f"{model} : ce fichier contient du Jinja : make lint contrôle les modèles, compilés pour Denodo.\n"
    )


def test_the_page_of_rules_is_up_to_date() -> None:
    page = (ROOT / "docs/analyste/regles-denodo.md").read_text(encoding="utf-8")
    assert page == rules_page(), "python -m denodo regles > docs/analyste/regles-denodo.md"


def test_advice_names_macros_that_exist() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "macros").rglob("*.sql"))
    written = set(re.findall(r"\{%-?\s*macro (\w+)", sources))
    own = {name for name in written if "__" not in name}
    overridden = {name.removeprefix("denodo__") for name in written if name.startswith("denodo__")}
    advice = "\n".join([*(rule.write for rule in RULES.values()), *FUNCTION_ADVICE.values()])
    called = set(re.findall(r"\{\{ ([\w.]+)\(", advice)) - {"ref", "var"}
    assert len(called) > 30
    # dbt.date serves both engines with one text: it has no implementation for Denodo alone.
    missing = {
        name for name in called if name not in own and name.removeprefix("dbt.") not in overridden | {"date"}
    }
    assert not missing


@pytest.mark.parametrize(("page", "word"), [("README.md", "rules"), ("README.fr.md", "règles")])
def test_the_readme_says_how_many_rules_there_are(page: str, word: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.findall(rf"(\d+) {word}\b", text) == [str(len(RULES))]
