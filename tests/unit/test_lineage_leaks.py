"""Which columns must say that they hold personal data, and what excuses them."""

from __future__ import annotations

import pytest

from donnees_au_centre.project.lineage import Leak, leaks
from tests.unit.lineage_projects import HMAC, SEAL, project

P = "raw.personnes"
DIRECT = {"donnee_personnelle": "identifiant_direct"}
INDIRECT = {"donnee_personnelle": "identifiant_indirect"}
FINANCIER = {"donnee_personnelle": "financier"}
AUCUNE = {"donnee_personnelle": "aucune"}
PSEUDONYME = {"donnee_personnelle": "pseudonyme"}


def protected(name: str) -> dict[str, str]:
    return {"protection": name}


def found(*models: tuple[str, str, dict]) -> list[Leak]:
    lineage = project(*models)
    assert not lineage.faults, lineage.faults
    return leaks(lineage)


def alone(expression: str, meta: dict, rest: str = "") -> list[Leak]:
    """The leaks of one column `x` made from the persons."""
    return found(("essai", f"select {expression} as x from {P} {rest}", {"x": meta}))


@pytest.mark.parametrize(
    ("expression", "meta"),
    [
        ("nom", DIRECT),
        ("nom", {"donnee_personnelle": "sensible"}),
        ("commune", {}),
        ("annee", AUCUNE),
        ("naissance", INDIRECT),
        ("naissance", DIRECT),
        ("count(nom)", protected("agrege")),
        ("sum(salaire)", protected("agrege")),
        ("avg(salaire) filter (where annee = '2')", protected("agrege")),
        ("round(sum(salaire) / count(distinct id), 2)", protected("agrege")),
        ("count(*)", {}),
        ("count(*)", protected("agrege")),
        (HMAC.format("id"), PSEUDONYME),
        (HMAC.format("upper(trim(both ' ' from id))"), protected("pseudonymise")),
        (f"case when id is not null then {HMAC.format('id')} end", PSEUDONYME),
        (
            f"{SEAL}masque(case when nom is null then null else left(nom, 1) || '***' end)",
            protected("masque"),
        ),
        (f"coalesce({SEAL}masque(left(nom, 1) || '***'), '-')", protected("masque")),
        (f"{SEAL}masque(case when nom is not null then '***' end)", protected("masque")),
        (f"{SEAL}generalise(extract(year from naissance))", protected("generalise")),
        (f"{SEAL}supprime(case when count(nom) > 5 then count(nom) end)", protected("supprime")),
        (f"case annee when '1' then {SEAL}masque(nom || '*') else commune end", protected("masque")),
    ],
)
def test_what_says_the_truth_is_no_leak(expression: str, meta: dict) -> None:
    assert alone(expression, meta) == []


@pytest.mark.parametrize(
    ("expression", "meta", "said"),
    [
        ("nom", {}, "ne le dit pas"),
        ("nom", AUCUNE, "ne le dit pas"),
        ("md5(id)", {}, "ne le dit pas"),
        ("md5(id)", PSEUDONYME, "rien ne la pseudonymise"),
        ("md5(id || current_setting('dac.o_ag_suivi'))", PSEUDONYME, "rien ne la pseudonymise"),
        (
            "encode(sha256(convert_to(id, 'UTF8')), 'hex')",
            protected("pseudonymise"),
            "ne passe pas par la macro",
        ),
        (
            HMAC.format("id").replace("dac.i_ag_suivi", "dac.i_ag_autre"),
            PSEUDONYME,
            "rien ne la pseudonymise",
        ),
        (HMAC.format("id").replace("'dac.o_ag_suivi'", "nom"), PSEUDONYME, "rien ne la pseudonymise"),
        (f"{HMAC.format('id')} || id", PSEUDONYME, "rien ne la pseudonymise"),
        ("/* protection: masque */ nom", protected("masque"), "ne passe pas par la macro"),
        ("/* protection: masque */ left(nom, 1)", protected("masque"), "ne passe pas par la macro"),
        ("sceau_autre_masque(nom || '*')", protected("masque"), "ne passe pas par la macro"),
        (f"{SEAL}masque(nom)", protected("masque"), "ne passe pas par la macro"),
        (f"{SEAL}generalise(cast(naissance as text))", protected("generalise"), "ne passe pas par la macro"),
        (f"{SEAL}masque(left(nom, 1) || '***') || prenom", protected("masque"), "ne passe pas par la macro"),
        ("max(nom)", protected("agrege"), "une valeur de personne la traverse"),
        ("string_agg(nom, ',')", protected("agrege"), "une valeur de personne la traverse"),
        ("sum(salaire) over (order by annee)", protected("agrege"), "une valeur de personne la traverse"),
        ("percentile_cont(0.5) within group (order by salaire)", protected("agrege"), "la traverse"),
        ("count(nom)", {}, "ne le dit pas"),
        ("count(nom) || max(nom)", protected("agrege"), "une valeur de personne la traverse"),
        ("count(nom)", protected("supprime"), "ne passent pas par la macro"),
        ("nom", protected("efface"), "n'existe pas"),
        ("nom", {**DIRECT, **protected("masque")}, "ne passe pas par la macro"),
        ("nom", FINANCIER, "moins que la colonne dont elle vient"),
        ("naissance || salaire", FINANCIER, "moins que la colonne dont elle vient"),
        ("annee", protected("masque"), "son SQL n'y passe pas"),
        ("annee", protected("pseudonymise"), "son SQL n'y passe pas"),
        ("annee", protected("agrege"), "son SQL n'y passe pas"),
    ],
)
def test_what_does_not_is_found(expression: str, meta: dict, said: str) -> None:
    lost = alone(expression, meta)
    assert lost and said in lost[0].reason
    assert {leak.label for leak in lost} == {"essai.x"}
    assert all(leak.file == "models/age/marts/essai.yml" and leak.advice for leak in lost)


