/** What the app shows of a project's connections: one union, with the failing step named. */
import { type ErrorRecord } from '../model/errors.ts';

/** The step of connecting that failed; each has its own words in error-text.ts. */
export type FailingStep =
  'no-meeting-place' | 'signalling-unreachable' | 'no-candidate-pair' | 'handshake-refused';

export type SyncStatus =
  | { readonly state: 'stopped' }
  /** Reaching the signalling server, or a peer that answered there. */
  | { readonly state: 'connecting' }
  /** The signalling server is reached; nobody else is in the room. */
  | { readonly state: 'alone' }
  | { readonly state: 'connected'; readonly devices: number }
  /** Nobody is connected and the last attempt failed at `step`; it is tried again by itself. */
  | { readonly state: 'failing'; readonly step: FailingStep; readonly error: ErrorRecord };
