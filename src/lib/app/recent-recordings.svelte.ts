/** Recordings that were opened on this device: listed, and found again where they lie. */
import { FileId } from '#lib/model/ids.ts';
import { RecordingSelection } from '#lib/model/processor.ts';
import { Probe } from '#lib/model/recording.ts';
import { type DendroDatabase, type RecordingRow } from '#lib/storage/database.ts';
import {
  isSameRecording,
  type Reconnection,
  recentRecordings,
  reconnect,
  rememberRecording,
  requestAccess
} from '#lib/storage/recordings.ts';
import * as v from 'valibot';
import { type OpenedFile } from './recording-opening.svelte.ts';

export type { RecordingRow } from '#lib/storage/database.ts';

export interface RecentRecording {
  id: FileId;
  name: string;
  size: number;
  openedAt: number;
}

export class RecentRecordings {
  readonly #database: DendroDatabase;
  #list = $state.raw<readonly RecentRecording[]>([]);

  constructor(database: DendroDatabase) {
    this.#database = database;
  }

  /** The latest first; those of projects are shown in their projects. */
  get list(): readonly RecentRecording[] {
    return this.#list;
  }

  async load(): Promise<void> {
    const rows = await recentRecordings(this.#database);
    this.#list = rows.filter(({ project }) => project === undefined);
  }

  /**
   * Remembers an opened file, or that it was opened again.
   * @returns The id by which it is found after a reload.
   */
  async remember(opened: OpenedFile, spotHash: string): Promise<FileId> {
    const { picked, selection, probe } = opened;
    const { name, size, lastModified } = picked.file;
    const rows = await recentRecordings(this.#database);
    const known = rows.find(
      (row) => row.project === undefined && row.size === size && row.spotHash === spotHash
    );
    const id = known?.id ?? randomFileId();
    const handle = picked.handle ?? known?.handle;
    await rememberRecording(this.#database, {
      id,
      name,
      size,
      lastModified,
      spotHash,
      openedAt: Date.now(),
      selection: JSON.stringify(selection),
      ...(probe ? { probe: JSON.stringify(probe) } : {}),
      ...(handle ? { handle } : {})
    });
    await this.load();
    return id;
  }

  find(id: string): Promise<RecordingRow | undefined> {
    const parsed = v.safeParse(FileId, id);
    return parsed.success ? this.#database.recordings.get(parsed.output) : Promise.resolve(undefined);
  }

  /** Whether a remembered file can be read now, without asking anybody. */
  reconnect(id: FileId): Promise<Reconnection> {
    return reconnect(this.#database, id);
  }
  /** Asks for permission; only on a click. */
  requestAccess(id: FileId): Promise<Reconnection> {
    return requestAccess(this.#database, id);
  }
  isSame(row: RecordingRow, file: File): Promise<boolean> {
    return isSameRecording(row, file);
  }

  async forget(id: FileId): Promise<void> {
    await this.#database.recordings.delete(id);
    await this.load();
  }
}

/** How a remembered file was opened; undefined when what is stored is not understood (of a newer version). */
export function openedAs(row: RecordingRow): Pick<OpenedFile, 'selection' | 'probe'> | undefined {
  const selection = v.safeParse(RecordingSelection, parseJson(row.selection));
  if (!selection.success) return undefined;
  if (row.probe === undefined) return { selection: selection.output, probe: undefined };
  const probe = v.safeParse(Probe, parseJson(row.probe));
  return probe.success ? { selection: selection.output, probe: probe.output } : undefined;
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function randomFileId(): FileId {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return v.parse(FileId, Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
}
