import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: what people allow applications, and what does not happen by itself. */
export const securityEvents = {
  oauth_consent: {
    severity: 'low',
    category: 'access',
    description: 'Somebody allowed an application to act for them',
  },
  oauth_token_replayed: {
    severity: 'high',
    category: 'access',
    description: 'A code or refresh token of an application came twice: all that it had was ended',
  },
  oauth_keys_rotated: {
    severity: 'medium',
    category: 'installation',
    description: 'New keys sign what applications are told about people',
  },
} as const satisfies Readonly<Record<string, SecurityEventDeclaration>>
