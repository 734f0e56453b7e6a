{{ config(materialized='table') }}

{{ row_issues(source('cadastre_subventions', 'cadastre_subventions'), [
    exclude('n_de_dossier', clean_text('n_de_dossier') ~ " = 'TOTAL GÉNÉRAL'", "ligne de total"),
    required('n_de_dossier', none, "dossier absent"),
    required(
        'montant_du_soutien_eur',
        is_decimal('montant_du_soutien_eur', 14, 2, decimal_separator=',', group_separators=[' '])
        ~ ' or ' ~ is_decimal('montant_du_soutien_eur', 14, 2),
        "montant absent ou illisible"
    ),
    required('annee', is_integer('annee'), "année illisible"),
    optional(
        'mise_a_disposition_de_ressources',
        is_boolean('mise_a_disposition_de_ressources'),
        "ni Oui ni Non"
    ),
    optional(
        'beneficiaire_numero_entreprise',
        is_bce_number('beneficiaire_numero_entreprise'),
        "numéro d'entreprise impossible"
    ),
    optional(
        'code_postal_du_beneficiaire',
        is_code('code_postal_du_beneficiaire', '[1-9][0-9]{3}'),
        "code postal illisible"
    ),
    optional(
        'date_de_liquidation',
        is_date('date_de_liquidation', 'dd/MM/yyyy') ~ ' or ' ~ is_date('date_de_liquidation', 'yyyy-MM-dd'),
        "date de paiement impossible"
    ),
    known('type_de_beneficiaire', ['Personne morale', 'Personne physique'], "type inconnu, traité comme une personne physique"),
]) }}
