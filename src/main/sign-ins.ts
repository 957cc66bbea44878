import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import type { App } from '#platform/app.ts'
import type { Settings } from './config.ts'

/** Somebody of the demonstration, with the password that was made for this installation. */
export type SignIn = { email: string; password: string; tenant: string; role: string }

/** `done` of `total` of what is being loaded. */
export type Progress = (done: number, total: number) => void

/**
 * Loads the demonstration, or finds that it is there. `known` are the sign-ins of the last time: given back as they are
 * where those people still exist. Empty where the database is used by others. Killed half way it can be called again.
 */
export type Demonstration = (app: App, known: readonly SignIn[], progress: Progress) => Promise<SignIn[]>

/** Has the demonstration in the database and its sign-ins in `demo.json` of the data directory. */
export async function demonstrate(app: App, settings: Settings, load: Demonstration): Promise<SignIn[]> {
  const file = join(settings.dataDir, 'demo.json')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '[]'
  const bar = progressBar('Loading the demonstration')
  try {
    const signIns = await load(app, JSON.parse(text) as SignIn[], bar.show)
    const written = `${JSON.stringify(signIns, null, 2)}\n`
    if (signIns.length > 0 && written !== text) {
      writeFileSync(`${file}.new`, written, { mode: 0o600 })
      renameSync(`${file}.new`, file)
    }
    return signIns
  } finally {
    bar.stop()
  }
}

function progressBar(title: string): { show: Progress; stop(): void } {
  let bar: SingleBar | undefined
  let said = -1
  return {
    show(done, total) {
      if (!process.stderr.isTTY) {
        // a line for each quarter, for logs
        const quarter = Math.floor((4 * done) / Math.max(total, 1))
        if (quarter > said) process.stderr.write(`${title}: ${quarter * 25} %\n`)
        said = Math.max(said, quarter)
        return
      }
      if (!bar) {
        bar = new SingleBar({ format: `${title} {bar} {percentage} %`, hideCursor: true, stream: process.stderr })
        bar.start(total, done)
      }
      bar.setTotal(total)
      bar.update(done)
    },
    stop: () => bar?.stop(),
  }
}
