/** Loses a share of all UDP packets in this network namespace. */
import { execFileSync } from 'node:child_process';

/** @param perMille packets of a thousand that are lost; 0 loses none, 1000 all */
export function losePackets(perMille: number): void {
  nft('add table inet faults');
  nft('delete table inet faults');
  if (perMille === 0) return;
  nft('add table inet faults');
  nft('add chain inet faults input { type filter hook input priority 0; }');
  nft(`add rule inet faults input meta l4proto udp numgen random mod 1000 < ${perMille} counter drop`);
}

/** Lets no UDP in from another machine but to some ports; undefined: all. */
export function blockUdpFrom(way: { link: string; except: string } | undefined): void {
  nft('add table inet blocked');
  nft('delete table inet blocked');
  if (!way) return;
  nft('add table inet blocked');
  nft('add chain inet blocked input { type filter hook input priority 0; }');
  nft(`add rule inet blocked input iifname ${way.link} udp dport != ${way.except} drop`);
}

/** Packets lost since losePackets. */
export function lostPackets(): number {
  const listing = execFileSync('nft', ['list', 'table', 'inet', 'faults'], { encoding: 'utf8' });
  return Number(/counter packets (\d+)/.exec(listing)?.[1] ?? 0);
}

function nft(command: string): void {
  execFileSync('nft', command.split(' '));
}
