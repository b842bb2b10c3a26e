import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../schema.graphqls',
  documents: ['src/**/*.ts', 'test/**/*.ts'],
  importExtension: '.js',
  generates: {
    'src/generated/': {
      preset: 'client',
      config: {
        // Money and days stay the strings that they are on the wire: a number would lose cents.
        scalars: { Decimal: 'string', Date: 'string', DateTime: 'string' },
        strictScalars: true,
        useTypeImports: true,
        enumsAsTypes: true,
      },
    },
  },
}
export default config
