"""The audit journal: who loaded, built, granted, purged, exported what; and the proof that it is whole."""

from orchestration.audit.anchors import Anchor, anchor_file, keep_anchor
from orchestration.audit.checking import Fault, Verification, verify
from orchestration.audit.journal import Head, ensure_journal, record
from orchestration.audit.runs import note_run

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
