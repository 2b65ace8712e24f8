/**
 * An edit that does not count still takes its place: honest edits that came after it may lean on it, and Yjs would keep
 * them waiting for ever if it were missing. So it is applied with its content taken out and without its deletions.
 */
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/** The same ids and places as the update's, nothing to see, nothing deleted. @throws when it is no Yjs update */
export function mutedUpdate(update: Uint8Array): Uint8Array {
  const byClient = new Map<number, (Y.Item | Y.GC | Y.Skip)[]>();
  for (const struct of Y.decodeUpdate(update).structs) {
    const { client } = struct.id;
    byClient.set(client, [...(byClient.get(client) ?? []), muted(struct as Y.Item | Y.GC | Y.Skip)]);
  }
  const encoder = new Y.UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, byClient.size);
  for (const [client, structs] of byClient) {
    encoding.writeVarUint(encoder.restEncoder, structs.length);
    encoder.writeClient(client);
    encoding.writeVarUint(encoder.restEncoder, structs[0]?.id.clock ?? 0);
    for (const struct of structs) struct.write(encoder, 0);
  }
  // No client deletes anything.
  encoding.writeVarUint(encoder.restEncoder, 0);
  return encoder.toUint8Array();
}

function muted(struct: Y.Item | Y.GC | Y.Skip): Y.Item | Y.GC | Y.Skip {
  if (!(struct instanceof Y.Item)) return struct;
  // A key of a map holds what came last, seen or not: there nothing may stand at all.
  if (struct.parentSub !== null) return new Y.GC(struct.id, struct.length);
  struct.content = new Y.ContentDeleted(struct.length);
  return struct;
}
