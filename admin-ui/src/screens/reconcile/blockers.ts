import type { Reconciliation } from '../../api/types'

type Blocker = Reconciliation['blockers'][number]

/** The same sentence about many tickets is one line with a count; handhelds keep a line each. */
export function groupBlockers(blockers: readonly Blocker[]): (Blocker & { times: number })[] {
  const groups = new Map<string, Blocker & { times: number }>()
  for (const blocker of blockers) {
    const key = `${blocker.code}/${blocker.device_id ?? ''}/${blocker.detail}`
    const group = groups.get(key)
    if (group) group.times += 1
    else groups.set(key, { ...blocker, times: 1 })
  }
  return [...groups.values()]
}
