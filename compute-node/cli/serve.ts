/** `dendro serve`: starts the node, prints the pairing link, and tells in plain lines how the demonstration is doing. */
import { once } from 'node:events';
import { isTerminal } from '#lib/project/project-state.ts';
import { parseServeConfig, prepareDataFolder, type ServeConfig } from '../config.ts';
import { askRunningNode, serveAdminSocket } from '../node/admin-socket.ts';
import { ComputeNode } from '../node/compute-node.ts';
import { type HostedProject } from '../node/hosted-project.ts';
import { exitCode } from './exit.ts';
import { linkLines } from './link-lines.ts';

export async function serve(args: string[]): Promise<number> {
  const config = parseServeConfig(args);
  prepareDataFolder(config.dataFolder);
  const running = await askRunningNode(config.dataFolder);
  if (running) {
    say(`A Dendro node already runs on ${config.dataFolder}; the app is at ${running.address}`);
    say(`Open this link to pair a browser with it (one use, 15 minutes):\n${shown(running.link)}`);
    return exitCode.done;
  }
  for (const warning of warnings(config)) say(`Warning: ${warning}`);
  const node = await ComputeNode.start(config);
  const closeAdmin = await serveAdminSocket(config.dataFolder, {
    pair: async () => ({ address: node.origin, link: await node.pairingLink() }),
    answer: (offer) => node.answerByHand(offer),
    free: () => node.freeSpace()
  });
  say(`Dendro is at ${node.origin}`);
  if (config.demonstration) await node.foundDemonstration();
  say(`Open this link to pair your browser (one use, 15 minutes):\n${shown(await node.pairingLink())}`);
  const demonstration = node.demonstration();
  if (demonstration) tellOfDemonstration(node, demonstration);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  say('Ending; unfinished jobs go on at the next start.');
  await closeAdmin();
  await node.close();
  // libdatachannel's threads may keep the process alive after everything is closed.
  process.exit(exitCode.done);
}

/** What makes the app unreachable for others though it was meant to be reached. */
function warnings({ tls, publicUrl, host }: ServeConfig, now = new Date()): string[] {
  const found: string[] = [];
  const local = ['127.0.0.1', '::1', 'localhost'].includes(host);
  if (!tls && !publicUrl && !local)
    found.push('beyond this machine the app needs HTTPS; give --tls-cert and --tls-key, or --public-url.');
  if (tls && !publicUrl)
    found.push(
      'the certificate names no address that others can open; give --public-url https://NAME, with a name that it is good for.'
    );
  if (tls && publicUrl && tls.names.length > 0 && !tls.names.includes(publicUrl.hostname) && !local)
    found.push(
      `the certificate is good for ${tls.names.join(', ')} and not for ${publicUrl.hostname}: unless a proxy with a certificate of its own stands before the node, browsers will not open it.`
    );
  if (tls && tls.validUntil < now)
    found.push(`the certificate expired on ${tls.validUntil.toISOString().slice(0, 10)}: renew it.`);
  return found;
}

function tellOfDemonstration(node: ComputeNode, { document, project }: HostedProject): void {
  const [job] = document.state.jobs;
  if (!job || isTerminal(job.state)) return;
  let told = '';
  const stopWatching = node.board.watch(
    { project, job: job.job },
    {
      onProgress: ({ stage, fraction = 0, overall }) => {
        if (stage === undefined) return;
        const doing = stage === 'generating' ? 'generating the recording' : 'sorting';
        const line = `Demonstration: ${doing}, ${Math.floor((overall ?? fraction) * 4) * 25} %`;
        if (line !== told) say(line);
        told = line;
      },
      onConsole: () => {}
    }
  );
  const stopListening = document.onChange(() => {
    const event = document.job(job.job)?.lastEvent;
    if (!event || !isTerminal(event.state)) return;
    stopWatching();
    stopListening();
    say(`Demonstration: ${outcome(event)}`);
  });
}

function outcome({
  state,
  summary = {},
  reason
}: NonNullable<ReturnType<HostedProject['document']['job']>>['lastEvent'] & object): string {
  if (state !== 'completed') return `${state}. ${reason?.message ?? ''}`.trim();
  const { units, trueUnits, trueUnitsFound } = summary;
  if (trueUnits === undefined) return `${units} units found`;
  return `${units} units found, ${trueUnitsFound} of ${trueUnits} true units`;
}

function shown(link: string): string {
  return linkLines(link, process.stdout.columns);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
