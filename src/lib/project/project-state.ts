/** The folded project as the app and the node read it: immutable snapshots. */
import {
  type ContentRoot,
  type DefinitionHash,
  type DeviceId,
  type JobId,
  type PersonId,
  type ProjectId
} from '../model/ids.ts';
import { type JobDefinition, type JobEvent, type JobEventState } from '../model/processor.ts';
import { type PersonRecord } from '../identity/person.ts';
import { type Invitation, type Member } from './access.ts';
import { type FileFact } from './bodies.ts';
import { type CommentState } from './comments.ts';
import { type Deletion } from './deletions.ts';
import { type ProjectDeletion } from './project-deletion.ts';

export interface FileState extends Omit<FileFact, 'type' | 'root'> {
  /** The content root, when known and undisputed. */
  root?: ContentRoot;
  /** Every root that was named; more than one is a conflict to be shown. */
  roots: readonly ContentRoot[];
  addedBy: PersonId;
  addedByDevice: DeviceId;
}

export interface AttemptState {
  attempt: number;
  /** The device that runs it. */
  device: DeviceId;
  /** In order n, up to the first terminal one. */
  events: readonly JobEvent[];
}

export interface JobState {
  job: JobId;
  definition: JobDefinition;
  definitionHash: DefinitionHash;
  submitter: PersonId;
  /** ms since 1970, by the submitter's clock. */
  submittedAt: number;
  cancelRequested: boolean;
  attempts: readonly AttemptState[];
  /** The last assigned attempt. */
  current?: AttemptState;
  /** `waiting`: not assigned, or the node has said nothing yet. */
  state: 'waiting' | JobEventState;
  /** The event that says `state`. */
  lastEvent?: JobEvent;
}

export interface ProjectState {
  id: ProjectId;
  members: readonly Member[];
  /** Who was removed or left; what they did before stays. */
  formerMembers: readonly PersonRecord[];
  invitations: readonly Invitation[];
  /** Where members meet besides their nodes: ws:// and wss:// addresses, as an admin named them. */
  signalling: readonly string[];
  files: readonly FileState[];
  jobs: readonly JobState[];
  /** Deletions of the whole project that stand: with any, nothing is run or changed in it. */
  projectDeletions: readonly ProjectDeletion[];
  /** Those that stand, in the order in which they count. */
  deletions: readonly Deletion[];
  /** In the order in which they count; also on what was deleted. */
  comments: readonly CommentState[];
  /** What went with them: restorable as it was. */
  deleted: { files: readonly FileState[]; jobs: readonly JobState[] };
}

/** A project of which nothing has arrived. */
export function emptyState(id: ProjectId): ProjectState {
  return {
    ...{ id, members: [], formerMembers: [], invitations: [], signalling: [] },
    projectDeletions: [],
    ...{ files: [], jobs: [], comments: [], deletions: [], deleted: { files: [], jobs: [] } }
  };
}

export function isTerminal(state: JobState['state']): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}
