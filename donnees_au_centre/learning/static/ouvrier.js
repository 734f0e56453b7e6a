// PostgreSQL, in a thread of its own: a query that never ends is stopped by ending the thread.

import { PGlite, messages, protocol } from "./pglite/index.js";

const { serialize } = protocol;
let database;

/** Opens an empty database and fills it. */
async function open({ modules, bundle, ddl, tables }) {
  database = await PGlite.create({
    pgliteWasmModule: modules.pglite,
    initdbWasmModule: modules.initdb,
    fsBundle: bundle,
  });
  await database.exec(ddl);
  for (const { name, rows } of tables) {
    await database.query(`copy ${name} from '/dev/blob'`, [], { blob: new Blob([rows]) });
  }
  await database.exec("analyze");
  const names = await database.query(
    "select attrelid::int8 || '.' || attnum as key, nspname || '.' || relname as table, attname as column" +
      " from pg_attribute join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace" +
      " where attnum > 0 and nspname !~ '^(pg_|information_schema)'",
  );
  const version = await database.query("show server_version");
  return {
    version: version.rows[0].server_version,
    columns: Object.fromEntries(names.rows.map(({ key, table, column }) => [key, { table, column }])),
  };
}

/** Plays one query and undoes what it may have done; values are the texts that PostgreSQL gives. */
async function run({ sql, most }) {
  return apart(() => rows(sql, most));
}

/**
 * Compares a query with the one it should equal: neither `except all` the other leaves a row.
 *
 * The order is compared on the columns of the solution that the exercise asks to sort by.
 */
async function compare({ sql, solution, order }) {
  return apart(async () => {
    const [counts] = (
      await rows(
        `with q as materialized (\n${sql}\n), s as materialized (\n${solution}\n),
missing as (select * from s except all select * from q),
extra as (select * from q except all select * from s),
unlike as ((select * from s except select * from q) union all (select * from q except select * from s))
select (select count(*) from q), (select count(*) from s), (select count(*) from missing),
  (select count(*) from extra), (select count(*) from unlike)`,
        1,
      )
    ).rows;
    const [given, expected, missing, extra, unlike] = counts.map(Number);
    const facts = { given, expected, missing, extra, sameWithoutRepeats: unlike === 0, ordered: true };
    if (order.length && !missing && !extra) {
      const mine = await rows(sql, 0);
      const theirs = await rows(solution, 0);
      const places = order.map((name) => theirs.fields.findIndex((field) => field.name === name));
      const shown = (read) => JSON.stringify(read.rows.map((row) => places.map((place) => row[place])));
      facts.ordered = shown(mine) === shown(theirs);
    }
    return facts;
  });
}

/** The columns of a query, without its rows. */
async function describe({ sql }) {
  return apart(async () => (await rows(sql, 1)).fields.map((field) => field.name));
}

async function apart(work) {
  await database.exec("begin read only");
  try {
    return await work();
  } finally {
    await database.exec("rollback");
  }
}

async function rows(sql, most) {
  const begun = performance.now();
  // One message: after a refusal, all is skipped up to « sync ».
  const sent = new Uint8Array(
    await new Blob([
      serialize.parse({ text: sql }),
      serialize.bind({}),
      serialize.describe({ type: "P" }),
      serialize.execute({ rows: most }),
      serialize.sync(),
    ]).arrayBuffer(),
  );
  const { messages: told } = await database.execProtocol(sent, { throwOnError: false });
  const refused = told.find((one) => one instanceof messages.DatabaseError);
  if (refused) throw refused;
  const described = told.find((one) => one.name === "rowDescription");
  return {
    fields: (described?.fields ?? []).map((field) => ({
      name: field.name,
      type: field.dataTypeID,
      origin: field.tableID ? `${field.tableID}.${field.columnID}` : null,
    })),
    rows: told.filter((one) => one.name === "dataRow").map((one) => one.fields),
    cut: told.some((one) => one.name === "portalSuspended"),
    milliseconds: performance.now() - begun,
  };
}

const WORKS = { open, run, compare, describe };

addEventListener("message", async ({ data: { id, work, given } }) => {
  try {
    postMessage({ id, done: await WORKS[work](given) });
  } catch (error) {
    const { message, code, position, detail, hint } = error;
    postMessage({ id, failed: { message, code, position: Number(position) || null, detail, hint } });
  }
});
