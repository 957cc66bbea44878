import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'
import type { Comparison } from './bcrypt-workers.ts'

// Twelve rounds are a quarter of a second of pure JavaScript: nobody else's request may wait for that.
parentPort?.on('message', ({ passwordHash, password }: Comparison) => {
  parentPort?.postMessage(compareSync(password, passwordHash))
})
