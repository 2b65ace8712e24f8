import { createRawSnippet } from 'svelte';
import { expect, test } from 'vitest';
import { render } from 'vitest-browser-svelte';
import GrowingList from '#lib/components/GrowingList.svelte';

interface Row {
  id: string;
  name: string;
}

const recordings = (count: number): Row[] =>
  Array.from({ length: count }, (_, at) => ({ id: `r${at}`, name: `Recording ${at}` }));

const row = createRawSnippet((item: () => Row) => ({
  render: () => `<li style="height: 60px">${item().name}</li>`
}));

const list = (items: Row[], wanted?: string) =>
  render(GrowingList<Row>, { items, nameOf: ({ name }: Row) => name, row, wanted });

test('a short list is shown whole, without a search field', async () => {
  const screen = await list(recordings(40));
  await expect.element(screen.getByRole('listitem').nth(39)).toBeInTheDocument();
  await expect.element(screen.getByRole('searchbox')).not.toBeInTheDocument();
  await expect.element(screen.getByRole('button')).not.toBeInTheDocument();
});

test('of a long list the rest comes as its end comes near, until everything is there', async () => {
  const screen = await list(recordings(100));
  const rows = screen.getByRole('listitem');
  await expect.poll(() => rows.length).toBe(40);
  rows.nth(39).element().scrollIntoView();
  await expect.poll(() => rows.length).toBe(80);
  rows.nth(79).element().scrollIntoView();
  await expect.poll(() => rows.length).toBe(100);
  await expect.element(screen.getByRole('button')).not.toBeInTheDocument();
});

test('the button shows more to who does not scroll', async () => {
  const screen = await list(recordings(100));
  await expect.element(screen.getByRole('button')).toHaveTextContent('Show more of 60');
  screen
    .getByRole('button')
    .element()
    .dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await expect.poll(() => screen.getByRole('listitem').length).toBeGreaterThanOrEqual(80);
});

test('a wanted item is shown wherever it stands', async () => {
  const screen = await list(recordings(200), 'r150');
  await expect.element(screen.getByText('Recording 150', { exact: true })).toBeInTheDocument();
  await expect.element(screen.getByText('Recording 151', { exact: true })).not.toBeInTheDocument();
});

test('the search finds what is not shown yet, and says how many', async () => {
  const screen = await list(recordings(1000));
  await screen.getByRole('searchbox').fill('RECORDING 99');
  await expect.element(screen.getByRole('status')).toHaveTextContent('11 of 1000');
  await expect.element(screen.getByText('Recording 999', { exact: true })).toBeInTheDocument();
  await screen.getByRole('searchbox').fill('no such');
  await expect.element(screen.getByRole('status')).toHaveTextContent('0 of 1000');
  expect(screen.getByRole('listitem').length).toBe(0);
});
