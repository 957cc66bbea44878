export { Keyring } from './keyring.ts'
export { readSigned, type SignedDocument, thumbprintOf } from './signatures.ts'
export { createToken, hashToken } from './tokens.ts'
