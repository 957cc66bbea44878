import { generateKeyPairSync, sign } from 'node:crypto'

/** Signs as the installation's key does (JWS, Ed25519), with a new key of that id. */
export function signerOf(keyId: string): { keyId: string; sign(document: object, type: string): string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwk = publicKey.export({ format: 'jwk' })
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return {
    keyId,
    sign(document, type) {
      const signed = `${encode({ alg: 'EdDSA', typ: type, kid: keyId, jwk })}.${encode(document)}`
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
    },
  }
}
