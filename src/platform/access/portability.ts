import type { PortabilityDeclaration } from '#platform/module.ts'

export const portability: PortabilityDeclaration = {
  stays: { 'access.api_keys': 'Keys open this installation and no other: make new ones where the tenant goes' },
  naturalKeys: { 'access.permissions': [['name']] },
}
