import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { type CryptoKey, exportJWK, exportPKCS8, generateKeyPair, importJWK, type JWK, jwtVerify } from 'jose'
import type { Keyring } from '#platform/crypto'
import { type Database, json, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { errors } from './errors.ts'

/** Life of an access token, in seconds. */
export const accessTokenSeconds = 900

/** Milliseconds. */
const rememberedFor = 60_000

export type AccessClaims = { userId: string; sessionId: string; tenantId: string | undefined }

type SigningKey = { id: string; publicKey: JWK; privateKeyEncrypted: string }

/**
 * Signs and checks access tokens: JWT, ES256, `typ` at+jwt (RFC 9068), with the session's id in `sid` and the tenant in
 * `tid`. The keys live in the database, the private ones encrypted, so that all servers of an installation share them.
 */
export class AccessTokens {
  private readonly db: Database
  private readonly keyring: Keyring
  private readonly issuer: string
  private readonly verified = new Map<string, { claims: AccessClaims; until: number }>()
  private readonly publicKeys = new Map<string, { key: CryptoKey; until: number }>()
  private signer: Promise<{ id: string; key: KeyObject }> | undefined

  constructor(db: Database, keyring: Keyring, issuer: string) {
    this.db = db
    this.keyring = keyring
    this.issuer = issuer
  }

  /** Opens the signing key, or makes the first one. Rejects where the configured keys do not open what is there. */
  async open(): Promise<void> {
    await this.openedSigner()
  }

  /** Here and not in a thread of the pool, as jose does it: that costs more, and waits behind passwords being hashed. */
  async sign({ userId, sessionId, tenantId }: AccessClaims): Promise<string> {
    const { id, key } = await this.openedSigner()
    const now = Math.floor(Date.now() / 1000)
    const header = { alg: 'ES256', kid: id, typ: 'at+jwt' }
    const payload = {
      sid: sessionId,
      ...(tenantId && { tid: tenantId }),
      iss: this.issuer,
      aud: this.issuer,
      sub: userId,
      iat: now,
      exp: now + accessTokenSeconds,
    }
    const signed = `${base64url(header)}.${base64url(payload)}`
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }

  /**
   * Refuses with `identity.token_invalid`. A verified token is remembered for a minute, since ES256 costs 0.1 ms; a key
   * too, so that one which is retired elsewhere is felt here.
   */
  async verify(token: string): Promise<AccessClaims> {
    const known = this.verified.get(token)
    if (known && known.until > Date.now()) return known.claims
    let trouble: unknown
    const keyOf = (id: unknown) =>
      this.publicKey(id).catch(cause => {
        trouble = cause
        throw cause
      })
    const { payload } = await jwtVerify(token, header => keyOf(header.kid), {
      algorithms: ['ES256'],
      issuer: this.issuer,
      audience: this.issuer,
      typ: 'at+jwt',
      requiredClaims: ['sub', 'sid', 'exp'],
    }).catch(cause => {
      // While the database is away nobody knows whether the token is good: its owner is not to be signed out.
      if (trouble !== undefined && !(trouble instanceof DomainError)) throw trouble
      throw errors.tokenInvalid({}, cause)
    })
    const claims = {
      userId: String(payload.sub),
      sessionId: String(payload.sid),
      tenantId: typeof payload.tid === 'string' ? payload.tid : undefined,
    }
    if (this.verified.size >= 10_000) this.verified.clear()
    this.verified.set(token, { claims, until: Math.min((payload.exp as number) * 1000, Date.now() + rememberedFor) })
    return claims
  }

  private async publicKey(id: unknown): Promise<CryptoKey> {
    if (typeof id !== 'string' || !/^[\w-]{1,100}$/.test(id)) throw errors.tokenInvalid()
    const known = this.publicKeys.get(id)
    if (known && known.until > Date.now()) return known.key
    const found = await this.db.scoped({ system: true }).maybe(sql<SigningKey>`
      select id, public_key
      from identity.signing_keys
      where id = ${id}
        and retired_at is null`)
    if (!found) throw errors.tokenInvalid()
    const key = (await importJWK(found.publicKey, 'ES256')) as CryptoKey
    this.publicKeys.set(found.id, { key, until: Date.now() + rememberedFor })
    return key
  }

  private openedSigner(): Promise<{ id: string; key: KeyObject }> {
    this.signer ??= this.openSigner().catch(error => {
      this.signer = undefined
      throw error
    })
    return this.signer
  }

  private async openSigner(): Promise<{ id: string; key: KeyObject }> {
    const { id, privateKeyEncrypted } = (await this.findCurrentKey()) ?? (await this.createKey())
    const pem = this.keyring.decrypt(privateKeyEncrypted, `identity.signing_keys.private_key:${id}`)
    return { id, key: createPrivateKey(pem) }
  }

  private findCurrentKey(): Promise<SigningKey | undefined> {
    return this.db.scoped({ system: true }).maybe(sql<SigningKey>`
      select id, public_key, private_key_encrypted
      from identity.signing_keys
      where algorithm = 'ES256'
        and retired_at is null`)
  }

  private async createKey(): Promise<SigningKey> {
    const id = crypto.randomUUID()
    const pair = await generateKeyPair('ES256', { extractable: true })
    const sealed = this.keyring.encrypt(await exportPKCS8(pair.privateKey), `identity.signing_keys.private_key:${id}`)
    // Several servers may start at once on a new database: one key wins, all take that one.
    await this.db.scoped({ system: true }).run(sql`
      insert into identity.signing_keys (id, algorithm, public_key, private_key_encrypted)
      values (${id}, 'ES256', ${json(await exportJWK(pair.publicKey))}, ${sealed})
      on conflict (algorithm) where retired_at is null do nothing`)
    return (await this.findCurrentKey()) as SigningKey
  }
}

function base64url(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
