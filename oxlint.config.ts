import { defineConfig } from 'oxlint';
import { rooms, type Room } from './house.ts';

/** What is not `index.ts`, spelt without look-ahead, which the linter's regular expressions lack. */
const notIndex = '[^i]|i[^n]|in[^d]|ind[^e]|inde[^x]|index[^.]';

const everyRoom = rooms.map((room) => room.name);

function roomRules(room: Room) {
  const forbidden = everyRoom.filter((name) => name !== room.name && !room.sees.includes(name));
  const patterns = [
    {
      regex: `^(\\.\\./)+(${room.sees.length ? room.sees.join('|') : '-'})/(${notIndex})`,
      message: `A room's only public face is its index.ts.`,
    },
  ];
  if (forbidden.length > 0) {
    patterns.push({
      regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
      message: `${room.name}/ may import only: ${room.sees.join(', ') || 'nothing'}. See house.ts.`,
    });
  }
  return patterns;
}

const clockAndWorld = [
  'fetch',
  'process',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'crypto',
];

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  ignorePatterns: [
    'node_modules',
    'dist',
    'coverage',
    'examples',
    'test/house/wrong',
    '**/fixtures/**',
    'web/dist',
  ],
  rules: {
    // Also of types: two files that need each other's are one file, or three.
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    'import/no-unassigned-import': 'off',
    // `fc.assert` is how fast-check is written.
    'import/no-named-as-default-member': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-unnecessary-type-assertion': 'error',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'eslint/no-shadow': 'off',
    'eslint/no-await-in-loop': 'off',
    'promise/always-return': 'off',
    // Written for Express; fastify awaits its handlers.
    'oxc/no-async-endpoint-handlers': 'off',
  },
  overrides: rooms.flatMap((room) => [
    {
      files: [`src/${room.name}/**/*.ts`],
      rules: { 'eslint/no-restricted-imports': ['error', { patterns: roomRules(room) }] },
    },
    ...(room.pure
      ? [
          {
            files: [`src/${room.name}/**/*.ts`],
            excludeFiles: ['**/*.test.ts'],
            rules: {
              'eslint/no-restricted-imports': [
                'error',
                {
                  patterns: [
                    ...roomRules(room),
                    { regex: '^node:', message: `${room.name}/ is pure: no node:* modules.` },
                  ],
                },
              ],
              'eslint/no-restricted-globals': ['error', 'Date', ...clockAndWorld],
              'eslint/no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
            },
          },
        ]
      : []),
  ]) as never,
});
