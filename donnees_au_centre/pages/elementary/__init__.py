"""The page of Elementary (PyPI's elementary-data), made from the history of runs without its dbt package."""

from donnees_au_centre.pages.elementary.page import write_report

__all__ = ["write_report"]
