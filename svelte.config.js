import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
export default {
  compilerOptions: { runes: true },
  kit: {
    adapter: adapter({ fallback: 'index.html' }),
    serviceWorker: { register: false },
    typescript: {
      config: (config) => {
        // Everything below the top level is checked with one strict program.
        config.include = [
          ...config.include,
          '../compute-node/**/*.ts',
          '../bin/**/*.js',
          '../scripts/**/*.js',
          '../bench/**/*.ts',
          '../tests/**/*.ts',
          '../tests/**/*.svelte',
          '../*.config.ts',
          '../*.config.js',
          '../eslint/**/*.js'
        ];
        // AssemblyScript is another language; its compiler checks it (scripts/build-kernels.js).
        config.exclude = [...config.exclude, '../src/lib/sorting/kernels/assembly/**'];
        return config;
      }
    }
  }
};
