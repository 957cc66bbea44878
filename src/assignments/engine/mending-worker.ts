import { parentPort, workerData } from 'node:worker_threads'
import { openHighs } from './mixed-integer.ts'
import { type Conflict, sideMendsOf } from './side-mends.ts'

parentPort?.postMessage(sideMendsOf(await openHighs(), workerData as Conflict))
