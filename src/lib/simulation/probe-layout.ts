/** Contacts in a regular layout: shanks of columns and rows. */
import { type Contact, type Probe } from '#lib/model/recording.ts';

export interface ProbeLayout {
  name: string;
  shanks?: number;
  columns: number;
  rows: number;
  columnPitchUm: number;
  rowPitchUm: number;
  shankPitchUm?: number;
}

/** A probe of shanks × rows × columns contacts, in that order; ids count from 0. */
export function layOutProbe(layout: ProbeLayout): Probe {
  const { name, shanks = 1, columns, rows, columnPitchUm, rowPitchUm, shankPitchUm = 0 } = layout;
  const contacts: Contact[] = [];
  for (let shank = 0; shank < shanks; shank++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        contacts.push({
          id: String(contacts.length),
          x: shank * shankPitchUm + column * columnPitchUm,
          y: row * rowPitchUm,
          shank
        });
  return { name, contacts, origin: 'layout' };
}
