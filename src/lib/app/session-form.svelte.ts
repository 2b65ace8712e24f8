/** What the user says of a session, until it is used: the text of each field, and what is wrong with it. */
import { SvelteMap } from 'svelte/reactivity';
import { type SessionMetadata } from '#lib/model/recording.ts';
import { sessionMetadataOf, sessionProblem } from './session-fields.ts';

export class SessionForm {
  #texts = new SvelteMap<string, string>();
  /** Texts of what the recording says of itself, by the field's path: they hold where nothing else is said. */
  readonly own: Readonly<Record<string, string>>;

  constructor(start: Readonly<Record<string, string>> = {}, own: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(start)) this.#texts.set(path, text);
    this.own = own;
  }

  textOf(path: string): string {
    return this.#texts.get(path) ?? '';
  }
  setText(path: string, text: string): void {
    this.#texts.set(path, text);
  }
  problemOf(path: string): string | undefined {
    return sessionProblem(path, this.textOf(path));
  }
  get problemCount(): number {
    return [...this.#texts.keys()].filter((path) => this.problemOf(path)).length;
  }
  /** How many fields the user filled in. */
  get filledCount(): number {
    return [...this.#texts.values()].filter((text) => text.trim() !== '').length;
  }

  /**
   * What was filled in; undefined when nothing was.
   * @throws TaggedError `session-field-invalid` with the field's label.
   */
  finish(): SessionMetadata | undefined {
    return sessionMetadataOf(this.#texts);
  }
}
