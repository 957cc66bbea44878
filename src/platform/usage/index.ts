export { countUsage, countUsageIn, flushUsage } from './flows.ts'
export { createMeter } from './meter.ts'
export { giveBack, useQuota } from './quotas.ts'
