import { hash, randomBytes } from 'node:crypto'

/** A secret of 256 random bits for a person or program to keep, base64url, 43 characters. */
export function createToken(): string {
  return randomBytes(32).toString('base64url')
}

/** What the database keeps of a token (VS-02): SHA-256, 32 bytes. The token's own entropy makes a salt needless. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
