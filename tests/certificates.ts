/** Certificates for tests, made by openssl: self-signed, good for the names that are given. */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** SHA-256 of the public key, as Chromium's `--ignore-certificate-errors-spki-list` takes it. */
  readonly spki: string;
  remove(): void;
}

/** @param names as `DNS:lab.example` or `IP:10.0.0.1` */
export function makeCertificate(names: readonly string[], extra: readonly string[] = []): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'dendro-tls-'));
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  const names509 = names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : [];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      ...key,
      '-out',
      certFile,
      '-subj',
      '/CN=dendro test',
      ...names509,
      '-days',
      '30',
      ...extra
    ],
    { stdio: 'ignore' }
  );
  const spki = new X509Certificate(readFileSync(certFile)).publicKey.export({ type: 'spki', format: 'der' });
  return {
    certFile,
    keyFile,
    spki: createHash('sha256').update(spki).digest('base64'),
    remove: () => rmSync(folder, { recursive: true, force: true })
  };
}
