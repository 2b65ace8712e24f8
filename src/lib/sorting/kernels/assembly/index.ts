/**
 * The engine's inner loops. Traces are float32, channels × samples; addresses are in bytes. All that is added up is
 * added in an order that the data does not change, and no relaxed instruction is used: results are the same everywhere.
 */

export { bandPass } from './band-pass';
export { holdFinite, scaleCounts, subtractMedian, thin, weightedSum } from './prepare';
export { addStretches, convolve, correlateLags, largestInto, nextBeyond, subtractWaveform } from './spikes';
