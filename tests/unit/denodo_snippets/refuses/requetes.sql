--- vql-distinct-on vql-order-projete
select «distinct on» (fase) fase, nom from ecoles order by fase, «annee» desc

--- vql-distinct-on
with derniers as (
    select «distinct on» (fase) fase, nom
    from ecoles
)
select fase from derniers

--- vql-select-all
select «all» nom from ecoles

--- vql-select-all
select «top 10» nom from ecoles

--- vql-lateral
select e.nom, d.annee
from ecoles as e
cross join «lateral» (select max(annee) as annee from dates where dates.fase = e.fase) as d

--- vql-lateral
select e.nom from ecoles e, «lateral» (select annee from dates) d

--- vql-recursif
with «recursive» n as (select 1 as i) select i from n

--- vql-with-imbrique
with a as (
    «with» b as (select 1 as x)
    select x from b
)
select x from a

--- vql-with-imbrique
select n.x from («with» b as (select 1 as x) select x from b) as n

--- vql-with-imbrique
select nom from ecoles where fase in («with» b as (select fase from v) select fase from b)

--- vql-with-imbrique
(«with» a as (select 1 as x) select x from a) union all select 2 as x

--- vql-with-options
with a as «materialized» (select 1 as x) select x from a

--- vql-with-options
with a as «not materialized» (select 1 as x) select x from a

--- vql-with-options
with a as («delete» from t returning id) select id from a

--- vql-values
select v.a from («values» (1), (2)) as v

--- vql-values vql-alias-colonnes
select v.a from («values» (1, 'x'), (2, 'y')) as v«(a, b)»

--- vql-values
with v (a) as («values» (1), (2)) select a from v

--- vql-fonction-from
select n from «generate_series»(1, 10) as n

--- vql-fonction-from avis-intervalle
select j.jour from «generate_series»(date '2024-01-01', date '2024-12-31', «interval '1' day») as j

--- vql-fonction-from
select e from «unnest»(liste) as e

--- vql-fonction-from vql-from-options
select e from «unnest»(liste) «with ordinality» as e

--- vql-fonction-from
select x.cle from t, «jsonb_each»(t.donnees) as x

--- vql-from-options
select nom from ecoles «tablesample» system (10)

--- vql-from-options
select nom from «only» ecoles

--- vql-jointure
select a.x from a «join» b

--- vql-jointure
select a.x from a «left semi» join b on a.i = b.i

--- vql-jointure
select a.x from a «cross apply» b

--- vql-sous-requete-select
select nom, «(select max(annee) from dates)» as annee from ecoles

--- vql-sous-requete-select
select nom, coalesce(«(select max(annee) from dates)», 0) as annee from ecoles

--- vql-sous-requete-select
select case when «exists (select 1 from dates)» then 1 else 0 end as connu from ecoles

--- vql-sous-requete-select
select case when fase in «(select fase from dates)» then 1 else 0 end as connu from ecoles

--- vql-sous-requete-having
select annee, count(*) as n from ecoles group by annee having count(*) > «(select avg(n) from moyennes)»

--- vql-sous-requete-having
select annee from ecoles group by annee having annee in «(select annee from annees)»

--- vql-sous-requete-jointure
select a.x from a join b on a.i = b.i and b.d = «(select max(d) from b)»

--- vql-sous-requete-jointure
select a.x from a left join b on a.i = b.i and «exists (select 1 from c)»

--- vql-sous-requete-valeur
select nom from ecoles where «(select max(annee) from dates)» = annee

--- vql-sous-requete-valeur
select nom from ecoles where annee = «(select max(annee) from dates)» - 1

--- vql-sous-requete-valeur
select nom from ecoles where annee = coalesce(«(select max(annee) from dates)», 2024)

--- vql-sous-requete-valeur
select nom from ecoles where annee between «(select min(annee) from dates)» and 2024

--- vql-sous-requete-valeur
select nom from ecoles where case when annee = «(select max(annee) from dates)» then 1 else 0 end = 1

