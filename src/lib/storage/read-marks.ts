/** What this device's person has read of a project: how far each writer's log, by what it is about. Never shared. */
import * as v from 'valibot';
import { type ProjectId } from '../model/ids.ts';
import { type DendroDatabase } from './database.ts';
import { watchQuery } from './watch-query.ts';

/** Topic → writer → the last seq that was read. */
export type ReadMarks = Readonly<Record<string, Readonly<Record<string, number>>>>;
const Stored = v.record(v.string(), v.record(v.string(), v.pipe(v.number(), v.safeInteger())));

export class ReadMarkStore {
  readonly #database: DendroDatabase;

  constructor(database: DendroDatabase) {
    this.#database = database;
  }

  /** Tells of the marks now and whenever a tab sets some. @returns ends the watching */
  watch(project: ProjectId, onMarks: (marks: ReadMarks) => void): () => void {
    return watchQuery(() => this.#read(project), onMarks);
  }

  /** Marks never go back: two tabs may be at different places. */
  async advance(project: ProjectId, topic: string, read: Readonly<Record<string, number>>): Promise<void> {
    const { settings } = this.#database;
    await this.#database.transaction('rw', settings, async () => {
      const marks = await this.#read(project);
      const merged = { ...marks[topic] };
      for (const [writer, seq] of Object.entries(read)) merged[writer] = Math.max(seq, merged[writer] ?? -1);
      await settings.put({ key: keyOf(project), value: { ...marks, [topic]: merged } });
    });
  }

  async forget(project: ProjectId): Promise<void> {
    await this.#database.settings.delete(keyOf(project));
  }

  async #read(project: ProjectId): Promise<ReadMarks> {
    const parsed = v.safeParse(Stored, (await this.#database.settings.get(keyOf(project)))?.value);
    return parsed.success ? parsed.output : {};
  }
}

function keyOf(project: ProjectId): string {
  return `read ${project}`;
}
