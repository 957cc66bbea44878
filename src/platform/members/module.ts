import type { Module } from '#platform/module.ts'

export const membersModule = { name: 'members', schema: 'members' } satisfies Module
