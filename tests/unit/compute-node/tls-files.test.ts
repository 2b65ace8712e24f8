import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseServeConfig } from '../../../compute-node/config.ts';
import { makeCertificate, type TestCertificate } from '../../certificates.ts';

let lab: TestCertificate;
let other: TestCertificate;
beforeAll(() => {
  lab = makeCertificate(['DNS:localhost', 'DNS:*.lab.example', 'DNS:sorting.lab.example', 'IP:10.0.0.1']);
  other = makeCertificate(['IP:::1', 'IP:127.0.0.1']);
});
afterAll(() => {
  lab.remove();
  other.remove();
});

const withFiles = (cert: string, key: string, ...more: string[]) =>
  parseServeConfig(['--tls-cert', cert, '--tls-key', key, ...more]);

describe('the address of a node with a certificate', () => {
  test('is the first name in it that others can open', () => {
    const { publicUrl, host, tls } = withFiles(lab.certFile, lab.keyFile, '--port', '8443');
    expect(publicUrl?.origin).toBe('https://sorting.lab.example:8443');
    expect(host).toBe('::');
    expect(tls?.names).toEqual(['localhost', 'sorting.lab.example', '10.0.0.1']);
  });

  test('is the one that is given, where one is', () => {
    const { publicUrl } = withFiles(lab.certFile, lab.keyFile, '--public-url', 'https://rig.lab.example');
    expect(publicUrl?.origin).toBe('https://rig.lab.example');
  });

  test('is this machine’s alone where the certificate says no more', () => {
    const { publicUrl, tls } = withFiles(other.certFile, other.keyFile);
    expect(publicUrl).toBeUndefined();
    expect(tls?.names).toEqual(['[::1]', '127.0.0.1']);
  });
});

describe('files that cannot be used are refused with the remedy', () => {
  test('a missing one', () => {
    expect(() => withFiles('/no/such.pem', lab.keyFile)).toThrow('There is no file /no/such.pem.');
  });

  test('a key of another certificate', () => {
    expect(() => withFiles(lab.certFile, other.keyFile)).toThrow(/does not belong to the first certificate/);
  });

  test('the two the wrong way round', () => {
    expect(() => withFiles(lab.keyFile, lab.certFile)).toThrow(/wrong way round/);
  });

  test('something else', () => {
    const text = join(lab.certFile, '../notes.txt');
    writeFileSync(text, 'notes');
    expect(() => withFiles(text, lab.keyFile)).toThrow(/no certificate in PEM form/);
    expect(() => withFiles(lab.certFile, text)).toThrow(/no private key in PEM form/);
  });

  test('a key that asks for a passphrase', () => {
    const locked = join(lab.keyFile, '../locked.pem');
    execFileSync('openssl', ['pkey', '-in', lab.keyFile, '-aes256', '-passout', 'pass:x', '-out', locked]);
    expect(() => withFiles(lab.certFile, locked)).toThrow(/passphrase.*openssl pkey/);
  });
});
