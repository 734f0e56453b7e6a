"""A connection of the platform's own beside dbt's, to the database that dbt builds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from donnees_au_centre.errors import PlatformError

# What would end an idle transaction in the middle of the work; the last came with PostgreSQL 17.
_ENDINGS = ("idle_in_transaction_session_timeout", "statement_timeout", "transaction_timeout")


@contextmanager
def connected(credentials: Any, purpose: str) -> Iterator[psycopg.Connection]:
    """A connection in autocommit, with dbt's credentials, that no time limit ends in the middle of the work.

    Args:
        credentials: of dbt's profile, of type postgres.
        purpose: in French, for whoever looks at the sessions of the server.

    Raises:
        DbtRuntimeError: what the work said with a PlatformError; dbt shows no traceback of it.
    """
    from dbt_common.exceptions import DbtRuntimeError

    try:
        with psycopg.connect(
            host=credentials.host,
            port=credentials.port,
            user=credentials.user,
            password=credentials.password,
            dbname=credentials.database,
            sslmode=credentials.sslmode or "prefer",
            application_name=purpose,
            connect_timeout=10,
            autocommit=True,
        ) as connection:
            connection.execute(
                "select set_config(name, '0', false) from pg_settings where name = any(%s)", [list(_ENDINGS)]
            )
            yield connection
    except PlatformError as error:
        raise DbtRuntimeError(str(error)) from None
