import { expect, test } from 'vitest';
import { companions } from '#lib/app/companions.ts';
import { type DeviceId, type PersonId } from '#lib/model/ids.ts';
import { readViewAddress } from '#lib/app/view-address.ts';
import { emptyState, type ProjectState } from '#lib/project/project-state.ts';

const file = 'ab'.repeat(16);
const id = (byte: string, bytes: number) => byte.repeat(bytes);
const member = (byte: string, name: string, role: 'admin' | 'viewer' | 'compute' = 'viewer') => ({
  person: id(byte, 16) as PersonId,
  name,
  role,
  color: 0,
  founder: false,
  devices: [{ device: id(byte, 32) as DeviceId, sealingKey: id(byte, 32) as never, name: 'laptop' }]
});
const state: ProjectState = {
  ...emptyState(id('0f', 32) as ProjectState['id']),
  members: [member('0a', 'Anna', 'admin'), member('0b', 'Bob'), member('0c', 'lab-gpu', 'compute')],
  files: [{ file, name: 'sorting.nwb' } as never]
};
const at = (byte: string, presence: object) => ({ device: id(byte, 32) as DeviceId, presence });

test('others are shown with the page and the file that they look at, oneself and nodes are not', () => {
  const shown = [at('0a', {}), at('0b', { place: 'sortings', focus: file }), at('0c', { place: 'jobs' })];
  expect(companions(state, shown, id('0a', 16) as PersonId)).toEqual([
    {
      person: id('0b', 16),
      name: 'Bob',
      where: 'Units: sorting.nwb',
      href: `/p/${state.id}/sortings/${file}`,
      focus: file
    }
  ]);
});

test('a unit and a time are named, and the link leads to them', () => {
  const [ben] = companions(
    state,
    [at('0b', { place: 'sortings', focus: file, unit: 7, seconds: 12.4 })],
    undefined
  );
  expect(ben?.where).toBe('Units: sorting.nwb · unit 7 · 12.40 s');
  const { searchParams } = new URL(ben?.href ?? '', 'http://localhost');
  const { view, units } = readViewAddress(searchParams);
  expect(units).toEqual([7]);
  expect((view.startSeconds ?? 0) + (view.spanSeconds ?? 0) / 2).toBeCloseTo(12.4, 3);
});

test('a place or an id that is not known here leads to the nearest page that is', () => {
  const hrefs = [
    at('0b', { place: 'files', focus: '../../pair' }),
    at('0b', { place: 'javascript:alert(1)' }),
    at('0b', { place: 'jobs', focus: 'cd'.repeat(16) })
  ].map((shown) => companions(state, [shown], undefined)[0]?.href);
  expect(hrefs).toEqual([`/p/${state.id}/files`, `/p/${state.id}`, `/p/${state.id}/jobs`]);
});

test('a stranger’s presence is not shown', () => {
  expect(companions(state, [at('0d', { place: 'files' })], undefined)).toEqual([]);
});
