/**
 * What this person shows the others of where they look: the page, and there the unit and the time. Told at most ten times
 * a second, and only what changed.
 */
import { type Presence } from '#lib/sync/presence.ts';

/** Half of what peers take in (sync-gate.ts). */
const leastMs = 100;

export type Spot = Pick<Presence, 'unit' | 'seconds'>;

export class ShownPlace {
  readonly #tell: (presence: Presence) => void;
  #page: Presence = {};
  #spot: Spot = {};
  #told = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (presence: Presence) => void) {
    this.#tell = tell;
  }

  /** A page of the project, with the file or job that it is about; what was looked at on another page is over. */
  open(place: string | undefined, focus: string | undefined): void {
    if (place !== this.#page.place || focus !== this.#page.focus) this.#spot = {};
    this.#page = { ...(place && { place }), ...(focus && { focus }) };
    this.#soon();
  }

  /** Where on the page one looks. */
  lookAt({ unit, seconds }: Spot): void {
    this.#spot = {
      ...(unit !== undefined && { unit }),
      ...(seconds !== undefined && { seconds: Number(seconds.toFixed(3)) })
    };
    this.#soon();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** At once, unless that would be too soon after the last time. */
  #soon(): void {
    if (this.#timer !== undefined) return;
    const presence = { ...this.#page, ...this.#spot };
    const words = JSON.stringify(presence);
    if (words === this.#told) return;
    this.#told = words;
    this.#tell(presence);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#soon();
    }, leastMs);
  }
}
