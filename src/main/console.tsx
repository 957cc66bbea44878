import { startConsole } from '#platform/console'
import { assignmentsConsole } from '../assignments/console/index.ts'
import { contractorsConsole } from '../contractors/console/index.ts'
import { accessConsole } from '../platform/access/console/index.ts'
import { accountsConsole } from '../platform/accounts/console/index.ts'
import { auditConsole } from '../platform/audit/console/index.ts'
import { federationConsole } from '../platform/federation/console/index.ts'
import { identityConsole } from '../platform/identity/console/index.ts'
import { mailConsole } from '../platform/mail/console/index.ts'
import { membersConsole } from '../platform/members/console/index.ts'
import { notificationsConsole } from '../platform/notifications/console/index.ts'
import { oauthConsole } from '../platform/oauth/console/index.ts'
import { operationsConsole } from '../platform/operations/console/index.ts'
import { tenancyConsole } from '../platform/tenancy/console/index.ts'
import { usageConsole } from '../platform/usage/console/index.ts'
import { webhooksConsole } from '../platform/webhooks/console/index.ts'

startConsole([
  accountsConsole,
  contractorsConsole,
  assignmentsConsole,
  membersConsole,
  accessConsole,
  federationConsole,
  webhooksConsole,
  oauthConsole,
  usageConsole,
  auditConsole,
  tenancyConsole,
  operationsConsole,
  notificationsConsole,
  identityConsole,
  mailConsole,
])
