import type { ResourceDescription } from '#platform/console'

const participants = 'assignments.participants'
const targets = 'assignments.assignment_targets'
const rounds = 'assignments.assignments'
const domains = 'assignments.domains'
const definitions = 'assignments.entity_definitions'

/** How the audit log tells of this module's tables. */
export const resources: Readonly<Record<string, ResourceDescription>> = {
  [domains]: {
    noun: 'domain',
    columns: {
      name: 'short name',
      display_name: 'name',
      is_active: 'state',
      business_rules: 'rules',
      configuration: 'words and planning',
    },
    api: '/assignment-domains/{id}',
    permission: 'assignments.domains.read',
    page: '/assignments/domains/$id',
  },
  [participants]: {
    noun: 'participant',
    sentences: { export: '{who} exported participants as CSV' },
    columns: {
      skill_levels: 'levels of skills',
      is_active: 'state',
      metadata: 'remarks',
      min_assignments: 'least per round',
      max_assignments: 'most per round',
      max_minutes_per_week: 'hours a week',
      min_rest_minutes: 'rest',
      joined_on: 'day from which he counts',
    },
    technical: ['user_id'],
    refers: { domain_id: domains },
    api: '/participants/{id}',
    permission: 'assignments.participants.read',
    page: '/assignments/people/$id',
  },
  'assignments.availability_exceptions': {
    noun: 'exception to an availability',
    sentences: {
      insert: '{who} entered days on which {participant_id} is away or there',
      delete: '{who} took back days on which {participant_id} was away or there',
    },
    columns: { starts_on: 'first day', ends_on: 'last day', is_available: 'there' },
    refers: { participant_id: participants },
  },
  'assignments.participant_preferences': {
    noun: 'wish',
    sentences: {
      insert: '{who} noted a wish of {participant_id} about {target_id}',
      update: '{who} changed a wish of {participant_id} about {target_id}',
      delete: '{who} took back a wish of {participant_id} about {target_id}',
    },
    columns: { is_excluded: 'never' },
    refers: { participant_id: participants, target_id: targets },
  },
  'assignments.participant_relations': {
    noun: 'relation of two participants',
    sentences: {
      insert: '{who} put {participant_id} and {other_participant_id} {kind}',
      delete: '{who} no longer has {participant_id} and {other_participant_id} {kind}',
    },
    refers: { participant_id: participants, other_participant_id: participants },
  },
  [targets]: {
    noun: 'target',
    sentences: { export: '{who} exported targets as CSV' },
    columns: {
      required_count: 'people needed',
      maximum_count: 'room',
      may_be_short: 'whether places may stay empty',
      required_skills: 'skills',
      any_skills: 'skills of which one is enough',
      skill_levels: 'levels of skills',
      skill_mix: 'skills that some have',
      on_date: 'date',
      starts_at: 'beginning',
      ends_at: 'end',
      is_active: 'state',
    },
    refers: { domain_id: domains },
    api: '/assignment-targets/{id}',
    permission: 'assignments.targets.read',
    page: '/assignments/targets/$id',
  },
  [rounds]: {
    noun: 'round',
    sentences: { publish: '{who} published the round {this}' },
    columns: {
      assignment_date: 'first day',
      ends_on: 'last day',
      strategy_used: 'strategy',
      plan_status: 'plan',
      published_at: 'publication',
      locked_at: 'lock',
    },
    technical: ['seed', 'engine_version', 'cost', 'lower_bound', 'revision', 'metadata'],
    refers: { domain_id: domains, schedule_id: 'assignments.schedules' },
    api: '/assignments/{id}',
    permission: 'assignments.assignments.read',
    page: '/assignments/$id',
  },
  'assignments.solver_runs': {
    noun: 'search for a plan',
    sentences: { accept: '{who} took over a plan for {assignmentId}' },
    refers: { assignmentId: rounds },
  },
  'assignments.assignment_pins': {
    noun: 'pin',
    sentences: {
      insert: '{who} pinned {participant_id} on {target_id} in {assignment_id}',
      delete: '{who} unpinned {participant_id} from {target_id} in {assignment_id}',
    },
    refers: { assignment_id: rounds, participant_id: participants, target_id: targets },
  },
  'assignments.drop_outs': {
    noun: 'drop-out',
    sentences: {
      insert: '{who} noted that {participant_id} drops out of {assignment_id}',
      update: '{who} filled the place of {participant_id} in {assignment_id}',
      delete: '{who} took back that {participant_id} drops out of {assignment_id}',
    },
    technical: ['resolved_revision'],
    refers: { assignment_id: rounds, participant_id: participants, target_id: targets },
  },
  'assignments.calendar_feeds': {
    noun: 'calendar address',
    sentences: {
      insert: '{who} made a calendar address for {participant_id}',
      update: '{who} made another calendar address for {participant_id}',
      delete: '{who} ended the calendar address of {participant_id}',
    },
    columns: { token_hash: 'address' },
    refers: { participant_id: participants },
  },
  'assignments.schedules': {
    noun: 'schedule of rounds',
    columns: {
      every: 'interval',
      unit: 'interval',
      period_days: 'days of a round',
      starts_on: 'first day',
      ends_on: 'end',
      lead_days: 'days ahead',
      publishes: 'publication',
      is_active: 'state',
    },
    technical: ['next_on', 'last_run_at', 'last_fault'],
    refers: { domain_id: domains },
    permission: 'assignments.assignments.read',
  },
  [definitions]: {
    noun: 'kind of things',
    columns: { name: 'short name', display_name: 'name', schema: 'fields', is_active: 'state' },
    technical: ['version'],
    refers: { domain_id: domains },
    api: '/entity-definitions/{id}',
    permission: 'assignments.domains.read',
    page: '/assignments/definitions/$id',
  },
  'assignments.entities': {
    noun: 'entry',
    sentences: {
      insert: '{who} added an entry to the kind {definition_id}',
      update: '{who} changed an entry of the kind {definition_id}',
      delete: '{who} deleted an entry of the kind {definition_id}',
    },
    columns: { data: 'fields' },
    refers: { definition_id: definitions },
  },
}
