"""The catalogue: one static French site, made from the manifest, access/ and the last run; no database."""

from orchestration.catalogue.content import Catalogue, describe
from orchestration.catalogue.site import write_site

__all__ = ["Catalogue", "describe", "write_site"]
