import type { Role } from '../api/types'

/** The server's permissions as far as this app offers something for them, under the server's names. */
export type Permission =
  /** See events, boards and reports. */
  | 'watch'
  | 'find_ticket'
  | 'mark_misprint'
  /** Void, clear a misprint, decide about sales that were kept apart. */
  | 'decide_ticket'
  /** Create, configure and open events; venues. */
  | 'set_up'
  /** Suspend, resume, move the close, cancel. */
  | 'run_sales'
  /** Reconcile, confirm, write handhelds off. */
  | 'reconcile'
  | 'draw'
  /** Publish, settle, finish. */
  | 'publish'
  | 'manage_devices'
  | 'manage_organisation'
  | 'read_log'

const eventManager = [
  'watch',
  'find_ticket',
  'mark_misprint',
  'decide_ticket',
  'run_sales',
  'reconcile',
  'draw',
  'publish',
  'manage_devices',
  'read_log',
] as const

/** What each role is offered. The server decides again on every call; this only keeps dead controls away. */
const permissions: Record<Role, readonly Permission[]> = {
  seller: ['find_ticket', 'mark_misprint'],
  supervisor: eventManager,
  administrator: [...eventManager, 'set_up', 'manage_organisation'],
  auditor: ['watch', 'find_ticket', 'read_log'],
  support: ['watch', 'find_ticket'],
  integration: [],
  platform: ['watch', 'manage_organisation', 'read_log'],
}

export const can = (role: Role, permission: Permission): boolean => permissions[role].includes(permission)

const reading: readonly Permission[] = ['watch', 'find_ticket', 'read_log']

/** Sees, and changes nothing. */
export const isReadOnly = (role: Role): boolean =>
  permissions[role].every((permission) => reading.includes(permission))
