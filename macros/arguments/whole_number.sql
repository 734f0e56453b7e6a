{#
  What macros need to know about their arguments; no SQL of its own, so the same on every engine.

      whole_number('-3')                       ->   -3, a number; none when it is an expression such as 'n'
      operand('a - b')                         ->   (a - b): an expression that may be multiplied or subtracted
      operand('n')                             ->   n, which needs no parentheses
      known_part('dateadd', 'Day', ['day'])    ->   day; a compile error names the parts when it is none of them
#}
{% macro whole_number(value) -%}
    {%- set text = value | string | trim -%}
    {%- set digits = text[1:] if text.startswith('-') else text -%}
    {{ return(text | int if digits.isdigit() else none) }}
{%- endmacro %}


{% macro operand(expression) -%}
    {%- set text = expression | string | trim -%}
    {%- set seen = namespace(depth=0, quoted=false, compound=false) -%}
    {%- for character in text -%}
        {%- if character == "'" -%}
            {%- set seen.quoted = not seen.quoted -%}
        {%- elif not seen.quoted -%}
            {%- if character == '(' -%}
                {%- set seen.depth = seen.depth + 1 -%}
            {%- elif character == ')' -%}
                {%- set seen.depth = seen.depth - 1 -%}
            {%- elif seen.depth == 0 and character in '+-*/%|<>=' -%}
                {%- set seen.compound = true -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('(' ~ text ~ ')' if seen.compound else text) }}
{%- endmacro %}


{% macro known_part(macro_name, part, parts) -%}
    {%- set name = part | string | lower | trim -%}
    {%- if name not in parts -%}
        {{ refuse_argument(
            macro_name,
            "la partie de date « " ~ part ~ " » n'est pas connue",
            "choisissez parmi " ~ parts | join(', ')
        ) }}
    {%- endif -%}
    {{ return(name) }}
{%- endmacro %}
