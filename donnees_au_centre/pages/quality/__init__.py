"""The managers' pages: one for the ministry, one for each administration; static, offline, in French."""

from donnees_au_centre.pages.quality.site import Answers, write_pages

__all__ = ["Answers", "write_pages"]
