/** Running jobs in a project: on which nodes, asking for one, once more, and calling one off. */
import { TaggedError } from '#lib/model/errors.ts';
import { type FileId, type JobId } from '#lib/model/ids.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { type SessionServices } from './device-knowledge.ts';
import { type JobForm, type JobFormStart } from './job-form.svelte.ts';
import { defineJob, type JobOffer, jobOffers } from './job-offers.ts';
import { type ProjectMembers } from './project-members.svelte.ts';
import { inputOnNode } from './recording-intake.ts';
import { sessionTexts } from './session-fields.ts';
import { type SharedPlace } from './tab-messages.ts';

export interface RunsProject {
  document: ProjectDocument;
  services: SessionServices;
  members: ProjectMembers;
  /** Reactive. */
  state(): ProjectState;
  /** Put away by its members. */
  archived(): boolean;
  saving<Value>(task: () => Promise<Value>): Promise<Value>;
}

export interface JobRequest {
  file: FileId;
  offer: JobOffer;
  form: JobForm;
  shared?: SharedPlace | undefined;
  /** A job whose place it takes: it goes at once, with its results. */
  replaces?: JobId | undefined;
}

export class ProjectRuns {
  readonly #project: RunsProject;

  constructor(project: RunsProject) {
    this.#project = project;
  }

  readonly offers: JobOffer[] = $derived.by(() =>
    jobOffers(this.#project.state(), this.#project.services.nodes)
  );

  /**
   * Asks for a job and gives it to the offered node, which is admitted first where it must be.
   * @throws TaggedError `job-form-invalid`, `recording-layout-unknown`, `project-archived`
   */
  async submit({ file, offer, form, shared, replaces }: JobRequest): Promise<JobId> {
    const { document, services, members, saving } = this.#project;
    const { device } = offer;
    this.#requireInUse();
    return saving(async () => {
      const shelf = { document, files: services.files };
      const input = await inputOnNode(shelf, document.file(file), device && shared && { device, ...shared });
      const definition = defineJob({ input, offer, form });
      if (device && !members.includes(device)) await members.addNode(device);
      return document.submitJob(definition, {
        ...(device && { device }),
        ...(replaces && { replaces: [replaces] })
      });
    });
  }

  /** The same job once more, on the same node. */
  async retry(id: JobId): Promise<void> {
    const { document, saving } = this.#project;
    const job = document.job(id);
    if (!job?.current) throw new TaggedError('job-unknown', 'there is no such job to be tried again');
    this.#requireInUse();
    const { attempt, device } = job.current;
    await saving(() => document.assignJob(id, attempt + 1, device));
  }

  async cancel(id: JobId): Promise<void> {
    const { document, saving } = this.#project;
    await saving(() => document.cancelJob(id));
  }

  /** What a form begins with that changes an earlier job. */
  formStart(id: JobId): JobFormStart {
    const definition = this.#project.document.job(id)?.definition;
    if (!definition) return {};
    return {
      parameters: definition.parameters,
      resources: definition.resources,
      seed: definition.seed,
      session: sessionTexts(definition.inputs[0]?.metadata)
    };
  }

  #requireInUse(): void {
    if (this.#project.archived())
      throw new TaggedError('project-archived', 'the project is archived: bring it back to run jobs');
  }
}
