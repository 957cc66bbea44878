export { Keyring } from './keyring.ts'
export { createToken, hashToken } from './tokens.ts'
