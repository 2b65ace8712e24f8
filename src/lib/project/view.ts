/**
 * The view: a Y.Doc of what people edit together (names, descriptions, notes, tags). It is rebuilt from edit entries,
 * each one Yjs update; this file lists every map, key and type in it.
 *
 *   names:  Registers of string       `project`, `file <id>`, `job <id>` → name, last writer wins (registers.ts)
 *   tags:   Registers of boolean      `<subject>\n<tag>` → present
 *   notes <subject>: Y.Text           `project`, `file <id>`, `job <id>`
 */
import * as v from 'valibot';
import * as Y from 'yjs';
import { type WriterId } from '../model/ids.ts';
import { Registers } from './registers.ts';

/** What a name or note belongs to. */
export type Subject = 'project' | `file ${string}` | `job ${string}`;

const localEdit = Symbol('local edit');
const longestName = 256;
const longestTag = 64;

/** A text that several people edit at once. */
export interface SharedText {
  toString(): string;
  /** Replaces `length` characters at `position`; both are clamped to the text. */
  replace(position: number, length: number, text: string): void;
  /** @returns stops observing */
  observe(listener: () => void): () => void;
}

export class ProjectView {
  readonly #writer: WriterId;
  readonly #onLocalEdit: (update: Uint8Array) => void;
  readonly #textListeners = new Map<Subject, Set<() => void>>();
  #doc: Y.Doc;
  #names: Registers<string>;
  #tags: Registers<boolean>;

  /** @param onLocalEdit receives each local edit as a Yjs update */
  constructor(writer: WriterId, onLocalEdit: (update: Uint8Array) => void) {
    this.#writer = writer;
    this.#onLocalEdit = onLocalEdit;
    this.#doc = this.#createDoc();
    [this.#names, this.#tags] = this.#registers();
  }

  nameOf(subject: Subject): string | undefined {
    const name = this.#names.get(subject);
    return name ? name.slice(0, longestName) : undefined;
  }

  rename(subject: Subject, name: string): void {
    const trimmed = name.trim().slice(0, longestName);
    this.#doc.transact(() => this.#names.set(subject, trimmed), localEdit);
  }

  tagsOf(subject: Subject): string[] {
    const prefix = `${subject}\n`;
    return [...this.#tags.all]
      .filter(([name, { value }]) => value && name.startsWith(prefix))
      .map(([name]) => name.slice(prefix.length))
      .sort();
  }

  setTag(subject: Subject, tag: string, present: boolean): void {
    const key = `${subject}\n${tag.trim().slice(0, longestTag)}`;
    this.#doc.transact(() => this.#tags.set(key, present), localEdit);
  }

  notesOf(subject: Subject): SharedText {
    return {
      toString: () => this.#text(subject).toString(),
      replace: (position, length, replacement) => {
        const text = this.#text(subject);
        const start = Math.min(Math.max(0, position), text.length);
        const end = Math.min(start + Math.max(0, length), text.length);
        this.#doc.transact(() => {
          if (end > start) text.delete(start, end - start);
          if (replacement) text.insert(start, replacement);
        }, localEdit);
      },
      observe: (listener) => this.#observeText(subject, listener)
    };
  }

  /** Applies an edit entry's update. */
  apply(update: Uint8Array): void {
    // Yjs takes an update that holds the own client's work for a stranger with the same id, and changes that id.
    this.#doc.clientID = 0;
    Y.applyUpdate(this.#doc, update);
    this.#doc.clientID = this.#writer;
  }

  /** Starts over, for a rebuild from the log; `kept` are local edits that are no entries yet. */
  reset(kept: readonly Uint8Array[] = []): void {
    this.#doc.destroy();
    this.#doc = this.#createDoc();
    [this.#names, this.#tags] = this.#registers();
    for (const update of kept) this.apply(update);
    for (const listeners of this.#textListeners.values()) for (const listener of listeners) listener();
  }

  close(): void {
    this.#textListeners.clear();
    this.#doc.destroy();
  }

  #createDoc(): Y.Doc {
    const doc = new Y.Doc();
    doc.clientID = this.#writer;
    for (const subject of this.#textListeners.keys()) doc.getText(notesName(subject));
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === localEdit) this.#onLocalEdit(update);
    });
    doc.on('afterTransaction', (transaction: Y.Transaction) => this.#notifyTexts(doc, transaction));
    return doc;
  }

  #registers(): [Registers<string>, Registers<boolean>] {
    return [
      new Registers(this.#doc.getMap('names'), this.#writer, v.string()),
      new Registers(this.#doc.getMap('tags'), this.#writer, v.boolean())
    ];
  }

  #notifyTexts(doc: Y.Doc, transaction: Y.Transaction): void {
    for (const [subject, listeners] of this.#textListeners) {
      const text = doc.getText(notesName(subject));
      if (transaction.changedParentTypes.has(text as unknown as Y.AbstractType<Y.YEvent<Y.Text>>))
        for (const listener of listeners) listener();
    }
  }

  #observeText(subject: Subject, listener: () => void): () => void {
    // A text must be declared before an update brings it, or the change is not reported for it.
    this.#text(subject);
    const listeners = this.#textListeners.get(subject) ?? new Set();
    this.#textListeners.set(subject, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#textListeners.delete(subject);
    };
  }

  #text(subject: Subject): Y.Text {
    return this.#doc.getText(notesName(subject));
  }
}

function notesName(subject: Subject): string {
  return `notes ${subject}`;
}

/** Whether an update inserts only as one writer: an edit may delete others' text, but never speak as someone else. */
export function isUpdateBy(writer: WriterId, update: Uint8Array): boolean {
  try {
    return Y.decodeUpdate(update).structs.every(
      (struct) => struct instanceof Y.Skip || (struct.id.client === writer && struct.length > 0)
    );
  } catch {
    return false;
  }
}
