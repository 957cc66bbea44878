export { accountsOf } from './principals.ts'
export { createAccount, foundTenant, issueFirstAdministratorToken, signUp } from './sign-ups.ts'
