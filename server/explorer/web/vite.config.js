import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  base: './', // wherever a proxy puts the page
  plugins: [react()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5000,
    license: { fileName: 'licenses.md' }, // of what is bundled
    rolldownOptions: {
      output: {
        // What we did not write changes seldom: it is apart from what we did.
        codeSplitting: { groups: [{ name: 'monaco', test: /node_modules.monaco/ }, { name: 'graphiql', test: /node_modules/ }] },
      },
    },
  },
})
