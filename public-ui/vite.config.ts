import { defineConfig } from 'vitest/config'

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
      '/api': 'http://127.0.0.1:8080',
      '/ws': { target: 'http://127.0.0.1:8080', ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/test/**/*.test.{ts,tsx}'],
  },
})
