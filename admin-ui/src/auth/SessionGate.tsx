/** Nothing is shown to those who are not signed in; nothing but the password form with a one-time password. */
import { createContext, useContext, useEffect, useSyncExternalStore, type ReactNode } from 'react'
import { session } from '../api/client'
import type { SessionUser } from '../api/types'
import { LoginScreen } from '../screens/login/LoginScreen'
import { PasswordScreen } from '../screens/login/PasswordScreen'
import { RestoringScreen } from '../screens/login/RestoringScreen'
import { can, type Permission } from './roles'

const UserContext = createContext<SessionUser | null>(null)

export function useUser(): SessionUser {
  const user = useContext(UserContext)
  if (!user) throw new Error('SessionGate is missing')
  return user
}

export const useCan = (permission: Permission): boolean => can(useUser().role, permission)

export function SessionGate({ children }: { children: ReactNode }) {
  const state = useSyncExternalStore(session.subscribe, session.get)
  const restoring = state.phase === 'restoring'
  useEffect(() => {
    if (restoring) void session.renew()
  }, [restoring])
  switch (state.phase) {
    case 'restoring':
      return <RestoringScreen />
    case 'signed_out':
      return <LoginScreen expired={state.why === 'expired'} />
    case 'signed_in':
      return (
        <UserContext value={state.user}>
          {state.user.must_change_password ? <PasswordScreen /> : children}
        </UserContext>
      )
  }
}
