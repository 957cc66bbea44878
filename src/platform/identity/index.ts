export { AccessTokens, accessTokenSeconds } from './access-tokens.ts'
export {
  distrustDevices,
  isTrustedDevice,
  type RecognisedDevice,
  recogniseDevice,
  sendNewDeviceMail,
  trustDevice,
} from './devices.ts'
export { normaliseEmail } from './emails.ts'
export { errors as identityErrors } from './errors.ts'
export { isUsableHash, needsRehash, verifyPassword } from './hashing.ts'
export { recordLogin } from './login-histories.ts'
export {
  countFailedLogin,
  countLogin,
  type FailureCounter,
  findRest,
  takeUntoldRests,
  unlockAccount,
} from './lockouts.ts'
export {
  consumeOneTimeToken,
  findOneTimeToken,
  issueOneTimeToken,
  type TokenDetails,
  withdrawOneTimeTokens,
} from './one-time-tokens.ts'
export { SignInAnswer as PasskeySignInAnswer } from './passkey-answers.ts'
export { finishPasskeySignIn, hasPasskeys, listPasskeys, startPasskeySignIn } from './passkeys.ts'
export {
  defaultPasswordRules,
  findPasswordHolder,
  findPasswordOf,
  hashNewPassword,
  listPasswordHashes,
  longestPassword,
  type PasswordContext,
  type PasswordHolder,
  PasswordRules,
  rehashPassword,
  replacePassword,
  verifyPasswordOf,
} from './passwords.ts'
export { announceRevocation, onRevocation } from './revocations.ts'
export {
  type AuthenticationMethod,
  extendSession,
  getSessionTimes,
  type NewSession,
  openSession,
  renewAuthentication,
  revokeSession,
  revokeSessionsOf,
  rotateRefreshToken,
  SessionTimes,
  setActiveTenant,
} from './sessions.ts'
export {
  type Account,
  createUser,
  findAccount,
  getProfile,
  hasUsers,
  Profile,
  setDefaultTenant,
  User,
} from './users.ts'
