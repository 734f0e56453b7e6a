"""What an assistant may know of the project: texts that people wrote to be read, and no row of any table.

What is served is an allow list: `cards` takes named keys of the manifest, `texts` named files of the
checkout. Nothing here opens a database, the landing zone, a seed or the network; what was asked is never
said again.
"""

from donnees_au_centre.assistance.knowledge import Knowledge, gather
from donnees_au_centre.assistance.tools import TOOLS, Refusal, answer

__all__ = ["TOOLS", "Knowledge", "Refusal", "answer", "gather"]
