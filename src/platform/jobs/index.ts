import type { startWorker as start } from './worker.ts'

export { longestPause } from './crons.ts'
export type { Job } from './job.ts'
export { relayOutbox } from './outbox.ts'
export type { Standings } from './parking.ts'
export { enqueue } from './queues.ts'
export type { Worker } from './worker.ts'

/** See `worker.ts`. Loaded when it is called: commands and tests that only enqueue need no pg-boss. */
export const startWorker: typeof start = async options => (await import('./worker.ts')).startWorker(options)
