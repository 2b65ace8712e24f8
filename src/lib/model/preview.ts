/** A stretch of a recording as it is drawn: what the preview worker makes and the trace plot takes. */

/** How raw samples become what is drawn; the same steps as the sorting engine's. */
export interface PreviewFilter {
  /** Band-pass in Hz; undefined shows the stored samples, without reference and peaks. */
  band: { lowHz: number; highHz: number } | undefined;
  /** What is taken off all channels at each sample; auto is the engine's own choice. */
  reference: 'auto' | 'median' | 'mean' | 'none';
  /** Peaks of the whitened traces are marked beyond this many noise standard deviations; undefined marks none. */
  detectThreshold: number | undefined;
}

/** Peaks or spikes on channels, ascending in time; the three arrays have one length. */
export interface TraceMarks {
  /** Sample index in the recording. */
  samples: Float64Array;
  channels: Int32Array;
  /** Unit of each, or −1 for a detected peak without a unit. */
  units: Int32Array;
}

export interface TraceWindow {
  startSample: number;
  endSample: number;
  channelCount: number;
  /** 1: each point is a sample. More: each pair of points is the minimum and maximum, in order, of so many samples. */
  samplesPerBucket: number;
  /** Points a channel: samples, or two a bucket. */
  pointCount: number;
  /** µV, channels × points. */
  values: Float32Array<ArrayBuffer>;
  /** Detected peaks inside the window. */
  peaks: TraceMarks;
}

export const noMarks: TraceMarks = {
  samples: new Float64Array(0),
  channels: new Int32Array(0),
  units: new Int32Array(0)
};
