import { availableParallelism } from 'node:os'
import { type Algorithm, hash, verify } from '@node-rs/argon2'
import { compareBcrypt } from './bcrypt-workers.ts'
import { errors } from './errors.ts'

/** Argon2id as OWASP recommends for 19 MiB: about 16 ms of one core a hash. */
const parameters = { algorithm: 2 satisfies Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** The cores, but never more than libuv has threads: what waits for one of them would wait behind hashes. */
const atOnce = Math.min(4, availableParallelism())
const mostWaiting = 200
const longestWait = 5_000

/** GG-02: hashes with Argon2id. Refuses with `identity.hashing_busy` when hashing is saturated for 5 seconds. */
export function hashPassword(password: string): Promise<string> {
  return admitted(() => hash(composed(password), parameters))
}

/**
 * Compares with a hash of Argon2 or, from elsewhere, bcrypt (PE-01). A hash that is missing, unknown or beyond the bounds
 * of `isUsableHash` never matches, after the work of an Argon2id hash of ours, so that the time of an answer does not tell
 * whether there is one. bcrypt takes ten times as long, and of a password only the first 72 bytes count, as for whoever
 * made the hash; `needsRehash` says that it should be replaced while the whole password is at hand.
 */
export function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  return admitted(async () => {
    const usable = passwordHash !== undefined && isUsableHash(passwordHash) ? passwordHash : undefined
    if (usable !== undefined && isBcrypt(usable)) return await verifyBcrypt(usable, password)
    const matches = await verify(usable ?? (await hashOfNobody()), composed(password))
    return matches && usable !== undefined
  })
}

/** Whether a hash that verifies should be replaced: made with bcrypt, or with less work than a hash of ours. */
export function needsRehash(passwordHash: string): boolean {
  const argon2 = readArgon2(passwordHash)
  return argon2?.variant !== 'id' || argon2.memoryCost < parameters.memoryCost || argon2.timeCost < parameters.timeCost
}

/**
 * Whether a hash is one that passwords are compared with here: bcrypt ($2a$, $2b$, $2y$) of 4 to 14 rounds, or Argon2id or
 * Argon2i, version 19, of at most 256 MiB and about a second of work. What costs more could be used to stop the server.
 */
export function isUsableHash(passwordHash: string): boolean {
  const rounds = passwordHash.match(bcrypt)?.groups?.rounds
  if (rounds !== undefined) return Number(rounds) >= 4 && Number(rounds) <= 14
  const argon2 = readArgon2(passwordHash)
  if (!argon2) return false
  const { memoryCost, timeCost, parallelism } = argon2
  return (
    parallelism >= 1 &&
    parallelism <= 16 &&
    timeCost >= 1 &&
    memoryCost >= 8 * parallelism &&
    memoryCost <= 262_144 &&
    memoryCost * timeCost <= 1_048_576
  )
}

/** Whether a hash takes the time of bcrypt to compare with. */
function isBcrypt(passwordHash: string): boolean {
  return bcrypt.test(passwordHash)
}

const bcrypt = /^\$2[aby]\$(?<rounds>\d{2})\$[./A-Za-z0-9]{53}$/

// The order of the parameters is fixed (PHC string format). A salt of 8 to 48 bytes, a hash of 16 to 64.
const argon2 =
  /^\$argon2(?<variant>id|i)\$v=19\$m=(?<m>[1-9]\d{0,9}),t=(?<t>[1-9]\d{0,9}),p=(?<p>[1-9]\d{0,2})\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,86}$/

function readArgon2(passwordHash: string) {
  const found = passwordHash.match(argon2)?.groups
  if (!found) return undefined
  return {
    variant: found.variant,
    memoryCost: Number(found.m),
    timeCost: Number(found.t),
    parallelism: Number(found.p),
  }
}

/** The same letters may come composed or not, by the keyboard (RFC 8265, 4.2.2). */
function composed(password: string): string {
  return password.normalize('NFC')
}

async function verifyBcrypt(passwordHash: string, password: string): Promise<boolean> {
  // bcrypt repeats the password with a NUL between: what has one of its own may look like another password.
  const matches = await compareBcrypt({ passwordHash, password: composed(password) })
  return matches && !password.includes('\0')
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
  if (waiting.length >= mostWaiting) throw errors.hashingBusy({ retryAfter })
  return new Promise((resolve, reject) => {
    const start = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(start), 1)
      reject(errors.hashingBusy({ retryAfter }))
    }, longestWait)
    waiting.push(start)
  })
}

/** Seconds after which it is worth trying again: the queue is half empty by then. */
const retryAfter = 3
