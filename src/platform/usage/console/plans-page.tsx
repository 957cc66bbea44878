import { Badge, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatCount, Icon, PageHeader, useSession } from '#platform/console'
import { Holders } from './holders.tsx'
import { PlanForm } from './plan-form.tsx'
import { formatUsed, type Metric, type Plan, plansQuery } from './usage.ts'

/** The plans of an installation, for its operators. */
export function Page() {
  const { can } = useSession()
  const { data, error, refetch } = useQuery(plansQuery)
  const [edited, setEdited] = useState<Plan | 'new'>()
  const mayManage = can('usage.plans.manage')
  return (
    <>
      <PageHeader
        title="Plans"
        lead="How much workspaces may use. A changed limit holds at once: what is above it stays, and grows no more."
        actions={
          mayManage && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setEdited('new')}>
              New plan
            </Button>
          )
        }
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data ? (
        <Stack gap="md">
          {data.items.map(plan => (
            <PlanCard
              key={plan.id}
              plan={plan}
              plans={data.items}
              metrics={data.metrics}
              edit={mayManage ? () => setEdited(plan) : undefined}
            />
          ))}
        </Stack>
      ) : (
        <div role="status" aria-label="Loading the plans">
          <Skeleton height={240} />
        </div>
      )}
      {edited && data && (
        <PlanForm
          plan={edited === 'new' ? undefined : edited}
          metrics={data.metrics}
          close={() => setEdited(undefined)}
        />
      )}
    </>
  )
}

type CardProps = {
  plan: Plan
  plans: readonly Plan[]
  metrics: readonly Metric[]
  edit: (() => void) | undefined
}

function PlanCard({ plan, plans, metrics, edit }: CardProps) {
  const [isOpen, setOpen] = useState(false)
  const id = `plan-${plan.id}`
  return (
    <section className="panel" style={{ padding: '16px 20px' }} aria-labelledby={id}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ minWidth: 0, flex: '1 1 220px' }}>
          <Group gap={8}>
            <Title order={2} size="h4" id={id}>
              {plan.displayName}
            </Title>
            {plan.isDefault && (
              <Badge variant="light" tt="none" size="sm" autoContrast>
                Default
              </Badge>
            )}
            {!plan.isActive && (
              <Badge variant="default" tt="none" size="sm">
                Inactive
              </Badge>
            )}
          </Group>
          {plan.description && (
            <Text size="sm" c="dimmed">
              {plan.description}
            </Text>
          )}
        </div>
        <Group gap="xs">
          <Button variant="default" size="xs" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {formatCount(plan.tenants)} {plan.tenants === 1 ? 'workspace' : 'workspaces'}
          </Button>
          {edit && (
            <Button variant="default" size="xs" onClick={edit} aria-label={`Edit ${plan.displayName}`}>
              Edit
            </Button>
          )}
        </Group>
      </Group>
      <Text size="sm" mt={8}>
        {plan.limits.length === 0 ? 'No limits.' : plan.limits.map(limit => limitInWords(limit, metrics)).join(' · ')}
      </Text>
      {isOpen && <Holders plan={plan} plans={plans} mayChange={edit !== undefined} />}
    </section>
  )
}

function limitInWords({ metric, limit, isHard = true }: Plan['limits'][number], metrics: readonly Metric[]): string {
  const declared = metrics.find(({ name }) => name === metric)
  const amount = formatUsed(limit, declared?.unit ?? 'count')
  const month = declared?.kind === 'flow' ? ' a month' : ''
  return `${declared?.description ?? metric}: ${amount}${month}${isHard ? '' : ' (only told)'}`
}
