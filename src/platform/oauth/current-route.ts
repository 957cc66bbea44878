import { Provider } from 'oidc-provider'

/** The endpoint in oidc-provider's words: `authorization`, `resume`, `token` … */
export const currentRoute = (): string | undefined => Provider.ctx?.oidc.route
