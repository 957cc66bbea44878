import { Anchor, Badge, Button, Group, Menu, Skeleton, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { EmptyState, ErrorState, Icon, PageHeader, useSession } from '#platform/console'
import classes from './api-keys.module.css'
import { KeyForm } from './key-form.tsx'
import { KeyRow } from './key-row.tsx'
import { type ApiKey, allKeysQuery, ownKeysQuery, type ServiceAccount, serviceAccountsQuery } from './own-keys.ts'
import { ServiceAccountDeletion, ServiceAccountForm } from './service-account-form.tsx'

/** The keys by which programs come in: those of service accounts, and one's own. */
export function Page() {
  const { can } = useSession()
  return (
    <>
      <PageHeader
        title="API keys"
        lead={
          <>
            By which programs work with this workspace. A key is shown once, when it is made; nobody can show it again.
            How to use it:{' '}
            <Anchor href="/api/docs" underline="always">
              the reference of the API
            </Anchor>
            .
          </>
        }
      />
      {can('access.service_accounts.read') && <Services />}
      {can('access.personal_keys.write') && <OwnKeys />}
      {can('access.service_accounts.read') && <KeysOfOthers />}
    </>
  )
}

function Section({ title, lead, action, children }: SectionProps) {
  return (
    <section aria-label={title} className={classes.section}>
      <Group justify="space-between" align="flex-end" mb="xs" gap="xs">
        <div className={classes.heading}>
          <Title order={2}>{title}</Title>
          <Text size="sm" c="dimmed">
            {lead}
          </Text>
        </div>
        {action}
      </Group>
      {children}
    </section>
  )
}

type SectionProps = { title: string; lead: string; action?: ReactNode; children: ReactNode }

function Services() {
  const { can } = useSession()
  const mayWrite = can('access.service_accounts.write')
  const [isMaking, setIsMaking] = useState(false)
  const accounts = useQuery(serviceAccountsQuery)
  const keys = useQuery(allKeysQuery)
  const add = mayWrite && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
      New service account
    </Button>
  )
  const items = accounts.data?.items ?? []
  const error = accounts.error ?? keys.error
  return (
    <Section
      title="Service accounts"
      lead="A program with a name and roles of its own: it stays when people leave."
      action={items.length > 0 && add}
    >
      {error ? (
        <ErrorState error={error} retry={() => void Promise.all([accounts.refetch(), keys.refetch()])} />
      ) : accounts.isPending || keys.isPending ? (
        <div role="status" aria-label="Loading the service accounts">
          <Skeleton height={120} />
        </div>
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="terminal" title="No service account yet" action={add}>
            Make one for each program that works with this workspace, with just the roles that it needs.
          </EmptyState>
        </div>
      ) : (
        <Stack gap="sm">
          {items.map(account => (
            <Service
              key={account.id}
              account={account}
              keys={(keys.data?.items ?? []).filter(({ owner }) => owner.id === account.id)}
              mayWrite={mayWrite}
            />
          ))}
        </Stack>
      )}
      {isMaking && <ServiceAccountForm close={() => setIsMaking(false)} />}
    </Section>
  )
}

type ServiceProps = { account: ServiceAccount; keys: readonly ApiKey[]; mayWrite: boolean }

function Service({ account, keys, mayWrite }: ServiceProps) {
  const [dialog, setDialog] = useState<'key' | 'edit' | 'delete'>()
  const close = () => setDialog(undefined)
  return (
    <article className="panel" aria-labelledby={`service-${account.id}`}>
      <div className={classes.account}>
        <div className={classes.what}>
          <Title order={3} size="h5" id={`service-${account.id}`}>
            {account.name}
          </Title>
          {account.description && (
            <Text size="sm" c="dimmed">
              {account.description}
            </Text>
          )}
          <Group gap={6} mt={4}>
            {account.roles.map(role => (
              <Badge key={role.id} variant="light" tt="none" size="sm">
                {role.name}
              </Badge>
            ))}
            {account.roles.length === 0 && (
              <Text size="xs" c="dimmed">
                no role: it may do nothing
              </Text>
            )}
          </Group>
        </div>
        {mayWrite && (
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" onClick={() => setDialog('key')}>
              New key
            </Button>
            <Menu position="bottom-end" width={180}>
              <Menu.Target>
                <UnstyledButton p={8} aria-label={`Change ${account.name}`}>
                  <Icon name="more" />
                </UnstyledButton>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={() => setDialog('edit')}>
                  Edit
                </Menu.Item>
                <Menu.Item
                  color="red"
                  leftSection={<Icon name="trash" size={16} />}
                  onClick={() => setDialog('delete')}
                >
                  Delete
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        )}
      </div>
      {keys.length === 0 ? (
        <Text size="sm" c="dimmed" className={classes.none}>
          It has no key, so it cannot come in.
        </Text>
      ) : (
        <ul className={classes.keys} aria-label={`Keys of ${account.name}`}>
          {keys.map(key => (
            <KeyRow key={key.id} apiKey={key} mayChange={mayWrite} />
          ))}
        </ul>
      )}
      {dialog === 'key' && <KeyForm owner={account} close={close} />}
      {dialog === 'edit' && <ServiceAccountForm account={account} close={close} />}
      {dialog === 'delete' && <ServiceAccountDeletion account={account} close={close} />}
    </article>
  )
}

function OwnKeys() {
  const [isMaking, setIsMaking] = useState(false)
  const { data, isPending, error, refetch } = useQuery(ownKeysQuery)
  const add = (
    <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
      New key of mine
    </Button>
  )
  return (
    <Section
      title="My keys"
      lead="For scripts of your own: they act as you, in this workspace, within the scopes that you choose."
      action={data && data.items.length > 0 && add}
    >
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : isPending ? (
        <div role="status" aria-label="Loading your keys">
          <Skeleton height={60} />
        </div>
      ) : data.items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="key" title="You have no key" action={add}>
            What a key of yours does stands in the audit log as done by you.
          </EmptyState>
        </div>
      ) : (
        <ul className={`panel ${classes.keys}`} aria-label="My keys">
          {data.items.map(key => (
            <KeyRow key={key.id} apiKey={key} mayChange isOwn />
          ))}
        </ul>
      )}
      {isMaking && <KeyForm close={() => setIsMaking(false)} />}
    </Section>
  )
}

function KeysOfOthers() {
  const { user, can } = useSession()
  const { data } = useQuery(allKeysQuery)
  const others = data?.items.filter(({ owner }) => !owner.isService && owner.id !== user.id) ?? []
  if (others.length === 0) return null
  return (
    <Section title="Keys of colleagues" lead="That they made for themselves. A key ends with its owner’s membership.">
      <ul className={`panel ${classes.keys}`} aria-label="Keys of colleagues">
        {others.map(key => (
          <KeyRow key={key.id} apiKey={key} showsOwner mayChange={can('access.service_accounts.write')} />
        ))}
      </ul>
    </Section>
  )
}
