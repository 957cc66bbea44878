export { countUsage, countUsageIn, flushUsage } from './flows.ts'
export { createMeter } from './meter.ts'
export { mirrorLimits } from './placed-gauges.ts'
export { giveBack, useQuota } from './quotas.ts'
