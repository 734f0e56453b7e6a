"""What to write instead of a PostgreSQL (or other) function that VQL does not document."""

from __future__ import annotations

import difflib
from types import MappingProxyType

from denodo import catalogue
from denodo.lexer import words_of

_ARRAYS = "Dépliez la liste à la réception, une ligne par élément, puis groupez."
JSON = "Lisez le JSON à la réception (staging) et donnez une colonne à chaque élément."
_WINDOW = "Groupez (group by) dans une CTE, puis joignez."
_REGEXP = "`{{ regexp_like('x', 'motif') }}` : le motif doit décrire le texte entier."
_NO_HASH = "`{{ dbt.hash('x') }}`, la même clé sur les deux moteurs."
_NOW = "`current_date`, `current_timestamp` ou `{{ current_timestamp_local() }}`."
_STATISTICS = (
    "Calculez par les sommes dans une CTE (`sum(x)`, `sum(x * x)`, `count(x)`), ou `{{ median('x') }}`."
)
_CATALOG = "Retirez cet appel : il interroge le catalogue de PostgreSQL, que Denodo n'a pas."
_LAST = "`{{ dbt.any_value('x') }}` si toutes les lignes du groupe ont la même valeur, sinon `max(x)`."

FUNCTION_ADVICE = MappingProxyType(
    {
        # text
        "LENGTH": "`{{ dbt.length('x') }}`.",
        "CHAR_LENGTH": "`{{ dbt.length('x') }}`.",
        "CHARACTER_LENGTH": "`{{ dbt.length('x') }}`.",
        "OCTET_LENGTH": "`{{ dbt.length('x') }}`, qui compte les caractères.",
        "BIT_LENGTH": "`{{ dbt.length('x') }}`, qui compte les caractères.",
        "LEFT": "`substr(x, 1, 3)` ou `{{ left('x', 3) }}`.",
        "RIGHT": "`{{ dbt.right('x', 3) }}`.",
        "LPAD": "`{{ lpad('x', 5, '0') }}`.",
        "RPAD": "`{{ rpad('x', 5) }}`.",
        "SPLIT_PART": "`{{ dbt.split_part('x', \"','\", 1) }}`.",
        "STRPOS": "`position('cherché' in x)`.",
        "LOCATE": "`position('cherché' in x)`.",
        "CHARINDEX": "`position('cherché' in x)`.",
        "STARTS_WITH": "`x like 'début%'`.",
        "INITCAP": "`concat(upper(substr(x, 1, 1)), lower(substr(x, 2)))` pour un seul mot.",
        "TRANSLATE": "Écrivez des `replace(x, 'a', 'b')` emboîtés, ou `{{ remove_accents('x') }}`.",
        "UNACCENT": "`{{ remove_accents('x') }}`.",
        "BTRIM": "`trim(both ' ' from x)`.",
        "CONCAT_WS": '`{{ dbt.concat(["a", "\', \'", "b"]) }}`.',
        "FORMAT": '`{{ dbt.concat(["a", "\' \'", "b"]) }}`.',
        "CHR": "Écrivez le caractère lui-même entre apostrophes : `'€'`.",
        "UNICHR": "Écrivez le caractère lui-même entre apostrophes : `'€'`.",
        "REVERSE": "Préparez la valeur à la réception (staging).",
        "OVERLAY": "`concat(substr(x, 1, 2), 'nouveau', substr(x, 6))`.",
        "QUOTE_LITERAL": "`concat('''', x, '''')`.",
        "QUOTE_IDENT": "Retirez cet appel : un modèle n'assemble pas de texte SQL.",
        "NORMALIZE": "Normalisez le texte à la réception (staging).",
        "UCASE": "`upper(x)`.",
        "LCASE": "`lower(x)`.",
        "MD5": _NO_HASH,
        "SHA1": _NO_HASH,
        "SHA224": _NO_HASH,
        "SHA256": _NO_HASH,
        "SHA384": _NO_HASH,
        "SHA512": _NO_HASH,
        "DIGEST": _NO_HASH,
        "CRC32": _NO_HASH,
        "HASHTEXT": _NO_HASH,
        "ENCODE": _NO_HASH,
        "DECODE": "`case x when 'a' then 'b' else 'c' end`.",
        "LEVENSHTEIN": "Écrivez le rapprochement dans un modèle par clé exacte (voir `name_key`).",
        "SOUNDEX": "Écrivez le rapprochement dans un modèle par clé exacte (voir `name_key`).",
        "REGEXP_REPLACE": "`{{ regexp_replace('x', 'motif', 'remplacement') }}`.",
        "REGEXP_LIKE": _REGEXP,
        "REGEXP_MATCH": _REGEXP,
        "REGEXP_MATCHES": _REGEXP,
        "REGEXP_COUNT": "Comptez par la longueur : `{{ dbt.length('x') }}` avant et après un `replace`.",
        "REGEXP_INSTR": "`position('cherché' in x)`.",
        "REGEXP_SUBSTR": "`{{ regexp_replace('x', '^.*avant(motif)après.*$', '\\\\1') }}`.",
        "REGEXP_SPLIT_TO_ARRAY": "`{{ dbt.split_part('x', \"','\", 1) }}` pour chaque partie.",
        "REGEXP_SPLIT_TO_TABLE": _ARRAYS,
        "STRING_TO_ARRAY": "`{{ dbt.split_part('x', \"','\", 1) }}` pour chaque partie.",
        "STRING_TO_TABLE": _ARRAYS,
        # numbers and conditions
        "GREATEST": "`{{ greatest(['a', 'b']) }}`.",
        "LEAST": "`{{ least(['a', 'b']) }}`.",
        "CEILING": "`ceil(x)`, qui est la même fonction sur PostgreSQL.",
        "POW": "`power(x, 2)`.",
        "RANDOM": "Retirez le hasard : un modèle doit donner deux fois le même résultat.",
        "TO_NUMBER": "`{{ cast_decimal('x', 12, 2) }}`, après avoir nettoyé le texte.",
        "CBRT": "`power(x, 1.0 / 3)`.",
        "LOG10": "`log(x)`, le logarithme en base 10 des deux moteurs.",
        "LOG2": "`ln(x) / ln(2)`.",
        "SQUARE": "`x * x`.",
        "ATAN2D": "`degrees(atan2(y, x))`.",
        "FACTORIAL": "Mettez les valeurs dans un fichier de seeds.",
        "GCD": "Calculez la valeur à la réception (staging).",
        "LCM": "Calculez la valeur à la réception (staging).",
        "WIDTH_BUCKET": "`case when x < 10 then 1 when x < 20 then 2 else 3 end`.",
        "DIVIDE": "`a / b`, ou `{{ safe_divide('a', 'b') }}` si b peut être nul.",
        "MULTIPLY": "`a * b`.",
        "SAFE_DIVIDE": "La macro : `{{ safe_divide('a', 'b') }}`.",
        "NUM_NONNULLS": "Écrivez une somme de `case when x is not null then 1 else 0 end`.",
        "NUM_NULLS": "Écrivez une somme de `case when x is null then 1 else 0 end`.",
        "IF": "`case when condition then a else b end`.",
        "IIF": "`case when condition then a else b end`.",
        "NVL": "`coalesce(x, y)`.",
        "NVL2": "`case when x is not null then a else b end`.",
        "IFNULL": "`coalesce(x, y)`.",
        "ISNULL": "`coalesce(x, y)`, ou `x is null`.",
        "TRY_CAST": "`{{ dbt.safe_cast('x', 'integer') }}`.",
        "SAFE_CAST": "La macro : `{{ dbt.safe_cast('x', 'integer') }}`.",
        "CONVERT": "`cast(x as type)`.",
        # dates
        "DATE_TRUNC": "`{{ dbt.date_trunc('month', 'x') }}`.",
        "DATE_PART": "`{{ date_part('year', 'x') }}` ou `extract(year from x)`.",
        "DATE_ADD": "`{{ dbt.dateadd('day', 1, 'x') }}`.",
        "DATEADD": "La macro : `{{ dbt.dateadd('day', 1, 'x') }}`.",
        "ADDDATE": "`{{ dbt.dateadd('day', 1, 'x') }}`.",
        "DATE_SUB": "`{{ dbt.dateadd('day', -1, 'x') }}`.",
        "DATE_SUBTRACT": "`{{ dbt.dateadd('day', -1, 'x') }}`.",
        "DATEDIFF": "La macro : `{{ dbt.datediff('debut', 'fin', 'day') }}`.",
        "DATE_DIFF": "`{{ dbt.datediff('debut', 'fin', 'day') }}`.",
        "AGE": "`{{ dbt.datediff('debut', 'fin', 'year') }}`.",
        "MONTHS_BETWEEN": "`{{ dbt.datediff('debut', 'fin', 'month') }}`.",
        "ADD_MONTHS": "`{{ add_months('x', 1) }}`.",
        "ADDQUARTER": "`{{ dbt.dateadd('quarter', 1, 'x') }}`.",
        "TIMESTAMPADD": "`{{ dbt.dateadd('day', 1, 'x') }}`.",
        "TIMESTAMPDIFF": "`{{ dbt.datediff('debut', 'fin', 'day') }}`.",
        "GETYEARSBETWEEN": "`{{ dbt.datediff('debut', 'fin', 'year') }}`.",
        "GETWEEKSBETWEEN": "`{{ dbt.datediff('debut', 'fin', 'week') }}`.",
        "GETHOURSBETWEEN": "`{{ dbt.datediff('debut', 'fin', 'hour') }}`.",
        "GETMINUTESBETWEEN": "`{{ dbt.datediff('debut', 'fin', 'minute') }}`.",
        "GETSECONDSBETWEEN": "`{{ dbt.datediff('debut', 'fin', 'second') }}`.",
        "LAST_DAY": "La macro : `{{ dbt.last_day('x', 'month') }}`.",
        "MAKE_DATE": "`{{ make_day('annee', 'mois', 'jour') }}`, ou `{{ dbt.date(2024, 1, 31) }}`.",
        "MAKE_TIMESTAMP": "`cast({{ make_day('annee', 'mois', 'jour') }} as timestamp)`.",
        "MAKE_TIMESTAMPTZ": "`cast({{ make_day('annee', 'mois', 'jour') }} as timestamp)`.",
        "MAKE_TIME": "`time '08:30:00'`.",
        "MAKE_INTERVAL": "`{{ dbt.dateadd('day', 'n', 'x') }}`.",
        "JUSTIFY_DAYS": "`{{ dbt.datediff('debut', 'fin', 'day') }}`.",
        "JUSTIFY_HOURS": "`{{ dbt.datediff('debut', 'fin', 'hour') }}`.",
        "JUSTIFY_INTERVAL": "`{{ dbt.datediff('debut', 'fin', 'day') }}`.",
        "TO_CHAR": "`{{ format_date('x', 'yyyy-MM-dd') }}` pour une date, `cast(x as text)` pour un nombre.",
        "DATE": "`cast(x as date)`.",
        "TIMESTAMP": "`cast(x as timestamp)`.",
        "TIME": "`cast(x as time)`.",
        "YEAR": "`extract(year from x)`.",
        "QUARTER": "`extract(quarter from x)`.",
        "MONTH": "`extract(month from x)`.",
        "WEEK": "`{{ iso_week('x') }}`.",
        "WEEKDAY": "`{{ iso_day_of_week('x') }}`.",
        "DAY": "`extract(day from x)`.",
        "DAYOFWEEK": "`{{ iso_day_of_week('x') }}`.",
        "HOUR": "`extract(hour from x)`.",
        "MINUTE": "`extract(minute from x)`.",
        "SECOND": "`{{ date_part('second', 'x') }}`.",
        "ISFINITE": "Retirez cet appel : Denodo n'a pas de date infinie.",
        "TIMEZONE": "Convertissez à la réception (staging) et gardez un `timestamp` sans fuseau.",
        "GETDATE": _NOW,
        "SYSDATE": _NOW,
        "CLOCK_TIMESTAMP": _NOW,
        "STATEMENT_TIMESTAMP": _NOW,
        "TRANSACTION_TIMESTAMP": _NOW,
        "TIMEOFDAY": _NOW,
        "CURRENT_TIME": "`cast(current_timestamp as time)`.",
        "LOCALTIME": "`cast(current_timestamp as time)`.",
        "LOCALTIMESTAMP": "`{{ current_timestamp_local() }}`.",
        "STRFTIME": "`{{ format_date('x', 'yyyy-MM-dd') }}`.",
        "STR_TO_DATE": "`{{ parse_date('x', 'yyyy-MM-dd') }}`.",
        "PARSE_DATE": "La macro : `{{ parse_date('x', 'yyyy-MM-dd') }}`.",
        "DATE_BIN": "`{{ dbt.date_trunc('hour', 'x') }}`.",
        "GENERATE_SERIES": "`{{ calendar_spine(dbt.date(2024, 1, 1), dbt.date(2024, 12, 31)) }}` pour des "
        "jours ; pour des nombres, croisez le seed `chiffres` avec lui-même.",
        # aggregates
        "STRING_AGG": "`{{ dbt.listagg('x', \"', '\") }}`, dont l'ordre n'est pas garanti.",
        "ARRAY_AGG": _ARRAYS,
        "BOOL_OR": "`{{ dbt.bool_or('condition') }}`.",
        "BOOL_AND": "`{{ count_if('not (condition)') }} = 0` dans une CTE ou dans HAVING.",
        "EVERY": "`{{ count_if('not (condition)') }} = 0` dans une CTE ou dans HAVING.",
        "ANY_VALUE": "`{{ dbt.any_value('x') }}`.",
        "COUNT_IF": "La macro : `{{ count_if('condition') }}`.",
        "COUNTIF": "`{{ count_if('condition') }}`.",
        "SUM_IF": "La macro : `{{ sum_if('condition', 'x') }}`.",
        "BIT_AND": _ARRAYS,
        "BIT_OR": _ARRAYS,
        "STDDEV": _STATISTICS,
        "STDDEV_SAMP": _STATISTICS,
        "STDDEV_POP": _STATISTICS,
        "VARIANCE": _STATISTICS,
        "VAR_SAMP": _STATISTICS,
        "VAR_POP": _STATISTICS,
        "CORR": _STATISTICS,
        "COVAR_POP": _STATISTICS,
        "COVAR_SAMP": _STATISTICS,
        "REGR_SLOPE": _STATISTICS,
        "MODE": "Comptez par valeur (group by) dans une CTE, puis gardez celle du plus grand compte.",
        "GROUPING": "Écrivez une requête par niveau de total, réunies par `union all`.",
        "NTH_VALUE": _WINDOW,
        "XMLAGG": _ARRAYS,
        "HLL_COUNT": "`count(distinct x)`.",
        "APPROX_COUNT_DISTINCT": "`count(distinct x)`.",
        "ARG_MAX": _LAST,
        "ARG_MIN": _LAST,
        # arrays, JSON, identifiers, catalog
        "UNNEST": _ARRAYS,
        "CARDINALITY": _ARRAYS,
        "JSON_TABLE": JSON,
        "ROW_TO_JSON": JSON,
        "TO_JSON": JSON,
        "TO_JSONB": JSON,
        "COALESCE_JSON": JSON,
        "GEN_RANDOM_UUID": "Écrivez une clé stable : `{{ dbt.hash('x') }}`.",
        "UUID_GENERATE_V4": "Écrivez une clé stable : `{{ dbt.hash('x') }}`.",
        "NEXTVAL": "Écrivez une clé stable : `{{ dbt.hash('x') }}`.",
        "CURRVAL": "Écrivez une clé stable : `{{ dbt.hash('x') }}`.",
        "CURRENT_USER": (
            "`getsession('user')` dans un modèle propre à Denodo ; un modèle portable s'en passe."
        ),
        "SESSION_USER": (
            "`getsession('user')` dans un modèle propre à Denodo ; un modèle portable s'en passe."
        ),
        "CURRENT_SCHEMA": _CATALOG,
        "CURRENT_DATABASE": _CATALOG,
        "CURRENT_CATALOG": _CATALOG,
        "CURRENT_ROLE": _CATALOG,
        "CURRENT_SETTING": _CATALOG,
        "SET_CONFIG": _CATALOG,
        "VERSION": _CATALOG,
        "TO_TSVECTOR": "`lower(x) like '%mot%' escape '~'`.",
        "TO_TSQUERY": "`lower(x) like '%mot%' escape '~'`.",
        "PLAINTO_TSQUERY": "`lower(x) like '%mot%' escape '~'`.",
        "TS_RANK": "`lower(x) like '%mot%' escape '~'`.",
    }
)
"""Upper-case function name -> a French sentence."""

