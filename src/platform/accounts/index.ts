export { accountsOf } from './principals.ts'
export { type SignedIn, signIn } from './sign-ins.ts'
export { foundTenant, issueFirstAdministratorToken, signUp } from './sign-ups.ts'
