"""Which columns a query's columns are made from, construct by construct."""

from __future__ import annotations

import pytest

from donnees_au_centre.project.nodes import Manifest
from tests.unit.lineage_projects import SEAL, project

P = "raw.personnes"


def made_from(sql: str) -> dict[str, set[str]]:
    found = project(("essai", sql, {}))
    assert not found.faults, found.faults
    return {
        column.column: {found.label(origin.column).removeprefix("raw.") for origin in found.upstream(column)}
        for column in found.columns_of("model.donnees_au_centre.essai")
    }


def operations(sql: str) -> dict[str, str]:
    found = project(("essai", sql, {}))
    return {
        column.column: origin.operation
        for column in found.columns_of("model.donnees_au_centre.essai")
        for origin in found.upstream(column)
    }


NOM = {"personnes.nom"}


@pytest.mark.parametrize(
    "sql",
    {
        "copy": f"select nom as x from {P}",
        "quoted": 'select "nom" as x from "base"."raw"."personnes"',
        "capitals": f"select P.NOM as X from {P} as p",
        "cte": f"with a as (select * from {P}), b as (select nom as y from a) select y as x from b",
        "cte columns": f"with a(q) as (select nom from {P}) select q as x from a",
        "cte in cte": f"with a as (with b as (select nom from {P}) select * from b) select nom as x from a",
        "cte hides table": f"with personnes as (select nom as x from {P}) select x from personnes",
        "subquery": f"select s.y as x from (select nom as y from {P}) as s",
        "scalar subquery": f"select (select max(nom) from {P}) as x",
        "array subquery": f"select array(select nom from {P}) as x",
        "subquery alias": f"select s.x from (select nom from {P}) as s(x)",
        "parentheses": f"(select nom as x from {P})",
        "joined parentheses": f"select p.nom as x from ({P} as p cross join raw.communes as c)",
        "lateral": f"select l.x from {P} as p cross join lateral (select p.nom as x) as l",
        "lateral, comma": f"select l.x from {P} as p, lateral (select p.nom) as l(x)",
        "function in from": f"select u.x from {P} as p, unnest(array[p.nom]) as u(x)",
        "function without alias": f"select upper as x from {P} as p, upper(p.nom)",
        "string to rows": f"select s.x from {P} as p, regexp_split_to_table(p.nom, '') as s(x)",
        "values": f"select v.x from {P} as p, lateral (values (p.nom), ('autre')) as v(x)",
        "recursive": (
            f"with recursive r(x, n) as (select nom, 1 from {P} union all select r.x, n + 1 from r "
            "where n < 3) select x from r"
        ),
        "recursive, by turns": (
            f"with recursive r(x, y, z) as (select nom, '', '' from {P} union all select z, x, y from r) "
            "select y as x from r"
        ),
        "union, left": f"select nom as x from {P} union all select 'a'",
        "union, right": f"select 'a' as x union all select nom from {P}",
        "union, third": f"select 'a' as x union select 'b' union select nom from {P}",
        "intersect": f"select libelle as x from raw.communes intersect select nom from {P}",
        "cast": f"select cast(nom as varchar(3)) as x from {P}",
        "double colon": f"select nom::text as x from {P}",
        "concat": f"select concat('a', nom) as x from {P}",
        "pipe": f"select 'a' || nom as x from {P}",
        "coalesce": f"select coalesce(null, nom) as x from {P}",
        "nullif": f"select nullif(nom, '') as x from {P}",
        "case result": f"select case when annee = '2' then nom end as x from {P}",
        "case condition": f"select case when nom = 'Dupont' then 1 else 0 end as x from {P}",
        "case value": f"select case nom when 'Dupont' then 1 end as x from {P}",
        "disguised presence": f"select nullif(nom, 'Dupont') is null as x from {P}",
        "comparison": f"select nom like 'D%' as x from {P}",
        "in": f"select nom in ('a', 'b') as x from {P}",
        "in subquery": f"select libelle in (select nom from {P}) as x from raw.communes",
        "hash": f"select md5(nom) as x from {P}",
        "minimum": f"select min(nom) as x from {P} group by commune",
        "list": f"select string_agg(nom, ',' order by annee) as x from {P}",
        "json": f"select json_agg(nom) as x from {P}",
        "json object": f"select json_build_object('a', nom) as x from {P}",
        "first value": f"select first_value(nom) over (partition by commune order by annee) as x from {P}",
        "lag": f"select lag(nom) over (order by annee) as x from {P}",
        "rank": f"select dense_rank() over (order by nom) as x from {P}",
        "rank, named window": f"select rank() over w as x from {P} window w as (order by nom)",
        "percentile": f"select percentile_disc(0.5) within group (order by nom) as x from {P}",
        "filter": f"select max(nom) filter (where annee = '2') as x from {P}",
        "group key": f"select nom as x from {P} group by 1",
        "distinct on": f"select distinct on (commune) nom as x from {P} order by commune",
        "array element": f"select (array_agg(nom))[1] as x from {P}",
        "row field": f"select (row(nom, 1)).f1 as x from {P}",
        "extract": f"select substr(reverse(lower(nom)), 1, 3) as x from {P}",
        "exists as value": f"select exists (select 1 from {P} where nom = 'Dupont') as x",
        "join key": f"select c.libelle as x from {P} as p join raw.communes as c on p.nom = c.libelle",
        "where key": f"select c.libelle as x from {P} as p, raw.communes as c where c.libelle = upper(p.nom)",
        "semi-join": f"select libelle as x from raw.communes where libelle in (select nom from {P})",
        "exists": (
            f"select c.libelle as x from raw.communes as c where exists (select 1 from {P} as p "
            "where p.nom = c.libelle)"
        ),
        "using": f"select x from (select nom as x from {P}) as a full join (select 'a' as x) as b using (x)",
        "natural": f"select * from (select nom as x from {P}) as a natural join (select 'a' as x) as b",
    }.items(),
    ids=lambda case: case[0],
)
def test_the_name_is_followed(sql: tuple[str, str]) -> None:
    assert made_from(sql[1])["x"] >= NOM
    assert made_from(sql[1])["x"] - NOM <= {"communes.libelle", "personnes.annee"}


