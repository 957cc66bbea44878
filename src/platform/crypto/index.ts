export { Keyring } from './keyring.ts'
export { readSigned, type SignedDocument, thumbprintOf } from './signatures.ts'
export { createTenantToken, createToken, hashToken, tenantOfToken } from './tokens.ts'