@pytest.mark.parametrize("key", ["id", "nom || prenom", "source_ligne", HMAC.format("id"), "md5(id)"])
def test_an_aggregate_of_one_person_is_no_aggregate(key: str) -> None:
    sql = f"select sum(salaire) as x from {P} group by {key}"
    assert [leak.label for leak in found(("essai", sql, {"x": protected("agrege")}))] == ["essai.x"]


@pytest.mark.parametrize("key", ["commune", "annee, commune", "1", f"{SEAL}generalise(left(id, 1))"])
def test_an_aggregate_of_many_is_one(key: str) -> None:
    sql = f"select commune, sum(salaire) as x from {P} group by {key}"
    assert found(("essai", sql, {"x": protected("agrege")})) == []


def test_a_correlated_aggregate_of_one_person_is_none() -> None:
    sql = f"select (select sum(q.salaire) from {P} as q where q.id = p.id) as x, p.annee from {P} as p"
    assert [leak.label for leak in found(("essai", sql, {"x": protected("agrege")}))] == ["essai.x"]


def test_the_key_of_a_group_may_come_from_another_model() -> None:
    staging = (
        "stg",
        f"select {HMAC.format('id')} as p, salaire from {P}",
        {"p": PSEUDONYME, "salaire": FINANCIER},
    )
    mart = ("mart", "select sum(salaire) as total from age.stg group by p", {"total": protected("agrege")})
    assert [leak.label for leak in found(staging, mart)] == ["mart.total"]
    other = (
        "mart",
        "select sum(salaire) as total, count(distinct p) as n from age.stg",
        {"total": protected("agrege"), "n": protected("agrege")},
    )
    assert found(staging, other) == []


def test_a_pseudonym_stays_personal_and_what_is_blurred_does_not() -> None:
    staging = (
        "stg",
        f"select {HMAC.format('id')} as p, {SEAL}generalise(left(naissance, 4)) as an, nom from {P}",
        {"p": PSEUDONYME, "an": protected("generalise"), "nom": DIRECT},
    )
    mart = ("mart", "select p, an, an || '?' as an2 from age.stg", {})
    assert [leak.label for leak in found(staging, mart)] == ["mart.p"]
    assert found(staging, ("mart", "select p, an from age.stg", {"p": PSEUDONYME})) == []
    assert found(staging, ("mart", "select p from age.stg", {"p": protected("pseudonymise")})) == []


