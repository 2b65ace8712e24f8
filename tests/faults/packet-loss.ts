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

/** Packets lost since losePackets. */
export function lostPackets(): number {
  const listing = execFileSync('nft', ['list', 'table', 'inet', 'faults'], { encoding: 'utf8' });
  return Number(/counter packets (\d+)/.exec(listing)?.[1] ?? 0);
}

function nft(command: string): void {
  execFileSync('nft', command.split(' '));
}
