"""The table of rules: what is refused, why, and what to write instead.

Identifiers say the family: `vql-` is not documented in VQL, `sens-` exists in VQL with another meaning than
in PostgreSQL, `avis-` warns of a meaning the manual leaves open. Texts are French: analysts read them.
Source: Denodo 7.0 manual, VQL guide; where Denodo's rules for versions 8 and 9 are stricter, theirs.
"""

from __future__ import annotations

from types import MappingProxyType

from denodo.checking.finding import WARNING, Rule

_SUBQUERY_WHY = (
    "En VQL, une sous-requête ne se place que dans FROM et dans WHERE, après un comparateur, IN ou EXISTS."
)
_CONDITION_WHY = (
    "En VQL, une condition (`a > b`, `a is null`, `not a`…) se place dans WHERE, ON, HAVING ou CASE WHEN ; "
    "elle ne s'emploie pas comme une valeur."
)

_READING = [
    Rule(
        "vql-syntaxe",
        "un texte illisible en SQL",
        "La lecture s'arrête à cet endroit : ni PostgreSQL ni VQL ne peut exécuter ce texte.",
        "Vérifiez les parenthèses, les virgules, les apostrophes et l'ordre des clauses juste "
        "avant cet endroit.",
    ),
    Rule(
        "vql-instruction",
        "une instruction que VQL n'a pas",
        "Le manuel de VQL ne décrit pas cette instruction, et sur Denodo un modèle est une vue.",
        "Écrivez une requête `select` ; dbt en fait une vue sur chaque moteur.",
    ),
    Rule(
        "vql-chaine",
        "les textes `E'…'`, `U&'…'`, `B'…'`, `X'…'`, `$$…$$`",
        "VQL ne connaît que les apostrophes simples, et la barre oblique inverse n'y échappe rien.",
        "`'…'` en doublant chaque apostrophe : `'l''école'`.",
    ),
    Rule(
        "vql-nombre",
        "les nombres écrits `1_000` ou `0xFF`",
        "Un nombre s'écrit en VQL avec des chiffres, un point décimal et au plus un exposant.",
        "Écrivez le nombre en chiffres décimaux, sans séparateur : `1000`, `255`.",
    ),
    Rule(
        "vql-parametre",
        "les paramètres `$1`, `:nom`, `%(nom)s`",
        "Une vue n'a pas de paramètre de programme : Denodo n'a rien à mettre à cette place.",
        "Écrivez la valeur, ou une variable dbt : `{{ var('nom') }}`.",
    ),
    Rule(
        "vql-accents-graves",
        "les noms entre accents graves",
        "VQL, comme PostgreSQL, n'entoure un nom que de guillemets doubles.",
        "Retirez les accents graves : un nom en minuscules sans accents n'a pas besoin de guillemets.",
    ),
]

_NAMES = [
    Rule(
        "vql-mot-reserve",
        "un mot réservé de VQL comme nom",
        "VQL réserve ce mot : il ne peut nommer ni une colonne, ni une table, ni un alias.",
        "Choisissez un autre nom, plus précis : `utilisateur` plutôt que `user`, `rang` plutôt que `row`.",
    ),
    Rule(
        "vql-nom-souligne",
        "un nom qui commence par `_`",
        "En VQL, un nom sans guillemets commence par une lettre.",
        "Commencez le nom par une lettre : `tmp_ecoles` plutôt que `_tmp_ecoles`.",
    ),
    Rule(
        "vql-nom-accent",
        "un nom sans guillemets avec une lettre accentuée",
        "Un serveur Denodo n'accepte les lettres accentuées dans les noms que si son réglage "
        "Unicode est activé.",
        "Écrivez le nom sans accent : `annee`, `ecole`.",
    ),
    Rule(
        "vql-nom-trois-parties",
        "un nom de table en trois parties",
        "VQL nomme une vue par `base.vue` : il n'y a pas de schéma entre les deux.",
        "`cda.ecoles`, ou mieux `{{ ref('modele') }}` : dbt écrit le nom de chaque moteur.",
    ),
    Rule(
        "vql-alias-apostrophes",
        "un alias entre apostrophes",
        "Entre apostrophes, c'est un texte ; VQL comme PostgreSQL attendent un nom.",
        "Écrivez l'alias sans apostrophes, en minuscules et sans espaces : `as chiffre_affaires`.",
    ),
    Rule(
        "vql-alias-colonnes",
        "un alias de table avec des noms de colonnes",
        "La grammaire de VQL ne donne à une table qu'un alias simple ; seule une CTE peut "
        "nommer ses colonnes.",
        "Nommez les colonnes dans la sous-requête : `(select a as x from t) as v`.",
    ),
    Rule(
        "vql-nom-double",
        "deux colonnes du même nom dans un résultat",
        "VQL interdit deux colonnes du même nom, dans une vue comme dans une requête.",
        "Écrivez la liste des colonnes et donnez un alias à l'une des deux : `b.id as id_b`.",
    ),
    Rule(
        "sens-sans-alias",
        "une colonne calculée sans alias",
        "Chaque moteur invente alors un nom, et VQL ne documente pas le sien : ce qui lit cette colonne "
        "peut ne pas la trouver.",
        "Ajoutez un alias : `cast(a as int8) as nom`, `count(*) as lignes`.",
    ),
    Rule(
        "avis-etoile-table",
        "`t.*`",
        "La grammaire de VQL ne connaît que `*` seul ; deux exemples du manuel écrivent pourtant `t.*`.",
        "Écrivez les colonnes une par une : `t.id, t.nom`.",
        WARNING,
    ),
]

