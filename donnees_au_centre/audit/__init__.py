"""The audit journal: who loaded, built, granted, purged, exported what; and the proof that it is whole."""

from donnees_au_centre.audit.anchors import Anchor, anchor_file, keep_anchor
from donnees_au_centre.audit.checking import Fault, Verification, verify
from donnees_au_centre.audit.journal import Head, ensure_journal, record
from donnees_au_centre.audit.runs import note_run

__all__ = [
    "Anchor",
    "Fault",
    "Head",
    "Verification",
    "anchor_file",
    "ensure_journal",
    "keep_anchor",
    "note_run",
    "record",
    "verify",
]
