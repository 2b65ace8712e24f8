/** Files and jobs: folds fact entries in the common order, each rule a named validator. */
import { type Role } from '../identity/person.ts';
import {
  type ContentRoot,
  type DeviceId,
  type FileId,
  type JobId,
  type PersonId,
  type WriterId
} from '../model/ids.ts';
import { type JobEvent } from '../model/processor.ts';
import { type Access } from './access.ts';
import { type FactBody, type FileFact } from './bodies.ts';
import { CommentFold, type CommentTopic } from './comments.ts';
import { cascade, type Deletion, type RecordItem } from './deletions.ts';
import { type Entry } from './entry.ts';
import {
  type AttemptState,
  type FileState,
  isTerminal,
  type JobState,
  type ProjectState
} from './project-state.ts';

/** A fact entry whose body was understood. */
export interface FactEntry {
  entry: Entry;
  body: FactBody;
}

interface Author {
  person: PersonId;
  device: DeviceId;
  role: Role;
  /** Hash of the entry that is taken, and its place. */
  entry: string;
  writer: WriterId;
  seq: number;
}

interface MutableAttempt {
  device: DeviceId;
  events: Map<number, JobEvent>;
}

interface MutableJob {
  body: Extract<FactBody, { type: 'job' }>;
  author: Author;
  cancelRequested: boolean;
  attempts: Map<number, MutableAttempt>;
}

interface MutableFile {
  fact: FileFact;
  author: Author;
  roots: ContentRoot[];
}

type FoldedFacts = Pick<ProjectState, 'files' | 'jobs' | 'comments' | 'deletions' | 'deleted'>;

/** Folds fact entries, given in the common order, under the folded access state. */
export function foldFacts(entries: readonly FactEntry[], access: Access): FoldedFacts {
  const fold = new FactFold();
  for (const { entry, body } of entries) {
    const person = access.personOf(entry.device);
    const role = access.roleFor(entry);
    if (person !== undefined && role !== undefined) fold.take(body, { person, role, ...placeOf(entry) });
  }
  return fold.finish();
}

class FactFold {
  readonly #files = new Map<FileId, MutableFile>();
  readonly #jobs = new Map<JobId, MutableJob>();
  /** Outputs of all jobs: a file is made by one job. */
  readonly #declared = new Set<FileId>();
  readonly #comments = new CommentFold();
  /** By the hashes of their entries. */
  readonly #deletions = new Map<string, Deletion>();

  take(body: FactBody, author: Author): void {
    if (body.type === 'file') this.#takeFile(body, author);
    else if (body.type === 'root') this.#takeRoot(body, author);
    else if (body.type === 'job') this.#takeJob(body, author);
    else if (body.type === 'assign') this.#takeAssignment(body, author);
    else if (body.type === 'event') this.#takeEvent(body.event, author);
    else if (body.type === 'cancel') this.#takeCancel(body.job, author);
    else if (body.type === 'delete') this.#takeDeletion([body], body.at, author);
    else if (body.type !== 'restore') this.#comments.take(body, author, (topic) => this.#has(topic));
    else if (mayEdit(author)) for (const entry of body.deletions) this.#deletions.delete(entry);
  }

  #takeFile(fact: FileFact, author: Author): void {
    const isMade = fact.generatedBy !== undefined || this.#declared.has(fact.file);
    if (this.#files.has(fact.file) || !(isMade ? this.#isOwnOutput(fact, author) : mayEdit(author))) return;
    this.#files.set(fact.file, { fact, author, roots: fact.root === undefined ? [] : [fact.root] });
  }

