/** Memory that is given back at once: the collector, which sees a small heap, comes late for large buffers. */

/** Detaches buffers whose content nobody reads any more; views into them are empty from here on. */
export function freeNow(...views: ArrayBufferView<ArrayBuffer>[]): void {
  for (const { buffer } of views) if (!buffer.detached) buffer.transfer(0);
}
