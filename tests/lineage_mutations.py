"""Leaks put on purpose into the project's own models: what somebody might write, by mistake or not.

Each mutation changes the compiled SQL of one model, or what its YAML says, in memory; or adds a model.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from donnees_au_centre.project.lineage import Lineage, trace
from donnees_au_centre.project.lineage.protection import keyed_hash
from donnees_au_centre.project.nodes import Manifest

LEAK = "libelle_complementaire"
# The value of m.{c}, under another form.
EXPRESSIONS = (
    "m.{c}",
    "(m).{c}",
    "cast(m.{c} as text)",
    "upper(cast(m.{c} as text))",
    "concat('n° ', m.{c})",
    "'n° ' || cast(m.{c} as text)",
    "concat_ws('-', 'a', m.{c})",
    "format('%s', m.{c})",
    "md5(cast(m.{c} as text))",
    "encode(sha256(convert_to(cast(m.{c} as text), 'UTF8')), 'base64')",
    "encode(decode(md5(cast(m.{c} as text)), 'hex'), 'base64')",
    "coalesce(m.{c}, null)",
    "nullif(cast(m.{c} as text), '')",
    "case when m.{c} is null then null else m.{c} end",
    "case cast(m.{c} as text) when 'Dupont' then 1 else 0 end",
    "case when cast(m.{c} as text) > 'M' then 'haut' else 'bas' end",
    "cast(m.{c} as text) in ('Dupont', 'Durand')",
    "cast(m.{c} as text) is not distinct from 'Dupont'",
    "nullif(cast(m.{c} as text), 'Dupont') is null",
    "substr(cast(m.{c} as text), 1, 4)",
    "reverse(cast(m.{c} as text))",
    "left(cast(m.{c} as text), 3) || '***'",
    "regexp_replace(cast(m.{c} as text), '[aeiou]', '*')",
    "greatest(m.{c}, m.{c})",
    "max(m.{c}) over (partition by 1)",
    "first_value(m.{c}) over (order by 1)",
    "lag(m.{c}) over (order by 1)",
    "dense_rank() over (order by m.{c})",
    "row_number() over w",
    "string_agg(cast(m.{c} as text), ',') over (order by 1)",
    "(select max(autre.{c}) from ({sql}) as autre)",
    "(select m.{c})",
    "array_to_string(array(select autre.{c} from ({sql}) as autre), ',')",
    "array[m.{c}]",
    "row(m.{c}, 1)",
    "to_jsonb(m) ->> '{c}'",
    "cast(m as text)",
    "json_build_object('valeur', m.{c})",
    "exists (select 1 from ({sql}) as autre where cast(autre.{c} as text) = 'Dupont')",
    "/* protection: masque */ m.{c}",
    "/* protection: pseudonymise */ md5(cast(m.{c} as text))",
)
# Where that expression stands.
FORMS = (
    "select m.*, {e} as {leak} from ({sql}) as m window w as (order by m.{c})",
    "with m as ({sql}) select *, {e} as {leak} from m window w as (order by m.{c})",
    "with m as ({sql}), n as (select {e} as {leak}, m.* from m window w as (order by m.{c})) select * from n",
    "with n as (with m as ({sql}) select m.*, {e} as {leak} from m window w as (order by m.{c})) "
    "select n.* from n where 1 = 1 order by 1 limit 10",
    "select m.*, null as {leak} from ({sql}) as m union all "
    "select m.*, {e} as {leak} from ({sql}) as m window w as (order by m.{c})",
    "select m.*, l.v as {leak} from ({sql}) as m cross join lateral "
    "(select {e} as v window w as (order by m.{c})) as l",
    "select m.*, l.v as {leak} from ({sql}) as m, "
    "unnest(array(select {e} from ({sql}) as m window w as (order by m.{c}))) as l(v)",
    "with recursive r as (select m.*, {e} as {leak} from ({sql}) as m window w as (order by m.{c}) union all "
    "select r.* from r where 1 = 0) select * from r",
    "(select m.*, null as {leak} from ({sql}) as m) union all "
    "(select s.* from (select m.*, {e} as {leak} from ({sql}) as m window w as (order by m.{c})) as s)",
    "select m.*, {e} as {leak} from (select 1) as un(n) left join ({sql}) as m on un.n = 1 "
    "window w as (order by m.{c})",
)
JOINS = (
    "select m.*, k.cle as {leak} from ({sql}) as m inner join (select 'a' as cle union all select 'b') as k "
    "on k.cle = cast(m.{c} as text)",
    "select m.*, k.cle as {leak} from ({sql}) as m left join (values ('a'), ('b')) as k(cle) "
    "on upper(cast(m.{c} as text)) = k.cle",
    "select m.*, k.cle as {leak} from ({sql}) as m, (select 'a' as cle) as k "
    "where k.cle = cast(m.{c} as text)",
    "select m.*, k.cle as {leak} from ({sql}) as m, (select 'a' as cle) as k "
    "where k.cle in (select autre.{c} from ({sql}) as autre)",
    "select m.*, k.cle as {leak} from ({sql}) as m, (select 'a' as cle) as k "
    "where exists (select 1 from ({sql}) as autre where autre.{c} = k.cle)",
    "select m.*, 'a' as {leak} from ({sql}) as m intersect select m.*, cast(m.{c} as text) from ({sql}) as m",
)
# A mart that reads a model, and what it declares.
MARTS = (
    ("select {c} as valeur from {relation}", {}),
    ("select {c} as valeur from {relation}", {"donnee_personnelle": "aucune"}),
    ("select cast({c} as text) as valeur from {relation} group by 1", {"donnee_personnelle": "aucune"}),
    ("select {c} as valeur from {relation}", {"protection": "masque"}),
    ("select left(cast({c} as text), 1) || '***' as valeur from {relation}", {"protection": "masque"}),
    ("select max({c}) as valeur from {relation}", {"protection": "agrege"}),
    ("select min({c}) as valeur, count(*) as n from {relation} group by 1 = 1", {"protection": "agrege"}),
    ("select string_agg(cast({c} as text), ',') as valeur from {relation}", {"protection": "agrege"}),
    ("select count({c}) || max(cast({c} as text)) as valeur from {relation}", {"protection": "agrege"}),
    (
        "select sum(length(cast({c} as text))) over (order by 1) as valeur from {relation}",
        {"protection": "agrege"},
    ),
    ("select count({c}) as valeur from {relation}", {"protection": "supprime"}),
    (
        "select sha256(convert_to(cast({c} as text), 'UTF8')) as valeur from {relation}",
        {"protection": "pseudonymise"},
    ),
    ("select md5(cast({c} as text)) as valeur from {relation}", {"protection": "generalise"}),
    (
        "select sum(length(cast({c} as text))) as valeur from {relation} "
        "group by source_fichier, source_ligne",
        {"protection": "agrege"},
    ),
)


@dataclass(frozen=True)
class Project:
    """The project in memory.

    Attributes:
        manifest, compiled, seal: what `trace` takes.
    """

    manifest: Mapping[str, Any]
    compiled: Mapping[str, str]
    seal: str

    def lineage(self) -> Lineage:
        return trace(Manifest(self.manifest), self.compiled, self.seal)

    def with_sql(self, model: str, sql: str) -> Project:
        return Project(self.manifest, {**self.compiled, model: sql}, self.seal)

    def with_meta(self, model: str, column: str, meta: Mapping[str, str]) -> Project:
        node = self.manifest["nodes"][model]
        said = {**node["columns"].get(column, {"name": column}), "meta": meta, "config": {"meta": meta}}
        changed = {**node, "columns": {**node["columns"], column: said}}
        return Project(
            {**self.manifest, "nodes": {**self.manifest["nodes"], model: changed}}, self.compiled, self.seal
        )

    def with_mart(self, sql: str, meta: Mapping[str, str], reads: str) -> Project:
        like = self.manifest["nodes"][reads]
        name = "fct_de_trop"
        node = {
            **like,
            "unique_id": f"model.donnees_au_centre.{name}",
            "name": name,
            "alias": name,
            "schema": "transversal",
            "columns": {"valeur": {"name": "valeur", "config": {"meta": meta}}},
            "original_file_path": f"models/transversal/marts/{name}.sql",
            "patch_path": f"donnees_au_centre://models/transversal/marts/{name}.yml",
            "depends_on": {"nodes": [reads]},
        }
        nodes = {**self.manifest["nodes"], node["unique_id"]: node}
        return Project(
            {**self.manifest, "nodes": nodes}, {**self.compiled, node["unique_id"]: sql}, self.seal
        )


@dataclass(frozen=True)
class Mutation:
    """One leak.

    Attributes:
        title: what was done, for the test's messages.
        project: with the leak.
        column: the column that leaks: the label of `Leak`.
    """

    title: str
    project: Project
    column: str


class Mutations:
    """Draws leaks from a seed.

    Args:
        project: without any leak.
        seed: the same seed gives the same leaks.
    """

    def __init__(self, project: Project, seed: int) -> None:
        self._project = project
        self._draw = random.Random(seed)
        self._lineage = lineage = project.lineage()
        self._names = {uid: relation.label for uid, relation in lineage.relations.items()}
        models = [relation for relation in lineage.relations.values() if relation.kind == "model"]
        self.tagged = [
            (relation.unique_id, column, category)
            for relation in models
            for column, category in sorted(relation.categories.items())
            if category != "aucune"
        ]
        self.protected = [
            (relation.unique_id, column, protection)
            for relation in models
            for column, protection in sorted(relation.protections.items())
        ]

    def hidden(self, count: int) -> Iterator[Mutation]:
        """A tagged column under another name and form, every form and expression in turn."""
        for place in range(count):
            model, column, category = self._draw.choice(self.tagged)
            expression = EXPRESSIONS[place % len(EXPRESSIONS)]
            form = self._draw.choice(FORMS)
            sql = self._project.compiled[model]
            value = expression.replace("{c}", column).replace("{sql}", sql)
            if value.startswith("row_number") and category == "pseudonyme":
                value = f"m.{column}"
            changed = self._fill(form, sql, column).replace("{e}", value)
            yield self._mutation(
                f"{self._names[model]}.{column} par {expression} dans {form}",
                self._project.with_sql(model, changed),
                model,
                LEAK,
            )

    def joined(self) -> Iterator[Mutation]:
        """The key of a join shows what it is equal to."""
        for form in JOINS:
            model, column, _ = self._draw.choice(self.tagged)
            sql = self._fill(form, self._project.compiled[model], column)
            yield self._mutation(form, self._project.with_sql(model, sql), model, LEAK)

    def renamed(self, count: int) -> Iterator[Mutation]:
        """An innocent column of the model now holds the value of a tagged one."""
        for _ in range(count):
            model, column, _ = self._draw.choice(self.tagged)
            lineage_columns = list(self._project.manifest["nodes"][model]["columns"])
            metas = {c: self._meta(model, c) for c in lineage_columns}
            innocent = [
                c for c in lineage_columns if not metas[c] or metas[c] == {"donnee_personnelle": "aucune"}
            ]
            victim = self._draw.choice(innocent)
            kept = ", ".join(f"m.{c}" for c in lineage_columns if c != victim)
            sql = f"select {kept}, m.{column} as {victim} from ({self._project.compiled[model]}) as m"
            yield self._mutation(
                f"{self._names[model]}.{column} sous le nom {victim}",
                self._project.with_sql(model, sql),
                model,
                victim,
            )

    def untagged(self, count: int) -> Iterator[Mutation]:
        """The YAML no longer says it, or says something else."""
        claims: tuple[Callable[[str], dict[str, str]], ...] = (
            lambda _: {},
            lambda _: {"donnee_personnelle": "aucune"},
            lambda category: {"protection": "agrege" if category != "pseudonyme" else "masque"},
            lambda category: {"protection": "supprime", "donnee_personnelle": category},
            lambda _: {"protection": "anonymise"},
        )
        derived = [found for found in self.tagged if not self._begins_here(*found[:2])]
        for place in range(count):
            model, column, category = self._draw.choice(derived)
            meta = claims[place % len(claims)](category)
            yield self._mutation(
                f"{self._names[model]}.{column} dite {meta}",
                self._project.with_meta(model, column, meta),
                model,
                column,
            )

    def unprotected(self) -> Iterator[Mutation]:
        """Each macro taken away, or put out of work, where the project calls it."""
        for model, column, _ in [*self.protected, *self.tagged]:
            for title, change in (
                ("sans macro", self._without_seal),
                ("sans clé", self._with_plain_hash),
                ("valeur nue", self._without_hash),
                ("autre clé", self._with_two_keys),
            ):
                sql = change(model, column)
                if sql is not None:
                    yield self._mutation(
                        f"{self._names[model]}.{column} {title}",
                        self._project.with_sql(model, sql),
                        model,
                        column,
                    )

    def new_marts(self) -> Iterator[Mutation]:
        """A mart of somebody else's reads a tagged column."""
        pseudonyms = [found for found in self.tagged if found[2] == "pseudonyme"]
        others = [found for found in self.tagged if found[2] != "pseudonyme" and "stg_" in found[0]]
        for sql, meta in MARTS:
            model, column, _ = self._draw.choice(others)
            yield self._mart(model, sql.replace("{c}", column), meta)
        for model, column, _ in pseudonyms:
            sql = f"select sum(length({column})) as valeur from {{relation}} group by {column}"
            yield self._mart(model, sql, {"protection": "agrege"})
            yield self._mart(
                model, f"select {column} as valeur from {{relation}}", {"protection": "generalise"}
            )

    def _mart(self, model: str, sql: str, meta: Mapping[str, str]) -> Mutation:
        node = self._project.manifest["nodes"][model]
        sql = sql.replace("{relation}", f'"{node["schema"]}"."{node["alias"]}"')
        project = self._project.with_mart(sql, meta, model)
        return Mutation(f"{sql} dit {meta}", project, "fct_de_trop.valeur")

    def _mutation(self, title: str, project: Project, model: str, column: str) -> Mutation:
        return Mutation(title, project, f"{self._names[model]}.{column}")

    @staticmethod
    def _fill(form: str, sql: str, column: str) -> str:
        return form.replace("{sql}", sql).replace("{c}", column).replace("{leak}", LEAK)

    def _meta(self, model: str, column: str) -> Mapping[str, str]:
        said = self._project.manifest["nodes"][model]["columns"][column]
        return said.get("config", {}).get("meta") or said.get("meta") or {}

    def _begins_here(self, model: str, column: str) -> bool:
        """True for a tag that no column upstream explains."""
        return not self._lineage.columns[model, column].origins

    # The SQL of one column changed in place; None when it does not go through such a thing.

    def _change(
        self, model: str, column: str, find: Callable[[exp.Expression], exp.Expression | None]
    ) -> str | None:
        tree = sqlglot.parse_one(self._project.compiled[model], read="postgres")
        changed = False
        for alias in list(tree.find_all(exp.Alias)):
            if alias.alias != column:
                continue
            for node in list(alias.this.walk()):
                instead = find(node)
                if instead is not None:
                    node.replace(instead.copy())
                    changed = True
                    break
        return tree.sql("postgres", normalize_functions=False) if changed else None

    def _without_seal(self, model: str, column: str) -> str | None:
        def find(node: exp.Expression) -> exp.Expression | None:
            if isinstance(node, exp.Anonymous) and str(node.this).startswith(self._project.seal):
                inside = list(node.expressions[0].find_all(exp.Column))
                return inside[0] if inside and not str(node.this).endswith("pseudonymise") else None
            return None

        return self._change(model, column, find)

    def _without_hash(self, model: str, column: str) -> str | None:
        return self._change(model, column, keyed_hash)

    def _with_plain_hash(self, model: str, column: str) -> str | None:
        def find(node: exp.Expression) -> exp.Expression | None:
            value = keyed_hash(node)
            return None if value is None else exp.func("sha256", value.copy(), dialect="postgres")

        return self._change(model, column, find)

    def _with_two_keys(self, model: str, column: str) -> str | None:
        def find(node: exp.Expression) -> exp.Expression | None:
            if keyed_hash(node) is None:
                return None
            changed = node.copy()
            for literal in changed.find_all(exp.Literal):
                if literal.name.startswith("dac.o_"):
                    literal.replace(exp.Literal.string(literal.name + "_autre"))
                    return changed
            return None

        return self._change(model, column, find)
