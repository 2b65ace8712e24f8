/** Files, jobs and people of a project as its pages show them, joined from the signed state and from this device. */
import { type ErrorRecord } from '#lib/model/errors.ts';
import {
  type ContentRoot,
  type DeviceId,
  type FileId,
  type InvitationId,
  type JobId,
  type PersonId
} from '#lib/model/ids.ts';
import { type JobDefinition, type JobEvent, type RecordingSelection } from '#lib/model/processor.ts';
import { Probe } from '#lib/model/recording.ts';
import { type FileState, type JobState, type ProjectState } from '#lib/project/project-state.ts';
import { type InvitableRole, type Role } from '#lib/identity/person.ts';
import * as v from 'valibot';
import { type JobLive, type JobView, summaryText, terminalEvent, viewJob } from './job-view.ts';

/**
 * Where a file's bytes are, as seen from this device: read in place from a picked file; picked before, but the
 * browser wants to be asked again; being looked for; stored by the app; made here when needed; only on other devices.
 */
export type FilePlace = 'picked' | 'reconnect' | 'looking' | 'stored' | 'generated' | 'elsewhere';

export interface FileItem {
  id: FileId;
  name: string;
  kind: 'recording' | 'result';
  size: number;
  root: ContentRoot | undefined;
  /** Different roots were told for it: its bytes are in doubt. */
  conflict: boolean;
  place: FilePlace;
  selection: RecordingSelection | undefined;
  /** Positions that the user gave. */
  probe: Probe | undefined;
  /** Name of the generator's specification, when the recording is generated. */
  simulation: string | undefined;
  /** A node reads it itself in one of its shared folders. */
  share: FileState['share'];
  /** The job that made it. */
  madeBy: JobId | undefined;
}

export interface JobItem {
  id: JobId;
  label: string;
  definition: JobDefinition;
  submitter: PersonId;
  /** ms since 1970 by the submitter's clock. */
  submittedAt: number;
  /** The current attempt; 0 while none is assigned. */
  attempt: number;
  device: DeviceId | undefined;
  nodeName: string | undefined;
  events: readonly JobEvent[];
  cancelRequested: boolean;
  view: JobView;
  inputs: FileId[];
  outputs: FileId[];
  failure: ErrorRecord | undefined;
  /** The content root of what it printed, once it has ended. */
  log: ContentRoot | undefined;
}

export interface DeviceItem {
  id: DeviceId;
  name: string;
  present: boolean;
  /** ms since 1970 of the last thing that was done here with it, by its own clock. */
  lastActive: number | undefined;
}

export interface PersonItem {
  id: PersonId;
  name: string;
  role: Role;
  devices: DeviceItem[];
  isSelf: boolean;
  present: boolean;
  /** ms since 1970 of the last thing that the person did here, by their own clock. */
  lastActive: number | undefined;
}

export interface InvitationItem {
  id: InvitationId;
  role: InvitableRole;
  invitedBy: string;
  expires: number;
  /** "Open", "Used up", "Expired", "Taken back". */
  state: 'open' | 'used' | 'expired' | 'revoked';
  uses: number;
  joined: string[];
}

/** What this device adds to the signed state. */
export interface LocalKnowledge {
  placeOf(file: FileState): FilePlace;
  /** The view's name of a file or job, when someone renamed it. */
  nameOf(kind: 'file' | 'job', id: string): string | undefined;
  /** @param inputs the job's recordings that are in the project */
  liveOf(job: JobState, inputs: readonly FileState[]): JobLive;
}

export function fileItems(state: ProjectState, local: LocalKnowledge): FileItem[] {
  return state.files.map((file) => ({
    id: file.file,
    name: local.nameOf('file', file.file) ?? file.name,
    kind: file.generatedBy ? 'result' : 'recording',
    size: file.size,
    root: file.root,
    conflict: file.roots.length > 1,
    place: local.placeOf(file),
    selection: file.selection,
    probe: probeOf(file.probe),
    simulation: file.simulation,
    share: file.share,
    madeBy: file.generatedBy?.job
  }));
}

