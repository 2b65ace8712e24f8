import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import UnitTable from '#lib/components/UnitTable.svelte';
import { type UnitColumn, type UnitSort } from '#lib/components/unit-table-model.ts';

const columns: UnitColumn[] = [
  { key: 'class', label: 'Class', description: 'What it is', kind: 'text', width: 52 }
];
const rows = [
  { unit: 0, color: 0, values: { class: 'single' }, hints: { class: 'probability 0.93' } },
  { unit: 1, color: 1, values: {} }
];

it('shows a class, its probability as a tooltip and to screen readers, and asks to sort by it', async () => {
  const asked: UnitSort[] = [];
  await render(
    UnitTable as never,
    {
      rows,
      columns,
      selected: [],
      sort: { key: 'unit', descending: false },
      filter: '',
      onselect: () => {},
      onsort: (sort: UnitSort) => void asked.push(sort),
      onfilter: () => {}
    } as never
  );
  const cell = page.getByRole('gridcell', { name: 'single probability 0.93' });
  await expect.element(cell).toHaveAttribute('title', 'probability 0.93');
  await expect.element(page.getByRole('gridcell', { name: '–' })).toBeVisible();
  await page.getByRole('button', { name: 'Class' }).click();
  expect(asked).toEqual([{ key: 'class', descending: true }]);
});
