/** What this node can run. */
import { TaggedError } from '#lib/model/errors.ts';
import { type JobDefinition, type ProcessorSpec } from '#lib/model/processor.ts';
import { engineProcessor } from '#lib/sorting/parameters.ts';

export const processors: readonly ProcessorSpec[] = [engineProcessor];

/** @throws TaggedError `processor-unknown` or `processor-version` */
export function findProcessor({ app, processor, version }: JobDefinition): ProcessorSpec {
  const found = processors.find((known) => known.app === app && known.name === processor);
  if (!found) throw new TaggedError('processor-unknown', `This node cannot run ${app}/${processor}.`);
  if (found.version !== version)
    throw new TaggedError(
      'processor-version',
      `The job asks for version ${version} of ${found.label}; this node has ${found.version}. Submit it again.`
    );
  return found;
}
