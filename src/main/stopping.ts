/** Thrown by `until` when the program was told to stop: no failure. */
export const stopRequested: unique symbol = Symbol('stop requested')

/** The wish to end, from outside (a signal) or inside (what cannot be done without is lost). */
export type Stop = {
  signal: AbortSignal
  /** Ends the program with this error. */
  fail(error: unknown): void
  /** The result of `work`, unless the wish to end comes first: then rejects with it. */
  until<T>(work: Promise<T>): Promise<T>
  /** Stops listening, and ends what still watches the signal. */
  release(): void
}

/** Listens for SIGINT, SIGTERM and SIGHUP from now on. Only the first one has an effect: ending in order is never cut short. */
export function listenForStop(log: (line: string) => void): Stop {
  const controller = new AbortController()
  const { signal } = controller
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  ended.catch(() => {})
  const onSignal = () => {
    log(signal.aborted ? 'Still stopping: what is at work is finished first' : 'Stopping')
    controller.abort(stopRequested)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, onSignal)
  return {
    signal,
    fail: error => controller.abort(error),
    until: work => {
      work.catch(() => {})
      const result = Promise.race([work, ended])
      // awaited later, or never where an earlier step fails
      result.catch(() => {})
      return result
    },
    release: () => {
      for (const name of signals) process.off(name, onSignal)
      controller.abort(stopRequested)
    },
  }
}
