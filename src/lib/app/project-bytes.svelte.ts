/** The bytes of a project's files: the user's own where they lie, results and logs stored here or fetched from nodes. */
import { UnneededFiles } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot, type DeviceId, type FileId, type JobId } from '#lib/model/ids.ts';
import { saveFile } from '#lib/plots/save-file.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import * as v from 'valibot';
import { type SessionServices } from './device-knowledge.ts';
import { type PickedFile } from './file-intake.svelte.ts';
import { type NewRecording, takeRecording } from './recording-intake.ts';
import { type ShelvedFile } from './result-shelf.svelte.ts';
import { type Errand, type SharedPlace, SharedPlaces } from './tab-messages.ts';

export type { UnneededFiles };

export interface BytesProject {
  document: ProjectDocument;
  services: SessionServices;
  /** What a file is called here. */
  nameOf(file: FileId): string | undefined;
  saving<Value>(task: () => Promise<Value>): Promise<Value>;
}

/** Of a long log the end is shown: about as many lines as stream while it runs. */
const shownLogBytes = 400_000;

export class ProjectBytes {
  readonly #project: BytesProject;
  #received = $state.raw<PickedFile | undefined>(undefined);

  constructor(project: BytesProject) {
    this.#project = project;
  }

  /** A file that was picked or dropped and is about to be added. */
  get received(): PickedFile | undefined {
    return this.#received;
  }
  receive(picked: PickedFile | undefined): void {
    this.#received = picked;
  }

  /** Adds the user's file: read where it lies. */
  addRecording(recording: NewRecording): Promise<FileId> {
    const { document, services, saving } = this.#project;
    return saving(() => takeRecording({ document, files: services.files }, recording));
  }

  /** @returns false where the file must be picked again. */
  reconnect(id: FileId): Promise<boolean> {
    return this.#files.reconnect(this.#document.file(id));
  }
  reconnectWith(id: FileId, picked: PickedFile): Promise<void> {
    return this.#files.reconnectWith(this.#document.id, this.#document.file(id), picked);
  }

  /** A file's bytes as they can be read here: the user's own, or stored by the app. */
  async of(id: FileId): Promise<File | undefined> {
    return this.#files.get(id) ?? this.ofResult(id);
  }
  /** A result's bytes that are stored here. */
  ofResult(id: FileId): Promise<File | undefined> {
    const { root } = this.#document.file(id);
    return root ? this.ofRoot(root) : Promise.resolve(undefined);
  }
  /** Bytes that are stored here under their content root. */
  ofRoot(root: ContentRoot): Promise<File | undefined> {
    return this.#project.services.results.open(root);
  }

  /** Whether the node can be asked for bytes now; reactive. */
  isInReach(device: DeviceId | undefined): boolean {
    const { tabs } = this.#project.services;
    return device !== undefined && (tabs.seesNode(device) || tabs.linkTo(device) !== undefined);
  }

  /** Fetches a result that is not stored here, or has the tab with the connections fetch it. */
  async fetchResult(id: FileId): Promise<void> {
    const file = this.#document.file(id);
    const job = this.#document.state.jobs.find(({ job }) => job === file.generatedBy?.job);
    await this.#bring(file, job?.current?.device, { kind: 'fetch-result', file: id });
  }

  /** Hands a result to the browser's downloads; it is fetched first where it is not here. */
  async download(id: FileId): Promise<void> {
    const stored = await this.ofResult(id);
    if (!stored) {
      await this.fetchResult(id);
      return this.download(id);
    }
    saveFile(stored, this.#project.nameOf(id) ?? 'result.nwb');
  }

  /** The last lines that an ended job printed; its log is fetched first where it is not here. */
  async logOf(id: JobId): Promise<string[]> {
    const log = this.#document.job(id)?.lastEvent?.log;
    if (!log) return [];
    if (!(await this.ofRoot(log.root))) await this.fetchLog(id);
    const text = await (await this.ofRoot(log.root))?.slice(-shownLogBytes).text();
    return text?.trimEnd().split('\n') ?? [];
  }

  /** Brings the log of an ended job here, or has the tab with the connections bring it. */
  async fetchLog(id: JobId): Promise<void> {
    const job = this.#document.job(id);
    const log = job?.lastEvent?.log;
    if (!log) return;
    await this.#bring({ name: 'log.txt', ...log }, job.current?.device, { kind: 'fetch-log', job: id });
  }

  /**
   * Looks for the same file in the folders that a node shares: by name and size; the node compares the spot hash.
   * @throws TaggedError `node-unreachable` while the node is not connected or has not said what it shares
   */
  async findInShares(id: FileId, { device }: { device?: DeviceId | undefined }): Promise<SharedPlace[]> {
    const { name, size } = this.#document.file(id);
    const { tabs, nodes } = this.#project.services;
    const link = device && nodes.linkTo(device);
    if (!link && device && tabs.seesNode(device))
      return v.parse(SharedPlaces, await tabs.ask({ kind: 'find-shared', file: id, device }));
    if (!link?.info)
      throw new TaggedError('node-unreachable', 'the node has not said yet what it shares', {
        name: nodes.nameOf(device) ?? 'the node'
      });
    return nodes.findShared(link, { name, size });
  }

  /**
   * What deleted files and jobs still take on a node, or did until now where it is to be freed.
   * @throws TaggedError `node-unreachable`, `not-allowed`
   */
  async spaceOn(device: DeviceId, { free }: { free: boolean }): Promise<UnneededFiles> {
    const { tabs, nodes } = this.#project.services;
    if (tabs.seesNode(device))
      return v.parse(UnneededFiles, await tabs.ask({ kind: 'node-space', device, free }));
    const client = tabs.linkTo(device)?.client;
    if (!client)
      throw new TaggedError('node-unreachable', 'the node is not connected', {
        name: nodes.nameOf(device) ?? 'the node'
      });
    const { id } = this.#document;
    return free ? client.freeSpace(id) : client.unneededFiles(id);
  }

  get #document(): ProjectDocument {
    return this.#project.document;
  }
  get #files() {
    return this.#project.services.files;
  }

  async #bring(file: ShelvedFile, device: DeviceId | undefined, errand: Errand): Promise<void> {
    const { tabs, nodes, results } = this.#project.services;
    if (device && tabs.seesNode(device)) {
      await tabs.ask(errand);
      return;
    }
    const link = device && tabs.linkTo(device);
    if (!link)
      throw new TaggedError('node-unreachable', 'the node that has this file is not connected', {
        name: nodes.nameOf(device) ?? 'the node'
      });
    await results.fetch({ project: this.#document.id, file, client: link.client, live: tabs.live });
  }
}
