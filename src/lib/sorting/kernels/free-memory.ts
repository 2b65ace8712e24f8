/** Memory that is given back at once: the collector, which sees a small heap, comes late for large buffers. */

/**
 * Detaches buffers whose content nobody reads any more; views into them are empty from here on. Browsers that cannot
 * (Firefox before 122, Safari before 17.4) leave them to the collector.
 */
export function freeNow(...views: ArrayBufferView<ArrayBuffer>[]): void {
  for (const { buffer } of views) if ('transfer' in buffer && !buffer.detached) buffer.transfer(0);
}
