import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import { readdirSync } from 'node:fs';
import ts from 'typescript-eslint';

const features = readdirSync(new URL('./src/features', import.meta.url));

/** Imports flow lib, components, api → features → app; a feature never imports another. */
function mayNotImport(...groups) {
  return {
    'no-restricted-imports': [
      'error',
      { patterns: [{ group: groups, message: 'Imports flow lib, components, api → features → app, never sideways.' }] },
    ],
  };
}

export default ts.config(
  { ignores: ['dist', '.ohif', 'node_modules', 'src/api/openapi.ts'] },
  js.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}', 'vite.config.ts'],
    extends: [...ts.configs.strictTypeChecked, ...ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['src/lib/**'], rules: mayNotImport('**/components/**', '**/api/**', '**/features/**', '**/app/**') },
  { files: ['src/api/**'], rules: mayNotImport('**/components/**', '**/features/**', '**/app/**') },
  { files: ['src/components/**'], rules: mayNotImport('**/features/**', '**/app/**') },
  ...features.map(feature => ({
    files: [`src/features/${feature}/**`],
    rules: mayNotImport('**/app/**', '**/features/**', ...features.filter(other => other !== feature).map(other => `../${other}/**`)),
  })),
  {
    files: ['ohif/**', 'scripts/**', 'public/**', '*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['AudioContext', 'console', 'process', 'URL', 'URLSearchParams', 'window', 'document', 'location', 'navigator', 'localStorage', 'fetch', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'CustomEvent', 'EventSource', 'SharedWorker', 'BroadcastChannel', 'addEventListener', 'self', 'Buffer', 'btoa', 'atob', 'crypto', 'TextEncoder', 'TextDecoder', 'Response', 'Request'].map(
          name => [name, 'readonly'],
        ),
      ),
    },
  },
);
