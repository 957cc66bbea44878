import { parentPort, workerData } from 'node:worker_threads'
import { checkHere, type KeptPlan } from './kept-checks.ts'

parentPort?.postMessage(await checkHere(workerData as KeptPlan))
