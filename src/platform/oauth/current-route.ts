import { Provider } from 'oidc-provider'

/** The endpoint in oidc-provider's words: `authorization`, `resume`, `token` … */
export const currentRoute = (): string | undefined => Provider.ctx?.oidc.route

/** Whether the token that the request is about is an access token. */
export const isAboutAccessToken = (): boolean => Provider.ctx?.oidc.entities.AccessToken !== undefined
