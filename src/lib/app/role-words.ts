/** What each role is called and may do, in the words that people read. */
import { type Role } from '#lib/identity/person.ts';

export const roleWords: Record<Role, { label: string; article: 'a' | 'an'; may: string }> = {
  admin: {
    label: 'Admin',
    article: 'an',
    may: 'you may do everything, and invite, remove and give roles to people.'
  },
  editor: {
    label: 'Editor',
    article: 'an',
    may: 'you may add recordings, run jobs, write notes and delete files and jobs.'
  },
  viewer: { label: 'Viewer', article: 'a', may: 'you may look at everything and change nothing.' },
  compute: { label: 'Compute node', article: 'a', may: 'it runs the jobs that are given to it.' }
};

/** In the order in which they are offered to people. */
export type GivenRole = (typeof givenRoles)[number];
export const givenRoles = ['editor', 'viewer', 'admin'] as const satisfies readonly Role[];