_TYPES = [
    Rule(
        "vql-deux-points",
        "la conversion `x::type`",
        "VQL ne convertit que par CAST, une forme que PostgreSQL a aussi.",
        "`cast(x as type)`, avec un type que les deux moteurs connaissent.",
    ),
    Rule(
        "vql-type",
        "un type que CAST de VQL ne connaît pas",
        "CAST de VQL n'accepte qu'une liste fermée de types, où `int`, `bigint` et `boolean` ne sont pas.",
        "Écrivez l'un de ces types, communs aux deux moteurs : `integer`, `int8`, `float8`, `text`, "
        "`varchar(n)`, `bool`, `date`, `timestamp`. Pour un décimal exact : "
        "`{{ cast_decimal('x', 12, 2) }}`.",
    ),
    Rule(
        "vql-litteral-type",
        "un littéral `type '…'` autre que DATE, TIME, TIMESTAMP et INTERVAL",
        "VQL ne connaît que `date '…'`, `time '…'`, `timestamp '…'`, `timestamp with time zone '…'` et "
        "`interval '…'` suivi d'une unité.",
        "`cast('…' as type)`.",
    ),
    Rule(
        "vql-intervalle",
        "un intervalle écrit à la manière de PostgreSQL",
        "VQL n'écrit un intervalle qu'à la manière ANSI, l'unité hors des apostrophes, sans "
        "semaine ni trimestre.",
        "`{{ dbt.dateadd('day', 1, 'x') }}`, qui convient aux deux moteurs.",
    ),
    Rule(
        "sens-decimal",
        "`cast(x as numeric)` et `cast(x as decimal)`",
        "Sur Denodo, ces types donnent un double, dont les centimes ne sont pas exacts.",
        "`{{ cast_decimal('x', 12, 2) }}`, exact sur les deux moteurs.",
    ),
    Rule(
        "sens-flottant",
        "`cast(x as float)`",
        "FLOAT a 64 bits sur PostgreSQL et 32 bits sur Denodo : sept chiffres seulement y sont justes.",
        "`cast(x as float8)` ou `cast(x as double precision)`, de 64 bits sur les deux.",
    ),
    Rule(
        "sens-char",
        "`cast(x as char(n))`",
        "PostgreSQL complète par des espaces (et `char` seul n'en garde qu'un caractère) ; "
        "Denodo ne complète pas.",
        "`cast(x as varchar(n))` ou `cast(x as text)`.",
    ),
    Rule(
        "sens-bits",
        "les conversions vers BIT, BIT VARYING et VARBIT",
        "PostgreSQL en fait une suite de 0 et de 1, Denodo un contenu binaire (blob).",
        "`cast(x as bytea)` pour un contenu binaire, ou gardez un texte.",
    ),
    Rule(
        "sens-heure-fuseau",
        "`cast(x as timetz)`",
        "PostgreSQL garde le fuseau horaire, Denodo donne une heure sans fuseau.",
        "`cast(x as time)`.",
    ),
    Rule(
        "sens-date-ancienne",
        "`cast('date', x)`",
        "L'ancien type « date » de Denodo est un instant avec fuseau, déconseillé par le manuel.",
        "`cast(x as date)` : une date sans heure ni fuseau, sur les deux moteurs.",
    ),
    Rule(
        "sens-cast-entier",
        "la conversion en entier d'un nombre à décimales",
        "PostgreSQL arrondit (2,9 donne 3), Denodo tronque (2,9 donne 2).",
        "Choisissez : `cast(round(x) as integer)` pour arrondir, `cast(floor(x) as integer)` pour l'entier "
        "inférieur.",
    ),
    Rule(
        "avis-flottant-32",
        "`cast(x as real)` et `cast(x as float4)`",
        "Ces types de 32 bits n'ont que sept chiffres justes ; les calculs intermédiaires peuvent différer.",
        "`cast(x as float8)`.",
        WARNING,
    ),
    Rule(
        "avis-fuseau",
        "une conversion vers un instant avec fuseau",
        "Denodo convertit avec le fuseau de la configuration i18n du serveur, PostgreSQL avec "
        "celui de la session.",
        "Gardez une date ou un `timestamp` sans fuseau, ou fixez le fuseau : `context('i18n' = '…')`.",
        WARNING,
    ),
    Rule(
        "avis-intervalle",
        "un intervalle ANSI : `interval '1' day`",
        "Le manuel 7.0 le décrit, mais les règles de Denodo pour les versions 8 et 9 l'interdisent.",
        "`{{ dbt.dateadd('day', 1, 'x') }}`.",
        WARNING,
    ),
]

