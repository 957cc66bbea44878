import { Agent, request } from 'node:http'

export type Load = { perSecond: number; p50: number; p95: number }

/** Rounds of all candidates, the first to go changing, so that the machine's moods fall on all alike. */
export async function alternate(
  candidates: readonly (() => Promise<unknown>)[],
  { clients = 4, milliseconds = 1_000, rounds = 7, warmUp = 1_500 } = {},
): Promise<Load[][]> {
  for (const candidate of candidates) await load(candidate, clients, warmUp)
  const measured: Load[][] = []
  for (let round = 0; round < rounds; round++) {
    const loads: Load[] = []
    for (let turn = 0; turn < candidates.length; turn++) {
      const index = (round + turn) % candidates.length
      loads[index] = await load(candidates[index] as () => Promise<unknown>, clients, milliseconds)
    }
    measured.push(loads)
  }
  return measured
}

/** The median of what each round gives: both sides of a ratio saw the same machine. */
export const overRounds = (rounds: readonly Load[][], measure: (loads: readonly Load[]) => number): number =>
  median(rounds.map(measure))

export const median = (figures: readonly number[]): number => percentile(figures, 0.5)

export const percentile = (figures: readonly number[], share: number): number =>
  figures.toSorted((one, other) => one - other)[Math.floor(figures.length * share)] ?? Number.NaN

export async function load(work: () => Promise<unknown>, clients: number, milliseconds: number): Promise<Load> {
  const latencies: number[] = []
  const started = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() - started < milliseconds) {
        const begun = performance.now()
        await work()
        latencies.push(performance.now() - begun)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  return {
    perSecond: latencies.length / seconds,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** A request with a browser's cookie; any answer that is no success is an error. Kept lean, for it shares the cores. */
export function call(
  address: string,
  path: string,
  cookie: string,
  { method = 'GET', body }: { method?: string; body?: unknown } = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = {
    cookie,
    'sec-fetch-site': 'same-origin',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const sent = request(`${address}/api/v1${path}`, { agent, method, headers }, answer => {
    const parts: string[] = []
    answer.setEncoding('utf8')
    answer.on('data', part => parts.push(part))
    answer.on('error', reject)
    answer.on('end', () => {
      const { statusCode = 0 } = answer
      if (statusCode >= 200 && statusCode < 300) resolve(parts.join(''))
      else reject(new Error(`${method} ${path} answered ${statusCode}: ${parts.join('')}`))
    })
  })
  sent.on('error', reject)
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

export const anyOf = <T>(items: readonly T[]): T => items[Math.trunc(Math.random() * items.length)] as T
