import { expect, it } from 'vitest';
import { type Command, findCommands, Palette } from '#lib/app/palette.svelte.ts';

const command = (part: Partial<Command> & { label: string }): Command => ({
  id: `${part.group ?? 'Go to'} ${part.label}`,
  group: 'Go to',
  action: { href: '/' },
  ...part
});
const commands: Command[] = [
  command({ label: 'Home' }),
  command({ label: 'Files', words: 'recordings' }),
  command({ label: 'Mouse 7', group: 'Projects', note: '2 recordings' }),
  command({ label: 'Sort mouse_7.nwb', group: 'Jobs', note: 'Done' }),
  command({ label: 'New project', group: 'Do', words: 'create' })
];
const labels = (text: string) =>
  findCommands(commands, text).map(({ group, commands: own }) => [group, own.map(({ label }) => label)]);

it('everything is offered by group while nothing is typed, and no group fills the list', () => {
  expect(labels('').map(([group]) => group)).toEqual(['Go to', 'Jobs', 'Projects', 'Do']);
  const many = Array.from({ length: 500 }, (_, index) => command({ label: `job ${index}`, group: 'Jobs' }));
  expect(
    findCommands([...many, ...commands], '').find(({ group }) => group === 'Jobs')?.commands
  ).toHaveLength(8);
});

it('each typed word must be somewhere; a name that begins with it comes first', () => {
  expect(labels('mouse')).toEqual([
    ['Projects', ['Mouse 7']],
    ['Jobs', ['Sort mouse_7.nwb']]
  ]);
  expect(labels('7 sort')).toEqual([['Jobs', ['Sort mouse_7.nwb']]]);
  expect(labels('MOUSE done')).toEqual([['Jobs', ['Sort mouse_7.nwb']]]);
  expect(labels('mouse nothing')).toEqual([]);
});

it('a command is found by its other words, its note and its group', () => {
  expect(labels('create')).toEqual([['Do', ['New project']]]);
  expect(labels('recordings')).toEqual([
    ['Go to', ['Files']],
    ['Projects', ['Mouse 7']]
  ]);
});

it('what a page offers is gone with it', () => {
  const palette = new Palette();
  const leave = palette.offer(() => [command({ label: 'New job', group: 'Here' })]);
  palette.offer(() => commands);
  expect(palette.find('new').map(({ group }) => group)).toEqual(['Here', 'Do']);
  leave();
  expect(palette.find('new').map(({ group }) => group)).toEqual(['Do']);
});
