// What makes a schema good to read and to call: the recommended rules and those of Relay's specification, and that
// everything is described. Each exception says why.
import graphql from '@graphql-eslint/eslint-plugin'

const on = (name, ...options) => ({ [`@graphql-eslint/${name}`]: ['error', ...options] })
const off = (name) => ({ [`@graphql-eslint/${name}`]: 'off' })

export default [
  {
    files: ['*.graphqls'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: 'schema.graphqls' } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,

      // More than the sets ask for.
      ...on('require-description', {
        types: true, rootField: true, DirectiveDefinition: true,
        FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true,
      }),
      ...on('no-scalar-result-type-on-mutation'),
      ...on('require-nullable-fields-with-oneof'),

      // A description is as long as it has to be: "one line" or """a block""", by its length alone.
      ...off('description-style'),

      // Pages go forward: no list of this product is read backwards, and a cursor is cheap in one direction.
      ...on('relay-arguments', { includeBoth: false }),

      // Lists of what belongs to one thing and is short (the lines of an invoice) are plain lists; a connection has `nodes`
      // beside `edges`; and what is computed for a range of days, such as a row of the report, is no Node.
      ...on('relay-edge-types', { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false }),

      // A value has no identity of its own: it is a part of what holds it, and a cache keeps it there.
      ...on('strict-id-in-types', {
        acceptedIdNames: ['id'], acceptedIdTypes: ['ID'],
        exceptions: {
          suffixes: ['Payload', 'Connection', 'Edge'],
          types: [
            'PageInfo', 'Viewer',
            'ReferralSettings', 'PartnerReferralSetting', 'Billing', 'SettingsImpact',
            'FlatFee', 'Percentage', 'Duration',
            'Actor', 'FieldChange',
            'ReferralReport', 'ReferralReportTotals', 'ReferralReportRowLine', 'ReferralThreshold',
            'RetroactiveCommissionImpact', 'VoidReferralCommissionImpact',
            'TermDay', 'InvoiceDocuments', 'InvoiceLineDay', 'ReferralCommission',
            'ReferralEvent', 'Reconciliation', 'ReconciliationDifference', 'ReferrerReconciliation', 'Liability', 'LiabilityAge',
          ],
        },
      }),
    },
  },
]
