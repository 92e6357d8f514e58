import type { Role } from '../api/types'

export type Capability =
  /** Create, configure, open, suspend, close, reconcile, acknowledge, draw, publish, cancel. */
  | 'run_events'
  /** Void a ticket, mark or clear a misprint. */
  | 'decide_tickets'
  /** Register, enable, disable and un-enrol handhelds. */
  | 'manage_devices'
  | 'see_users'
  | 'manage_users'
  | 'see_log'

/** What each role is offered. The server decides again on every call; this only keeps dead controls away. */
const capabilities: Record<Role, readonly Capability[]> = {
  seller: [],
  supervisor: ['run_events', 'decide_tickets', 'manage_devices', 'see_log'],
  administrator: ['run_events', 'decide_tickets', 'manage_devices', 'see_users', 'manage_users', 'see_log'],
  auditor: ['see_users', 'see_log'],
  support: ['manage_devices', 'see_log'],
  integration: [],
  platform: ['run_events', 'decide_tickets', 'manage_devices', 'see_users', 'manage_users', 'see_log'],
}

export function can(role: Role, capability: Capability): boolean {
  return capabilities[role].includes(capability)
}

export const isReadOnly = (role: Role): boolean =>
  !can(role, 'run_events') && !can(role, 'decide_tickets') && !can(role, 'manage_devices')
