// Lint rules: typed checks, and the layers of the design (dependencies point one way, one clock, one environment reader).
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const clockAndEnvironment = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Take `now` as an argument; only src/clock.ts reads the clock.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Take `now` as an argument; only src/clock.ts reads the clock.',
  },
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'Only src/config.ts reads the environment.',
  },
];
const engineSettings = {
  selector: "Property[key.name='clickhouse_settings']",
  message: 'Settings of one call stay on the embedded connection. Put SETTINGS in the SQL.',
};
const FILES = new Set(['container', 'config', 'clock']);
/** Forbid a folder to import the named layers. */
const layer = (files, forbidden, packages = []) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...forbidden.map((name) => ({
            // A layer is a folder; container, config and clock are single files.
            group: FILES.has(name) ? [`**/${name}.js`] : [`**/${name}/**`],
            message: `This layer must not import ${name}.`,
          })),
          ...packages.map((name) => ({ group: [name, `${name}/*`], message: `This layer must not import ${name}.` })),
        ],
      },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'driftline-data/**', '.venv-*/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'bin/*.cjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['eslint.config.js', 'bin/**'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['src/**', 'jobs/**'],
    ignores: ['src/clock.ts', 'src/config.ts', 'src/store/client.ts'],
    rules: { 'no-restricted-syntax': ['error', ...clockAndEnvironment, engineSettings] },
  },
  { files: ['src/store/client.ts'], rules: { 'no-restricted-syntax': ['error', ...clockAndEnvironment] } },
  layer(
    ['src/domain/**'],
    ['services', 'store', 'http', 'notify', 'container', 'wiring', 'config', 'clock', 'jobs'],
    ['fastify', '@clickhouse/client', 'chdb', 'nodemailer', 'pino', 'node-cron'],
  ),
  layer(
    ['src/services/**'],
    ['store', 'http', 'notify', 'container', 'wiring', 'config', 'clock', 'jobs'],
    ['fastify', '@clickhouse/client', 'chdb', 'nodemailer', 'node-cron'],
  ),
  layer(
    ['src/store/**'],
    ['services', 'http', 'notify', 'container', 'wiring', 'config', 'clock', 'jobs'],
    ['fastify', 'nodemailer', 'node-cron'],
  ),
  layer(
    ['src/notify/**'],
    ['services', 'store', 'http', 'container', 'wiring', 'config', 'clock', 'jobs'],
    ['fastify', '@clickhouse/client', 'chdb', 'node-cron'],
  ),
  layer(
    ['src/http/**'],
    ['store', 'notify', 'wiring', 'config', 'clock', 'jobs'],
    ['@clickhouse/client', 'chdb', 'nodemailer', 'node-cron'],
  ),
  layer(
    ['src/cli/**'],
    ['store', 'http', 'notify', 'wiring'],
    ['fastify', '@clickhouse/client', 'chdb', 'nodemailer', 'node-cron'],
  ),
  {
    // The client is loaded by browsers: of the service it takes types only.
    files: ['clients/typescript/src/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['**/src/**', 'zod'], allowTypeImports: true, message: 'The client takes types only.' }],
        },
      ],
    },
  },
  layer(['jobs/**'], ['store', 'http', 'notify', 'wiring'], ['fastify', '@clickhouse/client', 'chdb', 'nodemailer']),
  {
    files: ['bin/**'],
    languageOptions: {
      globals: { require: 'readonly', process: 'readonly', console: 'readonly', __dirname: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // The dashboard is a client like any other: of the service it knows the documents' types, and what the names of metrics mean.
    files: ['web/src/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(\\.\\./)+src/(?!domain/contract/|domain/alerts/rule|domain/metric-families)',
              message: "The dashboard uses the API: it may import types of the contract's documents only.",
            },
            {
              regex: '/src/domain/(?!metric-families)',
              allowTypeImports: true,
              message: 'Types only: the service is behind its API.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['bin/**', 'clients/typescript/src/settings.ts', 'demo/**', 'bench/**', 'scripts/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**', 'demo/**', 'bench/**', 'scripts/**'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off' },
  },
);
