/** A plot's data as a table for people who do not see the plot, and for copying. */
export interface PlotTable {
  columns: string[];
  rows: (string | number)[][];
  /** What is left out, such as "the first 1,000 of 18,204 spikes". */
  more?: string | undefined;
}
