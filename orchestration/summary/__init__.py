"""What a run did, told to the person who launched it: received, refused, built, tested."""

from orchestration.summary.collect import Run, Summary, summarise
from orchestration.summary.text import render

__all__ = ["Run", "Summary", "render", "summarise"]
