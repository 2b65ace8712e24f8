/** One project on the node: its document, its connections, and the jobs in it that are assigned to this device. */
import { once } from 'node:events';
import { type TransferId } from '#lib/compute/protocol.ts';
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { fromHex } from '#lib/identity/encoding.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type ContentRoot, type DeviceId, type FileId, type JobId } from '#lib/model/ids.ts';
import { type JobDefinition, type JobEvent } from '#lib/model/processor.ts';
import { type FailureGate } from '#lib/peer/failure-gate.ts';
import { type LoopbackRooms } from '#lib/peer/loopback-rooms.ts';
import { type PeerConnection } from '#lib/peer/peer-connection.ts';
import { type RtcFactory } from '#lib/peer/transport.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { isTerminal, type FileState } from '#lib/project/project-state.ts';
import { ProjectSync } from '#lib/sync/project-sync.ts';
import { type JobQueue, type QueuedAttempt } from '../queue/job-queue.ts';
import { findInput, type FoundInput } from './job-inputs.ts';
import { type JobHost, type JobRunner } from './job-runner.ts';
import { type KnownProject } from './node-state.ts';
import { PeerSession, type SessionContext } from './peer-session.ts';

export interface HostedProjectOptions {
  document: ProjectDocument;
  known: KnownProject;
  keys: DeviceKeys;
  signalling: readonly string[];
  /** As links name this node: it meets there itself by its own way. */
  advertised: readonly string[];
  rtc: RtcFactory;
  loopbackRooms: LoopbackRooms;
  gate: FailureGate;
  queue: JobQueue;
  runner: JobRunner;
  session: SessionContext;
  /** Whether the project's jobs are to be run now: one of its admins is an owner or on the allow list. */
  accepted: (document: ProjectDocument) => boolean;
}

/** A member that does not have a file now is asked again after so long, or when anybody connects. */
const askAgainMs = 5000;

export class HostedProject implements JobHost {
  readonly document: ProjectDocument;
  readonly #options: HostedProjectOptions;
  readonly #sessions = new Set<PeerSession>();
  readonly #changes = new EventTarget();
  #sync: ProjectSync | undefined;
  #stopListening: () => void = () => {};
  #members = '';

  private constructor(options: HostedProjectOptions) {
    this.#options = options;
    this.document = options.document;
  }

