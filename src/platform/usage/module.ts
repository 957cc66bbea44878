import type { Module } from '#platform/module.ts'

export const usageModule = { name: 'usage', schema: 'usage' } satisfies Module
