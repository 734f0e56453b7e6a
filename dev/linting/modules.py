"""Stands for dbt's `modules` while sqlfluff renders a model: the part of Python that the macros use."""

from __future__ import annotations

import re

__all__ = ["re"]