/** The newest first. */
export function jobItems(state: ProjectState, local: LocalKnowledge): JobItem[] {
  const files = new Map(state.files.map((file) => [file.file, file]));
  const items = state.jobs.map((job): JobItem => {
    const { definition } = job;
    const device = job.current?.device;
    const member = state.members.find(({ devices }) => devices.some((known) => known.device === device));
    const events = job.current?.events ?? [];
    const reason = terminalEvent(events)?.reason;
    const inputs = definition.inputs.flatMap(({ file }) => files.get(file) ?? []);
    const [inputFile] = inputs;
    const inputName = inputFile && (local.nameOf('file', inputFile.file) ?? inputFile.name);
    return {
      id: job.job,
      label:
        local.nameOf('job', job.job) ?? `${processorWord(definition)} ${inputName ?? 'a removed recording'}`,
      definition,
      submitter: job.submitter,
      submittedAt: job.submittedAt,
      attempt: job.current?.attempt ?? 0,
      device,
      nodeName: member?.name,
      events,
      cancelRequested: job.cancelRequested,
      view: viewJob(
        { events, assigned: device !== undefined, cancelRequested: job.cancelRequested },
        { ...local.liveOf(job, inputs), nodeName: member?.name }
      ),
      inputs: definition.inputs.map(({ file }) => file),
      outputs: definition.outputs.map(({ file }) => file),
      failure: reason && { tag: reason.tag, message: reason.message },
      log: job.lastEvent?.log?.root
    };
  });
  return items.sort((a, b) => b.submittedAt - a.submittedAt);
}

function processorWord({ app, processor }: JobDefinition): string {
  return app === 'dendro' && processor === 'sort' ? 'Sort' : `${processor}:`;
}

function probeOf(text: string | undefined): Probe | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = v.safeParse(Probe, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

export function personItems(
  state: ProjectState,
  local: {
    person: PersonId | undefined;
    isPresent(device: DeviceId): boolean;
    lastActive(device: DeviceId): number | undefined;
  }
): PersonItem[] {
  return state.members.map(({ person, name, role, devices }) => ({
    id: person,
    name,
    role,
    devices: devices.map(({ device, name }) => ({
      id: device,
      name,
      present: local.isPresent(device),
      lastActive: local.lastActive(device)
    })),
    isSelf: person === local.person,
    present: devices.some(({ device }) => local.isPresent(device)),
    lastActive: latest(devices.map(({ device }) => local.lastActive(device)))
  }));
}

function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** What everybody is called who takes part or did once. */
export function personNames({ members, formerMembers }: ProjectState): Map<PersonId, string> {
  return new Map([...formerMembers, ...members].map(({ person, name }) => [person, name]));
}

/** The newest first. */
export function invitationItems(state: ProjectState, now: number): InvitationItem[] {
  const names = personNames(state);
  const nameOf = (person: PersonId) => names.get(person) ?? 'somebody';
  return state.invitations
    .map(({ invite, role, invitedBy, expires, uses, joined, revoked }): InvitationItem => ({
      id: invite,
      role,
      invitedBy: nameOf(invitedBy),
      expires,
      state: joined.length >= uses ? 'used' : revoked ? 'revoked' : now > expires ? 'expired' : 'open',
      uses,
      joined: joined.map(nameOf)
    }))
    .reverse();
}

export const placeText: Record<FilePlace, string> = {
  picked: 'Read in place on this device',
  reconnect: 'Reconnect to read it',
  looking: 'Looking for it on this device',
  stored: 'Stored on this device',
  generated: 'Generated where it is needed',
  elsewhere: 'On another device'
};

/** What a result holds, from the terminal event of the job that made it. */
export function resultNote(file: FileItem, jobs: readonly JobItem[]): string {
  const job = jobs.find(({ id }) => id === file.madeBy);
  const terminal = job && terminalEvent(job.events);
  return (terminal && summaryText(terminal)) ?? placeText[file.place];
}
