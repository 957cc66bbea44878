import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto'

/** What a JWS says that carries its own public key, and whose key that is. */
export type SignedDocument = {
  document: Readonly<Record<string, unknown>>
  keyId: string
  publicKey: JsonWebKey
  /** SHA-256 of the public key (JWK thumbprint, RFC 7638), base64url: compare it with what the installation says of itself. */
  thumbprint: string
}

/**
 * Reads a JWS in its compact form (RFC 7515, RFC 8037) of that `typ`, signed by the Ed25519 key in its header, without
 * asking anybody. Undefined where the signature does not fit.
 */
export function readSigned(signed: string, type: string): SignedDocument | undefined {
  try {
    const [header = '', payload = '', signature = '', ...rest] = signed.trim().split('.')
    const { alg, typ, kid, jwk } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const isOurs = rest.length === 0 && alg === 'EdDSA' && typ === type && key.asymmetricKeyType === 'ed25519'
    if (!isOurs || !verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))) {
      return undefined
    }
    const document = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return { document, keyId: String(kid), publicKey: jwk, thumbprint: thumbprintOf(jwk) }
  } catch {
    return undefined
  }
}

/** RFC 7638 for an Ed25519 key. */
export function thumbprintOf({ crv, kty, x }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
}
