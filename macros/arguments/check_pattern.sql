{#
  Refuses a regular expression that Java (Denodo) and PostgreSQL do not read alike. What both read alike:
  characters, `.`, classes [a-z] and [^a-z], groups (…) and (?:…), `*`, `+`, `?`, {m}, {m,n} with at most 255,
  `|`, (?=…) and (?!…), a backslash before punctuation, \t \n \r \f, \u00a0. In a replacement also `^` first and `$`
  last, but no `|`, no (?=…), and no pattern that an empty text follows: PostgreSQL prefers the longest
  alternative, Java the first one.

  Gives `(?s)` when the pattern holds a `.`, and nothing otherwise: put before the pattern, it makes Java's `.`
  stand for line ends too, as PostgreSQL's does.

      check_pattern('regexp_like', '[0-9]{4}.*')   ->   (?s)
#}
{% macro check_pattern(macro_name, pattern, replacing=false) -%}
    {%- set instead = {
        'd': 'écrivez [0-9]',
        'D': 'écrivez [^0-9]',
        'w': 'écrivez [A-Za-z0-9_], avec les lettres accentuées voulues',
        'W': 'écrivez [^A-Za-z0-9_]',
        's': 'écrivez la liste des blancs attendus, par exemple [ \\t\\n\\r]',
        'S': 'écrivez [^ \\t\\n\\r]',
        'b': 'écrivez les séparateurs attendus, par exemple (?:^|[ -])',
        'p': 'écrivez la liste des lettres, par exemple [A-Za-zÀ-ÿ]',
    } -%}
    {%- set quantifier = '[*+?]|\\{[0-9]+(?:,[0-9]*)?\\}' -%}
    {%- set state = namespace(before='', depth=0, problem='', advice='', prefix='') -%}
    {%- for token in modules.re.findall(
        '\\\\u[0-9a-fA-F]{4}|\\\\[\\s\\S]?|\\[\\^?(?:\\\\[\\s\\S]|[^]\\\\])*\\]?|\\((?:\\?[:=!])?|' ~ quantifier ~ '|[A-Za-z0-9 /]+|[\\s\\S]', pattern
    ) if not state.problem -%}
        {#- Characters given by their number, of which a list of blanks has many, mean the same everywhere. -#}
        {%- set escapes = modules.re.findall(
            '\\\\[\\s\\S]?', modules.re.sub('(\\\\[^u])|\\\\u[0-9a-fA-F]{4}', '\\1', token)
        ) if '\\' in token else [] -%}
        {%- for escape in escapes if modules.re.fullmatch('\\\\[^\\W_]?', escape) and escape[1:] not in ['t', 'n', 'r', 'f'] -%}
            {%- set state.problem = "« " ~ escape ~ " » n'a pas le même sens en Java (Denodo) et dans PostgreSQL" -%}
            {%- set state.advice = instead.get(escape[1:], "écrivez la liste des caractères voulus entre crochets") -%}
        {%- endfor -%}
        {%- if state.problem -%}
        {%- elif token[0] == '[' -%}
            {%- set inside = modules.re.sub('\\\\[\\s\\S]', '', token[1:]) -%}
            {%- if token | length < 3 or inside[-1:] != ']' or inside in (']', '^]') and '\\' not in token -%}
                {%- set state.problem = "la liste « " ~ token ~ " » est vide ou n'est pas fermée" -%}
                {%- set state.advice = "fermez la liste par ] ; un ] attendu s'écrit \\]" -%}
            {%- elif '[' in inside or '&&' in inside -%}
                {%- set state.problem = "dans la liste « " ~ token ~ " », [ et && n'ont pas le même sens en Java (Denodo) et dans PostgreSQL" -%}
                {%- set state.advice = "écrivez \\[ ou \\&, et la liste des lettres plutôt que [:alpha:]" -%}
            {%- endif -%}
        {%- elif modules.re.fullmatch(quantifier, token) -%}
            {%- if state.before == '(' -%}
                {%- set state.problem = "le groupe « (" ~ token ~ "… » n'est pas connu des deux moteurs" -%}
                {%- set state.advice = "il n'y a que (…), (?:…), (?=…) et (?!…)" -%}
            {%- elif modules.re.fullmatch(quantifier, state.before) -%}
                {%- set state.problem = "« " ~ state.before ~ token ~ " » (répétition paresseuse ou possessive) n'a pas le même sens en Java (Denodo) et dans PostgreSQL" -%}
                {%- set state.advice = "répétez une liste qui exclut la suite, par exemple [^,]* plutôt que .*?" -%}
            {%- elif state.before in ('', '|', '(?:', '(?=', '(?!', '^') -%}
                {%- set state.problem = "« " ~ token ~ " » ne répète rien" -%}
                {%- set state.advice = "écrivez \\" ~ token[0] ~ " pour le caractère lui-même" -%}
            {%- elif modules.re.findall('[0-9]+', token) | map('int') | list
                != modules.re.findall('[0-9]+', token) | map('int') | sort -%}
                {%- set state.problem = "dans « " ~ token ~ " », le plus grand nombre vient en premier" -%}
                {%- set state.advice = "écrivez {m,n} avec m plus petit que n" -%}
            {%- elif modules.re.findall('[0-9]+', token) | map('int') | select('gt', 255) | list -%}
                {%- set state.problem = "« " ~ token ~ " » dépasse 255, le plus que PostgreSQL répète" -%}
                {%- set state.advice = "répétez moins de fois, ou sans limite avec * ou +" -%}
            {%- endif -%}
        {%- elif token == '{' -%}
            {%- set state.problem = "« { » n'ouvre pas une répétition {m} ou {m,n}" -%}
            {%- set state.advice = "écrivez \\{ pour le caractère lui-même" -%}
        {%- elif token == ')' -%}
            {%- set state.depth = state.depth - 1 -%}
            {%- if state.depth < 0 -%}
                {%- set state.problem = "une parenthèse est fermée sans avoir été ouverte" -%}
                {%- set state.advice = "écrivez \\) pour le caractère lui-même" -%}
            {%- endif -%}
        {%- elif token[0] == '(' -%}
            {%- set state.depth = state.depth + 1 -%}
            {%- if replacing and token in ('(?=', '(?!') -%}
                {%- set state.problem = "« " ~ token ~ "…) » ne se remplace pas de même en Java (Denodo) et dans PostgreSQL" -%}
                {%- set state.advice = "prenez la suite dans un groupe et rendez-la par \\1" -%}
            {%- endif -%}
        {%- elif token == '|' and replacing -%}
            {%- set state.problem = "« | » : Java (Denodo) prend la première possibilité, PostgreSQL la plus longue" -%}
            {%- set state.advice = "écrivez une liste [ab], ou un appel par possibilité" -%}
        {%- elif token in ('^', '$') and not (replacing and (loop.first if token == '^' else loop.last)) -%}
            {%- set state.problem = "« " ~ token ~ " » n'a pas sa place ici" -%}
            {%- set state.advice = (
                "^ vient en premier et $ en dernier" if replacing
                else "ôtez-le, le texte entier est toujours comparé"
            ) ~ " ; \\" ~ token ~ " est le caractère lui-même" -%}
        {%- elif token == '.' -%}
            {%- set state.prefix = '(?s)' -%}
        {%- endif -%}
        {%- set state.before = token -%}
    {%- endfor -%}
    {%- if not state.problem and state.depth > 0 -%}
        {%- set state.problem = "une parenthèse n'est pas fermée" -%}
        {%- set state.advice = "fermez-la, ou écrivez \\( pour le caractère lui-même" -%}
    {%- elif not state.problem and pattern == '' -%}
        {%- set state.problem = "le motif est vide" -%}
        {%- set state.advice = "comparez avec = '' ou écrivez un motif" -%}
    {%- elif not state.problem and replacing and modules.re.fullmatch(pattern, '') -%}
        {%- set state.problem = "un texte vide suit aussi ce motif, qui se remplacerait donc entre deux caractères" -%}
        {%- set state.advice = "répétez avec + plutôt que *" -%}
    {%- endif -%}
    {%- if state.problem -%}
        {{ refuse_argument(macro_name, "dans le motif « " ~ pattern ~ " », " ~ state.problem, state.advice) }}
    {%- endif -%}
    {{ return(state.prefix) }}
{%- endmacro %}
