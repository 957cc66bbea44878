import { createHmac, timingSafeEqual } from 'node:crypto'
import { createToken, hashToken } from '#platform/crypto'

/**
 * A refresh token: `family.secret.tag`. The family is the same for all tokens of a session and as secret as they are; the
 * secret changes with each use; the tag is made of both, so that a ruin of a token is told from an old one.
 */
export type RefreshToken = { text: string; family: string; familyHash: Buffer; tokenHash: Buffer }

/** The next token of a family, or the first of a new one. */
export function createRefreshToken(family = createToken()): RefreshToken {
  const secret = createToken()
  const text = `${family}.${secret}.${tagOf(family, secret).toString('base64url')}`
  return { text, family, familyHash: hashToken(family), tokenHash: hashToken(secret) }
}

/** What a token says and what the database keeps of it; undefined for one that was never issued as it stands. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const [family, secret, tag, ...more] = text.split('.')
  if (!family || !secret || !tag || more.length > 0) return undefined
  const expected = tagOf(family, secret)
  const shown = Buffer.from(tag, 'base64url')
  // Its canonical text only: base64url has several for the same bytes.
  if (shown.length !== expected.length || shown.toString('base64url') !== tag) return undefined
  if (!timingSafeEqual(shown, expected)) return undefined
  return { text, family, familyHash: hashToken(family), tokenHash: hashToken(secret) }
}

/** 16 bytes of HMAC-SHA256. Whoever can make one for a family has had a token of it. */
function tagOf(family: string, secret: string): Buffer {
  return createHmac('sha256', family).update(secret).digest().subarray(0, 16)
}
