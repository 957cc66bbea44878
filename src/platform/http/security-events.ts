import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: what the frame itself refuses, whatever the route. */
export const securityEvents = {
  'http.permission_missing': {
    severity: 'medium',
    category: 'access',
    description: 'Somebody asked for something without the permission',
    isRefusal: true,
  },
  'http.key_refused': {
    severity: 'medium',
    category: 'access',
    description: 'An API key was used for what only people may do',
    isRefusal: true,
  },
  'http.cross_site': {
    severity: 'medium',
    category: 'access',
    description: 'A page of another site tried to write with a session',
    isRefusal: true,
  },
  'http.tenant_of_host': {
    severity: 'medium',
    category: 'access',
    description: 'A workspace was asked for on the host name of another one',
    isRefusal: true,
  },
  'http.metrics_refused': {
    severity: 'low',
    category: 'installation',
    description: 'Metrics were asked for from outside',
    isRefusal: true,
  },
  'http.outgoing_refused': {
    severity: 'medium',
    category: 'workspace',
    description: 'The server was told to ask an address that it may not ask',
    isRefusal: true,
  },
  'http.too_many_requests': {
    severity: 'medium',
    category: 'access',
    description: 'Somebody sends more requests than are answered',
    isRefusal: true,
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
