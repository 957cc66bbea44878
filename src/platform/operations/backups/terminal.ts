import type { CommandContext } from '#platform/module.ts'
import type { RunProgress } from './runs.ts'

export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

export function settingsOf({
  readSettings,
}: CommandContext): NonNullable<ReturnType<NonNullable<CommandContext['readSettings']>>> {
  if (!readSettings) throw new Error('The settings cannot be read here')
  return readSettings()
}

/** At most a line a second: a terminal's own line would be torn by the notes between. */
export function progressLine(what: string): (bytes: number, expectedBytes: number | undefined) => void {
  let told = Date.now()
  return (bytes, expectedBytes) => {
    if (Date.now() - told < 1000) return
    told = Date.now()
    say(`${what}: ${portion(bytes, expectedBytes)}`)
  }
}

/** The same of what has several steps: each is told when it begins. */
export function stepLines(): (progress: RunProgress) => void {
  let current: string | undefined
  let show = progressLine('')
  return ({ step = '', bytes, expectedBytes }) => {
    if (step !== current) {
      current = step
      show = progressLine(step)
      say(step)
    }
    if (bytes !== undefined) show(bytes, expectedBytes)
  }
}

const portion = (bytes: number, expectedBytes: number | undefined): string =>
  `${megabytes(bytes)}${expectedBytes && bytes <= expectedBytes ? ` of about ${megabytes(expectedBytes)}` : ''}`

export const say = (line: string): void => void process.stderr.write(`${line}\n`)

export function write(json: boolean | undefined, value: unknown, describe: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : describe())
}
