/** A typed Svelte context: state classes are handed down the component tree, never through module globals. */
import { getContext, hasContext, setContext } from 'svelte';

export interface AppContext<Value> {
  provide(value: Value): Value;
  /** @throws Error when no component above provides it: a fault of the program. */
  use(): Value;
}

export function appContext<Value>(name: string): AppContext<Value> {
  const key = Symbol(name);
  return {
    provide: (value) => setContext(key, value),
    use: () => {
      if (!hasContext(key)) throw new Error(`no ${name} is provided above this component`);
      return getContext<Value>(key);
    }
  };
}
