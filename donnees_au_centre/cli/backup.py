"""`backup`, `restore`: the database, the history of Dagster and the audit's anchors, to a folder and back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.audit.anchors import anchor_file
from donnees_au_centre.cli.confirmation import confirmed
from donnees_au_centre.cli.rights import connected, plan, rebuild
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.keys import KEY_FILE, PREFIX
from donnees_au_centre.privacy.purge import apply_purge
from donnees_au_centre.privacy.restored import (
    ErasedPerson,
    erase_again,
    read_erased,
    read_erased_file,
    write_erased,
)
from donnees_au_centre.settings import Settings
from donnees_au_centre.warehouse import dumps

WAREHOUSE, ROLES, DAGSTER = "entrepot.dump", "roles.sql", "dagster.dump"
DAGSTER_FILES, ERASED, ANCHORS, SAID = "dagster", "effaces.csv", "ancres.jsonl", "sauvegarde.json"
# A backup that is being written, or could not be.
UNFINISHED = ".en-cours"


def backup(settings: Settings, options: Mapping[str, str]) -> int:
    """Writes a folder below DOSSIER, with the digest of each of its files; keys are not in it.

    Raises:
        PlatformError: no DOSSIER, or something cannot be read whole; nothing is left of it then.
    """
    parent = _folder(options)
    session = Session(settings)
    access = session.open_database()
    session.enter(access)
    now = datetime.now(UTC)
    name = f"{settings.database}_{now:%Y-%m-%dT%H%M%SZ}"
    place = parent / f"{name}{UNFINISHED}"
    place.mkdir(mode=0o700, parents=True)
    try:
        with session.step("Base de données"):
            dumps.dump_roles(access.conninfo(), place / ROLES)
            dumps.dump(access.conninfo(), place / WAREHOUSE)
        with connected(access) as connection:
            write_erased(place / ERASED, read_erased(connection))
        with session.step("Historique de Dagster"):
            _save_history(settings, place)
        if (anchors := anchor_file(settings)).exists():
            shutil.copyfile(anchors, place / ANCHORS)
        said = {
            "base": access.address,
            "cible": settings.target,
            "le": now.isoformat(),
            "proprietes": dumps.properties(access.conninfo()),
            "condenses": _digests(place),
        }
        (place / SAID).write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(place, parent / name)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    # The newest list beside all backups: any of them is restored with it.
    draft = parent / f"{ERASED}{UNFINISHED}"
    shutil.copyfile(parent / name / ERASED, draft)
    os.replace(draft, parent / ERASED)
    print(f"\nSauvegarde : {parent / name}")
    print(_where_keys_are(settings))
    return 0


def restore(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows what a backup holds; with CONFIRMER, puts it in the place of the database.

    It is read into a database beside, which takes the name of the one in service; that one stays, under
    another. Only the account that restores enters it, until the people erased since are erased again and what
    is past its retention is gone.

    Args:
        options: DOSSIER, a backup; EFFACES, a newer list of erased people; CONFIRMER, BASE.

    Raises:
        PlatformError: the backup is not whole, a key is missing, or PostgreSQL refuses; what was in service
            still is.
    """
    place = _folder(options)
    said = _check(place)
    session = Session(settings)
    access = session.open_database()
    session.enter(access)
    manifest = parse_or_fail(session).manifest
    with connected(access) as connection:
        lists = {f"la base {access.address}": read_erased(connection)}
    for file in (place / ERASED, place.parent / ERASED, *map(Path, filter(None, [options.get("EFFACES")]))):
        if file.exists():
            lists[str(file)] = read_erased_file(file)
    erased: set[ErasedPerson] = set().union(*lists.values())
    print(f"Sauvegarde de {said['base']}, du {said['le']}, entière.")
    print("Personnes effacées, d'après :")
    for origin, found in lists.items():
        last = max((one.at for one in found), default="")
        print(f"  {origin} : {counted(len(found), 'empreinte')}{f', la dernière du {last}' if last else ''}")
    print("Une personne effacée depuis la dernière de ces listes reviendrait : EFFACES=… en donne une autre.")
    stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    beside, former = f"{settings.database}_r{stamp}", f"{settings.database}_avant_{stamp}"
    lost = f"rien ; la base d'à présent reste, sous le nom {former}, jusqu'à ce que vous la supprimiez."
    if not confirmed(settings, access, options, lost):
        return 0
    conninfo, admin = access.conninfo(), dumps.elsewhere(access.conninfo(), "postgres")
    with _dropped_on_failure(admin, beside):
        with session.step("Lecture de la sauvegarde, à côté"):
            dumps.restore_roles(admin, place / ROLES)
            _execute(admin, "create database {} template template0", beside)
            _execute(admin, "revoke all on database {} from public", beside)
            dumps.restore(dumps.elsewhere(conninfo, beside), place / WAREHOUSE)
        # Nobody but its owner enters it yet. Its functions call it by its name: it must have it.
        with session.step("Échange des deux bases"):
            _swap(admin, settings.database, beside, former)
        try:
            with session.step("Personnes effacées, durées de conservation"), connected(access) as connection:
                people, rows, touched = erase_again(connection, manifest, settings, erased)
                gone = apply_purge(connection, plan(connection, manifest, settings, date.today()), None)
                connection.commit()
            for statement in said["proprietes"]:
                _execute(admin, statement, settings.database)
        except BaseException:
            _swap(admin, settings.database, former, beside)
            raise
    print(
        f"\n{counted(people, 'personne effacée')} à nouveau, {counted(rows, 'ligne')} ; passées de durée : "
        f"{counted(sum(one.rows for one in gone), 'ligne')}."
    )
    if (place / DAGSTER).exists() or (place / DAGSTER_FILES).is_dir():
        print(_restore_history(settings, place, stamp))
    if (place / ANCHORS).exists():
        print(
            f"Ancres du journal d'audit : {place / ANCHORS} ; celles de cette machine restent, et make "
            "audit-check dira ce qui leur manque depuis la sauvegarde."
        )
    print(f"Base d'avant : {former}. Quand tout est vérifié : drop database {former};")
    print(_where_keys_are(settings))
    rebuild(
        settings,
        access,
        manifest,
        touched | {one.dataset.unique_id for one in gone if one.dataset.kind == "source"},
    )
    return 0


