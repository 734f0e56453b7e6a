--- vql-different
select nom from ecoles where annee «!=» 2024

--- vql-different
select nom
from ecoles
where annee = 2024
    and nom «!=» 'Athénée'

--- vql-deux-points
select annee«::integer» as annee from ecoles

--- vql-deux-points
select '2024-01-01'«::date» as jour

--- vql-deux-points vql-deux-points
select (a + b)«::text»«::varchar(10)» as x from t

--- vql-deux-points
select nom from ecoles where annee = '2024'«::bigint»

--- vql-type
select cast(annee as «int») as annee from ecoles

--- vql-type
select cast(annee as «bigint») as annee from ecoles

--- vql-type
select cast(actif as «boolean») as actif from ecoles

--- vql-type
select cast(x as «double») as x from t

--- vql-type
select cast(x as «string») as x from t

--- vql-type
select cast(x as «jsonb») as x from t

--- vql-type
select cast(x as «uuid») as x from t

--- vql-type
select cast(x as «integer[]») as x from t

--- vql-type
select cast(x as «timestamp(3)») as x from t

--- vql-type
select cast(x as «interval») as x from t

--- vql-type
select cast(«'bigint'», x) as x from t

--- vql-litteral-type
select «json '{}'» as x

--- vql-litteral-type
select «timestamptz '2024-01-01 00:00:00+01'» as x

--- vql-litteral-type
select «time with time zone '10:00:00+01'» as x

--- vql-intervalle
select jour + «interval '1 day'» as demain from t

--- vql-intervalle
select jour - «interval '3 months 2 days'» as x from t

--- vql-intervalle
select jour + «interval '2' week» as x from t

--- vql-intervalle
select jour + «interval 1 day» as x from t

--- sens-decimal
select cast(montant as «numeric(12, 2)») as montant from t

--- sens-decimal
select cast(montant as «decimal») as montant from t

--- sens-flottant
select cast(x as «float») as x from t

--- vql-type
select cast(x as «float(53)») as x from t

--- avis-flottant-32
select cast(x as «real») as x from t

--- sens-char
select cast(code as «char(5)») as code from t

--- sens-bits
select cast(x as «bit(8)») as x from t

--- sens-heure-fuseau
select cast(x as «timetz») as x from t

--- sens-date-ancienne
select cast(«'date'», x) as x from t

--- sens-cast-entier
select cast(2.9 as «integer») as x

--- sens-cast-entier
select cast(sqrt(x) as «int8») as x from t

--- sens-cast-entier
select cast(100.0 * a / b as «integer») as pourcent from t

--- avis-fuseau
select cast(x as «timestamptz») as x from t

--- avis-intervalle
select jour + «interval '1' day» as demain from t

--- vql-operateur
select nom from t where nom «~*» 'ath'

--- vql-operateur
select nom from t where nom «!~» 'ath'

--- vql-operateur
select donnees «->» 'a' as x from t

--- vql-operateur
select donnees «->>» 'a' as x from t

--- vql-operateur vql-operateur
select donnees «->» 'a' «->>» 'b' as x from t

--- vql-operateur
select donnees «#>>» '{a,b}' as x from t

--- vql-operateur
select nom from t where donnees «@>» '{"a": 1}'

--- vql-operateur
select nom from t where donnees «?» 'a'

--- vql-operateur
select x «^» 2 as x from t

--- vql-operateur
select a «&» 1 as x from t

--- vql-operateur
select nom from t where adresse «<<» reseau

--- vql-operateur
select «||/» x as y from t

--- vql-operateur
select nom from t where (debut, fin) «overlaps» (debut2, fin2)

--- vql-operateur
select nom from t where tags «&&» autres

--- vql-operateur
select nom from t where a «==» 1

--- vql-operateur
select nom from t where nom «~~» 'A%'

--- vql-ilike
select nom from t where nom «ilike» 'ath%'

