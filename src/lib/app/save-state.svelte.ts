/** Whether what was done in a project is on this device's disk yet. */
import { TaggedError } from '#lib/model/errors.ts';

export class SaveState {
  readonly #flush: () => Promise<void>;
  #unsaved = $state(0);
  #error = $state.raw<unknown>(undefined);

  /** @param flush resolves when everything is stored */
  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  get text(): string {
    if (this.#error !== undefined) return 'Not saved: the browser refuses to store it';
    return this.#unsaved > 0 ? 'Saving' : 'Saved here';
  }

  /** Does something and stores it. */
  async run<Value>(task: () => Promise<Value>): Promise<Value> {
    this.#unsaved++;
    try {
      const value = await task();
      await this.#flush();
      this.#error = undefined;
      return value;
    } catch (error) {
      if (!(error instanceof TaggedError)) this.#error = error;
      throw error;
    } finally {
      this.#unsaved--;
    }
  }
}
