"""The optional drivers, of sources and of an assistant: which there are, what to say when one is missing.

The packages of each group stand in pyproject.toml, their versions in requirements-drivers.txt; `make drivers`
installs them.
"""

from __future__ import annotations

from donnees_au_centre.errors import PlatformError

# Group -> what it is for.
GROUPS = {
    "sftp": "les fichiers déposés sur un serveur SFTP",
    "mysql": "les bases MySQL et MariaDB",
    "sqlserver": "les bases SQL Server",
    "db2": "les bases DB2",
    "s3": "les fichiers d'un stockage S3",
    "azure": "les fichiers d'un stockage Azure (Blob, Data Lake)",
    "parquet": "les fichiers Parquet",
    "assistance": "les textes du projet pour un assistant (make mcp)",
    "tests": "les serveurs d'essai des tests (make test les installe)",
}
# Those of the tests. Not the heavy ones that no test can run against: they need a server of their own.
TESTED = ("sftp", "mysql", "s3", "azure", "parquet", "assistance", "tests")


def missing_driver(group: str, package: str) -> PlatformError:
    """What a reader of sources raises when it cannot import its driver.

    Args:
        group: the group that brings it, one of GROUPS.
        package: the package that is missing, as a registry names it.
    """
    return PlatformError(
        f"Il manque le pilote « {group} » (paquet {package}), qui lit {GROUPS[group]}.",
        f"make drivers NAME={group}",
    )
