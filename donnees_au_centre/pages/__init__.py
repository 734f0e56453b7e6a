"""What the project's static sites share: one look, one frame, and a folder replaced at once."""

from donnees_au_centre.pages.site import STATIC, environment, replaced, rich

__all__ = ["STATIC", "environment", "replaced", "rich"]
