// npm run check: format, lint, types, migrations, generated references, lock file. Every step runs; each failure is named.
import { spawnSync } from 'node:child_process'

const node = process.execPath
const bin = (name: string) => `node_modules/.bin/${name}`
const steps: { name: string; command: string[] }[] = [
  { name: 'format and lint', command: [bin('biome'), 'ci', '--error-on-warnings'] },
  { name: 'types', command: [bin('tsc'), '-p', '.'] },
  { name: 'lint of migrations', command: [node, 'scripts/lint-migrations.ts'] },
  { name: 'generated references', command: [node, 'src/main/references.ts', '--check'] },
  { name: 'lock file', command: ['npm', 'ci', '--dry-run', '--ignore-scripts', '--loglevel=error'] },
]

const failed: string[] = []
for (const { name, command } of steps) {
  const started = performance.now()
  const [program, ...args] = command as [string, ...string[]]
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.error(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)${error ? `: ${error.message}` : ''}`)
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`)
  process.exitCode = 1
}
