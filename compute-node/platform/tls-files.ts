/** The certificate and key of `--tls-cert` and `--tls-key`, checked before anything listens: what is wrong is said in words. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface TlsCertificate {
  /** Host names and addresses that the certificate is good for, in its order, as they stand in an address. */
  readonly names: readonly string[];
  readonly validUntil: Date;
}

/** @throws Error with a sentence that says what to change */
export function readTlsFiles(certFile: string, keyFile: string): TlsCertificate {
  const certText = readText(certFile);
  const keyText = readText(keyFile);
  if (/PRIVATE KEY-----/.test(certText) && !/PRIVATE KEY-----/.test(keyText))
    throw new Error(
      `${certFile} holds a private key and ${keyFile} none: --tls-cert and --tls-key are the wrong way round.`
    );
  const certificate = parseCertificate(certFile, certText);
  if (!certificate.checkPrivateKey(parseKey(keyFile, keyText)))
    throw new Error(
      `The key in ${keyFile} does not belong to the first certificate in ${certFile}: give the two files of one pair.`
    );
  return { names: namesOf(certificate), validUntil: new Date(certificate.validTo) };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ENOENT' || code === 'EISDIR') throw new Error(`There is no file ${file}.`, { cause });
    throw new Error(`${file} cannot be read (${code}): let the user that runs the node read it.`, { cause });
  }
}

function parseCertificate(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new Error(`${file} holds no certificate in PEM form (“-----BEGIN CERTIFICATE-----”).`, { cause });
  }
}

function parseKey(file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    if (/ENCRYPTED/.test(text))
      throw new Error(
        `The key in ${file} is protected by a passphrase: give one without (openssl pkey -in ${file} -out key.pem).`,
        { cause }
      );
    throw new Error(`${file} holds no private key in PEM form (“-----BEGIN PRIVATE KEY-----”).`, { cause });
  }
}

/** A wildcard is no address. */
function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName.split(', ').flatMap((entry) => {
    const [, kind, name = ''] = /^(DNS|IP Address):([0-9A-Za-z.:-]+)$/.exec(entry) ?? [];
    if (kind === undefined) return [];
    const shown = kind === 'DNS' || !name.includes(':') ? name : `[${name}]`;
    return URL.canParse(`https://${shown}`) ? [new URL(`https://${shown}`).hostname] : [];
  });
}
