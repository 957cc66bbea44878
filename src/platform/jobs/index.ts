export type { Job } from './job.ts'
