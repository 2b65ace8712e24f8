/** Projects on the node: rows of carrier updates in node:sqlite, durable before an append resolves. */
import { DatabaseSync } from 'node:sqlite';
import * as v from 'valibot';
import { ProjectId } from '#lib/model/ids.ts';
import { type UpdateRows } from '#lib/project/persistence.ts';

/** Opens or makes the database file; `:memory:` keeps nothing. */
export function openProjectRows(path: string): UpdateRows & { close(): void } {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS updates (
      id INTEGER PRIMARY KEY,
      project TEXT NOT NULL,
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS updates_by_project ON updates (project, id);
  `);
  const select = database.prepare('SELECT bytes FROM updates WHERE project = ? ORDER BY id');
  const insert = database.prepare('INSERT INTO updates (project, bytes) VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM updates WHERE project = ?');
  const list = database.prepare('SELECT DISTINCT project FROM updates ORDER BY project');
  return {
    load: async (project) =>
      select.all(project).flatMap(({ bytes }) => (bytes instanceof Uint8Array ? [bytes] : [])),
    append: async (project, update) => void insert.run(project, update),
    replace: async (project, update) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        remove.run(project);
        insert.run(project, update);
        database.exec('COMMIT');
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    list: async () => list.all().map(({ project }) => v.parse(ProjectId, project)),
    remove: async (project) => void remove.run(project),
    close: () => database.close()
  };
}
