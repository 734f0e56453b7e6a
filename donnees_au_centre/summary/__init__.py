"""What a run did, told to the person who launched it: received, refused, built, tested."""

from donnees_au_centre.summary.collect import Run, Summary, summarise
from donnees_au_centre.summary.text import render

__all__ = ["Run", "Summary", "render", "summarise"]
