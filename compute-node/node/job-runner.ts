/**
 * Carries taken attempts from acceptance to their one terminal event: inputs are fetched as they come, one job runs at a
 * time, and everything that is said was stored before.
 */
import { existsSync, readFileSync, rmSync, readdirSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type ContentRoot, type FileId, type JobId, type ProjectId } from '#lib/model/ids.ts';
import { type JobDefinition, type JobEvent } from '#lib/model/processor.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { endStray } from '../executors/process-executor.ts';
import { JobResult, type Executor, type JobOrder } from '../executors/executor.ts';
import { type BlobStore } from '../platform/blob-store.ts';
import { writeFileWhole } from '../platform/file-source.ts';
import { type EventContent, type JobQueue, type QueuedAttempt } from '../queue/job-queue.ts';
import { type JobBoard } from './job-board.ts';
import { type FoundInput } from './job-inputs.ts';
import { JobLogs } from './job-log.ts';
import { findProcessor } from './processors.ts';

/** What the runner needs of a job's project. */
export interface JobHost {
  readonly project: ProjectId;
  definition(job: JobId): JobDefinition | undefined;
  file(file: FileId): FileState | undefined;
  findInput(options: {
    attempt: QueuedAttempt;
    file: FileState;
    onProgress: (stage: string, fraction: number) => void;
    signal: AbortSignal;
  }): Promise<FoundInput>;
  /** Adds a stored event to the project. */
  publish(event: JobEvent): Promise<void>;
  addRoot(file: FileId, root: ContentRoot): Promise<void>;
  addOutput(output: {
    job: JobId;
    name: string;
    fileName: string;
    file: FileId;
    root: ContentRoot;
    size: number;
  }): Promise<void>;
}

export interface JobRunnerOptions {
  queue: JobQueue;
  blobs: BlobStore;
  executor: Executor;
  board: JobBoard;
  /** Where jobs have their folders. */
  folder: string;
  workers: number;
}

interface Running {
  abort: AbortController;
  phase: 'waiting' | 'started' | 'ended';
  /** Ends the keeping of its inputs. */
  held: (() => void)[];
  done: Promise<void>;
}

type FetchedInputs = { name: string; file: FileState; found: FoundInput }[];

