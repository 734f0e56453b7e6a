"""One Excel workbook a steward: the rows to correct that its role may read, and what was done about them."""

from donnees_au_centre.pages.workbooks.writing import Workbooks, write_workbooks

__all__ = ["Workbooks", "write_workbooks"]
