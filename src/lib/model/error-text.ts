/**
 * The words a user reads for each failure: what happened, and what to do. One map, so that the wording is kept in one
 * voice; a tag that is missing falls back to the error's own message.
 */
import { type ErrorRecord } from './errors.ts';

export interface ErrorText {
  /** One sentence: what happened. */
  what: string;
  /** One sentence: what to do now. */
  remedy: string;
}

type Describe = (record: ErrorRecord) => ErrorText;

const texts: Record<string, Describe> = {
  aborted: () => ({ what: 'It was cancelled.', remedy: 'Start it again when you are ready.' }),
  'handshake-refused': () => ({
    what: 'The other side could not prove who it is, or is not a member of this project.',
    remedy: 'Check that both use the newest pairing link and that the device is a member.'
  }),
  'handshake-refused-by-peer': ({ details }) =>
    details?.reason === 'try-later'
      ? {
          what: 'The other side has closed its door for a minute after several failed attempts.',
          remedy: 'Wait a minute; it is tried again by itself.'
        }
      : {
          what: 'The other side refused the connection.',
          remedy:
            'It may not know yet that this device is a member: let an admin’s device connect, or pair again.'
        },
  'handshake-timeout': () => ({
    what: 'The other side was reached but did not finish the handshake.',
    remedy: 'It is tried again by itself; if it persists, check that both run the same version of Dendro.'
  }),
  'link-expired': () => ({
    what: 'The pairing link has expired.',
    remedy: 'Run `npx dendro node pair` on the node’s machine and open the new link.'
  }),
  'loopback-unreachable': ({ details }) => ({
    what: `No node answers at ${String(details?.url ?? 'this machine')}.`,
    remedy: 'Start it with `npm start`.'
  }),
  'no-candidate-pair': () => ({
    what: 'The other side answers, but no network path to it was found.',
    remedy:
      'Let both be in one network or VPN, allow UDP between them, or set up a relay (TURN) server in the settings.'
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
  'peer-closed': () => ({
    what: 'The connection to the other side ended.',
    remedy: 'It is made again by itself as soon as the other side can be reached.'
  }),
  'peer-silent': () => ({
    what: 'The other side no longer answers.',
    remedy: 'It is connected again by itself as soon as it can be reached.'
  }),
  'signalling-unreachable': ({ details }) => ({
    what: `The signalling server does not answer${details?.addresses ? ` (${String(details.addresses)})` : ''}.`,
    remedy: 'Start the node, or check the signalling address in the settings; it is tried again by itself.'
  })
};

/** What to show for a failure. */
export function describeError(record: ErrorRecord): ErrorText {
  const describe = Object.hasOwn(texts, record.tag) ? texts[record.tag] : undefined;
  if (describe) return describe(record);
  return { what: record.message, remedy: 'Try again; if it persists, copy the details into a report.' };
}
