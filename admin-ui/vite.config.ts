import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// The server binary serves dist/ under /admin/. In development the same paths are forwarded to it.
const server = process.env['DRUMROLL_SERVER'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  base: '/admin/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The content security policy allows no data: addresses, so every asset stays a file.
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        // React and the query cache change rarely: their own file stays in the browser's cache.
        manualChunks: (id) =>
          /node_modules\/(react|react-dom|scheduler|@tanstack)\//.test(id) ? 'react' : undefined,
      },
    },
  },
  server: {
    proxy: {
      '/api': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
})