--- vql-ilike
select nom from t where nom not «ilike» 'ath%'

--- vql-similar-to
select nom from t where nom «similar to» '(a|b)%'

--- vql-between-symmetric
select nom from t where x between «symmetric» 3 and 1

--- vql-is
select nom from t where actif «is not true»

--- vql-is
select nom from t where actif «is not false»

--- vql-is
select nom from t where actif «is unknown»

--- vql-is
select nom from t where a «isnull»

--- vql-is
select nom from t where a «notnull»

--- vql-is
select nom from t where a «is json»

--- vql-is-distinct-from
select nom from t where a «is distinct from» b

--- vql-is-distinct-from
select nom from t where a «is not distinct from» b

--- vql-not-operateur
select nom from t where nom «not regexp_like» 'A.*'

--- vql-like-liste vql-tableau
select nom from t where nom «like any» («array['A%', 'B%']»)

--- vql-like-liste
select nom from t where nom «like all» ('A%', '%B')

--- vql-echappement
select nom from t where nom like 'A%' escape «''»

--- vql-fuseau
select instant «at time zone» 'Europe/Brussels' as local from t

--- vql-collate
select nom from t order by nom «collate "C"»

--- vql-tableau
select «array[1, 2]» as x from t

--- vql-tableau
select nom from t where annee = «any (liste)»

--- vql-tableau vql-tableau
select nom from t where annee = «any («array[2023, 2024]»)»

--- vql-tableau
select liste«[1:2]» as x from t

--- vql-tableau
select «array(select 1)» as x from t

--- sens-indice
select liste«[1]» as x from t

--- vql-ligne vql-ligne
select nom from t where «(a, b)» = «(1, 2)»

--- vql-ligne
select nom from t where «(a, b)» in (select c, d from u)

--- vql-ligne vql-ligne
select nom from t where «(a, b)» in («(1, 2)»)

--- vql-booleen-projete
select «a > b» as plus_grand from t

--- vql-booleen-projete
select «a is null» as absent from t

--- vql-booleen-projete
select «a = 1 and b = 2» as x from t

--- vql-booleen-projete
select «not actif» as inactif from t

--- vql-booleen-projete
select «a in (1, 2)» as x from t

--- vql-booleen-projete
select «nom like 'A%'» as x from t

--- vql-booleen-projete
select «a between 1 and 3» as x from t

--- vql-booleen-projete
select «a <> b» as x from t

--- vql-booleen-valeur
select coalesce(«a > b», false) as x from t

--- vql-booleen-valeur
select sum(cast(«a = b» as integer)) as x from t

--- vql-booleen-valeur
select case when a = 1 then «b > c» else false end as x from t

--- vql-booleen-valeur
select nom from t where «(a > 1)» = actif

--- vql-booleen-valeur
select nom from t order by «nom is null», nom

--- vql-booleen-valeur
select count(*) as n from t group by «a > 1»

--- vql-booleen-valeur
select max(«a is null») as x from t

--- sens-tilde
select nom from t where nom «~» '^A[0-9]+$'

--- sens-like
select nom from t where taux «like '100\%'»

--- sens-like
select nom from t where nom «like '%$_%'»

--- sens-like
select nom from t where nom not «like 'a\_b%'»

--- avis-like-variable
select nom from t where nom «like motif»

--- avis-like-variable
select nom from t where nom «like concat('%', motif, '%')»

--- sens-moins-dates
select date '2024-06-30' «-» date '2024-01-01' as jours

--- sens-moins-dates
select current_date «-» naissance as jours from t

--- sens-moins-dates
with bornes as (select date '2024-01-01' as debut, current_date as fin)
select fin «-» debut as jours from bornes

--- sens-moins-dates
select cast(fin as date) «-» cast(debut as date) as jours from t

--- sens-date-plus-entier
select current_date «+» 7 as x

--- sens-date-plus-entier
select cast(jour as date) «-» 1 as veille from t

