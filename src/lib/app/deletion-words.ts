/** A deletion in plain words. */
import { type RecordItem } from '#lib/project/deletions.ts';
import { type FileItem, type JobItem } from './project-items.ts';

interface Going {
  files: readonly FileItem[];
  jobs: readonly JobItem[];
}

/** "1 job and 2 results"; nothing: the empty text. */
export function goneWords({ files, jobs }: Going): string {
  const results = files.filter(({ kind }) => kind === 'result').length;
  return [
    counted(files.length - results, 'recording'),
    counted(jobs.length, 'job'),
    counted(results, 'result')
  ]
    .filter((part) => part !== undefined)
    .join(' and ');
}

/** "day3.nwb, with 1 job and 2 results". */
export function allWords(item: RecordItem, { files, jobs }: Going): string {
  const name =
    item.kind === 'file'
      ? files.find(({ id }) => id === item.id)?.name
      : jobs.find(({ id }) => id === item.id)?.label;
  const also = goneWords({
    files: files.filter(({ id }) => id !== item.id),
    jobs: jobs.filter(({ id }) => id !== item.id)
  });
  return `${name ?? 'It'}${also && `, with ${also}`}`;
}

function counted(count: number, word: string): string | undefined {
  return count === 0 ? undefined : count === 1 ? `1 ${word}` : `${count} ${word}s`;
}
