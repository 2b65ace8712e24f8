// The Python environments of the parity tests and the benchmarks, made anew when their requirements change. Running the
// app needs no Python.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requirePrograms } from './system.js';

/**
 * Makes the environment if it is not there yet.
 * @param {{ requirements?: string, name?: string }} [options] what is installed, and the environment's folder
 * @returns {string} path of its Python
 */
export function pythonEnvironment({ requirements = 'tests/python/requirements.txt', name = '.venv' } = {}) {
  const folder = resolve(name);
  const marker = join(folder, 'dendro-requirements');
  const python = join(folder, 'bin', 'python');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return python;
  const host = hostPython();
  process.stdout.write(`making the Python environment in ${name} (${requirements})\n`);
  rmSync(folder, { recursive: true, force: true });
  run(host, ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(marker, wanted);
  return python;
}

/** A Python that can make environments; Debian's needs python3-venv. */
function hostPython() {
  const works = () =>
    spawnSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status === 0;
  if (!works())
    requirePrograms({ '/usr/share/doc/python3-venv': 'python3-venv', '/usr/bin/python3': 'python3' });
  if (works()) return 'python3';
  process.stderr.write('Python 3 with venv is needed: install python3 and python3-venv.\n');
  process.exit(4);
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function run(program, args) {
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status === 0) return;
  process.stderr.write(`${program} ${args.join(' ')} failed.\n`);
  process.exit(4);
}
