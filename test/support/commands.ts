import { Command } from 'commander'
import type { App } from '#platform/app.ts'
import type { Commands } from '#platform/module.ts'

/** What a command wrote to the standard outputs, and the exit code that it asked for. */
export type Ran = { written: string; errors: string; exitCode: typeof process.exitCode }

type Registration = (program: Command) => void

/** Commands of a module, with `app` for the program that they would open. */
export const commandsOn = (app: App, register: Commands): Registration => {
  return program => register(program, { withApp: work => work(app) })
}

/** Runs a command in this process; what it refuses with is thrown. */
export async function runCommand(register: Registration, words: readonly string[]): Promise<Ran> {
  const { refusal, ...ran } = await tryCommand(register, words)
  if (refusal) throw refusal
  return ran
}

/** As `runCommand`, for what a command writes before it refuses. */
export async function tryCommand(
  register: Registration,
  words: readonly string[],
): Promise<Ran & { refusal?: Error & { code?: string; kind?: string } }> {
  const program = new Command('commonhold').exitOverride().configureOutput({ writeErr: () => {} })
  register(program)
  const { stdout, stderr, exitCode: before } = process
  const [out, err] = [stdout.write, stderr.write]
  const ran: Ran = { written: '', errors: '', exitCode: undefined }
  stdout.write = (text: string | Uint8Array) => {
    // The runner of the tests reports on the same stream, in bytes.
    if (typeof text !== 'string') return out.call(stdout, text)
    ran.written += text
    return true
  }
  stderr.write = (text: string | Uint8Array) => {
    ran.errors += String(text)
    return true
  }
  process.exitCode = undefined
  try {
    await program.parseAsync(words, { from: 'user' })
    return { ...ran, exitCode: process.exitCode }
  } catch (error) {
    return { ...ran, exitCode: process.exitCode, refusal: error as Error }
  } finally {
    stdout.write = out
    stderr.write = err
    process.exitCode = before
  }
}
