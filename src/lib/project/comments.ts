/**
 * Comments on files, jobs and units: facts, folded in the common order. Who wrote one edits it and takes it away; an
 * admin hides any. A mention stands in the text as `@` and the person's id, so that it outlives a change of name.
 */
import * as v from 'valibot';
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { type Role } from '../identity/person.ts';
import { TaggedError } from '../model/errors.ts';
import { CommentId, FileId, JobId, PersonId, type WriterId } from '../model/ids.ts';

export const longestComment = 4000;

/** What a comment is about. */
export const CommentTopic = v.variant('kind', [
  v.object({ kind: v.literal('file'), id: FileId }),
  v.object({ kind: v.literal('job'), id: JobId }),
  /** A unit of a sorting, by its number in the file. */
  v.object({ kind: v.literal('unit'), id: FileId, unit: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) })
]);
export type CommentTopic = v.InferOutput<typeof CommentTopic>;

/** The author's clock in ms since 1970: shown, never folded by. */
const at = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(longestComment));
export const commentFacts = [
  v.object({ type: v.literal('comment'), at, comment: CommentId, on: CommentTopic, text }),
  v.object({ type: v.literal('comment-text'), at, comment: CommentId, text }),
  v.object({ type: v.literal('comment-hidden'), at, comment: CommentId, hidden: v.boolean() })
] as const;
export type CommentFact = v.InferOutput<(typeof commentFacts)[number]>;

export interface CommentState {
  comment: CommentId;
  on: CommentTopic;
  author: PersonId;
  /** Its entry's place: what has been read is told by it. */
  writer: WriterId;
  seq: number;
  /** ms since 1970, by the author's clock. */
  at: number;
  text: string;
  editedAt?: number;
  /** Taken away by its author, or hidden by an admin; its text is not shown then. */
  hiddenBy?: PersonId;
}

interface CommentAuthor {
  person: PersonId;
  role: Role;
  writer: WriterId;
  seq: number;
}

export class CommentFold {
  readonly #comments = new Map<CommentId, CommentState>();

  /** @param isKnown whether what it is about is in the project, deleted or not */
  take(fact: CommentFact, author: CommentAuthor, isKnown: (topic: CommentTopic) => boolean): void {
    if (author.role !== 'admin' && author.role !== 'editor') return;
    if (fact.type === 'comment') this.#add(fact, author, isKnown);
    else if (fact.type === 'comment-text') this.#change(fact, author);
    else this.#hide(fact, author);
  }

  get all(): CommentState[] {
    return [...this.#comments.values()];
  }

  #add(
    { comment, on, text, at }: Extract<CommentFact, { type: 'comment' }>,
    { person, writer, seq }: CommentAuthor,
    isKnown: (topic: CommentTopic) => boolean
  ): void {
    if (this.#comments.has(comment) || !isKnown(on)) return;
    this.#comments.set(comment, { comment, on, author: person, writer, seq, at, text });
  }

  #change(
    { comment, text, at }: Extract<CommentFact, { type: 'comment-text' }>,
    { person }: CommentAuthor
  ): void {
    const known = this.#comments.get(comment);
    if (known?.author === person) this.#comments.set(comment, { ...known, text, editedAt: at });
  }

  /** What an admin hid of another's, its author cannot show again. */
  #hide(
    { comment, hidden }: Extract<CommentFact, { type: 'comment-hidden' }>,
    { person, role }: CommentAuthor
  ): void {
    const known = this.#comments.get(comment);
    if (!known || (person !== known.author && role !== 'admin')) return;
    const { hiddenBy, ...shown } = known;
    if (!hidden && (role === 'admin' || hiddenBy === person)) this.#comments.set(comment, shown);
    else if (hidden && hiddenBy === undefined) this.#comments.set(comment, { ...shown, hiddenBy: person });
  }
}

/** The verbs; whether they count is decided by the fold, and asked first, to give a reason. */
export class ProjectComments {
  readonly #append: (fact: CommentFact) => Promise<unknown>;
  readonly #find: (comment: CommentId) => CommentState | undefined;
  readonly #self: () => { person: PersonId | undefined; role: Role | undefined };

  constructor(project: {
    /** @throws TaggedError `not-allowed` */
    append: (fact: CommentFact) => Promise<unknown>;
    find: (comment: CommentId) => CommentState | undefined;
    self: () => { person: PersonId | undefined; role: Role | undefined };
  }) {
    this.#append = project.append;
    this.#find = project.find;
    this.#self = project.self;
  }

  async add(on: CommentTopic, text: string): Promise<CommentId> {
    const comment = v.parse(CommentId, toHex(randomBytes(16)));
    await this.#append({ type: 'comment', at: Date.now(), comment, on, text: checked(text) });
    return comment;
  }

  async edit(comment: CommentId, text: string): Promise<void> {
    this.#require(comment, false);
    await this.#append({ type: 'comment-text', at: Date.now(), comment, text: checked(text) });
  }

  /** Takes one's own away, or hides another's as an admin; and shows it again. */
  async setHidden(comment: CommentId, hidden: boolean): Promise<void> {
    this.#require(comment, true);
    await this.#append({ type: 'comment-hidden', at: Date.now(), comment, hidden });
  }

  #require(comment: CommentId, orAdmin: boolean): void {
    const { person, role } = this.#self();
    const known = this.#find(comment);
    if (!known) throw new TaggedError('comment-unknown', 'there is no such comment');
    if (known.author !== person && !(orAdmin && role === 'admin'))
      throw new TaggedError('comment-not-own', 'a comment is changed by who wrote it');
  }
}

function checked(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw new TaggedError('comment-empty', 'a comment needs a text');
  if (trimmed.length > longestComment)
    throw new TaggedError('comment-too-long', `a comment has at most ${longestComment} characters`);
  return trimmed;
}

/** A part of a comment's text: words, or a person who is mentioned. */
export type CommentPart = { text: string } | { mention: PersonId };

export function commentParts(text: string): CommentPart[] {
  return text
    .split(/(@[0-9a-f]{32})(?![0-9a-f])/)
    .filter((part) => part !== '')
    .map((part) => {
      const person = part.startsWith('@') ? v.safeParse(PersonId, part.slice(1)) : undefined;
      return person?.success ? { mention: person.output } : { text: part };
    });
}
