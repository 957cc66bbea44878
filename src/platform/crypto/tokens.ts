import { hash, randomBytes } from 'node:crypto'

/** A secret of 256 random bits for a person or program to keep, base64url, 43 characters. */
export function createToken(): string {
  return randomBytes(32).toString('base64url')
}

/** What the database keeps of a token (VS-02): SHA-256, 32 bytes. The token's own entropy makes a salt needless. */
export function hashToken(token: string): Buffer {
  // A third of the time that 'buffer' takes, which makes memory outside of the heap for each.
  return Buffer.from(hash('sha256', token, 'hex'), 'hex')
}

/**
 * A secret of 256 random bits that says in whose database it is to be looked for: the id of the tenant stands before it.
 * 48 bytes are 64 characters of base64url without a bit to spare, so that no two texts are the same secret.
 */
export function createTenantToken(tenantId: string): string {
  return Buffer.concat([Buffer.from(tenantId.replaceAll('-', ''), 'hex'), randomBytes(32)]).toString('base64url')
}

/** The tenant that a token names; undefined for what is none. */
export function tenantOfToken(token: string): string | undefined {
  if (!/^[A-Za-z0-9_-]{64}$/.test(token)) return undefined
  const hex = Buffer.from(token, 'base64url').subarray(0, 16).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