def test_the_path_goes_from_the_source_to_the_leak_and_beyond() -> None:
    lost = found(
        ("stg", f"select nom as nom_complet, annee from {P}", {"nom_complet": DIRECT}),
        ("inter", "select 'M. ' || nom_complet as libelle from age.stg", {"libelle": AUCUNE}),
        ("mart", "select libelle as l from age.inter", {"l": DIRECT}),
    )
    assert [leak.label for leak in lost] == ["inter.libelle"]
    assert lost[0].way() == "raw.personnes.nom → stg.nom_complet (copie) → inter.libelle (concaténation)"
    assert lost[0].reaches == ("mart.l",)
    text = str(lost[0])
    assert "Chemin : raw.personnes.nom →" in text and "Lue ensuite par : mart.l" in text
    assert "Que faire : dans son YAML, écrivez config.meta.donnee_personnelle: identifiant_direct" in text


def test_every_model_that_lets_it_go_on_is_named() -> None:
    lost = found(
        ("stg", f"select nom from {P}", {}),
        ("mart", "select nom as n from age.stg", {"n": {}}),
    )
    assert [leak.label for leak in lost] == ["stg.nom", "mart.n"]


def test_a_tag_of_a_model_counts_as_one_of_a_source() -> None:
    lost = found(
        ("stg", f"select annee || commune as cle from {P}", {"cle": INDIRECT}),
        ("mart", "select cle from age.stg", {}),
    )
    assert [leak.way() for leak in lost] == ["stg.cle → mart.cle (copie)"]


def test_each_way_is_judged() -> None:
    # One branch of the union masks, the other does not.
    sql = f"select {SEAL}masque(nom || '*') as x from {P} union all select prenom from {P}"
    lost = found(("essai", sql, {"x": protected("masque")}))
    assert [leak.path[0].column.column for leak in lost] == ["prenom"]


def test_raw_values_of_rejected_rows_carry_what_they_may_hold() -> None:
    def issues(name: str) -> str:
        return (
            f"with source as (select * from {P}), "
            "regles as (select 1 as numero union all select 2 as numero), "
            f"final as (select case regles.numero when 1 then source.annee when 2 then {name} end "
            "as valeur_brute from source cross join regles) select * from final"
        )

    assert [leak.label for leak in found(("e_ecarts", issues("source.naissance"), {}))] == [
        "e_ecarts.valeur_brute"
    ]
    masked = f"{SEAL}masque(case when source.naissance is not null then '***' end)"
    assert found(("e_ecarts", issues(masked), {})) == []


def test_a_query_under_seal_needs_aggregates_inside() -> None:
    query = f"select * from (select commune, {{}} as n from {P} group by commune) as {SEAL}supprime"
    assert found(("essai", query.format("count(id)"), {"n": protected("supprime")})) == []


K = "(values ('a'), ('b')) as k(cle)"
AGREGE = {"protection": "agrege"}


