/**
 * What goes over a signalling server: y-webrtc's publish/subscribe protocol as JSON text. The server sees topics and
 * sealed data, nothing else.
 */
import * as v from 'valibot';

/** Bytes of one message; a session description with many candidates is about 4 KiB. */
export const signallingMessageLimit = 32 * 1024;
export const topicsPerConnection = 64;

const Topic = v.pipe(v.string(), v.minLength(1), v.maxLength(128));
const Topics = v.pipe(v.array(Topic), v.maxLength(topicsPerConnection));

/** From a client to the server. */
export const SignallingRequest = v.variant('type', [
  v.object({ type: v.literal('subscribe'), topics: Topics }),
  v.object({ type: v.literal('unsubscribe'), topics: Topics }),
  v.object({ type: v.literal('publish'), topic: Topic, data: v.unknown() }),
  v.object({ type: v.literal('ping') })
]);
export type SignallingRequest = v.InferOutput<typeof SignallingRequest>;

/** From the server to a client. */
export const SignallingEvent = v.variant('type', [
  v.object({ type: v.literal('publish'), topic: Topic, data: v.unknown() }),
  v.object({ type: v.literal('pong') })
]);
export type SignallingEvent = v.InferOutput<typeof SignallingEvent>;