_BY_PREFIX = (
    ("JSON", JSON),
    ("ARRAY_", _ARRAYS),
    ("PG_", _CATALOG),
    ("HAS_", _CATALOG),
    ("REGR_", _STATISTICS),
    ("ST_", "Calculez la géométrie à la réception (staging) et gardez des nombres."),
    (
        "XML",
        "Lisez le XML à la réception (staging), ou par `xpath` et `xmlquery` dans un modèle propre à Denodo.",
    ),
)

TABLE_FUNCTIONS = words_of(
    """
    GENERATE_SERIES GENERATE_SUBSCRIPTS UNNEST REGEXP_SPLIT_TO_TABLE REGEXP_MATCHES STRING_TO_TABLE
    JSON_EACH JSON_EACH_TEXT JSON_ARRAY_ELEMENTS JSON_ARRAY_ELEMENTS_TEXT JSON_TO_RECORDSET
    JSON_TO_RECORD JSON_POPULATE_RECORD JSON_POPULATE_RECORDSET JSON_OBJECT_KEYS JSON_TABLE JSONB_EACH
    JSONB_EACH_TEXT JSONB_ARRAY_ELEMENTS JSONB_ARRAY_ELEMENTS_TEXT JSONB_TO_RECORDSET JSONB_TO_RECORD
    JSONB_POPULATE_RECORD JSONB_POPULATE_RECORDSET JSONB_OBJECT_KEYS JSONB_PATH_QUERY XMLTABLE DBLINK
    CROSSTAB PG_LS_DIR PG_STAT_FILE PG_READ_FILE TS_STAT ROWS_FROM
    """
)
"""Functions of PostgreSQL that stand in FROM; any other name there may be a Denodo procedure."""


def advice_for(name: str) -> str:
    """What to write instead of the function `name`, in French; always a sentence."""
    upper = name.upper()
    if upper in FUNCTION_ADVICE:
        return FUNCTION_ADVICE[upper]
    for prefix, text in _BY_PREFIX:
        if upper.startswith(prefix):
            return text
    nearest = difflib.get_close_matches(upper, catalogue.FUNCTIONS, n=1, cutoff=0.75)
    if nearest:
        return (
            f"Vouliez-vous `{nearest[0].lower()}` ? Sinon, écrivez une macro du projet, ou "
            "préparez la valeur au staging."
        )
    return (
        "Écrivez une fonction documentée ou une macro du projet, ou préparez la valeur à la "
        "réception (staging)."
    )
