/**
 * Who did what and when, from the entries that count, in the common order; and names and notes as they were after any
 * edit. Texts that one person writes in one go are one item.
 */
import * as v from 'valibot';
import * as Y from 'yjs';
import { type PersonId, type WriterId } from '../model/ids.ts';
import { type Access, type AccessEntry } from './access.ts';
import { type AccessBody, type FactBody } from './bodies.ts';
import { compareEntries, type Entry } from './entry.ts';
import { type FactEntry } from './fact-fold.ts';
import { Registers } from './registers.ts';
import { editTimes, type Subject, textName, type TextSubject, textSubject } from './view.ts';

/** What an edit did to a name: a rename that crossed with another's may have lost. */
export interface NameChange {
  type: 'name';
  subject: Subject;
  name: string;
  before: string | undefined;
  /** What `viewAfter` takes: how many edits count up to here. */
  edits: number;
  /** The other name, of two that were given without knowledge of each other. */
  crossed?: { name: string; by: PersonId | undefined; won: boolean };
}

export interface NoteChange {
  type: 'note';
  subject: TextSubject;
  /** Characters more than before; negative: fewer. */
  grown: number;
  /** What `viewAfter` takes: how many edits count up to here. */
  edits: number;
}

/** A tag was put on something or taken off it, or the project was put away or brought back. */
export type SwitchChange =
  { type: 'tag'; subject: Subject; tag: string; present: boolean } | { type: 'archive'; archived: boolean };

type EditChange = NameChange | NoteChange | SwitchChange;

export interface HistoryItem {
  /** Hash of its entry, of the first where several are one item. */
  entry: string;
  person: PersonId | undefined;
  /** ms since 1970 by the author's clock; of an edit without one, that of what came before it. */
  at: number;
  change: AccessBody | FactBody | EditChange;
}

export interface HistorySource {
  access: readonly AccessEntry[];
  facts: readonly FactEntry[];
  edits: readonly Entry[];
  folded: Access;
}

/** Names and texts at one point of the history. */
export interface PastView {
  names: ReadonlyMap<string, string>;
  texts: ReadonlyMap<TextSubject, string>;
}

/** Edits of one text by one person that follow each other within this time are one item. */
const goMs = 10 * 60_000;
const NameValue = v.object({ value: v.string(), clock: v.number() });
const SwitchValue = v.object({ value: v.boolean() });

/** ms of reading at a time. */
const sliceMs = 20;

export class ProjectHistory {
  readonly items: readonly HistoryItem[];
  /** Updates that count, in the common order. */
  readonly #updates: readonly Uint8Array[];

  private constructor(items: readonly HistoryItem[], updates: readonly Uint8Array[]) {
    this.items = items;
    this.#updates = updates;
  }

  /** Reads the whole record, and lets others go on meanwhile: thousands of edits are replayed one by one. */
  static async read(source: HistorySource): Promise<ProjectHistory> {
    const { folded } = source;
    const edits = source.edits.filter((entry) => isEditor(folded, entry));
    const reader = new EditReader(folded);
    const dated = [
      ...source.access.filter(({ entry }) => folded.counts(entry.hash)),
      ...source.facts.filter(({ entry }) => ![undefined, 'viewer'].includes(folded.roleFor(entry)))
    ];
    const all: { entry: Entry; body?: AccessBody | FactBody }[] = [
      ...dated,
      ...edits.map((entry) => ({ entry }))
    ];
    all.sort((a, b) => compareEntries(a.entry, b.entry));
    const items: HistoryItem[] = [];
    let begun = performance.now();
    for (const { entry, body } of all) {
      if (performance.now() - begun > sliceMs) {
        await new Promise((resolve) => setTimeout(resolve));
        begun = performance.now();
      }
      const person = folded.personOf(entry.device);
      const last = items.at(-1);
      if (body) items.push({ entry: entry.hash, person, at: body.at, change: body });
      else
        for (const { change, at } of reader.read(entry))
          if (!(last && joins(last, { change, at, person })))
            items.push({ entry: entry.hash, person, at: at ?? last?.at ?? 0, change });
    }
    reader.close();
    return new ProjectHistory(
      items,
      edits.map(({ body }) => body)
    );
  }