  /** What a job made is added by a device that ran it, and by nobody else: provenance is not an editor's word. */
  #isOwnOutput({ generatedBy, file }: FileFact, author: Author): boolean {
    const job = generatedBy && this.#jobs.get(generatedBy.job);
    if (author.role === 'viewer' || !job) return false;
    const declared = job.body.definition.outputs.some(
      (output) => output.name === generatedBy.output && output.file === file
    );
    return declared && [...job.attempts.values()].some(({ device }) => device === author.device);
  }

  #takeRoot({ file, root }: { file: FileId; root: ContentRoot }, author: Author): void {
    const known = this.#files.get(file);
    if (known && author.role !== 'viewer' && !known.roots.includes(root)) known.roots.push(root);
  }

  #takeJob(body: MutableJob['body'], author: Author): void {
    const { job, definition, submitter, replaces = [] } = body;
    const inputsKnown = definition.inputs.every(({ file }) => this.#files.has(file));
    const outputsNew = definition.outputs.every(
      ({ file }) => !this.#files.has(file) && !this.#declared.has(file)
    );
    if (!mayEdit(author) || this.#jobs.has(job) || submitter !== author.person) return;
    if (!inputsKnown || !outputsNew) return;
    for (const { file } of definition.outputs) this.#declared.add(file);
    const replaced = replaces.map((id): RecordItem => ({ kind: 'job', id }));
    this.#takeDeletion(replaced, body.at, author, job);
    this.#jobs.set(job, { body, author, cancelRequested: false, attempts: new Map() });
  }

  /** What is not known when its deletion comes stays: nobody deletes what they have not seen. */
  #takeDeletion(named: readonly RecordItem[], at: number, author: Author, replacedBy?: JobId): void {
    const items = named.filter((item) => this.#has(item)).map(({ kind, id }) => ({ kind, id }) as RecordItem);
    if (!mayEdit(author) || items.length === 0) return;
    const { entry, person: by, device: byDevice } = author;
    this.#deletions.set(entry, { entry, items, by, byDevice, at, ...(replacedBy && { replacedBy }) });
  }

  /** Of two assignments of one attempt the first counts; a next attempt needs the one before. */
  #takeAssignment(body: { job: JobId; attempt: number; device: DeviceId }, author: Author): void {
    const job = this.#jobs.get(body.job);
    if (!job || !mayEdit(author) || job.attempts.has(body.attempt)) return;
    if (body.attempt !== job.attempts.size + 1) return;
    job.attempts.set(body.attempt, { device: body.device, events: new Map() });
    job.cancelRequested = false;
  }

  #takeEvent(event: JobEvent, author: Author): void {
    const attempt = this.#jobs.get(event.job)?.attempts.get(event.attempt);
    if (attempt?.device === author.device && !attempt.events.has(event.n)) attempt.events.set(event.n, event);
  }

  #takeCancel(id: JobId, author: Author): void {
    const job = this.#jobs.get(id);
    if (job && (mayEdit(author) || job.body.submitter === author.person)) job.cancelRequested = true;
  }

  #has(item: RecordItem | CommentTopic): boolean {
    return item.kind === 'job' ? this.#jobs.has(item.id) : this.#files.has(item.id);
  }

  finish(): FoldedFacts {
    const deletions = [...this.#deletions.values()];
    const files = [...this.#files.values()].map(fileState);
    const jobs = [...this.#jobs.values()].map(jobState);
    const gone = cascade(
      { files, jobs },
      deletions.flatMap(({ items }) => items)
    );
    return {
      files: files.filter(({ file }) => !gone.files.has(file)),
      jobs: jobs.filter(({ job }) => !gone.jobs.has(job)),
      comments: this.#comments.all,
      deletions,
      deleted: {
        files: files.filter(({ file }) => gone.files.has(file)),
        jobs: jobs.filter(({ job }) => gone.jobs.has(job))
      }
    };
  }
}

function placeOf({ device, hash, writer, seq }: Entry): Omit<Author, 'person' | 'role'> {
  return { device, entry: hash, writer, seq };
}

function mayEdit({ role }: Author): boolean {
  return role === 'admin' || role === 'editor';
}

function fileState({ fact: { type: _type, root: _root, ...fact }, author, roots }: MutableFile): FileState {
  const [root, ...others] = roots;
  const undisputed = root !== undefined && others.length === 0 ? { root } : {};
  return { ...fact, ...undisputed, roots, addedBy: author.person, addedByDevice: author.device };
}

function jobState({ body, cancelRequested, attempts }: MutableJob): JobState {
  const states: AttemptState[] = [...attempts].map(([attempt, { device, events }]) => ({
    attempt,
    device,
    events: eventsInOrder(events)
  }));
  const current = states.at(-1);
  const lastEvent = current?.events.at(-1);
  return {
    job: body.job,
    definition: body.definition,
    definitionHash: body.definitionHash,
    submitter: body.submitter,
    submittedAt: body.at,
    cancelRequested,
    attempts: states,
    state: lastEvent?.state ?? 'waiting',
    ...(current ? { current } : {}),
    ...(lastEvent ? { lastEvent } : {})
  };
}

/** Without gaps from n = 0, and nothing after the first terminal one. */
function eventsInOrder(events: Map<number, JobEvent>): JobEvent[] {
  const ordered: JobEvent[] = [];
  for (let event = events.get(0); event; event = events.get(ordered.length)) {
    ordered.push(event);
    if (isTerminal(event.state)) break;
  }
  return ordered;
}
