"""The words that the governance metadata may use, in French as the YAML writes them."""

from __future__ import annotations

# From what everybody may read to what harms people when it leaks: the order is that of the rules.
CLASSIFICATIONS = ("public", "interne", "confidentiel", "sensible")

# Category of personal data -> the lowest classification of a data set that holds such a column.
CATEGORIES = {
    "identifiant_direct": "confidentiel",
    "identifiant_indirect": "confidentiel",
    "pseudonyme": "confidentiel",
    "sensible": "sensible",
    "professionnel": "interne",
    "financier": "confidentiel",
    "aucune": "public",
}
NOT_PERSONAL = "aucune"
DIRECT = "identifiant_direct"
SENSITIVE = "sensible"
# Keys of config.meta of a column: what it tells of a person, how it no longer does.
COLUMN_KEYS = CATEGORY, PROTECTION = "donnee_personnelle", "protection"
PROTECTIONS = ("pseudonymise", "masque", "generalise", "supprime", "agrege")
# Of a personal column of a source: what stands for its values where a release candidate is tried. A pseudonym
# when nothing is said; drawn among the values that many people bear, where only a known code is of use.
COPY, DRAWN = "copie", "tirage"

UNITS = ("jour", "semaine", "mois", "annee")
ENDS = ("effacement", "archivage")
UNLIMITED = "illimitee"
# `conservation.depuis` when it is no column: the day the file was received.
RECEPTION = "reception"

# Keys that every data set needs, then those it may have; the last ones are for personal data (Article 30).
RESPONSIBLES = ("proprietaire", "gestionnaire")
REQUIRED = (
    *RESPONSIBLES,
    "strategique",
    "classification",
    "finalite",
    "base_legale",
    "conservation",
    "source_authentique",
    "rafraichissement",
)
PERSONAL = ("personnes_concernees", "destinataires", "mesures")
OPTIONAL = ("synonymes", "transferts", *PERSONAL)
KEYS = (*REQUIRED, *OPTIONAL)

# Keys of config.meta: the data set's own values, then the defaults, nearest first. Two keys, since dbt
# replaces a folder's value by the source's when both are named alike.
OWN, DEFAULTS, FOLDER_DEFAULTS = "gouvernance", "gouvernance_par_defaut", "gouvernance_du_dossier"
# Of a group alone: who approved the rights that its administration has by default, and until when.
ACCESS_DEFAULTS = "acces_par_defaut"
# Of a group alone too: the themes of what its administration publishes as open data, by their codes in the
# European vocabulary of data themes, which says them in these words.
OPEN_THEMES = "themes"
THEMES = {
    "AGRI": "agriculture, pêche, sylviculture et alimentation",
    "ECON": "économie et finances",
    "EDUC": "éducation, culture et sport",
    "ENER": "énergie",
    "ENVI": "environnement",
    "GOVE": "gouvernement et secteur public",
    "HEAL": "santé",
    "INTR": "questions internationales",
    "JUST": "justice, système juridique et sécurité publique",
    "REGI": "régions et villes",
    "SOCI": "population et société",
    "TECH": "science et technologie",
    "TRAN": "transports",
}
