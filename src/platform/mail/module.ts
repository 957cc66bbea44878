import type { Module } from '#platform/module.ts'

export const mailModule = { name: 'mail', schema: 'mail' } satisfies Module
