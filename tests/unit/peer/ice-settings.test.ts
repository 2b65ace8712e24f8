import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseServeConfig } from '../../../compute-node/config.ts';
import { parseIceSettings, problemOfServer, rtcOptionsOf } from '#lib/peer/ice-settings.ts';

const relay = { url: 'turn:relay.example.org:3478', username: '1700000000:anna', credential: 's' };

describe('ICE servers', () => {
  test.each(['turn:relay.example.org', 'turn:10.0.0.1:3478?transport=tcp', 'turns:[fd00::1]:5349'])(
    '%s with its user is taken',
    (url) => {
      expect(problemOfServer({ ...relay, url })).toBeUndefined();
    }
  );

  test.each([
    '',
    'relay.example.org',
    'https://relay.example.org',
    'turn:relay.example.org:70000',
    'turn:relay.example.org:3478?transport=sctp',
    'stun:a b',
    'turn:user@relay.example.org'
  ])('"%s" is refused with an example', (url) => {
    expect(problemOfServer({ ...relay, url })).toMatch(/turn:HOST:PORT/);
  });

  test('a relay needs its user, a STUN server none', () => {
    expect(problemOfServer({ ...relay, credential: '' })).toMatch(/password/);
    expect(problemOfServer({ url: 'stun:10.0.0.1', username: '', credential: '' })).toBeUndefined();
  });

  test('through a relay only takes a relay', () => {
    const stun = { url: 'stun:10.0.0.1' };
    expect(() => parseIceSettings({ servers: [stun], relayOnly: true })).toThrow(/relay \(turn:\)/);
    expect(rtcOptionsOf(parseIceSettings({ servers: [relay, stun], relayOnly: true }))).toEqual({
      iceServers: [{ urls: relay.url, username: relay.username, credential: 's' }, { urls: 'stun:10.0.0.1' }],
      relayOnly: true
    });
  });

  test.each([undefined, null, 7, { servers: 'x' }, { servers: Array(9).fill(relay) }, { servers: [{}] }])(
    '%j is refused',
    (value) => {
      expect(() => parseIceSettings(value)).toThrow(expect.objectContaining({ tag: 'ice-invalid' }));
    }
  );
});

test('the node reads them from a file, and says what is wrong with it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dendro-ice-'));
  const file = join(folder, 'ice.json');
  writeFileSync(file, JSON.stringify({ servers: [relay] }));
  expect(parseServeConfig(['--ice-servers', file]).ice).toEqual({ servers: [relay], relayOnly: false });
  writeFileSync(file, JSON.stringify({ servers: [relay], relayOnly: true }));
  expect(() => parseServeConfig(['--ice-servers', file])).toThrow(/set it in the app/);
  writeFileSync(file, '{"servers": [{"url": "relay"}]}');
  expect(() => parseServeConfig(['--ice-servers', file])).toThrow(/turn:HOST:PORT/);
  expect(() => parseServeConfig(['--ice-servers', join(folder, 'none')])).toThrow(/ENOENT/);
  rmSync(folder, { recursive: true });
});