_OPERATORS = [
    Rule(
        "vql-different",
        "l'opérateur `!=`",
        "VQL n'écrit « différent de » que d'une façon.",
        "`<>`, qui est le même opérateur sur PostgreSQL.",
    ),
    Rule(
        "vql-operateur",
        "un opérateur que VQL n'a pas",
        "VQL ne connaît que `+ - * / %`, `||`, les six comparateurs `= <> < > <= >=` et des "
        "mots (LIKE, IN…).",
        "Écrivez la fonction documentée qui convient, ou préparez la valeur dans un modèle de staging.",
    ),
    Rule(
        "vql-ilike",
        "ILIKE",
        "VQL n'a pas de LIKE insensible à la casse.",
        "`lower(x) like lower('motif')`, ou `{{ ilike('x', 'motif%') }}`.",
    ),
    Rule(
        "vql-similar-to",
        "SIMILAR TO",
        "VQL ne compare un texte à un motif que par LIKE, REGEXP_LIKE et REGEXP_ILIKE.",
        "`{{ regexp_like('x', 'motif') }}` ou plusieurs LIKE reliés par OR.",
    ),
    Rule(
        "vql-between-symmetric",
        "BETWEEN SYMMETRIC",
        "VQL ne connaît que BETWEEN, dont la première borne est la plus petite.",
        "`x between a and b or x between b and a`.",
    ),
    Rule(
        "vql-is",
        "IS autrement que IS [NOT] NULL, IS TRUE, IS FALSE",
        "Le manuel ne décrit que `is null`, `is not null`, `is true` et `is false`.",
        "Pour « n'est pas vrai », écrivez `(x is false or x is null)` ; pour « inconnu », `x is null`.",
    ),
    Rule(
        "vql-is-distinct-from",
        "IS [NOT] DISTINCT FROM",
        "VQL n'a pas de comparaison qui traite deux valeurs absentes comme égales.",
        "`{{ dbt.equals('a', 'b') }}` pour l'égalité, `not {{ dbt.equals('a', 'b') }}` pour la différence.",
    ),
    Rule(
        "vql-not-operateur",
        "NOT devant un opérateur autre que IN, LIKE, BETWEEN",
        "VQL n'accepte NOT entre la valeur et l'opérateur que pour IN, LIKE et BETWEEN.",
        "Mettez NOT devant la condition entière : `not (x regexp_like 'motif')`.",
    ),
    Rule(
        "vql-like-liste",
        "LIKE ANY et LIKE ALL",
        "En VQL, LIKE compare à un seul motif.",
        "Écrivez un LIKE par motif, reliés par OR (ANY) ou par AND (ALL).",
    ),
    Rule(
        "vql-echappement",
        "un caractère d'échappement de LIKE absent ou trop long",
        "Ce caractère rend littéral le `%` ou le `_` qui le suit ; sans ESCAPE, VQL prend `$` et "
        "PostgreSQL `\\`.",
        "`like '…' escape '~'` en choisissant un caractère que le motif ne contient pas.",
    ),
    Rule(
        "vql-fuseau",
        "AT TIME ZONE",
        "VQL n'a pas cet opérateur : le fuseau vient de la configuration i18n.",
        "Convertissez à la réception (staging) et gardez un `timestamp` sans fuseau ; pour maintenant : "
        "`{{ current_timestamp_local() }}`.",
    ),
    Rule(
        "vql-collate",
        "COLLATE",
        "VQL compare les textes caractère par caractère, sans collation au choix.",
        "Retirez COLLATE ; pour ignorer la casse ou les accents, comparez `lower(x)` ou "
        "`{{ remove_accents('x') }}`.",
    ),
    Rule(
        "vql-tableau",
        "les tableaux de PostgreSQL",
        "VQL n'a ni `array[…]`, ni tranche `x[1:2]`, ni comparaison avec `any` ou `all` d'un tableau.",
        "Écrivez une liste : `x in (1, 2, 3)` ; ou dépliez le tableau à la réception, une ligne par élément.",
    ),
    Rule(
        "vql-ligne",
        "la comparaison de lignes `(a, b) = (c, d)`",
        "VQL n'a pas de comparaison ni de IN sur plusieurs valeurs entre parenthèses.",
        "Comparez colonne par colonne : `a = c and b = d` ; pour IN, écrivez une jointure ou EXISTS.",
    ),
    Rule(
        "vql-booleen-projete",
        "une condition dans la liste du SELECT",
        "VQL ne projette qu'une égalité simple, `a = b` : ni `a > b`, ni `a is null`, ni AND, OR, NOT.",
        "`case when … then true else false end as nom` (`when not … then false` sans ELSE pour garder "
        "« inconnu »).",
    ),
    Rule(
        "vql-booleen-valeur",
        "une condition employée comme valeur",
        _CONDITION_WHY,
        "`case when … then true else false end`, ou reformulez avec AND et OR.",
    ),
    Rule(
        "sens-tilde",
        "l'opérateur `~`",
        "Denodo y dit seulement si deux textes se ressemblent assez : un motif y serait lu comme un "
        "texte ordinaire.",
        "`{{ regexp_like('x', 'motif') }}` : le motif doit décrire le texte entier.",
    ),
    Rule(
        "sens-like",
        "LIKE sans ESCAPE, avec `$` ou `\\` dans le motif",
        "Le caractère d'échappement est `\\` sur PostgreSQL et `$` sur Denodo : le motif change de sens.",
        "Précisez-le : `like '100~%' escape '~'`.",
    ),
    Rule(
        "sens-moins-dates",
        "la soustraction de deux dates",
        "Denodo donne un nombre de jours entiers ; PostgreSQL un nombre de jours ou un "
        "intervalle, selon le type.",
        "`{{ dbt.datediff('debut', 'fin', 'day') }}` ou `{{ days_between('debut', 'fin') }}`.",
    ),
    Rule(
        "sens-date-plus-entier",
        "une date plus ou moins un nombre",
        "PostgreSQL y compte des jours ; le manuel de VQL ne décrit que date plus ou moins intervalle.",
        "`{{ add_days('x', 7) }}` ou `{{ dbt.dateadd('day', 7, 'x') }}`.",
    ),
    Rule(
        "sens-indice",
        "l'indice d'un tableau `x[1]`",
        "Le premier élément est 1 sur PostgreSQL et 0 sur Denodo.",
        "Dépliez le tableau à la réception, une ligne par élément ; pour un texte découpé : "
        "`{{ dbt.split_part('x', \"','\", 1) }}`.",
    ),
    Rule(
        "sens-diese",
        "le signe `#`",
        "VQL y voit un commentaire jusqu'à la fin de la ligne ; PostgreSQL un opérateur.",
        "`--` pour un commentaire.",
    ),
    Rule(
        "avis-like-variable",
        "LIKE sans ESCAPE, avec un motif calculé",
        "Si le motif contient `\\` ou `$`, les deux moteurs l'interprètent autrement.",
        "Ajoutez `escape '~'` si le motif ne contient pas de tilde.",
        WARNING,
    ),
    Rule(
        "avis-concat-null",
        "un texte assemblé avec une valeur qui peut manquer",
        "Sur PostgreSQL, `||` donne alors NULL et concat() l'ignore ; le manuel de VQL ne dit rien.",
        "`coalesce(x, '')` autour de cette valeur, ou `{{ dbt.concat(['a', 'b']) }}`.",
        WARNING,
    ),
]

