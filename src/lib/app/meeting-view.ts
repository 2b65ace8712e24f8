/** How a project's connections stand, in words: whom this device is connected to, or which step fails and what to do. Pure. */
import { describeError } from '#lib/model/error-text.ts';
import { type SyncStatus } from '#lib/sync/sync-status.ts';

export interface MeetingView {
  readonly text: string;
  /** What to do, where something fails. */
  readonly remedy?: string;
  /** Whether it matters on every page, and not only to who asks. */
  readonly matters?: boolean;
}

export function meetingView(status: SyncStatus | undefined): MeetingView {
  switch (status?.state) {
    case 'connected':
      return {
        text: `Connected to ${status.devices === 1 ? 'one other device' : `${status.devices} devices`}.`
      };
    case 'alone':
      return { text: 'Nobody else is online now. What you do is kept, and goes to them when they are.' };
    case 'connecting':
      return { text: 'Looking for the others…' };
    case 'failing': {
      const { what, remedy } = describeError(status.error);
      return { text: what, remedy, matters: status.error.details?.reason === 'removed' };
    }
    default:
      return { text: 'Not connected.' };
  }
}
