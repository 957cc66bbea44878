export { accountsOf } from './principals.ts'
export { foundTenant, issueFirstAdministratorToken, signUp } from './sign-ups.ts'
