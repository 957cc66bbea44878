import { parentPort, workerData } from 'node:worker_threads'
import { openHighs } from './mixed-integer.ts'
import type { Problem } from './problem.ts'
import { SearchEnded, solveWithSides } from './side-plans.ts'

// One round, then the thread ends and HiGHS gives its memory back: within a thread it only grows.
try {
  const plan = solveWithSides(await openHighs(), workerData as Problem, better => parentPort?.postMessage({ better }))
  parentPort?.postMessage({ plan })
} catch (error) {
  if (!(error instanceof SearchEnded)) throw error
  parentPort?.postMessage({ ended: error.message })
}
