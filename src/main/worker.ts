import { openDatabase } from './database.ts'
import { startJobs, startSealingLog, upgradeDatabase } from './program.ts'
import { openApp, openProgramLogin, requireIsolation, type StartOptions } from './start.ts'
import { listenForStop, type Stop, stopRequested } from './stopping.ts'

export type WorkerProgramOptions = Pick<StartOptions, 'settings' | 'modules' | 'log'>

/**
 * `commonhold worker`: runs the jobs without HTTP, beside programs that serve. On the embedded database it joins the
 * server of a running program. Resolves when a signal has ended it: jobs at work have 10 seconds to finish.
 */
export async function runWorker(options: WorkerProgramOptions): Promise<void> {
  const log = options.log ?? (line => void process.stderr.write(`${line}\n`))
  const stop = listenForStop(log)
  try {
    await workUntilStopped(options, stop, log)
  } catch (error) {
    if (error !== stopRequested) throw error
  } finally {
    stop.release()
  }
}

async function workUntilStopped(options: WorkerProgramOptions, stop: Stop, log: (line: string) => void): Promise<void> {
  const { settings, modules } = options
  await using running = new AsyncDisposableStack()

  const opened = await openDatabase(settings, { log, join: true, onLost: stop.fail })
  const database = running.adopt(opened, it => it.close())
  await stop.until(upgradeDatabase(database.admin, modules, log, { isVerbose: settings.logLevel === 'debug' }))
  const login = await stop.until(openProgramLogin(database, settings))
  const app = running.adopt(openApp(login, settings, database), ({ db }) => db.close())
  await stop.until(requireIsolation(app))
  running.adopt(await startJobs(app, login), worker => worker.stop())
  running.adopt(startSealingLog(app), sealing => sealing.stop())

  const jobs = modules.flatMap(module => module.jobs ?? [])
  log(`The worker runs ${jobs.length} kinds of jobs. Stop with Ctrl-C.`)
  await stop.until(new Promise(() => {}))
}
