/** A history item in plain words. */
import { type FileId, type InvitationId, type JobId, type PersonId } from '#lib/model/ids.ts';
import { type HistoryItem } from '#lib/project/history.ts';
import { type Subject, type TextSubject } from '#lib/project/view.ts';
import { roleWords } from './role-words.ts';

export type HistoryKind = 'files' | 'jobs' | 'deletions' | 'comments' | 'texts' | 'people';

/** Names for ids, also of what is gone. */
export interface HistoryNames {
  person(id: PersonId | undefined): string;
  file(id: FileId): string;
  job(id: JobId): string;
  /** What a comment is about. */
  comment(id: string): string;
  /** What a deletion took, by its entry. */
  deletion(entry: string): string;
  /** Whether as many joined by an invitation as were invited. */
  isUsedUp(invite: InvitationId): boolean;
}

export interface HistoryWords {
  kind: HistoryKind;
  /** What was done, such as "added day3.nwb"; the person stands before it. */
  text: string;
  /** More of it, such as the loser of two names. */
  note?: string;
}

export function historyWords({ change, person }: HistoryItem, names: HistoryNames): HistoryWords {
  switch (change.type) {
    case 'name':
      return nameWords(change, names);
    case 'note':
      return noteWords(change, names);
    case 'tag':
      return {
        kind: 'texts',
        text: `${change.present ? 'tagged' : 'untagged'} ${subjectWords(change.subject, names)} “${change.tag}”`
      };
    case 'archive':
      return { kind: 'texts', text: change.archived ? 'archived the project' : 'brought the project back' };
    case 'file':
      return {
        kind: 'files',
        text: `${change.generatedBy ? 'made' : 'added'} ${names.file(change.file)}`
      };
    case 'root':
      return {
        kind: 'files',
        text: `read all of ${names.file(change.file)}`,
        note: `content root ${change.root.slice(0, 16)}…`
      };
    case 'job':
      return {
        kind: 'jobs',
        text: `submitted ${names.job(change.job)}`,
        ...(change.replaces?.length && {
          note: `in place of ${change.replaces.map((job) => names.job(job)).join(', ')}`
        })
      };
    case 'assign':
      return {
        kind: 'jobs',
        text:
          change.attempt === 1
            ? `gave ${names.job(change.job)} to a node`
            : `retried ${names.job(change.job)}`
      };
    case 'event':
      return {
        kind: 'jobs',
        text: `${eventWords[change.event.state]} ${names.job(change.event.job)}`,
        ...(change.event.reason && { note: change.event.reason.message })
      };
    case 'cancel':
      return { kind: 'jobs', text: `asked to cancel ${names.job(change.job)}` };
    case 'delete':
      return {
        kind: 'deletions',
        text: `deleted ${change.kind === 'file' ? names.file(change.id) : names.job(change.id)}`
      };
    case 'restore':
      return {
        kind: 'deletions',
        text: `restored ${change.deletions.map((id) => names.deletion(id)).join(', ')}`
      };
    case 'comment':
      return { kind: 'comments', text: `commented on ${names.comment(change.comment)}` };
    case 'comment-text':
      return { kind: 'comments', text: `changed a comment on ${names.comment(change.comment)}` };
    case 'comment-hidden':
      return {
        kind: 'comments',
        text: `${change.hidden ? 'took away' : 'brought back'} a comment on ${names.comment(change.comment)}`
      };
    default:
      return { kind: 'people', text: peopleWords(change, names, person) };
  }
}

const eventWords = {
  accepted: 'accepted',
  queued: 'queued',
  started: 'started',
  completed: 'completed',
  failed: 'failed at',
  cancelled: 'cancelled'
};

function peopleWords(
  change: HistoryItem['change'],
  names: HistoryNames,
  author: PersonId | undefined
): string {
  switch (change.type) {
    case 'found':
      return 'founded the project';
    case 'admit':
      return `admitted ${change.person.name} as ${roleWords[change.role].label}`;
    case 'join':
      return 'joined by an invitation';
    case 'device':
      return `added a device, ${change.device.name}`;
    case 'role':
      return change.person === author
        ? `became ${roleWords[change.role].label}`
        : `made ${names.person(change.person)} ${roleWords[change.role].label}`;
    case 'remove':
      return change.person === author ? 'left the project' : `removed ${names.person(change.person)}`;
    case 'invite':
      return `made an invitation for ${roleWords[change.role].label}`;
    case 'revoke':
      // An admin's session does it by itself.
      return names.isUsedUp(change.invite) ? 'closed a used-up invitation' : 'took an invitation back';
    case 'delete-project':
      return 'deleted the project for everybody';
    case 'restore-project':
      return 'took the deletion of the project back';
    default:
      return 'changed how members meet';
  }
}

function nameWords(
  { subject, name, before, crossed }: Extract<HistoryItem['change'], { type: 'name' }>,
  names: HistoryNames
): HistoryWords {
  const text =
    before === undefined
      ? `named ${subjectWords(subject, names)} “${name}”`
      : `renamed ${subjectWords(subject, names)} from “${before}” to “${name}”`;
  if (!crossed) return { kind: 'texts', text };
  const who = names.person(crossed.by);
  return {
    kind: 'texts',
    text,
    note: crossed.won
      ? `${who} gave it the name “${crossed.name}” at the same time; this one counts.`
      : `${who} gave it the name “${crossed.name}” at the same time, and that one counts.`
  };
}

function noteWords(
  { subject, grown }: Extract<HistoryItem['change'], { type: 'note' }>,
  names: HistoryNames
): HistoryWords {
  const amount = grown === 0 ? '' : grown > 0 ? `${grown} characters more` : `${-grown} characters fewer`;
  return {
    kind: 'texts',
    text: `wrote in ${textWords(subject, names)}`,
    ...(amount && { note: amount })
  };
}

/** "the notes of day3.nwb". */
export function textWords(subject: TextSubject, names: Pick<HistoryNames, 'file' | 'job'>): string {
  return subject === 'description' ? 'the description' : `the notes of ${subjectWords(subject, names)}`;
}

export function subjectWords(subject: Subject, names: Pick<HistoryNames, 'file' | 'job'>): string {
  const [kind, id = ''] = subject.split(' ');
  if (kind === 'file') return names.file(id as FileId);
  return kind === 'job' ? names.job(id as JobId) : 'the project';
}
