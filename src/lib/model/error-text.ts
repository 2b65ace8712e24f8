/**
 * The words a user reads for each failure: what happened, and what to do. One map, so that the wording is kept in one
 * voice; a tag that is missing falls back to the error's own message.
 */
import { fileTexts } from './error-text-files.ts';
import { jobTexts } from './error-text-jobs.ts';
import { peopleTexts } from './error-text-people.ts';
import { type ErrorRecord } from './errors.ts';

export interface ErrorText {
  /** One sentence: what happened. */
  what: string;
  /** One sentence: what to do now. */
  remedy: string;
}

export type Describe = (record: ErrorRecord) => ErrorText;

const texts: Record<string, Describe> = {
  ...fileTexts,
  ...jobTexts,
  ...peopleTexts,
  aborted: () => ({ what: 'It was cancelled.', remedy: 'Start it again when you are ready.' }),
  'connection-lost': () => ({
    what: 'The connection was lost.',
    remedy: 'It is made again by itself; what was transferred is kept.'
  }),
  'different-file': ({ details }) => ({
    what: `${String(details?.picked ?? 'This')} is not the file that was added.`,
    remedy: `Pick ${String(details?.added ?? 'the same file')} again, or add this one as a new recording.`
  }),
  'entry-too-large': () => ({
    what: 'This change is too large for the project.',
    remedy: 'Make it in smaller parts: a note holds up to about a million characters at a time.'
  }),
  'file-changed': ({ details }) => ({
    what: `${String(details?.name ?? 'The file')} changed after it was added, so what was sent would not be it.`,
    remedy: 'Put the original back, or add the changed file as a new recording.'
  }),
  'file-not-here': () => ({
    what: 'The bytes of this file are not on this device, or the browser wants to be asked before it reads them.',
    remedy: 'Reconnect the recording on the Files page.'
  }),
  'handshake-refused': () => ({
    what: 'The other side could not prove who it is, or is not a member of this project.',
    remedy: 'Check that both use the newest pairing link and that the device is a member.'
  }),
  'handshake-refused-by-peer': ({ details }) => {
    if (details?.reason === 'try-later')
      return {
        what: 'The other side has closed its door for a minute after several failed attempts.',
        remedy: 'Wait a minute; it is tried again by itself.'
      };
    if (details?.reason === 'removed')
      return {
        what: 'The others say that you are no longer a member: what is here is a copy of what was.',
        remedy: 'What you change reaches nobody. Ask an admin for an invitation to come back.'
      };
    return {
      what: 'The other side refused the connection.',
      remedy:
        'It may not know yet that this device is a member: let an admin’s device connect, or pair again.'
    };
  },
  'handshake-timeout': () => ({
    what: 'The other side was reached but did not finish the handshake.',
    remedy: 'It is tried again by itself; if it persists, check that both run the same version of Dendro.'
  }),
  'ice-invalid': ({ message }) => ({
    what: `The STUN and TURN servers cannot be used: ${message}`,
    remedy: 'Correct them, or leave them out.'
  }),
  'input-deleted': () => ({
    what: 'The recording was removed from the project before the job could read it.',
    remedy: 'Add it again and submit a new job.'
  }),
  'input-replaced': () => ({
    what: 'The new job reads a file that the job made whose place it would take.',
    remedy: 'Keep the earlier job, or choose another recording.'
  }),
  'job-form-invalid': () => ({
    what: 'A field of the form has a value that does not fit.',
    remedy: 'Look for the fields marked in red.'
  }),
  'job-timeout': ({ message }) => ({ what: message, remedy: 'Allow more time under Resources and retry.' }),
  'key-file-invalid': ({ details }) => ({
    what: `The node’s key file is damaged (${String(details?.path ?? 'in its data folder')}).`,
    remedy: 'Restore it from a backup, or remove it to start as a new node, which must be paired again.'
  }),
  'key-file-unsafe': ({ details }) => ({
    what: `Others on this machine can read the node’s key file (${String(details?.path ?? 'in its data folder')}).`,
    remedy: 'Let only its owner read it: run `chmod 600` on it.'
  }),
  'link-expired': () => ({
    what: 'The pairing link has expired.',
    remedy: 'Run `npx dendro node pair` on the node’s machine and open the new link.'
  }),
  'link-invalid': () => ({
    what: 'This is no pairing link, or a part of it is missing.',
    remedy: 'Copy the whole link that the node printed, or run `npx dendro node pair` for a new one.'
  }),
  'loopback-unreachable': ({ details }) => ({
    what: `No node answers at ${String(details?.url ?? 'this machine')}.`,
    remedy: 'Start it with `npm start`.'
  }),
  'name-empty': () => ({ what: 'A name is needed.', remedy: 'Write at least one letter.' }),
  'project-file-foreign': () => ({
    what: 'The entries in this file are not those of the project that it names.',
    remedy: 'Nothing was taken in. Ask whoever gave you the file to export the project again.'
  }),
  'project-file-invalid': () => ({
    what: 'This file is not a project that Dendro exported.',
    remedy: 'Nothing was taken in. Choose a file whose name ends with .dendro, as it was exported.'
  }),
  'project-file-newer': () => ({
    what: 'This file was written by a newer version of Dendro.',
    remedy: 'Reload the app to get the newest version, then import the file again.'
  }),
  'zip-compressed': () => ({
    what: 'This file was unpacked and packed again: its parts are compressed.',
    remedy: 'Nothing was taken in. Import the file as it was exported.'
  }),
  'zip-damaged': () => ({
    what: 'This file is damaged, cut off, or no project file.',
    remedy: 'Nothing was taken in. Copy or download it again, or ask for another export.'
  }),
  'project-deleted': () => ({
    what: 'This project was deleted for everybody.',
    remedy: 'An admin can take that back while anybody has a copy.'
  }),
  'project-archived': () => ({
    what: 'This project is archived.',
    remedy: 'Bring it back on its page or in its settings; then jobs run again.'
  }),
  'too-many-tags': () => ({
    what: 'There are as many tags as a project can have.',
    remedy: 'Remove one first.'
  }),
  'no-candidate-pair': () => ({
    what: 'The other side answers, but no network path to it was found.',
    remedy:
      'Let both be in one network or VPN, allow UDP between them, or set up a relay (TURN) server in the settings.'
  }),
  'no-meeting-place': () => ({
    what: 'No place is known where the members of this project find each other.',
    remedy:
      'Add a compute node to the project on its People page, or name a signalling server in its settings.'
  }),
  'no-usable-channels': () => ({
    what: 'Every channel of the recording is constant, so there is nothing to sort.',
    remedy: 'Check the data type, offset and number of channels of the recording.'
  }),
  'node-unknown': () => ({
    what: 'This device is not paired with that node.',
    remedy: 'Pair with it by the link that it prints.'
  }),
  'node-unreachable': ({ details }) => ({
    what: `${String(details?.name ?? 'The node')} is not reachable now.`,
    remedy: 'Start it, or wait: this goes on by itself when it is back.'
  }),
  'not-allowed': ({ details }) => ({
    what: 'Your role in this project does not allow this.',
    remedy: details?.admins ? `Ask an admin: ${String(details.admins)}.` : 'Ask an admin of the project.'
  }),
  'pairing-failed': () => ({
    what: 'The node could not complete the pairing.',
    remedy: 'Look at the node’s log, then run `npx dendro node pair` and open the new link.'
  }),
  'pairing-no-answer': () => ({
    what: 'No node answers at this link.',
    remedy: 'Check that the node is running, then run `npx dendro node pair` and open the new link.'
  }),
  'pairing-used': () => ({
    what: 'This pairing link was used before; each works once.',
    remedy: 'Run `npx dendro node pair` on the node’s machine and open the new link.'
  }),
  'parameter-invalid': ({ message }) => ({
    what: `A parameter of the sorter cannot be used: ${message}.`,
    remedy: 'Change it, or leave it out to use the default.'
  }),
  'peer-closed': () => ({
    what: 'The connection to the other side ended.',
    remedy: 'It is made again by itself as soon as the other side can be reached.'
  }),
  'peer-silent': () => ({
    what: 'The other side no longer answers.',
    remedy: 'It is connected again by itself as soon as it can be reached.'
  }),
  'probe-mismatch': ({ details }) => ({
    what: `The probe has ${details?.contacts ?? 'another number of'} contacts, the recording ${details?.channelCount ?? 'another number of'} channels.`,
    remedy: 'Choose the probe that belongs to the recording.'
  }),
  'project-damaged': () => ({
    what: 'What is stored of the project on this device is damaged.',
    remedy: 'Restore it from a backup, or let another member hand over the project again.'
  }),
  'project-refused': ({ message }) => ({
    what: message,
    remedy: 'Pair with the node yourself, or ask its owner to allow you.'
  }),
  'project-unknown': () => ({
    what: 'This project is not on this device.',
    remedy: 'Open it on the device that has it, or pair with a node that takes part in it.'
  }),
  'recording-empty': () => ({
    what: 'The recording holds no samples.',
    remedy: 'Choose another series or file, or a longer stretch of it.'
  }),
  'recording-layout-unknown': () => ({
    what: 'It is not known how the bytes of this file make a recording.',
    remedy: 'Add the recording again and say how its samples are laid out.'
  }),
  'role-refused': () => ({
    what: 'The role was not changed: a project keeps at least one admin.',
    remedy: 'Make somebody else an admin first.'
  }),
  'root-mismatch': () => ({
    what: 'The file that came is not the one that was named.',
    remedy: 'Nothing of it was kept. Transfer it again.'
  }),
  'session-field-invalid': ({ message }) => ({
    what: message,
    remedy: 'Correct the field or leave it empty.'
  }),
  'share-differs': ({ details }) => ({
    what: `The file ${String(details?.path ?? '')} in the node’s shared folder is another one than the recording that was added, though its name and size are the same.`,
    remedy:
      'Put the right file into the shared folder, or submit the job again and send the recording’s bytes.'
  }),
  'signalling-unreachable': ({ details }) => ({
    what: `The signalling server does not answer${details?.addresses ? ` (${String(details.addresses)})` : ''}.`,
    remedy:
      'Start the node, or check the signalling addresses in the project’s settings; it is tried again by itself. An app by HTTPS reaches wss:// addresses only, and a node of another address must allow it (--allow-origin).'
  }),
  'storage-failed': () => ({
    what: 'A change could not be saved on this device.',
    remedy: 'Free some space, then reload; until then the change is only in this tab.'
  }),
  'storage-full': ({ details }) => ({
    what: `There is not enough space for it on this device (${String(details?.bytes ?? 'more')} bytes needed).`,
    remedy: 'Remove what is not needed under “Free space”. Nothing was lost: the original stays where it is.'
  }),
  'unseal-failed': () => ({
    what: 'A message for this device cannot be opened with its key.',
    remedy: 'Let the project’s admin admit this device again.'
  }),
  'worker-failed': () => ({
    what: 'A worker of the sorter ended unexpectedly, most often for want of memory.',
    remedy: 'Close other tabs or programs, or sort with fewer workers, and start again.'
  })
};

/** What to show for a failure. */
export function describeError(record: ErrorRecord): ErrorText {
  const describe = Object.hasOwn(texts, record.tag) ? texts[record.tag] : undefined;
  if (describe) return describe(record);
  return { what: record.message, remedy: 'Try again; if it persists, copy the details into a report.' };
}

/** Whether a failure has words of its own. */
export function isDescribed(tag: string): boolean {
  return Object.hasOwn(texts, tag);
}
