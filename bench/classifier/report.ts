// What bench/train-classifier.py reports.
import * as v from 'valibot';

const counts = v.object({ noise: v.number(), multi: v.number(), single: v.number() });
const Judgement = v.object({
  balancedAccuracy: v.number(),
  /** Of noise, multi and single. */
  recalls: v.array(v.number()),
  /** True classes × said classes. */
  confusion: v.array(v.array(v.number()))
});

export const TrainingReport = v.object({
  counts: v.object({ training: counts, 'held-out': counts }),
  recordings: v.object({ training: v.number(), 'held-out': v.number() }),
  tried: v.array(v.object({ name: v.string(), mean: v.number(), deviation: v.number() })),
  chosen: v.string(),
  modelBytes: v.number(),
  classifier: Judgement,
  rules: v.object({ ...Judgement.entries, thresholds: v.array(v.string()) }),
  byKind: v.record(v.string(), v.object({ units: v.number(), classifier: v.number(), rules: v.number() })),
  calibration: v.array(v.object({ from: v.number(), to: v.number(), units: v.number(), right: v.number() })),
  importances: v.array(v.object({ feature: v.string(), lost: v.number() })),
  check: v.object({
    features: v.array(v.array(v.nullable(v.number()))),
    probabilities: v.array(v.array(v.number()))
  })
});
export type TrainingReport = v.InferOutput<typeof TrainingReport>;
