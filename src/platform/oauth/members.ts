import { type Queryable, sql } from '#platform/database'

export type Member = {
  userId: string
  email: string
  isEmailVerified: boolean
  fullName: string | null
  username: string | null
  updatedAt: Date
  tenantName: string
  securityPolicy: string
  secondFactorRequiredSince: Date | null
  roles: string[]
  joinedAt: Date
  hasSecondFactor: boolean
  graceBeganAt: Date | null
  graceLogins: number | null
}

/** A person who may be in the scope's tenant now; undefined for everybody else. Needs the system scope. */
export function findMember(tx: Queryable, userId: string): Promise<Member | undefined> {
  return tx.maybe(sql<Member>`select * from oauth.find_member(${tx.scope.tenantId}, ${userId})`)
}
