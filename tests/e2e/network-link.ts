/** Takes the only network link of the tests' namespace away and brings it back, default route included. */
import { execFileSync } from 'node:child_process';

const ip = (...args: string[]) => execFileSync('ip', args);

/** Loopback stays: end the serving process too, for a browser on the node's machine. */
export function linkDown(): void {
  ip('link', 'set', 'v0', 'down');
}

/** Does nothing while the link is up. */
export function linkUp(): void {
  ip('link', 'set', 'v0', 'up');
  ip('route', 'replace', 'default', 'via', '10.77.0.2');
}
