"""VDP types: their names, their PostgreSQL types, and the type of an expression that joins several.

source: Denodo 7.0 manual, "Data Types" and "Type Conversion Functions".
"""

from __future__ import annotations

POSTGRESQL = {
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double precision",
    "decimal": "numeric",
    "text": "text",
    "boolean": "boolean",
    "localdate": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "date": "timestamptz",
    "blob": "bytea",
    "xml": "xml",
    "array": "jsonb",
    "register": "jsonb",
    "intervaldaysecond": "interval",
    "intervalyearmonth": "interval",
}
"""VDP type -> PostgreSQL type."""

NUMBERS = ("int", "long", "float", "decimal", "double")
"""The numeric types, from the narrowest to the one that takes all others in."""

DATETIMES = ("localdate", "time", "timestamp", "timestamptz", "date")
INTERVALS = ("intervaldaysecond", "intervalyearmonth")

SQL_TYPES = {
    "BIT": "blob",
    "BIT VARYING": "blob",
    "BOOL": "boolean",
    "BYTEA": "blob",
    "CHAR": "text",
    "CHARACTER": "text",
    "CHARACTER VARYING": "text",
    "DATE": "localdate",
    "DECIMAL": "double",
    "DOUBLE PRECISION": "double",
    "FLOAT": "float",
    "FLOAT4": "float",
    "FLOAT8": "double",
    "INT2": "int",
    "INT4": "int",
    "INT8": "long",
    "INTEGER": "int",
    "NCHAR": "text",
    "NUMERIC": "double",
    "NVARCHAR": "text",
    "REAL": "float",
    "SMALLINT": "int",
    "TEXT": "text",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITHOUT TIME ZONE": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMPTZ": "timestamptz",
    "TIME": "time",
    "TIME WITHOUT TIME ZONE": "time",
    "TIME WITH TIME ZONE": "time",
    "TIMETZ": "time",
    "VARBIT": "blob",
    "VARCHAR": "text",
    # Not in the manual's table, but what else they could mean is not in doubt.
    "BIGINT": "long",
    "BOOLEAN": "boolean",
    "DOUBLE": "double",
    "INT": "int",
    "XML": "xml",
}
"""Type name of `CAST(x AS name)` -> VDP type."""

CONVERSIONS = {
    "int": "to_int",
    "long": "to_long",
    "float": "to_float",
    "double": "to_double",
    "decimal": "to_decimal",
    "text": "to_text",
    "boolean": "to_boolean",
    "localdate": "to_localdate",
    "time": "to_time",
    "timestamp": "to_timestamp_type",
    "timestamptz": "to_timestamptz_type",
    "date": "to_timestamptz_type",
    "blob": "to_blob",
}
"""VDP type -> the function of schema `vql` that converts to it."""


def joined(*types: str | None) -> str | None:
    """The type of a value that may come from any of these; None if unknown, "null" if all are NULL."""
    found = {type_ for type_ in types if type_ != "null"}
    if not found:
        return "null"
    if len(found) == 1:
        return found.pop()
    if all(type_ in NUMBERS for type_ in found):
        return max(found, key=NUMBERS.index)  # type: ignore[arg-type]
    return None
