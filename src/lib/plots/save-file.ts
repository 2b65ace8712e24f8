/** Hands a file to the browser's downloads. */

export function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  link.click();
  // The download holds the file itself once the click was handled; a minute is far beyond that.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
