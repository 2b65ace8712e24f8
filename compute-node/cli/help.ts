/** What `dendro --help` and `dendro help COMMAND` print. */
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { type ParameterSpec } from '#lib/model/processor.ts';

const overview = `Dendro sorts spikes, in the browser and here.

Usage: npx dendro COMMAND [OPTIONS]

  serve          serve the app and run a compute node (what "npm start" runs after building)
  node pair      print a new pairing link of the running node
  node answer    answer an offer of the app's by hand, where no server connects it with the node
  node free      remove from the running node what only deleted files and jobs need
  signal         run a signalling server alone, where members in different networks find each other
  sort           sort one recording, without a browser: raw or NWB in, NWB out
  score          compare a sorting with the truth: NWB files with units
  help COMMAND   what a command takes
  --version      print the version

Nothing leaves this computer: no command contacts an outside server by itself.
`;

const serve = `Usage: npx dendro serve [OPTIONS]

Serves the app at http://localhost:4317, with the signalling server and one compute node, and prints a pairing link.
The first start makes the demonstration project. Needs a built app (npm run build; "npm start" does both).

  --port PORT              port (default 4317). The browser keeps projects by address: another port is an empty app
  --data DIR               data folder (default $XDG_DATA_HOME/dendro, else ~/.local/share/dendro)
  --share [NAME=]DIR       let paired members read recordings below DIR in place; repeatable, none by default
  --workers N              worker threads of a sorting job (default: all cores)
  --name NAME              how the node is called in projects (default: this machine's name)
  --allow DEVICE           accept projects of this device key besides the owners'; repeatable
  --host ADDRESS           listen there instead of on loopback only
  --tls-cert FILE --tls-key FILE   serve HTTPS (then on every interface)
  --public-url URL         the address behind a proxy, or the one that the certificate names
  --allow-origin URL       a further address of the app whose pages may use this node; repeatable
  --ice-servers FILE       STUN and TURN servers of the lab's own, as JSON; none by default, and none is ever asked unless
                           named: {"servers": [{"url": "turn:HOST:PORT", "username": "…", "credential": "…"}]}. The app has the same under "You and this device"
  --no-demo                do not make the demonstration project
`;

const nodePair = `Usage: npx dendro node pair [--data DIR]
       npx dendro node answer [OFFER] [--data DIR]
       npx dendro node free [--data DIR]

pair     asks the running node for a new pairing link. A link works once, for 15 minutes.
answer   answers an offer that the app made ("Pair by hand", "Meet by hand") where no signalling server is reached
         from both sides. Without OFFER it is read from the input. Paste the answer in the app within half a minute.
free     removes the bytes of files and jobs that were deleted from its projects, and of projects that were deleted
         for everybody, where nothing else needs them. Their record stays; restored, a result has to be made again.
`;

const signal = `Usage: npx dendro signal [OPTIONS]

Runs a signalling server alone and prints its address. An admin names it in a project's settings; the project's
members and nodes then meet there too, and invitation links carry it. It sees sealed messages only, stores nothing, and
no recording passes through it. It is not needed where everybody reaches the same node. A node trusts certificates of
an authority of your own when it is started with NODE_EXTRA_CA_CERTS=FILE.

  --port PORT              port (default 4318)
  --host ADDRESS           listen there instead of on loopback only; 0.0.0.0 is every interface
  --tls-cert FILE --tls-key FILE   serve wss:// (then on every interface); an app opened by HTTPS reaches no other
  --allow-origin URL       a further address of the app whose pages may use it; repeatable. Always allowed are apps
                           opened at localhost, and compute nodes
`;

const sort = `Usage: npx dendro sort RECORDING -o OUT.nwb [OPTIONS]

Sorts one recording with the built-in engine. RECORDING is an NWB file or a raw binary file (samples interleaved by
channel, little-endian, no header). OUT.nwb appears only when it is finished; an existing one is replaced then.

NWB input
  --series PATH            which ElectricalSeries, where the file has several

Raw input
  --sampling-rate HZ       samples per second and channel (needed)
  --channels N             number of channels (needed)
  --dtype int16|float32    sample type (default int16)
  --offset-bytes N         bytes to skip at the start (default 0)
  --gain-uv X              µV per count (default 1)
  --offset-uv X            µV added after the gain (default 0)

Either
  -o, --output OUT.nwb     the result (needed)
  --probe PROBE.json       channel positions, a probeinterface file. Without it the file's own are used; where it
                           has none the channels stand in one column at 20 µm
  --seconds A:B            only this part, in seconds from the start; either side may be left out (10: is from 10 s on)
  --metadata FILE.yaml     what the file lacks, by NWB's names: NWBFile, Subject, Device, ElectrodeGroup. For example:
                             NWBFile: {session_start_time: 2026-03-01T10:00:00+01:00, experimenter: ["Doe, Jane"]}
                             Subject: {subject_id: M7, species: Mus musculus, sex: F, age: P90D}
                             ElectrodeGroup: {location: CA1}
  --param NAME=VALUE       a parameter of the engine, below; repeatable
  --seed N                 seed of the engine's random choices (default 0)
  --workers N              worker threads (default: all cores). The result does not depend on it
  --json                   print one JSON object on stdout at the end: units, spikes, seconds, cpuSeconds,
                           peakMemoryBytes, stages, parameters, version
  --verbose                show details of a failure

The same input, parameters and seed give the same spikes, bit for bit. With SOURCE_DATE_EPOCH set, the same file too.
Exit codes: 0 done, 2 wrong usage, 3 input refused, 4 failed while running, 130 interrupted.

Parameters
`;

const score = `Usage: npx dendro score TRUTH.nwb SORTING.nwb [OPTIONS]

Compares the units of two NWB files as SpikeInterface's ground-truth comparison does: two spikes match within the delta;
agreement is the matching spikes over all spikes of both units; units are assigned so that the sum of agreements is
largest, and an agreement below 0.5 is no match.

well detected   a sorted unit whose match agrees by 0.8 or more
false positive  an unmatched sorted unit that agrees with no true unit by 0.2
redundant       an unmatched sorted unit whose true unit has a better partner
overmerged      a sorted unit that agrees with two true units or more by over 0.2

  --delta-ms MS            largest distance of two matching spikes (default 0.4)
  --sampling-rate HZ       where neither file says it (the resolution of its spike times)
  --json                   print one JSON object on stdout instead of the table
  --verbose                show details of a failure
`;

const pages: Record<string, () => string> = {
  serve: () => serve,
  node: () => nodePair,
  signal: () => signal,
  score: () => score,
  sort: () => sort + parameterTable(engineProcessor.parameters)
};

/** The help page of a command, the overview without one, `undefined` for an unknown command. */
export function helpPage(command?: string): string | undefined {
  if (command === undefined) return overview;
  return Object.hasOwn(pages, command) ? pages[command]?.() : undefined;
}

function parameterTable(parameters: ParameterSpec[]): string {
  const width = Math.max(...parameters.map(({ name }) => name.length));
  return parameters
    .map((parameter) => {
      const unit = parameter.unit ? ` ${parameter.unit}` : '';
      const options = parameter.options ? ` One of ${parameter.options.join(', ')}.` : '';
      return `  ${parameter.name.padEnd(width)}  ${parameter.description}${options} (default ${String(parameter.default)}${unit})\n`;
    })
    .join('');
}
