"""One Excel workbook a steward: the rows to correct that its role may read, and what was done about them."""

from orchestration.reports.workbooks.writing import Workbooks, write_workbooks

__all__ = ["Workbooks", "write_workbooks"]