def _folder(options: Mapping[str, str]) -> Path:
    given = (options.get("DOSSIER") or "").strip()
    if not given:
        raise PlatformError(
            "Quel dossier ?", "DOSSIER=… : celui des sauvegardes pour backup, une sauvegarde pour restore."
        )
    return Path(given).absolute()


def _digests(place: Path) -> dict[str, str]:
    return {
        file.relative_to(place).as_posix(): _digest(file)
        for file in sorted(place.rglob("*"))
        if file.is_file() and file.name != SAID
    }


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _check(place: Path) -> dict[str, Any]:
    """What a backup says of itself, once its files are those that it says."""
    try:
        said: dict[str, Any] = json.loads((place / SAID).read_text(encoding="utf-8"))
        wrong = sorted(
            name
            for name, digest in said["condenses"].items()
            if not (place / name).is_file() or _digest(place / name) != digest
        )
    except (OSError, ValueError, KeyError) as error:
        raise PlatformError(
            f"{place} n'est pas une sauvegarde entière ({type(error).__name__}).",
            "Donnez un dossier que make backup a écrit : <base>_<date>.",
        ) from None
    if wrong:
        raise PlatformError(
            f"La sauvegarde {place} a changé depuis qu'elle est écrite : {', '.join(wrong)}.",
            "Prenez-en une autre.",
        )
    return said


def _save_history(settings: Settings, place: Path) -> None:
    from orchestration import home

    if os.environ.get(home.STORAGE_DATABASE):
        home.complete(os.environ)
        dumps.dump(home.storage_conninfo(os.environ), place / DAGSTER)
        return
    for file in sorted(settings.dagster_home.rglob("*.db")):
        copy = place / DAGSTER_FILES / file.relative_to(settings.dagster_home)
        copy.parent.mkdir(parents=True, exist_ok=True)
        # SQLite's own copy: right, whatever is written meanwhile.
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)


def _restore_history(settings: Settings, place: Path, stamp: str) -> str:
    from orchestration import home

    if not (place / DAGSTER).exists():
        return (
            f"Historique de Dagster : services arrêtés, recopiez {place / DAGSTER_FILES} dans "
            f"{settings.dagster_home}."
        )
    if not os.environ.get(home.STORAGE_DATABASE):
        return (
            f"Historique de Dagster : {place / DAGSTER}, à relire là où {home.STORAGE_DATABASE} est définie."
        )
    home.complete(os.environ)
    conninfo, database = home.storage_conninfo(os.environ), os.environ[home.STORAGE_DATABASE]
    admin, beside = dumps.elsewhere(conninfo, "postgres"), f"{database}_r{stamp}"
    with _dropped_on_failure(admin, beside):
        _execute(admin, "create database {} template template0", beside)
        dumps.restore(dumps.elsewhere(conninfo, beside), place / DAGSTER)
        _swap(admin, database, beside, f"{database}_avant_{stamp}")
    return f"Historique de Dagster relu ; celui d'avant : {database}_avant_{stamp}."


@contextmanager
def _dropped_on_failure(admin: str, beside: str) -> Iterator[None]:
    """Drops the database that was read beside, where what follows does not put it in service."""
    try:
        yield
    except BaseException:
        _execute(admin, "drop database if exists {} with (force)", beside)
        raise


def _execute(conninfo: str, statement: str, database: str) -> None:
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(database)))
    except psycopg.Error as error:
        raise PlatformError(
            f"PostgreSQL refuse : {str(error).splitlines()[0]}",
            "Ce compte doit pouvoir créer une base (createdb) ; celle en service n'a pas changé.",
        ) from None


def _swap(conninfo: str, current: str, new: str, former: str) -> None:
    """Gives a database the name of another, which takes a third; sessions of both are cut."""
    rename = sql.SQL("alter database {} rename to {}")
    try:
        with psycopg.connect(conninfo) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)",
                [[current, new]],
            )
            connection.execute(rename.format(sql.Identifier(current), sql.Identifier(former)))
            connection.execute(rename.format(sql.Identifier(new), sql.Identifier(current)))
    except psycopg.Error as error:
        raise PlatformError(
            f"PostgreSQL refuse d'échanger les bases : {str(error).splitlines()[0]}",
            "Arrêtez les services et relancez ; rien n'a changé de nom.",
        ) from None


def _where_keys_are(settings: Settings) -> str:
    names = sorted(name for name in os.environ if name.startswith(PREFIX))
    where = f"le fichier {settings.root / KEY_FILE}" if settings.embedded else ", ".join(names) or "le coffre"
    return (
        f"Les clés n'y sont pas, et une clé perdue ne se refait pas : gardez-les à part ({where} ; "
        "docs/gestionnaire/donnees-personnelles.md, « Les clés »)."
    )
