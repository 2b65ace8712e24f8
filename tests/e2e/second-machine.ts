/** Other machines: network namespaces of their own behind links to this one, and browsers that run in them. */
import { type Browser, chromium } from 'playwright';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumLaunch } from '../chromium.ts';

export interface SecondMachine {
  /** Of this machine, as the other one reaches it. */
  readonly here: string;
  /** Network interface of this machine that leads to the other. */
  readonly link: string;
  /** A browser on the other machine. @param trusts keys whose certificates it accepts (certificates.ts) */
  launch(options?: { trusts?: readonly string[] }): Promise<Browser>;
  close(): Promise<void>;
}

/** This machine and others at one switch, as in a lab. */
export interface Lan {
  /** Of this machine. */
  readonly here: string;
  readonly machines: readonly SecondMachine[];
  /** Whether the others reach each other, or this machine alone. */
  join(joined: boolean): void;
  close(): Promise<void>;
}

let made = 0;

export function bootSecondMachine(): Promise<SecondMachine> {
  const n = (made += 1);
  return bootMachine({ link: `m${n}`, here: `10.78.${n}.1`, there: `10.78.${n}.2` });
}

export async function bootLan(count: number): Promise<Lan> {
  const here = '10.79.0.1';
  ip('link', 'add', 'lan', 'type', 'bridge');
  ip('addr', 'add', `${here}/24`, 'dev', 'lan');
  ip('link', 'set', 'lan', 'up');
  const machines: SecondMachine[] = [];
  for (let n = 1; n <= count; n++)
    machines.push(await bootMachine({ link: `lan${n}`, here, there: `10.79.0.${n + 1}`, bridge: 'lan' }));
  return {
    here,
    machines,
    join(joined) {
      for (const { link } of machines)
        execFileSync('bridge', ['link', 'set', 'dev', link, 'isolated', joined ? 'off' : 'on']);
    },
    async close() {
      for (const machine of machines) await machine.close();
      ip('link', 'del', 'lan');
    }
  };
}

/** Pulls the cable of a machine, or puts it back. */
export function plug({ link }: SecondMachine, plugged: boolean): void {
  ip('link', 'set', link, plugged ? 'up' : 'down');
}

interface Wiring {
  link: string;
  here: string;
  there: string;
  /** The switch that it is plugged into; else straight into this machine. */
  bridge?: string;
}

async function bootMachine({ link, here, there, bridge }: Wiring): Promise<SecondMachine> {
  const far = `${link}-far`;
  const holder = spawn('unshare', ['-n', 'sh', '-c', 'read go; exec sleep infinity'], {
    stdio: ['pipe', 'ignore', 'inherit']
  });
  await inOwnNamespace(holder);
  const pid = String(holder.pid);
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', far);
  if (bridge) ip('link', 'set', link, 'master', bridge);
  else ip('addr', 'add', `${here}/24`, 'dev', link);
  ip('link', 'set', link, 'up');
  ip('link', 'set', far, 'netns', pid);
  const inside = (...args: string[]) => execFileSync('nsenter', ['-t', pid, '-n', 'ip', ...args]);
  inside('link', 'set', 'lo', 'up');
  inside('addr', 'add', `${there}/24`, 'dev', far);
  inside('link', 'set', far, 'up');
  inside('route', 'add', 'default', 'via', here);
  const folder = mkdtempSync(join(tmpdir(), 'dendro-machine-'));
  const program = join(folder, 'chromium');
  writeFileSync(program, `#!/bin/sh\nexec nsenter -t ${pid} -n ${chromiumLaunch.executablePath} "$@"\n`);
  chmodSync(program, 0o755);
  return {
    here,
    link,
    launch: ({ trusts = [] } = {}) =>
      chromium.launch({
        ...chromiumLaunch,
        executablePath: program,
        args: [
          ...chromiumLaunch.args,
          ...(trusts.length > 0 ? [`--ignore-certificate-errors-spki-list=${trusts.join(',')}`] : [])
        ]
      }),
    async close() {
      ip('link', 'del', link);
      const ended = once(holder, 'close');
      holder.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

function ip(...args: string[]): void {
  execFileSync('ip', args);
}

/** `unshare` has done its work when the shell in it waits for a line: then its namespace is another one. */
async function inOwnNamespace({ pid, exitCode }: ChildProcess): Promise<void> {
  const own = readlinkSync('/proc/self/ns/net');
  while (exitCode === null && readlinkSync(`/proc/${pid}/ns/net`) === own)
    await new Promise((resolve) => setImmediate(resolve));
}
