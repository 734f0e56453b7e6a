"""What the catalogue says of each data set, from the manifest, the access policies and the last runs."""

from donnees_au_centre.catalogue.content import Catalogue, describe

__all__ = ["Catalogue", "describe"]
