// The journal of predictions that come one by one: an insert there takes well under a millisecond, and survives a crash like any other.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { StoreError } from '../domain/errors.js';
import { Batcher } from './batcher.js';
import { splitStatements } from './migrations.js';
import type { Store } from './store.js';

const TABLES = ['prediction_journal_a', 'prediction_journal_b'] as const;
const COLUMNS = ['id', 'body'];
/** Rows that one insert takes at the most. */
const MAX_ROWS = 2_000;
/** Ms from one insert to the next: at hundreds of predictions a second a few share one, and a single caller never waits. */
const SPACING = 2;

type JournalTable = (typeof TABLES)[number];

/** Two tables that take turns: one is written, the other is empty or about to be emptied. */
export class PredictionJournal {
  private current = 0;
  private made: Promise<void> | null = null;
  private known = true;
  private readonly batcher: Batcher;

  /**
   * @param store of the embedded engine.
   * @param schemaFile makes the tables.
   */
  constructor(
    private readonly store: Store,
    private readonly schemaFile: string,
    maxPendingBytes: number,
  ) {
    const write = async (body: Buffer) => {
      await this.make();
      await store.insertBody(this.table, COLUMNS, body, 'journal');
    };
    this.batcher = new Batcher(write, { maxRows: MAX_ROWS, maxPendingBytes, spacing: SPACING });
  }

  /** Whether this engine has what the journal needs; found out by its first use. */
  get usable(): boolean {
    return this.known;
  }

  /** The table that is written now. */
  private get table(): JournalTable {
    return TABLES[this.current] ?? TABLES[0];
  }

  /** Keep rows of `predictions` (JSONCompactEachRow text); resolves when the engine has them. @throws StoreError, StoreUnavailableError */
  append(rows: Buffer): Promise<void> {
    return this.batcher.add(Buffer.from(JSON.stringify([this.store.versions.next(), rows.toString()])), 1);
  }

  /** From now on the other table is written. Returns the one that was. */
  turn(): JournalTable {
    const before = this.table;
    this.current = 1 - this.current;
    return before;
  }

  /** Empty a table. Behind every insert that has begun: a connection runs its statements one after another. */
  async empty(table: JournalTable): Promise<void> {
    if (this.made === null) return;
    await this.store.command({ name: 'empty_journal', sql: `TRUNCATE TABLE ${table}`, lane: 'journal' });
  }

  /** What a crash left behind, in the order in which it came; each is rows of `predictions` as text. */
  async left(): Promise<string[]> {
    const found = await this.store.query({
      name: 'find_journal',
      sql: `SELECT name FROM system.tables WHERE database = currentDatabase() AND name IN ('${TABLES.join("', '")}')`,
      row: z.object({ name: z.enum(TABLES) }),
    });
    if (found.length === 0) return [];
    await this.make();
    const rows = await this.store.query({
      name: 'read_journal',
      sql: `SELECT body FROM (${TABLES.map((table) => `SELECT id, body FROM ${table}`).join(' UNION ALL ')}) ORDER BY id`,
      row: z.object({ body: z.string() }),
    });
    return rows.map(({ body }) => body);
  }

  async emptyAll(): Promise<void> {
    for (const table of TABLES) await this.empty(table);
  }

  /** Make the tables. An engine that is built without them is not asked again. */
  private make(): Promise<void> {
    this.made ??= this.makeTables().catch((error: unknown) => {
      this.made = null;
      this.known = !(error instanceof StoreError && error.engineCode === 'UNKNOWN_STORAGE');
      throw error;
    });
    return this.made;
  }

  private async makeTables(): Promise<void> {
    for (const sql of splitStatements(readFileSync(this.schemaFile, 'utf8')))
      await this.store.command({ name: 'make_journal', sql, lane: 'journal' });
  }
}
