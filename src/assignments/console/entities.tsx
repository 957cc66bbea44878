import { Badge, Button, Group, SegmentedControl, Text, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, formatDay, Icon, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { draftsOf, type FieldDraft } from './definition-fields.ts'
import { entitiesQuery } from './definitions.ts'
import { EntityForm } from './entity-form.tsx'
import { PagedList } from './paged-list.tsx'
import type { Entity, EntityDefinition } from './wire-types.ts'

/** All things of a kind, or those that no longer fit its fields. */
export function Entities({ definition }: { definition: EntityDefinition }) {
  const { can } = useSession()
  const mayWrite = can('assignments.targets.write')
  const [unfitOnly, setUnfitOnly] = useState(false)
  const [opened, setOpened] = useState<Entity | 'new'>()
  const query = useInfiniteQuery(entitiesQuery(definition.id, unfitOnly ? false : undefined))
  const isEmpty = query.data?.pages[0]?.items.length === 0
  const fields = draftsOf(definition.schema as never)
  const add = mayWrite && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpened('new')}>
      New entry
    </Button>
  )
  return (
    <section aria-label="Entries">
      <Group justify="space-between" mb="sm">
        <SegmentedControl
          aria-label="Which entries"
          size="xs"
          value={unfitOnly ? 'unfit' : 'all'}
          onChange={value => setUnfitOnly(value === 'unfit')}
          data={[
            { value: 'all', label: `All (${definition.entityCount})` },
            { value: 'unfit', label: `No longer fit (${definition.unfitCount})` },
          ]}
        />
        {!isEmpty && add}
      </Group>
      <PagedList
        query={query}
        label="Entries"
        noun="entries"
        height={140}
        empty={
          unfitOnly ? (
            <EmptyState icon="check" title="All fit">
              What is entered here is as the fields ask for it.
            </EmptyState>
          ) : (
            <EmptyState icon="tag" title="No entries yet" action={add}>
              Each is checked against the fields of “{definition.displayName}”.
            </EmptyState>
          )
        }
      >
        {entity => <Row key={entity.id} entity={entity} fields={fields} open={() => setOpened(entity)} />}
      </PagedList>
      {opened && (
        <EntityForm
          key={opened === 'new' ? 'new' : opened.id}
          definition={definition}
          entity={opened === 'new' ? undefined : opened}
          mayWrite={mayWrite}
          close={() => setOpened(undefined)}
        />
      )}
    </section>
  )
}

function Row({ entity, fields, open }: { entity: Entity; fields: readonly FieldDraft[]; open: () => void }) {
  const data = entity.data as Readonly<Record<string, unknown>>
  const [first, ...others] = fields.filter(({ name }) => data[name] !== undefined)
  return (
    <li className={classes.row}>
      <div>
        <UnstyledButton className={classes.name} onClick={open}>
          {first ? valueInWords(first, data[first.name]) : 'Without a name'}
        </UnstyledButton>
        <div className={classes.about}>
          {others.slice(0, 5).map(field => (
            <span key={field.name}>
              {field.title}: {valueInWords(field, data[field.name])}
            </span>
          ))}
        </div>
        {!entity.fits && (
          <Text size="xs" c="var(--mantine-color-error)">
            {entity.faults
              .slice(0, 3)
              .map(({ pointer, message }) => `${titleOf(pointer, fields)} ${message}`)
              .join('; ')}
          </Text>
        )}
      </div>
      {!entity.fits && (
        <Badge variant="light" color="yellow" tt="none" size="sm" autoContrast>
          No longer fits
        </Badge>
      )}
    </li>
  )
}

/** What a fault is about, by the field's name for people. */
export function titleOf(pointer: string, fields: readonly FieldDraft[]): string {
  const [, name = ''] = pointer.split('/')
  return fields.find(field => field.name === name)?.title ?? name
}

function valueInWords({ kind }: FieldDraft, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.join(', ')
  if (kind === 'date' && typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)) return formatDay(value)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
