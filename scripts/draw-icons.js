// Draws the manifest's PNG icons from static/icons/mark.svg with Chromium. Run by hand when the mark changes; the PNGs
// are committed, so building the app needs no browser.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright';

const mark = readFileSync('static/icons/mark.svg', 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu']
});
/** A maskable icon fills its square, and keeps the mark inside the central circle of 80 %. */
const icons = [
  { name: 'icon-192', size: 192, scale: 1, ground: 'transparent' },
  { name: 'icon-512', size: 512, scale: 1, ground: 'transparent' },
  { name: 'icon-maskable-512', size: 512, scale: 0.72, ground: '#0a5ba8' }
];
for (const { name, size, scale, ground } of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const side = size * scale;
  await page.setContent(
    `<body style="margin:0;background:${ground};display:grid;place-items:center;height:${size}px">` +
      `<div style="width:${side}px;height:${side}px">${mark}</div></body>`
  );
  await page.screenshot({ path: `static/icons/${name}.png`, omitBackground: true });
  await page.close();
}
await browser.close();
