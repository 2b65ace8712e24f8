/** How much of one kind a peer may ask for: so many at once, and one more in each time (a token bucket). */

export interface BudgetOptions {
  readonly burst: number;
  readonly eachMs: number;
}

export class Budget {
  readonly #options: BudgetOptions;
  #left: number;
  #refilledAt = performance.now();

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#left = options.burst;
  }

  /** Whether there is one left; takes it. */
  spend(): boolean {
    const now = performance.now();
    const { burst, eachMs } = this.#options;
    this.#left = Math.min(burst, this.#left + (now - this.#refilledAt) / eachMs);
    this.#refilledAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
