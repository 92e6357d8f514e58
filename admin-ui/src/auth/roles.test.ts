import { describe, expect, it } from 'vitest'
import openapi from '../../../http/openapi.json'
import { can, isReadOnly, type Permission } from './roles'
import type { Role } from '../api/types'

/** The server's own table, as its document tells it. */
const server: Partial<Record<string, string[]>> = openapi.components.securitySchemes.staff['x-permissions']

const offered: Record<Permission, true> = {
  watch: true,
  find_ticket: true,
  mark_misprint: true,
  decide_ticket: true,
  set_up: true,
  run_sales: true,
  reconcile: true,
  draw: true,
  publish: true,
  manage_devices: true,
  manage_organisation: true,
  read_log: true,
}
const roles: Record<Role, true> = {
  seller: true,
  supervisor: true,
  administrator: true,
  auditor: true,
  support: true,
  integration: true,
  platform: true,
}

describe('roles', () => {
  it.each(Object.keys(offered) as Permission[])(
    '%s is offered to exactly those the server lets',
    (permission) => {
      const here = (Object.keys(roles) as Role[]).filter((role) => can(role, permission))
      expect(here.sort()).toEqual([...(server[permission] ?? [])].sort())
    },
  )

  it('an auditor sees and changes nothing', () => {
    expect(isReadOnly('auditor')).toBe(true)
    expect(isReadOnly('supervisor')).toBe(false)
  })
})
