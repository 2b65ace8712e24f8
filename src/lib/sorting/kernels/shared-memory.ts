/** Memory that all threads of a pool see, where there is such: it is not copied to each of them with every task. */

/** Zeros, shared between threads in Node and in isolated pages; elsewhere each task gets its copy. */
export function sharedFloats(length: number): Float32Array {
  if (typeof SharedArrayBuffer === 'undefined') return new Float32Array(length);
  return new Float32Array(new SharedArrayBuffer(Float32Array.BYTES_PER_ELEMENT * length));
}
