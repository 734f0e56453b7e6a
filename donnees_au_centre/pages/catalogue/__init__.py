"""The catalogue as pages: a static French site with its search index."""

from donnees_au_centre.pages.catalogue.site import write_site

__all__ = ["write_site"]
