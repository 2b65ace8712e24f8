import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDeviceKeys, seal, verifySignature } from '#lib/identity/device-keys.ts';
import {
  decodeFields,
  encodeFields,
  fromBase64Url,
  fromHex,
  fromUint64,
  toBase64Url,
  toHex,
  uint64,
  utf8
} from '#lib/identity/encoding.ts';
import { hkdf, hmac, randomBytes, sha256, verifyHmac } from '#lib/identity/hash.ts';
import { formatPairingLink, type PairingLink, parsePairingLink } from '#lib/identity/links.ts';
import { pairingRoom, projectRoom } from '#lib/identity/rooms.ts';

const bytes = fc.uint8Array({ maxLength: 64 });

describe('encoding', () => {
  test('hex and base64url give back every value', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(fromHex(toHex(value))).toEqual(new Uint8Array(value));
        expect(fromBase64Url(toBase64Url(value))).toEqual(new Uint8Array(value));
      })
    );
  });

  test('different lists of fields never encode to the same bytes', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), fc.array(bytes, { maxLength: 4 }), (a, b) => {
        const equal =
          a.length === b.length && a.every((field, i) => toHex(field) === toHex(b[i] ?? new Uint8Array()));
        expect(toHex(encodeFields(...a)) === toHex(encodeFields(...b))).toBe(equal);
      })
    );
  });

  test('fields are read back, and any cut of them is refused', () => {
    const whole = encodeFields('a', 7, new Uint8Array([1, 2]));
    expect(decodeFields(whole, 3).map(toHex)).toEqual(['61', '0000000000000007', '0102']);
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeFields(whole.subarray(0, length), 3)).toThrow('field list');
    expect(() => decodeFields(whole, 2)).toThrow('field list');
  });

  test('numbers beyond 2^53 are refused', () => {
    expect(fromUint64(uint64(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => fromUint64(new Uint8Array(8).fill(255))).toThrow('number');
    expect(() => uint64(-1)).toThrow(RangeError);
  });

  test.each(['A', 'AB', 'a+b=', 'zz!'])('base64url %j is refused', (text) => {
    expect(() => fromBase64Url(text)).toThrow('base64url');
  });
});

describe('keys', () => {
  test('a signature holds for its bytes and device only', async () => {
    const [a, b] = [await createDeviceKeys(), await createDeviceKeys()];
    const signature = await a.sign(utf8('hello'));
    expect(await verifySignature(a.device, utf8('hello'), signature)).toBe(true);
    expect(await verifySignature(b.device, utf8('hello'), signature)).toBe(false);
    expect(await verifySignature(a.device, utf8('hallo'), signature)).toBe(false);
    expect(await verifySignature(a.device, utf8('hello'), signature.subarray(1))).toBe(false);
  });

  test('keys cannot be exported unless asked for', async () => {
    const keys = await createDeviceKeys();
    await expect(crypto.subtle.exportKey('pkcs8', keys.pairs.signing.privateKey)).rejects.toThrow();
  });

  test('a sealed message opens for its device only, and only unchanged', async () => {
    const [a, b] = [await createDeviceKeys(), await createDeviceKeys()];
    const sealed = await seal(a.sealingKey, utf8('secret'));
    expect(await a.unseal(sealed)).toEqual(utf8('secret'));
    await expect(b.unseal(sealed)).rejects.toMatchObject({ tag: 'unseal-failed' });
    const changed = sealed.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(a.unseal(changed)).rejects.toMatchObject({ tag: 'unseal-failed' });
  });
});

describe('derived secrets', () => {
  test('HKDF and HMAC agree with RFC 5869 and RFC 4231', async () => {
    // RFC 4231, test case 2.
    const mac = await hmac(utf8('Jefe'), utf8('what do ya want for nothing?'));
    expect(toHex(mac)).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
    expect(await verifyHmac(utf8('Jefe'), utf8('what do ya want for nothing?'), mac)).toBe(true);
    // RFC 5869, test case 3: no salt, no info.
    const okm = await hkdf(new Uint8Array(22).fill(0x0b), '', 42);
    expect(toHex(okm)).toMatch(/^8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d/);
    expect(toHex(await sha256(utf8('abc')))).toMatch(/^ba7816bf8f01cfea/);
  });

  test('a room differs by secret, epoch and purpose', async () => {
    const secret = randomBytes(32);
    const rooms = [await projectRoom(secret, 0), await projectRoom(secret, 1), await pairingRoom(secret)];
    rooms.push(await projectRoom(randomBytes(32), 0));
    expect(new Set(rooms.flatMap(({ name, password }) => [name, password])).size).toBe(8);
  });
});

describe('pairing links', () => {
  const link = async (): Promise<PairingLink> => ({
    v: 1,
    node: (await createDeviceKeys()).device,
    fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
    signalling: ['ws://localhost:4317/signal'],
    secret: toBase64Url(randomBytes(16)),
    expires: 1_800_000_000_000
  });

  test('one fragment works below any address, and alone', async () => {
    const original = await link();
    const text = formatPairingLink('http://localhost:4317', original);
    expect(parsePairingLink(text)).toEqual(original);
    expect(parsePairingLink(text.replace('http://localhost:4317', 'https://lab.example'))).toEqual(original);
    expect(parsePairingLink(` ${text.split('#')[1] ?? ''}\n`)).toEqual(original);
  });

  test.each([
    ['an empty text', ''],
    ['a page without fragment', 'http://localhost:4317/pair'],
    ['an endless fragment', `#${'A'.repeat(100_000)}`],
    ['a fragment that is no JSON', '#AAAA']
  ])('%s is refused', (_name, text) => {
    expect(() => parsePairingLink(text)).toThrow(expect.objectContaining({ tag: 'link-invalid' }));
  });

  test('a signalling address that is no WebSocket is refused', async () => {
    const bad = { ...(await link()), signalling: ['javascript:alert(1)'] };
    expect(() => parsePairingLink(formatPairingLink('', bad))).toThrow(
      expect.objectContaining({ tag: 'link-invalid' })
    );
  });
});
