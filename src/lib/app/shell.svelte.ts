/** What the app's frame shows: the breadcrumb, the places of the rail and the status line, as each page sets them. */
import { type Component } from 'svelte';
import { appContext } from './context.ts';

export interface Place {
  label: string;
  href: string;
  icon: Component<{ size?: number; 'aria-hidden'?: 'true' }>;
  /** How much is new there. */
  unread?: number;
}
export interface Crumb {
  label: string;
  href?: string;
}

export interface ShellPerson {
  person: string;
  name: string;
  where: string;
  href: string;
}

export class Shell {
  #crumbs = $state.raw<Crumb[]>([]);
  #places = $state.raw<Place[]>([]);
  #people = $state.raw<ShellPerson[]>([]);
  #status = $state<string | undefined>(undefined);

  get crumbs(): Crumb[] {
    return this.#crumbs;
  }
  /** Places beside Home and Open, such as those of the project one is in. */
  get places(): Place[] {
    return this.#places;
  }
  /** One quiet line at the right of the top bar, such as "Saved here". */
  get status(): string | undefined {
    return this.#status;
  }

  /** Who else is here, for the top bar. */
  get people(): ShellPerson[] {
    return this.#people;
  }
  setPeople(people: ShellPerson[]): void {
    this.#people = people;
  }

  setCrumbs(crumbs: Crumb[]): void {
    this.#crumbs = crumbs;
  }
  /** Shows places in the rail. Returns the cleanup, to be returned from the page's `$effect`. */
  showPlaces(places: Place[]): () => void {
    this.#places = places;
    return () => {
      if (this.#places === places) this.#places = [];
    };
  }
  setStatus(status: string | undefined): void {
    this.#status = status;
  }
}

export const shellContext = appContext<Shell>('Shell');
