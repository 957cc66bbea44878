import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { json, type Queryable, sql } from '#platform/database'
import type { Job } from '#platform/jobs'
import { errors } from './errors.ts'

/** An answer as it went over the wire. */
export type Answer = { status: number; headers: Record<string, string>; body: string }

export type IdempotentRequest = {
  key: string
  userId: string
  tenantId: string | undefined
  method: string
  path: string
  body: unknown
}

/** Who holds a key without an answer for this long has crashed; the next one with the key runs again. */
const leaseSeconds = 60
const longestWait = 5_000

/**
 * Answers a request with an `Idempotency-Key` once: a duplicate gets the first one's answer for 24 hours, a concurrent
 * one waits for it (5 s, then 409 with Retry-After), another request under the key is refused with 409.
 * Only answers below 500 are kept, so a failure may be repeated; so may a first attempt that has crashed, after a lease
 * of 60 s: whether it had committed is not known then, and it may run twice.
 */
export async function answerOnce(
  tx: Queryable,
  request: IdempotentRequest,
  work: () => Promise<Answer>,
): Promise<Answer & { replayed: boolean }> {
  const id = sha256([request.userId, request.tenantId ?? '', request.key])
  const fingerprint = sha256([request.method, request.path, JSON.stringify(request.body ?? null)])
  const claimed = await claim(tx, id, request.userId, fingerprint)
  if ('answer' in claimed) return { ...claimed.answer, replayed: true }
  let answer: Answer
  try {
    answer = await work()
  } catch (error) {
    await release(tx, id, claimed.lease)
    throw error
  }
  if (answer.status < 500 && answer.status !== 429) await keep(tx, id, claimed.lease, answer)
  else await release(tx, id, claimed.lease)
  return { ...answer, replayed: false }
}

/** Drops what is older than a day. */
export const forgetIdempotencyKeys: Job = {
  name: 'http.forget-idempotency-keys',
  description: 'Drops the answers that were kept for Idempotency-Key once they are a day old',
  cron: '17 * * * *',
  async run(_data, app) {
    await app.db.scoped({ system: true }).run(sql`delete from http.idempotency_keys where expires_at < now()`)
  },
}

/** The answer that the key has, or a lease once the key is ours to work on. */
async function claim(
  tx: Queryable,
  id: Buffer,
  userId: string,
  fingerprint: Buffer,
): Promise<{ answer: Answer } | { lease: string }> {
  for (let waited = 0, pause = 20; ; waited += pause, pause = Math.min(pause * 2, 500)) {
    const claimed = await tx.maybe<{ lease: string }>(sql`
      insert into http.idempotency_keys as kept (id, user_id, fingerprint, locked_until)
      values (${id}, ${userId}, ${fingerprint}, now() + ${leaseSeconds} * interval '1 second')
      on conflict (id) do update
      set fingerprint = excluded.fingerprint,
        locked_until = excluded.locked_until,
        status = null,
        headers = null,
        body = null,
        created_at = now(),
        expires_at = now() + interval '24 hours'
      where kept.expires_at < now()
        or (kept.status is null and kept.locked_until < now() and kept.fingerprint = excluded.fingerprint)
      returning locked_until::text as lease`)
    if (claimed) return claimed
    const kept = await tx.maybe<{ fingerprint: Buffer } & Answer>(sql`
      select fingerprint, status, headers, body
      from http.idempotency_keys
      where id = ${id}`)
    // Released between the two statements: try again.
    if (!kept) continue
    if (!kept.fingerprint.equals(fingerprint)) throw errors.idempotencyKeyReused()
    if (kept.status !== null) {
      return { answer: { status: kept.status, headers: kept.headers, body: kept.body } }
    }
    if (waited >= longestWait) throw errors.idempotencyInProgress({ retryAfter: 2 })
    await sleep(pause)
  }
}

/** The lease keeps one that was too slow from touching the key of the one who took over. */
async function keep(tx: Queryable, id: Buffer, lease: string, { status, headers, body }: Answer): Promise<void> {
  await tx.run(sql`
    update http.idempotency_keys
    set status = ${status},
      headers = ${json(headers)},
      body = ${body}
    where id = ${id}
      and locked_until = ${lease}::timestamptz`)
}

async function release(tx: Queryable, id: Buffer, lease: string): Promise<void> {
  await tx.run(sql`
    delete from http.idempotency_keys
    where id = ${id}
      and locked_until = ${lease}::timestamptz`)
}

function sha256(parts: readonly string[]): Buffer {
  const digest = createHash('sha256')
  // Each part with its length, so that ('ab', 'c') and ('a', 'bc') differ.
  for (const part of parts) digest.update(`${Buffer.byteLength(part)}:`).update(part)
  return digest.digest()
}
