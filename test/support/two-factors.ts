import assert from 'node:assert/strict'
import { Secret, TOTP } from 'otpauth'
import type { Person } from './world.ts'

export type AuthenticatorApp = {
  /** The code of now, or of so many steps of 30 seconds later: each is accepted once. */
  code: (steps?: number) => string
  backupCodes: string[]
}

/** Turns two-factor sign-in on for somebody who has just signed in; it has used the code of the step before. */
export async function turnOnTwoFactor(person: Person): Promise<AuthenticatorApp> {
  const started = await person.fetch('/me/two-factor', { method: 'POST' })
  const { secret } = (await started.json()) as { secret: string }
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const code = (steps = 0) => totp.generate({ timestamp: Date.now() + steps * 30_000 })
  const answer = await person.fetch('/me/two-factor/verify', { method: 'POST', body: { code: code(-1) } })
  assert.equal(answer.status, 200)
  return { code, ...((await answer.json()) as { backupCodes: string[] }) }
}
