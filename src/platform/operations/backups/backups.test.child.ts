// Makes a backup, or puts one back, and says when it is in the middle of it: whoever started it then kills it.
import { setTimeout as sleep } from 'node:timers/promises'
import { Keyring } from '#platform/crypto'
import { takeBackup } from './base-backups.ts'
import { replaceEmbedded } from './recoveries.ts'

const { work, folder, keys, admin, dataDirectory } = JSON.parse(process.argv[2] as string)
const shelf = { folder, keyring: Keyring.parse(keys) }
const inTheMiddle = async () => {
  process.stdout.write('in the middle\n')
  await sleep(60_000)
}
let isTold = false
const onProgress = ({ bytes }: { bytes: number }) => {
  if (bytes < 2 ** 20 || isTold) return
  isTold = true
  void inTheMiddle()
  // Nothing goes on until the end comes.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
}
if (work === 'backup') await takeBackup({ shelf, admin, onProgress })
else await replaceEmbedded({ shelf, target: { latest: true }, dataDirectory, now: new Date(), onProgress })
