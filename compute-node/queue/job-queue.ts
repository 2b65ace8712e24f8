/**
 * The node's own record of its jobs, keyed by (project, job, attempt). An event is stored here before it is published,
 * so that after a kill the project is made to agree with it, and there is exactly one terminal event.
 */
import { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { TransferId } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { JobId, ProjectId } from '#lib/model/ids.ts';
import { JobEvent, terminalStates } from '#lib/model/processor.ts';

export interface AttemptKey {
  project: ProjectId;
  job: JobId;
  attempt: number;
}

/** What an event says besides its place in the attempt. */
export type EventContent = Omit<JobEvent, 'job' | 'attempt' | 'n'>;

export interface QueuedAttempt extends AttemptKey {
  /** Names the attempt's folder and, for each input, its transfer. */
  id: number;
  /** ms since 1970, when it was taken: goes into the result, so that a repeated run gives the same bytes. */
  takenAt: number;
  /** Of the process that runs or ran it, with its start time in clock ticks, which tells it from a later namesake. */
  process?: { pid: number; startTicks: string };
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, project TEXT NOT NULL, job TEXT NOT NULL, attempt INTEGER NOT NULL,
    takenAt INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0, pid INTEGER, startTicks TEXT,
    UNIQUE (project, job, attempt)) STRICT;
  CREATE TABLE IF NOT EXISTS events (
    attemptId INTEGER NOT NULL REFERENCES attempts (id), n INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (attemptId, n)) STRICT;
  CREATE TABLE IF NOT EXISTS transfers (
    attemptId INTEGER NOT NULL REFERENCES attempts (id), input TEXT NOT NULL, transfer TEXT NOT NULL,
    PRIMARY KEY (attemptId, input)) STRICT;`;

const AttemptRow = v.object({
  id: v.number(),
  project: ProjectId,
  job: JobId,
  attempt: v.number(),
  takenAt: v.number(),
  pid: v.nullable(v.number()),
  startTicks: v.nullable(v.string())
});

export class JobQueue {
  readonly #database: DatabaseSync;

  /** @param path the database file; ':memory:' in tests */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(schema);
  }

  /**
   * Takes an attempt; taking it again changes nothing.
   * @param said events that the project already has of it, from before this database was lost
   * @returns whether it is new
   */
  take(key: AttemptKey, takenAt = Date.now(), said: readonly JobEvent[] = []): boolean {
    const { project, job, attempt } = key;
    const { changes } = this.#database
      .prepare('INSERT OR IGNORE INTO attempts (project, job, attempt, takenAt) VALUES (?, ?, ?, ?)')
      .run(project, job, attempt, takenAt);
    if (changes === 1)
      for (const { job: _job, attempt: _attempt, n: _n, ...content } of said) this.record(key, content);
    return changes === 1;
  }

  find({ project, job, attempt }: AttemptKey): QueuedAttempt | undefined {
    const row = this.#database
      .prepare('SELECT * FROM attempts WHERE project = ? AND job = ? AND attempt = ?')
      .get(project, job, attempt);
    return row && attemptOf(row);
  }

  /** Attempts without a terminal event, in the order they were taken. */
  unfinished(): QueuedAttempt[] {
    return this.#database.prepare('SELECT * FROM attempts WHERE ended = 0 ORDER BY id').all().map(attemptOf);
  }

  /** Every attempt that was ever taken of a project. */
  attemptsOf(project: ProjectId): QueuedAttempt[] {
    return this.#database
      .prepare('SELECT * FROM attempts WHERE project = ? ORDER BY id')
      .all(project)
      .map(attemptOf);
  }

  /**
   * Stores what happened; the caller publishes it then. A state that was reached before is not stored again.
   * @returns the event, or undefined when the attempt has ended or already was in this state
   * @throws TaggedError `attempt-unknown`
   */
  record(key: AttemptKey, content: EventContent): JobEvent | undefined {
    const found = this.find(key);
    if (!found) throw new TaggedError('attempt-unknown', 'The node has not taken this attempt.');
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const earlier = this.events(found);
      const ended = earlier.some(({ state }) => isTerminal(state));
      const repeated = earlier.some(({ state }) => state === content.state);
      const event = v.parse(JobEvent, { ...content, job: key.job, attempt: key.attempt, n: earlier.length });
      if (!ended && !repeated) {
        this.#database
          .prepare('INSERT INTO events (attemptId, n, event) VALUES (?, ?, ?)')
          .run(found.id, event.n, JSON.stringify(event));
        if (isTerminal(content.state))
          this.#database.prepare('UPDATE attempts SET ended = 1 WHERE id = ?').run(found.id);
      }
      this.#database.exec('COMMIT');
      return ended || repeated ? undefined : event;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** What was stored of an attempt, in order: the project must say the same. */
  events({ id }: { id: number }): JobEvent[] {
    return this.#database
      .prepare('SELECT event FROM events WHERE attemptId = ? ORDER BY n')
      .all(id)
      .map((row) => v.parse(JobEvent, JSON.parse(String(row['event']))));
  }

  /** The transfer that brings an input, the same after a restart. */
  transferOf({ id }: { id: number }, input: string): TransferId {
    const fresh = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
    this.#database.prepare('INSERT OR IGNORE INTO transfers VALUES (?, ?, ?)').run(id, input, fresh);
    const row = this.#database
      .prepare('SELECT transfer FROM transfers WHERE attemptId = ? AND input = ?')
      .get(id, input);
    return v.parse(TransferId, row?.['transfer']);
  }

  /** Transfers of attempts that have not ended. */
  openTransfers(): Set<TransferId> {
    const rows = this.#database
      .prepare('SELECT transfer FROM transfers JOIN attempts ON attempts.id = attemptId WHERE ended = 0')
      .all();
    return new Set(rows.map((row) => v.parse(TransferId, row['transfer'])));
  }

  setProcess({ id }: { id: number }, process: { pid: number; startTicks: string } | undefined): void {
    this.#database
      .prepare('UPDATE attempts SET pid = ?, startTicks = ? WHERE id = ?')
      .run(process?.pid ?? null, process?.startTicks ?? null, id);
  }

  close(): void {
    this.#database.close();
  }
}

function attemptOf(row: unknown): QueuedAttempt {
  const { pid, startTicks, ...attempt } = v.parse(AttemptRow, row);
  return { ...attempt, ...(pid !== null && startTicks !== null && { process: { pid, startTicks } }) };
}

function isTerminal(state: JobEvent['state']): boolean {
  return (terminalStates as readonly string[]).includes(state);
}
