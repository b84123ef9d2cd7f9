// Bundles the client with Yjs into one ES module that a server can serve as it is: dist/chatdoc-client.js.
//
// The bundle is committed, so that a clone or a wheel serves it without npm. Its first line names the digest of what it
// was built from; tests/clients/test_bundle.py compares. `npm run build` makes it anew.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { build } from 'esbuild'

const here = new URL('.', import.meta.url)
const sources = readdirSync(new URL('src/', here)).filter((name) => name.endsWith('.js')).sort()
const hash = createHash('sha256')
for (const name of sources) hash.update(name).update('\0').update(readFileSync(new URL(`src/${name}`, here))).update('\0')
const versions = ['yjs', 'y-protocols', 'lib0'].map((name) =>
  `${name} ${JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, here), 'utf8')).version}`)

await build({
  absWorkingDir: here.pathname,
  entryPoints: ['src/index.js'],
  outfile: 'dist/chatdoc-client.js',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  banner: {
    js: `/* @chatdoc/client; sources ${hash.digest('hex').slice(0, 16)}; with ${versions.join(', ')}, MIT, see LICENSES.md */`
  }
})