--- vql-sous-requete-valeur
select nom from ecoles order by «(select max(annee) from dates)»

--- vql-some
select nom from ecoles where annee = «some» (select annee from dates)

--- vql-group-by-position
select annee, count(*) as n from ecoles group by «1»

--- vql-group-by-position vql-group-by-position
select annee, mois, count(*) as n
from ecoles
group by «1», «2»

--- vql-group-by-ensembles
select annee, sum(n) as n from ecoles group by «rollup» (annee)

--- vql-group-by-ensembles
select annee, mois, sum(n) as n from ecoles group by «cube» (annee, mois)

--- vql-group-by-ensembles
select annee, mois, sum(n) as n from ecoles group by «grouping sets» ((annee), (mois))

--- vql-group-by-ensembles
select annee, sum(n) as n from ecoles group by «all»

--- vql-group-by-ensembles
select sum(n) as n from ecoles group by «()»

--- vql-group-by-ensembles
select annee, sum(n) as n from ecoles group by annee «with rollup»

--- vql-having-sans-group-by
select count(*) as n from ecoles «having» count(*) > 1

--- vql-qualify sens-fenetre
select nom from ecoles «qualify» row_number() «over» (partition by fase order by annee) = 1

--- vql-fenetre vql-window
select sum(n) over «w» as total from ecoles «window» w as (partition by annee)

--- vql-nulls
select nom from ecoles order by nom «nulls last»

--- vql-nulls vql-nulls
select nom, annee from ecoles order by annee desc «nulls first», nom asc «nulls last»

--- vql-order-using
select nom from ecoles order by nom «using >»

--- vql-order-projete
select nom from ecoles order by «annee»

--- vql-order-projete
select e.nom from ecoles as e order by lower(«e.rue»)

--- vql-order-projete
select annee as an, count(*) as n from ecoles group by annee, mois order by «mois»

--- vql-ordre-branche
(select nom from ecoles «order» by nom) union all select nom from prisons

--- vql-limite-sous-requete
select nom from (select nom from ecoles order by nom «limit 10») as e

--- vql-limite-sous-requete
with premiers as (select nom from ecoles order by nom «fetch first 10 rows only») select nom from premiers

--- vql-limite-sous-requete
select nom from ecoles where annee = (select annee from dates order by annee desc «limit 1»)

--- vql-limite-sous-requete
select nom from ecoles where exists (select 1 from dates «limit 1»)

--- vql-limite-sous-requete
select nom from (select nom from ecoles «offset 5») as e

--- vql-limite-sous-requete
(select nom from ecoles «limit 1») union all (select nom from prisons)

--- vql-limite-ordre
select nom from ecoles order by nom «limit 10 offset 20»

--- vql-limite-ordre
select nom from ecoles order by nom «fetch first 10 rows only offset 20 rows»

--- vql-limite-forme
select nom from ecoles «limit all»

--- vql-limite-forme
select nom from ecoles «limit 5, 10»

--- vql-limite-forme
select nom from ecoles «limit 5 * 2»

--- vql-limite-forme
select nom from ecoles order by nom fetch first 10 rows «with ties»

--- vql-limite-forme
select nom from ecoles order by nom fetch first 10 «percent» rows only

--- vql-except
select nom from ecoles «except» select nom from prisons

--- vql-except vql-ensemble-all
select nom from ecoles «except» «all» select nom from prisons

--- vql-ensemble-all
select nom from ecoles intersect «all» select nom from prisons

--- vql-ensemble-all
select nom from ecoles minus «all» select nom from prisons

--- vql-ensemble-noms
select nom from ecoles minus select «libelle» from prisons

--- vql-ensemble-noms
select a, b from t intersect select a, c as «d» from u

--- sens-union-noms
select a, b from t minus select «b», a from u

--- vql-union-par-nom
select nom from ecoles union all «by name» select nom from prisons

--- sens-union
select nom from ecoles «union» select nom from prisons

