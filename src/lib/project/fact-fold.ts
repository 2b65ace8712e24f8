/** Files and jobs: folds fact entries in the common order, each rule a named validator. */
import { type Role } from '../identity/person.ts';
import { type ContentRoot, type DeviceId, type FileId, type JobId, type PersonId } from '../model/ids.ts';
import { type JobEvent } from '../model/processor.ts';
import { type Access } from './access-fold.ts';
import { type FactBody, type FileFact } from './bodies.ts';
import { type Entry } from './entry.ts';
import { type AttemptState, type FileState, isTerminal, type JobState } from './project-state.ts';

/** A fact entry whose body was understood. */
export interface FactEntry {
  entry: Entry;
  body: FactBody;
}

interface Author {
  person: PersonId;
  device: DeviceId;
  role: Role;
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

/** Folds fact entries, given in the common order, under the folded access state. */
export function foldFacts(
  entries: readonly FactEntry[],
  access: Access
): { files: FileState[]; jobs: JobState[] } {
  const fold = new FactFold();
  for (const { entry, body } of entries) {
    const person = access.personOf(entry.device);
    const role = access.roleFor(entry);
    if (person !== undefined && role !== undefined) fold.take(body, { person, role, device: entry.device });
  }
  return fold.finish();
}

class FactFold {
  readonly #files = new Map<FileId, MutableFile>();
  readonly #jobs = new Map<JobId, MutableJob>();
  readonly #deleted: { kind: 'file' | 'job'; id: FileId | JobId }[] = [];

  take(body: FactBody, author: Author): void {
    if (body.type === 'file') this.#takeFile(body, author);
    else if (body.type === 'root') this.#takeRoot(body, author);
    else if (body.type === 'job') this.#takeJob(body, author);
    else if (body.type === 'assign') this.#takeAssignment(body, author);
    else if (body.type === 'event') this.#takeEvent(body.event, author);
    else if (body.type === 'cancel') this.#takeCancel(body.job, author);
    else if (mayEdit(author)) this.#deleted.push(body);
  }

  #takeFile(fact: FileFact, author: Author): void {
    if (this.#files.has(fact.file) || !(mayEdit(author) || this.#isOwnOutput(fact, author))) return;
    this.#files.set(fact.file, { fact, author, roots: fact.root === undefined ? [] : [fact.root] });
  }

  /** A compute node may add what its own job made, and nothing else. */
  #isOwnOutput({ generatedBy, file }: FileFact, author: Author): boolean {
    const job = generatedBy && this.#jobs.get(generatedBy.job);
    if (author.role !== 'compute' || !job) return false;
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
    const inputsKnown = body.definition.inputs.every(({ file }) => this.#files.has(file));
    if (!mayEdit(author) || this.#jobs.has(body.job) || body.submitter !== author.person || !inputsKnown)
      return;
    this.#jobs.set(body.job, { body, author, cancelRequested: false, attempts: new Map() });
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

  finish(): { files: FileState[]; jobs: JobState[] } {
    this.#cascadeDeletions();
    return { files: [...this.#files.values()].map(fileState), jobs: [...this.#jobs.values()].map(jobState) };
  }

  /** A job goes with any of its inputs or made outputs, a made file with its job; imports stand by themselves. */
  #cascadeDeletions(): void {
    const gone = new Set<string>();
    const dropFile = (id: FileId) => this.#files.delete(id) && gone.add(id);
    for (const { kind, id } of this.#deleted) {
      if (kind === 'file') dropFile(id as FileId);
      else this.#jobs.delete(id as JobId);
    }
    for (let before = -1; before !== gone.size && this.#deleted.length > 0;) {
      before = gone.size;
      for (const [id, { body }] of this.#jobs) {
        const { inputs, outputs } = body.definition;
        if ([...inputs, ...outputs].some(({ file }) => gone.has(file))) this.#jobs.delete(id);
      }
      for (const [id, { fact }] of this.#files)
        if (fact.generatedBy && !this.#jobs.has(fact.generatedBy.job)) dropFile(id);
    }
  }
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
