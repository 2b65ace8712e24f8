/**
 * The node's DTLS certificate: self-signed, ECDSA P-256, made once and kept in the data folder, so that its fingerprint
 * can stand in a pairing link. Node can sign but not build X.509, so the few DER fields are written here (RFC 5280).
 */
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DtlsCertificate {
  /** PEM files, as libdatachannel reads them. */
  readonly certificateFile: string;
  readonly keyFile: string;
  /** SHA-256, upper-case hex with colons between the bytes, as in a pairing link. */
  readonly fingerprint: string;
}

/** Loads the certificate of a data folder, or makes it. */
export function loadDtlsCertificate(folder: string): DtlsCertificate {
  const certificateFile = join(folder, 'dtls-certificate.pem');
  const keyFile = join(folder, 'dtls-key.pem');
  if (!existsSync(certificateFile) || !existsSync(keyFile)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { certificate, key } = createCertificate();
    writeWhole(keyFile, key);
    writeWhole(certificateFile, certificate);
  }
  const { fingerprint256 } = new X509Certificate(readFileSync(certificateFile));
  return { certificateFile, keyFile, fingerprint: fingerprint256 };
}

/** A crash in mid-write must not leave half a key. */
function writeWhole(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

function createCertificate(): { certificate: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)]);
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    commonName('dendro node'),
    // Nobody checks these dates: WebRTC compares the fingerprint alone.
    der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x18, Buffer.from('99991231235959Z'))),
    commonName('dendro node'),
    publicKey.export({ type: 'spki', format: 'der' })
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = der(0x30, toBeSigned, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  const base64 = certificate.toString('base64').replaceAll(/(.{64})/g, '$1\n');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${base64.trimEnd()}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  };
}

function commonName(name: string): Buffer {
  const attribute = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)));
  return der(0x30, der(0x31, attribute));
}

/** One DER value: tag, length, content. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}
