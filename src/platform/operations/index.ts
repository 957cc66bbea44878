export { recordMaintenance } from './maintenance/runs.ts'
