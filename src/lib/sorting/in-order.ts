/** Runs many jobs a few at a time and gives their results in the jobs' order, so that no result depends on timing. */

export interface InOrderOptions<Key, Result> {
  run: (key: Key) => Promise<Result>;
  /** At most so many at once: bounds the memory that chunks in flight take. */
  limit: number;
  signal?: AbortSignal | undefined;
  onDone?: ((done: number) => void) | undefined;
  /** Takes each result in order as soon as it and all before it are there; results are then not kept. */
  onResult?: ((result: Result, key: Key) => void) | undefined;
}

/**
 * Results of `run` for every key, in order; empty where `onResult` takes them.
 * @throws the first failure, or the signal's reason; what is under way is waited for first.
 */
export async function runInOrder<Key, Result>(
  keys: Key[],
  { run, limit, signal, onDone, onResult }: InOrderOptions<Key, Result>
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = new Map<number, Result>();
  let next = 0;
  let handed = 0;
  let done = 0;
  let failed = false;
  const takeReady = () => {
    while (waiting.has(handed)) {
      const result = waiting.get(handed) as Result;
      waiting.delete(handed);
      const key = keys[handed++] as Key;
      if (onResult) onResult(result, key);
      else results.push(result);
    }
  };
  const work = async () => {
    try {
      while (next < keys.length && !failed) {
        signal?.throwIfAborted();
        const at = next++;
        waiting.set(at, await run(keys[at] as Key));
        takeReady();
        onDone?.(++done);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: Math.max(1, Math.min(limit, keys.length)) }, work)
  );
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
  signal?.throwIfAborted();
  return results;
}
