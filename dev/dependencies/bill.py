"""The software bill of materials, in CycloneDX 1.6 JSON, which security tools read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dev.dependencies.packages import Environment, Package


def bill_of_materials(environment: Environment, revision: str, at: datetime) -> dict[str, Any]:
    """Lists every package with its version, licence, allowed archives and what it needs.

    Args:
        revision: git's name of the state of the checkout.
        at: when it was made, with its time zone.

    Returns:
        A CycloneDX document, ready for JSON.
    """
    packages = environment.packages.values()
    project = {"type": "application", "bom-ref": "donnees-au-centre", "name": "donnees-au-centre"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": at.isoformat(timespec="seconds"),
            "component": {**project, "version": revision},
        },
        "components": [_component(one) for one in packages],
        "dependencies": [
            {"ref": "donnees-au-centre", "dependsOn": sorted(map(_reference, _asked(environment)))},
            *(
                {
                    "ref": _reference(one),
                    "dependsOn": sorted(_reference(environment.packages[name]) for name in one.needs),
                }
                for one in packages
            ),
        ],
    }


def _asked(environment: Environment) -> list[Package]:
    return [environment.packages[name] for name in environment.asked]


def _component(package: Package) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _reference(package),
        "name": package.name,
        "version": package.version,
        "purl": _reference(package),
    }
    if package.licence:
        component["licenses"] = [{"license": {"name": package.licence}}]
    if package.hashes:
        # One a platform: each is an archive that the installer would take.
        component["properties"] = [
            {"name": f"{package.lock}:sha256", "value": digest} for digest in package.hashes
        ]
    return component


def _reference(package: Package) -> str:
    """The package URL, which names it among all packages of all languages."""
    return f"pkg:pypi/{package.name}@{package.version}"
