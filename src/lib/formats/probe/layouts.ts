/** Simple probe layouts, for recordings that come without channel positions. */
import { type Probe } from '../../model/recording.ts';

const assumedPitchUm = 20;

/** One column from the tip upwards. */
export function linearProbe(
  channelCount: number,
  options: { pitchUm?: number; origin?: 'layout' | 'assumed' } = {}
): Probe {
  const { pitchUm = assumedPitchUm, origin = 'assumed' } = options;
  return gridProbe({ channelCount, columns: 1, pitchXUm: 0, pitchYUm: pitchUm, origin });
}

/** Groups of four in squares, each on a shank of its own, 200 µm apart. */
export function tetrodeProbe(channelCount: number, options: { sideUm?: number } = {}): Probe {
  const { sideUm = 20 } = options;
  const contacts = Array.from({ length: channelCount }, (_, i) => {
    const shank = Math.floor(i / 4);
    return { id: String(i), x: shank * 200 + (i % 2) * sideUm, y: Math.floor((i % 4) / 2) * sideUm, shank };
  });
  return { contacts, origin: 'layout' };
}

export interface GridLayout {
  channelCount: number;
  columns: number;
  pitchXUm: number;
  pitchYUm: number;
  origin?: 'layout' | 'assumed';
}

/** Rows from the tip upwards, each filled from left to right. */
export function gridProbe({
  channelCount,
  columns,
  pitchXUm,
  pitchYUm,
  origin = 'layout'
}: GridLayout): Probe {
  const contacts = Array.from({ length: channelCount }, (_, i) => ({
    id: String(i),
    x: (i % columns) * pitchXUm,
    y: Math.floor(i / columns) * pitchYUm,
    shank: 0
  }));
  return { contacts, origin };
}
