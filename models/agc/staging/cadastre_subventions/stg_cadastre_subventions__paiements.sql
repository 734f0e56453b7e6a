{#- Whoever is not known for a body counts as a person: without a type, a body has an enterprise number. -#}
{%- set person -%}
    coalesce(
        {{ clean_text('type_de_beneficiaire') }},
        case when {{ is_blank('beneficiaire_numero_entreprise') }} then 'inconnu' else 'Personne morale' end
    ) <> 'Personne morale'
{%- endset -%}

{{ staging(source('cadastre_subventions', 'cadastre_subventions'), [
    text('n_de_dossier', 'dossier', sql=mask('{}', when=person), required="dossier absent"),
    text('ministre'),
    text('competence'),
    text('administration'),
    text('centre_financier'),
    text('libelle_du_budget', 'libelle_budget'),
    expression(
        'montant',
        'coalesce(' ~ to_decimal('montant_du_soutien_eur', 14, 2, decimal_separator=',', group_separators=[' '])
        ~ ', ' ~ to_decimal('montant_du_soutien_eur', 14, 2) ~ ')',
        of='montant_du_soutien_eur',
        readable=is_decimal('montant_du_soutien_eur', 14, 2, decimal_separator=',', group_separators=[' '])
        ~ ' or ' ~ is_decimal('montant_du_soutien_eur', 14, 2),
        required="montant absent ou illisible"
    ),
    yes_no('mise_a_disposition_de_ressources', 'mise_a_disposition', optional="ni Oui ni Non"),
    text('base_s_legale_s', 'base_legale'),
    expression('est_personne_physique', 'case when ' ~ person ~ ' then 1 else 0 end'),
    text(
        'beneficiaire', 'beneficiaire_pseudonyme',
        sql='case when ' ~ person ~ ' then ' ~ pseudonymise('upper({})', 'agc', 'subventions') ~ ' end'
    ),
    text('beneficiaire', sql=mask('{}', when=person)),
    bce_number(
        'beneficiaire_numero_entreprise', 'numero_bce', sql=mask('{}', when=person),
        optional="numéro d'entreprise impossible"
    ),
    postal_code(
        'code_postal_du_beneficiaire', 'code_postal', sql=mask('{}', when=person), optional="code postal illisible"
    ),
    text('commune_du_beneficiaire', 'commune_nom', sql=mask('{}', when=person)),
    expression(
        'date_liquidation',
        'coalesce(' ~ to_date('date_de_liquidation', 'dd/MM/yyyy') ~ ', ' ~ to_date('date_de_liquidation') ~ ')',
        of='date_de_liquidation',
        readable=is_date('date_de_liquidation', 'dd/MM/yyyy') ~ ' or ' ~ is_date('date_de_liquidation'),
        optional="date de paiement impossible"
    ),
    integer('annee', required="année illisible"),
], rules=[
    exclude('n_de_dossier', clean_text('n_de_dossier') ~ " = 'TOTAL GÉNÉRAL'", "ligne de total"),
    known(
        'type_de_beneficiaire', ['Personne morale', 'Personne physique'],
        "type inconnu, traité comme une personne physique"
    ),
], stored=true) }}
