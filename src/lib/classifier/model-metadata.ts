/**
 * The metadata of an ONNX model, which onnxruntime's JavaScript does not give: the `metadata_props` of a ModelProto (field
 * 14, entries of key and value), read from the file's protobuf wire format (onnx/onnx.proto; protobuf.dev, encoding).
 */

const metadataField = 14;
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 };

/** `undefined` when the bytes are no protobuf message; a later entry of a key replaces an earlier one. */
export function readModelMetadata(model: Uint8Array): Map<string, string> | undefined {
  const fields = readFields(model);
  if (!fields) return undefined;
  const metadata = new Map<string, string>();
  for (const { field, bytes } of fields) {
    if (field !== metadataField || !bytes) continue;
    const entry = readFields(bytes);
    if (!entry) return undefined;
    const text = (wanted: number) => entry.findLast((part) => part.field === wanted)?.bytes;
    metadata.set(decode(text(1)), decode(text(2)));
  }
  return metadata;
}

interface Field {
  field: number;
  /** Of a field with a length; absent for numbers. */
  bytes?: Uint8Array;
}

/** The fields of one message, in order. */
function readFields(message: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < message.length) {
    const key = readVarint(message, at);
    if (!key) return undefined;
    const kind = key.value % 8;
    const field = Math.floor(key.value / 8);
    const length = kind === wire.bytes || kind === wire.varint ? readVarint(message, key.end) : undefined;
    if (kind === wire.bytes && length) {
      fields.push({ field, bytes: message.subarray(length.end, length.end + length.value) });
      at = length.end + length.value;
    } else if (kind === wire.varint && length) {
      fields.push({ field });
      at = length.end;
    } else if (kind === wire.fixed64 || kind === wire.fixed32) {
      fields.push({ field });
      at = key.end + (kind === wire.fixed64 ? 8 : 4);
    } else return undefined;
  }
  return at === message.length ? fields : undefined;
}

/** Seven bits a byte, the lowest first. */
function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = start; at < Math.min(bytes.length, start + 10); at++) {
    const byte = bytes[at] as number;
    value += (byte % 128) * scale;
    scale *= 128;
    if (byte < 128) return { value, end: at + 1 };
  }
  return undefined;
}

function decode(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}
