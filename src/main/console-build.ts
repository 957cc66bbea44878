import { spawn } from 'node:child_process'
import { existsSync, globSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { errorTable } from '#platform/errors.ts'

const errors = errorTable('console', {
  notBuilt: [
    'unavailable',
    'The console could not be built into {directory} ({reason}); run npm run build to see more.',
  ],
})

const root = join(import.meta.dirname, '..', '..')

/** Where the built console lies. */
export const consoleDirectory = join(root, 'dist', 'console')

/**
 * Builds the console where it is missing or older than its sources, in a process of its own, and resolves to whether it
 * did. What is half built never takes the place of what was there.
 */
export async function buildConsole(signal: AbortSignal, log: (line: string) => void): Promise<boolean> {
  const began = new Date()
  if (!isStale()) return false
  log('Building the console')
  const draft = `${consoleDirectory}.building-${process.pid}`
  const old = `${consoleDirectory}.old-${process.pid}`
  try {
    await runVite(draft, signal)
    utimesSync(join(draft, 'index.html'), began, began)
    moveAway(old)
    renameSync(draft, consoleDirectory)
  } catch (error) {
    // another start may have put its own there at this moment
    if (!/ENOTEMPTY|EEXIST/.test((error as NodeJS.ErrnoException).code ?? '') || isStale()) throw error
  } finally {
    for (const left of [draft, old]) rmSync(left, { recursive: true, force: true })
  }
  return true
}

/** As a whole: what two starts remove at once, neither has removed for certain when it is done. */
function moveAway(old: string): void {
  try {
    renameSync(consoleDirectory, old)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

const sources = ['index.html', 'vite.config.ts', 'package-lock.json', 'src/main/console.tsx', 'src/**/console/**']

function isStale(): boolean {
  const page = join(consoleDirectory, 'index.html')
  if (!existsSync(page)) return true
  const built = statSync(page).mtimeMs
  return globSync(sources, { cwd: root }).some(path => statSync(join(root, path)).mtimeMs > built)
}

function runVite(outDirectory: string, signal: AbortSignal): Promise<void> {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', '--outDir', outDirectory, '--emptyOutDir', '--logLevel', 'warn']
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], signal })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        output += chunk
      })
    }
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) return resolve()
      const reason = output.split('\n').find(line => /error/i.test(line)) ?? `exit code ${code}`
      reject(errors.notBuilt({ directory: consoleDirectory, reason: reason.trim() }, new Error(output)))
    })
  })
}
