// Plans held against their problems as both are kept: a large one in a thread, so that nobody else waits for it.
import { Worker } from 'node:worker_threads'
import { type Check, checkPlan } from '../engine/checks.ts'
import type { Plan } from '../engine/problem.ts'
import { unpackProblem } from './kept-problems.ts'

/** A problem of so many bytes is read and checked within the time of a request. */
const smallProblem = 200_000

export type KeptPlan = { bytes: Buffer; hash: Buffer; plan: Plan }

export async function checkKept(kept: KeptPlan): Promise<Check> {
  if (kept.bytes.length <= smallProblem) return await checkHere(kept)
  const { promise, resolve, reject } = Promise.withResolvers<Check>()
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), { workerData: kept })
  worker.on('message', resolve)
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('The thread that checks ended without an answer')))
  try {
    return await promise
  } finally {
    await worker.terminate()
  }
}

export async function checkHere({ bytes, hash, plan }: KeptPlan): Promise<Check> {
  const { problem } = await unpackProblem(Buffer.from(bytes), Buffer.from(hash))
  return checkPlan(problem, plan)
}