--- sens-union
select nom from ecoles «union distinct» select nom from prisons

--- sens-union
select x.nom from (
    select nom from ecoles
    «union»
    select nom from prisons
) as x

--- sens-union-noms
select nom from ecoles union all select «libelle» from prisons

--- sens-union-noms
select nom, 'école' as genre from ecoles union all select nom, «'prison'» from prisons

--- vql-verrou
select nom from ecoles «for update»

--- vql-verrou
select nom from ecoles where fase = 1 «for share of ecoles nowait»

--- vql-select-into
select nom «into» temp copie from ecoles

--- vql-instruction
«truncate» table ecoles

--- vql-instruction
«merge» into ecoles using v on ecoles.i = v.i when matched then delete

--- vql-instruction
«create index» i on ecoles (nom)

--- vql-instruction
«create schema» age

--- vql-instruction
«create table» copie as select nom from ecoles

--- vql-instruction
«comment» on view ecoles is 'Les écoles'

--- vql-instruction
«explain» select nom from ecoles

--- vql-instruction
«table» ecoles

--- vql-vue
create «materialized» view v as select nom from ecoles

--- vql-vue
create or replace «temporary» view v as select nom from ecoles

--- vql-vue
create view «if not exists» v as select nom from ecoles

--- vql-vue
create or replace view v «(a, b)» as select nom, fase from ecoles

--- vql-limite-sous-requete
create or replace view v as select nom from (select nom from ecoles «limit 3») as e

--- vql-modification
insert into t (a) values (1) «on conflict» do nothing

--- vql-modification
update t set a = u.a «from» u where t.i = u.i

--- vql-modification
delete from t «using» u where t.i = u.i

--- vql-modification
delete from t where i = 1 «returning» i

--- vql-sous-requete-select
select «exists (select 1 from dates)» as connu

--- vql-lateral
select e.nom, d.annee from ecoles e left join «lateral» (select annee from dates where dates.f = e.f) d on true

--- vql-nulls vql-fenetre
select row_number() over (order by a «nulls last», «b») as n from t

--- vql-with-options
with a as (select 1 as x) «insert» into t select x from a

--- vql-group-by-ensembles
select a, b, count(*) as n from t group by «(a, b)»

--- vql-jointure
select a.x from a join b «join» c on b.i = c.i on a.i = b.i

--- vql-alias-colonnes
select g.x from (a join b on a.i = b.i) as «g»

--- sens-union-noms
select id, nom from a union all «select» id from b

--- vql-ensemble-noms
select id from a minus «select» id, nom from b

--- vql-instruction
«create table» ecoles (id integer)

--- vql-instruction
«drop schema» cda

--- vql-instruction
alter view a «rename to» b

--- vql-instruction
alter table t «add column» x integer

--- vql-syntaxe
select substr(nom, 1, «)» as debut from ecoles

--- vql-syntaxe
select concat(«,» nom) as x from ecoles

--- vql-syntaxe
select replace(nom, 'a',«,» 'b') as x from ecoles

--- sens-sans-alias
select fase, «cast(annee as int8)» from ecoles

--- sens-sans-alias sens-sans-alias sens-sans-alias
select «upper(nom)», «annee + 1», «'x'» from ecoles

--- sens-sans-alias sens-sans-alias
select «case when annee > 2000 then 1 else 0 end», «count(*)» from ecoles group by annee

--- sens-sans-alias
select «annee = 2024» from ecoles

--- sens-sans-alias vql-deux-points
select «e.annee«::bigint»» from ecoles as e

--- sens-sans-alias
with n as (select «count(*)» from ecoles) select * from n

--- sens-sans-alias
select v.fase from (select fase, «max(annee)» from ecoles group by fase) as v

--- sens-sans-alias
select «1» union all select 2

--- sens-sans-alias
(select «max(annee)» from ecoles)

--- sens-sans-alias
create view v as select «upper(nom)» from ecoles