--- sens-date-plus-entier
select current_date «+» n as x from t

--- sens-diese
select nom «#» le nom
from ecoles

--- sens-diese
«#» commentaire
select nom from ecoles

--- avis-concat-null
select nom || «null» as x from t

--- avis-concat-null
select concat(nom, ' ', «nullif(prenom, '')») as x from t

--- vql-chaine
select «E'a\nb'» as x

--- vql-chaine
select «U&'\00e9'» as x

--- vql-chaine
select «$$l'école$$» as x

--- vql-chaine
select 'a'
    «'b'» as x

--- vql-nombre
select «1_000» as x

--- vql-nombre
select «0xff» as x

--- vql-parametre
select nom from t where id = «$1»

--- vql-parametre
select nom from t where id = «:id»

--- vql-accents-graves
select «`nom`» from t

--- vql-mot-reserve
select «user» from t

--- vql-mot-reserve
select a as «row» from t

--- vql-mot-reserve
select x.a from t as «base», u as x

--- vql-mot-reserve
with «one» as (select 1 as a) select a from t

--- vql-mot-reserve
select t.«zero» from t

--- vql-mot-reserve
select a as «limit» from t

--- vql-nom-souligne
select «_a» from t

--- vql-nom-souligne vql-nom-souligne
with «__dbt__cte__a» as (select 1 as x) select x from «__dbt__cte__a»

--- vql-nom-accent
select «année» from t

--- vql-nom-accent
select a as «libellé» from t

--- vql-nom-trois-parties
select a from «entrepot.public.ecoles»

--- vql-alias-apostrophes
select nom as «'Nom'» from t

--- vql-alias-apostrophes
select sum(x) «'Total général'» from t

--- vql-alias-colonnes
select v.x from (select a from t) as v«(x)»

--- vql-nom-double
select a.id, «b.id» from a join b on a.i = b.i

--- vql-nom-double
select nom, annee as «nom» from t

--- vql-nom-double
select «*» from a join b on a.id = b.id

--- vql-nom-double
select *, «nom» from t

--- vql-nom-double
with a as (select id, x from t), b as (select id, y from u)
select «*» from a cross join b

--- avis-etoile-table
select «e.*» from ecoles as e

--- avis-etoile-table avis-etoile-table vql-nom-double
select «a.*», ««b.*»» from a join b on a.id = b.id

--- vql-syntaxe
select «from» where

--- vql-syntaxe
select a b «c» from t

--- vql-syntaxe
select nom from ecoles where (annee = 2024«»

--- vql-syntaxe
select nom from ecoles where nom = 'l'école«'»

--- vql-syntaxe
«selct» nom from ecoles

--- vql-syntaxe
select nom, «from» ecoles

--- vql-syntaxe
select nom from ecoles where «and» annee = 1

--- vql-syntaxe
select «{»{ colonne }} from t

--- vql-syntaxe
select case when a = 1 then 2 «from» t

--- sens-cast-entier
select cast(avg(note) as «integer») as moyenne from t

--- vql-deux-points sens-moins-dates vql-deux-points
select a«::date» «-» b«::date» as jours from t

--- sens-date-plus-entier
with j as (select cast(recu as date) as jour from t)
select j.jour «+» 1 as demain from j

--- sens-moins-dates
select now() «-» instant as ecart from t

--- vql-operateur
select a «<->» b as d from t

--- vql-nom-double
with a as (select 1 as id), b as (select 2 as id)
select «*» from a, b

--- sens-moins-dates
select date_fin «-» date_debut as jours from contrats

--- sens-moins-dates
select end_date «-» start_date as jours from contrats

--- sens-moins-dates
select id from contrats where current_date «-» date_naissance > 365

--- sens-date-plus-entier
select date_fin «+» 7 as echeance from contrats

--- vql-operateur
select a «<<» 2 as x from t

--- vql-tableau
select nom from t where a = «any (1, 2)»
