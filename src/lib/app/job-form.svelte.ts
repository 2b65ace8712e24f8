/** A job being asked for: its parameters, resources and the session's metadata, until it is submitted. */
import {
  type ParameterSpec,
  type ParameterValue,
  type ProcessorSpec,
  Resources
} from '#lib/model/processor.ts';
import { type SessionMetadata } from '#lib/model/recording.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { SvelteMap } from 'svelte/reactivity';
import * as v from 'valibot';
import {
  completeValues,
  defaultOf,
  groupParameters,
  parseParameter,
  sameValue,
  valueText,
  type ParameterGroup
} from './parameter-form.ts';
import { SessionForm } from './session-form.svelte.ts';

/** Values to begin with, such as those of a failed job that is to be changed and tried again. */
export interface JobFormStart {
  parameters?: Record<string, ParameterValue>;
  resources?: Resources;
  seed?: number;
  session?: Record<string, string>;
}

export type ResourceName = keyof Resources;

export class JobForm {
  readonly spec: ProcessorSpec;
  readonly groups: ParameterGroup[];
  readonly session: SessionForm;
  #texts = new SvelteMap<string, string>();
  #resourceTexts = new SvelteMap<ResourceName, string>();
  #seedText = $state(String(defaultSeed));

  constructor(spec: ProcessorSpec, start: JobFormStart = {}) {
    this.spec = spec;
    this.groups = groupParameters(spec);
    for (const parameter of spec.parameters) {
      const value = start.parameters?.[parameter.name];
      if (value !== undefined && !sameValue(value, defaultOf(parameter)))
        this.#texts.set(parameter.name, valueText(value));
    }
    if (start.resources)
      for (const name of resourceNames) this.#resourceTexts.set(name, String(start.resources[name]));
    if (start.seed !== undefined) this.#seedText = String(start.seed);
    this.session = new SessionForm(start.session);
  }

  textOf(parameter: ParameterSpec): string {
    return this.#texts.get(parameter.name) ?? valueText(defaultOf(parameter));
  }
  setText(parameter: ParameterSpec, text: string): void {
    const parsed = parseParameter(parameter, text);
    if (parsed.ok && sameValue(parsed.value, defaultOf(parameter))) this.#texts.delete(parameter.name);
    else this.#texts.set(parameter.name, text);
  }
  isChanged(name: string): boolean {
    return this.#texts.has(name);
  }
  reset(name: string): void {
    this.#texts.delete(name);
  }
  resetAll(): void {
    this.#texts.clear();
  }
  get changedCount(): number {
    return this.#texts.size;
  }
  problemOf(name: string): string | undefined {
    const parameter = this.spec.parameters.find((candidate) => candidate.name === name);
    const text = this.#texts.get(name);
    if (!parameter || text === undefined) return undefined;
    const parsed = parseParameter(parameter, text);
    return parsed.ok ? undefined : parsed.problem;
  }

  resourceText(name: ResourceName): string {
    return this.#resourceTexts.get(name) ?? String(this.spec.resources[name]);
  }
  setResourceText(name: ResourceName, text: string): void {
    this.#resourceTexts.set(name, text);
  }
  resourceProblem(name: ResourceName): string | undefined {
    const parsed = v.safeParse(Resources.entries[name], numberOf(this.resourceText(name)));
    return parsed.success ? undefined : parsed.issues[0].message;
  }

  /** Random numbers start from it: the same seed gives the same result. */
  get seedText(): string {
    return this.#seedText;
  }
  setSeedText(text: string): void {
    this.#seedText = text;
  }
  get seedProblem(): string | undefined {
    const seed = numberOf(this.#seedText);
    return Number.isSafeInteger(seed) && seed >= 0 ? undefined : 'A whole number, from 0.';
  }

  /** How many fields hold something that cannot be submitted. */
  get problemCount(): number {
    return (
      this.spec.parameters.filter(({ name }) => this.problemOf(name)).length +
      resourceNames.filter((name) => this.resourceProblem(name)).length +
      this.session.problemCount +
      (this.seedProblem ? 1 : 0)
    );
  }

  /**
   * What was asked for, checked.
   * @throws TaggedError `job-form-invalid` while a field has a problem.
   */
  finish(): {
    parameters: Record<string, ParameterValue>;
    resources: Resources;
    metadata: SessionMetadata | undefined;
    seed: number;
  } {
    const problems = this.problemCount;
    if (problems > 0) throw new TaggedError('job-form-invalid', 'a field is not valid', { problems });
    const resources = Object.fromEntries(
      resourceNames.map((name) => [name, numberOf(this.resourceText(name))])
    );
    return {
      parameters: completeValues(this.spec, this.#texts),
      resources: v.parse(Resources, resources),
      metadata: this.session.finish(),
      seed: numberOf(this.#seedText)
    };
  }
}

const defaultSeed = 1;
const resourceNames: ResourceName[] = ['numCpus', 'numGpus', 'memoryGb', 'timeSec'];

function numberOf(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}
