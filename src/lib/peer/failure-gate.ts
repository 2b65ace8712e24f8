/**
 * Five failed handshakes a minute from one address or pairing link close the door for a minute: guessing costs time,
 * and a broken peer cannot keep this side busy.
 */
const windowMs = 60_000;
const allowedFailures = 5;
const trackedKeys = 10_000;

export class FailureGate {
  readonly #now: () => number;
  readonly #failures = new Map<string, number[]>();

  constructor(now: () => number = () => Date.now()) {
    this.#now = now;
  }

  /** Whether another attempt from this address or link is let in now. */
  admits(key: string): boolean {
    return this.#recent(key).length < allowedFailures;
  }

  recordFailure(key: string): void {
    const recent = this.#recent(key);
    // The door closes for a minute from the last failure: all five count from then.
    recent.push(this.#now());
    const kept = recent.length >= allowedFailures ? recent.map(() => this.#now()) : recent;
    this.#failures.delete(key);
    this.#failures.set(key, kept.slice(-allowedFailures));
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > trackedKeys && oldest !== undefined) this.#failures.delete(oldest);
  }

  #recent(key: string): number[] {
    const since = this.#now() - windowMs;
    return (this.#failures.get(key) ?? []).filter((time) => time > since);
  }
}
