export { AccessTokens, accessTokenSeconds } from './access-tokens.ts'
export { normaliseEmail } from './emails.ts'
export { errors as identityErrors } from './errors.ts'
export { verifyPassword } from './hashing.ts'
export { consumeOneTimeToken, issueOneTimeToken, withdrawOneTimeTokens } from './one-time-tokens.ts'
export { announceRevocation, onRevocation } from './revocations.ts'
export {
  extendSession,
  getSessionTimes,
  type NewSession,
  openSession,
  revokeSession,
  rotateRefreshToken,
  SessionTimes,
  setActiveTenant,
} from './sessions.ts'
export {
  type Account,
  countFailedLogin,
  countLogin,
  createUser,
  findAccount,
  getProfile,
  hashNewPassword,
  hasUsers,
  Profile,
  replacePassword,
  setDefaultTenant,
  User,
} from './users.ts'
