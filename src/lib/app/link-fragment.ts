/**
 * The secret part of a link. It is read once and taken out of the address before the app starts, so that it stays
 * neither in the history nor in a copied address.
 */

const secretPages = ['/pair', '/join'];
let captured: string | undefined;

/** Whether a page may hold a link's secret in memory alone: a reload there loses it. */
export function holdsSecret(pathname: string): boolean {
  return secretPages.includes(pathname);
}

/** Takes the fragment out of the address on a page whose links carry a secret. Called before the router starts. */
export function captureFragment(): void {
  if (!holdsSecret(location.pathname) || location.hash.length < 2) return;
  captured = location.hash.slice(1);
  history.replaceState(history.state, '', location.pathname + location.search);
}

/** The captured fragment, the first time that it is asked for. */
export function takeFragment(): string | undefined {
  const taken = captured;
  captured = undefined;
  return taken;
}