_FUNCTIONS = [
    Rule(
        "vql-fonction",
        "une fonction que VQL ne documente pas",
        "Denodo lit lui-même la requête : une fonction de la base source n'y existe que si VQL la décrit.",
        "Écrivez une fonction documentée ou une macro du projet (voir la liste des macros portables).",
    ),
    Rule(
        "vql-arguments",
        "une fonction documentée avec un autre nombre d'arguments",
        "VQL ne connaît que les formes que le manuel décrit, même là où PostgreSQL en a d'autres.",
        "Donnez les arguments que le manuel décrit.",
    ),
    Rule(
        "vql-forme-appel",
        "un appel `schema.fonction(…)`, `nom => valeur` ou VARIADIC",
        "VQL appelle une fonction par son seul nom, et ses arguments par leur place.",
        "`fonction(a, b)`, sans schéma ni nom d'argument.",
    ),
    Rule(
        "vql-ordre-motif",
        "le motif de date en second argument",
        "En VQL, le motif vient en premier et suit Java : `to_localdate('yyyy-MM-dd', x)`.",
        "`{{ parse_date('x', 'yyyy-MM-dd') }}` ou `{{ parse_timestamp('x', 'yyyy-MM-dd HH:mm:ss') }}`.",
    ),
    Rule(
        "vql-substring",
        "SUBSTRING par expression rationnelle, ou FOR sans FROM",
        "VQL n'écrit que `substring(x from début for longueur)`, avec des nombres.",
        "`substr(x, 1, 3)` ; pour une expression rationnelle : "
        "`{{ regexp_replace('x', 'motif', 'remplacement') }}`.",
    ),
    Rule(
        "vql-trim",
        "`trim(x, 'c')`, `ltrim(x, 'c')`, `rtrim(x, 'c')`",
        "En VQL, le caractère à retirer s'écrit avant FROM, et LTRIM et RTRIM n'ont qu'un argument.",
        "`trim(both ' ' from x)`, ou `trim(leading '0' from x)`.",
    ),
    Rule(
        "sens-trim-caracteres",
        "TRIM avec plusieurs caractères à retirer",
        "PostgreSQL retire chacun de ces caractères, Denodo seulement le premier.",
        "Un TRIM par caractère : `trim(both '-' from trim(both '.' from x))`, si leur ordre est "
        "connu ; sinon "
        "`{{ regexp_replace('x', '^[.-]+', '') }}` pour le début, `'[.-]+$'` pour la fin.",
    ),
    Rule(
        "vql-extract",
        "un champ d'EXTRACT que VQL n'a pas",
        "EXTRACT ne connaît en VQL que YEAR, QUARTER, MONTH, WEEK, DAY, DOY, DOW, HOUR, MINUTE, SECOND et "
        "MILLISECOND.",
        "`{{ date_part('…', 'x') }}`, `{{ iso_week('x') }}`, `{{ iso_year('x') }}` ou "
        "`{{ iso_day_of_week('x') }}`.",
    ),
    Rule(
        "vql-filter",
        "FILTER (WHERE …) après un agrégat",
        "WHERE filtre toutes les lignes ; pour un seul agrégat, la condition se met dans son "
        "argument : il ignore les valeurs absentes.",
        "`sum(case when condition then x end)`, ou `{{ sum_if('condition', 'x') }}` et "
        "`{{ count_if('condition') }}`.",
    ),
    Rule(
        "vql-agregat-ordre",
        "ORDER BY dans un agrégat",
        "Entre les parenthèses d'un agrégat, VQL ne décrit que DISTINCT ou ALL et les arguments.",
        "Retirez l'ordre, ou écrivez `{{ dbt.listagg('x', \"', '\") }}`, dont l'ordre n'est pas garanti.",
    ),
    Rule(
        "vql-within-group",
        "WITHIN GROUP sans OVER",
        "VQL ne décrit PERCENTILE_CONT, PERCENTILE_DISC et LISTAGG que suivis de OVER (…), et délégués à une "
        "source.",
        "Pour la médiane, écrivez `{{ median('x') }}` ; sinon, calculez par comptage dans une CTE.",
    ),
    Rule(
        "vql-fenetre",
        "une fonction de fenêtre que VQL ne décrit pas",
        "OVER n'admet en VQL qu'une liste de fonctions, une seule expression de PARTITION BY et "
        "une seule d'ORDER "
        "BY, sans FILTER, EXCLUDE, GROUPS ni IGNORE NULLS.",
        "Groupez (group by) dans une CTE, puis joignez ; pour la dernière ligne de chaque clé : "
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`.",
    ),
    Rule(
        "sens-substring",
        "`substring(x, début, longueur)`",
        "Sur Denodo, le premier caractère est le 0 et le troisième argument est une fin, non une longueur.",
        "`substr(x, 1, 3)` ou `substring(x from 1 for 3)` : début puis longueur, sur les deux moteurs.",
    ),
    Rule(
        "sens-instr",
        "INSTR",
        "INSTR de VQL compte à partir de 0 et donne -1 quand rien n'est trouvé.",
        "`position('cherché' in x)`, qui compte à partir de 1 et donne 0, sur les deux.",
    ),
    Rule(
        "sens-trim",
        "`trim(x)`, `ltrim(x)`, `rtrim(x)`",
        "PostgreSQL ne retire que les espaces : un retour de chariot à la fin d'une valeur y resterait.",
        "`trim(both ' ' from x)` (leading pour le début, trailing pour la fin).",
    ),
    Rule(
        "sens-to-date",
        "TO_DATE et TO_TIMESTAMP",
        "PostgreSQL attend (texte, motif), Denodo (motif, texte) ; et les motifs sont ceux de "
        "Java sur Denodo.",
        "`{{ parse_date('x', 'yyyy-MM-dd') }}` ou `{{ parse_timestamp('x', 'yyyy-MM-dd HH:mm:ss') }}`.",
    ),
    Rule(
        "sens-log",
        "`log(base, x)`",
        "PostgreSQL attend (base, x), Denodo (x, base).",
        "`ln(x) / ln(b)`, ou `log(x)` pour la base 10.",
    ),
    Rule(
        "sens-trunc-date",
        "TRUNC et ROUND sur une date",
        "Denodo tronque une date avec un motif ; sur PostgreSQL, TRUNC et ROUND ne reçoivent "
        "que des nombres.",
        "`{{ dbt.date_trunc('month', 'x') }}`.",
    ),
    Rule(
        "sens-max-min",
        "MAX et MIN à plusieurs arguments",
        "Sur Denodo, c'est le plus grand de la ligne (NULL si l'un manque) ; sur PostgreSQL, "
        "MAX est un agrégat.",
        "`{{ greatest(['a', 'b']) }}` ou `{{ least(['a', 'b']) }}`.",
    ),
    Rule(
        "sens-jour-semaine",
        "GETDAYOFWEEK, FIRSTDAYOFWEEK et LASTDAYOFWEEK",
        "Leur résultat dépend de la langue du serveur : la semaine y commence le dimanche ou le lundi.",
        "`{{ iso_day_of_week('x') }}` ou `{{ dbt.date_trunc('week', 'x') }}`, où la semaine commence lundi.",
    ),
    Rule(
        "sens-milliseconde",
        "`extract(millisecond from x)`",
        "PostgreSQL y compte aussi les secondes (5 250), Denodo non (250).",
        "`{{ date_part('second', 'x') }}` et évitez les fractions de seconde.",
    ),
    Rule(
        "sens-fenetre",
        "les fonctions de fenêtre (OVER)",
        "Denodo n'exécute jamais une fonction de fenêtre : il la délègue à une source, ou la requête échoue.",
        "Groupez (group by) dans une CTE, puis joignez ; pour la dernière ligne de chaque clé : "
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`.",
    ),
    Rule(
        "avis-extract-seconde",
        "`extract(second from x)` d'un instant",
        "PostgreSQL garde les fractions de seconde, Denodo donne un entier.",
        "`{{ date_part('second', 'x') }}`, entier sur les deux moteurs.",
        WARNING,
    ),
    Rule(
        "avis-motif-java",
        "`YYYY` ou `DD` dans un motif de date",
        "Dans un motif de Java, `YYYY` est l'année de la semaine et `DD` le jour dans l'année.",
        "`yyyy` pour l'année et `dd` pour le jour du mois.",
        WARNING,
    ),
]

