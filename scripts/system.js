// What the tests need from the system: Debian packages (installed by apt when missing and root) and a private network
// namespace, so that WebRTC has host candidates and no test reaches an outside network.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const isRoot = process.getuid?.() === 0;

/**
 * Makes sure that each program exists, installing its Debian package when missing and root.
 * @param {Record<string, string>} packages absolute path of the program → Debian package
 */
export function requirePrograms(packages) {
  const missing = Object.entries(packages).filter(
    ([path]) => !existsSync(path) && !existsSync(path.replace('/usr', ''))
  );
  if (missing.length === 0) return;
  const names = missing.map(([, name]) => name);
  if (!isRoot || !existsSync('/usr/bin/apt-get')) {
    process.stderr.write(
      `The tests need ${names.join(', ')}. Install: sudo apt-get install ${names.join(' ')}\n`
    );
    process.exit(4);
  }
  process.stdout.write(`installing ${names.join(', ')}\n`);
  const apt = (/** @type {string[]} */ ...args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    }).status === 0;
  if (!apt('update') || !apt('install', '-y', '--no-install-recommends', ...names)) {
    process.stderr.write(
      `apt-get could not install ${names.join(', ')}: install them by hand and try again.\n`
    );
    process.exit(4);
  }
}

// Without a default route Chromium offers no host candidates.
const networkSetUp = [
  'ip link set lo up',
  'ip link add v0 type veth peer name v1',
  'ip addr add 10.77.0.1/24 dev v0',
  'ip link set v0 up',
  'ip link set v1 up',
  'ip route add default via 10.77.0.2',
  'exec "$@"'
].join(' && ');

/** Whether this process already runs in a namespace made by `inNetworkNamespace`. */
export const insideNamespace = process.env.DENDRO_NETNS === '1';

/**
 * Runs a program in a private network namespace with a veth pair and a default route; it vanishes with the program.
 * @param {string} program
 * @param {string[]} args
 * @returns {number} its exit status
 */
export function inNetworkNamespace(program, args) {
  const flags = isRoot ? ['-n'] : ['-rn'];
  const result = spawnSync('unshare', [...flags, 'sh', '-c', networkSetUp, 'sh', program, ...args], {
    stdio: 'inherit',
    env: { ...process.env, DENDRO_NETNS: '1' }
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}
