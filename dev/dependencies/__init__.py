"""What the environment is made of: its packages, their weight, their bill of materials, known advisories."""

from dev.dependencies.advisories import Advisories, Finding, find, read_advisories
from dev.dependencies.bill import bill_of_materials
from dev.dependencies.packages import Environment, Package, read_environment

__all__ = [
    "Advisories",
    "Environment",
    "Finding",
    "Package",
    "bill_of_materials",
    "find",
    "read_advisories",
    "read_environment",
]
