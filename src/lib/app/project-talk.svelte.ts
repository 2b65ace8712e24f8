/** The comments of a project as a person reads and writes them: by thread, with names for ids, and what is new. */
import { type CommentId, type PersonId } from '#lib/model/ids.ts';
import { type CommentState, type CommentTopic, commentParts } from '#lib/project/comments.ts';
import { type RecordItem } from '#lib/project/deletions.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { type ReadMarks, type ReadMarkStore } from '#lib/storage/read-marks.ts';
import { mentionNames, namesToIds } from './mentions.ts';
import { personNames } from './project-items.ts';

export type { CommentTopic };

export interface TalkProject {
  document: ProjectDocument;
  /** Reactive. */
  state(): ProjectState;
  saving<Value>(task: () => Promise<Value>): Promise<Value>;
  marks: ReadMarkStore;
}

export interface CommentItem {
  id: CommentId;
  author: string;
  isOwn: boolean;
  /** ms since 1970, by the author's clock. */
  at: number;
  edited: boolean;
  /** Words and people, to be shown as text. */
  parts: { text: string; mention?: 'self' | 'other' }[];
  /** As it is edited: with names in place of ids. */
  draft: string;
  /** The unit that it is about, in the thread of its sorting. */
  unit: number | undefined;
  /** Why it is not shown, such as "Hidden by Anna". */
  hidden: string | undefined;
  mayEdit: boolean;
  mayHide: boolean;
  mayShow: boolean;
}

export class ProjectTalk {
  readonly #project: TalkProject;
  #marks = $state.raw<ReadMarks | undefined>(undefined);
  readonly #stop: () => void;

  constructor(project: TalkProject) {
    this.#project = project;
    this.#stop = project.marks.watch(project.document.id, (marks) => (this.#marks = marks));
  }

  readonly #names: Map<PersonId, string> = $derived.by(() => personNames(this.#project.state()));
  /** How each member is mentioned; two of one name are told apart. */
  readonly handles: Map<PersonId, string> = $derived.by(() => mentionNames(this.#project.state().members));
  readonly #threads: Map<string, CommentState[]> = $derived.by(() =>
    Map.groupBy(this.#project.state().comments, ({ on }) => threadKey(on))
  );
  readonly #unread: Map<string, number> = $derived.by(() => {
    const unread = new Map<string, number>();
    for (const [key, comments] of this.#threads) {
      const count = comments.filter((comment) => this.#isUnread(key, comment)).length;
      if (count > 0) unread.set(key, count);
    }
    return unread;
  });

  countOf(about: RecordItem): number {
    return this.#threads.get(threadKey(about))?.filter(({ hiddenBy }) => hiddenBy === undefined).length ?? 0;
  }
  unreadOf(about: RecordItem): number {
    return this.#unread.get(threadKey(about)) ?? 0;
  }

  /** The thread of a file or job, the oldest first; a sorting's holds those on its units. */
  thread(about: RecordItem): CommentItem[] {
    return (this.#threads.get(threadKey(about)) ?? []).map((comment) => this.#item(comment));
  }

  async add(on: CommentTopic, text: string): Promise<void> {
    await this.#project.saving(() => this.#project.document.comments.add(on, this.#encoded(text)));
  }
  async edit(id: CommentId, text: string): Promise<void> {
    await this.#project.saving(() => this.#project.document.comments.edit(id, this.#encoded(text)));
  }
  async setHidden(id: CommentId, hidden: boolean): Promise<void> {
    await this.#project.saving(() => this.#project.document.comments.setHidden(id, hidden));
  }

  /** What stands in the thread now has been read on this device. */
  async markRead(about: RecordItem): Promise<void> {
    const read: Record<string, number> = {};
    for (const { writer, seq } of this.#threads.get(threadKey(about)) ?? [])
      read[writer] = Math.max(seq, read[writer] ?? 0);
    await this.#project.marks.advance(this.#project.document.id, threadKey(about), read);
  }

  close(): void {
    this.#stop();
  }

  #isUnread(key: string, { author, writer, seq, hiddenBy }: CommentState): boolean {
    // Until the marks are read nothing is called new.
    if (!this.#marks || author === this.#project.document.person || hiddenBy !== undefined) return false;
    return seq > (this.#marks[key]?.[writer] ?? -1);
  }

  #encoded(text: string): string {
    return namesToIds(text, this.handles);
  }

  #item(comment: CommentState): CommentItem {
    const { person, role } = this.#project.document;
    const isOwn = comment.author === person;
    const writes = role === 'admin' || role === 'editor';
    const hides = writes && (isOwn || role === 'admin');
    return {
      id: comment.comment,
      author: this.#nameOf(comment.author),
      isOwn,
      at: comment.at,
      edited: comment.editedAt !== undefined,
      parts: commentParts(comment.text).map((part) =>
        'text' in part
          ? part
          : { text: `@${this.#nameOf(part.mention)}`, mention: part.mention === person ? 'self' : 'other' }
      ),
      draft: commentParts(comment.text)
        .map((part) => ('text' in part ? part.text : `@${this.#handleOf(part.mention)}`))
        .join(''),
      unit: comment.on.kind === 'unit' ? comment.on.unit : undefined,
      hidden: this.#hiddenText(comment),
      mayEdit: writes && isOwn && comment.hiddenBy === undefined,
      mayHide: hides && comment.hiddenBy === undefined,
      mayShow: hides && (comment.hiddenBy === person || (role === 'admin' && comment.hiddenBy !== undefined))
    };
  }

  #hiddenText({ hiddenBy, author }: CommentState): string | undefined {
    if (hiddenBy === undefined) return undefined;
    return hiddenBy === author ? 'Deleted by its author' : `Hidden by ${this.#nameOf(hiddenBy)}`;
  }

  #nameOf(person: PersonId): string {
    return this.#names.get(person) ?? 'somebody';
  }

  /** Of who is no member any more the id stays in the draft. */
  #handleOf(person: PersonId): string {
    return this.handles.get(person) ?? person;
  }
}

function threadKey({ kind, id }: RecordItem | CommentTopic): string {
  return `${kind === 'job' ? 'job' : 'file'} ${id}`;
}
