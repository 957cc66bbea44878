import type { Module } from '#platform/module.ts'

export const tenancyModule = { name: 'tenancy', schema: 'tenancy' } satisfies Module
