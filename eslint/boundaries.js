// The arrows of docs/architecture.md as a lint rule: which folder may import which, and which packages belong
// to which folders. A path that is not in the table is not checked.

/**
 * Folder → what it may import besides itself.
 * @type {Record<string, string[]>}
 */
export const allowedLayers = {
  'lib/model': [],
  'lib/math': [],
  'lib/bytes': ['lib/model'],
  'lib/sorting/kernels': [],
  'lib/formats': ['lib/bytes', 'lib/model', 'lib/sorting/kernels'],
  'lib/sorting': ['lib/model', 'lib/math', 'lib/sorting/kernels'],
  'lib/simulation': ['lib/model', 'lib/math'],
  'lib/metrics': ['lib/model', 'lib/math'],
  'lib/classifier': ['lib/model', 'lib/metrics'],
  'lib/curation': ['lib/model'],
  'lib/identity': ['lib/model'],
  'lib/project': ['lib/model', 'lib/curation', 'lib/identity'],
  'lib/peer': ['lib/model', 'lib/identity'],
  'lib/sync': ['lib/model', 'lib/peer', 'lib/project', 'lib/identity'],
  'lib/compute': ['lib/model', 'lib/bytes', 'lib/peer'],
  'lib/dandi': ['lib/model', 'lib/bytes'],
  'lib/storage': ['lib/model', 'lib/bytes', 'lib/identity', 'lib/project'],
  'lib/plots': ['lib/model'],
  'lib/components': ['lib/model', 'lib/plots'],
  'lib/app': [
    'lib/model',
    'lib/math',
    'lib/bytes',
    'lib/formats',
    'lib/sorting',
    'lib/simulation',
    'lib/metrics',
    'lib/classifier',
    'lib/curation',
    'lib/identity',
    'lib/project',
    'lib/peer',
    'lib/sync',
    'lib/compute',
    'lib/dandi',
    'lib/storage',
    'lib/plots',
    'lib/components',
    'workers'
  ],
  workers: [
    'lib/model',
    'lib/math',
    'lib/bytes',
    'lib/formats',
    'lib/sorting',
    'lib/simulation',
    'lib/metrics',
    'lib/classifier'
  ],
  routes: ['lib/app', 'lib/components', 'lib/plots', 'lib/model'],
  'service-worker': [],
  'compute-node': [
    'lib/model',
    'lib/math',
    'lib/bytes',
    'lib/formats',
    'lib/sorting',
    'lib/simulation',
    'lib/metrics',
    'lib/classifier',
    'lib/curation',
    'lib/identity',
    'lib/project',
    'lib/peer',
    'lib/sync',
    'lib/compute',
    'lib/dandi'
  ]
};

/** Package (a pattern of its specifier) → the folders that alone may import it. */
const packageHomes = [
  {
    pattern: /^(yjs|y-dexie|y-webrtc|y-protocols)(\/|$)/,
    layers: ['lib/project', 'lib/sync', 'lib/storage']
  },
  { pattern: /^dexie(\/|$)/, layers: ['lib/storage'] },
  { pattern: /^h5wasm(\/|$)/, layers: ['lib/formats'] },
  { pattern: /^(node-datachannel|multicast-dns|onnxruntime-node|ws)(\/|$)/, layers: ['compute-node'] },
  { pattern: /^onnxruntime-web(\/|$)/, layers: ['workers'] },
  { pattern: /^node:/, layers: ['compute-node'] }
];

/** @param {string} path */
function layerOf(path) {
  const clean = path.replaceAll('\\', '/');
  const match =
    /(?:^|\/)(?:src\/)?(lib\/sorting\/kernels|lib\/[^/]+|workers|routes|service-worker|compute-node)\//.exec(
      clean
    );
  return match?.[1];
}

/**
 * @param {string} specifier
 * @param {string} filename
 */
function resolve(specifier, filename) {
  if (specifier.startsWith('#lib/') || specifier.startsWith('$lib/')) return `src/lib/${specifier.slice(5)}`;
  if (!specifier.startsWith('.')) return undefined;
  const parts = filename.replaceAll('\\', '/').split('/').slice(0, -1);
  for (const step of specifier.split('/')) {
    if (step === '..') parts.pop();
    else if (step !== '.') parts.push(step);
  }
  return parts.join('/');
}

/** @type {import('eslint').Rule.RuleModule} */
export const importBoundaries = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      layer: '{{from}} may not import {{to}} (docs/architecture.md).',
      home: "'{{specifier}}' belongs in {{homes}} only (docs/architecture.md).",
      nodeHdf5: 'h5wasm/node gives libhdf5 the real file system: use the ESM build over a ByteSource.'
    }
  },
  create(context) {
    // A checkout may lie below any path, so only the part inside the project counts.
    const filename = context.filename.replace(`${context.cwd}/`, '');
    const from = layerOf(filename) ?? '';
    if (!from) return {};
    /**
     * @param {import('estree').Node} node
     * @param {string} specifier
     */
    function check(node, specifier) {
      if (specifier === 'h5wasm/node') context.report({ node, messageId: 'nodeHdf5' });
      const home = packageHomes.find(({ pattern }) => pattern.test(specifier));
      if (home && !home.layers.includes(from))
        context.report({ node, messageId: 'home', data: { specifier, homes: home.layers.join(', ') } });
      const target = resolve(specifier, filename);
      const to = target && layerOf(target);
      if (to && to !== from && allowedLayers[from]?.includes(to) === false)
        context.report({ node, messageId: 'layer', data: { from, to } });
    }
    /** @param {import('estree').Node & { source?: import('estree').Literal | null | undefined }} node */
    const fromSource = (node) => node.source && check(node, String(node.source.value));
    return {
      ImportDeclaration: fromSource,
      ExportNamedDeclaration: fromSource,
      ExportAllDeclaration: fromSource,
      ImportExpression: (node) => {
        if (node.source.type === 'Literal') check(node, String(node.source.value));
      }
    };
  }
};

/** Functions whose last bits differ between engines (docs/sorting.md): src/lib/math has portable ones. */
const unportable = new Set([
  'exp',
  'log',
  'log1p',
  'log10',
  'log2',
  'sin',
  'cos',
  'tan',
  'sinh',
  'cosh',
  'tanh',
  'asin',
  'acos',
  'asinh',
  'acosh',
  'atanh',
  'cbrt',
  'expm1',
  'pow',
  'random'
]);

/** @type {import('eslint').Rule.RuleModule} */
export const portableMath = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      math: 'Math.{{name}} differs between JavaScript engines: use src/lib/math.',
      power: '** with a fractional or unknown exponent differs between JavaScript engines: use src/lib/math.'
    }
  },
  create(context) {
    return {
      MemberExpression(node) {
        if (
          node.object.type === 'Identifier' &&
          node.object.name === 'Math' &&
          node.property.type === 'Identifier' &&
          unportable.has(node.property.name)
        )
          context.report({ node, messageId: 'math', data: { name: node.property.name } });
      },
      BinaryExpression(node) {
        if (node.operator !== '**') return;
        const exponent = node.right;
        if (exponent.type !== 'Literal' || !Number.isInteger(exponent.value))
          context.report({ node, messageId: 'power' });
      }
    };
  }
};
