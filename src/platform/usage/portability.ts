import type { PortabilityDeclaration } from '#platform/module.ts'

const counted = 'Counted anew where the tenant goes'

export const portability: PortabilityDeclaration = {
  stays: { 'usage.gauges': counted, 'usage.gauge_shards': counted, 'usage.placed_limits': counted },
  naturalKeys: { 'usage.plans': [['name']] },
}
