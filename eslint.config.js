import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import { importBoundaries, portableMath } from './eslint/boundaries.js';
import svelteConfig from './svelte.config.js';

const dendro = { rules: { 'import-boundaries': importBoundaries, 'portable-math': portableMath } };

export default ts.config(
  {
    ignores: [
      '.svelte-kit/',
      'build/',
      'dist/',
      'test-results/',
      'playwright-report/',
      '**/.venv*/',
      'src/lib/sorting/kernels/{binary.ts,assembly/}'
    ]
  },
  js.configs.recommended,
  ts.configs.strict,
  svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    plugins: { dendro },
    rules: {
      'dendro/import-boundaries': 'error',
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'max-lines': ['warn', 400]
    }
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
    rules: { 'svelte/no-navigation-without-resolve': 'off' }
  },
  {
    // State classes keep maps and typed arrays in `$state.raw` and replace them whole.
    files: ['**/*.svelte.ts'],
    rules: { 'svelte/prefer-svelte-reactivity': 'off' }
  },
  {
    files: ['src/lib/sorting/**/*.ts', 'src/lib/simulation/**/*.ts', 'src/lib/metrics/**/*.ts'],
    rules: { 'dendro/portable-math': 'error' }
  }
);
