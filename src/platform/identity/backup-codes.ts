import { createHmac, randomBytes } from 'node:crypto'
import type { Secret } from 'otpauth'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { type Queryable, sql } from '#platform/database'
import { linkTo } from '#platform/mail'
import { backupCodeUsedMail } from './mails.ts'
import { tellOwner } from './owners.ts'
import {
  type CodeOutcome,
  countWrongCode,
  type FactorSecret,
  isResting,
  lockSecret,
  openSecret,
} from './two-factors.ts'

const codesAtOnce = 10
/** Crockford's base32: 5 bits a letter, and none that is read as another. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * Makes ten codes of 50 bits (`xxxxx-xxxxx`) in the place of all that the user has, and returns them this once: only a
 * keyed hash is kept. The caller holds the factor's row (`lockSecret`). Needs the system scope.
 */
export async function replaceBackupCodes(app: App, tx: Queryable, factor: FactorSecret): Promise<string[]> {
  const secret = openSecret(app, factor)
  const codes = new Set<string>()
  while (codes.size < codesAtOnce) codes.add(createBackupCode())
  const hashes = [...codes].map(code => hashBackupCode(secret, code))
  await tx.run(sql`delete from identity.backup_codes where user_id = ${factor.userId}`)
  await tx.run(sql`
    insert into identity.backup_codes (user_id, code_hash)
    select ${factor.userId}, code_hash
    from unnest(${hashes}::bytea[]) as given (code_hash)`)
  return [...codes].map(code => `${code.slice(0, 5)}-${code.slice(5)}`)
}

/**
 * Uses a code up in the place of one of the app, typed in any case, with or without dash; the owner gets a mail. Of any
 * number of uses at once one is accepted. Wrong ones count together with those of the app (`useTotpCode`). Commit whatever
 * it answers. Needs the system scope.
 */
export async function useBackupCode(app: App, tx: Queryable, userId: string, code: string): Promise<CodeOutcome> {
  const factor = await lockSecret(tx, userId)
  if (!factor?.isVerified) return 'wrong'
  if (isResting(factor, app.clock.now())) return 'too_many'
  const read = readBackupCode(code)
  if (read === undefined || !(await takeCode(tx, userId, hashBackupCode(openSecret(app, factor), read)))) {
    return await countWrongCode(app, tx, userId)
  }
  await tx.run(sql`
    update identity.two_factors
    set last_verified_at = ${app.clock.now()}, verification_attempts = 0, resting_until = null
    where user_id = ${userId}`)
  await noteUse(app, tx, userId)
  return 'accepted'
}

/** `ABCDE 01234`, `abcde-oil34` … as it is hashed; undefined for what can be no code. */
export function readBackupCode(text: string): string | undefined {
  if (text.length > 64) return undefined
  const code = text
    .toLowerCase()
    .replace(/[\s\p{Pd}]/gu, '')
    .replaceAll('o', '0')
    .replace(/[il]/g, '1')
  return code.length === 10 && [...code].every(letter => alphabet.includes(letter)) ? code : undefined
}

function createBackupCode(): string {
  return Array.from(randomBytes(10), byte => alphabet[byte & 31]).join('')
}

/**
 * 2^50 codes can be tried out under a bare SHA-256 within hours. The key is the secret of the user's app: 160 bits, in the
 * database only encrypted, still there after the installation's keys have been rotated, and another one for every user.
 */
function hashBackupCode(secret: Secret, code: string): Buffer {
  return createHmac('sha256', secret.bytes).update(`backup code ${code}`).digest()
}

async function takeCode(tx: Queryable, userId: string, codeHash: Buffer): Promise<boolean> {
  const taken = await tx.run(sql`
    update identity.backup_codes
    set used_at = now()
    where user_id = ${userId}
      and code_hash = ${codeHash}
      and used_at is null
    returning id`)
  return taken.length === 1
}

async function noteUse(app: App, tx: Queryable, userId: string): Promise<void> {
  const { left } = await tx.one(sql<{ left: number }>`
    select count(*)::integer as left
    from identity.backup_codes
    where user_id = ${userId}
      and used_at is null`)
  await recordEvent(tx, {
    action: 'backup_code_used',
    resource: 'identity.two_factors',
    resourceId: userId,
    details: { left },
  })
  await tellOwner(app, tx, userId, backupCodeUsedMail, { left, link: linkTo(app, '/account/security') })
}
