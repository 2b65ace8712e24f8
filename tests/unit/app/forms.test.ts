import { describe, expect, it } from 'vitest';
import { completeValues, groupParameters, parseParameter } from '#lib/app/parameter-form.ts';
import { sessionMetadataOf, sessionProblem } from '#lib/app/session-fields.ts';
import { type ParameterSpec, type ProcessorSpec } from '#lib/model/processor.ts';

const spec = (parameters: ParameterSpec[]): ProcessorSpec => ({
  app: 'a',
  name: 'p',
  version: '1',
  label: 'P',
  description: '',
  inputs: [],
  outputs: [],
  parameters,
  resources: { numCpus: 1, numGpus: 0, memoryGb: 1, timeSec: 60 }
});
const parameter = (changes: Partial<ParameterSpec>): ParameterSpec => ({
  name: 'x',
  description: '',
  type: 'float',
  ...changes
});

describe('a processor’s parameters as a form', () => {
  it('are grouped in the order of the spec', () => {
    const groups = groupParameters(
      spec([
        parameter({ name: 'a', group: 'Filter' }),
        parameter({ name: 'b' }),
        parameter({ name: 'c', group: 'Filter' })
      ])
    );
    expect(groups.map(({ label, parameters }) => [label, parameters.map(({ name }) => name)])).toEqual([
      ['General', ['b']],
      ['Filter', ['a', 'c']]
    ]);
  });

  it('refuse a number outside its range, naming the range', () => {
    const count = parameter({ type: 'int', min: 1, max: 20 });
    expect(parseParameter(count, '21')).toEqual({ ok: false, problem: 'Whole number, 1 to 20.' });
    expect(parseParameter(count, '2.5').ok).toBe(false);
    expect(parseParameter(count, '').ok).toBe(false);
    expect(parseParameter(count, '5')).toEqual({ ok: true, value: 5 });
  });

  it('let an optional value be empty', () => {
    expect(parseParameter(parameter({ type: 'Optional[float]' }), ' ')).toEqual({ ok: true, value: null });
  });

  it('keep the type of an option', () => {
    expect(parseParameter(parameter({ type: 'int', options: [1, 2] }), '2')).toEqual({ ok: true, value: 2 });
  });

  it('read lists', () => {
    expect(parseParameter(parameter({ type: 'List[int]' }), '1, 2 3')).toEqual({
      ok: true,
      value: [1, 2, 3]
    });
    expect(parseParameter(parameter({ type: 'List[int]' }), '1, b').ok).toBe(false);
  });

  it('are complete in a job: changes over defaults', () => {
    const values = completeValues(
      spec([parameter({ name: 'a', default: 1 }), parameter({ name: 'b', default: 2 })]),
      new Map([['b', '5']])
    );
    expect(values).toEqual({ a: 1, b: 5 });
  });
});

describe('session metadata', () => {
  it('holds only what was said', () => {
    expect(sessionMetadataOf(new Map([['Subject.species', ' ']]))).toBeUndefined();
    expect(
      sessionMetadataOf(
        new Map([
          ['Subject.subject_id', 'm7'],
          ['NWBFile.experimenter', 'Berg, Anna; Li, Jo']
        ])
      )
    ).toEqual({ Subject: { subject_id: 'm7' }, NWBFile: { experimenter: ['Berg, Anna', 'Li, Jo'] } });
  });

  it('wants a session start with its time zone', () => {
    expect(sessionProblem('NWBFile.session_start_time', '2026-03-14T09:30')).toMatch('time zone');
    expect(sessionProblem('NWBFile.session_start_time', '2026-03-14T09:30:00+01:00')).toBeUndefined();
  });

  it('refuses what NWB would', () => {
    expect(sessionProblem('Subject.sex', 'male')).toBeDefined();
    expect(sessionProblem('Subject.age', '90 days')).toBeDefined();
    expect(sessionProblem('Subject.age', 'P90D')).toBeUndefined();
  });
});
