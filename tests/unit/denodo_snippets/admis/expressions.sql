--- comparateurs
select nom from t where a = 1 and b <> 2 and c < 3 and d > 4 and e <= 5 and f >= 6

--- logique
select nom from t where not (a = 1 or b = 2) and not c = 3

--- colonne booléenne comme condition
select nom from t where actif and not ferme

--- IS
select nom from t where a is null and b is not null and actif is true and ferme is false

--- IS TRUE d'une condition
select nom from t where (a > b) is true

--- IN et NOT IN
select nom from t where annee in (2023, 2024) and code not in ('A', 'B')

--- BETWEEN
select nom from t where annee between 2020 and 2024 and x not between 1 and 2

--- LIKE
select nom from t where nom like 'Ath%' and nom not like '%royal_'

--- LIKE avec ESCAPE
select nom from t where taux like '30~%' escape '~'

--- LIKE calculé avec ESCAPE
select nom from t where nom like concat('%', motif, '%') escape '~'

--- LIKE de minuscules
select nom from t where lower(nom) like lower('%Athénée%')

--- REGEXP_LIKE
SELECT * FROM products WHERE identifier regexp_like 'AJ\d+'

--- NOT devant REGEXP_LIKE
select nom from t where not (nom regexp_ilike 'a.*')

--- CONTAINSAND et les autres
select nom from t where nom containsor ('AZ', 'CA') and nom containsand ('a') and nom iscontained ('x', 'y')

--- CONTAINSOR d'une seule valeur
select nom from t where nom containsor 'forn' and not ferme

--- vue nommée order, pour Denodo seul portable=non
SELECT order.n FROM order INNER JOIN customer ON order.k = customer.k

--- TRIM de plusieurs caractères pour Denodo seul portable=non
select trim(both 'ab' from nom) as x from t

--- mêmes noms dans un autre ordre pour Denodo seul portable=non
select a, b from t minus select b, a from u

--- égalité projetée
select a = b as pareil, code = 'A' as est_a from t

--- égalité projetée entre parenthèses
select (a = b) as pareil from t

--- booléens
select true as oui, false as non, actif from t where actif = true

--- CASE à conditions
select case when a > 1 and b is null then 'x' when c in (1, 2) then 'y' else 'z' end as genre from t

--- CASE à valeurs
select case region when 'W' then 1 when 'B' then 2 end as rang from t

--- CASE et booléens
select case when a is null then false else true end as connu from t

--- CASE emboîté
select case when a = 1 then case when b = 2 then 'x' else 'y' end else 'z' end as genre from t

--- arithmétique
select a + b - c * d / e % f as x, -a as y, (a + 1) * 2 as z from t

--- nombres
select 1 as a, 1.5 as b, .5 as c, 1e3 as d, 2.5E-3 as e, -7 as f

--- textes
select 'l''école' as a, 'a\b' as b, 'é' as c, '' as d, '100 %' as e

--- assemblage
select nom || ', ' || prenom as complet, concat(nom, ' ', prenom) as c from t

--- littéraux de dates
select date '2018-01-15' as a, time '21:45:59' as b, timestamp '2018-01-15 21:45:01.256' as c,
    timestamp with time zone '2018-01-15 21:45:01 +02:00' as d

--- colonnes nommées comme des types
select date, time, timestamp, text from t

--- comparaison de dates
select nom from t where jour >= date '2024-01-01' and jour < current_date

--- différence de nombres
select annee - 1 as avant, fin - debut as ecart from t

--- dates par fonctions
select addday(date '2024-01-31', 1) as demain, getdaysbetween(debut, fin) as jours, addmonth(jour, -1) as x from t

--- différence documentée, pour Denodo seul portable=non
select date '2024-06-30' - date '2024-01-01' as jours

--- intervalle ANSI, pour Denodo seul portable=non
select jour + interval '4 5:12' day to minute as x from t

--- conversions ANSI
select cast(a as integer) as a, cast(b as int8) as b, cast(c as float8) as c, cast(d as double precision) as d,
    cast(e as text) as e, cast(f as varchar(20)) as f, cast(g as bool) as g, cast(h as date) as h,
    cast(i as timestamp) as i, cast(j as smallint) as j, cast(k as time) as k, cast(l as int4) as l
from t

--- conversions ANSI en plusieurs mots
select cast(a as character varying(10)) as a, cast(current_timestamp as timestamp without time zone) as b from t

--- conversion de Denodo
SELECT CAST('boolean', 'true') AS b, CAST('double', 5 + 5) AS d, cast('decimal', x) as e FROM Dual()

--- conversion arrondie
select cast(round(x) as integer) as a, cast(floor(x / 2.0) as integer) as b from t

--- conversion de nombres inconnus
select cast(x as integer) as a, cast(x / 2 as integer) as b from t

--- ROW
select nom from t where row(a, b) = row(1, 2)

--- tableau de ROW
select nom from t where liste = { row(1, 2), row(3, 4) }

--- champ composé pour Denodo seul portable=non
select (t.adresse).rue as rue, liste[0].nom as nom from t

--- noms entre guillemets
select "nom", "Chiffre d'affaires" as "CA", e."user" from "ecoles" as e

--- noms en majuscules
SELECT NAME, Pay AS newPay FROM EMP

--- noms avec dollar et chiffres
select a$1, b2_c from t_3

--- alias sans AS
select nom libelle, sum(x) total from t group by nom

--- mots non réservés comme noms
select year, month, value, type, name, first, last, count, date_debut, filter, over from t

--- alias utile
select t.nom from ecoles t

--- espaces et lignes
select
    nom
    , annee
from ecoles
where
    annee = 2024
    and nom <> 'x'

--- XMLEXISTS
select nom from t where xmlexists('//a', contenu)

--- similarité pour Denodo seul portable=non
SELECT * FROM internet_inc_cname WHERE customer_name ~ ('General Motors Inc','0.7','JaroWinkler')

--- LIKE sans ESCAPE pour Denodo seul portable=non
select nom from t where nom like '%$_%'

--- conditions dans ON
select a.x from a left join b on a.i = b.i and (b.x > 1 or b.y like 'A%') and b.z is not null

--- condition vraie
select a.x from a join b on true where 1 = 1

--- égalité dans une égalité de colonnes booléennes
select nom from t where actif = (select max(x) from u)

--- CASE dans une somme
select sum(case when a > 1 then x end) as s, count(case when actif then 1 end) as n from t

--- des nombres dont le nom parle de date
select date_id - 1 as precedent, date_cle + 1 as suivant, nb_date - 1 as moins, date_num - date_nb as x from t

--- des colonnes de dates comparées
select id from contrats where date_debut < date_fin and date_fin between date_debut and current_date

--- TRIM et SUBSTR emboîtés, avec et sans FROM
select substr(substr(trim(both ' ' from substr(a, 1, 9)), 2), position('-' in substr(b, 2))) as x from t
