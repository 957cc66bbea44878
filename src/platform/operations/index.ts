export { recordMaintenance } from './maintenance/runs.ts'
export { runRetention } from './retention/runs.ts'
