import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const allowed = read('.dockerignore').match(/(?<=^!).+/gm) ?? [];

/** What the build stage makes itself. */
const BUILT = ['node_modules', 'dist', 'public'];

test('what the image copies is let into its build, or built there', () => {
  const copied = Array.from(
    read('Dockerfile').matchAll(/^COPY --from=build \/app\/(\S+)/gm),
    ([, path = '']) => path,
  );
  expect(copied.length).toBeGreaterThan(5);
  for (const path of copied) {
    const top = path.split('/')[0] ?? '';
    expect([...BUILT, ...allowed]).toContain(top);
  }
});

test('what is let into the build exists', () => {
  for (const path of allowed) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
});

test('the programs that the image and its sample set-up start are in the sources', () => {
  const text = read('Dockerfile') + read('docker-compose.yml');
  const programs = new Set(text.match(/dist\/src\/[\w/-]+(?=\.js)/g));
  expect([...programs].sort()).toEqual(['dist/src/demo/simulators', 'dist/src/main']);
  for (const program of programs) {
    const source = `${program.replace(/^dist\//, '')}.ts`;
    expect([source, existsSync(join(root, source))]).toEqual([source, true]);
  }
});

test('the image runs as nobody special, and its health is asked without a shell', () => {
  const text = read('Dockerfile');
  expect(text).toMatch(/^USER node$/m);
  expect(text).toMatch(/CMD \["node", "-e", ".*\/healthz/);
});
