import { expect, it } from 'vitest';
import { meetingPlaces } from '#lib/app/meeting-places.ts';
import { joinConsole } from '#lib/app/live-jobs.svelte.ts';
import { type DeviceId } from '#lib/model/ids.ts';

it('console lines that a late subscriber is sent again are not doubled', () => {
  const first = joinConsole(undefined, { firstLine: 0, lines: ['a', 'b', 'c'] });
  expect(joinConsole(first, { firstLine: 1, lines: ['b', 'c', 'd'] })).toEqual({
    firstLine: 0,
    lines: ['a', 'b', 'c', 'd']
  });
});

it('console lines after a gap begin anew, with the number of the first', () => {
  const first = joinConsole(undefined, { firstLine: 0, lines: ['a'] });
  expect(joinConsole(first, { firstLine: 7, lines: ['h'] })).toEqual({ firstLine: 7, lines: ['h'] });
});

it('console lines of a new attempt replace those of the one before', () => {
  const first = joinConsole(undefined, { firstLine: 0, lines: ['a', 'b'] });
  expect(joinConsole(first, { firstLine: 0, lines: ['x'] })).toEqual({ firstLine: 0, lines: ['x'] });
});

const device = 'ab'.repeat(32) as DeviceId;
const node = { id: device, signalling: ['ws://localhost:4317/signal'] };
const project = { named: [], signalling: [], introducers: [] };

it('the node that served the page is met by its socket too, and takes bytes by HTTP', () => {
  const places = meetingPlaces({
    project,
    nodes: [node],
    origin: 'http://localhost:4317',
    forceDataChannel: false
  });
  expect(places.loopback).toEqual({ url: 'ws://localhost:4317/peer', device });
  expect(places.httpDevice).toEqual({ device, origin: 'http://localhost:4317' });
  expect(places.signalling).toEqual(['ws://localhost:4317/signal']);
});

it('forced data channels, and pages from elsewhere, go by WebRTC alone', () => {
  for (const [origin, forceDataChannel] of [
    ['http://localhost:4317', true],
    ['https://app.example', false]
  ] as const) {
    const places = meetingPlaces({ project, nodes: [node], origin, forceDataChannel });
    expect(places.loopback).toBeUndefined();
    expect(places.httpDevice).toBeUndefined();
  }
});