  /** The view after so many of the edits that count. */
  viewAfter(edits: number): PastView {
    const doc = new Y.Doc();
    // In one transaction: each of its own would take as long as all of them together.
    doc.transact(() => {
      for (const update of this.#updates.slice(0, edits)) Y.applyUpdate(doc, update);
    });
    const names = new Registers(doc.getMap('names'), 0 as WriterId, v.string());
    const view = {
      names: new Map([...names.all].map(([subject, { value }]) => [subject, value])),
      texts: new Map(
        [...doc.share.keys()].flatMap((name) => {
          const subject = textSubject(name);
          return subject ? [[subject, doc.getText(name).toString()] as const] : [];
        })
      )
    };
    doc.destroy();
    return view;
  }
}

function isEditor(access: Access, entry: Entry): boolean {
  const role = access.roleFor(entry);
  return role === 'admin' || role === 'editor';
}

/** Adds a further change of one go to the item that it began. */
function joins(
  last: HistoryItem,
  { change, at, person }: { change: EditChange; at: number | undefined; person: PersonId | undefined }
): boolean {
  const going = last.change;
  if (going.type !== 'note' || change.type !== 'note') return false;
  if (going.subject !== change.subject || last.person !== person || (at ?? last.at) - last.at > goMs)
    return false;
  last.change = { ...change, grown: going.grown + change.grown };
  last.at = at ?? last.at;
  return true;
}

interface GivenName {
  name: string;
  clock: number;
  writer: number;
  by: PersonId | undefined;
}

interface Changed {
  names: Set<string>;
  tags: Set<string>;
  archived: Set<string>;
  texts: Set<TextSubject>;
}

function nothingChanged(): Changed {
  return { names: new Set(), tags: new Set(), archived: new Set(), texts: new Set() };
}

/** Replays edits one by one and tells what each changed. */
class EditReader {
  readonly #access: Access;
  readonly #doc = new Y.Doc();
  readonly #names = new Map<string, GivenName>();
  readonly #lengths = new Map<TextSubject, number>();
  #edits = 0;
  #changed = nothingChanged();

  constructor(access: Access) {
    this.#access = access;
    const names = this.#doc.getMap('names');
    names.observe(({ keysChanged }) => (this.#changed.names = keysChanged));
    this.#doc.getMap('tags').observe(({ keysChanged }) => (this.#changed.tags = keysChanged));
    this.#doc.getMap('archived').observe(({ keysChanged }) => (this.#changed.archived = keysChanged));
    this.#doc.on('afterTransaction', ({ changed }: Y.Transaction) => {
      for (const type of changed.keys()) {
        const subject = type._item === null ? textSubject(Y.findRootTypeKey(type)) : undefined;
        if (subject) this.#changed.texts.add(subject);
      }
    });
  }

  read(entry: Entry): { change: EditChange; at: number | undefined }[] {
    this.#changed = nothingChanged();
    this.#edits++;
    Y.applyUpdate(this.#doc, entry.body);
    const at = editTimes(this.#doc).get(entry.writer);
    const { names, texts, tags, archived } = this.#changed;
    return [
      ...[...names].flatMap((key) => this.#nameChange(key, entry) ?? []),
      ...[...texts].map((subject) => this.#noteChange(subject)),
      ...[...tags].flatMap((key) => this.#tagChange(key, entry) ?? []),
      ...[...archived].flatMap((key) => this.#archiveChange(key, entry) ?? [])
    ].map((change) => ({ change, at }));
  }

  close(): void {
    this.#doc.destroy();
  }

  #tagChange(key: string, entry: Entry): SwitchChange | undefined {
    const present = this.#switched('tags', key, entry);
    const [, subject, tag] = key.split('\n');
    if (present === undefined || subject === undefined || tag === undefined) return undefined;
    return { type: 'tag', subject: subject as Subject, tag, present };
  }

  #archiveChange(key: string, entry: Entry): SwitchChange | undefined {
    const archived = this.#switched('archived', key, entry);
    return archived === undefined ? undefined : { type: 'archive', archived };
  }

  /** What a writer set a key of their own to (registers.ts). */
  #switched(map: 'tags' | 'archived', key: string, { writer }: Entry): boolean | undefined {
    const parsed = v.safeParse(SwitchValue, this.#doc.getMap(map).get(key));
    return parsed.success && Number(key.split('\n')[0]) === writer ? parsed.output.value : undefined;
  }

  #nameChange(key: string, { writer, device }: Entry): NameChange | undefined {
    const at = key.indexOf('\n');
    const subject = key.slice(at + 1);
    const parsed = v.safeParse(NameValue, this.#doc.getMap('names').get(key));
    if (!parsed.success || Number(key.slice(0, at)) !== writer) return undefined;
    const given: GivenName = {
      name: parsed.output.value,
      clock: parsed.output.clock,
      writer,
      by: this.#access.personOf(device)
    };
    const standing = this.#names.get(subject);
    const won = !standing || isLater(given, standing);
    if (won) this.#names.set(subject, given);
    const change = {
      type: 'name' as const,
      subject: subject as Subject,
      name: given.name,
      before: standing?.name,
      edits: this.#edits
    };
    if (!standing || given.clock > standing.clock) return change;
    return { ...change, crossed: { name: standing.name, by: standing.by, won } };
  }

  #noteChange(subject: TextSubject): NoteChange {
    const { length } = this.#doc.getText(textName(subject));
    const grown = length - (this.#lengths.get(subject) ?? 0);
    this.#lengths.set(subject, length);
    return { type: 'note', subject, grown, edits: this.#edits };
  }
}

/** As registers.ts decides. */
function isLater(a: GivenName, b: GivenName): boolean {
  return a.clock === b.clock ? a.writer > b.writer : a.clock > b.clock;
}
