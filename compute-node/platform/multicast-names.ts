/**
 * Resolves the `<uuid>.local` names under which browsers hide their addresses (RFC 6762): libdatachannel does not, and
 * without it no connection forms where a firewall drops unsolicited packets.
 */
import multicastDns from 'multicast-dns';

const resolveTimeoutMs = 2000;
const askAgainMs = 400;
const browserName = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local$/;

/** @returns the IPv4 address, or undefined when nobody on the link answers in 2 s */
export function resolveMulticastName(name: string): Promise<string | undefined> {
  if (!browserName.test(name)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const mdns = multicastDns();
    const ask = () => mdns.query(name, 'A');
    const again = setInterval(ask, askAgainMs);
    const finish = (address?: string) => {
      clearInterval(again);
      clearTimeout(timeout);
      mdns.destroy();
      resolve(address);
    };
    const timeout = setTimeout(finish, resolveTimeoutMs);
    mdns.on('response', ({ answers }) => {
      const found = answers.find((answer) => answer.type === 'A' && answer.name === name);
      if (found && typeof found.data === 'string') finish(found.data);
    });
    // Without a network there is nobody to ask; other candidates may still do.
    mdns.on('error', () => finish());
    mdns.on('warning', () => undefined);
    mdns.on('ready', ask);
  });
}
