import { availableParallelism } from 'node:os'
import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { errors } from './errors.ts'

/** Argon2id as OWASP recommends for 19 MiB: about 16 ms of one core a hash. */
const parameters = { algorithm: 2 satisfies Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const atOnce = Math.max(1, availableParallelism() - 1)
const mostWaiting = 200
const longestWait = 5_000

/** GG-02: hashes with Argon2id. Refuses with `identity.hashing_busy` when hashing is saturated for 5 seconds. */
export function hashPassword(password: string): Promise<string> {
  return admitted(() => hash(password, parameters))
}

/** Compares in the same time whether or not there is a hash, so that answers do not tell which accounts exist. */
export function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  return admitted(async () => {
    const matches = await verify(passwordHash ?? (await hashOfNobody()), password)
    return matches && passwordHash !== undefined
  })
}

let nobody: Promise<string> | undefined
function hashOfNobody(): Promise<string> {
  nobody ??= hash(crypto.randomUUID(), parameters)
  return nobody
}

const waiting: (() => void)[] = []
let running = 0

/** Bounds hashing to the cores: more at once would take 19 MiB each and starve every other request. */
async function admitted<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) await turn()
  else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

function turn(): Promise<void> {
  if (waiting.length >= mostWaiting) throw errors.hashingBusy()
  return new Promise((resolve, reject) => {
    const start = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(start), 1)
      reject(errors.hashingBusy())
    }, longestWait)
    waiting.push(start)
  })
}
