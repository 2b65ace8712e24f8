/**
 * The view: a Y.Doc of what people edit together (names, descriptions, notes, tags). It is rebuilt from edit entries,
 * each one Yjs update; this file lists every map, key and type in it.
 *
 *   names:  Registers of string       `project`, `file <id>`, `job <id>` → name, last writer wins (registers.ts)
 *   tags:   Registers of boolean      `<subject>\n<tag>` → present
 *   archived: Registers of boolean    `project` → put away
 *   notes <subject>: Y.Text           `project`, `file <id>`, `job <id>`
 *   description: Y.Text               of the project, in Markdown
 *   at:     Y.Map of number           `<writer>` → when its latest edits were made, ms since 1970: shown, never judged by
 */
import * as v from 'valibot';
import * as Y from 'yjs';
import { type WriterId } from '../model/ids.ts';
import { Registers } from './registers.ts';

/** What a name or note belongs to. */
export type Subject = 'project' | `file ${string}` | `job ${string}`;

/** A text that is edited together: the notes of a subject, or the project's description. */
export type TextSubject = Subject | 'description';

/** A writer's edits within this time have one time. */
const stampMs = 5000;
const localEdit = Symbol('local edit');
const longestName = 256;
const longestTag = 64;
/** Of one subject; more are not shown. */
export const mostTags = 50;

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
  readonly #textListeners = new Map<TextSubject, Set<() => void>>();
  #doc: Y.Doc;
  #resetting = false;
  #stampedAt = 0;
  #names: Registers<string>;
  #tags: Registers<boolean>;
  #archived: Registers<boolean>;

  /** @param onLocalEdit receives each local edit as a Yjs update */
  constructor(writer: WriterId, onLocalEdit: (update: Uint8Array) => void) {
    this.#writer = writer;
    this.#onLocalEdit = onLocalEdit;
    this.#doc = this.#createDoc();
    [this.#names, this.#tags, this.#archived] = this.#registers();
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
      .filter((tag) => tag !== '' && tag.length <= longestTag)
      .sort()
      .slice(0, mostTags);
  }

  setTag(subject: Subject, tag: string, present: boolean): void {
    const key = `${subject}\n${tag.trim().slice(0, longestTag)}`;
    this.#doc.transact(() => this.#tags.set(key, present), localEdit);
  }

  /** The project is put away: by the last who said so. */
  get archived(): boolean {
    return this.#archived.get('project') ?? false;
  }

  setArchived(archived: boolean): void {
    this.#doc.transact(() => this.#archived.set('project', archived), localEdit);
  }

  notesOf(subject: Subject): SharedText {
    return this.#shared(subject);
  }

  /** Markdown. */
  get description(): SharedText {
    return this.#shared('description');
  }

  #shared(subject: TextSubject): SharedText {
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

  /** Says when edits are made, unless it was said a moment ago. */
  stamp(now: number): void {
    if (Math.abs(now - this.#stampedAt) < stampMs) return;
    this.#stampedAt = now;
    this.#doc.transact(() => this.#doc.getMap('at').set(String(this.#writer), now), localEdit);
  }

  /** Applies an edit entry's update. */
  apply(update: Uint8Array): void {
    // Yjs takes an update that holds the own client's work for a stranger with the same id, and changes that id.
    this.#doc.clientID = 0;
    Y.applyUpdate(this.#doc, update);
    this.#doc.clientID = this.#writer;
  }

  /** Starts over with these updates, in this order; whoever observes a text hears of it only if it changed. */
  reset(updates: readonly Uint8Array[]): void {
    const before = [...this.#textListeners.keys()].map((subject) => this.#text(subject).toString());
    this.#doc.destroy();
    this.#resetting = true;
    this.#doc = this.#createDoc();
    [this.#names, this.#tags, this.#archived] = this.#registers();
    for (const update of updates) this.apply(update);
    this.#resetting = false;
    for (const [i, [subject, listeners]] of [...this.#textListeners].entries())
      if (this.#text(subject).toString() !== before[i]) for (const listener of listeners) listener();
  }

  close(): void {
    this.#textListeners.clear();
    this.#doc.destroy();
  }

  #createDoc(): Y.Doc {
    const doc = new Y.Doc();
    doc.clientID = this.#writer;
    for (const subject of this.#textListeners.keys()) doc.getText(textName(subject));
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === localEdit) this.#onLocalEdit(update);
    });
    doc.on('afterTransaction', (transaction: Y.Transaction) => this.#notifyTexts(doc, transaction));
    return doc;
  }

  #registers(): [Registers<string>, Registers<boolean>, Registers<boolean>] {
    return [
      new Registers(this.#doc.getMap('names'), this.#writer, v.string()),
      new Registers(this.#doc.getMap('tags'), this.#writer, v.boolean()),
      new Registers(this.#doc.getMap('archived'), this.#writer, v.boolean())
    ];
  }

  #notifyTexts(doc: Y.Doc, transaction: Y.Transaction): void {
    if (this.#resetting) return;
    for (const [subject, listeners] of this.#textListeners) {
      const text = doc.getText(textName(subject));
      if (transaction.changedParentTypes.has(text as unknown as Y.AbstractType<Y.YEvent<Y.Text>>))
        for (const listener of listeners) listener();
    }
  }

  #observeText(subject: TextSubject, listener: () => void): () => void {
    // A text must be declared before an update brings it, or the change is not reported for it.
    this.#text(subject);
    const listeners = this.#textListeners.get(subject) ?? new Set();
    this.#textListeners.set(subject, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#textListeners.delete(subject);
    };
  }

  #text(subject: TextSubject): Y.Text {
    return this.#doc.getText(textName(subject));
  }
}

const notesPrefix = 'notes ';

/** The name of a text among the document's types. */
export function textName(subject: TextSubject): string {
  return subject === 'description' ? subject : `${notesPrefix}${subject}`;
}

/** What a type of the document is the text of, if it is one. */
export function textSubject(name: string): TextSubject | undefined {
  if (name === 'description') return name;
  return name.startsWith(notesPrefix) ? (name.slice(notesPrefix.length) as Subject) : undefined;
}

/** When writers made their latest edits, as they say; ms since 1970. */
export function editTimes(doc: Y.Doc): { get(writer: number): number | undefined } {
  const times = doc.getMap('at');
  return {
    get(writer) {
      const parsed = v.safeParse(
        v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
        times.get(String(writer))
      );
      return parsed.success ? parsed.output : undefined;
    }
  };
}

/** The places in the view that an edit fills, of its writer's own; `from` = `to`: it only deletes. */
export interface EditRun {
  from: number;
  to: number;
}

/**
 * The run of one writer's places that an update fills: an edit may delete others' text, but never speak as someone else.
 * @returns undefined when it fills others' places, leaves gaps, or is no update
 */
export function readEditRun(writer: WriterId, update: Uint8Array): EditRun | undefined {
  try {
    const { structs } = Y.decodeUpdate(update);
    const from = structs[0]?.id.clock ?? 0;
    let to = from;
    for (const { id, length } of structs) {
      if (id.client !== writer || id.clock !== to || length < 1) return undefined;
      to += length;
    }
    // A gap is told by a Skip, which has a place like everything else.
    return structs.some((struct) => struct instanceof Y.Skip) ? undefined : { from, to };
  } catch {
    return undefined;
  }
}
