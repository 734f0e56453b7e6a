{#
  Writes the comments of a relation, as dbt does, with those that the YAML leaves to its macro (config.meta) or, of
  its columns, to their origin: see described_columns. donnees_au_centre/project/inheritance.py follows the same order for pages and rules.
#}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set description = model.description or (model.config.meta or {}).description -%}
    {%- if for_relation and config.persist_relation_docs() and description -%}
        {%- do run_query(alter_relation_comment(relation, description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- set existing = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
        {%- set comments = alter_column_comment(relation, validate_doc_columns(relation, described_columns(model), existing)) -%}
        {%- if comments | trim -%}
            {%- do run_query(comments) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{# The columns of a node that have a description, their own or their origin's: name -> {description, quote}. #}
{% macro described_columns(node) -%}
    {%- set meta = node.config.meta or {} -%}
    {%- set names = (meta.colonnes or {}).keys() | list + (meta.lecture or []) | map(attribute='noms') | sum(start=[]) -%}
    {%- set found, known = {}, {} -%}
    {%- for name in names + node.columns.keys() | list if name not in found -%}
        {%- set written = node.columns.get(name) or {} -%}
        {%- set text = written.description or inherited_description(node, name, known) -%}
        {%- if text -%}
            {%- do found.update({name: {'description': text, 'quote': written.quote}}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#
  What a column without a description is, by its origin: a column that every model of its kind has; in staging,
  the received column that it reads, up to « Reçu : », which tells how the cell is written, unless SQL of its own
  makes another thing of it; elsewhere the column of its name in the nearest models that it comes from.
  Empty when there is none, or when two of them say different things.
#}
{% macro inherited_description(node, name, known) -%}
    {%- set meta = node.config.meta or {} -%}
    {%- if name in (meta.colonnes or {}) -%}
        {{ return(meta.colonnes[name]) }}
    {%- elif 'lecture' in meta -%}
        {%- for entry in meta.lecture if entry.noms == [name] and entry.colonne and not entry.reecrit
            and (entry.type != 'expression' or entry.colonne == name) -%}
            {%- for parent in node.depends_on.nodes if parent in graph.sources -%}
                {%- set text = (graph.sources[parent].columns.get(entry.colonne) or {}).description -%}
                {%- if text -%}{{ return(text.split(' Reçu : ')[0]) }}{%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {{ return('') }}
    {%- endif -%}
    {%- set level = namespace(parents=node.depends_on.nodes) -%}
    {%- for _ in range(100) if level.parents -%}
        {%- set texts, above = [], [] -%}
        {%- for parent in level.parents if parent in graph.nodes -%}
            {%- set found = graph.nodes[parent] -%}
            {%- set text = (found.columns.get(name) or {}).description -%}
            {%- if not text and (name in found.columns or 'colonnes' in (found.config.meta or {})) -%}
                {%- set column = parent ~ '.' ~ name -%}
                {%- if column not in known -%}
                    {%- do known.update({column: inherited_description(found, name, known)}) -%}
                {%- endif -%}
                {%- set text = known[column] -%}
            {%- endif -%}
            {%- do texts.append(text) if text and text not in texts -%}
            {%- do above.extend(found.depends_on.nodes or []) -%}
        {%- endfor -%}
        {%- if texts -%}{{ return(texts[0] if texts | length == 1 else '') }}{%- endif -%}
        {%- set level.parents = above | unique | list -%}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}


{# The columns that the loader gives to every row, with their descriptions; received: source_recu_le too; loads: chargement_id. #}
{% macro row_columns(received=false, loads=false) -%}
    {%- set columns = {
        'source_fichier': "Fichier reçu d'où vient la ligne, relatif à la zone de dépôt. Avec source_ligne, la clé de la ligne reçue.",
        'source_ligne': "Place de la ligne dans le fichier reçu : ligne du CSV (l'en-tête est la ligne 1), rang de l'enregistrement JSON, ligne de la feuille Excel.",
        'charge_le': "Moment du chargement de la ligne dans la base.",
    } -%}
    {%- if received -%}
        {%- do columns.update({'source_recu_le': "Moment où le fichier est arrivé avec ce contenu ; le relire pour une autre déclaration ne le change pas. Il dit lequel de deux fichiers est le dernier reçu."}) -%}
    {%- endif -%}
    {%- if loads -%}
        {%- do columns.update({'chargement_id': "Chargement qui a apporté la ligne ; plateforme.chargements dit lequel."}) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{# What every écarts model is. #}
{% macro issue_description() -%}
    {{ return(
        "Ce que le staging n'a pas pu prendre tel quel, une ligne par écart : rejet (la ligne est refusée), exclusion "
        ~ "(la ligne est écartée à dessein) ou anomalie (la ligne est gardée, la cellule devient nulle)."
    ) }}
{%- endmacro %}


{# The columns of every écarts model, with their descriptions. #}
{% macro issue_columns() -%}
    {%- set columns = row_columns(loads=true) -%}
    {%- do columns.update({
        'nature': "rejet, exclusion ou anomalie.",
        'colonne': "Colonne reçue qui est en cause.",
        'valeur_brute': "Valeur reçue, telle quelle.",
        'motif': "Ce qui ne va pas, en clair.",
    }) -%}
    {{ return(columns) }}
{%- endmacro %}
