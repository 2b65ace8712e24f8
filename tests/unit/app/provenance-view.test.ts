import { expect, test } from 'vitest';
import { type FileItem, type JobItem } from '#lib/app/project-items.ts';
import { newestProvenance } from '#lib/app/provenance-view.ts';

const fileItem = (id: string) => ({ id, name: id }) as unknown as FileItem;
const jobItem = (number: number) =>
  ({
    id: `job ${number}`,
    submittedAt: number,
    inputs: [`in ${number}`],
    outputs: [`out ${number}`, `of another project ${number}`]
  }) as unknown as JobItem;
const project = (count: number) => {
  const numbers = Array.from({ length: count }, (_, number) => number);
  return {
    files: numbers.flatMap((number) => [fileItem(`in ${number}`), fileItem(`out ${number}`)]),
    jobs: numbers.map(jobItem)
  };
};

test('a small project is shown whole', () => {
  const { files, jobs } = project(20);
  expect(newestProvenance(files, jobs)).toEqual({ files, jobs });
});

test('of a large one the newest jobs are shown, each with all that it was made of and made', () => {
  const { files, jobs } = project(1000);
  const shown = newestProvenance(files, jobs);
  expect(shown.jobs.map(({ id }) => id)).toEqual(jobs.slice(-20).map(({ id }) => id));
  expect(shown.files.map(({ id }) => id)).toEqual(files.slice(-40).map(({ id }) => id));
});

test('files without a job fill what is left, the newest first', () => {
  const files = Array.from({ length: 500 }, (_, number) => fileItem(`in ${number}`));
  const shown = newestProvenance(files, [jobItem(3)]);
  expect(shown.jobs).toHaveLength(1);
  expect(shown.files).toHaveLength(59);
  expect(shown.files.map(({ id }) => id)).toContain('in 3');
  expect(shown.files.at(-1)?.id).toBe('in 499');
});
