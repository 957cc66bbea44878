import { randomUUID } from 'node:crypto'
import { json, onViolation, sql } from '#platform/database'
import { errors } from '../errors.ts'
import { normaliseAvailability } from '../participants/availability.ts'
import { levelsAfter, type Participant, ParticipantChanges, participantColumns } from '../participants/participants.ts'
import { dayRule, type Sheet } from './sheets.ts'

const plain = {
  email: null,
  phone: null,
  skills: [],
  skillLevels: {},
  availability: {},
  preferences: {},
  metadata: {},
  minAssignments: 0,
  maxAssignments: null,
  maxMinutesPerWeek: null,
  minRestMinutes: null,
  isActive: true,
} satisfies ParticipantChanges

/** Who a participant is as a member is not in a file: members of one workspace are not those of another. */
export const participantSheet: Sheet = {
  name: 'participants',
  table: 'assignments.participants',
  columns: {
    reference: { column: 'reference', kind: 'text' },
    name: { column: 'name', kind: 'text' },
    email: { column: 'email', kind: 'text', rule: 'an address is written as anna@example.com' },
    phone: { column: 'phone', kind: 'text' },
    skills: { column: 'skills', kind: 'list' },
    skillLevels: { column: 'skill_levels', kind: 'levels' },
    availability: { column: 'availability', kind: 'json' },
    preferences: { column: 'preferences', kind: 'json' },
    metadata: { column: 'metadata', kind: 'json' },
    minAssignments: { column: 'min_assignments', kind: 'number' },
    maxAssignments: { column: 'max_assignments', kind: 'number' },
    maxMinutesPerWeek: { column: 'max_minutes_per_week', kind: 'number' },
    minRestMinutes: { column: 'min_rest_minutes', kind: 'number' },
    joinedOn: { column: 'joined_on', kind: 'date', rule: dayRule },
    isActive: { column: 'is_active', kind: 'boolean' },
  },
  schema: ParticipantChanges,
  plain,
  read: async (tx, domainId, isLocked) =>
    await tx.run<Participant>(sql`
      select ${participantColumns}
      from assignments.participants as participant
      where domain_id = ${domainId}
      ${isLocked ? sql`for update` : sql``}
    `),
  merge(old, given) {
    const fields = given as ParticipantChanges
    const before = (old ?? { ...plain, joinedOn: null }) as unknown as Participant
    const next = { ...before, ...fields }
    if (next.maxAssignments !== null && next.maxAssignments < next.minAssignments) throw errors.participantLimits()
    return {
      ...next,
      ...levelsAfter(before, fields),
      name: next.name.trim(),
      availability: normaliseAvailability(next.availability),
    }
  },
  async write(tx, domainId, rows) {
    const given = rows.map(row => {
      const { id = randomUUID(), reference, name, email, phone, skills, availability, preferences, metadata } = row
      return {
        ...{ id, reference, name, email, phone, skills, availability, preferences, metadata },
        skill_levels: row.skillLevels,
        min_assignments: row.minAssignments,
        max_assignments: row.maxAssignments,
        max_minutes_per_week: row.maxMinutesPerWeek,
        min_rest_minutes: row.minRestMinutes,
        joined_on: row.joinedOn,
        is_active: row.isActive,
      }
    })
    await onViolation(
      tx.run(sql`
        insert into assignments.participants (
          id, domain_id, reference, name, email, phone, skills, skill_levels, availability, preferences, metadata,
          min_assignments, max_assignments, max_minutes_per_week, min_rest_minutes, joined_on, is_active
        )
        select
          id, ${domainId}, reference, name, email, phone, skills, skill_levels, availability, preferences, metadata,
          min_assignments, max_assignments, max_minutes_per_week, min_rest_minutes, coalesce(joined_on, current_date),
          is_active
        from jsonb_populate_recordset(null::assignments.participants, ${json(given)})
        on conflict (tenant_id, id) do update
        set
          reference = excluded.reference,
          name = excluded.name,
          email = excluded.email,
          phone = excluded.phone,
          skills = excluded.skills,
          skill_levels = excluded.skill_levels,
          availability = excluded.availability,
          preferences = excluded.preferences,
          metadata = excluded.metadata,
          min_assignments = excluded.min_assignments,
          max_assignments = excluded.max_assignments,
          max_minutes_per_week = excluded.max_minutes_per_week,
          min_rest_minutes = excluded.min_rest_minutes,
          joined_on = excluded.joined_on,
          is_active = excluded.is_active
      `),
      { participants_reference_unique: errors.participantReferenceTaken },
    )
  },
}
