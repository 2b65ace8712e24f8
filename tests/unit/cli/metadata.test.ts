import { describe, expect, test } from 'vitest';
import { parseMetadata } from '../../../compute-node/cli/metadata.ts';

describe('metadata files', () => {
  test('use NWB’s names, and dates stay text', () => {
    const text = `
NWBFile:
  session_start_time: 2026-03-01T10:00:00+01:00
  experimenter: ["Doe, Jane"]
Subject: {subject_id: M7, species: Mus musculus}
`;
    expect(parseMetadata(text, 'm.yaml')).toEqual({
      NWBFile: { session_start_time: '2026-03-01T10:00:00+01:00', experimenter: ['Doe, Jane'] },
      Subject: { subject_id: 'M7', species: 'Mus musculus' }
    });
  });

  test('may be empty', () => {
    expect(parseMetadata('', 'm.yaml')).toEqual({});
  });

  test.each([
    ['Subject: {subjectid: M7}', 'Subject.subjectid'],
    ['Sbject: {}', 'Sbject'],
    ['NWBFile: {experimenter: Jane}', 'NWBFile.experimenter'],
    ['NWBFile: {session_start_time: yesterday}', 'NWBFile.session_start_time'],
    ['- a', 'the top level'],
    ['a: [', 'not YAML'],
    ['__proto__: {polluted: 1}', '__proto__']
  ])('%j is refused by the name of what is wrong', (text, field) => {
    expect(() => parseMetadata(text, 'm.yaml')).toThrow(field);
    expect(() => parseMetadata(text, 'm.yaml')).toThrow(expect.objectContaining({ tag: 'usage' }));
  });
});
