"""The managers' pages: one for the ministry, one for each administration; static, offline, in French."""

from orchestration.reports.quality_pages.site import Answers, write_pages

__all__ = ["Answers", "write_pages"]