export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #logs: JobLogs;
  readonly #running = new Map<number, Running>();
  #slot: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Ends processes and removes folders that a killed node left. */
  constructor(options: JobRunnerOptions) {
    this.#options = options;
    const { queue, folder } = options;
    this.#logs = new JobLogs(folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const unfinished = queue.unfinished();
    for (const attempt of unfinished) {
      if (attempt.process) endStray(attempt.process);
      queue.setProcess(attempt, undefined);
    }
    const wanted = new Set(unfinished.flatMap(({ id }) => [String(id), JobLogs.nameOf(id)]));
    for (const name of readdirSync(folder))
      if (!wanted.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }

  get runningCount(): number {
    return this.#countOf('started');
  }

  get queuedCount(): number {
    return this.#countOf('waiting');
  }

  /** Goes on with an attempt that the queue has taken; a second call for it does nothing. */
  run(attempt: QueuedAttempt, host: JobHost): void {
    if (this.#closed || this.#running.has(attempt.id)) return;
    const abort = new AbortController();
    const running: Running = { abort, phase: 'waiting', held: [], done: Promise.resolve() };
    this.#running.set(attempt.id, running);
    running.done = this.#carry(attempt, host, running).finally(() => {
      this.#running.delete(attempt.id);
      for (const release of running.held) release();
      this.#sayPlaces();
    });
    this.#sayPlaces();
  }

  /** @param reason what its terminal event says */
  cancel({ id }: { id: number }, reason: TaggedError): void {
    this.#running.get(id)?.abort.abort(reason);
  }

  /** Ends every process without a word: the attempts go on at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(new TaggedError('node-closing', 'The node is being ended.'));
    await Promise.all(running.map(({ done }) => done));
  }

  async #carry(attempt: QueuedAttempt, host: JobHost, running: Running): Promise<void> {
    const say = async (content: EventContent) => {
      const event = this.#options.queue.record(attempt, content);
      if (event) await host.publish(event);
    };
    let end: EventContent;
    try {
      await say({ state: 'accepted' });
      await say({ state: 'queued' });
      end = await this.#perform(attempt, host, { running, say });
    } catch (error) {
      if (this.#closed) return;
      end = this.#failure(attempt, running, error);
    }
    await this.#finish(attempt, host, { running, end });
  }

  #failure(attempt: QueuedAttempt, running: Running, error: unknown): EventContent {
    const { tag, message } = toErrorRecord(error);
    this.#print(attempt, [message]);
    const state = running.abort.signal.aborted && tag === 'cancelled' ? 'cancelled' : 'failed';
    return { state, reason: { tag: tag.slice(0, 256), message: message.slice(0, 4000) } };
  }

  /** Stores the end, then clears up, then tells: whoever reads of the end finds nothing left over. */
  async #finish(
    attempt: QueuedAttempt,
    host: JobHost,
    { running, end }: { running: Running; end: EventContent }
  ): Promise<void> {
    const { queue, blobs } = this.#options;
    try {
      const log = await this.#logs.keep(attempt.id, blobs);
      if (log) blobs.grant(attempt.project, log.root);
      const event = queue.record(attempt, { ...end, ...(log && { log }) });
      await rm(this.#folderOf(attempt), { recursive: true, force: true });
      this.#logs.remove(attempt.id);
      blobs.sweepPartials(queue.openTransfers());
      running.phase = 'ended';
      if (event) await host.publish(event);
    } catch (error) {
      // Stored or not, the next start brings it in order.
      process.stderr.write(`dendro: the end of a job could not be told: ${toErrorRecord(error).message}\n`);
    }
  }

  /** @returns the terminal event's content */
  async #perform(
    attempt: QueuedAttempt,
    host: JobHost,
    { running, say }: { running: Running; say: (content: EventContent) => Promise<void> }
  ): Promise<EventContent> {
    const definition = host.definition(attempt.job);
    if (!definition) throw new TaggedError('cancelled', 'The job was deleted.');
    findProcessor(definition);
    const { signal } = running.abort;
    const inputs = await this.#fetchInputs(attempt, host, { definition, running });
    signal.throwIfAborted();
    return this.#inSlot(signal, async () => {
      running.phase = 'started';
      this.#sayPlaces();
      await say({
        state: 'started',
        inputs: inputs.map(({ file, found }) => ({ file: file.file, root: found.root }))
      });
      for (const { file, found } of inputs)
        if (file.root === undefined) await host.addRoot(file.file, found.root);
      const result = await this.#execute(attempt, { definition, inputs, signal });
      return this.#keep(attempt, host, { definition, result });
    });
  }

  async #fetchInputs(
    attempt: QueuedAttempt,
    host: JobHost,
    { definition, running }: { definition: JobDefinition; running: Running }
  ): Promise<FetchedInputs> {
    const { signal } = running.abort;
    const fetched: FetchedInputs = [];
    for (const { name, file: id } of definition.inputs) {
      const file = host.file(id);
      if (!file) throw new TaggedError('input-deleted', 'An input of the job is no longer in the project.');
      const onProgress = (stage: string, fraction: number) =>
        this.#options.board.progress(attempt, { stage, fraction });
      const found = await host.findInput({ attempt, file, onProgress, signal });
      running.held.push(this.#options.blobs.hold(found.root));
      fetched.push({ name, file, found });
    }
    return fetched;
  }

  // One job at a time: each uses all workers that it is given.
  async #inSlot<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const mine = this.#slot.then(() => {
      signal.throwIfAborted();
      return task();
    });
    this.#slot = mine.catch(() => {});
    return mine;
  }

  async #execute(
    attempt: QueuedAttempt,
    { definition, inputs, signal }: { definition: JobDefinition; inputs: FetchedInputs; signal: AbortSignal }
  ): Promise<JobResult> {
    const { board, executor, queue, workers } = this.#options;
    const folder = this.#folderOf(attempt);
    const finished = readResult(folder);
    if (finished) return finished;
    const order: JobOrder = {
      definition,
      inputs: inputs.map(({ name, file, found }) => ({
        name,
        path: found.path,
        fileName: file.name,
        root: found.root,
        ...(file.simulation !== undefined && { simulation: file.simulation })
      })),
      folder,
      workers: Math.max(1, Math.min(workers, definition.resources.numCpus)),
      identifier: `${attempt.job}-${attempt.attempt}`,
      createdAt: attempt.takenAt
    };
    const overtime = AbortSignal.timeout(definition.resources.timeSec * 1000);
    const result = await executor
      .run(
        order,
        {
          onProgress: (progress) => board.progress(attempt, clamped(progress)),
          onConsole: (lines) => this.#print(attempt, lines),
          onProcess: (started) => queue.setProcess(attempt, started)
        },
        AbortSignal.any([signal, overtime])
      )
      .catch((error: unknown) => {
        if (overtime.aborted && !signal.aborted)
          throw new TaggedError(
            'job-timeout',
            `The job took longer than the ${definition.resources.timeSec} s it was given.`
          );
        throw error;
      });
    queue.setProcess(attempt, undefined);
    await writeFileWhole(
      join(folder, 'result.json'),
      new TextEncoder().encode(JSON.stringify(result)),
      0o600
    );
    return result;
  }

  async #keep(
    attempt: QueuedAttempt,
    host: JobHost,
    { definition, result }: { definition: JobDefinition; result: JobResult }
  ): Promise<EventContent> {
    const outputs: NonNullable<EventContent['outputs']> = [];
    for (const { name, file, fileName } of definition.outputs) {
      const made = result.outputs.find((output) => output.name === name);
      if (!made) throw new TaggedError('output-missing', `The job ended without its output "${name}".`);
      const { root, size } = await this.#options.blobs.keep(made.path);
      this.#options.blobs.grant(attempt.project, root);
      await host.addOutput({ job: attempt.job, name, fileName, file, root, size });
      outputs.push({ name, file, root, size });
    }
    return { state: 'completed', outputs, summary: result.summary };
  }

  #countOf(phase: Running['phase']): number {
    return [...this.#running.values()].filter((running) => running.phase === phase).length;
  }

  #print(attempt: QueuedAttempt, lines: readonly string[]): void {
    this.#options.board.print(attempt, lines);
    this.#logs.append(attempt.id, lines);
  }

  #folderOf({ id }: { id: number }): string {
    return join(this.#options.folder, String(id));
  }

  #sayPlaces(): void {
    let place = this.runningCount;
    for (const attempt of this.#options.queue.unfinished()) {
      const running = this.#running.get(attempt.id);
      if (running?.phase === 'waiting') this.#options.board.progress(attempt, { queuePlace: place++ });
    }
  }
}

function readResult(folder: string): JobResult | undefined {
  const path = join(folder, 'result.json');
  if (!existsSync(path)) return undefined;
  const parsed = v.safeParse(JobResult, JSON.parse(readFileSync(path, 'utf8')));
  return parsed.success && parsed.output.outputs.every((output) => existsSync(output.path))
    ? parsed.output
    : undefined;
}

function clamped({ stage, fraction, overall }: { stage: string; fraction: number; overall: number }) {
  const within = (value: number) => Math.min(1, Math.max(0, value));
  return { stage, fraction: within(fraction), overall: within(overall) };
}
