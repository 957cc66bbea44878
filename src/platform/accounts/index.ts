export { type Admission, admitUser, type Client } from './admissions.ts'
export { accountsOf } from './principals.ts'
export { clientOf, replyTo, SignInAnswer } from './replies.ts'
export { createAccount, foundTenant, issueFirstAdministratorToken } from './sign-ups.ts'
