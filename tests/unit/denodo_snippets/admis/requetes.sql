--- sélection simple
select nom, annee from ecoles where annee = 2024

--- sans FROM
select 1 + 1 as deux

--- table à une ligne
select current_date as jour from dual()

--- Dual comme dans le manuel
SELECT LOG(100) AS logarithm, ABS(-5) AS absolute_value FROM Dual()

--- toutes les colonnes d'une table
select * from ecoles

--- toutes les colonnes d'une CTE
with final as (select nom, annee from ecoles) select * from final

--- étoile et colonne nouvelle
select *, upper(nom) as nom_majuscule from ecoles

--- doublons retirés
select distinct nom, annee from ecoles

--- plusieurs CTE
with a as (
    select fase, nom from ecoles
),
b as (
    select fase, count(*) as n from eleves group by fase
),
final as (
    select a.fase, a.nom, coalesce(b.n, 0) as n
    from a
    left join b on a.fase = b.fase
)
select * from final

--- CTE avec noms de colonnes
WITH department_salary (deptno, totalpay) AS
    (SELECT deptno, SUM(salary)
     FROM EMP
     GROUP BY deptno)
SELECT deptno
FROM department_salary
WHERE totalpay = (
    SELECT max(totalpay)
    FROM department_salary
)

--- CTE triée
with a as (select nom from ecoles order by nom) select nom from a

--- sous-requête dans FROM
select e.nom from (select nom, annee from ecoles where annee > 2020) as e

--- sous-requête dans FROM sans alias
SELECT *
FROM (
  SELECT * FROM internet_inc
  UNION ALL
  SELECT * FROM phone_inc
)
WHERE taxid = 'B78596011'

--- sous-requête triée dans FROM
select e.nom from (select nom from ecoles order by nom) as e

--- IN avec sous-requête
select nom from ecoles where fase in (select fase from eleves where annee = 2024)

--- NOT IN avec sous-requête
select nom from ecoles where fase not in (select fase from eleves)

--- EXISTS corrélé
SELECT *
FROM internet_inc AS a
WHERE EXISTS
    (SELECT b.PINC_ID
     FROM PHONE_INC AS b
     WHERE a.iinc_id = b.pinc_id)

--- NOT EXISTS
select nom from ecoles as e where not exists (select 1 from eleves where eleves.fase = e.fase)

--- = ANY
SELECT * FROM incident WHERE taxid = ANY (SELECT taxid FROM flat_revenue WHERE revenue > 2500)

--- > ALL
select nom from ecoles where annee > all (select annee from dates)

--- comparaison avec une sous-requête
select nom from ecoles where annee = (select max(annee) from dates) and (fase = 1 or annee < (select min(annee) from dates))

--- sous-requête dans le WHERE d'une CTE
with a as (select nom from ecoles where annee = (select max(annee) from dates)) select nom from a

--- jointures
select e.nom, i.rue, d.annee
from ecoles as e
inner join implantations as i on e.fase = i.fase
left outer join dates as d on e.fase = d.fase and d.annee >= 2020
right join regions r on r.code = e.region
full outer join provinces p on p.code = r.province
cross join annees as x

--- jointure et USING
select nom, rue from ecoles join implantations using (fase)

--- étoile et USING
select * from ecoles join implantations using (fase)

--- jointure naturelle
SELECT * FROM view1 NATURAL LEFT OUTER JOIN view2

--- étoile sur une jointure de colonnes différentes
SELECT *
FROM employee INNER JOIN department
ON employee.dept_id = department.id

--- méthodes de jointure
select a.x from v1 a hash join v2 b on a.i = b.i

--- méthodes de jointure et ordre
SELECT A, B, C, D, E FROM V4 NESTED ORDERED JOIN V3 USING (C) WHERE A > 1

--- méthode et jointure externe
select a.x from a merge left outer join b on a.i = b.i

--- NESTED PARALLEL
select a.x from a nested parallel ordered left join 5 b on a.i = b.i

--- produit par virgule
select a.x, b.y from a, b where a.i = b.i

--- jointure entre parenthèses
select a.x from a join (b join c on b.i = c.i) on a.i = b.i

--- autojointure
select courante.annee, min(suivante.debut) as debut_suivante
from annees as courante
inner join annees as suivante on courante.debut < suivante.debut
group by courante.annee

--- groupement par nom, alias et expression
select department as dept_name, count(*) as n from emp group by dept_name

--- groupement par expression
select extract(year from jour) as annee, sum(n) as n from t group by extract(year from jour)

--- HAVING
SELECT COUNT(*) AS numOfWorkers, department FROM emp GROUP BY department HAVING COUNT(*) > 10

--- agrégats sans groupe
select count(*) as n, min(nom) as premier, max(nom) as dernier from ecoles

--- groupe sans colonne projetée
select count(*) as n from ecoles group by annee

--- tri par nom, alias, position et expression
select nom, annee as an from ecoles order by an desc, 1 asc, lower(nom)

--- tri par une expression projetée
select annee, count(*) as n from ecoles group by annee order by count(*) desc

--- tri par agrégat
select annee, sum(x) as s from t group by annee order by sum(x)

--- tri par une colonne sous un autre alias
select e.nom as libelle from ecoles as e order by e.nom

