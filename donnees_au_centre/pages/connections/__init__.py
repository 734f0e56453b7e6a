"""Files that open the database in Power BI, Excel or DBeaver, and the page that says which does what.

Each holds where the database is, and nothing of who opens it: the program asks for account and password.
"""

from donnees_au_centre.pages.connections.files import Place, connection_files
from donnees_au_centre.pages.connections.page import write_connections

__all__ = ["Place", "connection_files", "write_connections"]
