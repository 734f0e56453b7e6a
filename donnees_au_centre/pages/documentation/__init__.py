"""The documentation site: the pages of docs/, what the manifest and the code say, and one search."""

from donnees_au_centre.pages.documentation.site import Written, write_site

__all__ = ["Written", "write_site"]
