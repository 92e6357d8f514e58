import { defineConfig } from 'vitest/config'

// The server binary serves dist/ at the root. In development the same paths are forwarded to it.
const server = process.env.DRUMROLL_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  build: {
    target: 'es2022',
    // `default-src 'self'` forbids data: addresses, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // scripts/size.mjs adds up a first view from this.
    manifest: true,
  },
  server: {
    proxy: {
      '/api': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/test/**/*.test.{ts,tsx}'],
  },
})
