{#
  Java date patterns, the one language in which dates are read and written on every engine: Denodo takes
  them as they are, and here they are turned into those of PostgreSQL at compile time.

      java_date_pattern("dd/MM/yyyy 'à' HH")
          ->   [{field: 'dd'}, {text: '/'}, {field: 'MM'}, {text: '/'}, {field: 'yyyy'}, {text: ' à '},
                {field: 'HH'}]

  A letter repeated is a field; text between single quotes and everything that is no letter stands for
  itself; two single quotes are one.
#}
{% macro java_date_pattern(macro_name, pattern) -%}
    {%- set letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
    {%- set state = namespace(parts=[], run='', text='', quoted=false, skip=false) -%}
    {%- for character in pattern -%}
        {%- set following = pattern[loop.index:loop.index + 1] -%}
        {%- if state.run and (state.quoted or character != state.run[0]) -%}
            {%- set state.parts = state.parts + [{'field': state.run}] -%}
            {%- set state.run = '' -%}
        {%- endif -%}
        {%- if state.skip -%}
            {%- set state.skip = false -%}
        {%- elif character == "'" and following == "'" -%}
            {%- set state.text = state.text ~ "'" -%}
            {%- set state.skip = true -%}
        {%- elif character == "'" -%}
            {%- set state.quoted = not state.quoted -%}
        {%- elif state.quoted or character not in letters -%}
            {%- set state.text = state.text ~ character -%}
        {%- else -%}
            {%- if state.text -%}
                {%- set state.parts = state.parts + [{'text': state.text}] -%}
                {%- set state.text = '' -%}
            {%- endif -%}
            {%- set state.run = state.run ~ character -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if state.quoted -%}
        {{ refuse_argument(
            macro_name,
            "le motif « " ~ pattern ~ " » a une apostrophe qui ne se ferme pas",
            "mettez le texte entre deux apostrophes ; pour une apostrophe, doublez-la"
        ) }}
    {%- endif -%}
    {%- if state.run -%}
        {%- set state.parts = state.parts + [{'field': state.run}] -%}
    {%- elif state.text -%}
        {%- set state.parts = state.parts + [{'text': state.text}] -%}
    {%- endif -%}
    {{ return(state.parts) }}
{%- endmacro %}


{# A Java date pattern in PostgreSQL's language; fields maps those that the calling macro knows. #}
{% macro postgres_date_pattern(macro_name, pattern, fields) -%}
    {%- set state = namespace(sql='') -%}
    {%- for part in java_date_pattern(macro_name, pattern) -%}
        {%- if part.text is defined -%}
            {%- set text = part.text | replace('\\', '\\\\') | replace('"', '\\"') -%}
            {%- set plain = text == part.text and text | upper == text | lower -%}
            {%- set state.sql = state.sql ~ (text if plain else '"' ~ text ~ '"') -%}
        {%- elif part.field in fields -%}
            {%- set state.sql = state.sql ~ fields[part.field] -%}
        {%- else -%}
            {{ unknown_date_field(macro_name, pattern, part.field, fields) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(state.sql | replace("'", "''")) }}
{%- endmacro %}


{# Refuses a pattern, naming the letters that the macro does not know. #}
{% macro unknown_date_field(macro_name, pattern, field, fields) -%}
    {%- set first = field[0] -%}
    {%- if first in 'EMLa' and field not in ('M', 'MM') -%}
        {%- set reason = "ce sont des noms, qui dépendent de la langue du serveur" -%}
    {%- elif field == 'yy' -%}
        {%- set reason = "chaque moteur choisit le siècle à sa façon" -%}
    {%- elif first in 'YwWuF' -%}
        {%- set reason = "les semaines de Java dépendent de la langue du serveur : voyez iso_week et iso_year" -%}
    {%- else -%}
        {%- set reason = "elles n'ont pas le même sens partout" -%}
    {%- endif -%}
    {{ refuse_argument(
        macro_name,
        "les lettres « " ~ field ~ " » du motif « " ~ pattern ~ " » ne sont pas permises, car " ~ reason,
        "écrivez le motif avec " ~ fields | join(', ') ~ " ; mettez le texte entre apostrophes"
    ) }}
{%- endmacro %}
