"""One database, as three programs write it: JSON for Power BI, HTML for Excel, JSON for DBeaver."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape

from donnees_au_centre.administration import ours

# The name under which psqlODBC installs itself on a 64-bit Windows.
ODBC_DRIVER = "PostgreSQL Unicode(x64)"


@dataclass(frozen=True)
class Place:
    """Where a database is.

    Attributes:
        host: name or IPv4 address of the server.
        port: its TCP port.
        database: name of the database.
        sslmode: as libpq writes it: `disable` for a server without encryption.
        embedded: True for the server of a checkout, which this machine alone reaches.
    """

    host: str
    port: int
    database: str
    sslmode: str
    embedded: bool

    @property
    def server(self) -> str:
        """The server and its port, as Power BI writes them."""
        return f"{self.host}:{self.port}"

    @property
    def stem(self) -> str:
        """The name of its files, that any system takes."""
        return re.sub(r"[^\w.-]", "_", self.database)


def connection_files(place: Place) -> dict[str, str]:
    """Name -> content, of each file, by the end of its name: .pbids, .odc, .json."""
    return {
        f"{place.stem}.pbids": _power_bi(place),
        f"{place.stem}.odc": _excel(place),
        f"data-sources-{place.stem}.json": _dbeaver(place),
    }


def _power_bi(place: Place) -> str:
    address = {"server": place.server, "database": place.database}
    connection = {"details": {"protocol": "postgresql", "address": address}, "options": {}, "mode": "Import"}
    return _json({"version": "0.1", "connections": [connection]})


def _excel(place: Place) -> str:
    """An Office Data Connection: Excel reads the quotes and their absence as it writes them itself."""
    parts = {
        "DRIVER": ODBC_DRIVER,
        "SERVER": place.host,
        "PORT": str(place.port),
        "DATABASE": place.database,
        "SSLmode": place.sslmode,
        "ReadOnly": "1",
    }
    string = ";".join(f"{key}={_odbc(value)}" for key, value in parts.items())
    name = escape(f"{ours().platform.name}, {place.database}")
    return f"""<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40">
<head>
<meta http-equiv=Content-Type content="text/x-ms-odc; charset=utf-8">
<meta name=ProgId content=ODC.Database>
<meta name=SourceType content=ODBC>
<title>{name}</title>
<xml id=docprops><o:DocumentProperties xmlns:o="urn:schemas-microsoft-com:office:office" \
xmlns="http://www.w3.org/TR/REC-html40">
  <o:Name>{name}</o:Name>
</o:DocumentProperties></xml>
<xml id=msodc><odc:OfficeDataConnection xmlns:odc="urn:schemas-microsoft-com:office:odc" \
xmlns="http://www.w3.org/TR/REC-html40">
  <odc:Connection odc:Type="ODBC">
    <odc:ConnectionString>{escape(string)}</odc:ConnectionString>
  </odc:Connection>
</odc:OfficeDataConnection></xml>
</head>
</html>
"""


def _odbc(value: str) -> str:
    """A value of an ODBC connection string, between braces when it is more than a word."""
    return value if re.fullmatch(r"[\w.-]+", value) else "{" + value.replace("}", "}}") + "}"


def _dbeaver(place: Place) -> str:
    configuration = {
        "host": place.host,
        "port": str(place.port),
        "database": place.database,
        "configurationType": "MANUAL",
        "auth-model": "native",
        "properties": {"sslmode": place.sslmode},
    }
    connection = {
        "provider": "postgresql",
        "driver": "postgres-jdbc",
        "name": f"{ours().platform.name}, {place.database}",
        "save-password": False,
        "read-only": True,
        "configuration": configuration,
    }
    return _json({"folders": {}, "connections": {f"postgres-jdbc-{place.stem}": connection}})


def _json(said: object) -> str:
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"
