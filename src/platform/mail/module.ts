import type { Module } from '#platform/module.ts'
import { deliverMail } from './delivery.ts'

export const mailModule = { name: 'mail', schema: 'mail', jobs: [deliverMail] } satisfies Module