@pytest.mark.parametrize(
    ("sql", "meta"),
    [
        # The key of a join, however the two sides are held equal.
        (f"select k.cle as x from {K} inner join {P} as p on lower(k.cle) = lower(p.nom)", {}),
        (f"select k.cle as x from {K}, {P} as p where k.cle || '' = p.nom", {}),
        (f"select k.cle as x from {K} inner join {P} as p on k.cle = p.nom or k.cle = p.prenom", {}),
        (f"select k.cle as x from {K} inner join {P} as p on k.cle in (p.nom, p.prenom)", {}),
        (f"select k.cle as x from {K} inner join {P} as p on (k.cle, 1) = (p.nom, 1)", {}),
        (f"select k.cle as x from {K} where (k.cle, '1') in (select nom, annee from {P})", {}),
        (f"select k.cle as x from {K} inner join {P} as p on k.cle like p.nom", {}),
        (f"select k.cle as x from {K} inner join {P} as p on not (k.cle <> p.nom)", {}),
        (f"select k.nom as x from (values ('a')) as k(nom) inner join {P} as p using (nom)", {}),
        (
            f"select k.cle as x from {K}, (values ('a')) as l(c), {P} as p where k.cle = l.c and l.c = p.nom",
            {},
        ),
        (
            f"select k.cle as x from {K} inner join (values ('a')) as l(c) on k.cle = l.c "
            f"inner join {P} as p on l.c = p.nom",
            {},
        ),
        (
            f"select k.cle as x from {K} where exists "
            f"(select 1 from {P} as p inner join (select 1 as u) as z on p.nom = k.cle)",
            {},
        ),
        (
            f"select k.cle as x from {K} where exists (select 1 from {P} as p where p.nom = k.cle "
            f"union all select 1 from {P} as p where p.prenom = k.cle)",
            {},
        ),
        (f"select k.cle as x from {K} where (select count(*) from {P} as p where p.nom = k.cle) > 0", {}),
        (
            f"select k.cle as x from {K} "
            f"cross join lateral (select 1 from {P} as p where p.nom = k.cle) as l",
            {},
        ),
        # A condition on the person's own row, written as a filter.
        (f"select (select 1 where p.nom > 'M') as x from {P} as p", {}),
        (
            f"select l.v as x from {P} as p left join lateral (select 1 as v where p.nom = 'D') as l on true",
            {},
        ),
        (f"select u.un as x from {P} as p left join (select 1 as un) as u on p.nom = 'D'", {}),
        (f"select id as i, count(*) filter (where nom > 'M') as x from {P} group by id", {}),
        (f"select id as i, count(*) filter (where nom > 'M') as x from {P} group by id", AGREGE),
        (f"select count(*) filter (where nom = 'D') over (order by annee) as x from {P}", {}),
        # A running count is a rank.
        (f"select count(*) over (order by nom) as x from {P}", {}),
        (f"select sum(1) over w as x from {P} window w as (order by nom)", {}),
        # An aggregate over one person, or one row.
        (
            f"select (select sum(q.salaire) from {P} as q inner join (select 1 as u) as z on q.id = p.id) "
            f"as x from {P} as p",
            AGREGE,
        ),
        (f"select (select sum(q.salaire) from {P} as q where q.id in (p.id)) as x from {P} as p", AGREGE),
        (
            f"select (select sum(t.s) from (select q.salaire as s from {P} as q where q.id = p.id) as t) "
            f"as x from {P} as p",
            AGREGE,
        ),
        (f"select (select sum(v) from unnest(array[p.salaire]) as v) as x from {P} as p", AGREGE),
        (
            f"select l.s as x from {P} as p cross join lateral "
            "(select sum(v) as s from (select p.salaire as v) as t) as l",
            AGREGE,
        ),
        (f"select sum(salaire) as x from {P} where id = '123'", AGREGE),
        # Macros that protect nothing of it.
        (f"select {SEAL}masque(case when 1 = 0 then '***' else nom end) as x from {P}", protected("masque")),
        (f"select {SEAL}supprime(nom) as x from {P}", protected("supprime")),
    ],
)
def test_a_leak_has_many_faces(sql: str, meta: dict) -> None:
    assert [leak.label for leak in found(("essai", sql, {"x": meta})) if leak.label == "essai.x"]


@pytest.mark.parametrize(
    ("sql", "meta"),
    [
        (f"select k.cle as x from {K} where not exists (select 1 from {P} as p where p.nom = k.cle)", {}),
        (f"select (select count(*) from {P} as p where p.nom = k.cle) as n, k.cle as x from {K}", {}),
        (f"select p.annee as x from {P} as p inner join {P} as q on p.id = q.id and p.annee = q.annee", {}),
        (f"select p.commune as x from {P} as p inner join {P} as q using (id)", {}),
        (f"select count(*) filter (where annee = '1') as x from {P} group by commune", {}),
        (f"select count(*) filter (where nom > 'M') as x from {P} group by commune", AGREGE),
        (
            f"select c.libelle as x from {P} as p left join raw.communes as c "
            "on c.nis = p.commune and c.libelle <> ''",
            {},
        ),
        (
            f"select (select avg(q.salaire) from {P} as q where q.commune = p.commune) as x from {P} as p",
            AGREGE,
        ),
        (f"select sum(v) as x from {P} as p cross join unnest(array[p.salaire]) as v group by annee", AGREGE),
        (f"select coalesce(nullif(trim(nom), ''), null) is not null as x from {P}", {}),
        (
            f"select {SEAL}masque(case when annee = '1' then '***' else nom end) as x from {P}",
            protected("masque"),
        ),
    ],
)
def test_what_only_looks_like_a_leak_is_none(sql: str, meta: dict) -> None:
    assert found(("essai", sql, {"x": meta, "n": {}})) == []


@pytest.mark.parametrize(
    "expression",
    ["query_to_xml('select nom from raw.personnes', true, true, '')", "pg_read_file('x')", "@ salaire"],
)
def test_what_hides_where_it_reads_is_refused(expression: str) -> None:
    lineage = project(("essai", f"select {expression} as x from {P}", {"x": {}}))
    assert len(lineage.faults) == 1 and "ne peut être établi" in lineage.faults[0].message
