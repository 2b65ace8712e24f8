/** Where the same page works when a browser gives none of what the app needs at the address that was opened. Pure. */

export interface SecureWays {
  /** The address was a pairing or invitation link; it is still unused. */
  readonly carriesLink: boolean;
  /** The same page of an app on this computer. */
  readonly local: string;
  /** A command, and the page at the end of the tunnel that it opens. */
  readonly tunnel: string;
  readonly tunnelled: string;
}

const homePort = '4317';

/** @param fragment the secret part of the link, where it was one */
export function secureWays(
  { hostname, port, pathname }: Pick<Location, 'hostname' | 'port' | 'pathname'>,
  fragment: string | undefined
): SecureWays {
  const page = fragment === undefined ? pathname : `${pathname}#${fragment}`;
  const there = port === '' ? '80' : port;
  return {
    carriesLink: fragment !== undefined,
    local: `http://localhost:${homePort}${page}`,
    tunnel: `ssh -L ${there}:localhost:${there} ${hostname.replace(/^\[|\]$/g, '')}`,
    tunnelled: `http://localhost:${there}${page}`
  };
}