def test_select_star_keeps_every_column_and_its_order() -> None:
    found = made_from(f"with a as (select * from {P}) select * from a")
    assert list(found)[:4] == ["id", "nom", "prenom", "naissance"]
    assert "source_ligne" in found
    assert all(origins == {f"personnes.{name}"} for name, origins in found.items())


@pytest.mark.parametrize(
    "sql",
    [
        f"select c.libelle, p.* from {P} as p cross join raw.communes as c",
        f"select (p).* from {P} as p",
        f"select * from {P} join raw.communes on commune = nis",
        f"select s.* from (select * from {P} union all select * from {P}) as s",
        f"select * from (select * from {P} order by 1 limit 3) as s",
    ],
)
def test_a_star_of_any_kind(sql: str) -> None:
    found = made_from(sql)
    assert found["nom"] == NOM
    assert found["salaire"] == {"personnes.salaire"}


@pytest.mark.parametrize(
    "sql",
    [
        "select p as x from {} as p",
        "select p::text as x from {} as p",
        "select to_jsonb(p) as x from {} as p",
        "select row_to_json(personnes) as x from {}",
        "select to_jsonb(p)->>'nom' as x from {} as p",
    ],
)
def test_a_whole_row_is_all_its_columns(sql: str) -> None:
    assert made_from(sql.format(P))["x"] >= {"personnes.nom", "personnes.id", "personnes.salaire"}


@pytest.mark.parametrize(
    "sql",
    [
        f"select annee as x from {P} where nom = 'Dupont'",
        f"select c.libelle as x from {P} as p join raw.communes as c on p.commune = c.nis and p.nom > 'D'",
        f"select annee as x from {P} order by nom",
        f"select count(*) as x from {P} group by commune having min(nom) > 'D'",
        f"select case when nom is null then 0 else 1 end as x from {P}",
        f"select nullif(trim(nom), '') is not null as x from {P}",
        f"select nullif(btrim(nom, E' \\t'), '') is not null as x from {P}",
        f"select libelle as x from raw.communes except select nom from {P}",
        f"select p.annee as x from {P} as p left join raw.communes as c on p.nom = c.libelle",
    ],
)
def test_a_condition_on_rows_and_mere_presence_carry_nothing(sql: str) -> None:
    assert not made_from(sql)["x"] & NOM


def test_an_outer_join_gives_its_key_to_the_side_that_may_miss() -> None:
    joined = f"from {P} as p left join raw.communes as c on p.nom = c.libelle"
    assert made_from(f"select c.libelle as x {joined}")["x"] == {"communes.libelle", "personnes.nom"}
    assert made_from(f"select p.nom as x {joined}")["x"] == NOM


def test_a_correlated_subquery_reads_the_query_around_it() -> None:
    inner = "select max(c.libelle || p.nom) from raw.communes as c where c.nis = p.commune"
    sql = f"select ({inner}) as x from {P} as p"
    assert made_from(sql)["x"] == {"communes.libelle", "personnes.nom"}


@pytest.mark.parametrize(
    ("expression", "operation"),
    [
        ("nom", "copie"),
        ("cast(nom as text)", "conversion"),
        ("trim(both ' ' from nom)", "conversion"),
        ("substr(nom, 1, 2)", "expression"),
        ("'a' || nom", "concaténation"),
        ("concat('a', nom)", "concaténation"),
        ("md5(nom)", "hachage"),
        ("encode(sha256(convert_to(nom, 'UTF8')), 'hex')", "hachage"),
        ("case when nom > 'a' then 1 end", "condition"),
        ("max(nom)", "minimum ou maximum"),
        ("string_agg(nom, ',')", "liste de valeurs"),
        ("lag(nom) over (order by annee)", "fenêtre"),
        ("rank() over (order by nom)", "rang"),
        ("count(nom)", "agrégation"),
        (f"{SEAL}masque(left(nom, 1))", "masquage"),
    ],
)
def test_the_operation_is_named(expression: str, operation: str) -> None:
    assert operations(f"select {expression} as x from {P}")["x"] == operation


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nom from raw.absente", "la relation « raw.absente »"),
        (f"select absente from {P}", "la colonne « absente »"),
        (f"select z.nom from {P} as p", "la colonne « z.nom »"),
        (f"select z.* from {P} as p", "« z.* »"),
        (f"select nom from {P}; select 1", "une seule requête"),
        (f"select nom from {P} where (", "ne peut être établi"),
        (f"select nom from {P} union all select nom, id from {P}", "le même nombre de colonnes"),
        (f"delete from {P}", "n'est pas une requête"),
    ],
)
def test_what_cannot_be_read_is_a_fault_never_silence(sql: str, said: str) -> None:
    found = project(("essai", sql, {"nom": {}}))
    assert len(found.faults) == 1
    assert said in found.faults[0].message
    assert found.faults[0].file == "models/age/marts/essai.sql"


def test_a_model_without_compiled_sql_is_a_fault() -> None:
    from donnees_au_centre.project.lineage import trace
    from tests.unit.lineage_projects import PROJECT, model

    node = model("essai", {"nom": {}}, [])
    found = trace(Manifest({"metadata": {"project_name": PROJECT}, "nodes": {node["unique_id"]: node}}), {})
    assert "manque" in found.faults[0].message
