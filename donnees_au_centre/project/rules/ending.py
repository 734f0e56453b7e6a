"""Versions of marts: the old one is offered until a day that is said, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.project.rules.offering import marts
from donnees_au_centre.project.rules.rule import Fault, rule

# How far the end of a mart may be, in days: eighteen months.
LONGEST = 548


@rule(
    "version-de-mart",
    "Retirez `versions:` : un modèle privé n'a pas de lecteurs hors de son domaine, il change sans préavis.",
)
def only_marts_have_versions(manifest: Manifest) -> Iterator[Fault]:
    """What nobody else reads has no versions."""
    for model in manifest.models:
        if model.version is not None and not model.is_mart:
            yield model.described_in, f"{model.name} ({model.layer}) est une version, et n'est pas un mart."


@rule(
    "version-sans-fin",
    "Écrivez sous cette version `deprecation_date: AAAA-MM-JJ`, le dernier jour où ses lecteurs la lisent : "
    "dans six mois par exemple, dans dix-huit au plus.",
)
def old_versions_have_an_end(manifest: Manifest) -> Iterator[Fault]:
    """Of several versions of a mart, all but the latest say until when they are kept."""
    for mart in marts(manifest):
        if not mart.is_latest and mart.until is None:
            yield (
                mart.described_in,
                f"{mart.name} (v: {mart.version}) n'est plus la dernière version de {mart.declared}, et ne "
                "dit pas jusqu'à quand elle reste.",
            )


@rule(
    "fin-lointaine",
    "Donnez une deprecation_date plus proche : dix-huit mois suffisent à ses lecteurs, et deux versions se "
    "paient deux fois.",
)
def ends_are_near(manifest: Manifest) -> Iterator[Fault]:
    """Nobody believes in an end that is years away."""
    for mart in marts(manifest):
        if mart.until and mart.until > date.today() + timedelta(days=LONGEST):
            yield (
                mart.described_in,
                f"{mart.name} finit le {mart.until:%d/%m/%Y}, dans plus de dix-huit mois.",
            )


@rule(
    "mart-fini",
    "Retirez la version du YAML, et son SQL (ou le mart entier, s'il n'en a pas d'autre), puis make fix et "
    "make orphans ; si ses lecteurs ont besoin de temps, reculez deprecation_date.",
)
def ended_marts_are_gone(manifest: Manifest) -> Iterator[Fault]:
    """A mart whose last day is past is taken away."""
    for mart in marts(manifest):
        if mart.until and mart.until < date.today():
            yield (
                mart.described_in,
                f"{mart.name} devait finir le {mart.until:%d/%m/%Y}, et il est toujours là.",
            )


RULES = (only_marts_have_versions, old_versions_have_an_end, ends_are_near, ended_marts_are_gone)
