export { accountsOf } from './principals.ts'
export { createAccount, foundTenant, issueFirstAdministratorToken } from './sign-ups.ts'
