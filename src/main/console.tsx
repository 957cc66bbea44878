import { startConsole } from '#platform/console'
import { contractorsConsole } from '../contractors/console/index.ts'
import { accountsConsole } from '../platform/accounts/console/index.ts'
import { auditConsole } from '../platform/audit/console/index.ts'

startConsole([accountsConsole, contractorsConsole, auditConsole])