  static async start(options: HostedProjectOptions): Promise<HostedProject> {
    const hosted = new HostedProject(options);
    await hosted.#repair();
    const { document, keys, known, rtc, loopbackRooms, gate } = options;
    hosted.#sync = await ProjectSync.start({
      secret: fromHex(known.secret),
      epoch: known.epoch,
      carrier: document.carrier,
      admit: (update, from) => document.admit(update, from),
      histories: document.histories,
      identity: {
        device: keys.device,
        sealingKey: keys.sealingKey,
        writer: document.writer,
        sign: (bytes) => keys.sign(bytes)
      },
      admits: ({ device }) => hosted.#admits(device),
      wasMember: ({ device }) => document.wasMember(device),
      door: {
        problemWith: (proof) => document.invitationProblem(proof),
        letIn: (update, from) => document.letIn(update, from)
      },
      signalling: hosted.#meetingPlaces,
      rtc,
      loopbackRooms,
      gate
    });
    hosted.#sync.onConnection((connection) => hosted.#connected(connection));
    hosted.#stopListening = document.onChange(() => hosted.#changed());
    hosted.#changed();
    return hosted;
  }

  get project() {
    return this.document.id;
  }

  async stop(): Promise<void> {
    this.#stopListening();
    await this.#sync?.stop();
    await this.document.close();
  }

  definition(job: JobId): JobDefinition | undefined {
    return this.document.job(job)?.definition;
  }

  file(id: FileId): FileState | undefined {
    return this.document.state.files.find(({ file }) => file === id);
  }

  findInput({
    attempt,
    file,
    onProgress,
    signal
  }: {
    attempt: QueuedAttempt;
    file: FileState;
    onProgress: (stage: string, fraction: number) => void;
    signal: AbortSignal;
  }): Promise<FoundInput> {
    const { queue, session, keys } = this.#options;
    return findInput({
      project: this.project,
      file,
      own: keys.device,
      transfer: queue.transferOf(attempt, file.file) as TransferId,
      blobs: session.blobs,
      shares: session.shares,
      holders: () => this.#holders(file),
      change: (until) => this.#change(until),
      onProgress: (stage, { bytesDone, bytesTotal }) =>
        onProgress(stage, bytesTotal === 0 ? 1 : bytesDone / bytesTotal),
      signal
    });
  }

  async publish(event: JobEvent): Promise<void> {
    await this.document.appendJobEvent(event);
  }

  async addRoot(file: FileId, root: ContentRoot): Promise<void> {
    await this.document.addRoot(file, root);
  }

  async addOutput(output: {
    job: JobId;
    name: string;
    fileName: string;
    file: FileId;
    root: ContentRoot;
    size: number;
  }): Promise<void> {
    const { job, name, fileName, file, root, size } = output;
    if (this.file(file)) return;
    await this.document.addFile({
      file,
      name: fileName,
      size,
      root,
      mediaType: 'application/x-nwb',
      generatedBy: { job, output: name }
    });
  }

  #admits(device: DeviceId): boolean {
    const { document } = this;
    if (document.roleOfDevice(device) !== undefined) return true;
    return document.state.members.length === 0 && device === this.#options.known.introducer;
  }

  #connected(connection: PeerConnection): void {
    const session = new PeerSession(connection, this.document, this.#options.session);
    this.#sessions.add(session);
    connection.onClose(() => this.#sessions.delete(session));
    this.#changes.dispatchEvent(new Event('change'));
  }

  /** The connection of who added the file first, then the others. */
  #holders({ addedByDevice }: FileState) {
    return [...this.#sessions].sort(
      (a, b) => Number(b.device === addedByDevice) - Number(a.device === addedByDevice)
    );
  }

  async #change(signal: AbortSignal): Promise<void> {
    const waited = AbortSignal.any([signal, AbortSignal.timeout(askAgainMs)]);
    await once(this.#changes, 'change', { signal: waited }).catch(() => {});
  }

  /** Its own signalling, and the servers that the project names. */
  get #meetingPlaces(): string[] {
    const { signalling, advertised } = this.#options;
    const named = this.document.state.signalling.filter((address) => !advertised.includes(address));
    return [...new Set([...signalling, ...named])];
  }

  #changed(): void {
    this.#sync?.meetAt(this.#meetingPlaces);
    const members = JSON.stringify(this.document.state.members.map(({ role, devices }) => [role, devices]));
    if (members !== this.#members) this.#sync?.accessChanged();
    this.#members = members;
    if (this.document.whole.deletion) this.#endAll();
    else if (this.#options.accepted(this.document)) this.#takeJobs();
  }

  /** The project was deleted: its jobs end; their bytes stay, as it can be taken back. */
  #endAll(): void {
    const { queue, runner } = this.#options;
    for (const attempt of queue.unfinished()) {
      if (attempt.project !== this.project) continue;
      // One that a kill left over is carried to its end first: it is at no other work.
      runner.run(attempt, this);
      runner.cancel(attempt, new TaggedError('cancelled', 'The project was deleted.'));
    }
  }

  #takeJobs(): void {
    const { queue, runner, keys } = this.#options;
    for (const job of this.document.state.jobs) {
      const current = job.current;
      if (current?.device !== keys.device || isTerminal(job.state)) continue;
      const key = { project: this.project, job: job.job, attempt: current.attempt };
      if (!queue.find(key)) queue.take(key, Date.now(), current.events);
      const attempt = queue.find(key);
      if (!attempt) continue;
      if (!isEnded(queue.events(attempt))) runner.run(attempt, this);
      if (job.cancelRequested) runner.cancel(attempt, new TaggedError('cancelled', 'The job was cancelled.'));
    }
    this.#endDeleted();
  }

  /** A job that was deleted ends, so that a restored one is not taken for running; its bytes stay. */
  #endDeleted(): void {
    const { queue, runner } = this.#options;
    const { deleted } = this.document.state;
    for (const attempt of queue.unfinished()) {
      if (attempt.project !== this.project || this.document.job(attempt.job)) continue;
      // One that a kill left over is carried to its end first: it is at no other work.
      if (deleted.jobs.some(({ job }) => job === attempt.job)) runner.run(attempt, this);
      runner.cancel(attempt, new TaggedError('cancelled', 'The job was deleted.'));
    }
  }

  /** Where what the node stored and the project disagree, the project is told what was stored. */
  async #repair(): Promise<void> {
    const { queue } = this.#options;
    for (const attempt of queue.attemptsOf(this.project)) {
      const { jobs, deleted } = this.document.state;
      const job = [...jobs, ...deleted.jobs].find(({ job }) => job === attempt.job);
      const known = job?.attempts.find(({ attempt: number }) => number === attempt.attempt);
      if (!known) continue;
      const published = new Set(known.events.map(({ n }) => n));
      for (const event of queue.events(attempt))
        if (!published.has(event.n))
          await this.publish(event).catch((error: unknown) =>
            process.stderr.write(`dendro: an event could not be published: ${toErrorRecord(error).message}\n`)
          );
    }
  }
}

function isEnded(events: readonly JobEvent[]): boolean {
  return events.some(({ state }) => isTerminal(state));
}