_QUERIES = [
    Rule(
        "vql-select-all",
        "SELECT ALL, SELECT TOP et SELECT sans colonne",
        "Après SELECT, VQL n'attend que DISTINCT et une liste de colonnes.",
        "`select` suivi des colonnes ; pour limiter, `limit n` à la fin de la requête.",
    ),
    Rule(
        "vql-distinct-on",
        "DISTINCT ON (…)",
        "Le DISTINCT de VQL compare la ligne entière : il ne choisit pas une ligne par clé.",
        "Groupez par la clé (group by), puis joignez pour retrouver le reste de la ligne : "
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`.",
    ),
    Rule(
        "vql-lateral",
        "LATERAL",
        "En VQL, une sous-requête de FROM ne voit pas les autres tables de FROM.",
        "Écrivez une jointure avec une CTE groupée par la clé.",
    ),
    Rule(
        "vql-recursif",
        "WITH RECURSIVE",
        "Une CTE de VQL ne se lit pas elle-même.",
        "Écrivez autant de jointures que de niveaux ; pour une suite de jours, écrivez "
        "`{{ calendar_spine(dbt.date(2024, 1, 1), dbt.date(2024, 12, 31)) }}`.",
    ),
    Rule(
        "vql-with-imbrique",
        "WITH ailleurs qu'en tête de la requête",
        "VQL n'accepte WITH qu'au début de la requête entière, pas dans une CTE ni dans une sous-requête.",
        "Remontez chaque CTE dans le seul WITH du début.",
    ),
    Rule(
        "vql-with-options",
        "MATERIALIZED, SEARCH ou CYCLE dans WITH, ou une CTE qui modifie",
        "Une CTE de VQL est un nom, une liste de colonnes facultative et une requête SELECT.",
        "`with nom as (select …)`.",
    ),
    Rule(
        "vql-values",
        "VALUES comme table",
        "VQL n'accepte VALUES que dans INSERT.",
        "`select 1 as a union all select 2 as a`, ou mettez les valeurs dans un fichier de seeds.",
    ),
    Rule(
        "vql-fonction-from",
        "une fonction comme table",
        "VQL n'admet dans FROM que des vues, des sous-requêtes, FLATTEN et les procédures de Denodo.",
        "Pour une suite de jours, écrivez `{{ calendar_spine(dbt.date(2024, 1, 1), "
        "dbt.date(2024, 12, 31)) }}` ; "
        "pour des nombres, "
        "croisez le seed `chiffres` avec lui-même.",
    ),
    Rule(
        "vql-from-options",
        "TABLESAMPLE, ONLY ou WITH ORDINALITY",
        "Dans FROM, VQL ne décrit après une vue que son alias et ses jointures.",
        "Retirez-les ; pour un échantillon, filtrez sur une colonne : `where mod(id, 100) = 0`.",
    ),
    Rule(
        "vql-jointure",
        "une jointure que VQL n'a pas",
        "VQL décrit INNER, LEFT, RIGHT, FULL, CROSS et NATURAL JOIN, avec ON ou USING.",
        "`left join … on …` ; pour « existe » ou « n'existe pas », EXISTS et NOT EXISTS dans WHERE.",
    ),
    Rule(
        "vql-sous-requete-select",
        "une sous-requête dans la liste du SELECT",
        _SUBQUERY_WHY,
        "Écrivez la sous-requête en CTE groupée par la clé, puis une jointure.",
    ),
    Rule(
        "vql-sous-requete-having",
        "une sous-requête dans HAVING",
        _SUBQUERY_WHY,
        "Calculez les groupes dans une CTE, puis filtrez-les dans WHERE ou par une jointure.",
    ),
    Rule(
        "vql-sous-requete-jointure",
        "une sous-requête dans ON",
        _SUBQUERY_WHY,
        "Écrivez la sous-requête en CTE et joignez-la, ou déplacez la condition dans WHERE.",
    ),
    Rule(
        "vql-sous-requete-valeur",
        "une sous-requête employée comme une valeur",
        _SUBQUERY_WHY,
        "Écrivez la sous-requête en CTE et joignez-la ; dans WHERE, placez-la seule à droite du "
        "comparateur : "
        "`x = (select max(y) from t)`.",
    ),
    Rule(
        "vql-some",
        "SOME (select …)",
        "VQL ne connaît que ANY et ALL devant une sous-requête.",
        "`= any (select …)` ou `in (select …)`.",
    ),
    Rule(
        "vql-group-by-position",
        "GROUP BY par numéro de colonne",
        "VQL n'accepte le numéro d'une colonne que dans ORDER BY.",
        "Écrivez le nom ou l'expression de la colonne : `group by annee`.",
    ),
    Rule(
        "vql-group-by-ensembles",
        "ROLLUP, CUBE, GROUPING SETS, GROUP BY ALL ou DISTINCT",
        "VQL ne groupe que par une liste de colonnes et d'expressions.",
        "Écrivez une requête par niveau de total, réunies par `union all`.",
    ),
    Rule(
        "vql-having-sans-group-by",
        "HAVING sans GROUP BY",
        "La grammaire de VQL ne place HAVING qu'après GROUP BY.",
        "Calculez l'agrégat dans une CTE et filtrez-le dans WHERE.",
    ),
    Rule(
        "vql-qualify",
        "QUALIFY",
        "VQL n'a pas cette clause (PostgreSQL non plus).",
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`, "
        "ou groupez dans une CTE puis joignez.",
    ),
    Rule(
        "vql-window",
        "la clause WINDOW",
        "VQL n'écrit une fenêtre qu'entre les parenthèses de OVER, et ne l'exécute que si une source "
        "le fait.",
        "Groupez (group by) dans une CTE, puis joignez.",
    ),
    Rule(
        "vql-nulls",
        "NULLS FIRST et NULLS LAST",
        "VQL n'a pas cette clause, et l'ordre des valeurs absentes y dépend de la source.",
        "`order by case when x is null then 1 else 0 end, x`.",
    ),
    Rule(
        "vql-order-using",
        "ORDER BY … USING",
        "Un tri de VQL est croissant (ASC) ou décroissant (DESC), sans opérateur au choix.",
        "`order by x asc` ou `order by x desc`.",
    ),
    Rule(
        "vql-order-projete",
        "un tri par une colonne que la requête ne rend pas",
        "En VQL, ORDER BY ne voit que les colonnes du SELECT et leurs alias.",
        "Ajoutez la colonne au SELECT, ou triez dans la requête qui lit ce résultat.",
    ),
    Rule(
        "vql-ordre-branche",
        "ORDER BY dans une branche de UNION, MINUS ou INTERSECT",
        "VQL ne trie que le résultat entier d'une requête combinée.",
        "Retirez ce tri, ou triez à la fin de la requête entière.",
    ),
    Rule(
        "vql-limite-sous-requete",
        "LIMIT, OFFSET ou FETCH dans une sous-requête ou une CTE",
        "VQL ne limite que la requête principale.",
        "Pour la plus grande valeur, écrivez `max(x)` ; pour une ligne par clé, "
        "`{{ deduplicate('lignes', ['cle', 'nom'], ['cle'], ['recu_le desc']) }}`.",
    ),
    Rule(
        "vql-limite-ordre",
        "LIMIT avant OFFSET",
        "VQL n'accepte que OFFSET puis LIMIT ou FETCH.",
        "`offset 20 limit 10`, que PostgreSQL accepte aussi.",
    ),
    Rule(
        "vql-limite-forme",
        "LIMIT ALL, `LIMIT a, b`, WITH TIES, PERCENT ou une limite calculée",
        "LIMIT, OFFSET et FETCH n'attendent en VQL qu'un nombre entier écrit en chiffres.",
        "`offset 20 limit 10` ; sans limite, retirez la clause.",
    ),
    Rule(
        "vql-except",
        "EXCEPT",
        "VQL nomme cette opération MINUS.",
        "`{{ dbt.except() }}` entre les deux requêtes, ou `not exists (select …)`.",
    ),
    Rule(
        "vql-ensemble-all",
        "INTERSECT ALL, EXCEPT ALL et MINUS ALL",
        "VQL ne décrit ALL qu'après UNION.",
        "Comptez les lignes dans chaque branche (group by) et comparez les nombres par une jointure.",
    ),
    Rule(
        "vql-ensemble-noms",
        "MINUS ou INTERSECT entre des colonnes de noms différents",
        "VQL exige les mêmes noms de colonnes dans chaque branche.",
        "Donnez les mêmes alias dans chaque branche : `select b as a from u`.",
    ),
    Rule(
        "vql-union-par-nom",
        "UNION BY NAME et CORRESPONDING",
        "PostgreSQL associe les colonnes par leur place, Denodo parfois par leur nom : un même ordre "
        "convient aux deux.",
        "`union all` avec les mêmes colonnes dans le même ordre.",
    ),
    Rule(
        "vql-verrou",
        "FOR UPDATE et FOR SHARE",
        "Une vue de Denodo ne se verrouille pas.",
        "Retirez la clause.",
    ),
    Rule(
        "vql-select-into",
        "SELECT … INTO",
        "VQL ne crée pas de table par SELECT.",
        "Retirez INTO : dbt crée la vue ou la table du modèle.",
    ),
    Rule(
        "vql-modification",
        "ON CONFLICT, UPDATE … FROM, DELETE … USING ou RETURNING avec DELETE",
        "En VQL, UPDATE et DELETE ne choisissent leurs lignes que par WHERE, et INSERT ne règle "
        "aucun conflit de clé.",
        "Écrivez un modèle dbt : une requête `select` qui rend les lignes voulues.",
    ),
    Rule(
        "vql-vue",
        "une option de CREATE VIEW que VQL n'a pas",
        "VQL décrit `create or replace view nom [folder = …] [description = …] as select …`.",
        "Écrivez seulement la requête `select` : dbt crée la vue sur chaque moteur.",
    ),
    Rule(
        "sens-union",
        "UNION sans ALL",
        "Selon la version et le réglage du serveur, Denodo garde les doubles ou les retire.",
        "`union all`, et `select distinct` ou `group by` si les doubles doivent partir.",
    ),
    Rule(
        "sens-union-noms",
        "UNION ALL, MINUS ou INTERSECT entre des colonnes qui n'ont pas le même nom à la même place",
        "Selon l'opération, la version et le réglage, Denodo associe les colonnes par leur nom, "
        "non par leur place.",
        "Donnez les mêmes alias, dans le même ordre, à chaque branche.",
    ),
]

RULES = MappingProxyType(
    {rule.id: rule for rule in [*_READING, *_NAMES, *_TYPES, *_OPERATORS, *_FUNCTIONS, *_QUERIES]}
)
"""Every rule by its id, in the order of the documentation."""

CHAPTERS = MappingProxyType(
    {
        "Lire le texte": tuple(rule.id for rule in _READING),
        "Noms et colonnes": tuple(rule.id for rule in _NAMES),
        "Types et conversions": tuple(rule.id for rule in _TYPES),
        "Opérateurs et conditions": tuple(rule.id for rule in _OPERATORS),
        "Fonctions": tuple(rule.id for rule in _FUNCTIONS),
        "Requêtes": tuple(rule.id for rule in _QUERIES),
    }
)
"""The rules by chapter of the documentation."""
