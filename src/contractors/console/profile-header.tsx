import { Alert, Anchor, Badge, Button, Group } from '@mantine/core'
import { formatDay, Icon, PageHeader, PageLink, useSession } from '#platform/console'
import { type ContractorInFull, placeOf } from './contractors.ts'
import { Identifier } from './identifier.tsx'
import { FavouriteButton, ListMenu } from './list-menu.tsx'
import classes from './profile.module.css'

/** Who it is, and what one can do with it. */
export function ProfileHeader({ contractor }: { contractor: ContractorInFull }) {
  const { uei, cageCode, mergedInto } = contractor
  const place = placeOf(contractor)
  return (
    <>
      <Anchor
        component={PageLink}
        to="/contractors"
        className="off-paper"
        size="sm"
        c="dimmed"
        display="inline-block"
        mb="xs"
      >
        <Group gap={6}>
          <Icon name="arrowLeft" size={15} />
          All contractors
        </Group>
      </Anchor>
      <PageHeader
        title={contractor.name}
        lead={
          <div className={classes.identifiers}>
            {uei ? <Identifier label="UEI" code={uei} /> : <Badge color="gray">No UEI known</Badge>}
            {cageCode && <Identifier label="CAGE" code={cageCode} />}
            {place && <span>{place}</span>}
            <RegistrationBadge contractor={contractor} />
          </div>
        }
        actions={
          !mergedInto && (
            <>
              <FavouriteButton contractor={contractor} labelled />
              <ListMenu contractor={contractor} labelled />
              <IdentityLink contractor={contractor} />
            </>
          )
        }
      />
      <Notices contractor={contractor} />
    </>
  )
}

/** For operators: who it is, and who else. */
function IdentityLink({ contractor: { id, isPlaceholder } }: { contractor: ContractorInFull }) {
  const { can } = useSession()
  if (isPlaceholder || !can('contractors.matches.review')) return null
  return (
    <Button
      component={PageLink}
      to={`/contractors/${id}/identity`}
      variant="default"
      leftSection={<Icon name="merge" size={16} />}
    >
      Merge or split
    </Button>
  )
}

function RegistrationBadge({ contractor: { registration, registrationStatus } }: { contractor: ContractorInFull }) {
  const isOver = registration?.isExpired || (registrationStatus !== null && registrationStatus !== 'Active')
  if (!registration && registrationStatus === null) return null
  // Vendor data of contract actions tell of the registration as it was then.
  if (registrationStatus === null) return null
  return (
    <Badge color={isOver ? 'red' : 'pine'} variant="light">
      {isOver && registrationStatus === 'Active' ? 'Registration expired' : `Registration ${registrationStatus}`}
    </Badge>
  )
}

function Notices({ contractor }: { contractor: ContractorInFull }) {
  const { mergedInto, uei, isPlaceholder, registration } = contractor
  return (
    <>
      {mergedInto && (
        <Alert className={classes.notice} icon={<Icon name="info" />} title="This is the same contractor as another">
          Its records and awards are kept with{' '}
          <Anchor component={PageLink} to={`/contractors/${mergedInto.id}`} underline="always">
            {mergedInto.name}
          </Anchor>
          , where they are shown.
        </Alert>
      )}
      {uei === null && !mergedInto && (
        <Alert className={classes.notice} color="gray" icon={<Icon name="info" />} title="Vendor without identifier">
          Only lists without identifiers name this vendor. It is made up of texts that look alike; once one of the known
          contractors is recognised in them, it is merged into that one.
        </Alert>
      )}
      {isPlaceholder && (
        <Alert className={classes.notice} color="gray" icon={<Icon name="info" />} title="This is no contractor">
          Public data book awards under this name whose recipients are not named: classified, undisclosed or summed up.
        </Alert>
      )}
      {registration?.isExcluded && (
        <Alert className={classes.notice} color="red" icon={<Icon name="alert" />} title="Excluded from awards">
          The registry lists an active exclusion: agencies may not give it new awards.
        </Alert>
      )}
      {registration?.isExpired && contractor.registrationStatus !== null && !mergedInto && (
        <Alert
          className={classes.notice}
          color="yellow"
          icon={<Icon name="clock" />}
          title="The registration has expired"
        >
          {registration.expiresOn
            ? `It ended on ${formatDay(registration.expiresOn)}. `
            : 'The registry says that it has ended. '}
          A contractor must renew it to be given new awards.
        </Alert>
      )}
    </>
  )
}