--- tri avec CASE pour les absents
select nom, annee from ecoles order by case when annee is null then 1 else 0 end, annee

--- tri d'une étoile
SELECT * FROM internet_inc ORDER BY lower(summary)

--- tri par position
SELECT name, pay FROM emp ORDER BY 2 DESC

--- limite
select nom from ecoles order by nom limit 10

--- décalage puis limite
select nom from ecoles order by nom offset 10 limit 10

--- décalage puis FETCH
SELECT f1, f2 FROM employee OFFSET 10 ROWS FETCH NEXT 10 ROWS ONLY

--- FETCH seul
SELECT f1, f2 FROM employee FETCH NEXT ROW ONLY

--- FETCH FIRST
SELECT f1, f2 FROM employee FETCH FIRST 10 ROWS ONLY

--- décalage seul
select nom from ecoles order by nom offset 5

--- UNION ALL
select nom, annee from ecoles union all select nom, annee from prisons

--- UNION ALL avec alias
select nom, 'école' as genre from ecoles
union all
select libelle as nom, 'prison' as genre from prisons
order by nom

--- UNION ALL d'étoiles
select * from a union all select * from b

--- UNION ALL de parenthèses
(select nom from ecoles) union all (select nom from prisons)

--- MINUS
select nom from ecoles minus select nom from prisons

--- MINUS du manuel
SELECT * FROM
  (  SELECT A FROM View_A
   MINUS
     SELECT Col_1 AS A
     FROM View_B
   MINUS
     SELECT Col_A AS A FROM View_C)

--- INTERSECT
select nom from ecoles intersect select nom from prisons

--- FLATTEN
SELECT TAXID, REVENUE FROM FLATTEN (AVERAGE_REVENUE_ARRAY AS V, V.RETURN)

--- FLATTEN simple
select taxid from flatten (average_revenue.return) as r

--- procédure dans FROM
select name, type from get_elements() where input_database_name = 'age'

--- procédure d'une base
select v.view_name from admin.get_views() as v where v.input_name = 'x'

--- CONTEXT
select nom from ecoles context ('i18n' = 'fr', 'cache' = 'off')

--- CONTEXT avec plan
SELECT * FROM V5 WHERE D = 1 CONTEXT (QUERYPLAN = V1 : HASH ORDERED V2 : ANY ANY)

--- CONTEXT de sous-requête
SELECT * FROM incidents
WHERE taxid IN
    (SELECT taxid
     FROM flat_revenue
     WHERE revenue > 2500 CONTEXT (SUBQUERYPLAN = NESTED ORDERED))

--- TRACE
select nom from ecoles trace

--- vue de base et base de données
select e.nom from age.dim_etablissement as e

--- vue créée
create or replace view v_ecoles folder = '/age/marts' description = 'Les écoles' as select nom, fase from ecoles

--- vue créée avec CTE et contexte
create view v as with a as (select nom from ecoles) select nom from a context ('i18n' = 'fr')

--- vue créée avec clé
create or replace view v primary key 'pk' (fase) as select fase, nom from ecoles

--- dossier et base
connect database age;
create or replace folder '/age';
create or replace view v as select nom from ecoles;

--- plusieurs requêtes
select 1 as a;
select 2 as b;

--- fenêtre pour Denodo seul, déléguée portable=non
SELECT RANK() OVER ( PARTITION BY block ORDER BY amount ) r FROM t

--- fenêtre avec cadre portable=non
select sum(x) over (partition by a order by b rows between unbounded preceding and current row) as s from t

--- LISTAGG analytique portable=non
select listagg(nom, ', ') within group (order by nom) over (partition by annee) as noms from t

--- UNION pour Denodo seul portable=non
select nom from ecoles union select nom from prisons

--- insertion
INSERT INTO internet_inc (iinc_id, summary, taxid) VALUES (6, 'Error in ADSL Router', 'B78596015')

--- insertion par SET
insert into t set a = 1, b = 'x'

--- insertion par requête
insert into mt ( select a, b from t )

--- modification
update t set a = 1, b = upper(b) where i = 3

--- suppression
delete from internet_inc where iinc_id > 4

--- table matérialisée
create or replace materialized table mt as select nom from ecoles

--- commentaires
-- un commentaire
select nom /* un /* autre */ commentaire */ from ecoles -- fin

--- commentaire dièse, pour Denodo seul portable=non
# un commentaire de VQL
select nom from ecoles

--- texte vide
-- rien

--- table distante
create remote table r into base.source schema = 'X' as select * from clients where ville = 'Namur'

--- changer et retirer une vue
alter view a rename b;
alter view b cache full;
alter view b description = 'vue des écoles';
drop view if exists b cascade;
drop datasource jdbc ds

--- sans alias là où personne ne lit le nom
select nom from ecoles where annee = (select max(annee) from ecoles) and exists (select 1 from dates)
    and fase in (select cast(fase as int8) from villes) and rang >= any (select min(rang) from villes)

--- noms donnés par la CTE, comme dans le manuel
with totaux (fase, total) as (select fase, sum(montant) from subsides group by fase)
select fase from totaux

--- insertion, qui associe par place
insert into cumuls select max(annee) from ecoles

--- portable=non colonne calculée sans alias
select upper(nom), count(*) from ecoles group by nom
