export { AccessTokens, accessTokenSeconds } from './access-tokens.ts'
export { onAccountEvent } from './account-events.ts'
export { avatarLimit, avatarTypes, makePicture } from './avatars.ts'
export { useBackupCode } from './backup-codes.ts'
export {
  distrustDevices,
  isTrustedDevice,
  recogniseDevice,
  sendNewDeviceMail,
  trustDevice,
} from './devices.ts'
export {
  changeDocumentKey,
  checkpointSigners,
  type DocumentKey,
  type DocumentSigner,
  documentKeys,
  findDocumentSigner,
  listDocumentKeys,
  listKeyChanges,
  openDocumentSigner,
  type VerifiedDocument,
  verifyDocument,
} from './document-signatures.ts'
export { sendVerification } from './email-verifications.ts'
export { normaliseEmail } from './emails.ts'
export { listAddresses, listErasedAccounts, listErasedSince, listFreeAddresses } from './erased-accounts.ts'
export { errors as identityErrors } from './errors.ts'
export {
  findGoogleAccount,
  findUserByExternalIdentity,
  linkExternalIdentity,
  linkGoogle,
  listExternalIdentities,
  recordExternalSignIn,
} from './external-identities.ts'
export {
  finishGoogle,
  type GoogleAnswer,
  googleCookie,
  startGoogle,
} from './google.ts'
export { isGoogleConfigured } from './google-provider.ts'
export { needsRehash, verifyPassword } from './hashing.ts'
export { type UserFormat, userFormats } from './imported-rows.ts'
export {
  countFailedLogin,
  countLogin,
  endRest,
  type FailureCounter,
  findGuessed,
  findRest,
  takeUntoldRests,
} from './lockouts.ts'
export {
  countLogOf,
  eraseAccountAtOnce,
  eraseLogOf,
  findSubject,
  type LogErasure,
  repeatErasures,
} from './log-erasures.ts'
export { type AccountLogin, type LoginFilters, listAccountLogins, recordLogin } from './login-histories.ts'
export { describeOccasion, momentInWords } from './occasions.ts'
export {
  consumeOneTimeToken,
  findOneTimeToken,
  issueOneTimeToken,
  type OneTimeToken,
  withdrawOneTimeTokens,
} from './one-time-tokens.ts'
export { listOperatorIds, makeOperator } from './operators.ts'
export { tellOwner } from './owners.ts'
export { SignInAnswer as PasskeySignInAnswer } from './passkey-answers.ts'
export { finishPasskeySignIn, startPasskeySignIn } from './passkey-sign-ins.ts'
export { consumePasswordReset, findPasswordReset, sendPasswordReset } from './password-resets.ts'
export {
  defaultPasswordRules,
  findPasswordHolder,
  findPasswordOf,
  hashNewPassword,
  listPasswordHashes,
  type PasswordHolder,
  PasswordRules,
  rehashPassword,
  replacePassword,
  verifyPasswordOf,
} from './passwords.ts'
export { changeProfile, findTimezone, getOwnProfile, getProfile, Profile } from './profiles.ts'
export { endReplayedSession, findByRefreshToken, rotateRefreshToken } from './refresh-tokens.ts'
export { announceRevocation, changeAndAnnounce, onRevocation } from './revocations.ts'
export {
  type AuthenticationMethod,
  extendSession,
  findEndOfSession,
  findSessionDevice,
  getSessionTimes,
  type NewSession,
  openSession,
  openSessionOnKnownDevice,
  renewAuthentication,
  replaceSession,
  revokeSession,
  revokeSessions,
  revokeSessionsOf,
  revokeSessionsThrough,
  type SessionProvider,
  SessionTimes,
  setActiveTenant,
  touchSeconds,
} from './sessions.ts'
export { consumeSignUp, findSignUp, findSignUpByToken, issueSignUpToken, keepSignUp, signUpHours } from './sign-ups.ts'
export { requireTimezone } from './timezones.ts'
export { type Arrival, idsOf, listTravellers, settleTravellers, Traveller } from './travellers.ts'
export { refusalOf as codeRefusalOf } from './two-factor-changes.ts'
export { findTwoFactor, useTotpCode } from './two-factors.ts'
export { importUsers, type UserImportOptions, type UserImportProgress, type UserImportSummary } from './user-imports.ts'
export { changeUserStatus } from './user-statuses.ts'
export {
  type Account,
  createServiceUser,
  createUser,
  deleteServiceUser,
  dropDefaultTenant,
  findAccount,
  findVerifiedAddress,
  hasUsers,
  renameServiceUser,
  setDefaultTenant,
  setDefaultTenantIfNone,
  User,
} from './users.ts'
