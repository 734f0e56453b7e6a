--- texte
select upper(nom) as a, lower(nom) as b, replace(nom, 'a', 'b') as c, repeat('x', 3) as d, len(nom) as e,
    ascii(nom) as f, removeaccents(nom) as g, concat(nom, 'x', 'y') as h
from t

--- SUBSTR et SUBSTRING FROM
select substr(nom, 1, 3) as a, substr(nom, 2) as b, substring(nom from 2 for 3) as c, substring(nom from 2) as d,
    substr(nom from 1 for 2) as e
from t

--- TRIM
select trim(both ' ' from nom) as a, trim(leading '0' from code) as b, trim(trailing from nom) as c, trim('x' from nom) as d from t

--- TRIM pour Denodo seul portable=non
select trim(nom) as a, ltrim(nom) as b, rtrim(nom) as c, substring(nom, 0, 3) as d, instr(nom, 'a') as e from t

--- POSITION
select position('a' in nom) as p from t

--- REGEXP
select regexp(nom, '[0-9]+', '$1') as a from t

--- SPLIT
select split(',', liste) as morceaux from t

--- nombres
select abs(x) as a, ceil(x) as b, floor(x) as c, round(x) as d, round(x, 2) as e, trunc(x) as f, mod(x, 7) as g,
    power(x, 2) as h, sqrt(x) as i, ln(x) as j, log(x) as k, exp(x) as l, sign(x) as m, pi() as n
from t

--- trigonométrie
select sin(x) as a, cos(x) as b, tan(x) as c, atan2(x, y) as d, degrees(x) as e, radians(x) as f from t

--- fonctions de Denodo
select div(10, 2.5) as a, mult(2, 3, 4) as b, sum(1000, salaire) as c, subtract(a, b) as d from t

--- dates
select extract(year from jour) as a, extract(dow from jour) as b, extract(week from jour) as c,
    getyear(jour) as d, getweek(jour) as e, formatdate('dd/MM/yyyy', jour) as f, lastdayofmonth(jour) as g,
    to_localdate('yyyy-MM-dd', x) as h, gettimeinmillis(instant) as i, nextweekday(jour, 3) as j
from t

--- secondes
select extract(second from duree) as s, extract(hour from instant) as h from t

--- maintenant
select current_date as a, current_timestamp as b, now() as c, current_date() as d, current_timestamp() as e

--- TRUNC de date pour Denodo seul portable=non
select trunc(jour, 'MM') as a, trunc(jour) as b from t

--- TO_DATE et TO_TIMESTAMP pour Denodo seul portable=non
select to_timestamp('yyyy-MM-dd HH:mm:ss', x) as a, to_timestamptz('yyyy-MM-dd', x) as b, to_time('HH:mm', x) as c from t

--- COALESCE et NULLIF
select coalesce(a, b, 'x') as a, nullif(c, '') as b from t

--- HASH
select hash(nom) as cle from t

--- agrégats
select count(*) as a, count(x) as b, count(distinct x) as c, sum(distinct x) as d, avg(x) as e, min(x) as f, max(x) as g,
    median(x) as h, stdev(x) as i, var(x) as j, first(nom) as k, last(nom) as l
from t

--- agrégats d'expressions
select sum(a * b) as s, avg(cast(x as float8)) as m, max(coalesce(a, 0)) as g from t

--- COUNT ALL
select count(all x) as n from t

--- GROUP_CONCAT
select group_concat(', ', nom) as noms from t

--- NEST, LIST et REGISTER
select nest(a, b) as n, list(c) as l, register(a, b) as r, nest(*) as tout from t

--- MAP et les autres
select map('cle', 'mapa') as a, getsession('user') as b, rownum() as c, rownum(10) as d, rand() as e from t

--- emboîtements
select upper(substr(replace(nom, ' ', ''), 1, len(nom) - 1)) as x from t

--- fonctions dans WHERE et ON
select a.x from a join b on lower(a.nom) = lower(b.nom) where len(a.nom) > 3 and extract(month from a.jour) in (1, 2)

--- MAX à plusieurs arguments pour Denodo seul portable=non
select max(a, b, 3) as m, min('a', 'b') as n, getdayofweek(jour) as j, log(100, 10) as l from t

--- motif de Java avec texte
select formatdate('yyyy-MM-dd''T''HH:mm', instant) as x from t

--- fonction en majuscules et espace avant la parenthèse
SELECT TO_LOCALDATE ('yyyyMMdd', d) AS d, CAST ('Denodo' AS VARCHAR(2)) AS e FROM t

--- XML
select xpath(contenu, '//a') as a, cast('xml', b) as b from t

--- assemblage de valeurs sûres
select concat(coalesce(nom, ''), ' ', coalesce(prenom, '')) as x from t
