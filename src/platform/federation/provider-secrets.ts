import type { App } from '#platform/app.ts'

/** Where a provider's client secret belongs: copied to another provider it does not open. */
export const contextOf = (providerId: string) => `federation.iam_providers.client_secret:${providerId}`

export const encryptSecret = (app: App, providerId: string, secret: string) =>
  app.keyring.encrypt(secret, contextOf(providerId))

export const decryptSecret = (app: App, providerId: string, encrypted: string) =>
  app.keyring.decrypt(encrypted, contextOf(providerId))
