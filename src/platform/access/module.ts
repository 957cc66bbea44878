import type { Module } from '#platform/module.ts'

export const accessModule = { name: 'access', schema: 'access' } satisfies Module
