import { randomBytes } from 'node:crypto'

/** Where a webhook's secret belongs: copied to another it does not open. */
export const contextOf = (endpointId: string) => `webhooks.endpoints.secret:${endpointId}`

/** A signing secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64. */
export const createSigningSecret = () => `whsec_${randomBytes(32).toString('base64')}`
