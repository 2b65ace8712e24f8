/** What this device knows of a project's files and jobs besides the record: where bytes are, and what streams. */
import { type FileState, type JobState } from '#lib/project/project-state.ts';
import { type ReadMarkStore } from '#lib/storage/read-marks.ts';
import { firstOf, type JobLive, terminalEvent } from './job-view.ts';
import { type FilePlace, type LocalKnowledge } from './project-items.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type FileShelf } from './file-shelf.svelte.ts';
import { type NodeBook } from './nodes.svelte.ts';
import { type ProjectTabs } from './project-tabs.svelte.ts';
import { type ResultShelf } from './result-shelf.svelte.ts';

export interface SessionServices {
  files: FileShelf;
  results: ResultShelf;
  nodes: NodeBook;
  tabs: ProjectTabs;
  marks: ReadMarkStore;
}

export class DeviceKnowledge implements LocalKnowledge {
  readonly #document: ProjectDocument;
  readonly #services: SessionServices;

  constructor(document: ProjectDocument, services: SessionServices) {
    this.#document = document;
    this.#services = services;
  }

  nameOf(kind: 'file' | 'job', id: string): string | undefined {
    return this.#document.view.nameOf(`${kind} ${id}`);
  }

  placeOf(file: FileState): FilePlace {
    const { files, results } = this.#services;
    const picked = files.placeOf(file.file);
    if (picked === 'picked') return picked;
    if (file.root && results.has(file.root)) return 'stored';
    if (file.simulation) return 'generated';
    if (file.generatedBy) return 'elsewhere';
    if (picked) return picked;
    return file.addedByDevice === this.#document.device && !file.share ? 'reconnect' : 'elsewhere';
  }

  liveOf(job: JobState, inputs: readonly FileState[]): JobLive {
    const { nodes, results, tabs } = this.#services;
    const { live } = tabs;
    const device = job.current?.device;
    const progress = live.progressOf(job.job);
    const outputs = terminalEvent(job.current?.events ?? [])?.outputs ?? [];
    const started = job.state === 'started';
    return {
      nodeName: undefined,
      nodeReachable: device !== undefined && nodes.isReachable(device),
      sending: firstOf(job.definition.inputs, ({ file }) => live.sendingOf(file)),
      returning: firstOf(outputs, ({ file }) => live.returningOf(file)),
      inputWaits: inputs.some((file) => this.placeOf(file) === 'reconnect'),
      placeInQueue: progress?.queuePlace,
      // What was said while the inputs came is over once it runs.
      stage: started && progress?.stage !== 'fetching' ? progress?.stage : undefined,
      overall: started ? progress?.overall : undefined,
      resultHere: outputs.every(({ root }) => results.has(root)),
      returnProblem: firstOf(outputs, ({ root }) => results.problemOf(root))
    };
  }
}
