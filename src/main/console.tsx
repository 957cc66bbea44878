import { startConsole } from '#platform/console'
import { contractorsConsole } from '../contractors/console/index.ts'
import { accountsConsole } from '../platform/accounts/console/index.ts'
import { auditConsole } from '../platform/audit/console/index.ts'
import { identityConsole } from '../platform/identity/console/index.ts'
import { mailConsole } from '../platform/mail/console/index.ts'
import { tenancyConsole } from '../platform/tenancy/console/index.ts'

startConsole([accountsConsole, contractorsConsole, auditConsole, tenancyConsole, identityConsole, mailConsole])
