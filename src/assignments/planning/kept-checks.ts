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
  await turn()
  try {
    return await checkThere(kept)
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

/** Each takes a core and hundreds of megabytes: who comes later waits. */
const mostThreads = 2
const waiting: (() => void)[] = []
let running = 0

async function turn(): Promise<void> {
  if (running < mostThreads) running++
  else await new Promise<void>(resolve => waiting.push(resolve))
}

async function checkThere(kept: KeptPlan): Promise<Check> {
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
