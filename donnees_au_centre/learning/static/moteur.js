// The way to the PostgreSQL of this page: fetched once, started again when a query had to be stopped.

const PIECES = ["pglite/pglite.wasm", "pglite/initdb.wasm", "pglite/pglite.data"];
const PATIENCE = 10_000;

/** A query that was stopped since it took too long. */
export class TooLong extends Error {}

/** What PostgreSQL refused: code (SQLSTATE), message, position (from 1), detail, hint. */
export class Refusal extends Error {
  constructor(told) {
    super(told.message);
    Object.assign(this, told);
  }
}

export class Engine {
  /** @param {(words: string, share: number) => void} progress told while it opens; share from 0 to 1. */
  constructor(content, progress) {
    this.content = content;
    this.progress = progress;
    this.waiting = new Map();
    this.number = 0;
  }

  /** Fetches everything and opens the database. */
  async open() {
    const names = this.content.tables.map((table) => `donnees/${table.name}.copy`);
    let received = 0;
    const fetched = await Promise.all(
      [...PIECES, "donnees/schema.sql", ...names].map((name) =>
        piece(name, (bytes) => {
          received += bytes;
          this.progress("PostgreSQL arrive", Math.min(0.6, (0.6 * received) / this.content.bytes));
        }),
      ),
    );
    const [pglite, initdb, bundle, ddl, ...rows] = fetched;
    this.progress("PostgreSQL démarre", 0.65);
    this.opening = {
      modules: { pglite: await WebAssembly.compile(pglite), initdb: await WebAssembly.compile(initdb) },
      bundle: new Blob([bundle]),
      ddl: new TextDecoder().decode(ddl),
      tables: this.content.tables.map((table, place) => ({ name: table.name, rows: rows[place] })),
    };
    await this.start();
  }

  /** Starts the thread; what is in it is lost. */
  async start() {
    this.worker = new Worker(new URL("ouvrier.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.answered(data));
    this.worker.addEventListener("error", (event) => {
      for (const id of [...this.waiting.keys()]) this.answered({ id, failed: { message: event.message } });
    });
    this.progress("Les tables se remplissent", 0.8);
    const { version, columns } = await this.ask("open", this.opening, 0);
    this.version = version;
    this.columns = columns;
    this.progress("Prêt", 1);
  }

  run(sql, most = 1000) {
    return this.ask("run", { sql, most });
  }

  compare(sql, solution, order) {
    return this.ask("compare", { sql, solution, order });
  }

  describe(sql) {
    return this.ask("describe", { sql });
  }

  ask(work, given, patience = PATIENCE) {
    const id = ++this.number;
    return new Promise((resolve, reject) => {
      const clock = patience
        ? setTimeout(async () => {
            this.waiting.clear();
            this.worker.terminate();
            try {
              await this.start();
            } finally {
              reject(new TooLong());
            }
          }, patience)
        : 0;
      this.waiting.set(id, { resolve, reject, clock });
      this.worker.postMessage({ id, work, given });
    });
  }

  answered({ id, done, failed }) {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    clearTimeout(waiting.clock);
    if (failed) waiting.reject(new Refusal(failed));
    else waiting.resolve(done);
  }
}

/** The bytes of a file beside this page, told as they arrive. */
async function piece(name, told) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} : réponse ${answer.status}`);
  const reader = answer.body.getReader();
  const parts = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts).arrayBuffer();
    parts.push(value);
    told(value.length);
  }
}
